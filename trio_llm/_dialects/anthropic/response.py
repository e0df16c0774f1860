"""Replies of the Messages API in OpenAI's shape.

Fields of the reply without a place there, such as `stop_reason`, `stop_sequence`, `stop_details` and `container`,
are fields of the response by their own names; those of `usage` are fields of its usage.

Source: Anthropic API reference, "Create a Message" (Message, Usage) and "Handling stop reasons", 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from ..._convert.converter import structure
from ..._convert.making import maker
from ..._convert.narrow import as_mapping, is_object
from ..._types.chat import ChatRequest, Delta, ModelResponse, ModelResponseStream, StreamingChoices
from ..._types.folding import fold_chunks
from ..._types.mapping import ANSWER, Record
from ..._types.usage import CompletionTokensDetails, PromptTokensDetails, Usage
from ..bodies import text_parts, unwrapped
from ..contract import ErrorDetail, ReplyIsError, WireCall
from ..failing import broken_off, calls_nothing, names_failure, no_answer, retryable
from ..tool_calls import ConversationIds
from .blocks import BlockReader
from .errors import detail_of_event
from .tools import tool_names

_FINISH_REASONS: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    # A turn of the provider's own tools that it cut short: sent back as it is, it goes on. Nothing of OpenAI's says so.
    "pause_turn": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "compaction": "length",
    "refusal": "content_filter",
}
_WITHOUT_WORDS: Final = "an error without a message"
_PLACED: Final = frozenset({"type", "role"})


@attrs.define
class WireOutputDetails(Record):
    """What the output tokens consist of."""

    thinking_tokens: int | None = None


@attrs.define
class WireUsage(Record):
    """Token counts. Tokens written to and read from the cache are counted beside `input_tokens`."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens_details: WireOutputDetails | None = None
    service_tier: str | None = None

    def merged(self, later: WireUsage) -> WireUsage:
        """The counts with those that a later event corrects: they are totals, not increments.

        So none becomes nothing again: gateways say 0 of what they do not know (LibreChat-AI/agents#308).
        """
        told = {
            name: value
            for name, value in later.items()
            if name in self.field_names and (value != 0 or not getattr(self, name))
        }
        extra = {**(self.model_extra or {}), **(later.model_extra or {})}
        return attrs.evolve(self, **told, model_extra=extra or None)


@attrs.define
class WireMessage(Record):
    """A reply, or the beginning of a streamed one."""

    content: list[dict[str, Any]] = attrs.field(factory=list[dict[str, Any]], metadata=ANSWER)
    id: str | None = None
    model: str | None = None
    stop_reason: str | None = None
    usage: WireUsage | None = None


def read_reply(call: WireCall[ChatRequest], document: Any) -> ModelResponse:
    """Read the document of a whole reply.

    Raises:
        ConversionError: if it is malformed.
        ReplyIsError: for an error with status 200, and for a reply without an answer.
    """
    reply = as_mapping(unwrapped(document, "content"))
    if reply.get("type") == "error" or reply.get("error"):
        raise ReplyIsError(retryable(detail_of_event(document)))
    if "content" not in reply or not (reply["content"] or reply.get("stop_reason")):
        raise ReplyIsError(failure_in(document) or no_answer(document))
    message = read_message(reply)
    blocks = BlockReader(tool_names(call), ConversationIds(call.request.messages))
    response = fold_chunks(whole_chunks(blocks, message))
    failure = failure_of(message.stop_reason, says_something=blocks.says_something)
    if failure is not None:
        raise ReplyIsError(attrs.evolve(failure, partial=response))
    return response


def failure_in(document: object) -> ErrorDetail | None:
    """The error that JSON in place of an answer tells, None if it tells none."""
    detail = detail_of_event(document)
    quotes_only = detail.message[:1] in ("{", "[") or detail.message in ("", _WITHOUT_WORDS)
    return None if quotes_only else retryable(detail)


