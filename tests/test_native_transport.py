"""What only the native transport promises: its connections, TLS, limits, and what a cancellation leaves: nothing."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import attrs
import pytest
import trustme
from scripted_server import Peer, ScriptedServer, answering, reply, serving

from trio_llm._http import HTTPRequest, Origin
from trio_llm._runtime import trio
from trio_llm._runtime.sockets import connect_tcp
from trio_llm._transport import ReplyError, TransportError, TransportStatistics
from trio_llm._transport.h1 import Limits
from trio_llm._transport.native import NativeTransport
from trio_llm._transport.tls import default_context

pytestmark = pytest.mark.anyio

POST = HTTPRequest("POST", "/v1/chat", (("content-type", "application/json"),), b'{"a": 1}')
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


@asynccontextmanager
async def opened(**options: Any) -> AsyncIterator[NativeTransport]:
    """A transport, for a block that may take ten seconds at most."""
    transport = NativeTransport(**options)
    with trio.fail_after(10):
        try:
            yield transport
        finally:
            await transport.aclose()


async def exchange(transport: NativeTransport, origin: Origin, request: HTTPRequest = POST) -> bytes:
    """One request, its reply read to the end."""
    received = await transport.send(origin, request)
    try:
        body = b""
        while piece := await received.read():
            body += piece
        return body
    finally:
        await received.aclose()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority that nobody else knows."""
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client's context that trusts it."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def server_context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    """A server's context with a certificate for these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


@attrs.frozen
class Blocks:
    """A body of equal blocks that says it is of another size, if told so."""

    count: int
    size_said: int | None = None

    @property
    def size(self) -> int:
        """Bytes in all, it says."""
        return self.count * 65_536 if self.size_said is None else self.size_said

    def blocks(self) -> Iterator[bytes]:
        """The blocks."""
        return (b"x" * 65_536 for _ in range(self.count))


# Reuse


async def test_the_most_recently_used_connection_is_taken_first() -> None:
    ports: list[int] = []

    def script(peer: Peer) -> None:
        while peer.read_request():
            ports.append(peer.connection.getpeername()[1])
            peer.send(reply())

    with serving(script) as server:
        async with opened() as transport:
            first = await transport.send(server.origin, POST)
            second = await transport.send(server.origin, POST)
            for received in (second, first):
                assert await received.read() == b""
                await received.aclose()
            for _ in range(3):
                await exchange(transport, server.origin)
            assert transport.statistics() == TransportStatistics(active=0, idle=2)

    assert ports[2:] == [ports[0]] * 3


async def test_a_reused_connection_that_dies_before_the_reply_is_replaced_once() -> None:
    """The keep-alive race: the request is on its way when the peer closes."""

    def dies_on_the_second(peer: Peer) -> None:
        peer.read_request()
        peer.send(reply(b"1"))
        peer.read_request()
        peer.reset()

    with serving(dies_on_the_second, answering(reply(b"2"))) as server:
        async with opened() as transport:
            assert await exchange(transport, server.origin) == b"1"
            assert await exchange(transport, server.origin) == b"2"
    assert server.accepted == 2


async def test_a_new_connection_that_dies_before_the_reply_is_an_error() -> None:
    def dies(peer: Peer) -> None:
        peer.read_request()

    with serving(dies, answering(reply())) as server:
        async with opened() as transport:
            with pytest.raises(TransportError, match=f"no reply from {server.origin}") as caught:
                await exchange(transport, server.origin)
            assert not isinstance(caught.value, ReplyError)
    assert server.accepted == 1


async def test_a_request_is_not_repeated_once_a_byte_of_its_reply_has_arrived() -> None:
    def dies_in_the_reply(peer: Peer) -> None:
        peer.read_request()
        peer.send(reply(b"1"))
        peer.read_request()
        peer.send(b"HTTP/1.1 2")

    with serving(dies_in_the_reply, answering(reply(b"2"))) as server:
        async with opened() as transport:
            await exchange(transport, server.origin)
            with pytest.raises(ReplyError):
                await exchange(transport, server.origin)
    assert server.accepted == 1


