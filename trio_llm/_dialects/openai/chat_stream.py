"""Chat completions as a stream.

Source: OpenAI API reference, "The chat completion chunk object", 2026-11. Deviations of vendors that are borne:
no `[DONE]`, usage in `x_groq` or in the choice, error objects as events, a `message` in place of the delta, heartbeats
of any form, chunks that call themselves otherwise, and fragments of tool calls numbered anyhow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..._convert.converter import structure
from ..._convert.narrow import JSONObject, as_list, as_object, parse_object
from ..._framing.sse_decoder import ServerSentEvent
from ..._types.chat import ChatRequest, ModelResponseStream
from ..bodies import unwrapped
from ..contract import ErrorDetail, ReplyIsError, WireCall
from ..failing import any_content, retryable
from ..streaming import SSEStreamDecoder, TruncatedReply
from ..tool_calls import ConversationIds, OpenCalls, calls_in
from .elsewhere import by_responses, thinks_elsewhere
from .errors import error_event
from .replies import (
    failure_of,
    is_settled_fragment,
    place_usage,
    raise_error,
    says_nothing,
    settle_call,
    settle_choice,
    settle_chunk_usage,
    settle_message,
    settle_place,
    told_beside,
    without_nulls,
)

_DONE = "[DONE]"
_KIND = "chat.completion.chunk"


def open_chat_decoder(call: WireCall[ChatRequest]) -> SSEStreamDecoder[ModelResponseStream]:
    """A decoder for one streamed reply."""
    if call.quirks.tools_by_responses and thinks_elsewhere(call):
        return by_responses().open_decoder(call)
    return SSEStreamDecoder(OpenAIChatReader(call))


class OpenAIChatReader:
    """The reading of one streamed reply, event by event.

    An answer that the provider breaks off is an error, but only at the end: its usage comes behind the finish reason.
    """

    def __init__(self, call: WireCall[ChatRequest]) -> None:
        self.finished = False
        self.complete = False
        """Whether every answer has its finish reason, be it a failure's. Asked before each read, and so kept."""
        self._choices: dict[int, _StreamedChoice] = {}
        self._messages = call.request.messages
        self._failure: ErrorDetail | None = None

    def read(self, event: ServerSentEvent) -> Iterable[ModelResponseStream]:
        """The chunk that an event amounts to; none for one that carries nothing.

        Raises:
            ReplyIsError: for an error, and at the end of an answer that is none.
            ConversionError: for a piece of the answer that makes no sense.
            TruncatedReply: at the end of a stream without an answer.
        """
        if event.data == _DONE:
            self.finished = True
            self._check_end()
            return self._held_back()
        chunk = parse_object(event.data)
        raise_error(chunk, event.name)
        if "choices" not in chunk:
            chunk = unwrapped(chunk, "choices")
        if not chunk.get("choices") and says_nothing(chunk, event.name):
            return ()
        for number, choice in enumerate(without_nulls(chunk)):
            if type(choice) is dict:
                self._settle(choice, number, chunk)
        settle_chunk_usage(chunk)
        if chunk.get("object") != _KIND:
            chunk["object"] = _KIND
        return (structure(chunk, ModelResponseStream),)

    def close(self) -> Iterable[ModelResponseStream]:
        """Nothing is held back. Raises as `read` does at the end."""
        self._check_end()
        return ()

    def _held_back(self) -> Iterator[ModelResponseStream]:
        """What an answer without a finish reason still holds back."""
        for index, choice in self._choices.items():
            if rest := choice.calls.held_back():
                yield structure({"choices": [{"index": index, "delta": {"tool_calls": rest}}]}, ModelResponseStream)

    def _check_end(self) -> None:
        if self._failure is not None:
            raise ReplyIsError(self._failure)
        held = self._choices.values()
        if not any(choice.finished or choice.says_something for choice in held):
            raise TruncatedReply("the stream ended without an answer")
        if not self.finished and not all(choice.finished for choice in held):
            raise TruncatedReply("the stream ended before its finish reason")

    def _settle(self, choice: JSONObject, number: int, chunk: JSONObject) -> None:
        if type(choice.get("index")) is not int:
            choice["index"] = number
        held = self._choices.get(choice["index"])
        if held is None:
            held = self._choices[choice["index"]] = _StreamedChoice(ConversationIds(self._messages))
            self.complete = False
        elif held.says_something and is_settled_fragment(choice):
            return
        if choice.get("error"):
            raise ReplyIsError(retryable(error_event(choice["error"])))
        in_place = choice.get("delta")
        repeats = held.has_deltas if in_place is None else held.says_something
        if isinstance(in_place, str) or not (in_place or repeats):
            settle_place(choice, "delta")
        delta = as_object(choice.get("delta"))
        settle_message(delta)
        if "tool_calls" in delta:
            held.settle_calls(delta, chunk.get("id"))
        held.says_something = held.says_something or any_content(delta)
        held.has_deltas = held.has_deltas or (held.says_something and bool(in_place))
        settle_choice(choice, has_calls=bool(held.calls))
        if choice["finish_reason"] is not None:
            held.finished = True
            place_usage(choice, chunk)
            self.complete = all(other.finished for other in self._choices.values())
            if rest := held.calls.held_back():
                choice["delta"] = {**delta, "tool_calls": [*as_list(delta.get("tool_calls")), *rest]}
        beside = None if held.says_something else told_beside(chunk)
        self._failure = beside or failure_of(choice, says_something=held.says_something) or self._failure


class _StreamedChoice:
    """One answer of a stream."""

    def __init__(self, ids: ConversationIds) -> None:
        self.finished = False
        self.says_something = False
        self.calls = OpenCalls(ids)
        self.has_deltas = False
        """Whether it came in deltas. Then a whole message behind them repeats what they said."""

    def settle_calls(self, delta: JSONObject, reply_id: object) -> None:
        """Sort the fragments of a delta into their calls."""
        fragments = calls_in(delta)
        for fragment in fragments:
            settle_call(fragment)
        if self.calls.settle(fragments, reply_id):
            delta["tool_calls"] = fragments
