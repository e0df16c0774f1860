"""Replies of `Converse` and `ConverseStream`; a whole reply is read as the events that would have streamed it.

Thinking is `reasoning_content`, and with its signature in `thinking_blocks`. `metrics`, `trace`,
`additionalModelResponseFields` and the stop reason stay readable under their own names.

Source: Amazon Bedrock API reference, "Converse" and "ConverseStream", 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from attrs import evolve

from ..._convert.converter import ConversionError
from ..._convert.narrow import JSONObject, as_object, as_objects, json_text, parse_object, text_in
from ..._framing.aws_event_stream import EventMessage, EventStreamDecoder
from ..._types.chat import (
    ChatRequest,
    Delta,
    FunctionCall,
    ModelResponse,
    ModelResponseStream,
    StreamingChoices,
    ToolCall,
)
from ..._types.folding import fold_chunks
from ..._types.usage import PromptTokensDetails, Usage
from ..bodies import ReadingOfEvents, read_body, text_parts, unwrapped
from ..contract import ErrorDetail, ReplyIsError, StreamDecoder, WireCall
from ..failing import broken_off, calls_nothing, names_failure, no_answer, retryable
from ..streaming import FrameStreamDecoder, TruncatedReply
from ..tool_calls import ConversationIds
from .errors import ERRORS
from .gathered import GatheredBlock, is_gathered
from .request import ANSWER_TOOL, answers_by_tool
from .thoughts import is_gpt

_FINISH: Final = {
    "content_filtered": "content_filter",
    "end_turn": "stop",
    "guardrail_intervened": "content_filter",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
}
_SAYS_NOTHING: Final = "cachePoint"
_OWN_CALL: Final = "server_tool_use"
"""What the provider runs itself; its result follows."""
_TOLD: Final = ("metrics", "trace", "additionalModelResponseFields", "performanceConfig", "serviceTier", "stopReason")


def decode_chat(call: WireCall[ChatRequest], body: bytes) -> ModelResponse:
    """Read a whole reply.

    Raises:
        ConversionError: if it is malformed.
        ReplyIsError: if it is an error, or no answer.
    """
    return read_body(body, partial(_read, call), ReadingOfEvents(partial(open_chat_decoder, call), fold_chunks))


def _read(call: WireCall[ChatRequest], document: Any) -> ModelResponse:
    document = unwrapped(document, "output")
    if type(document) is not dict:
        raise ConversionError(f"expected an object, got {document!r:.60}")
    message = as_object(as_object(document.get("output")).get("message"))
    if not message:
        raise ReplyIsError(retryable(ERRORS.of_value(document)) if document.get("message") else no_answer(document))
    answer = ConverseAnswer(call)
    chunks = [answer.head()]
    for index, block in enumerate(as_objects(text_parts(message.get("content")))):
        chunks += [*answer.whole_block(index, block)]
    failure = answer.stop(document)
    if failure is not None:
        raise ReplyIsError(evolve(failure, partial=fold_chunks(chunks)))
    return fold_chunks([*chunks, answer.ending(), answer.told(document)])


def open_chat_decoder(call: WireCall[ChatRequest]) -> StreamDecoder[ModelResponseStream]:
    """The decoder of one streamed reply."""
    return FrameStreamDecoder(EventStreamDecoder(), ConverseReader(call))


class ConverseAnswer:
    """One answer being read: its blocks, its calls, and why it stopped."""

    def __init__(self, call: WireCall[ChatRequest]) -> None:
        self.reason: str | None = None
        self._model = call.model
        self._identifier = call.fresh.id("chatcmpl-")
        self._created = call.fresh.time()
        self._ids = ConversationIds(call.request.messages)
        self._by_tool = answers_by_tool(call)
        self._calls: dict[int, int] = {}
        self._answering: set[int] = set()
        """Blocks that are calls of the tool whose input is the answer's text."""
        self._thoughts: dict[int, dict[str, Any]] = {}
        self._gathered: dict[int, GatheredBlock] = {}
        self._without_arguments: set[int] = set()
        """Blocks that are calls, of which none came. That they need none is known at the end of the block."""
        self._broken: str | None = None
        """Why a part of the answer could not be made."""
        self._images = 0
        self._says_something = False

    def head(self) -> ModelResponseStream:
        """The chunk that says whose answer begins."""
        return self._chunk(Delta(role="assistant"))

    def _chunk(self, delta: Delta) -> ModelResponseStream:
        choices = [StreamingChoices(delta=delta)]
        return ModelResponseStream(id=self._identifier, created=self._created, model=self._model, choices=choices)

    def whole_block(self, index: int, block: JSONObject) -> Iterator[ModelResponseStream]:
        """A block of a whole reply."""
        use, thought = as_object(block.get("toolUse")), as_object(block.get("reasoningContent"))
        if use and use.get("type") != _OWN_CALL:
            yield from self.begin(index, block)
            given = use.get("input")
            yield from self.grow(
                index, {"toolUse": {"input": given if isinstance(given, str) else json_text(given or {})}}
            )
        elif thought:
            yield from self.grow(index, {"reasoningContent": {**as_object(thought.get("reasoningText")), **thought}})
        elif cited := as_object(block.get("citationsContent")):
            for piece in as_objects(cited.get("content")):
                yield from self.grow(index, piece)
            for citation in as_objects(cited.get("citations")):
                yield from self.grow(index, {"citation": citation})
        elif "text" in block:
            yield from self.grow(index, block)
        elif _SAYS_NOTHING not in block:
            yield from self._gathered_block(block)
        yield from self.end(index)

    def _gathered_block(self, block: JSONObject) -> Iterator[ModelResponseStream]:
        """A block that comes whole, or was put together."""
        image = as_object(block.get("image"))
        data = as_object(image.get("source")).get("bytes")
        if image.get("error") and not data:
            self._broken = self._broken or str(as_object(image["error"]).get("message") or image["error"])
            return
        self._says_something = True
        if use := as_object(block.get("toolUse")):
            yield self._chunk(Delta(model_extra={"server_tool_calls": [use]}))
        elif data:
            url = f"data:image/{image.get('format', 'png')};base64,{data}"
            count, self._images = self._images, self._images + 1
            yield self._chunk(Delta(images=[{"type": "image_url", "image_url": {"url": url}, "index": count}]))
        else:
            yield self._chunk(Delta(provider_specific_fields={"content_parts": [block]}))

    def begin(self, index: int, start: JSONObject) -> Iterator[ModelResponseStream]:
        """The beginning of a block; only calls of the caller's functions say something in it."""
        use = as_object(start.get("toolUse"))
        if is_gathered(start) or use.get("type") == _OWN_CALL:
            self._gathered[index] = GatheredBlock(start)
        if not use or index in self._gathered:
            return
        self._says_something = True
        if self._by_tool and use.get("name") == ANSWER_TOOL:
            self._answering.add(index)
            return
        number, name = len(self._calls), text_in(use, "name", ".toolUse")
        self._calls[index] = number
        self._without_arguments.add(index)
        identifier = self._ids.take(use.get("toolUseId"), self._identifier)
        yield self._chunk(Delta(tool_calls=[ToolCall(identifier, "function", FunctionCall(name, ""), index=number)]))

    def grow(self, index: int, delta: JSONObject) -> Iterator[ModelResponseStream]:
        """A piece of a block."""
        if index in self._gathered or is_gathered(delta):
            self._gathered.setdefault(index, GatheredBlock({})).add(delta)
            return
        text, use, thought = (
            delta.get("text"),
            as_object(delta.get("toolUse")),
            as_object(delta.get("reasoningContent")),
        )
        if isinstance(text, str) and text:
            self._says_something = True
            yield self._chunk(Delta(content=text))
        if isinstance(use.get("input"), str) and use["input"]:
            yield from self._more_of_call(index, use["input"])
        if thought:
            yield from self._think(index, thought)
        if citation := as_object(delta.get("citation")):
            yield self._chunk(Delta(model_extra={"citations": [citation]}))

    def _more_of_call(self, index: int, text: str) -> Iterator[ModelResponseStream]:
        if index in self._answering:
            yield self._chunk(Delta(content=text))
        elif index in self._calls:
            self._without_arguments.discard(index)
            part = FunctionCall(None, text)
            yield self._chunk(Delta(tool_calls=[ToolCall(None, "function", part, index=self._calls[index])]))

    def _think(self, index: int, thought: JSONObject) -> Iterator[ModelResponseStream]:
        self._says_something = True
        held = self._thoughts.setdefault(index, {"type": "thinking", "thinking": ""})
        # Streams call it `data` on some models (vercel/ai#19062).
        if isinstance(hidden := thought.get("redactedContent", thought.get("data")), str):
            self._thoughts[index] = {"type": "redacted_thinking", "data": held.get("data", "") + hidden}
            return
        if isinstance(signature := thought.get("signature"), str):
            held["signature"] = held.get("signature", "") + signature
        if isinstance(text := thought.get("text"), str) and text:
            held["thinking"] += text
            yield self._chunk(Delta(reasoning_content=text))

    def end(self, index: int) -> Iterator[ModelResponseStream]:
        """The end of a block: a thought is whole, and can be sent back."""
        thought = self._thoughts.pop(index, None)
        if thought is not None:
            yield self._chunk(Delta(thinking_blocks=[thought]))
        if index in self._gathered:
            yield from self._gathered_block(self._gathered.pop(index).whole())
        if index in self._without_arguments:
            yield from self._more_of_call(index, "{}")

    def end_all(self) -> Iterator[ModelResponseStream]:
        """No more comes: blocks whose end was not told are complete. A call without arguments may have been cut off."""
        for index in [*self._thoughts, *self._gathered]:
            yield from self.end(index)

    def stop(self, told: JSONObject) -> ErrorDetail | None:
        """Note why the answer ended; the failure that this means, None if it is an answer."""
        reason = told.get("stopReason")
        self.reason = reason if isinstance(reason, str) else None
        if names_failure(self.reason):
            return broken_off(str(self.reason))
        if self._broken is not None and not self._says_something:
            return broken_off(str(self.reason), self._broken)
        announced = calls_nothing(_FINISH.get(self.reason or ""), says_something=self._says_something)
        missing = announced or not (self._says_something or self.reason in _FINISH)
        return no_answer(told) if missing else None

    def ending(self) -> ModelResponseStream:
        """The chunk that says why."""
        finish = _FINISH.get(str(self.reason), self.reason)
        if finish == "stop" and self._calls:
            finish = "tool_calls"
        elif finish == "tool_calls" and not self._calls and self._answering:
            finish = "stop"  # the tool whose input is the answer's text is no call to the caller
        chunk = self._chunk(Delta())
        chunk.choices = [StreamingChoices(finish)]
        chunk.model_extra = {"stopReason": self.reason}
        return chunk

    def told(self, metadata: JSONObject, *, streamed: bool = False) -> ModelResponseStream:
        """The chunk with what was used, and what else is told at the end."""
        chunk = self._chunk(Delta())
        chunk.choices = []
        usage = as_object(metadata.get("usage"))
        chunk.usage = usage_of(_fresh_apart(usage) if streamed and is_gpt(self._model) else usage)
        tier = as_object(metadata.get("serviceTier")).get("type")
        chunk.service_tier = tier if isinstance(tier, str) else None
        chunk.model_extra = {name: metadata[name] for name in _TOLD if metadata.get(name) is not None} or None
        return chunk


