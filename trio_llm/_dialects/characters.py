"""Characters that come in two halves, and what to do with a half that stays alone.

JSON writes a character beyond 16 bits as two escapes, and servers that cut their text by tokens send one escape in one
event and one in the next. A half alone is no text: it cannot be encoded, printed or written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeVar

from .._types.mapping import Record

ChunkT = TypeVar("ChunkT")
Place = tuple[int | str, ...]

_FIRST_HALF_LAST: Final = re.compile("[\ud800-\udbff]\\Z")
_HALF: Final = re.compile("[\ud800-\udfff]")
_INSTEAD: Final = "\ufffd"
_TEXTS: Final = ("content", "reasoning_content", "refusal")


def has_halves(text: bytes | str) -> bool:
    """Whether JSON text escapes a half of a character, alone or not. Only an escape can leave one behind."""
    if isinstance(text, bytes):
        return b"\\ud" in text or b"\\uD" in text
    return "\\ud" in text or "\\uD" in text


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
        self._waiting: dict[Place, str] = {}

    def concerns(self, data: str) -> bool:
        """Whether an event may hold a half, or the other half of one that waits."""
        return bool(self._waiting) or has_halves(data)

    def join(self, chunks: Iterable[ChunkT]) -> Iterator[ChunkT]:
        """The chunks of a chat or text completion with whole characters.

        A first half at the end of a text waits for the next chunk.
        """
        for chunk in chunks:
            choices: Any = getattr(chunk, "choices", ())
            for choice in choices:
                for place, holder, name in _texts(choice):
                    text = getattr(holder, name)
                    if text:
                        setattr(holder, name, self._join(place, text))
            whole_characters(chunk)
            yield chunk

    def _join(self, place: Place, text: str) -> str:
        text = self._waiting.pop(place, "") + text
        if _FIRST_HALF_LAST.search(text):
            self._waiting[place] = text[-1]
            return text[:-1]
        return text


def _texts(choice: Any) -> Iterator[tuple[Place, Any, str]]:
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
