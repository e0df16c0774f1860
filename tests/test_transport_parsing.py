"""The reply parser agrees with h11, on good replies and bad ones; the pool and the coding alone."""

from __future__ import annotations

import gzip
import zlib

import attrs
import h11
import pytest
from hypothesis import example, given, strategies as st

from trio_llm._transport import ReplyError
from trio_llm._transport.content import Body
from trio_llm._transport.h1 import ReplyLimits, ReplyParser, encode_head, encode_request
from trio_llm._transport.pool import IdlePool
from trio_llm._types.http import HTTPRequest, Origin

ORIGIN = Origin("http", "example.com", 80)
TOKENS = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=8)
RESERVED = {"content-length", "transfer-encoding", "connection", "content-encoding", "upgrade"}
FIELDS = st.lists(
    st.tuples(
        TOKENS.filter(lambda name: name not in RESERVED),
        st.text("abc 123,;=\xe9", max_size=12).map(str.strip),
    ),
    max_size=5,
)


@attrs.frozen
class Outcome:
    """What a parser made of a connection's bytes."""

    status: int | None
    headers: dict[str, str]
    body: bytes
    complete: bool


def joined(fields: list[tuple[str, str]]) -> dict[str, str]:
    """Fields by name, repeated ones joined."""
    headers: dict[str, str] = {}
    for name, value in fields:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def parse(pieces: list[bytes]) -> Outcome:
    """Feed our parser, then the end of the connection."""
    parser = ReplyParser(ReplyLimits())
    body = b""
    for piece in [*pieces, b""]:
        if not (parser.complete or parser.error):
            parser.feed(piece)
        try:
            while data := parser.read():
                body += data
        except ReplyError:
            break
    head = parser.head
    return Outcome(head.status if head else None, dict(head.headers) if head else {}, body, parser.complete)


