"""Replies of `/api/chat`; whole replies and the lines of a stream are read by the same code.

The last object of a reply is `done` and tells why and what was used. Its times, in nanoseconds, stay readable under
their own names.

Source: Ollama API reference, "Generate a chat completion", 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from attrs import evolve

from ..._convert.converter import ConversionError, structure
from ..._convert.narrow import JSONObject, as_list, as_object, json_text, text_in
from ..._framing.ndjson import NDJSONDecoder
from ..._types.chat import (
    ChatRequest,
    ChoiceLogprobs,
    Delta,
    FunctionCall,
    ModelResponse,
    ModelResponseStream,
    StreamingChoices,
    ToolCall,
)
from ..._types.folding import fold_chunks
from ..._types.usage import Usage
from ..bodies import ReadingOfEvents, joined_text, lines, read_body, unwrapped
from ..contract import ReplyIsError, StreamDecoder, WireCall
from ..failing import broken_off, names_failure, no_answer
from ..lines import LinesOfObjects
from ..streaming import FrameStreamDecoder, TruncatedReply
from ..tool_calls import ConversationIds, calls_in
from .errors import raise_error

_FINISH: Final = {"stop": "stop", "length": "length"}
"""`load` and `unload` say that a model came or went, and nothing was answered."""
_IMAGE_STARTS: Final = {"/9j/": "jpeg", "R0lG": "gif", "UklG": "webp"}
_PLACED: Final = frozenset({"model", "created_at", "message", "done", "logprobs", "prompt_eval_count", "eval_count"})


def decode_chat(call: WireCall[ChatRequest], body: bytes) -> ModelResponse:
    """Read a whole reply.

    Raises:
        ConversionError: if it is malformed.
        ReplyIsError: if it is an error, or no answer.
    """
    return read_body(body, partial(_read, call), ReadingOfEvents(partial(open_chat_decoder, call), fold_chunks, lines))


def _read(call: WireCall[ChatRequest], document: Any) -> ModelResponse:
    document = unwrapped(document, "message", "done")
    if type(document) is not dict:
        raise ConversionError(f"expected an object, got {document!r:.60}")
    reader = LineReader(call)
    chunks = [*reader.read_object(document)]
    if not reader.complete and (document.get("done") is not None or not chunks):
        raise ReplyIsError(evolve(no_answer(document), partial=fold_chunks(chunks) if chunks else None))
    return fold_chunks(chunks)


def open_chat_decoder(call: WireCall[ChatRequest]) -> StreamDecoder[ModelResponseStream]:
    """The decoder of one streamed reply."""
    return FrameStreamDecoder(NDJSONDecoder(), LineReader(call))


class LineReader:
    """One reply, line by line. A line that is `done` says that the answer is whole; one alone need not say it."""

    def __init__(self, call: WireCall[ChatRequest]) -> None:
        self.finished = False
        self._lines = LinesOfObjects()
        self._call = call
        self._ids = ConversationIds(call.request.messages)
        self._calls = 0
        self._says_something = False
        self._tells_done = False
        self._has_message = False
        self._identifier = call.fresh.id("chatcmpl-")

    @property
    def complete(self) -> bool:
        return self.finished

    def read(self, line: bytes) -> Iterable[ModelResponseStream]:
        for told in self._lines.read(line):
            if not self.finished:
                yield from self.read_object(told)

    def read_object(self, told: JSONObject) -> Iterator[ModelResponseStream]:
        """The chunk that a line amounts to.

        Raises:
            ReplyIsError: for an error, a reason of the end that names one, and an end without an answer.
        """
        raise_error(told)
        delta = self._delta(told)
        done = told.get("done_reason") if told.get("done") is None else told["done"]
        self._tells_done = self._tells_done or done is not None
        reason = self._finish(told) if done else None
        if delta is None and reason is None:
            return
        choice = StreamingChoices(reason, delta=delta or Delta(), logprobs=_logprobs(told.get("logprobs")))
        chunk = ModelResponseStream(id=self._identifier, model=told.get("model"), choices=[choice])
        chunk.created = seconds_of(told.get("created_at"))
        if reason is not None:
            chunk.usage = usage_of(told)
            chunk.model_extra = {name: value for name, value in told.items() if name not in _PLACED} or None
        yield chunk

    def close(self) -> Iterable[ModelResponseStream]:
        self._lines.close()
        alone = self._lines.count == 1 and self._says_something and not self._tells_done
        if not self.finished and not alone:
            raise TruncatedReply("the stream ended before a line that is done")
        return ()

    def _delta(self, told: JSONObject) -> Delta | None:
        given = told.get("message", told.get("response"))  # the second is the place of `/api/generate`
        self._has_message = self._has_message or given is not None
        message = given if isinstance(given, dict) else {"content": given}
        text, thinking = message.get("content"), message.get("thinking")
        if text and not isinstance(text, str):
            text = joined_text(text)
        calls = [self._tool_call(call, told) for call in calls_in(message)]
        images = [image for image in as_list(message.get("images")) if isinstance(image, str) and image]
        if not (text or thinking or calls or images):
            return None
        self._says_something = True
        return Delta(
            content=text or None,
            role="assistant",
            reasoning_content=thinking if isinstance(thinking, str) and thinking else None,
            tool_calls=calls or None,
            images=[_picture(image) for image in images] or None,
        )

    def _tool_call(self, call: JSONObject, told: JSONObject) -> ToolCall:
        function = as_object(call.get("function"))
        identifier = self._ids.take(call.get("id"), told.get("created_at"))
        arguments = function.get("arguments")
        written = arguments if isinstance(arguments, str) else json_text(arguments or {})
        name = text_in(function, "name", ".tool_calls.function")
        index, self._calls = self._calls, self._calls + 1
        return ToolCall(identifier, "function", FunctionCall(name, written), index=index)

    def _finish(self, told: JSONObject) -> str:
        self.finished = True
        given = told.get("done_reason")
        reason = given if given and isinstance(given, str) else "stop"
        if names_failure(reason):
            raise ReplyIsError(broken_off(reason))
        if not self._says_something and (reason not in _FINISH or not self._has_message):
            raise ReplyIsError(no_answer(told))
        if self._calls and reason == "stop":
            return "tool_calls"
        return _FINISH.get(reason, reason)


def usage_of(told: Mapping[str, Any]) -> Usage | None:
    """The tokens of a reply. A prompt that was wholly in the cache is not counted by Ollama."""
    prompt, answer = told.get("prompt_eval_count"), told.get("eval_count")
    if not isinstance(prompt, int) and not isinstance(answer, int):
        return None
    counts = [count if isinstance(count, int) else 0 for count in (prompt, answer)]
    return Usage(counts[0], counts[1], sum(counts))


def seconds_of(created_at: Any) -> int | None:
    """The time of a reply, which has up to nine digits behind the point, in seconds since 1970."""
    try:
        return int(datetime.fromisoformat(f"{created_at[:19]}+00:00").timestamp())
    except (TypeError, ValueError):
        return None


def _picture(data: str) -> dict[str, Any]:
    """An image of an answer. Its type is in its first bytes, which are the same in base64."""
    kind = next((kind for start, kind in _IMAGE_STARTS.items() if data.startswith(start)), "png")
    return {"type": "image_url", "image_url": {"url": f"data:image/{kind};base64,{data}"}}


def _logprobs(given: Any) -> ChoiceLogprobs | None:
    tokens = as_list(given)
    return structure({"content": tokens}, ChoiceLogprobs) if tokens else None