def failure_of(stop_reason: str | None, *, says_something: bool) -> ErrorDetail | None:
    """The failure that a stop reason names; an unknown one is none beside an answer."""
    if calls_nothing(_FINISH_REASONS.get(stop_reason or ""), says_something=says_something):
        return no_answer({"stop_reason": stop_reason})
    if stop_reason is None or stop_reason in _FINISH_REASONS:
        return None
    if names_failure(stop_reason):
        return broken_off(stop_reason)
    return None if says_something else no_answer({"stop_reason": stop_reason})


def blocks_of(content: Any) -> Any:
    """The blocks of an answer; gateways write a text where there should be a block, or all of them."""
    if not isinstance(content, list | str):
        return content
    parts = text_parts(content)
    return [{"type": "text", **part} if is_object(part) and "type" not in part else part for part in parts]


def read_message(reply: Mapping[str, Any]) -> WireMessage:
    """A whole reply. Raises `ConversionError` if it is malformed."""
    return structure({**reply, "content": blocks_of(reply.get("content"))}, WireMessage)


def whole_chunks(blocks: BlockReader, message: WireMessage) -> Iterator[ModelResponseStream]:
    """A whole reply as the chunks of one that was streamed."""
    yield head_chunk(message)
    for index, block in enumerate(message.content):
        for delta in (*blocks.begin(index, block), *blocks.end(index)):
            yield content_chunk(delta)
    yield ending_chunk(message.stop_reason, None, blocks)
    if message.usage is not None:
        yield usage_chunk(message.usage)


def head_chunk(message: WireMessage) -> ModelResponseStream:
    """The chunk that says whose answer begins."""
    tier = message.usage.service_tier if message.usage is not None else None
    chunk = content_chunk(maker(Delta)(role="assistant"))
    chunk.id, chunk.model, chunk.service_tier = message.id, message.model, tier
    chunk.model_extra = _told(message.model_extra)
    return chunk


def content_chunk(delta: Delta) -> ModelResponseStream:
    """A piece of the answer."""
    return maker(ModelResponseStream)(choices=[maker(StreamingChoices)(delta=delta)])


def ending_chunk(stop_reason: str | None, extra: Mapping[str, Any] | None, blocks: BlockReader) -> ModelResponseStream:
    """The chunk that says why the answer ends. Without a reason it only tells its other fields."""
    told = _told({"stop_reason": stop_reason, **(extra or {})})
    if stop_reason is None:
        return maker(ModelResponseStream)(model_extra=told)
    reason = _finish_reason(stop_reason, blocks)
    chunk = content_chunk(maker(Delta)())
    chunk.choices[0].finish_reason, chunk.model_extra = reason, told
    return chunk


def usage_chunk(usage: WireUsage) -> ModelResponseStream:
    """The chunk that tells the counts so far."""
    return maker(ModelResponseStream)(usage=neutral_usage(usage))


def _finish_reason(stop_reason: str, blocks: BlockReader) -> str:
    """A stop reason in OpenAI's words. One that is not known here is handed on as it is."""
    reason = _FINISH_REASONS.get(stop_reason, stop_reason)
    if reason == "stop" and blocks.has_calls:
        return "tool_calls"
    if reason == "tool_calls" and not blocks.has_calls and blocks.has_answered:
        return "stop"  # the tool whose input is the answer's text is no call to the caller
    return reason


def _told(fields: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Fields of a reply that OpenAI's shape has no place for."""
    told = {name: value for name, value in (fields or {}).items() if name not in _PLACED and value is not None}
    return told or None


def neutral_usage(usage: WireUsage) -> Usage:
    """The counts in OpenAI's meaning: what the cache gave and took is part of the prompt."""
    written, read = usage.cache_creation_input_tokens, usage.cache_read_input_tokens
    prompt = (usage.input_tokens or 0) + (written or 0) + (read or 0)
    completion = usage.output_tokens or 0
    thought = usage.output_tokens_details.thinking_tokens if usage.output_tokens_details is not None else None
    told = {name: value for name, value in usage.items() if name not in ("input_tokens", "output_tokens")}
    return maker(Usage)(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion,
        prompt_tokens_details=maker(PromptTokensDetails)(cached_tokens=read, cache_creation_tokens=written),
        completion_tokens_details=None if thought is None else CompletionTokensDetails(reasoning_tokens=thought),
        model_extra=told or None,
    )
