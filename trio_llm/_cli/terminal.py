"""Where a command writes to: a terminal, with colours and a size, or a file, with neither."""

from __future__ import annotations

import os
import sys
import unicodedata
from typing import Final, TextIO

import attrs

from .._credentials.variables import environment
from .errors import OutputError

BOLD: Final = "1"
DIM: Final = "2"
RED: Final = "31"
GREEN: Final = "32"
YELLOW: Final = "33"

_FILE_WIDTH: Final = 120
# An answer is somebody else's text: an escape sequence in it could do anything that a terminal can.
_CONTROLS: Final = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ")
_CONTROLS_IN_LINES: Final = {code: "" for code in _CONTROLS if chr(code) not in "\n\t"}


def one_line(text: str) -> str:
    """The text on one line, without characters that a terminal would obey."""
    return " ".join(text.translate(_CONTROLS).split())


def harmless(text: str) -> str:
    """The text with its lines, without characters that a terminal would obey."""
    return text.translate(_CONTROLS_IN_LINES)


def cells(text: str) -> int:
    """How many columns of a terminal a text fills."""
    return sum(_cells_of(char) for char in text)


def _cells_of(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def clip(text: str, width: int) -> str:
    """The beginning of a text, in at most `width` columns."""
    if cells(text) <= width:
        return text
    used = length = 0
    for char in text:
        used += _cells_of(char)
        if used > width - 1:
            break
        length += 1
    return text[:length].rstrip() + "…" if width > 0 else ""


def clip_start(text: str, width: int) -> str:
    """The end of a text, in at most `width` columns."""
    return clip(text[::-1], width)[::-1]


@attrs.frozen
class Screen:
    """A stream and what can be done with it."""

    stream: TextIO
    live: bool
    """Whether lines can be drawn again."""
    colours: bool

    @classmethod
    def of(cls, stream: TextIO) -> Screen:
        """What the stream is, and what the environment (`TERM`, `NO_COLOR`) asks for."""
        variables = environment()
        live = stream.isatty() and variables.get("TERM") != "dumb"
        return cls(stream, live, live and not variables.get("NO_COLOR"))

    def write(self, text: str) -> None:
        """Write it now. Characters that the stream's encoding lacks become question marks.

        Raises:
            BrokenPipeError: if whoever read it has gone.
            OutputError: if it cannot be written.
        """
        encoding = self.stream.encoding or "utf-8"
        try:
            self.stream.write(text.encode(encoding, "replace").decode(encoding))
            self.stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(f"cannot write to {self.stream.name.strip('<>')}: {error.strerror}") from error

    def style(self, text: str, code: str) -> str:
        """The text in a colour, where there are colours."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colours and text else text

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines."""
        try:
            columns, lines = os.get_terminal_size(self.stream.fileno())
        except (OSError, ValueError):
            columns, lines = 0, 0
        # A pseudo-terminal that nobody gave a size has none.
        return columns or _FILE_WIDTH, lines or 24


def standard_screen(*, aside: bool = False) -> Screen:
    """Stdout, or stderr where stdout is for data."""
    return Screen.of(sys.stderr if aside else sys.stdout)
