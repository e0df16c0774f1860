"""Events as records: flat objects of JSON, without keys, and without contents unless somebody asked for them.

Every record has `event`, the name of the event's class, `at`, the seconds since the first one, and `id`, the number of
its activity. Numbers are given here, in the order in which activities are first seen, so that one file may hold the
calls of several clients. What is unknown or empty is left out.

Contents are what is asked and answered. The words of a provider's error are contents too, as they may quote a prompt.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from .._engine.cancellations import cancellation_of
from .._engine.events import (
    Activity,
    AttemptFailed,
    AttemptSent,
    CallEnded,
    CallFellBack,
    CallStarted,
    CallWaiting,
    ContestWon,
    Event,
    GroupEnded,
    GroupStarted,
    StreamProgress,
    StreamSeam,
)
from .._types.errors import (
    APIConnectionError,
    APIError,
    BudgetExceededError,
    ClientClosedError,
    SlowReaderError,
    Timeout,
)
from .._types.request import AnyRequest

Fields: TypeAlias = "dict[str, Any]"
VERSION: Final = 1
_LONGEST_TEXT: Final = 200
"""Characters of an error's own words."""


class RecordMaker:
    """Makes records, and numbers the activities that they are about."""

    def __init__(self, *, contents: bool = False) -> None:
        self._contents = contents
        self._began: float | None = None
        self._ids: dict[Activity, int] = {}
        """Of activities that have not ended."""
        self._last_id = 0

    def records(self, event: Event) -> list[Fields]:
        """An event's record; before the first one, a record that says when that was."""
        records: list[Fields] = []
        if self._began is None:
            self._began = event.at
            records.append({"event": "Began", "version": VERSION, "time": time.time()})
        record: Fields = {
            "event": type(event).__name__,
            "at": round(event.at - self._began, 6),
            "id": self._id(event.activity),
        }
        described = _FIELDS.get(type(event))
        if described is not None:
            record.update(described(self, event))
        if isinstance(event, CallEnded | GroupEnded):
            self._ids.pop(event.activity, None)
        return [*records, record]

    def _id(self, activity: Activity) -> int:
        found = self._ids.get(activity)
        if found is None:
            self._last_id = found = self._ids[activity] = self._last_id + 1
        return found

    def _started(self, event: Event) -> Fields:
        activity = event.activity
        fields: Fields = {"kind": activity.kind}
        if activity.parent is not None:
            fields["parent"] = self._id(activity.parent)
        if activity.index is not None:
            fields["index"] = activity.index
        if activity.labels:
            fields["labels"] = dict(activity.labels)
        return fields

    def _call_started(self, event: CallStarted) -> Fields:
        request = event.activity.request
        fields = self._started(event)
        if request is not None:
            fields |= {"operation": request.operation, "model": request.model}
            if getattr(request, "stream", False):
                fields["stream"] = True
            if self._contents:
                fields["request"] = _asked(request)
        return fields

    def _waiting(self, event: CallWaiting) -> Fields:
        fields: Fields = {"reason": event.reason, "held": event.held, "ahead": event.ahead}
        if event.holders:
            fields["holders"] = [self._id(holder) for holder in event.holders]
        return fields

    def _failed(self, event: AttemptFailed) -> Fields:
        fields: Fields = {"number": event.number, **self._error(event.error)}
        if event.pause is not None:
            fields["pause"] = round(event.pause, 6)
        if event.paused_until is not None:
            fields["paused"] = round(event.paused_until - event.at, 6)
        return fields

    def _fell_back(self, event: CallFellBack) -> Fields:
        return {"model": event.request.model, **self._error(event.error)}

    def _progress(self, event: StreamProgress) -> Fields:
        fields: Fields = {"chunks": len(event.chunks)}
        if self._contents:
            fields["text"] = "".join(map(text_of_chunk, event.chunks))
        return fields

    def _call_ended(self, event: CallEnded) -> Fields:
        fields: Fields = {"end": event.end, **self._ending(event.error)}
        fields |= {"attempts": event.attempts, "provider": event.provider, "model": event.model}
        if event.status is not None:
            fields["status"] = event.status
        if (usage := event.usage) is not None:
            fields |= {"prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens}
            details = usage.prompt_tokens_details
            if details is not None and details.cached_tokens:
                fields["cached_tokens"] = details.cached_tokens
        if event.bytes_sent:
            fields["bytes_sent"] = event.bytes_sent
        if event.bytes_received:
            fields["bytes_received"] = event.bytes_received
        if self._contents and hasattr(event.response, "model_dump"):
            fields["response"] = event.response.model_dump(exclude_none=True)
        return fields

    def _group_ended(self, event: GroupEnded) -> Fields:
        fields: Fields = {"end": event.end, **self._ending(event.error)}
        if self._contents and event.activity.contents is not None:
            fields["contents"] = dict(event.activity.contents)
        return fields

    def _ending(self, error: BaseException | None) -> Fields:
        if error is None:
            return {}
        return self._error(error) if isinstance(error, Exception) else cancellation_of(error)

    def _error(self, error: Exception) -> Fields:
        fields: Fields = {"error": type(error).__name__}
        if isinstance(error, APIError):
            facts = {"status": error.status_code, "code": error.code, "request_id": error.request_id}
            fields |= {name: value for name, value in facts.items() if value is not None}
        if self._contents or is_in_own_words(error):
            fields["message"] = str(error)[:_LONGEST_TEXT]
        return fields


def _asked(request: AnyRequest) -> Any:
    try:
        return request.to_dict()
    except TypeError:  # an argument without a JSON form
        return repr(request)


def is_in_own_words(error: BaseException) -> bool:
    """Whether an error's message is this package's own, in which no prompt is quoted."""
    if isinstance(error, Timeout | APIConnectionError):
        return not error.response_headers
    return isinstance(error, ClientClosedError | BudgetExceededError | SlowReaderError)


def text_of_chunk(chunk: Any) -> str:
    """The text of a chunk of a chat, or of another stream where it has one."""
    choices = getattr(chunk, "choices", None)
    if not choices:
        return ""
    first = choices[0]
    return getattr(getattr(first, "delta", first), "content", None) or getattr(first, "text", None) or ""


_FIELDS: Final[Mapping[type[Event], Callable[[RecordMaker, Any], Fields]]] = {
    CallStarted: RecordMaker._call_started,
    GroupStarted: RecordMaker._started,
    CallWaiting: RecordMaker._waiting,
    AttemptSent: lambda _, event: {"number": event.number, "provider": event.provider, "model": event.model},
    AttemptFailed: RecordMaker._failed,
    CallFellBack: RecordMaker._fell_back,
    StreamSeam: lambda _, event: {"seam": str(getattr(event.seam, "kind", event.seam))},
    StreamProgress: RecordMaker._progress,
    ContestWon: lambda _, event: {"index": event.index},
    CallEnded: RecordMaker._call_ended,
    GroupEnded: RecordMaker._group_ended,
}
