"""One contract for every framing: any cut gives the same frames, what was cut short is noticed, sizes have limits."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zlib import crc32

import attrs
import pytest
from hypothesis import given, strategies as st

from trio_llm._convert.converter import ConversionError
from trio_llm._convert.narrow import parse_object
from trio_llm._dialects.streaming import FrameStreamDecoder, TruncatedReply
from trio_llm._framing.aws_event_stream import EventMessage, EventStreamDecoder
from trio_llm._framing.frames import FrameCut, FrameTooLarge, Framing, FramingError
from trio_llm._framing.ndjson import NDJSONDecoder
from trio_llm._framing.sse_decoder import ServerSentEvent, SSEDecoder
from trio_llm._types.errors import APIConnectionError, APIResponseValidationError


def message(payload: bytes, headers: bytes = b"") -> bytes:
    prelude = struct.pack(">II", len(payload) + len(headers) + 16, len(headers))
    whole = prelude + struct.pack(">I", crc32(prelude)) + headers + payload
    return whole + struct.pack(">I", crc32(whole))


def header(name: str, value: str) -> bytes:
    return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value.encode())) + value.encode()


@attrs.frozen
class Kind:
    """A framing, how its frames are written, and what a frame holds."""

    open: Callable[[], Framing[Any]]
    open_small: Callable[[], Framing[Any]]
    """With a limit of 100 bytes a frame."""
    write: Callable[[dict[str, Any]], bytes]
    text: Callable[[Any], str | bytes]


KINDS = {
    "sse": Kind(
        SSEDecoder,
        lambda: SSEDecoder(100),
        lambda value: b"event: x\r\ndata: " + json.dumps(value).encode() + b"\r\n\r\n",
        lambda event: event.data,
    ),
    "ndjson": Kind(
        NDJSONDecoder,
        lambda: NDJSONDecoder(100),
        lambda value: json.dumps(value).encode() + b"\r\n",
        lambda line: line,
    ),
    "aws": Kind(
        EventStreamDecoder,
        lambda: EventStreamDecoder(100),
        lambda value: message(json.dumps(value).encode(), header(":event-type", "x")),
        lambda told: told.payload,
    ),
}
every_framing = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
VALUES = st.dictionaries(st.text(max_size=3), st.text(max_size=9) | st.integers(), max_size=3)


def cut(body: bytes, size: int) -> Iterator[bytes]:
    return (body[at : at + size] for at in range(0, len(body), size))


def frames(framing: Framing[Any], body: bytes, size: int) -> list[Any]:
    found = [frame for piece in cut(body, size) for frame in framing.feed(piece)]
    return found + framing.close()


@every_framing
@given(values=st.lists(VALUES, max_size=5), size=st.integers(1, 9))
def test_every_cut_of_a_body_gives_the_frames_that_were_written(
    kind: Kind, values: list[dict[str, Any]], size: int
) -> None:
    framing = kind.open()
    found = frames(framing, b"".join(map(kind.write, values)), size)

    assert [json.loads(kind.text(frame)) for frame in found] == values
    assert framing.failure is None


@every_framing
@given(body=st.binary(max_size=80), sizes=st.tuples(st.integers(1, 7), st.integers(1, 80)))
def test_any_bytes_give_the_same_frames_and_the_same_failure_however_they_are_cut(
    kind: Kind, body: bytes, sizes: tuple[int, int]
) -> None:
    first, second = kind.open_small(), kind.open_small()

    assert frames(first, body, sizes[0]) == frames(second, body, sizes[1])
    assert type(first.failure) is type(second.failure)


class Reader:
    """A dialect's reader that wants objects, and to be told that the last one was read."""

    def __init__(self, kind: Kind) -> None:
        self.finished = False
        self._kind = kind

    @property
    def complete(self) -> bool:
        """Whether the last one was read."""
        return self.finished

    def read(self, frame: Any, /) -> list[dict[str, Any]]:
        """The object in a frame."""
        value = parse_object(self._kind.text(frame))
        self.finished = bool(value.get("last"))
        return [value]

    def close(self) -> list[dict[str, Any]]:
        """Nothing."""
        if not self.finished:
            raise TruncatedReply("there was no last one")
        return []


