"""What a stream has to know of the events of a response."""

from __future__ import annotations

from typing import Any, Final

from .._types.responses_api.events import (
    DeltaEvent,
    ResponseEvent,
    ResponseStatusEvent,
)
from .._types.responses_api.folding import EventFolding
from .._types.responses_api.request import GetResponseRequest, ResponsesRequest
from .._types.responses_api.response import ResponsesAPIResponse
from .stream import ChunkRules

_WAITING: Final = frozenset({"response.created", "response.queued", "response.in_progress", "keepalive", "ping"})


def _goes_on(event: ResponseEvent) -> bool:
    return event.type not in _WAITING and (not isinstance(event, DeltaEvent) or bool(event.delta))


def _always(_: Any) -> bool:
    return True


def _as_event(response: ResponsesAPIResponse) -> ResponseEvent:
    """A whole response as the only event of its stream."""
    return ResponseStatusEvent(f"response.{response.status or 'completed'}", response=response)


_AT_ONCE: Final = ChunkRules(EventFolding, _goes_on, _always, unfold=_as_event)
# A response in the background has an id with its first event, by which it can be taken up again; it may wait for long.
_BACKGROUND: Final = ChunkRules(EventFolding, _always, _always, unfold=_as_event)


def rules_of(request: ResponsesRequest | GetResponseRequest) -> ChunkRules[ResponseEvent, ResponsesAPIResponse]:
    """The rules of one request."""
    return _BACKGROUND if request.parameters.get("background") or request.operation == "get_response" else _AT_ONCE
