"""Server-sent events: a feed/close decoder.

Source: WHATWG HTML, "Server-sent events", 9.2.6 (Interpreting an event stream), 2026-11.
"""

from __future__ import annotations

import attrs

MAX_EVENT_SIZE = 64 * 1024 * 1024
"""Bytes of one unfinished event. Images travel inside events; a peer that never ends one is hostile."""


class EventTooLarge(Exception):
    """One event exceeded `MAX_EVENT_SIZE`."""


@attrs.frozen
class ServerSentEvent:
    """One dispatched event: its name (None where the stream gave none) and its data lines joined."""

    name: str | None
    data: str


class SSEDecoder:
    """Splits a byte stream into events, whatever the pieces and line endings (LF, CRLF, CR).

    Deviating from the standard on purpose: `id` and `retry` are ignored, and data that the end of the
    stream leaves without its blank line is still delivered by `close`, as servers forget it.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._skip_newline = False
        self._started = False
        self._name: str | None = None
        self._data: list[str] = []
        self._size = 0

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """The events that this piece completes.

        Raises:
            EventTooLarge: if an event grows past the limit.
        """
        if self._skip_newline and data:
            data = data.removeprefix(b"\n")
            self._skip_newline = False
        if not data:
            return []
        # A CR at the very end may be half of a CRLF: it ends the line now, and a LF that follows is skipped.
        self._skip_newline = data.endswith(b"\r")
        self._rest += data
        if b"\n" not in data and b"\r" not in data:
            self._check(len(self._rest))
            return []
        text = bytes(self._rest)
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = text.split(b"\n")
        self._rest = bytearray(rest)
        self._check(len(rest))
        return self._events(lines)

    def close(self) -> list[ServerSentEvent]:
        """The last event, if the stream ended without its blank line."""
        lines = [bytes(self._rest), b""] if self._rest else [b""]
        self._rest.clear()
        return self._events(lines)

    def _check(self, unfinished: int) -> None:
        if self._size + unfinished > MAX_EVENT_SIZE:
            raise EventTooLarge(f"an event exceeds {MAX_EVENT_SIZE} bytes")

    def _events(self, lines: list[bytes]) -> list[ServerSentEvent]:
        events: list[ServerSentEvent] = []
        for line in lines:
            if not line:
                if self._data:
                    events.append(ServerSentEvent(self._name, "\n".join(self._data)))
                    self._data, self._size = [], 0
                self._name = None
            else:
                self._line(line)
        return events

    def _line(self, line: bytes) -> None:
        if not self._started:
            self._started = True
            line = line.removeprefix(b"\xef\xbb\xbf")
        field, _, value = line.partition(b":")
        if field == b"data":
            self._size += len(value)
            self._check(0)
            self._data.append(value.removeprefix(b" ").decode("utf-8", "replace"))
        elif field == b"event":
            self._name = value.removeprefix(b" ").decode("utf-8", "replace")
