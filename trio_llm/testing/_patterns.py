"""Texts that match a regular expression, drawn by chance: what JSON schemas use of ECMAScript's expressions.

Literals, classes, groups, alternatives, repetitions and anchors are understood; look-around and back-references are
not, and say so.

Source: ECMA-262, "Patterns"; JSON Schema 2020-12 validation, 6.4 ("Regular Expressions" recommends this subset).
"""

from __future__ import annotations

import string
from random import Random
from typing import Final

_MOST_REPEATS: Final = 4
"""More than a repetition needs at least, where it has no end."""
_DIGITS: Final = string.digits
_WORD: Final = string.ascii_letters + string.digits + "_"
_PRINTABLE: Final = "".join(chr(code) for code in range(32, 127))
_CLASSES: Final = {
    "d": _DIGITS,
    "w": _WORD,
    "s": " ",
    "D": "".join(sorted(set(_PRINTABLE) - set(_DIGITS))),
    "W": "".join(sorted(set(_PRINTABLE) - set(_WORD))),
    "S": "".join(sorted(set(_PRINTABLE) - {" "})),
}
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}


class UnknownPatternError(ValueError):
    """An expression with something that is not understood."""


def draw_match(pattern: str, random: Random) -> str:
    """A text that matches.

    Raises:
        UnknownPatternError: for an expression that is none, or has look-around or back-references.
    """
    reader = _PatternReader(pattern, random)
    text = reader.alternatives()
    if reader.place < len(pattern):
        raise UnknownPatternError(f"unexpected {pattern[reader.place]!r} in the pattern {pattern!r}")
    return text


class _PatternReader:
    """Reads an expression and draws as it goes: of alternatives all are drawn, and one is kept."""

    def __init__(self, pattern: str, random: Random) -> None:
        self.place = 0
        self._pattern = pattern
        self._random = random

    def alternatives(self) -> str:
        found = [self._sequence()]
        while self._next_is("|"):
            self.place += 1
            found.append(self._sequence())
        return self._random.choice(found)

    def _next_is(self, characters: str) -> bool:
        return self.place < len(self._pattern) and self._pattern[self.place] in characters

    def _take(self) -> str:
        if self.place == len(self._pattern):
            raise UnknownPatternError(f"the pattern {self._pattern!r} breaks off")
        self.place += 1
        return self._pattern[self.place - 1]

    def _sequence(self) -> str:
        drawn = ""
        while self.place < len(self._pattern) and not self._next_is("|)"):
            drawn += self._repeated()
        return drawn

    def _repeated(self) -> str:
        start = self.place
        first = self._atom()
        end = self.place
        count = self._count()
        after = self.place
        if count == 1:
            return first
        drawn = []
        for _ in range(count):
            self.place = start
            drawn.append(self._atom())
            assert self.place == end
        self.place = after
        return "".join(drawn)

    def _count(self) -> int:
        low, high = 1, 1
        if self._next_is("*+?"):
            sign = self._take()
            low, high = (0, 1) if sign == "?" else (int(sign == "+"), int(sign == "+") + _MOST_REPEATS)
        elif self._next_is("{"):
            text = self._pattern[self.place + 1 : self._pattern.find("}", self.place)]
            least, comma, most = text.partition(",")
            if not least.isdecimal() or (most and not most.isdecimal()):
                return 1  # a brace that is meant as one; it stands as the next literal
            low = int(least)
            high = int(most) if most else low + (_MOST_REPEATS if comma else 0)
            self.place += len(text) + 2
        else:
            return 1
        if self._next_is("?+"):  # a lazy repetition matches the same texts
            self.place += 1
        return self._random.randint(low, min(high, low + _MOST_REPEATS))

    def _atom(self) -> str:
        character = self._take()
        if character in "^$":
            return ""
        if character == "(":
            return self._group()
        if character == "[":
            return self._random.choice(self._class())
        if character == ".":
            return self._random.choice(_WORD)
        if character == "\\" and self._next_is("bB"):
            self.place += 1
            return ""
        return self._random.choice(self._escape()) if character == "\\" else character

    def _group(self) -> str:
        if self._next_is("?"):
            kind = self._pattern[self.place : self.place + 2]
            if kind == "?:":
                self.place += 2
            elif kind == "?<" and self._pattern[self.place + 2 : self.place + 3] not in ("=", "!"):
                self.place = self._pattern.find(">", self.place) + 1
            else:
                raise UnknownPatternError(f"look-around is not understood in the pattern {self._pattern!r}")
        drawn = self.alternatives()
        if self._take() != ")":
            raise UnknownPatternError(f"a group has no end in the pattern {self._pattern!r}")
        return drawn

    def _escape(self) -> str:
        """The characters that an escape stands for."""
        character = self._take()
        if character in "xu":
            size = 2 if character == "x" else 4
            code, self.place = self._pattern[self.place : self.place + size], self.place + size
            return chr(int(code, 16))
        if character.isdecimal():
            raise UnknownPatternError(f"back-references are not understood in the pattern {self._pattern!r}")
        return _CLASSES.get(character) or _ESCAPES.get(character, character)

    def _class(self) -> str:
        inverted = self._next_is("^")
        self.place += int(inverted)
        found: list[str] = []
        while not self._next_is("]") or not found:
            first = self._take()
            characters = self._escape() if first == "\\" else first
            if len(characters) == 1 and self._next_is("-") and self._pattern[self.place + 1 : self.place + 2] != "]":
                self.place += 1
                last = self._take()
                last = self._escape() if last == "\\" else last
                characters = "".join(chr(code) for code in range(ord(characters), ord(last) + 1))
            found += characters
        self.place += 1
        kept = sorted(set(_PRINTABLE) - set(found)) if inverted else found
        if not kept:
            raise UnknownPatternError(f"a class of the pattern {self._pattern!r} has no printable character")
        return "".join(kept)
