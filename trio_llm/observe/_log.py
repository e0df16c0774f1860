"""Calls in a program's own logs: one line an attempt.

Theory of operation. What an attempt came to is known when it fails, or when its call ends. The last failure of a call
is held back until it is known whether the call goes on elsewhere: that decides its level.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import ClassVar

from .._engine.cancellations import why_cancelled
from .._engine.events import (
    Activity,
    AttemptFailed,
    AttemptSent,
    CallEnded,
    CallFellBack,
    CallStarted,
    CallWaiting,
    Event,
    FirstContent,
    StreamSeam,
)
from .._types.errors import APIError
from ._records import is_in_own_words


class Log:
    """Writes a line for each attempt to a logger of the standard library.

    An answer is INFO, as is a call that was cancelled. A failure that something follows is a WARNING: another attempt,
    a fallback, a stream that is asked for again. A call that failed is an ERROR. What happens in between is DEBUG:
    departures, waits, first contents. There are no keys in it, and nothing that was asked or answered. A provider's
    words may quote that: they are left out as well, unless `contents` is true. `logger.level` decides what is written.

    Example:
        logging.basicConfig(level=logging.INFO)
        async with trio_llm.Client(observers=[trio_llm.observe.Log()]) as client:
            await client.completion("openai/gpt-4o", messages)
        # INFO:trio_llm.calls:#1 openai/gpt-4o attempt 1: ok in 1.31 s, 12 + 40 tokens
    """

    wants: ClassVar[Collection[type[Event]]] = (
        CallStarted,
        CallWaiting,
        AttemptSent,
        AttemptFailed,
        CallFellBack,
        StreamSeam,
        FirstContent,
        CallEnded,
    )

    def __init__(self, logger: logging.Logger | str = "trio_llm.calls", *, contents: bool = False) -> None:
        """Write to a logger, or to the one of this name; with the providers' words if `contents` is true."""
        self.logger: logging.Logger = logging.getLogger(logger) if isinstance(logger, str) else logger
        self._contents = contents
        self._sent: dict[Activity, AttemptSent] = {}
        self._failed: dict[Activity, AttemptFailed] = {}
        """Failures of which it is not known yet whether anything follows."""

    def observe(self, event: Event) -> None:
        """Write what an event has to say."""
        call = f"#{event.activity.id}"
        match event:
            case AttemptSent():
                self._sent[event.activity] = event
                self.logger.debug("%s %s/%s attempt %d: sent", call, event.provider, event.model, event.number)
            case AttemptFailed(pause=None):
                self._failed[event.activity] = event
            case AttemptFailed():
                self._tell_failure(logging.WARNING, event, f"again in {event.pause:.3g} s")
            case CallFellBack():
                if (failed := self._failed.pop(event.activity, None)) is not None:
                    self._tell_failure(logging.WARNING, failed, f"goes on with {event.request.model}")
            case CallEnded():
                self._tell_end(event)
            case CallWaiting():
                self.logger.debug("%s waits: %s, %d in flight, %d ahead", call, event.reason, event.held, event.ahead)
            case FirstContent():
                self.logger.debug("%s first content after %.3g s", call, event.at - event.activity.started)
            case StreamSeam():
                self.logger.warning("%s the stream broke: %s", call, event.seam.kind)
            case _:
                self.logger.debug("%s begins: %s", call, getattr(event.activity.request, "model", ""))

    def _tell_failure(self, level: int, failed: AttemptFailed, what_follows: str) -> None:
        error, sent = failed.error, self._sent.get(failed.activity)
        name = f"#{failed.activity.id} {error.llm_provider}/{error.model}"
        when = ", not sent: failed"
        if failed.number and sent is not None:
            when = f" attempt {failed.number}: failed after {failed.at - sent.at:.3g} s"
        self.logger.log(level, "%s%s: %s; %s", name, when, self._words(error), what_follows)

    def _tell_end(self, event: CallEnded) -> None:
        activity = event.activity
        failed = self._failed.pop(activity, None)
        is_told = failed is not None and failed.error is event.error
        if failed is not None:
            level, what_follows = (
                (logging.ERROR, "the call failed") if is_told else (logging.WARNING, "the call went on")
            )
            self._tell_failure(level, failed, what_follows)
        sent = self._sent.pop(activity, None)
        if is_told:
            return
        seconds = event.at - (activity.started if sent is None else sent.at)
        name = f"{event.provider}/{event.model} attempt {event.attempts}" if event.attempts else "not sent"
        if event.end == "failed":
            self.logger.error("#%d %s: failed after %.3g s: %s", activity.id, name, seconds, self._words(event.error))
        elif event.end == "ok":
            usage = event.usage
            tokens = "" if usage is None else f", {usage.prompt_tokens} + {usage.completion_tokens} tokens"
            self.logger.info("#%d %s: ok in %.3g s%s", activity.id, name, seconds, tokens)
        else:
            why = why_cancelled(event.error)
            told = "" if why is None else f": {why}"
            self.logger.info("#%d %s: %s after %.3g s%s", activity.id, name, event.end, seconds, told)

    def _words(self, error: BaseException | None) -> str:
        said = type(error).__name__
        if isinstance(error, APIError):
            facts = (error.status_code, error.code, error.request_id)
            said = " ".join([said, *(str(fact) for fact in facts if fact is not None)])
        if error is not None and (self._contents or is_in_own_words(error)):
            said += f": {' '.join(str(error).split())}"  # on one line
        return said
