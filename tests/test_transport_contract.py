"""What every transport does, whatever its peer does: on both event loops, against real sockets."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
from exchanges import CHUNKED, OPENERS, Blocks
from scripted_server import Peer, answering, reply, serving

from trio_llm._runtime import trio
from trio_llm._transport import ReplyError, Transport, TransportError, TransportStatistics
from trio_llm._transport.tls import default_context
from trio_llm._types.http import HTTPRequest, Origin, ReplyHead

pytestmark = pytest.mark.anyio

POST = HTTPRequest("POST", "/v1/chat", (("content-type", "application/json"), ("x-key", "k")), b'{"a": 1}')
GET = HTTPRequest("GET", "/v1/models?limit=2", (("accept", "*/*"),))
OpenTransport = Callable[[], Any]


@pytest.fixture(params=OPENERS)
def opened(request: pytest.FixtureRequest) -> OpenTransport:
    """Opens a transport of each kind, for a block that may take ten seconds at most."""

    @asynccontextmanager
    async def opened_transport() -> AsyncIterator[Transport]:
        transport = OPENERS[request.param](default_context())
        with trio.fail_after(10):
            try:
                yield transport
            finally:
                await transport.aclose()
        assert transport.statistics() == TransportStatistics(0, 0)

    return opened_transport


async def exchange(transport: Transport, origin: Origin, request: HTTPRequest = POST) -> tuple[ReplyHead, bytes]:
    """One request, its reply read to the end."""
    received = await transport.send(origin, request)
    try:
        body = b""
        while piece := await received.read():
            body += piece
        return received.head, body
    finally:
        await received.aclose()


async def test_a_request_arrives_as_it_was_described(opened: OpenTransport) -> None:
    requests: list[bytes] = []

    def script(peer: Peer) -> None:
        while request := peer.read_request():
            requests.append(request)
            peer.send(reply())

    with serving(script) as server:
        async with opened() as transport:
            await exchange(transport, server.origin, POST)
            await exchange(transport, server.origin, GET)

    post, get = requests
    assert post.startswith(b"POST /v1/chat HTTP/1.1\r\n")
    assert post.endswith(b'\r\n\r\n{"a": 1}')
    assert get.startswith(b"GET /v1/models?limit=2 HTTP/1.1\r\n")
    host = server.origin.netloc.encode()
    for line in (b"host: " + host, b"content-length: 8", b"content-type: application/json", b"x-key: k"):
        assert line in post.lower().split(b"\r\n")
    assert b"content-length" not in get.lower()


@attrs.frozen
class Framing:
    """A reply on the wire, and what has to come of it."""

    wire: bytes
    body: bytes
    status: int = 200
    ends: bool = False
    """Whether the peer closes after it."""


FRAMINGS = {
    "content-length": Framing(reply(b"hello"), b"hello"),
    "empty": Framing(reply(), b""),
    "no content": Framing(b"HTTP/1.1 204 No Content\r\n\r\n", b"", 204),
    "not modified": Framing(b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n", b"", 304),
    "chunked": Framing(CHUNKED + b"3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", b"hello"),
    "chunked, extension and trailer": Framing(CHUNKED + b'5;a="b"\r\nhello\r\n0;c\r\nx-sum: 1\r\n\r\n', b"hello"),
    "until close": Framing(b"HTTP/1.1 200 OK\r\nx: y\r\n\r\nhello", b"hello", ends=True),
    "connection: close": Framing(reply(b"hello", b"connection: close"), b"hello", ends=True),
    "HTTP/1.0": Framing(b"HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello", b"hello", ends=True),
    "HTTP/1.0 until close": Framing(b"HTTP/1.0 200 OK\r\n\r\nhello", b"hello", ends=True),
    "interim": Framing(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + reply(b"hello"), b"hello"),
    "continue": Framing(b"HTTP/1.1 100 Continue\r\n\r\n" * 2 + reply(b"hello"), b"hello"),
    "error": Framing(reply(b"no", status=b"503 Service Unavailable"), b"no", 503),
    "redirect": Framing(reply(b"", b"location: /elsewhere", status=b"302 Found"), b"", 302),
    "no reason": Framing(b"HTTP/1.1 200 \r\ncontent-length: 1\r\n\r\nx", b"x"),
    "gzip": Framing(reply(gzip.compress(b"hello"), b"content-encoding: gzip"), b"hello"),
    "deflate": Framing(reply(zlib.compress(b"hello"), b"content-encoding: deflate"), b"hello"),
    "gzip in members": Framing(
        reply(gzip.compress(b"hel") + gzip.compress(b"") + gzip.compress(b"lo"), b"content-encoding: gzip"), b"hello"
    ),
    "gzip and padding": Framing(reply(gzip.compress(b"hello") + bytes(9), b"content-encoding: gzip"), b"hello"),
    "gzip by name only": Framing(reply(b"hello", b"content-encoding: gzip"), b"hello"),
    "identity, gzip": Framing(reply(gzip.compress(b"hello"), b"content-encoding: identity, gzip"), b"hello"),
    "no coding by name": Framing(reply(b"hello", b"content-encoding: none"), b"hello"),
    "folded": Framing(reply(b"hello", b"x-words: one\r\n two\r\n\tthree"), b"hello"),
    "equal lengths": Framing(reply(b"hello", b"content-length: 5"), b"hello"),
    "equal lengths in one field": Framing(b"HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\n\r\nhello", b"hello"),
    "a length beside chunks": Framing(
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"hello",
        ends=True,
    ),
    "chunks beside a length": Framing(
        CHUNKED[:-2] + b"content-length: 3\r\nconnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n", b"hello", ends=True
    ),
    "folded, after an interim reply": Framing(
        b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + reply(b"hello", b"x-words: one\r\n two"), b"hello"
    ),
    "raw deflate": Framing(reply(zlib.compress(b"hello", wbits=-15), b"content-encoding: deflate"), b"hello"),
}


@pytest.mark.parametrize("framing", FRAMINGS.values(), ids=FRAMINGS)
async def test_every_framing_is_understood_and_only_some_cost_the_connection(
    opened: OpenTransport, framing: Framing
) -> None:
    def script(peer: Peer) -> None:
        while peer.read_request():
            peer.send(framing.wire)
            if framing.ends:
                break

    with serving(script) as server:
        async with opened() as transport:
            for _ in range(2):
                head, body = await exchange(transport, server.origin)
                assert (head.status, body) == (framing.status, framing.body)
                if framing.ends:
                    # A client that is not ours finds out by looking, which it can only once it has been closed.
                    server.wait_for_connections(0)
            assert server.accepted == 1 + framing.ends


@pytest.mark.parametrize(
    "name",
    ["content-length", "chunked", "until close", "gzip", "gzip in members", "folded", "equal lengths"],
)
async def test_a_reply_may_be_split_anywhere(opened: OpenTransport, name: str) -> None:
    framing = FRAMINGS[name]
    wire = framing.wire.replace(b" OK\r\n", b" OK\r\nconnection: close\r\n")

    def scripts() -> Iterator[Callable[[Peer], None]]:
        for cut in range(1, len(wire)):

            def script(peer: Peer, cut: int = cut) -> None:
                peer.read_request()
                peer.send(wire[:cut], wire[cut:])

            yield script

    with serving(*scripts()) as server:
        async with opened() as transport:
            for _ in range(1, len(wire)):
                head, body = await exchange(transport, server.origin)
                assert (head.status, body) == (framing.status, framing.body)


@pytest.mark.parametrize("name", ["content-length", "chunked", "gzip", "interim"])
async def test_a_reply_cut_off_anywhere_is_an_error(opened: OpenTransport, name: str) -> None:
    wire = FRAMINGS[name].wire

    def scripts() -> Iterator[Callable[[Peer], None]]:
        for cut in range(len(wire)):

            def script(peer: Peer, cut: int = cut) -> None:
                peer.read_request()
                peer.send(wire[:cut])

            yield script

    with serving(*scripts()) as server:
        async with opened() as transport:
            for _ in range(len(wire)):
                with pytest.raises(TransportError):
                    await exchange(transport, server.origin)
            assert transport.statistics().active == 0


async def test_an_unknown_coding_costs_the_body_but_not_the_status(opened: OpenTransport) -> None:
    with serving(answering(reply(b"hello", b"content-encoding: zap", status=b"502 Bad Gateway"))) as server:
        async with opened() as transport:
            received = await transport.send(server.origin, POST)
            assert received.head.status == 502
            with pytest.raises(ReplyError, match="zap"):
                await received.read()
            await received.aclose()


async def test_headers_have_lower_case_names_and_repeated_ones_are_joined(opened: OpenTransport) -> None:
    with serving(answering(reply(b"", b"X-Request-ID: r1", b"Via: a", b"via: b"))) as server:
        async with opened() as transport:
            head, _ = await exchange(transport, server.origin)

    assert head.headers["x-request-id"] == "r1"
    assert head.headers["via"] == "a, b"


async def test_pieces_are_handed_out_as_they_arrive(opened: OpenTransport) -> None:
    go_on: list[Peer] = []

    def script(peer: Peer) -> None:
        peer.read_request()
        go_on.append(peer)
        peer.send(CHUNKED, b"5\r\nfirst\r\n")
        peer.wait_until_gone()

    with serving(script) as server:
        async with opened() as transport:
            received = await transport.send(server.origin, POST)
            assert await received.read() == b"first"
            go_on[0].send(b"6\r\nsecond\r\n0\r\n\r\n")
            assert await received.read() == b"second"
            assert await received.read() == b""
            assert await received.read() == b""
            await received.aclose()


async def test_a_reply_is_taken_at_once_or_left_as_it_is(opened: OpenTransport) -> None:
    with serving(answering(reply(b"whole"))) as server:
        async with opened() as transport:
            received = await transport.send(server.origin, POST)
            if (body := received.finish_nowait()) is None:
                body = await received.read()
                assert await received.read() == b""
                await received.aclose()
            assert body == b"whole"
            assert transport.statistics().active == 0


async def test_a_reply_closed_before_its_end_closes_its_connection_at_once(opened: OpenTransport) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(CHUNKED, b"1\r\nx\r\n" * 3)
        peer.wait_until_gone()

    with serving(script) as server:
        async with opened() as transport:
            unread = await transport.send(server.origin, POST)
            half_read = await transport.send(server.origin, POST)
            assert await half_read.read()
            assert transport.statistics().active == 2
            await unread.aclose()
            await half_read.aclose()
            await half_read.aclose()
            assert transport.statistics() == TransportStatistics(0, 0)
            await trio.to_thread.run_sync(server.wait_for_connections, 0)
            with pytest.raises(ReplyError):
                await half_read.read()


async def test_closing_works_in_a_cancelled_scope(opened: OpenTransport) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(CHUNKED)
        peer.wait_until_gone()

    with serving(script) as server:
        async with opened() as transport:
            received = await transport.send(server.origin, POST)
            with trio.CancelScope() as scope:
                scope.cancel(reason="a test")
                await received.aclose()
            await trio.to_thread.run_sync(server.wait_for_connections, 0)


async def test_a_peer_that_does_not_answer_can_be_left(opened: OpenTransport) -> None:
    with serving(Peer.wait_until_gone) as server:
        async with opened() as transport:
            with trio.move_on_after(0.02) as scope:
                await transport.send(server.origin, POST)
            assert scope.cancelled_caught
            assert transport.statistics().active == 0
            await trio.to_thread.run_sync(server.wait_for_connections, 0)


async def test_a_body_that_stalls_can_be_left(opened: OpenTransport) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(CHUNKED, b"1\r\nx\r\n")
        peer.wait_until_gone()

    with serving(script) as server:
        async with opened() as transport:
            received = await transport.send(server.origin, POST)
            assert await received.read() == b"x"
            with trio.move_on_after(0.02) as scope:
                await received.read()
            assert scope.cancelled_caught
            await received.aclose()
            await trio.to_thread.run_sync(server.wait_for_connections, 0)


async def test_a_connection_that_the_peer_closed_idle_is_replaced_unnoticed(opened: OpenTransport) -> None:
    def once(peer: Peer) -> None:
        peer.read_request()
        peer.send(reply(b"one"))

    with serving(once) as server:
        async with opened() as transport:
            for _ in range(3):
                assert (await exchange(transport, server.origin))[1] == b"one"
                await trio.to_thread.run_sync(server.wait_for_connections, 0)
            assert server.accepted == 3


async def test_a_port_where_nobody_listens_is_a_transport_error(opened: OpenTransport) -> None:
    with serving() as server:
        origin = server.origin
    async with opened() as transport:
        with pytest.raises(TransportError):
            await transport.send(origin, POST)
        assert transport.statistics() == TransportStatistics(0, 0)


async def test_a_name_that_does_not_resolve_is_a_transport_error(opened: OpenTransport) -> None:
    async with opened() as transport:
        with pytest.raises(TransportError):
            await transport.send(Origin("http", "a" * 70, 80), POST)


MALFORMED = {
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
    "a length that is none": b"HTTP/1.1 200 OK\r\ncontent-length: abc\r\n\r\nxx",
    "a chunk size that is none": CHUNKED + b"zz\r\nhello\r\n",
    "a chunk longer than it said": CHUNKED + b"2\r\nhello\r\n0\r\n\r\n",
    "headers without end": b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 40_000,
    "a header without end": b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000,
}


@pytest.mark.parametrize("wire", MALFORMED.values(), ids=MALFORMED)
async def test_a_malformed_reply_is_an_error(opened: OpenTransport, wire: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(wire)
        peer.wait_until_gone()

    with serving(script) as server:
        async with opened() as transport:
            with pytest.raises(TransportError):
                await exchange(transport, server.origin)
            assert transport.statistics() == TransportStatistics(0, 0)
            await trio.to_thread.run_sync(server.wait_for_connections, 0)


@pytest.mark.parametrize("packed", [b"\0hello", gzip.compress(b"hello")[:-9]], ids=["no gzip", "half of it"])
async def test_a_body_that_does_not_decompress_is_an_error(opened: OpenTransport, packed: bytes) -> None:
    with serving(answering(reply(packed, b"content-encoding: gzip"))) as server:
        async with opened() as transport:
            with pytest.raises(ReplyError):
                await exchange(transport, server.origin)
            assert transport.statistics().active == 0


@pytest.mark.parametrize("body", [b"y" * 300_000, Blocks(100), Blocks(0)], ids=["bytes", "blocks", "no blocks"])
async def test_a_large_body_is_sent_whole(opened: OpenTransport, body: bytes | Blocks) -> None:
    def script(peer: Peer) -> None:
        while request := peer.read_request():
            peer.send(reply(b"%d" % len(request.partition(b"\r\n\r\n")[2])))

    size = len(body) if isinstance(body, bytes) else body.size
    with serving(script) as server:
        async with opened() as transport:
            for _ in range(2):
                _, answer = await exchange(transport, server.origin, attrs.evolve(POST, body=body))
                assert answer == b"%d" % size
            assert server.accepted == 1


async def test_a_body_of_blocks_is_sent_in_bounded_memory(opened: OpenTransport) -> None:
    def script(peer: Peer) -> None:
        size = 0
        while size < Blocks(1_600).size:
            size += len(peer.connection.recv(262_144))
        peer.send(reply())

    with serving(script) as server:
        async with opened() as transport:
            tracemalloc.start()
            try:
                await exchange(transport, server.origin, attrs.evolve(POST, body=Blocks(1_600)))
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
    assert peak < 10_000_000


async def test_a_reply_that_comes_before_the_body_is_sent_is_read(opened: OpenTransport) -> None:
    """The peer answers after the head, and never reads the body."""

    def script(peer: Peer) -> None:
        peer.read_until(b"\r\n\r\n")
        peer.send(reply(b"too large", b"connection: close", status=b"413 Content Too Large"))
        peer.end_sending()
        peer.wait_until_gone()

    with serving(script) as server:
        async with opened() as transport:
            head, body = await exchange(transport, server.origin, attrs.evolve(POST, body=Blocks(200)))
            assert (head.status, body) == (413, b"too large")
            await trio.to_thread.run_sync(server.wait_for_connections, 0)


async def test_two_origins_have_connections_of_their_own(opened: OpenTransport) -> None:
    with serving(answering(reply(b"a"))) as one, serving(answering(reply(b"b"))) as other:
        async with opened() as transport:
            for _ in range(2):
                assert (await exchange(transport, one.origin))[1] == b"a"
                assert (await exchange(transport, other.origin))[1] == b"b"
    assert (one.accepted, other.accepted) == (1, 1)


async def test_exchanges_run_side_by_side(opened: OpenTransport) -> None:
    with serving(answering(reply(b"x"))) as server:
        async with opened() as transport:
            async with trio.open_nursery() as nursery:
                for _ in range(20):
                    nursery.start_soon(exchange, transport, server.origin)
            assert transport.statistics().active == 0


async def test_closing_the_transport_closes_everything(opened: OpenTransport) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(CHUNKED)
        peer.wait_until_gone()

    with serving(answering(reply()), script) as server:
        async with opened() as transport:
            await exchange(transport, server.origin)
            received = await transport.send(Origin("http", "localhost", server.origin.port), POST)
            await transport.aclose()
            await trio.to_thread.run_sync(server.wait_for_connections, 0)
            with pytest.raises(ReplyError):
                await received.read()