async def test_a_peer_that_speaks_unasked_loses_its_connection() -> None:
    def chatty(peer: Peer) -> None:
        peer.read_request()
        peer.send(reply(b"1") + b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n")
        peer.wait_until_gone()

    with serving(chatty, answering(reply(b"2"))) as server:
        async with opened() as transport:
            assert await exchange(transport, server.origin) == b"1"
            assert await exchange(transport, server.origin) == b"2"


async def test_idle_connections_beyond_the_limit_are_closed() -> None:
    with serving(answering(reply())) as server:
        async with opened(max_idle=1) as transport:
            replies = [await transport.send(server.origin, POST) for _ in range(3)]
            for received in replies:
                assert await received.read() == b""
                await received.aclose()
            assert transport.statistics() == TransportStatistics(active=0, idle=1)
            await trio.to_thread.run_sync(server.wait_for_connections, 1)


async def test_idle_connections_are_not_used_after_their_time() -> None:
    with serving(answering(reply())) as server:
        async with opened(idle_expiry=0) as transport:
            for _ in range(2):
                await exchange(transport, server.origin)
            assert transport.statistics().idle == 0
    assert server.accepted == 2


async def test_a_rest_that_is_here_already_does_not_cost_the_connection() -> None:
    """As after the last event of a stream, when only the last chunk was not asked for."""

    read = threading.Semaphore(0)

    def script(peer: Peer) -> None:
        while peer.read_request():
            peer.send(CHUNKED + b"6\r\n[DONE]\r\n")
            read.acquire(timeout=5)
            peer.send(b"0\r\n\r\n")

    with serving(script) as server:
        async with opened() as transport:
            for _ in range(2):
                received = await transport.send(server.origin, POST)
                assert await received.read() == b"[DONE]"
                read.release()
                await trio.sleep(0.05)
                await received.aclose()
    assert server.accepted == 1


async def test_closing_a_reply_ends_the_read_of_another_task() -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(CHUNKED)
        peer.wait_until_gone()

    with serving(script) as server:
        async with opened() as transport:
            received = await transport.send(server.origin, POST)
            async with trio.open_nursery() as nursery:

                async def read() -> None:
                    with pytest.raises(ReplyError, match="broke off"):
                        await received.read()

                nursery.start_soon(read)
                await trio.sleep(0.01)
                await received.aclose()
            assert transport.statistics() == TransportStatistics(0, 0)
            await trio.to_thread.run_sync(server.wait_for_connections, 0)


async def test_nothing_is_sent_once_the_transport_is_closed() -> None:
    async with opened() as transport:
        await transport.aclose()
        with pytest.raises(TransportError, match="closed"):
            await transport.send(Origin("http", "127.0.0.1", 9), POST)


async def test_an_exchange_under_way_ends_when_the_transport_is_closed() -> None:
    with serving(Peer.wait_until_gone) as server:
        async with opened() as transport, trio.open_nursery() as nursery:

            async def send() -> None:
                with pytest.raises(TransportError, match="no reply"):
                    await transport.send(server.origin, POST)

            nursery.start_soon(send)
            await trio.to_thread.run_sync(server.wait_for_connections, 1)
            await trio.sleep(0.01)
            await transport.aclose()


# Addresses


async def test_unix_sockets_are_reached(tmp_path: Path) -> None:
    with ScriptedServer(answering(reply(b"unix")), unix=str(tmp_path / "socket")) as server:
        async with opened() as transport:
            for _ in range(2):
                assert await exchange(transport, server.origin) == b"unix"
    assert server.accepted == 1


async def test_the_next_address_is_tried_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with an address where nobody listens, and one where somebody does."""
    with serving(answering(reply(b"here"))) as server:
        real = socket.getaddrinfo

        def getaddrinfo(host: Any, port: Any, *args: Any, **options: Any) -> Any:
            if options.get("flags", args[3] if len(args) > 3 else 0) & socket.AI_NUMERICHOST:
                raise socket.gaierror(socket.EAI_NONAME, "not an address")
            dead = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0))
            return [dead, dead, *real("127.0.0.1", port, type=socket.SOCK_STREAM)]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        async with opened() as transport:
            assert await exchange(transport, Origin("http", "two.example", server.origin.port)) == b"here"


async def test_a_name_whose_addresses_all_refuse_is_an_error() -> None:
    with serving() as server:
        port = server.origin.port
    async with opened() as transport:
        with pytest.raises(TransportError, match=f"cannot connect to http://localhost:{port}"):
            await exchange(transport, Origin("http", "localhost", port))


async def test_connecting_takes_no_longer_than_its_timeout() -> None:
    """A listener whose queue is full does not answer."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        queued = [socket.socket() for _ in range(3)]
        for waiting in queued:
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        async with opened(connect_timeout=0.05) as transport:
            with pytest.raises(TransportError, match=r"within 0\.05 s"):
                await transport.send(Origin("http", "127.0.0.1", full.getsockname()[1]), POST)
            assert transport.statistics() == TransportStatistics(0, 0)
        for waiting in queued:
            waiting.close()


async def test_connections_send_without_delay() -> None:
    with serving(Peer.wait_until_gone) as server:
        stream: Any = await connect_tcp("127.0.0.1", server.origin.port)
        connected = stream._socket if hasattr(stream, "_socket") else stream._transport.get_extra_info("socket")
        assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        stream.close()
        stream.close()
        await trio.to_thread.run_sync(server.wait_for_connections, 0)


# Bodies on their way


async def test_a_peer_that_resets_while_the_body_is_sent_is_an_error() -> None:
    def script(peer: Peer) -> None:
        peer.read_until(b"\r\n\r\n")
        peer.reset()

    with serving(script) as server:
        async with opened() as transport:
            with pytest.raises(TransportError, match="no reply"):
                await exchange(transport, server.origin, attrs.evolve(POST, body=Blocks(400)))
            assert transport.statistics() == TransportStatistics(0, 0)


async def test_a_reply_in_the_middle_of_the_body_ends_the_connection() -> None:
    """The peer would take what is left of the body for the next request."""

    def script(peer: Peer) -> None:
        peer.read_until(b"\r\n\r\n")
        peer.send(reply(b"no", status=b"401 Unauthorized"))
        peer.wait_until_gone()

    with serving(script) as server:
        async with opened() as transport:
            for _ in range(2):
                assert await exchange(transport, server.origin, attrs.evolve(POST, body=Blocks(400))) == b"no"
                assert transport.statistics() == TransportStatistics(0, 0)
    assert server.accepted == 2


# TLS


async def test_without_certifi_the_systems_authorities_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    context = default_context.__wrapped__()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


async def test_https_is_spoken_and_the_connection_reused(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    large = b"x" * 500_000
    with ScriptedServer(answering(reply(large)), tls=server_context(authority, "localhost")) as server:
        async with opened(ssl_context=trusting) as transport:
            for _ in range(2):
                assert await exchange(transport, server.origin) == large
    assert server.accepted == 1


async def test_a_large_body_is_sent_encrypted(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    def script(peer: Peer) -> None:
        peer.send(reply(b"%d" % len(peer.read_request().partition(b"\r\n\r\n")[2])))

    with ScriptedServer(script, tls=server_context(authority, "localhost")) as server:
        async with opened(ssl_context=trusting) as transport:
            answer = await exchange(transport, server.origin, attrs.evolve(POST, body=Blocks(100)))
    assert answer == b"6553600"


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "TLS"])
async def test_an_answer_is_heard_while_the_peer_takes_no_more_of_the_body(
    encrypted: bool, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    heard = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_until(b"\r\n\r\n")
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        heard.wait(0.1)  # by then the buffers on the way are full
        peer.send(reply(b"no", b"connection: close", status=b"413 Content Too Large"))
        assert heard.wait(5)

    tls = server_context(authority, "localhost") if encrypted else None
    with ScriptedServer(script, tls=tls) as server:
        async with opened(ssl_context=trusting) as transport:
            answer = await exchange(transport, server.origin, attrs.evolve(POST, body=Blocks(400)))
            heard.set()
    assert answer == b"no"


async def test_a_certificate_for_another_name_is_refused(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    with ScriptedServer(answering(reply()), tls=server_context(authority, "other.example")) as server:
        async with opened(ssl_context=trusting) as transport:
            with pytest.raises(TransportError, match="certificate"):
                await transport.send(server.origin, POST)
            await trio.to_thread.run_sync(server.wait_for_connections, 0)


async def test_an_unknown_authority_is_refused(authority: trustme.CA) -> None:
    with ScriptedServer(answering(reply()), tls=server_context(authority, "localhost")) as server:
        async with opened() as transport:
            with pytest.raises(TransportError, match="certificate"):
                await transport.send(server.origin, POST)


async def test_a_peer_that_speaks_no_tls_is_refused(trusting: ssl.SSLContext) -> None:
    with serving(lambda peer: peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        async with opened(ssl_context=trusting) as transport:
            with pytest.raises(TransportError, match="cannot connect"):
                await transport.send(attrs.evolve(server.origin, scheme="https"), POST)
            await trio.to_thread.run_sync(server.wait_for_connections, 0)


async def test_an_end_without_closing_alert_ends_the_body(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\nhello")

    with ScriptedServer(script, tls=server_context(authority, "localhost")) as server:
        async with opened(ssl_context=trusting) as transport:
            assert await exchange(transport, server.origin) == b"hello"


async def test_a_cancelled_handshake_closes_its_socket(trusting: ssl.SSLContext) -> None:
    with serving(Peer.wait_until_gone) as server:
        async with opened(ssl_context=trusting) as transport:
            with trio.move_on_after(0.05) as scope:
                await transport.send(attrs.evolve(server.origin, scheme="https"), POST)
            assert scope.cancelled_caught
            await trio.to_thread.run_sync(server.wait_for_connections, 0)


# Limits


@pytest.mark.parametrize("header", ["x: y\r\nx-evil: z", "x\r\n: y", "x: \0", "é\u20ac: 1"])
async def test_a_request_that_would_smuggle_is_not_sent(header: str) -> None:
    name, _, value = header.partition(": ")
    with serving(answering(reply())) as server:
        async with opened() as transport:
            with pytest.raises(ValueError, match=r"HTTP does not allow|codec"):
                await transport.send(server.origin, attrs.evolve(POST, headers=((name, value),)))
            with pytest.raises(ValueError, match="HTTP does not allow"):
                await transport.send(server.origin, attrs.evolve(POST, path="/a b"))
            assert transport.statistics() == TransportStatistics(0, 0)


@pytest.mark.parametrize("size", [65_535, 200_000])
async def test_a_body_of_another_size_than_it_said_is_an_error(size: int) -> None:
    with serving(Peer.wait_until_gone) as server:
        async with opened() as transport:
            with pytest.raises(ValueError, match=f"{size} bytes"):
                await transport.send(server.origin, attrs.evolve(POST, body=Blocks(2, size)))
            await trio.to_thread.run_sync(server.wait_for_connections, 0)


async def test_a_body_that_is_too_long_is_an_error() -> None:
    bomb = gzip.compress(b"\0" * 20_000_000)
    with serving(answering(reply(bomb, b"content-encoding: gzip"))) as server:
        async with opened(limits=Limits(body=5_000_000)) as transport:
            received = await transport.send(server.origin, POST)
            size = 0
            with pytest.raises(ReplyError, match="longer than 5000000 bytes"):
                while piece := await received.read():
                    assert len(piece) <= 1_048_576
                    size += len(piece)
            await received.aclose()
    assert 4_000_000 < size <= 5_000_000


async def test_headers_that_are_too_long_are_an_error_even_in_one_piece() -> None:
    with serving(answering(reply(b"", b"x: " + b"y" * 1_000))) as server:
        async with opened(limits=Limits(head=1_000)) as transport:
            with pytest.raises(ReplyError, match="1000 bytes"):
                await exchange(transport, server.origin)


async def test_a_flood_of_interim_replies_is_an_error() -> None:
    def flood(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000)

    with serving(flood) as server:
        async with opened() as transport:
            with pytest.raises(ReplyError, match="not body"):
                await transport.send(server.origin, POST)


async def test_a_change_of_protocol_is_an_error() -> None:
    upgrade = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    with serving(answering(upgrade)) as server:
        async with opened() as transport:
            with pytest.raises(ReplyError, match="another protocol"):
                await transport.send(server.origin, POST)


async def test_an_unknown_transfer_coding_is_an_error() -> None:
    with serving(answering(b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n")) as server:
        async with opened() as transport:
            with pytest.raises(ReplyError, match="transfer-encoding"):
                await exchange(transport, server.origin)


async def test_what_came_before_a_fault_is_handed_out_first() -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(CHUNKED + b"5\r\nhello\r\nzz\r\n")
        peer.wait_until_gone()

    with serving(script) as server:
        async with opened() as transport:
            received = await transport.send(server.origin, POST)
            assert await received.read() == b"hello"
            with pytest.raises(ReplyError, match="not valid HTTP"):
                await received.read()
            await received.aclose()


async def test_a_reader_that_is_slow_makes_the_peer_wait() -> None:
    """More than the buffers hold arrives only as it is read."""
    sent: list[int] = []

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(reply(b"")[:-2].replace(b"length: 0", b"length: 33554432") + b"\r\n")
        for _ in range(512):
            peer.send(b"x" * 65_536)
            sent.append(65_536)

    with serving(script) as server:
        async with opened() as transport:
            received = await transport.send(server.origin, POST)
            await trio.sleep(0.2)
            assert len(sent) < 512
            size = 0
            while piece := await received.read():
                size += len(piece)
            await received.aclose()
    assert size == 33_554_432


# Cancellation


class Stepper:
    """Runs a coroutine in the current task, and calls back just before it suspends for the n-th time."""

    def __init__(self, coroutine: Coroutine[Any, Any, None], step: int, callback: Callable[[], object]) -> None:
        self._coroutine = coroutine
        self._step = step
        self._callback = callback
        self.reached = False

    def __await__(self) -> Generator[Any, Any, None]:
        advance, value = self._coroutine.send, None
        for number in count():
            try:
                trap = advance(value)
            except StopIteration:
                return
            if number == self._step:
                self.reached = True
                self._callback()
            try:
                advance, value = self._coroutine.send, (yield trap)
            except BaseException as exc:  # noqa: ASYNC103, BLE001  # whatever it is, it goes on into the coroutine
                advance, value = self._coroutine.throw, exc


Scenario = Callable[[NativeTransport, ScriptedServer], Awaitable[None]]


async def _twice(transport: NativeTransport, server: ScriptedServer) -> None:
    for _ in range(2):
        await exchange(transport, server.origin)


async def _large(transport: NativeTransport, server: ScriptedServer) -> None:
    await exchange(transport, server.origin, attrs.evolve(POST, body=Blocks(8)))


async def _given_up(transport: NativeTransport, server: ScriptedServer) -> None:
    received = await transport.send(server.origin, POST)
    try:
        await received.read()
    finally:
        await received.aclose()


async def _by_name(transport: NativeTransport, server: ScriptedServer) -> None:
    await exchange(transport, attrs.evolve(server.origin, host="localhost"))


@pytest.mark.parametrize("scenario", [_twice, _large, _given_up, _by_name])
@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "TLS"])
async def test_nothing_is_left_of_an_exchange_cancelled_at_any_step(
    scenario: Scenario, encrypted: bool, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    def script(peer: Peer) -> None:
        while peer.read_request():
            peer.send(CHUNKED, b"5\r\nhello\r\n", b"0\r\n\r\n")

    tls = server_context(authority, "localhost") if encrypted else None
    with ScriptedServer(script, tls=tls) as server:
        for step in count():
            async with opened(ssl_context=trusting) as transport:
                with trio.CancelScope() as scope:
                    stepper = Stepper(scenario(transport, server), step, scope.cancel)  # type: ignore[arg-type]
                    await stepper
                assert transport.statistics().active == 0
                idle = transport.statistics().idle
                await trio.to_thread.run_sync(server.wait_for_connections, idle)
                assert await exchange(transport, server.origin) == b"hello"
            await trio.to_thread.run_sync(server.wait_for_connections, 0)
            if not stepper.reached:
                break
    assert step > 2
