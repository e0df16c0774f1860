"""JSON texts, one a line: a feed/close decoder.

The lines are handed on as they are; that each is an object is for the dialect to say. A line that the end of the body
leaves without its newline is delivered by `close`: servers forget it, and a text that was cut shows when it is parsed.
Some gateways write such lines as server-sent events; then they are the data of those, and the other fields say nothing.

Source: https://github.com/ndjson/ndjson-spec, 1.0; Ollama's docs/api.md, "Streaming responses", 2026-11.
"""

from __future__ import annotations

from typing import Final

from .frames import MAX_FRAME_SIZE, FrameTooLarge, FramingError

_MARK: Final = b"\xef\xbb\xbf"
_FRAMED: Final = (b"data:", b"event:", b":")
_NOTHING: Final = (b"event:", b"id:", b"retry:", b":", b"[DONE]")


class NDJSONDecoder:
    """Splits a byte stream into lines, whatever the pieces; blank ones are passed over."""

    name: Final = "lines of JSON"

    def __init__(self, max_size: int = MAX_FRAME_SIZE) -> None:
        self.failure: FramingError | None = None
        self._max_size = max_size
        self._rest = bytearray()
        self._started = False

    def may_begin(self, opening: bytes) -> bool:
        """Whether lines of JSON objects can begin like this."""
        opening = opening.removeprefix(_MARK).lstrip()
        framed = any(opening.startswith(field) or field.startswith(opening) for field in _FRAMED)
        return framed or opening[:1] == b"{" or _MARK.startswith(opening)

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that this piece completes. A line past the size limit is a `failure`."""
        if not data or self.failure is not None:
            return []
        self._rest += data
        lines: list[bytes] = []
        if b"\n" in data:
            *whole, rest = bytes(self._rest).split(b"\n")
            self._rest = bytearray(rest)
            for line in whole:
                self._take(line, lines)
        if len(self._rest) > self._max_size and self.failure is None:
            self.failure = self._too_large()
        return lines

    def close(self) -> list[bytes]:
        """The last line, if it had no newline."""
        lines: list[bytes] = []
        if self.failure is None:
            self._take(bytes(self._rest), lines)
            self._rest.clear()
        return lines

    def _take(self, line: bytes, lines: list[bytes]) -> None:
        if self.failure is not None:
            return
        if len(line) > self._max_size:
            self.failure = self._too_large()
            return
        if not self._started and line:
            self._started = True
            line = line.removeprefix(_MARK)
        line = line.strip()
        if line[:1] != b"{":
            line = line.removeprefix(b"data:").lstrip()
            if line.startswith(_NOTHING):
                return
        if line:
            lines.append(line)

    def _too_large(self) -> FrameTooLarge:
        return FrameTooLarge(f"a line exceeds {self._max_size} bytes")
