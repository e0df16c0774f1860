"""Chats, whole and streamed.

No reply says why it ended. It is taken to have come to its end, unless it has as many tokens as were allowed.

Source: Cloudflare docs, "Workers AI, Models, llama-3.3-70b-instruct-fp8-fast" (API schemas), "Function calling,
Traditional" and "JSON Mode", 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Final

from ..._convert.narrow import JSONObject, as_object, as_objects, json_text, parse_object
from ..._framing.sse_decoder import ServerSentEvent
from ..._types.chat import ChatRequest, ModelResponse, ModelResponseStream
from ..._types.errors import UnsupportedParamsError
from ..._types.folding import fold_chunks
from ..._types.http import HTTPRequest
from ..bodies import ReadingOfEvents, read_body
from ..contract import ReplyIsError, WireCall, json_request, merge_extra_body
from ..failing import no_answer
from ..openai import chat as openai_chat
from ..openai.chat_stream import OpenAIChatReader
from ..streaming import SSEStreamDecoder, TruncatedReply
from .envelope import result_of, run_path

_LIMITS: Final = ("max_tokens", "max_completion_tokens")
_FIELDS: Final = frozenset(
    {
        "frequency_penalty",
        "functions",
        "max_tokens",
        "messages",
        "presence_penalty",
        "response_format",
        "seed",
        "temperature",
        "tool_choice",
        "tools",
        "top_p",
    }
)
"""What a request may have. Cloudflare passes over what it does not know, so that nothing would tell."""
_ONLY_WHOLE: Final = ("choices", "output")
"""Results that are in OpenAI's shape already, as those of newer models."""


def encode_chat(call: WireCall[ChatRequest]) -> HTTPRequest:
    """A request for a whole reply.

    Raises:
        UnsupportedParamsError: for what the wire cannot express; `drop_params` leaves it out.
    """
    return _request(call, {})


def encode_chat_stream(call: WireCall[ChatRequest]) -> HTTPRequest:
    """A request for a streamed reply. Usage comes unasked. Raises as `encode_chat` does."""
    return _request(call, {"stream": True})


def _request(call: WireCall[ChatRequest], more: Mapping[str, Any]) -> HTTPRequest:
    options = call.request.options
    body = openai_chat.chat_body(call)
    del body["model"]
    body.pop("stream_options", None)
    if body.get("n") == 1:
        del body["n"]
    if (limit := body.pop("max_completion_tokens", None)) is not None:
        body["max_tokens"] = limit
    if body.get("tool_choice") == "auto":
        del body["tool_choice"]
    if (unknown := sorted(body.keys() - _FIELDS)) and not options.drop_params:
        message = f"cannot express {', '.join(unknown)}; drop_params=True leaves it out"
        raise UnsupportedParamsError(message, model=call.model)
    body = {name: value for name, value in body.items() if name in _FIELDS}
    described = as_object(body.get("response_format")).get("json_schema")
    if isinstance(described, Mapping) and "schema" in described:
        body["response_format"] = {"type": "json_schema", "json_schema": described["schema"]}
    return json_request(run_path(call), merge_extra_body({**body, **more}, options.extra_body))


def decode_chat(call: WireCall[ChatRequest], body: bytes) -> ModelResponse:
    """Read a whole reply.

    Raises:
        ConversionError: if it is malformed.
        ReplyIsError: if it is an error, or no answer.
    """
    return read_body(body, partial(_read, call), ReadingOfEvents(partial(open_chat_decoder, call), fold_chunks))


def _read(call: WireCall[ChatRequest], document: Any) -> ModelResponse:
    result = result_of(document)
    if any(name in result for name in _ONLY_WHOLE):
        return openai_chat.read_document(call, result)
    said, reason = _said(result), _reason(call, as_object(result.get("usage")))
    if not said:
        raise ReplyIsError(no_answer(document))
    for made in said.get("tool_calls", ()):
        made.pop("index", None)
    choice = {"index": 0, "message": {"role": "assistant", **said}, "finish_reason": reason}
    return openai_chat.read_document(call, _answer(call, {"choices": [choice]}, result))


def _answer(call: WireCall[ChatRequest], answer: JSONObject, told: JSONObject) -> JSONObject:
    usage = {"usage": told["usage"]} if told.get("usage") else {}
    return {"id": call.fresh.id("chatcmpl-"), "model": call.model, **answer, **usage}


def _said(told: JSONObject) -> JSONObject:
    """Text and calls as a message, or a delta, has them."""
    text = told.get("response")
    said: JSONObject = {}
    if text is not None and text != "":
        said["content"] = text if isinstance(text, str) else json_text(text)  # what was asked for as JSON comes parsed
    if calls := as_objects(told.get("tool_calls")):
        said["tool_calls"] = [_call(made, number) for number, made in enumerate(calls)]
    return said


def _call(made: JSONObject, number: int) -> JSONObject:
    """A call as OpenAI has it, as which some models' come already."""
    if "function" in made:
        return {"index": number, **made}
    return {"index": number, "type": "function", "function": made}


def _reason(call: WireCall[ChatRequest], usage: JSONObject) -> str:
    limits = [call.request.parameters.get(name) for name in _LIMITS]
    used = usage.get("completion_tokens")
    return "length" if used is not None and used in limits else "stop"


def open_chat_decoder(call: WireCall[ChatRequest]) -> SSEStreamDecoder[ModelResponseStream]:
    """The decoder of one streamed reply."""
    return SSEStreamDecoder(_WorkersReader(call))


class _WorkersReader:
    """One streamed reply. Only OpenAI's closing event says that it is whole."""

    def __init__(self, call: WireCall[ChatRequest]) -> None:
        self._call = call
        self._chat = OpenAIChatReader(call)
        self._head: JSONObject = {"id": call.fresh.id("chatcmpl-"), "model": call.model}
        self._usage: JSONObject = {}
        self._began = False
        """Whether it has said anything in Cloudflare's own shape."""

    @property
    def finished(self) -> bool:
        return self._chat.finished

    @property
    def complete(self) -> bool:
        return self._chat.finished and self._chat.complete

    def read(self, event: ServerSentEvent) -> Iterable[ModelResponseStream]:
        """The chunks that an event amounts to. Raises as OpenAI's reader does."""
        if event.data == "[DONE]":
            reason = _reason(self._call, self._usage)
            ending = self._chunk({}, {"finish_reason": reason}) if self._began else ()
            return (*ending, *self._chat.read(event))
        told = parse_object(event.data)
        if "choices" in told or "error" in told or "errors" in told:
            return self._chat.read(event)
        self._usage = as_object(told.get("usage")) or self._usage
        said, usage = _said(told), {"usage": told["usage"]} if told.get("usage") else {}
        return self._chunk(said, usage) if said or usage else ()

    def _chunk(self, said: JSONObject, more: JSONObject) -> Iterable[ModelResponseStream]:
        self._began = self._began or bool(said)
        choice = {"index": 0, "delta": said, "finish_reason": more.get("finish_reason")}
        choices = [] if "usage" in more and not said else [choice]
        return self._chat.read(ServerSentEvent(None, json_text({**self._head, "choices": choices, **more})))

    def close(self) -> Iterable[ModelResponseStream]:
        if not self.finished:
            raise TruncatedReply("the stream ended before its closing event")
        return ()
