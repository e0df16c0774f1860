"""Server-sent events, however the network cuts them."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from trio_llm._framing.sse_decoder import ServerSentEvent, SSEDecoder

LINE = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=12)
NAME = st.none() | LINE
EVENT = st.tuples(NAME, st.lists(LINE, min_size=1, max_size=3))
END_OF_LINE = st.sampled_from(["\n", "\r", "\r\n"])


def encode(events: list[tuple[str | None, list[str]]], end: str) -> bytes:
    lines: list[str] = []
    for name, data in events:
        lines += [] if name is None else [f"event: {name}"]
        lines += [": a comment", "id: 7", "retry: 9", *(f"data: {line}" for line in data), ""]
    return "".join(line + end for line in lines).encode()


def decode(stream: bytes, size: int) -> list[ServerSentEvent]:
    decoder = SSEDecoder()
    events = [event for at in range(0, len(stream), size) for event in decoder.feed(stream[at : at + size])]
    return events + decoder.close()


@given(events=st.lists(EVENT, max_size=5), end=END_OF_LINE, size=st.integers(1, 7), mark=st.booleans())
def test_every_split_of_a_stream_decodes_to_the_events_that_were_encoded(
    events: list[tuple[str | None, list[str]]], end: str, size: int, mark: bool
) -> None:
    stream = b"\xef\xbb\xbf" * mark + encode(events, end)

    said = [ServerSentEvent(name, "\n".join(data)) for name, data in events if "".join(data).strip()]
    assert decode(stream, size) == said


@given(stream=st.binary(max_size=60), cut=st.integers(0, 60))
def test_where_any_bytes_are_cut_makes_no_difference(stream: bytes, cut: int) -> None:
    decoder = SSEDecoder()

    events = decoder.feed(stream[:cut]) + decoder.feed(stream[cut:]) + decoder.close()

    assert events == decode(stream, 1) == decode(stream, 61)


@given(lines=st.lists(st.sampled_from([b"data: x", b"event: e", b": c", b""]), max_size=12), ends=st.data())
def test_line_endings_may_be_mixed(lines: list[bytes], ends: st.DataObject) -> None:
    mixed = b"".join(line + ends.draw(st.sampled_from([b"\n", b"\r\n"])) for line in lines)

    assert decode(mixed, 3) == decode(b"".join(line + b"\n" for line in lines), 100)


def test_an_event_is_delivered_with_its_blank_line_and_not_before() -> None:
    decoder = SSEDecoder()

    assert decoder.feed(b"data: x\n") == []
    assert decoder.feed(b"\n") == [ServerSentEvent(None, "x")]


def test_a_carriage_return_ends_a_line_without_waiting_for_what_follows() -> None:
    decoder = SSEDecoder()

    assert decoder.feed(b"data: x\r\r") == [ServerSentEvent(None, "x")]
    assert decoder.feed(b"") == []
    assert decoder.feed(b"\n") == []
    assert decoder.feed(b"data: y\r\n\r\n") == [ServerSentEvent(None, "y")]


def test_the_last_event_is_delivered_without_its_blank_line() -> None:
    decoder = SSEDecoder()

    assert decoder.feed(b"event: end\ndata: x") == []
    assert decoder.close() == [ServerSentEvent("end", "x")]
    assert decoder.close() == []


def test_a_name_without_data_makes_no_event_and_is_forgotten() -> None:
    assert decode(b"event: ping\n\ndata: x\n\n", 100) == [ServerSentEvent(None, "x")]


def test_only_one_space_after_the_colon_belongs_to_the_syntax() -> None:
    assert decode(b"data:  x\ndata:y\ndata\n\n", 100) == [ServerSentEvent(None, " x\ny\n")]


def test_line_separators_of_unicode_end_no_line() -> None:
    assert decode("data: a\u2028b\x85c\n\n".encode(), 1) == [ServerSentEvent(None, "a\u2028b\x85c")]


def test_bytes_that_are_no_text_stay_recognisable() -> None:
    decoder = SSEDecoder()

    assert decoder.feed(b"data: a\n\n") == [ServerSentEvent(None, "a")]
    assert not decoder.has_raw_bytes
    (event,) = decoder.feed(b"data: \xff\n\n")
    assert decoder.has_raw_bytes
    assert event.data.encode("utf-8", "surrogateescape") == b"\xff"


@pytest.mark.parametrize("blank", [b"data:\n\n", b"data: \n\n", b"data:\ndata: \t\n\n", b"event: ping\ndata: null\n\n"])
def test_an_event_that_says_nothing_is_passed_over(blank: bytes) -> None:
    assert decode(blank + b"data: x\n\n" + blank, 100) == [ServerSentEvent(None, "x")]
