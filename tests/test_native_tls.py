"""The native transport over TLS, and what a cancellation at any step leaves of it: nothing."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path

import attrs
import pytest
import trustme
from exchanges import CHUNKED, POST, Blocks, Stepper, exchange, opened, server_context
from scripted_server import Peer, ScriptedServer, answering, reply, serving

from trio_llm._runtime import trio
from trio_llm._transport import TransportError
from trio_llm._transport.native import NativeTransport
from trio_llm._transport.tls import _context_of, default_context

pytestmark = pytest.mark.anyio


async def test_without_certifi_the_systems_authorities_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    context = _context_of.__wrapped__(ssl.get_default_verify_paths())
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


async def test_authorities_may_be_named_after_a_call_has_failed_for_want_of_one(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "authorities.pem"
    authority.cert_pem.write_to_path(str(file))
    with ScriptedServer(answering(reply()), tls=server_context(authority, "localhost")) as server:
        async with opened() as transport:
            with pytest.raises(TransportError, match=r"is not trusted: .*SSL_CERT_FILE may name a file"):
                await transport.send(server.origin, POST)
            monkeypatch.setenv("SSL_CERT_FILE", str(file))
            await exchange(transport, server.origin)
    assert default_context() is default_context()


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


async def test_a_peer_that_speaks_no_tls_is_refused(trusting: ssl.SSLContext) -> None:
    with serving(lambda peer: peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        async with opened(ssl_context=trusting) as transport:
            with pytest.raises(TransportError, match="cannot connect"):
                await transport.send(server.origin._replace(scheme="https"), POST)
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
                await transport.send(server.origin._replace(scheme="https"), POST)
            assert scope.cancelled_caught
            await trio.to_thread.run_sync(server.wait_for_connections, 0)


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
    await exchange(transport, server.origin._replace(host="localhost"))


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
