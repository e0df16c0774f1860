"""What only the native transport promises: how it reuses and opens connections, and what it bears."""

from __future__ import annotations

import gc
import gzip
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import anyio
import attrs
import pytest
from exchanges import CHUNKED, POST, Blocks, exchange, opened
from scripted_server import Peer, Script, ScriptedServer, answering, reply, serving

from trio_llm import Client, Limits, RetryPolicy
from trio_llm._runtime import trio
from trio_llm._runtime.keepalive import KEEP_ALIVE
from trio_llm._runtime.sockets import ByteStream, connect_tcp
from trio_llm._transport import ReplyError, TransportError, TransportStatistics
from trio_llm._transport.h1 import ReplyLimits
from trio_llm._transport.native import Connection, NativeExchange
from trio_llm._types.http import Origin
from trio_llm.exceptions import APIConnectionError

pytestmark = pytest.mark.anyio


@pytest.fixture
def collected() -> Iterator[list[Any]]:
    """What the garbage collector finds meanwhile."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    yield gc.garbage
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


# Reuse


@pytest.mark.skipif(not hasattr(time, "clock_gettime"), reason="here the usual clock goes on while the computer sleeps")
async def test_no_connection_of_before_the_computer_slept_is_used_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    awake, slept = time.clock_gettime, 0.0
    monkeypatch.setattr(time, "clock_gettime", lambda clock: awake(clock) + slept)
    with serving(answering(reply())) as server:
        async with opened() as transport:
            await exchange(transport, server.origin)
            await exchange(transport, server.origin)
            assert server.accepted == 1
            slept = 3600.0
            await exchange(transport, server.origin)
    assert server.accepted == 2


async def test_connections_are_probed_while_nothing_moves_on_them() -> None:
    with serving(answering(reply())) as server:
        stream: Any = await connect_tcp("127.0.0.1", server.origin.port)
        connected = stream._socket if hasattr(stream, "_socket") else stream._transport.get_extra_info("socket")
        options = [connected.getsockopt(level, name) for level, name, _value in KEEP_ALIVE]
        stream.close()
    assert options == [value for _level, _name, value in KEEP_ALIVE]
    assert len(options) > 1


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


async def test_a_reused_connection_on_which_nothing_can_be_written_is_replaced() -> None:
    """What the peer closes in the moment between the look at the socket and the request."""
    with serving(answering(reply(b"1"))) as server:
        async with opened() as transport:
            await exchange(transport, server.origin)
            (idle,) = transport._idle._by_age
            idle.stream = cast("ByteStream", Refusing(idle.stream))
            assert await exchange(transport, server.origin) == b"1"
            await trio.to_thread.run_sync(server.wait_for_connections, 1)
    assert server.accepted == 2


@attrs.define
class Refusing:
    """A stream to which nothing can be written any more."""

    stream: Any

    def send_nowait(self, _data: object) -> bool:
        """Fail."""
        raise BrokenPipeError

    def close(self) -> None:
        """Close the stream."""
        self.stream.close()


@pytest.mark.parametrize("reused", [False, True])
async def test_a_request_that_was_written_is_never_written_again(reused: bool) -> None:
    def dies(peer: Peer) -> None:
        if reused:
            peer.read_request()
            peer.send(reply(b"1"))
        peer.read_request()
        peer.reset()

    with serving(dies, answering(reply(b"2"))) as server:
        async with opened() as transport:
            if reused:
                assert await exchange(transport, server.origin) == b"1"
            with pytest.raises(TransportError, match="no reply") as caught:
                await exchange(transport, server.origin)
    assert server.accepted == 1
    assert caught.value.sent
    assert caught.value.stale is reused


async def test_what_a_peer_sends_unasked_is_never_the_next_reply() -> None:
    asked, told = threading.Semaphore(0), threading.Semaphore(0)

    def chatty(peer: Peer) -> None:
        while peer.read_request():
            peer.send(reply(b"right"))
            if not asked.acquire(timeout=5):
                break
            peer.send(reply(b"stray"))
            told.release()

    with serving(chatty) as server:
        async with opened() as transport:
            for _ in range(5):
                assert await exchange(transport, server.origin) == b"right"
                asked.release()
                told.acquire(timeout=5)
            asked.release()


async def test_a_connection_that_its_peer_has_closed_is_closed_when_another_origin_is_asked() -> None:
    with serving(answering_once) as gone, serving(answering(reply())) as other:
        async with opened() as transport:
            await exchange(transport, gone.origin)
            await trio.to_thread.run_sync(gone.wait_for_connections, 0)
            transport._idle._next_look = 0
            await exchange(transport, other.origin)
            assert transport.statistics() == TransportStatistics(active=0, idle=1)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_on_asyncio_it_is_closed_without_any_call() -> None:
    with serving(answering_once) as gone:
        async with opened() as transport:
            await exchange(transport, gone.origin)
            with trio.fail_after(5):
                while transport.statistics().idle:  # noqa: ASYNC110  # nobody is told
                    await trio.sleep(0.001)


def answering_once(peer: Peer) -> None:
    """A script that answers and goes."""
    peer.read_request()
    peer.send(reply())


async def test_a_new_connection_that_dies_before_the_reply_is_an_error() -> None:
    def dies(peer: Peer) -> None:
        peer.read_request()

    with serving(dies, answering(reply())) as server:
        async with opened() as transport:
            with pytest.raises(TransportError, match="no reply: the peer closed the connection") as caught:
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


def resetting(peer: Peer) -> None:
    """A script that answers nothing."""
    peer.read_request()
    peer.reset()


@pytest.mark.parametrize("script", [answering(reply(b"1")), resetting], ids=["answered", "reset"])
async def test_an_exchange_leaves_nothing_to_the_garbage_collector(collected: list[Any], script: Script) -> None:
    """What only the collector can free is freed late: memory that the next exchange could have used again."""
    with serving(script) as server:
        async with opened() as transport:
            for _ in range(3):
                with suppress(TransportError):
                    await exchange(transport, server.origin)
            gc.collect()
            ours = [thing for thing in collected if type(thing).__module__.split(".")[0] in {"trio_llm", "httptools"}]
    assert ours == []


# A limit of its own


async def test_no_more_connections_than_allowed_are_opened_and_they_are_given_in_order() -> None:
    order: list[int] = []
    with serving(answering(reply(b"here"))) as server:
        async with opened(max_connections=1) as transport, trio.open_nursery() as nursery:
            held = await transport.send(server.origin, POST)

            async def wait(number: int) -> None:
                assert await exchange(transport, server.origin) == b"here"
                order.append(number)

            for number in range(4):
                nursery.start_soon(wait, number)
                await anyio.wait_all_tasks_blocked()
            assert transport.statistics() == TransportStatistics(active=1, idle=0, waiting=4)
            assert await held.read() == b"here"
            assert await held.read() == b""
            await held.aclose()
    assert order == [0, 1, 2, 3]
    assert server.accepted == 1


async def test_waiting_for_a_connection_can_be_cancelled() -> None:
    with serving(answering(reply(b"here"))) as server:
        async with opened(max_connections=1) as transport:
            held = await transport.send(server.origin, POST)
            with trio.move_on_after(0.01) as scope:
                await transport.send(server.origin, POST)
            assert scope.cancelled_caught
            assert transport.statistics() == TransportStatistics(active=1, idle=0)
            assert await held.read() == b"here"
            assert await held.read() == b""
            await held.aclose()
            assert await exchange(transport, server.origin) == b"here"
    assert server.accepted == 1


async def test_each_origin_has_connections_of_its_own() -> None:
    with serving(answering(reply(b"1"))) as one, serving(answering(reply(b"2"))) as other:
        async with opened(max_connections=1) as transport:
            held = await transport.send(one.origin, POST)
            assert await exchange(transport, other.origin) == b"2"
            await held.aclose()


async def test_a_connection_that_comes_too_late_is_closed() -> None:
    with serving(Peer.wait_until_gone) as server:
        async with opened() as transport:
            late = NativeExchange(transport, server.origin)
            late.abort()
            connection = Connection(await connect_tcp("127.0.0.1", server.origin.port), ReplyLimits())
            with pytest.raises(TransportError, match="closed meanwhile"):
                await late.open(connection, ())
            await trio.to_thread.run_sync(server.wait_for_connections, 0)


async def test_closing_the_transport_ends_a_request_that_is_still_being_sent() -> None:
    may_go = threading.Event()

    def script(_: Peer) -> None:
        may_go.wait(10)

    with serving(script) as server:
        async with opened() as transport, trio.open_nursery() as nursery:

            async def ask() -> None:
                with pytest.raises(TransportError, match="closed"):
                    await transport.send(server.origin, attrs.evolve(POST, body=Blocks(400)))

            nursery.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
            await transport.aclose()
        may_go.set()


# Whole replies


async def test_a_whole_reply_that_is_here_is_taken_at_once() -> None:
    with serving(answering(reply(b"whole"), reply(gzip.compress(bytes(3 << 20)), b"content-encoding: gzip"))) as server:
        async with opened() as transport:
            for body in (b"whole", bytes(3 << 20)):
                received = await transport.send(server.origin, POST)
                assert received.finish_nowait() == body
                assert transport.statistics() == TransportStatistics(0, 1)
                with pytest.raises(ReplyError, match="closed"):
                    received.finish_nowait()
    assert server.accepted == 1


async def test_half_a_reply_is_not_taken_at_once() -> None:
    may_go_on = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(reply(b"in two")[:-3])
        may_go_on.wait(10)
        peer.send(b"two")
        peer.wait_until_gone()

    with serving(script) as server:
        async with opened() as transport:
            received = await transport.send(server.origin, POST)
            assert received.finish_nowait() is None
            may_go_on.set()
            assert b"".join([await received.read(), await received.read()]) == b"in two"
            assert received.finish_nowait() == b""
            assert transport.statistics() == TransportStatistics(0, 1)


async def test_a_whole_reply_that_is_no_good_is_closed_with_its_error() -> None:
    with serving(answering(reply(b"\0 no gzip", b"content-encoding: gzip"))) as server:
        async with opened() as transport:
            received = await transport.send(server.origin, POST)
            with pytest.raises(ReplyError, match="decompress"):
                received.finish_nowait()
            assert transport.statistics().active == 0


@pytest.mark.parametrize("coding", [b"identity", b"gzip"])
async def test_the_limits_in_the_head_of_a_whole_reply_are_followed_even_if_its_body_is_no_good(coding: bytes) -> None:
    limits = (b"x-ratelimit-limit-requests: 60", b"x-ratelimit-remaining-requests: 40", b"content-encoding: " + coding)
    retry = RetryPolicy(attempts=1)
    with serving(answering(reply(b'{"choices": [{"message": {"content": "hello"}}]}', *limits))) as server:
        async with Client(limits=Limits(adaptive=True), variables={}, retry=retry) as client:
            with suppress(APIConnectionError):
                await client.completion("openai/m", [{"role": "user", "content": "?"}], api_base=f"{server.origin}/v1")
            (account,) = client.statistics().accounts.values()
    assert account.described["m"]["x-ratelimit-requests"] == pytest.approx(40, abs=1)


# Faults


@pytest.mark.parametrize("ending", [Peer.end_sending, Peer.reset])
async def test_half_a_head_counts_as_the_beginning_of_a_reply(ending: Callable[[Peer], None]) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\ncontent-")
        ending(peer)
        if peer.connection.fileno() != -1:
            peer.wait_until_gone()

    with serving(script) as server:
        async with opened() as transport:
            with pytest.raises(ReplyError) as caught:
                await transport.send(server.origin, POST)
            assert str(caught.value).count("the reply broke off") == 1
            assert transport.statistics() == TransportStatistics(0, 0)
    assert server.accepted == 1


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # on Trio bytes are received by the task that feeds them
@pytest.mark.parametrize("waits_for", ["the body", "the head", "the end of its request"])
async def test_bytes_that_arrive_just_before_the_end_do_no_harm(waits_for: str) -> None:
    sends_head = waits_for == "the body"
    request = attrs.evolve(POST, body=Blocks(400)) if waits_for == "the end of its request" else POST

    def script(peer: Peer) -> None:
        peer.read_until(b"\r\n\r\n")
        if sends_head:
            peer.send(CHUNKED)
            may_go_on.wait(10)
        peer.send(b"5\r\nhello\r\n" if sends_head else CHUNKED)
        peer.wait_until_gone()

    may_go_on = threading.Event()
    with serving(script) as server:
        async with opened() as transport, trio.open_nursery() as nursery:

            async def ask() -> None:
                with pytest.raises(TransportError, match="closed"):
                    received = await transport.send(server.origin, request)
                    may_go_on.set()
                    await received.read()
                finished.set()

            finished = trio.Event()
            nursery.start_soon(ask)
            while not (sends_head <= may_go_on.is_set() and arrived(transport)):
                await trio.lowlevel.checkpoint()
            await transport.aclose()
            await finished.wait()


def arrived(transport: Any) -> bool:
    """Whether there are bytes that the task which waits for them has not seen yet. It asks in between any two tasks."""
    return any(made._connection and made._connection.stream._received for made in transport._exchanges)


async def test_a_connection_whose_request_did_not_leave_whole_is_not_used_again(tmp_path: Path) -> None:
    """Whatever the number of blocks: with one of these the kernel takes all but a part of the last."""
    may_answer, is_whole = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        may_answer.wait(10)
        peer.send(reply(b"no"))
        received = b""
        while data := peer.connection.recv(262_144):
            received += data
            head, _, body = received.partition(b"\r\n\r\n")
            if head.endswith(b"content-length: %d" % len(body)):
                is_whole.set()

    kept: list[bool] = []
    for count in range(1, 9):
        may_answer.clear()
        is_whole.clear()
        with ScriptedServer(script, unix=str(tmp_path / f"socket-{count}")) as server:
            async with opened() as transport:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(exchange, transport, server.origin, attrs.evolve(POST, body=Blocks(count)))
                    await anyio.wait_all_tasks_blocked()
                    may_answer.set()
                kept.append(transport.statistics().idle == 1)
                if kept[-1]:  # asyncio may still have a part to send
                    await trio.to_thread.run_sync(is_whole.wait, 10)
        assert is_whole.is_set() is kept[-1]
    assert {*kept} == {True, False}


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
        with pytest.raises(TransportError, match="cannot connect: the connection was refused: nothing listens there$"):
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


# Limits

SECRET = "sk-hidden"


@pytest.mark.parametrize("header", ["x: y\r\nx-evil: z", "x\r\n: y", "x: \0", "x: \u20ac", "é: 1", "a b: 1", "x:y: 1"])
async def test_a_request_that_would_smuggle_is_not_sent(header: str) -> None:
    name, _, value = header.partition(": ")
    with serving(answering(reply())) as server:
        async with opened() as transport:
            with pytest.raises(ValueError, match="HTTP does not allow") as caught:
                await transport.send(server.origin, attrs.evolve(POST, headers=(("x-key", SECRET), (name, value))))
            assert SECRET not in repr(traceback.format_exception(caught.value))
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
        async with opened(limits=ReplyLimits(body=5_000_000)) as transport:
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
        async with opened(limits=ReplyLimits(head=1_000)) as transport:
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


async def test_chunks_that_are_announced_twice_are_chunks() -> None:
    twice = (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    )
    with serving(answering(twice)) as server:
        async with opened() as transport:
            assert [await exchange(transport, server.origin) for _ in range(2)] == [b"hello"] * 2
    assert server.accepted == 1


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


async def test_a_connection_whose_reply_had_a_length_beside_chunks_is_not_used_again() -> None:
    twice = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    with serving(answering(twice)) as server:
        async with opened() as transport:
            for _ in range(2):
                assert await exchange(transport, server.origin) == b"hello"
    assert server.accepted == 2
