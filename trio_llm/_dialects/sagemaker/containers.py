"""The way to a container and back: paths, errors, and the framing of streams.

Source: Amazon SageMaker Runtime API reference, "InvokeEndpoint" (Errors: `OriginalMessage` is the container's) and
"InvokeEndpointWithResponseStream" (`PayloadPart`, `ModelStreamError`), 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import evolve

from ..._convert import json as _json
from ..._convert.narrow import in_address, json_text
from ..._framing.aws_event_stream import EventStreamDecoder
from ..._framing.frames import FramingError
from ..._framing.sse_decoder import ServerSentEvent, SSEDecoder
from ..._types.http import HTTPRequest, ReplyHead
from ..contract import ErrorDetail, WireCall, json_request, merge_extra_body
from ..error_bodies import ErrorReading

_ERRORS: Final = ErrorReading()
_JSON: Final = (("accept", "application/json"),)


def invocation(call: WireCall[Any], body: Mapping[str, Any], *, streamed: bool = False) -> HTTPRequest:
    """The request that an endpoint hands on."""
    path = f"/endpoints/{in_address(call.model)}/invocations{'-response-stream' if streamed else ''}"
    merged = merge_extra_body(dict(body), call.request.options.extra_body)
    return json_request(path, merged, () if streamed else _JSON)


def decode_error(head: ReplyHead, body: bytes) -> ErrorDetail:
    """What an error reply says: the container's own words, where it is the container that failed."""
    detail = _ERRORS.of_reply(head, body)
    try:
        told = _json.loads(body)
    except ValueError:
        return detail
    words = told.get("OriginalMessage") if isinstance(told, dict) else None
    return evolve(detail, message=words) if isinstance(words, str) and words else detail


class ContainerEvents:
    """The events that a container streams, out of the payloads that AWS's event stream brings them in; a `Framing`.

    An exception of the stream's becomes an event called `error`.
    """

    name: Final = EventStreamDecoder.name

    def __init__(self) -> None:
        self._messages = EventStreamDecoder()
        self._events = SSEDecoder()

    @property
    def failure(self) -> FramingError | None:
        """Why there will be no more events."""
        return self._messages.failure or self._events.failure

    @property
    def has_raw_bytes(self) -> bool:
        """Whether any event had bytes that are no UTF-8."""
        return self._events.has_raw_bytes

    def may_begin(self, opening: bytes) -> bool:
        """Whether such a stream can begin like this."""
        return self._messages.may_begin(opening)

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """The events that this piece completes."""
        events: list[ServerSentEvent] = []
        for message in self._messages.feed(data):
            if (error := message.error) is not None:
                events.append(ServerSentEvent("error", json_text({"error": error})))
            else:
                events += self._events.feed(message.payload)
        return events

    def close(self) -> list[ServerSentEvent]:
        """The event that only the end completes."""
        self._messages.close()
        return self._events.close()