def _arguments(given: Any) -> str:
    return given if isinstance(given, str) else json_text(given or {})


_COUNTS: Final = (
    ("inputTokens",),
    ("outputTokens",),
    ("cacheReadInputTokens", "cacheReadInputTokenCount"),  # the second is InvokeModel's
    ("cacheWriteInputTokens", "cacheWriteInputTokenCount"),
)


def usage_of(usage: Mapping[str, Any]) -> Usage | None:
    """The counts in OpenAI's meaning: what the cache gave and took is part of the prompt."""
    counts = [next((count for name in names if isinstance(count := usage.get(name), int)), None) for names in _COUNTS]
    if not any(isinstance(count, int) for count in counts):
        return None
    fresh, answer, read, written = (count if isinstance(count, int) else 0 for count in counts)
    prompt = fresh + read + written
    neutral = Usage(prompt, answer, prompt + answer)
    if isinstance(counts[2], int) or isinstance(counts[3], int):
        neutral.prompt_tokens_details = PromptTokensDetails(cached_tokens=read, cache_creation_tokens=written)
    rest = {name: value for name, value in usage.items() if name not in ("inputTokens", "outputTokens", "totalTokens")}
    neutral.model_extra = rest or None
    return neutral


def _fresh_apart(usage: JSONObject) -> JSONObject:
    """Counts whose tokens are counted once: streams of OpenAI's models count what the cache took as fresh, too.

    A stream told 4,995 tokens of which the cache took 4,993, where the whole reply told 2 (maximhq/bifrost#6942).
    """
    fresh, *cached = (usage.get(name) or 0 for name in ("inputTokens", "cacheReadInputTokens", "cacheWriteInputTokens"))
    return {**usage, "inputTokens": fresh - sum(cached)} if sum(cached) <= fresh else usage


