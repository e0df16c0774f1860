"""What every simulated wire has in common: a question read, an answer written."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, cast
from zlib import crc32

import attrs

from ..._convert import json as _json
from ..._types.usage import Usage
from .._actions import Failure, ToolUse
from .._limits import LimitState
from .._prompt import Prompt

EVENT_STREAM = "text/event-stream"
AWS_STREAM = "application/vnd.amazon.eventstream"
LINES = "application/x-ndjson"
_MOST_COPIES = 128
STREAMS = (EVENT_STREAM, AWS_STREAM, LINES)
JSON = "application/json"


@attrs.frozen
class Answer:
    """What the model says, before a wire is chosen."""

    id: str
    model: str
    text: tuple[str, ...]
    """Fragments as they are streamed."""
    reasoning: tuple[str, ...]
    tool_calls: tuple[ToolUse, ...]
    """Each with an id."""
    finish_reason: str
    usage: Usage
    echoed: bool = False
    """Whether nothing was scripted, so that what was asked for several times at once is echoed each by itself."""


@attrs.frozen
class BodyEvent:
    """One event of a streamed body, or a whole body."""

    data: bytes
    tokens: int = 0
    """Tokens of the answer that it carries."""


@attrs.frozen
class ReplyBody:
    """What a reply with status 200 consists of."""

    content_type: str
    events: Sequence[BodyEvent]
    headers: Mapping[str, str] = attrs.Factory(dict[str, str])
    """What the wire says in headers; lower-case names."""


@attrs.frozen
class Family:
    """What the endpoints of one vendor share."""

    name: str
    error: Callable[[Failure], Any]
    """The JSON of an error reply."""
    error_event: Callable[[Failure], bytes]
    """An error in the middle of a stream."""
    keep_alive: bytes
    """A piece of a stream that says nothing."""
    limit_headers: Callable[[Iterable[LimitState], float | None], dict[str, str]]
    """From the limits, and the seconds since 1970 where they are known."""


class Memory(Enum):
    """What an endpoint has to do with answers that are made while nobody is connected."""

    NONE = "none"
    BEGINS = "begins"
    """Its answer is kept, under its id, for who looks."""
    LOOKS = "looks"
    """It tells the answer whose id is the prompt's `last`, and takes nothing from the script."""


@attrs.frozen
class SimulatedOperation:
    """One operation that the simulator answers."""

    name: str
    """Family and operation, as `openai.chat`."""
    path: re.Pattern[str]
    """Searched in the path without its query."""
    family: Family
    read: Callable[[str, Mapping[str, Any]], Prompt]
    """The question in a path and a decoded body."""
    write: Callable[[Prompt, Answer], ReplyBody]
    method: str = "POST"
    """The only method that it answers; what answers GET answers HEAD."""
    fits: Callable[[str, Mapping[str, Any]], bool] | None = None
    """Whether a path and a decoded body are of this wire, where several have the same path; None takes all."""
    memory: Memory = Memory.NONE


def words(text: str) -> list[str]:
    """The text in the fragments that it is streamed in; each counts as one token."""
    return re.findall(r"\S+\s*|\s+", text)


def whole(value: object, *, tokens: int = 0) -> ReplyBody:
    """A JSON body in one piece."""
    return ReplyBody(JSON, [BodyEvent(_json.dumps(value), tokens)])


def data_event(value: object, *, name: str | None = None, tokens: int = 0) -> BodyEvent:
    """A server-sent event that carries JSON."""
    prefix = f"event: {name}\n".encode() if name else b""
    return BodyEvent(prefix + b"data: " + _json.dumps(value) + b"\n\n", tokens)


def line_event(value: object, *, tokens: int = 0) -> BodyEvent:
    """A line of JSON."""
    return BodyEvent(_json.dumps(value) + b"\n", tokens)


def aws_message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message of an AWS event stream: lengths, their checksum, headers, payload, the checksum of all of it."""
    told = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(text)) + text.encode()
        for name, text in headers.items()
    )
    lengths = struct.pack(">II", 16 + len(told) + len(payload), len(told))
    message = lengths + struct.pack(">I", crc32(lengths)) + told + payload
    return message + struct.pack(">I", crc32(message))


def aws_event(kind: str, payload: bytes, *, tokens: int = 0, content_type: str = JSON) -> BodyEvent:
    """A message that carries an event."""
    headers = {":event-type": kind, ":content-type": content_type, ":message-type": "event"}
    return BodyEvent(aws_message(headers, payload), tokens)


def arguments_text(call: ToolUse) -> str:
    """A call's arguments as JSON text."""
    return call.arguments if isinstance(call.arguments, str) else _json.dumps(call.arguments).decode()


def arguments_object(call: ToolUse) -> Any:
    """A call's arguments as an object."""
    return _json.loads(call.arguments) if isinstance(call.arguments, str) else call.arguments


def fragments(text: str, size: int = 8) -> list[str]:
    """Text in pieces of at most `size` characters, at least one piece."""
    return [text[start : start + size] for start in range(0, len(text), size)] or [""]


def objects(value: object) -> list[Mapping[str, Any]]:
    """The JSON objects of a list; none where it is no list."""
    if not isinstance(value, list):
        return []
    return [one for one in cast("list[object]", value) if isinstance(one, Mapping)]


def items(value: object) -> list[Any]:
    """A JSON array; an empty one where it is none."""
    return value if isinstance(value, list) else []


def fields(value: object) -> Mapping[str, Any]:
    """A JSON object; an empty one where it is none."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def texts_of(content: object) -> Iterator[str]:
    """The texts of a message's content: a text, or parts of which some have one."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        holder = fields(cast("object", content))
        if isinstance(text := holder.get("text"), str):
            yield text
        yield from texts_of(holder.get("content"))  # tool results of Anthropic's
    elif isinstance(content, list):
        for part in cast("list[object]", content):
            yield from texts_of(part)


def positive(value: object) -> int | None:
    """A limit of tokens, where it is one."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def copies(value: object) -> int:
    """How many of a thing are to be made: at least one, and no more than any vendor makes."""
    return min(positive(value) or 1, _MOST_COPIES)


def answer_tokens(answer: Answer) -> int:
    """The tokens that a whole reply carries at once."""
    return answer.usage.completion_tokens
