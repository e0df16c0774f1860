"""Server-sent events: a feed/close decoder.

Source: WHATWG HTML, "Server-sent events", 9.2.6 (Interpreting an event stream), 2026-11.
"""

from __future__ import annotations

from typing import Final

import attrs

from .frames import MAX_FRAME_SIZE, FrameTooLarge, FramingError

_FIELDS: Final = (b":", b"data:", b"event:", b"id:", b"retry:", b"error:")
_MARK: Final = b"\xef\xbb\xbf"
_HEARTBEATS: Final = frozenset({"ping", "heartbeat", "keepalive", "keep-alive"})


@attrs.define  # one is made for every chunk, and a frozen one takes more than twice the time
class ServerSentEvent:
    """One dispatched event: its name (None where the stream gave none) and its data lines joined."""

    name: str | None
    data: str


class SSEDecoder:
    """Splits a byte stream into events, whatever the pieces and line endings (LF, CRLF, CR).

    Bytes that are no UTF-8 stay recognisable, as `surrogateescape` has them: they may be a part of a character whose
    other part is in the next event. `has_raw_bytes` says that there were some.

    Deviating from the standard on purpose: `id` and `retry` are ignored; an event of white space, or that is named a
    heartbeat, says nothing and is passed over; and data that the end of the stream leaves without its blank line is
    still delivered by `close`, as servers forget it. Servers forget it between events as well: an object, or `[DONE]`,
    on a line of data behind a whole object begins an event. What else they write is an error they tell: on a line
    `error: ...` (llama.cpp until 2025), or as JSON without any field (gateways that hand on the body of an error).
    """

    name: Final = "server-sent events"

    def __init__(self, max_size: int = MAX_FRAME_SIZE) -> None:
        self.failure: FramingError | None = None
        self.has_raw_bytes = False
        self._max_size = max_size
        self._rest = bytearray()
        self._skip_newline = False
        self._started = False
        self._name: str | None = None
        self._data: list[str] = []
        self._named_by_then: str | None = None
        """The name when the data began."""
        self._is_bare = False
        """Whether the data is JSON without a field."""
        self._size = 0

    def may_begin(self, opening: bytes) -> bool:
        """Whether an event stream can begin like this."""
        opening = opening.removeprefix(_MARK)
        return any(opening.startswith(field) or field.startswith(opening) for field in _FIELDS)

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        """The events that this piece completes. An event past the size limit is a `failure`."""
        if self._skip_newline and data:
            data = data.removeprefix(b"\n")
            self._skip_newline = False
        if not data or self.failure is not None:
            return []
        # A CR at the very end may be half of a CRLF: it ends the line now, and a LF that follows is skipped.
        self._skip_newline = data.endswith(b"\r")
        self._rest += data
        events: list[ServerSentEvent] = []
        try:
            if b"\n" not in data and b"\r" not in data:
                self._check(len(self._rest))
                return events
            text = bytes(self._rest)
            if b"\r" in text:
                text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            end = text.rfind(b"\n") + 1
            self._rest = bytearray(text[end:])
            self._read_blocks(self._decoded(text[:end]), events)
            self._check(len(self._rest))
        except FrameTooLarge as error:
            self.failure = error
        return events

    def close(self) -> list[ServerSentEvent]:
        """The last event, if the stream ended without its blank line."""
        events: list[ServerSentEvent] = []
        if self.failure is None:
            lines = [self._decoded(self._rest), ""] if self._rest else [""]
            self._rest.clear()
            try:
                self._read(lines, events)
            except FrameTooLarge as error:
                self.failure = error
        return events

    def _decoded(self, data: bytes | bytearray) -> str:
        try:
            return data.decode()
        except UnicodeDecodeError:
            self.has_raw_bytes = True
            return data.decode("utf-8", "surrogateescape")

    def _check(self, unfinished: int) -> None:
        if self._size + unfinished > self._max_size:
            raise FrameTooLarge(f"an event exceeds {self._max_size} bytes")

    def _read_blocks(self, text: str, events: list[ServerSentEvent]) -> None:
        *blocks, last = text.split("\n\n")
        for block in blocks:
            # Nearly all events are one line of JSON, behind their name or alone: the shortest way is for them.
            name, data, begin = None, block, block[:7]
            if begin == "event: ":
                line, _, data = block.partition("\n")
                name, begin = line[7:], data[:7]
            if begin == "data: {" and "\n" not in data and self._name is None and not self._data:
                if len(data) > self._max_size:
                    self._check(len(data))
                self._started = True
                if name not in _HEARTBEATS:
                    events.append(ServerSentEvent(name, data[6:]))
            else:
                self._read([*block.split("\n"), ""], events)
        self._read(last.split("\n")[:-1], events)

    def _read(self, lines: list[str], events: list[ServerSentEvent]) -> None:
        for line in lines:
            if not line:
                if self._data:
                    self._dispatch(self._name, events)
                self._name = None
            else:
                self._line(line, events)

    def _dispatch(self, name: str | None, events: list[ServerSentEvent]) -> None:
        data = "\n".join(self._data)
        self._data, self._size, self._is_bare = [], 0, False
        if name not in _HEARTBEATS and not data.isspace() and data:
            events.append(ServerSentEvent(name, data))

    def _line(self, line: str, events: list[ServerSentEvent]) -> None:
        if not self._started:
            self._started = True
            line = line.removeprefix("\ufeff")
        field, _, value = line.partition(":")
        if field == "data":
            value = value.removeprefix(" ")
            if self._data and self._begins_event(value):
                self._dispatch(self._named_by_then, events)
            self._add(value)
        elif field == "event":
            self._name = value.removeprefix(" ")
        elif field == "error" and value:
            self._name = "error"
            self._add(value.strip())
        elif self._is_bare or (line[:1] == "{" and not self._data):
            self._is_bare = True
            self._add(line)

    def _add(self, value: str) -> None:
        self._size += len(value) + 1  # an empty line is kept as well
        self._check(0)
        if not self._data:
            self._named_by_then = self._name
        self._data.append(value)

    def _begins_event(self, value: str) -> bool:
        """Whether a line cannot go on with the data before it: both together would be no JSON."""
        return self._data[-1].endswith("}") and self._data[0][:1] == "{" and value.lstrip()[:1] in ("{", "[")
