"""Whole replies of the Messages API, or the events that came in place of one."""

from __future__ import annotations

from functools import partial

from ..._types.chat import ChatRequest, ModelResponse
from ..._types.folding import fold_chunks
from ..bodies import ReadingOfEvents, read_body, whole_document
from ..contract import WireCall
from .response import read_reply
from .stream import open_decoder


def decode(call: WireCall[ChatRequest], body: bytes) -> ModelResponse:
    """Read a whole reply.

    Raises:
        ConversionError: for a malformed one.
        ReplyIsError: for an error with status 200, and for a reply without an answer.
    """
    document = whole_document(body)
    if document is not None:
        return read_reply(call, document)
    return read_body(body, partial(read_reply, call), ReadingOfEvents(partial(open_decoder, call), fold_chunks))
