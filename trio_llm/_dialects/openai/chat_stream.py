"""Chat completions as a stream.

Source: OpenAI API reference, "The chat completion chunk object", 2026-11. Deviations of vendors that are borne:
no `[DONE]`, usage in `x_groq`, error objects as events, tool call fragments without an index, with index 0 for
every call, or with id and name repeated in every fragment.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..._convert.converter import structure
from ..._convert.narrow import JSONObject, as_object, as_objects, parse_object
from ..._framing.sse import ServerSentEvent
from ..._types.chat import ChatRequest, ModelResponseStream
from ..contract import Call, ReplyIsError
from ..streaming import SSEStreamDecoder, TruncatedReply
from .errors import error_event
from .replies import call_id, raise_error, settle_call, settle_choice, settle_chunk_usage, settle_message

_DONE = "[DONE]"


def open_chat_decoder(call: Call[ChatRequest]) -> SSEStreamDecoder[ModelResponseStream]:
    """A decoder for one streamed reply."""
    return SSEStreamDecoder(ChatReader())


class ChatReader:
    """The reading of one streamed reply, event by event."""

    def __init__(self) -> None:
        self.finished = False
        self._choices: dict[int, _OpenChoice] = {}

    def read(self, event: ServerSentEvent) -> Iterable[ModelResponseStream]:
        """The chunk that an event amounts to."""
        if event.data.strip() == _DONE:
            self.finished = True
            return ()
        chunk = parse_object(event.data)
        raise_error(chunk, event.name)
        for number, choice in enumerate(as_objects(chunk.get("choices"))):
            self._settle(choice, number, chunk)
        settle_chunk_usage(chunk)
        return (structure(chunk, ModelResponseStream),)

    def close(self) -> Iterable[ModelResponseStream]:
        """Nothing is held back. The end is an error unless every answer has its finish reason or `[DONE]` came."""
        if not self._choices:
            raise TruncatedReply("the stream ended without an answer")
        if not self.finished and not all(choice.finished for choice in self._choices.values()):
            raise TruncatedReply("the stream ended before its finish reason")
        return ()

    def _settle(self, choice: JSONObject, number: int, chunk: JSONObject) -> None:
        if not isinstance(choice.get("index"), int):
            choice["index"] = number
        held = self._choices.get(choice["index"])
        if held is None:
            held = self._choices[choice["index"]] = _OpenChoice()
        if choice.get("error"):
            raise ReplyIsError(error_event(choice["error"]))
        delta = as_object(choice.get("delta"))
        settle_message(delta)
        if "tool_calls" in delta:
            held.settle_calls(as_objects(delta["tool_calls"]), chunk)
        settle_choice(choice, has_calls=bool(held.calls))
        held.finished = held.finished or choice.get("finish_reason") is not None


class _OpenCall:
    """A tool call whose fragments are coming in."""

    def __init__(self, identifier: str, name: str | None) -> None:
        self.identifier = identifier
        self.name = name


class _OpenChoice:
    """One answer of a stream; tells apart the tool calls that its fragments belong to."""

    def __init__(self) -> None:
        self.finished = False
        self.calls: list[_OpenCall] = []
        self._by_index: dict[int, int] = {}

    def settle_calls(self, fragments: list[JSONObject], chunk: JSONObject) -> None:
        """Give every fragment the number of its call, and the call's id and name to its first fragment only."""
        for fragment in fragments:
            settle_call(fragment)
            number = self._number(fragment)
            if number is None:
                number = self._open(fragment, chunk)
            else:
                self._continue(fragment, self.calls[number])
            fragment["index"] = number

    def _number(self, fragment: JSONObject) -> int | None:
        """The number of the open call that a fragment continues; None if it begins a new one."""
        identifier, index = fragment.get("id"), fragment.get("index")
        if isinstance(index, int):
            number = self._by_index.get(index)
            if number is None or not identifier or self.calls[number].identifier == identifier:
                return number
        if identifier:
            same = (place for place, call in enumerate(self.calls) if call.identifier == identifier)
            return next(same, None)
        begins = not self.calls or _name(fragment) is not None
        return None if begins else len(self.calls) - 1

    def _open(self, fragment: JSONObject, chunk: JSONObject) -> int:
        number = len(self.calls)
        fragment["id"] = fragment.get("id") or call_id(chunk, number)
        self.calls.append(_OpenCall(fragment["id"], _name(fragment)))
        if isinstance(fragment.get("index"), int):
            self._by_index[fragment["index"]] = number
        return number

    def _continue(self, fragment: JSONObject, call: _OpenCall) -> None:
        fragment.pop("id", None)
        if call.name is None:
            call.name = _name(fragment)
        else:
            _part(fragment).pop("name", None)


def _part(fragment: JSONObject) -> JSONObject:
    return as_object(fragment.get("function") or fragment.get("custom"))


def _name(fragment: JSONObject) -> str | None:
    return _part(fragment).get("name") or None
