"""Prompts on their way: every one a streamed call, all of them under one client."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar, Protocol

import attrs
import trio

from .._client.client import Client
from .._combinators.jobs import Outcome, Status
from .._engine.events import CallEnded, CallStarted, Event, FirstContent, StreamProgress
from .._engine.nursery import FirstError
from .._types.chat import ModelResponse, ModelResponseStream
from .._types.usage import Usage
from .prompts import PromptLine


@attrs.define(eq=False)
class PromptCall:
    """One prompt and what has become of it so far. Times are seconds since the fan-out began."""

    index: int
    prompt: PromptLine
    status: Status = "not_started"
    answer: ModelResponse | None = None
    """All that arrived, once the call has ended; whole if the status is ok."""
    error: Exception | None = None
    started: float | None = None
    """When it left the queue."""
    first_content: float | None = None
    ended: float | None = None
    pieces: list[str] = attrs.Factory(list[str])
    """The text so far."""
    chunks: int = 0
    """Chunks with text or reasoning: about as many as tokens, until the provider has counted them."""

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self.pieces)

    @property
    def finish_reason(self) -> str | None:
        """Why the model stopped, once it has."""
        return self.answer.choices[0].finish_reason if self.answer is not None and self.answer.choices else None

    @property
    def usage(self) -> Usage | None:
        """Tokens as the provider counted them, if it has."""
        return self.answer.usage if self.answer is not None else None

    @property
    def tokens(self) -> int:
        """Tokens of the answer, or about how many they are."""
        return self.usage.completion_tokens if self.usage is not None else self.chunks

    def take(self, batch: Sequence[ModelResponseStream]) -> None:
        """Note what one network read brought."""
        for choice in (choice for chunk in batch for choice in chunk.choices if choice.index == 0):
            if choice.delta.content:
                self.pieces.append(choice.delta.content)
            self.chunks += bool(choice.delta.content or choice.delta.reasoning_content)


class Listener(Protocol):
    """Whoever wants to know of each call as soon as it has ended."""

    def ended(self, call: PromptCall) -> None:
        """The call has come to its end, or will never begin."""


@attrs.define(eq=False)
class FanOut:
    """Every prompt's call, how many run, and for how long: an observer of the client that makes the calls."""

    wants: ClassVar[Collection[type[Event]]] = (CallStarted, FirstContent, StreamProgress, CallEnded)

    calls: list[PromptCall]
    listeners: list[Listener] = attrs.Factory(list[Listener])
    running: list[PromptCall] = attrs.Factory(list[PromptCall])
    peak: int = 0
    """Most calls that ran at the same time."""
    began: float = 0.0
    """On Trio's clock."""
    seconds: float = 0.0
    """How long it took in all."""
    _failure: FirstError = attrs.Factory(FirstError)
    """A listener's, such as a full disk. What an observer raises would be lost."""
    _scope: trio.CancelScope = attrs.Factory(trio.CancelScope)

    async def run(self, client: Client, limit: int) -> None:
        """Make the calls, `limit` at a time. Whatever happens, the listeners hear of each exactly once."""
        self.began = trio.current_time()
        try:
            with self._scope:
                outcomes = await client.fan_out([call.prompt.request for call in self.calls], limit=limit)
                for outcome in outcomes:
                    self._note_refused(self.calls[outcome.index], outcome)
        finally:
            self.seconds = self.now()
            for call in self.calls:
                if call.ended is None:
                    self._tell(call)
        self._failure.raise_once()

    def _note_refused(self, call: PromptCall, outcome: Outcome) -> None:
        if call.started is None:  # it ended before it was a call
            call.status, call.error = outcome.status, outcome.error

    def now(self) -> float:
        """Seconds since the beginning."""
        return trio.current_time() - self.began

    def observe(self, event: Event) -> None:
        """Note what happens to a call."""
        index = event.activity.index
        if index is None:
            return
        call, at = self.calls[index], event.at - self.began
        match event:
            case CallStarted():
                call.started, call.status = at, "cancelled"  # unless it comes to another end
                self.running.append(call)
                self.peak = max(self.peak, len(self.running))
            case FirstContent():
                call.first_content = at
            case StreamProgress():
                call.take(event.chunks)
            case CallEnded():
                self._end(call, event, at)

    def _end(self, call: PromptCall, event: CallEnded, at: float) -> None:
        call.ended, call.answer = at, event.response
        if event.end == "ok":
            call.status = "ok"
        elif isinstance(event.error, Exception):
            call.status, call.error = "failed", event.error
        self.running.remove(call)
        self._tell(call)

    def _tell(self, call: PromptCall) -> None:
        try:
            for listener in self.listeners:
                listener.ended(call)
        except Exception as error:  # noqa: BLE001 - raised when the calls have ended
            self._failure.note(error)
            self._scope.cancel(reason="an outcome could not be told")
