"""Characters that come in two halves, and what to do with a half that stays alone.

JSON writes a character beyond 16 bits as two escapes, and servers that cut their text by tokens send one escape in one
event and one in the next. A half alone is no text: it cannot be encoded, printed or written. Other servers cut between
the bytes of a character; such bytes come here as the framing keeps them, in Python's `surrogateescape`.
"""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final, TypeVar

from .._types.mapping import Record

ChunkT = TypeVar("ChunkT")
Steps = tuple[int | str, ...]

_FIRST_HALF_LAST: Final = re.compile("[\ud800-\udbff]\\Z")
_RAW_BYTES: Final = re.compile("(?<![\ud800-\udbff])[\udc80-\udcff]+")
_HALF: Final = re.compile("[\ud800-\udfff]")
_INSTEAD: Final = "\ufffd"
_TEXTS_OF_DELTAS: Final = ("text", "thinking", "partial_json")
_PLACES: Final = ("index", "item_id", "output_index", "content_index", "summary_index")
_TEXTS: Final = ("content", "reasoning_content", "refusal")


def has_halves(text: bytes | str) -> bool:
    """Whether JSON text escapes a half of a character, alone or not. Only an escape can leave one behind."""
    if isinstance(text, bytes):  # most replies have no backslash, and `find` looks for a single byte with memchr
        return text.find(b"\\") >= 0 and b"\\u" in text and (b"\\ud" in text or b"\\uD" in text)
    return "\\" in text and "\\u" in text and ("\\ud" in text or "\\uD" in text)


def has_raw_bytes(text: str) -> bool:
    """Whether a text holds bytes that were no UTF-8."""
    return _RAW_BYTES.search(text) is not None


def whole_characters(value: Any) -> Any:
    """The value with no half of a character in any of its texts; two halves side by side are put together."""
    if isinstance(value, str):
        return value if _HALF.search(value) is None else _joined(value)
    if isinstance(value, list):
        return [whole_characters(item) for item in value]
    if isinstance(value, dict):
        return {whole_characters(name): whole_characters(item) for name, item in value.items()}
    if isinstance(value, Record):
        for name in value.field_names:
            if (held := getattr(value, name)) is not None:
                setattr(value, name, whole_characters(held))
        value.model_extra = whole_characters(value.model_extra)
    return value


def _joined(text: str) -> str:
    return _HALF.sub(_INSTEAD, text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass"))


class Joint:
    """Puts the halves together that the chunks of one stream hold, text by text."""

    def __init__(self) -> None:
        self.waiting: dict[Steps, str] = {}
        """Halves whose other half may be in the next chunk."""

    def join(self, chunks: Iterable[ChunkT]) -> Iterator[ChunkT]:
        """The chunks, or the events, of a stream with whole characters.

        A first half at the end of a text waits for the next chunk. One that waits when its answer ends stays alone.
        """
        for chunk in chunks:
            choices: Any = getattr(chunk, "choices", None)
            texts = _texts_of_event(chunk) if choices is None else chain.from_iterable(map(_texts, choices))
            ended = [choice.index for choice in choices or () if choice.finish_reason is not None]
            for place, holder, name in texts:
                text = getattr(holder, name)
                if text:
                    text = self._join(place, text)
                if place[0] in ended and self.waiting.pop(place, ""):
                    text = f"{text or ''}{_INSTEAD}"
                if text is not None:
                    setattr(holder, name, text)
            whole_characters(chunk)
            yield chunk

    def _join(self, place: Steps, text: str) -> str:
        text = self.waiting.pop(place, "") + text
        if has_raw_bytes(text):
            text, rest = _with_bytes_joined(text)
            if rest:
                self.waiting[place] = rest
            return text
        if _FIRST_HALF_LAST.search(text):
            self.waiting[place] = text[-1]
            return text[:-1]
        return text


def _with_bytes_joined(text: str) -> tuple[str, str]:
    """The text with the characters that its bytes are, and the bytes at its end that may begin one."""
    rest = b""

    def joined(found: re.Match[str]) -> str:
        nonlocal rest
        decoder = getincrementaldecoder("utf-8")("replace")
        made = decoder.decode(found[0].encode("utf-8", "surrogateescape"))
        rest = decoder.getstate()[0]
        if found.end() == len(text):
            return made
        made, rest = made + decoder.decode(b"", final=True), b""
        return made

    return _RAW_BYTES.sub(joined, text), rest.decode("utf-8", "surrogateescape")


def _texts_of_event(event: Any) -> Iterator[tuple[Steps, Any, str]]:
    """The same of an event of a stream that consists of events: its `delta` is a text, or has some."""
    delta = getattr(event, "delta", None)
    where = [getattr(event, name, None) for name in _PLACES]
    place = (str(getattr(event, "type", "")), *(part for part in where if isinstance(part, int | str)))
    if isinstance(delta, str):
        if "delta" in event.field_names:  # an event of a kind that is not known here has it in `model_extra`
            yield place, event, "delta"
    elif isinstance(delta, Record):
        for name in _TEXTS_OF_DELTAS:
            if isinstance(getattr(delta, name, None), str):
                yield (*place, name), delta, name


def _texts(choice: Any) -> Iterator[tuple[Steps, Any, str]]:
    """The texts that go on from chunk to chunk: their place, what holds them, and the name of the field."""
    delta = getattr(choice, "delta", None)
    if delta is None:
        yield (choice.index, "text"), choice, "text"
        return
    for name in _TEXTS:
        yield (choice.index, name), delta, name
    for call in delta.tool_calls or ():
        for part, name in ((call.function, "arguments"), (call.custom, "input")):
            if part is not None:
                yield (choice.index, call.index or 0, name), part, name
