"""Text completions, whole and as a stream.

Source: OpenAI API reference, "Create completion" (legacy), 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from attrs import evolve

from ..._convert.converter import structure
from ..._convert.narrow import JSONObject, as_object, as_objects, parse_object
from ..._framing.sse_decoder import ServerSentEvent
from ..._types.folding import TextFolding, fold
from ..._types.http import HTTPRequest
from ..._types.text_completions import (
    TEXT_COMPLETION_PARAMETERS,
    TextCompletionRequest,
    TextCompletionResponse,
)
from ..bodies import ReadingOfEvents, read_body, unwrapped
from ..contract import ErrorDetail, ReplyIsError, WireCall, json_request, merge_extra_body
from ..failing import no_answer
from ..parameters import supported_parameters
from ..streaming import SSEStreamDecoder, TruncatedReply
from .replies import (
    an_answer_object,
    failure_of,
    raise_error,
    require_choices,
    says_nothing,
    settle_choice,
    settle_chunk_usage,
    settle_message,
    settle_usage,
)

_PATH = "/completions"


def encode_text_completion(call: WireCall[TextCompletionRequest]) -> HTTPRequest:
    """The request for a whole reply."""
    body = _body(call)
    body.pop("stream_options", None)  # which are refused where nothing is streamed
    return json_request(_PATH, merge_extra_body(body, call.request.options.extra_body))


def encode_text_completion_stream(call: WireCall[TextCompletionRequest]) -> HTTPRequest:
    """The request for a streamed reply, with its usage."""
    body = {**_body(call), "stream": True}
    if call.quirks.stream_usage:
        body["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
    else:
        body.pop("stream_options", None)
    return json_request(_PATH, merge_extra_body(body, call.request.options.extra_body))


def _body(call: WireCall[TextCompletionRequest]) -> dict[str, Any]:
    request = call.request
    drop = request.options.drop_params
    parameters = supported_parameters(request.parameters, call, TEXT_COMPLETION_PARAMETERS, drop=drop)
    return {"model": call.model, "prompt": request.prompt, **parameters}


def decode_text_completion(call: WireCall[TextCompletionRequest], body: bytes) -> TextCompletionResponse:
    """Read a whole reply. Raises as that of a chat does."""
    events = ReadingOfEvents(partial(open_text_completion_decoder, call), _fold)
    return read_body(body, _read, events)


def _fold(chunks: Iterable[TextCompletionResponse]) -> TextCompletionResponse:
    return fold(TextFolding(), chunks)


def _read(document: Any) -> TextCompletionResponse:
    reply = an_answer_object(unwrapped(document, "choices"))
    require_choices(reply)
    choices = _settle_choices(reply)
    settle_usage(as_object(reply.get("usage")))
    for choice in choices:
        failure = failure_of(choice, says_something=bool(choice.get("text")))
        if "text" not in choice:
            failure = failure or no_answer(choice)
        if failure is None and not choice["finish_reason"] and not choice.get("text"):
            failure = no_answer(reply)
        if failure is not None:
            raise ReplyIsError(evolve(failure, partial=structure(reply, TextCompletionResponse)))
    return structure(reply, TextCompletionResponse)


def _settle_choices(reply: JSONObject) -> list[JSONObject]:
    choices = as_objects(reply.get("choices"))
    for number, choice in enumerate(choices):
        _settle_text(choice)
        settle_choice(choice, has_calls=False)
        if type(choice.get("index")) is not int:
            choice["index"] = number
    return choices


def _settle_text(choice: JSONObject) -> None:
    """The text where it belongs: some servers answer with the message of a chat."""
    if not isinstance(choice.get("text"), str):
        message = {"content": choice["text"]} if choice.get("text") else choice.get("message") or choice.get("delta")
        if message := as_object(message):
            settle_message(message)
            choice["text"] = message.get("content")


def open_text_completion_decoder(call: WireCall[TextCompletionRequest]) -> SSEStreamDecoder[TextCompletionResponse]:
    """A decoder for one streamed reply."""
    return SSEStreamDecoder(TextCompletionReader())


class TextCompletionReader:
    """The reading of one streamed reply, event by event."""

    def __init__(self) -> None:
        self.finished = False
        self._open: set[int] = set()
        self._ended: set[int] = set()
        self._said: set[int] = set()
        self._failure: ErrorDetail | None = None

    @property
    def complete(self) -> bool:
        """Whether every text has its finish reason, and none is a failure."""
        return bool(self._open) and self._failure is None and self._open == self._ended

    def read(self, event: ServerSentEvent) -> Iterable[TextCompletionResponse]:
        """The chunk that an event amounts to; none for one that carries nothing. Raises as that of a chat does."""
        if event.data == "[DONE]":
            self.finished = True
            self._check_end()
            return ()
        chunk = parse_object(event.data)
        raise_error(chunk, event.name)
        if says_nothing(chunk, event.name):
            return ()
        for choice in _settle_choices(chunk):
            self._open.add(choice["index"])
            if choice.get("text"):
                self._said.add(choice["index"])
            if choice["finish_reason"] is not None:
                self._ended.add(choice["index"])
            self._failure = failure_of(choice, says_something=choice["index"] in self._said) or self._failure
        settle_chunk_usage(chunk)
        return (structure(chunk, TextCompletionResponse),)

    def close(self) -> Iterable[TextCompletionResponse]:
        """Nothing is held back. The end is an error unless every text has its finish reason or `[DONE]` came."""
        self._check_end()
        return ()

    def _check_end(self) -> None:
        if self._failure is not None:
            raise ReplyIsError(self._failure)
        if not (self._said or self._ended):
            raise TruncatedReply("the stream ended without an answer")
        if not self.finished and self._open != self._ended:
            raise TruncatedReply("the stream ended before its finish reason")