def parse_with_h11(pieces: list[bytes]) -> Outcome:
    """The same with h11."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=65_536)
    connection.send(h11.Request(method="POST", target="/", headers=[("host", "a"), ("content-length", "0")]))
    connection.send(h11.EndOfMessage())
    status: int | None = None
    headers: dict[str, str] = {}
    body, complete = b"", False
    try:
        for piece in [*pieces, b""]:
            connection.receive_data(piece)
            while not complete and (event := connection.next_event()) is not h11.NEED_DATA:
                match event:
                    case h11.Response(status_code=int(status), headers=fields):
                        headers = joined([(n.decode(), v.decode("latin-1")) for n, v in fields])
                    case h11.Data(data=data):
                        body += bytes(data)
                    case h11.EndOfMessage():
                        complete = True
            if complete:
                break
    except h11.RemoteProtocolError:
        pass
    return Outcome(status, headers, body, complete)


@st.composite
def replies(draw: st.DrawFn) -> bytes:
    """A valid reply, in any framing, after any number of interim ones."""
    status = draw(st.sampled_from([200, 201, 204, 304, 400, 404, 429, 500, 529]))
    fields = draw(FIELDS)
    body = draw(st.binary(max_size=40))
    framing = draw(st.sampled_from(["length", "chunked", "close"]))
    if status in {204, 304}:
        body, framing = b"", "close"
    if framing == "length":
        fields.append(("Content-Length", str(len(body))))
    if framing == "chunked":
        fields.append(("Transfer-Encoding", "chunked"))
        cuts = sorted(draw(st.lists(st.integers(1, max(1, len(body) - 1)), max_size=3, unique=True)))
        parts = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True) if body[start:end]]
        body = b"".join(b"%x%s\r\n%s\r\n" % (len(part), draw(EXTENSIONS), part) for part in parts) + b"0\r\n\r\n"
    interim = b"HTTP/1.1 100 Continue\r\n\r\n" * draw(st.integers(0, 2))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return interim + f"HTTP/1.1 {status} Some Words\r\n{head}\r\n".encode("latin-1") + body


EXTENSIONS = st.sampled_from([b"", b";a", b";a=b", b";a=b;c"])


def split(wire: bytes, cuts: list[int]) -> list[bytes]:
    """A message in pieces, none of them empty."""
    places = sorted({cut % (len(wire) + 1) for cut in cuts} - {0, len(wire)})
    return [wire[start:end] for start, end in zip([0, *places], [*places, len(wire)], strict=True)]


@given(replies(), st.lists(st.integers(0, 2_000), max_size=6))
def test_valid_replies_are_read_as_h11_reads_them_however_they_are_split(wire: bytes, cuts: list[int]) -> None:
    outcome = parse(split(wire, cuts))

    assert outcome == parse_with_h11([wire])
    assert outcome.complete


@given(replies(), st.integers(0, 2_000), st.binary(max_size=3), st.integers(0, 3))
@example(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", 20, b"\0", 1)
def test_where_both_accept_a_damaged_reply_they_read_the_same(
    wire: bytes, place: int, junk: bytes, removed: int
) -> None:
    place %= len(wire)
    damaged = wire[:place] + junk + wire[place + removed :]
    ours, theirs = parse([damaged] if damaged else []), parse_with_h11([damaged])

    if ours.complete and theirs.complete:
        assert ours.body == theirs.body
        assert ours.status == theirs.status


@given(st.lists(st.tuples(replies(), st.lists(st.integers(0, 2_000), max_size=3), st.booleans()), max_size=4))
def test_replies_of_one_connection_are_read_as_if_each_had_its_own(
    exchanges: list[tuple[bytes, list[int], bool]],
) -> None:
    parser = ReplyParser(ReplyLimits())
    for wire, cuts, is_read in exchanges:
        for piece in split(wire, cuts):
            parser.feed(piece)
        alone = parse([wire])
        assert parser.head is not None
        assert (parser.head.status, dict(parser.head.headers)) == (alone.status, alone.headers)
        body = b""
        while is_read and (data := parser.read()):
            body += data
        assert body == (alone.body if is_read else b"")
        if not parser.keep_alive:
            break
        parser.restart()
        assert (parser.is_decided, parser.complete, parser.started) == (False, False, False)
        assert parser.read() is None


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=5))
def test_no_bytes_make_the_parser_raise_while_it_is_fed(pieces: list[bytes]) -> None:
    parser = ReplyParser(ReplyLimits(head=100, body=100))
    for piece in [*pieces, b"", *pieces]:
        parser.feed(piece)

    assert not parser.keep_alive
    assert parser.error is not None or parser.complete


@given(replies())
def test_a_reply_cut_off_is_never_complete_unless_its_end_is_the_end_of_the_connection(wire: bytes) -> None:
    whole = parse([wire])
    until_close = not {"content-length", "transfer-encoding"} & whole.headers.keys()
    for cut in range(1, len(wire)):
        outcome = parse([wire[:cut]])
        assert whole.body.startswith(outcome.body)
        assert not outcome.complete or until_close


def test_bytes_after_a_reply_cost_the_connection_and_nothing_else() -> None:
    parser = ReplyParser(ReplyLimits())
    parser.feed(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nxHTTP/1.1 500 Oops\r\n\r\n")

    assert (parser.complete, parser.keep_alive, parser.error) == (True, False, None)
    assert (parser.read(), parser.read()) == (b"x", b"")


@pytest.mark.parametrize(
    ("wire", "keep_alive"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", True),
    ],
)
def test_whether_the_connection_goes_on_is_what_version_and_header_say(wire: bytes, *, keep_alive: bool) -> None:
    parser = ReplyParser(ReplyLimits())
    parser.feed(wire)

    assert parser.complete
    assert parser.keep_alive is keep_alive


def test_trailers_without_end_are_an_error() -> None:
    parser = ReplyParser(ReplyLimits(head=1_000))
    parser.feed(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nt: ")
    for _ in range(20):
        parser.feed(b"y" * 100)

    assert parser.read() == b"x"
    with pytest.raises(ReplyError, match="1000 bytes"):
        parser.read()


def test_the_size_of_a_body_that_is_read_as_it_comes_is_not_counted_as_head() -> None:
    parser = ReplyParser(ReplyLimits(head=100))
    parser.feed(b"HTTP/1.1 200 OK\r\ncontent-length: 10000\r\n\r\n")
    for _ in range(100):
        parser.feed(b"y" * 100)

    assert parser.complete
    assert parser.error is None


def test_a_request_without_body_has_a_length_only_where_one_is_expected() -> None:
    post, get = (
        encode_request(encode_head(ORIGIN, method, "/", ()), HTTPRequest(method, "/", ())) for method in ("POST", "GET")
    )

    assert b"\r\ncontent-length: 0\r\n" in post
    assert b"content-length" not in get


@given(st.binary(max_size=200_000), st.sampled_from(["gzip", "deflate", "raw", ""]), st.integers(1, 5_000))
def test_a_body_is_decoded_however_it_is_split(data: bytes, coding: str, size: int) -> None:
    packed = {
        "gzip": gzip.compress(data),
        "deflate": zlib.compress(data),
        "raw": zlib.compress(data, wbits=-15),
        "": data,
    }[coding]
    body = Body(coding.replace("raw", "deflate"), len(data))
    unpacked = b""
    for start in range(0, len(packed), size):
        body.feed(packed[start : start + size])
        while piece := body.read():
            unpacked += piece
    body.end()

    assert unpacked == data


def test_bytes_after_compressed_data_are_ignored() -> None:
    body = Body("x-gzip", 100)
    body.feed(gzip.compress(b"hello") + b"junk")

    assert body.read() == b"hello"
    body.feed(b"more junk")
    assert body.read() == b""
    body.end()


def test_nothing_at_all_is_a_complete_compressed_body() -> None:
    body = Body("gzip", 0)

    assert body.read() == b""
    body.end()


class FakeStream:
    """A connection to which things happen only as a test says."""

    def __init__(self, waiting: bytes | OSError | None = None) -> None:
        self.waiting = waiting
        self.closed = False

    def is_quiet(self) -> bool:
        """Whether nothing waits."""
        if isinstance(self.waiting, OSError):
            raise self.waiting
        return self.waiting is None

    def close(self) -> None:
        """Close it."""
        self.closed = True


def test_the_pool_gives_the_last_connection_first_and_only_to_its_origin() -> None:
    pool = IdlePool[FakeStream](max_idle=10, expiry=10)
    first, second, other = FakeStream(), FakeStream(), FakeStream()
    pool.give(ORIGIN, first, 0)
    pool.give(ORIGIN, second, 0)
    pool.give(Origin("https", "example.com", 443), other, 0)

    assert [pool.take(ORIGIN, 1) for _ in range(3)] == [second, first, None]
    assert len(pool) == 1
    assert not other.closed


def test_the_pool_closes_what_is_too_old_whatever_its_origin() -> None:
    pool = IdlePool[FakeStream](max_idle=10, expiry=10)
    old, young = FakeStream(), FakeStream()
    pool.give(Origin("http", "old.example", 80), old, 0)
    pool.give(ORIGIN, young, 5)

    assert pool.take(ORIGIN, 10) is young
    assert old.closed
    assert len(pool) == 0


@pytest.mark.parametrize("waiting", [b"", b"HTTP/1.1 408", OSError("reset")])
def test_the_pool_closes_what_is_no_longer_quiet(waiting: bytes | OSError) -> None:
    pool = IdlePool[FakeStream](max_idle=10, expiry=10)
    quiet, dead = FakeStream(), FakeStream(waiting)
    pool.give(ORIGIN, quiet, 0)
    pool.give(ORIGIN, dead, 0)

    assert pool.take(ORIGIN, 1) is quiet
    assert dead.closed


def test_the_pool_looks_at_what_was_given_a_moment_ago() -> None:
    pool = IdlePool[FakeStream](max_idle=10, expiry=10)
    stream = FakeStream()
    pool.give(ORIGIN, stream, 5)
    stream.waiting = b"HTTP/1.1 408"

    assert pool.take(ORIGIN, 5) is None
    assert stream.closed


def test_every_use_of_the_pool_looks_at_others_until_all_were_looked_at() -> None:
    pool = IdlePool[FakeStream](max_idle=1_000, expiry=1_000)
    streams = [FakeStream() for _ in range(150)]
    for number, stream in enumerate(streams):
        pool.give(ORIGIN, stream, number * 1e-6)
    for stream in streams[::2]:
        stream.waiting = b""

    for now in (1, 2, 3):
        pool.take(Origin("http", "other.example", 80), now)

    assert [stream.closed for stream in streams] == [True, False] * 75


def test_the_pool_closes_a_connection_whose_peer_is_heard_while_it_is_idle() -> None:
    pool = IdlePool[FakeStream](max_idle=10, expiry=10)
    idle, in_use, ticket = FakeStream(), FakeStream(b""), FakeStream()
    pool.give(ORIGIN, idle, 0)
    pool.give(ORIGIN, ticket, 0)
    idle.waiting = b""
    for stream in (idle, in_use, ticket):
        pool.heard(stream)

    assert [stream.closed for stream in (idle, in_use, ticket)] == [True, False, False]


def test_the_pool_keeps_no_more_over_all_origins_than_it_may() -> None:
    pool = IdlePool[FakeStream](max_idle=10, expiry=10, max_total=3)
    streams = [FakeStream() for _ in range(5)]
    for number, stream in enumerate(streams):
        pool.give(Origin("http", f"{number % 2}.example", 80), stream, 0)

    assert [stream.closed for stream in streams] == [True, True, False, False, False]
    assert pool.close_oldest()
    assert streams[2].closed


def test_the_fields_of_a_head_are_those_of_its_lines() -> None:
    parser = ReplyParser(ReplyLimits())
    parser.feed(b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 200 OK\r\nX-A: 1\r\nx-b:\t2 \r\nx-a: 3")
    parser.feed(b"\r\ncontent-length: 1\r\n\r\nx-c: no field")

    assert parser.head is not None
    assert parser.head.headers == {"x-a": "1, 3", "x-b": "2", "content-length": "1"}
    assert len(parser.head.headers) == 3
    assert repr(parser.head.headers) == "{'x-a': '1, 3', 'x-b': '2', 'content-length': '1'}"


@pytest.mark.parametrize("field", ["Transfer-Encoding: gzip", "TRANSFER-ENCODING: chunked, gzip"])
def test_a_transfer_coding_is_seen_however_it_is_written(field: str) -> None:
    parser = ReplyParser(ReplyLimits())
    parser.feed(f"HTTP/1.1 200 OK\r\nvary: accept-encoding: x\r\n{field}\r\n\r\n".encode())

    with pytest.raises(ReplyError, match="unknown transfer-encoding"):
        parser.read()


def test_the_pool_keeps_the_newest_of_an_origin_and_closes_all_in_the_end() -> None:
    pool = IdlePool[FakeStream](max_idle=2, expiry=10)
    streams = [FakeStream() for _ in range(3)]
    for stream in streams:
        pool.give(ORIGIN, stream, 0)

    assert [stream.closed for stream in streams] == [True, False, False]
    pool.close()
    assert all(stream.closed for stream in streams)
    assert len(pool) == 0


@pytest.mark.parametrize(
    "head",
    [
        b"content-length: 5\r\ncontent-length: 6",
        b"content-length: 5, 6",
        b"content-length: five",
        b"content-length: -5",
        b"content-length: 5\r\ntransfer-encoding: gzip",
        b"content-length: 5\r\nbad name: x\r\n more",
    ],
)
def test_a_head_that_says_two_things_or_nonsense_is_not_mended(head: bytes) -> None:
    parser = ReplyParser(ReplyLimits())
    parser.feed(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\nhello!")

    with pytest.raises(ReplyError):
        while parser.read():
            pass
    assert not parser.keep_alive


def test_a_head_that_could_be_mended_and_never_ends_is_too_long_in_the_end() -> None:
    parser = ReplyParser(ReplyLimits(head=1_000))
    parser.feed(b"HTTP/1.1 200 OK\r\nx: y\r\n folded: ")
    assert parser.error is None
    for _ in range(11):
        parser.feed(b"x" * 100)

    assert "more than 1000 bytes" in str(parser.error)


words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=5)


@given(lines=st.lists(st.lists(words, min_size=1, max_size=4), min_size=1, max_size=4), cut=st.integers(0, 200))
def test_folded_lines_are_one_value_however_they_arrive(lines: list[list[str]], cut: int) -> None:
    fields = "".join(f"x-{number}: " + "\r\n\t ".join(line) + "\r\n" for number, line in enumerate(lines))
    wire = f"HTTP/1.1 200 OK\r\n{fields}content-length: 0\r\n\r\n".encode()
    parser = ReplyParser(ReplyLimits())
    for piece in (wire[:cut], wire[cut:]):
        if piece:
            parser.feed(piece)

    assert parser.head is not None
    for number, line in enumerate(lines):
        assert parser.head.headers[f"x-{number}"] == " ".join(line)
    assert parser.keep_alive


@given(members=st.lists(st.binary(max_size=3_000), min_size=1, max_size=5), size=st.integers(1, 500))
def test_every_split_of_gzip_in_members_gives_all_of_them(members: list[bytes], size: int) -> None:
    packed = b"".join(map(gzip.compress, members))
    body = Body("x-gzip", 1 << 20)
    got = b""
    for start in range(0, len(packed), size):
        body.feed(packed[start : start + size])
        while piece := body.read():
            got += piece

    body.end()
    assert got == b"".join(members)


def test_of_two_content_codings_neither_is_guessed() -> None:
    body = Body("gzip, br", 100)
    body.feed(b"x")

    with pytest.raises(ReplyError, match="gzip, br"):
        body.read()