BODY: list[dict[str, Any]] = [{"a": 1}, {"b": "\u00fc\u2028"}, {"last": True}]


@every_framing
@given(at=st.integers(0, 200), size=st.integers(1, 9))
def test_a_body_that_was_cut_short_anywhere_is_noticed_and_what_came_before_is_kept(
    kind: Kind, at: int, size: int
) -> None:
    whole = b"".join(map(kind.write, BODY))
    decoder = FrameStreamDecoder(kind.open(), Reader(kind))
    got = [chunk for piece in cut(whole[:at], size) for chunk in decoder.feed(piece)] + decoder.close()

    assert got == BODY[: len(got)]
    if len(got) == len(BODY):
        assert decoder.failure is None
    else:
        assert decoder.failure is not None
        assert decoder.failure.kind is APIConnectionError


@every_framing
@pytest.mark.parametrize("frame", [b"null", b"[]", b"42", b'"x"', b"{", b"{}x"])
def test_a_frame_that_is_json_but_no_object_is_an_error(kind: Kind, frame: bytes) -> None:
    mark = b"\x00" * len(frame)
    body = (
        message(frame, header(":event-type", "x"))
        if kind is KINDS["aws"]
        else kind.write({"m": 1}).replace(b'{"m": 1}', frame)
    )
    decoder = FrameStreamDecoder(kind.open(), Reader(kind))
    decoder.feed(kind.write({"a": mark.decode()}) + body)

    assert decoder.failure is not None
    assert decoder.failure.kind is APIResponseValidationError


@every_framing
@pytest.mark.parametrize("size", [1, 7, 10_000_000])
def test_a_frame_past_the_limit_is_refused_and_those_before_it_are_kept(kind: Kind, size: int) -> None:
    framing = kind.open_small()
    big = 400_000 if kind is KINDS["aws"] else 300
    found = frames(framing, kind.write({"a": 1}) + kind.write({"a": "x" * big}) + kind.write({"a": 2}), size)

    assert [json.loads(kind.text(frame)) for frame in found] == [{"a": 1}]
    assert isinstance(framing.failure, FrameTooLarge)


@every_framing
def test_the_limit_is_of_one_frame_and_not_of_the_body(kind: Kind) -> None:
    framing = kind.open_small()

    assert len(frames(framing, kind.write({"a": "x" * 50}) * 2_000, 999)) == 2_000
    assert framing.failure is None


@pytest.mark.parametrize("framing", [SSEDecoder(100), NDJSONDecoder(100)], ids=["sse", "ndjson"])
def test_a_frame_that_never_ends_is_refused_before_its_end(framing: Framing[Any]) -> None:
    for _ in range(11):
        assert framing.feed(b"x" * 10) == []

    assert isinstance(framing.failure, FrameTooLarge)
    assert framing.feed(b"\n\n") == framing.close() == []


@pytest.mark.parametrize("line", [b"data:\n", b"data: \n", b"data:x\n"])
def test_lines_of_data_without_end_count_toward_the_limit(line: bytes) -> None:
    framing = SSEDecoder(1_000)
    for _ in range(1_001):
        assert framing.feed(line) == []

    assert isinstance(framing.failure, FrameTooLarge)


@every_framing
@pytest.mark.parametrize("page", [b"<html><h1>upstream connect error</h1></html>", b"upstream connect error"])
def test_what_is_no_such_stream_is_quoted(kind: Kind, page: bytes) -> None:
    decoder = FrameStreamDecoder(kind.open(), Reader(kind))
    decoder.feed(page)
    decoder.close()

    assert decoder.failure is not None
    assert decoder.failure.kind is APIResponseValidationError
    assert "got 'upstream connect error'" in decoder.failure.message
    assert kind.open().name in decoder.failure.message


