"""Text completions, whole and as a stream.

Source: OpenAI API reference, "Create completion" (legacy), 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..._convert.converter import structure
from ..._convert.narrow import JSONObject, as_object, as_objects, parse_object
from ..._framing.sse import ServerSentEvent
from ..._types.http import HTTPRequest
from ..._types.text_completions import TEXT_COMPLETION_PARAMETERS, TextCompletionRequest, TextCompletionResponse
from ..contract import Call, json_request, merge_extra_body, supported_parameters
from ..streaming import SSEStreamDecoder, TruncatedReply
from .replies import raise_error, require_list, settle_choice, settle_chunk_usage, settle_usage

_PATH = "/completions"


def encode_text_completion(call: Call[TextCompletionRequest]) -> HTTPRequest:
    """The request for a whole reply."""
    return json_request(_PATH, merge_extra_body(_body(call), call.request.options.extra_body))


def encode_text_completion_stream(call: Call[TextCompletionRequest]) -> HTTPRequest:
    """The request for a streamed reply, with its usage."""
    body = {**_body(call), "stream": True}
    if call.quirks.stream_usage:
        body["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
    return json_request(_PATH, merge_extra_body(body, call.request.options.extra_body))


def _body(call: Call[TextCompletionRequest]) -> dict[str, Any]:
    request = call.request
    drop = request.options.drop_params
    parameters = supported_parameters(request.parameters, call, TEXT_COMPLETION_PARAMETERS, drop=drop)
    return {"model": call.model, "prompt": request.prompt, **parameters}


def decode_text_completion(call: Call[TextCompletionRequest], body: bytes) -> TextCompletionResponse:
    """Read a whole reply."""
    reply = parse_object(body)
    require_list(reply, "choices")
    _settle_choices(reply)
    settle_usage(as_object(reply.get("usage")))
    return structure(reply, TextCompletionResponse)


def _settle_choices(reply: JSONObject) -> list[JSONObject]:
    choices = as_objects(reply.get("choices"))
    for number, choice in enumerate(choices):
        settle_choice(choice, has_calls=False)
        if not isinstance(choice.get("index"), int):
            choice["index"] = number
    return choices


def open_text_completion_decoder(call: Call[TextCompletionRequest]) -> SSEStreamDecoder[TextCompletionResponse]:
    """A decoder for one streamed reply."""
    return SSEStreamDecoder(TextCompletionReader())


class TextCompletionReader:
    """The reading of one streamed reply, event by event."""

    def __init__(self) -> None:
        self.finished = False
        self._open: set[int] = set()
        self._ended: set[int] = set()

    def read(self, event: ServerSentEvent) -> Iterable[TextCompletionResponse]:
        """The chunk that an event amounts to."""
        if event.data.strip() == "[DONE]":
            self.finished = True
            return ()
        chunk = parse_object(event.data)
        raise_error(chunk, event.name)
        for choice in _settle_choices(chunk):
            self._open.add(choice["index"])
            if choice["finish_reason"] is not None:
                self._ended.add(choice["index"])
        settle_chunk_usage(chunk)
        return (structure(chunk, TextCompletionResponse),)

    def close(self) -> Iterable[TextCompletionResponse]:
        """Nothing is held back. The end is an error unless every text has its finish reason or `[DONE]` came."""
        if not self._open:
            raise TruncatedReply("the stream ended without an answer")
        if not self.finished and self._open != self._ended:
            raise TruncatedReply("the stream ended before its finish reason")
        return ()
