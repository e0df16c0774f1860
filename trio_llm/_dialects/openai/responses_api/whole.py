"""Responses as whole replies, or the events that came in place of one."""

from __future__ import annotations

import attrs

from ...._types.responses_api.folding import fold_events
from ...._types.responses_api.request import CompactResponseRequest, GetResponseRequest, ResponsesRequest
from ...._types.responses_api.response import ResponsesAPIResponse
from ...bodies import ReadingOfEvents, read_body
from ...contract import ReplyIsError, WireCall
from ...streaming import SSEStreamDecoder
from .reply import read_ended
from .stream import EventsReader


def decode_response(
    _: WireCall[ResponsesRequest] | WireCall[GetResponseRequest] | WireCall[CompactResponseRequest], body: bytes
) -> ResponsesAPIResponse:
    """Read a response; one that failed is an error, which carries what there is of it."""
    return read_body(body, read_ended, ReadingOfEvents(lambda: SSEStreamDecoder(EventsReader()), fold_events))


def decode_stored(call: WireCall[GetResponseRequest], body: bytes) -> ResponsesAPIResponse:
    """Read a stored response; one that failed is an error that looking at it again does not change."""
    try:
        return decode_response(call, body)
    except ReplyIsError as error:
        error.detail = attrs.evolve(error.detail, final=error.detail.partial is not None)
        raise