# Published by AWS with its implementations of the format.
PUBLISHED: dict[str, tuple[str, dict[str, Any], bytes]] = {
    "empty": ("000000100000000005c248eb7d98c8ff", {}, b""),
    "payload": ("0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936", {}, b"{'foo':'bar'}"),
    "text": (
        "0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e"
        "7b27666f6f273a27626172277d8d9c08b1",
        {"content-type": "application/json"},
        b"{'foo':'bar'}",
    ),
    "number": (
        "0000002d0000001041c424b80a6576656e742d74797065040000a00c7b27666f6f273a27626172277d36f480a0",
        {"event-type": 40972},
        b"{'foo':'bar'}",
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_messages_are_read(name: str) -> None:
    raw, headers, payload = PUBLISHED[name]

    assert frames(EventStreamDecoder(), bytes.fromhex(raw) * 2, 3) == [EventMessage(headers, payload)] * 2


@given(st.sampled_from(sorted(PUBLISHED)), st.integers(0), st.integers(1, 255))
def test_any_changed_byte_of_a_message_is_noticed(name: str, at: int, change: int) -> None:
    raw = bytearray(bytes.fromhex(PUBLISHED[name][0]))
    raw[at % len(raw)] ^= change
    framing = EventStreamDecoder()

    assert frames(framing, bytes(raw), 5) == []
    assert isinstance(framing.failure, FramingError)


def test_a_broken_length_is_not_waited_for() -> None:
    framing = EventStreamDecoder()
    framing.feed(b"\x00\xff" + bytes.fromhex(PUBLISHED["payload"][0])[2:12])

    assert isinstance(framing.failure, FramingError)


HEADERS = (
    b"\x01a\x00"
    b"\x01b\x01"
    b"\x01c\x02\xff"
    b"\x01d\x03\x01\x00"
    b"\x01e\x05\x00\x00\x00\x00\x00\x00\x00\x09"
    b"\x01f\x06\x00\x02\x00\xff"
    b"\x01g\x07\x00\x02\xc3\xbc"
    b"\x01h\x08\x00\x00\x00\x00\x00\x00\x03\xe8"
    b"\x01i\x09" + bytes(range(16))
)


def test_headers_of_every_type_are_read() -> None:
    (told,) = EventStreamDecoder().feed(message(b"", HEADERS))

    assert told.headers == {
        "a": True,
        "b": False,
        "c": -1,
        "d": 256,
        "e": 9,
        "f": b"\x00\xff",
        "g": "\u00fc",
        "h": datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC),
        "i": UUID(bytes=bytes(range(16))),
    }


@pytest.mark.parametrize(
    "headers",
    [
        HEADERS[:-1],
        b"\x01a\x00\x01a\x00",
        b"\x01a\x0a",
        b"\x01a",
        b"\x01a\x07\x00\x09x",
        b"\x01\xff\x00",
        b"\x01a\x07\x00\x01\xff",
        b"\x01a\x08\x7f" + b"\xff" * 7,
    ],
)
def test_malformed_headers_are_an_error(headers: bytes) -> None:
    framing = EventStreamDecoder()

    assert framing.feed(message(b"", headers)) == []
    assert isinstance(framing.failure, FramingError)


def test_exceptions_and_errors_are_told_with_code_and_words() -> None:
    kinds = header(":message-type", "exception") + header(":exception-type", "throttlingException")
    thrown = message(b'{"message": "Slow down"}', kinds)
    kinds = header(":message-type", "error") + header(":error-code", "Internal") + header(":error-message", "Oh")
    broken = message(b"", kinds)
    plain = message(b"{}", header(":message-type", "event") + header(":event-type", "chunk"))
    found = EventStreamDecoder().feed(thrown + broken + plain)

    assert [told.error for told in found] == [
        {"message": "Slow down", "code": "throttlingException"},
        {"message": "Oh", "code": "Internal"},
        None,
    ]
    assert found[2].event_type == "chunk"


def test_the_end_inside_a_message_is_no_malformed_one() -> None:
    framing = EventStreamDecoder()
    framing.feed(bytes.fromhex(PUBLISHED["payload"][0])[:-1])
    framing.close()

    assert isinstance(framing.failure, FrameCut)


def test_lines_without_a_last_newline_and_with_blank_ones_are_read() -> None:
    assert frames(NDJSONDecoder(), b'\xef\xbb\xbf{"a":1}\n\n \r\n{"b":2}', 2) == [b'{"a":1}', b'{"b":2}']


def test_one_object_is_what_a_text_has_to_be() -> None:
    with pytest.raises(ConversionError):
        parse_object(ServerSentEvent(None, "[1]").data)
