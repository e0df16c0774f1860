"""JSON that is still being written: a value that grows as its text arrives.

Theory of operation. The reader is a machine with a stack of open containers. `feed` takes the next piece of text and
changes the containers in place, so a document costs time linear in its length, however it is cut. What can be seen at
any moment is a sub-object of the finished document:

- a container is seen as soon as it is opened, and holds what has arrived of it;
- a text is seen as soon as it is opened, and is a prefix of the finished one. A half escape is held back, and so is
  the first half of a surrogate pair;
- a number is seen only when something follows it, since 12 may become 123; `true`, `false` and `null` when complete;
- a key is seen when its value is.

The state is one of `_State`, which names what may follow; `_MARKS` and `_CLOSING` are its transitions.

Text that grows is taken out of its container before it is appended to: CPython then appends in place, where a second
reference would cost a copy of the whole text for each piece.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Callable
from typing import Any, Final

MOST_NESTED: Final = 500
"""Containers that may be open at once."""
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_PLAIN: Final = re.compile(r'[^"\\\x00-\x1f]*')
_BARE: Final = re.compile(r"[-+0-9.eEa-zA-Z]*")
_LITERALS: Final = {"true": True, "false": False, "null": None}
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_ESCAPES: Final = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_UNICODE_ESCAPE: Final = 6
"""Characters of `\\uXXXX`."""
_HIGH: Final = range(0xD800, 0xDC00)
_LOW: Final = range(0xDC00, 0xE000)


class GrowingJSONError(ValueError):
    """Text that is not the beginning of a JSON document."""


class _State(enum.Enum):
    VALUE = "a value"
    FIRST_ITEM = "an item or ]"
    FIRST_KEY = "a key or }"
    KEY = "a key"
    COLON = "a colon"
    NEXT_ITEM = "a comma or ]"
    NEXT_PAIR = "a comma or }"
    TEXT = "the rest of a text"
    KEY_TEXT = "the rest of a key"
    BARE = "the rest of a number or word"
    END = "the end"


_BEFORE_VALUE: Final = frozenset({_State.VALUE, _State.FIRST_ITEM})
_BEFORE_KEY: Final = frozenset({_State.KEY, _State.FIRST_KEY})
_CLOSING: Final = frozenset(
    {("]", _State.FIRST_ITEM), ("]", _State.NEXT_ITEM), ("}", _State.FIRST_KEY), ("}", _State.NEXT_PAIR)}
)
_MARKS: Final = {
    (",", _State.NEXT_ITEM): _State.VALUE,
    (",", _State.NEXT_PAIR): _State.KEY,
    (":", _State.COLON): _State.VALUE,
}
"""What follows a mark between values, by the state that it is met in."""
_NOTHING: Final[Any] = object()


class GrowingJSON:
    """One document. Feed it every piece of the text, in order, then `close` it.

    Args:
        completed: told of each value that is complete, innermost first: its path from the top, and the value. A path
            is made of keys and indexes.

    Example:
        >>> document = GrowingJSON()
        >>> document.feed('{"name": "Ad')
        >>> document.value
        {'name': 'Ad'}
    """

    def __init__(self, completed: Callable[[tuple[str | int, ...], Any], None] | None = None) -> None:
        self._completed = completed
        self._root: Any = _NOTHING
        self._stack: list[dict[str, Any] | list[Any]] = []
        self._keys: list[str | int] = []
        """The key or index in each open container at which its next value stands."""
        self._state = _State.VALUE
        self._held = ""
        """Text that could not be read yet: a half escape, or a number that may go on."""
        self._key_pieces: list[str] = []

    @property
    def started(self) -> bool:
        """Whether there is a value to be seen."""
        return self._root is not _NOTHING

    @property
    def value(self) -> Any:
        """What has arrived, None before anything has. Its containers go on growing: copy what you keep."""
        return self._root if self.started else None

    @property
    def finished(self) -> bool:
        """Whether the document is complete."""
        return self._state is _State.END

    def feed(self, text: str) -> None:
        """Take the next piece.

        Raises:
            GrowingJSONError: if it cannot belong to a JSON document. What had arrived stays readable.
        """
        text, self._held = self._held + text, ""
        at, end = 0, len(text)
        while at < end:
            if self._state in (_State.TEXT, _State.KEY_TEXT):
                at = self._read_text(text, at)
            elif self._state is _State.BARE:
                at = self._read_bare(text, at, is_last=False)
            else:
                found = _SPACE.match(text, at)
                at = found.end() if found else at
                if at < end:
                    at = self._read_mark(text, at)
            if self._held:
                return

    def close(self) -> None:
        """There is no more text.

        Raises:
            GrowingJSONError: if the document is not complete.
        """
        if self._state is _State.BARE:
            held, self._held = self._held, ""
            self._read_bare(held, 0, is_last=True)
        if self._state is not _State.END:
            raise GrowingJSONError(f"the document ends where {self._state.value} should follow")

    def _read_mark(self, text: str, at: int) -> int:
        mark, state = text[at], self._state
        if mark == '"':
            return self._open_text(at)
        if (mark, state) in _CLOSING:
            self._close_container()
        elif (mark, state) in _MARKS:
            self._state = _MARKS[mark, state]
        elif state not in _BEFORE_VALUE:
            raise GrowingJSONError(f"expected {state.value}, not {mark!r}")
        elif mark in "{[":
            self._open(mark)
        else:
            self._state = _State.BARE
            return at
        return at + 1

    def _open_text(self, at: int) -> int:
        if self._state in _BEFORE_VALUE:
            self._put("")
            self._state = _State.TEXT
        elif self._state in _BEFORE_KEY:
            self._state = _State.KEY_TEXT
        else:
            raise GrowingJSONError(f"expected {self._state.value}, not a text")
        return at + 1

    def _open(self, mark: str) -> None:
        if len(self._stack) >= MOST_NESTED:
            raise GrowingJSONError(f"more than {MOST_NESTED} containers inside each other")
        container: dict[str, Any] | list[Any] = {} if mark == "{" else []
        self._put(container)
        self._stack.append(container)
        self._keys.append("" if mark == "{" else 0)
        self._state = _State.FIRST_KEY if mark == "{" else _State.FIRST_ITEM

    def _close_container(self) -> None:
        container = self._stack.pop()
        self._keys.pop()
        self._value_ended(container)

    def _put(self, value: Any) -> None:
        if not self._stack:
            self._root = value
            return
        container, key = self._stack[-1], self._keys[-1]
        if isinstance(container, list):
            container.append(value)
        elif isinstance(key, str):
            container[key] = value

    def _value_ended(self, value: Any) -> None:
        if self._completed is not None:
            self._completed(tuple(self._keys), value)
        if not self._stack:
            self._state = _State.END
        elif isinstance(self._stack[-1], list):
            self._keys[-1] = len(self._stack[-1])
            self._state = _State.NEXT_ITEM
        else:
            self._state = _State.NEXT_PAIR

    def _read_text(self, text: str, at: int) -> int:
        plain = _PLAIN.match(text, at)
        stop = plain.end() if plain else at
        if stop > at:
            self._append(text[at:stop])
        if stop == len(text):
            return stop
        mark = text[stop]
        if mark == '"':
            self._end_text()
            return stop + 1
        if mark != "\\":
            raise GrowingJSONError(f"a control character {mark!r} inside a text")
        return self._read_escape(text, stop)

    def _read_escape(self, text: str, at: int) -> int:
        """One escape at `at`; what is not whole is held."""
        if at + 1 >= len(text):
            return self._hold(text, at)
        simple = _ESCAPES.get(text[at + 1])
        if simple is not None:
            self._append(simple)
            return at + 2
        if text[at + 1] != "u":
            raise GrowingJSONError(f"an unknown escape {text[at : at + 2]!r}")
        end = at + _UNICODE_ESCAPE
        if end > len(text):
            return self._hold(text, at)
        code = _hexadecimal(text[at + 2 : end])
        if code not in _HIGH:
            self._append("\ufffd" if code in _LOW else chr(code))
            return end
        # Half a character: its other half has to follow, in the same form.
        rest = text[end : end + _UNICODE_ESCAPE]
        if len(rest) < _UNICODE_ESCAPE and "\\u".startswith(rest[:2]):
            return self._hold(text, at)
        low = _hexadecimal(rest[2:]) if rest[:2] == "\\u" else 0
        if low not in _LOW:
            self._append("\ufffd")
            return end
        self._append(chr(0x10000 + ((code - _HIGH.start) << 10) + (low - _LOW.start)))
        return end + _UNICODE_ESCAPE

    def _hold(self, text: str, at: int) -> int:
        self._held = text[at:]
        return len(text)

    def _append(self, piece: str) -> None:
        if self._state is _State.KEY_TEXT:
            self._key_pieces.append(piece)
            return
        # See the theory of operation: whoever holds the text lets go of it, so that it grows in place.
        if not self._stack:
            grown, self._root = self._root, _NOTHING
            grown += piece
            self._root = grown
            return
        container: Any = self._stack[-1]
        key = self._keys[-1]
        grown = container[key]
        container[key] = None
        grown += piece
        container[key] = grown

    def _end_text(self) -> None:
        if self._state is _State.KEY_TEXT:
            self._keys[-1] = "".join(self._key_pieces)
            self._key_pieces.clear()
            self._state = _State.COLON
            return
        held: Any = self._stack[-1] if self._stack else None
        self._value_ended(self._root if held is None else held[self._keys[-1]])

    def _read_bare(self, text: str, at: int, *, is_last: bool) -> int:
        found = _BARE.match(text, at)
        stop = found.end() if found else at
        if stop == len(text) and not is_last and text[at:stop] not in _LITERALS:
            return self._hold(text, at)
        value = _bare_value(text[at:stop] or text[at : at + 1])
        self._put(value)
        self._value_ended(value)
        return stop


def _hexadecimal(digits: str) -> int:
    if not re.fullmatch("[0-9a-fA-F]{4}", digits):
        raise GrowingJSONError(f"an escape of no character: {digits!r}")
    return int(digits, 16)


def _bare_value(word: str) -> Any:
    if word in _LITERALS:
        return _LITERALS[word]
    if not _NUMBER.fullmatch(word):
        raise GrowingJSONError(f"no value begins with {word[:20]!r}")
    return json.loads(word)