class ConverseReader:
    """One streamed reply: `messageStart`, the events of its blocks, `messageStop`, and `metadata` with the usage."""

    def __init__(self, call: WireCall[ChatRequest]) -> None:
        self.finished = False
        self._answer = ConverseAnswer(call)
        self._stopped = False

    @property
    def complete(self) -> bool:
        """Whether the answer has ended; the usage may still come."""
        return self._stopped

    def read(self, message: EventMessage) -> Iterable[ModelResponseStream]:
        if (error := message.error) is not None:
            raise ReplyIsError(retryable(ERRORS.of_value(error)))
        told = parse_object(message.payload) if message.payload else {}
        index = told.get("contentBlockIndex")
        place = index if isinstance(index, int) else 0
        match message.event_type:
            case "messageStart":
                return [self._answer.head()]
            case "contentBlockStart":
                return self._answer.begin(place, as_object(told.get("start")))
            case "contentBlockDelta":
                return self._answer.grow(place, as_object(told.get("delta")))
            case "contentBlockStop":
                return self._answer.end(place)
            case "messageStop":
                return self._stop(told)
            case "metadata":
                self.finished = self._stopped
                return [self._answer.told(told, streamed=True)]
            case _:  # what comes next year
                return ()

    def _stop(self, told: JSONObject) -> Iterator[ModelResponseStream]:
        yield from self._answer.end_all()
        failure = self._answer.stop(told)
        if failure is not None:
            raise ReplyIsError(failure)
        self._stopped = True
        yield self._answer.ending()

    def close(self) -> Iterable[ModelResponseStream]:
        if not self._stopped:
            raise TruncatedReply("the stream ended before messageStop")
        return ()
