"""What every transport does over TLS, and what a cancellation at any step leaves of it: on both event loops."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count

import attrs
import pytest
import trustme
from exchanges import CHUNKED, OPENERS, POST, Blocks, Stepper, exchange, server_context
from scripted_server import Peer, ScriptedServer, answering, reply

from trio_llm._runtime import trio
from trio_llm._transport import Transport, TransportError
from trio_llm._transport.tls import default_context

pytestmark = pytest.mark.anyio

OpenTransport = Callable[[ssl.SSLContext], AbstractAsyncContextManager[Transport]]
Scenario = Callable[[Transport, ScriptedServer], Awaitable[None]]


@pytest.fixture(params=OPENERS)
def opened(request: pytest.FixtureRequest) -> OpenTransport:
    """Opens a transport of each kind, for a block that may take ten seconds at most."""

    @asynccontextmanager
    async def opened_transport(context: ssl.SSLContext) -> AsyncIterator[Transport]:
        transport = OPENERS[request.param](context)
        with trio.fail_after(10):
            try:
                yield transport
            finally:
                await transport.aclose()

    return opened_transport


async def test_https_is_spoken_and_the_connection_reused(
    opened: OpenTransport, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    large = b"x" * 500_000
    with ScriptedServer(answering(reply(large)), tls=server_context(authority, "localhost")) as server:
        async with opened(trusting) as transport:
            for _ in range(2):
                assert await exchange(transport, server.origin) == large
    assert server.accepted == 1


async def test_a_large_body_is_sent_encrypted(
    opened: OpenTransport, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    def script(peer: Peer) -> None:
        peer.send(reply(b"%d" % len(peer.read_request().partition(b"\r\n\r\n")[2])))

    with ScriptedServer(script, tls=server_context(authority, "localhost")) as server:
        async with opened(trusting) as transport:
            answer = await exchange(transport, server.origin, attrs.evolve(POST, body=Blocks(20)))
    assert answer == b"%d" % Blocks(20).size


async def test_a_certificate_for_another_name_is_refused(
    opened: OpenTransport, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    with ScriptedServer(answering(reply()), tls=server_context(authority, "other.example")) as server:
        async with opened(trusting) as transport:
            with pytest.raises(TransportError, match=r"(?i)certificate"):
                await transport.send(server.origin, POST)


async def test_an_unknown_authority_is_refused(opened: OpenTransport, authority: trustme.CA) -> None:
    with ScriptedServer(answering(reply()), tls=server_context(authority, "localhost")) as server:
        async with opened(default_context()) as transport:
            with pytest.raises(TransportError, match=r"(?i)certificate"):
                await transport.send(server.origin, POST)


async def _read(transport: Transport, server: ScriptedServer) -> None:
    await exchange(transport, server.origin)


async def _given_up(transport: Transport, server: ScriptedServer) -> None:
    received = await transport.send(server.origin, POST)
    try:
        await received.read()
    finally:
        await received.aclose()


@pytest.mark.parametrize("scenario", [_read, _given_up])
@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "TLS"])
async def test_an_open_connection_serves_or_is_closed_wherever_its_exchange_is_cancelled(
    opened: OpenTransport, scenario: Scenario, encrypted: bool, authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    def script(peer: Peer) -> None:
        while peer.read_request():
            peer.send(CHUNKED, b"5\r\nhello\r\n", b"0\r\n\r\n")

    tls = server_context(authority, "localhost") if encrypted else None
    with ScriptedServer(script, tls=tls) as server:
        for step in count():
            async with opened(trusting) as transport:
                # Cancelled while it connects, a client of httpx's leaves its socket to the garbage collector.
                await exchange(transport, server.origin)
                with trio.CancelScope() as scope:
                    stepper = Stepper(scenario(transport, server), step, scope.cancel)  # type: ignore[arg-type]
                    await stepper
                assert transport.statistics().active == 0
                assert await exchange(transport, server.origin) == b"hello"
            await trio.to_thread.run_sync(server.wait_for_connections, 0)
            if not stepper.reached:
                break
    assert step > 1
