"""What the transport over httpx clients does beyond the contract of every transport."""

from __future__ import annotations

import gzip
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Callable
from types import ModuleType
from typing import Any

import attrs
import httpx
import httpx2
import pytest
from exchanges import Blocks
from scripted_server import Peer, answering, reply, serving

from trio_llm._runtime import trio
from trio_llm._transport import ReplyError, TransportError
from trio_llm._transport.h1 import ReplyLimits
from trio_llm._transport.httpx_adapter import HttpxTransport, proxied_transport
from trio_llm._transport.proxies import Proxy
from trio_llm._types.errors import BadRequestError
from trio_llm._types.http import HTTPRequest, Origin

pytestmark = pytest.mark.anyio

ORIGIN = Origin("https", "api.example.com", 443)
POST = HTTPRequest("POST", "/v1/chat?x=1", (("content-type", "application/json"),), b"{}")


@pytest.fixture(params=[httpx, httpx2], ids=["httpx", "httpx2"])
def library(request: pytest.FixtureRequest) -> Any:
    """Each of the two libraries."""
    module: ModuleType = request.param
    return module


async def test_a_mock_transport_answers(library: Any) -> None:
    def handler(request: Any) -> Any:
        assert (str(request.url), request.content) == ("https://api.example.com/v1/chat?x=1", b"{}")
        return library.Response(201, headers={"x-id": "1"}, json={"ok": True})

    async with library.AsyncClient(transport=library.MockTransport(handler)) as client:
        received = await HttpxTransport(client).send(ORIGIN, POST)
        assert (received.head.status, received.head.headers["x-id"]) == (201, "1")
        assert (await received.read()).replace(b" ", b"") == b'{"ok":true}'
        assert await received.read() == b""
        await received.aclose()


async def test_a_mock_reply_that_is_compressed_is_decoded_once(library: Any) -> None:
    def handler(_request: Any) -> Any:
        return library.Response(200, headers={"content-encoding": "gzip"}, content=gzip.compress(b"hello"))

    async with library.AsyncClient(transport=library.MockTransport(handler)) as client:
        received = await HttpxTransport(client).send(ORIGIN, POST)
        assert await received.read() == b"hello"
        await received.aclose()


async def test_a_body_that_is_too_long_is_an_error(library: Any) -> None:
    with serving(answering(reply(gzip.compress(b"\0" * 3_000_000), b"content-encoding: gzip"))) as server:
        async with library.AsyncClient(trust_env=False) as client:
            received = await HttpxTransport(client, limits=ReplyLimits(body=2_000_000)).send(server.origin, POST)
            assert len(await received.read()) <= 2_000_000
            with pytest.raises(ReplyError, match="longer than 2000000 bytes"):
                while await received.read():
                    pass
            await received.aclose()


async def test_a_stream_that_never_ends_does_not_keep_a_reply_from_closing() -> None:
    """Only a mock can do that. With httpx it works as well, but leaves generators to Trio's warning."""

    async def endless() -> AsyncIterator[bytes]:  # noqa: ASYNC900  # what applications write
        while True:
            yield b"more"

    def handler(_request: Any) -> Any:
        return httpx2.Response(200, content=endless())

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(handler)) as client:
        transport = HttpxTransport(client)
        received = await transport.send(ORIGIN, POST)
        assert await received.read() == b"more"
        await received.aclose()
        assert transport.statistics().active == 0


async def test_the_callers_client_stays_open_and_an_owned_one_does_not(library: Any) -> None:
    for owned in (False, True):
        client = library.AsyncClient()
        await HttpxTransport(client, owned=owned).aclose()
        assert client.is_closed is owned
        await client.aclose()


async def test_a_subclass_of_a_client_is_one(library: Any) -> None:
    class Client(library.AsyncClient):  # type: ignore[misc]  # the library is a parameter here
        """An application's own."""

    async with Client() as client:
        HttpxTransport(client)


@pytest.mark.parametrize("client", [None, httpx.Client, object()])
async def test_anything_else_is_refused(client: object) -> None:
    with pytest.raises(TypeError, match=r"expected an httpx\.AsyncClient or httpx2\.AsyncClient"):
        HttpxTransport(client)


async def test_a_unix_socket_is_refused_with_the_way_to_do_it(library: Any) -> None:
    async with library.AsyncClient() as client:
        with pytest.raises(TransportError, match="uds"):
            await HttpxTransport(client).send(ORIGIN._replace(unix="/tmp/socket"), POST)


async def test_the_clients_own_time_limits_do_not_apply(library: Any) -> None:
    def late(peer: Peer) -> None:
        peer.read_request()
        peer.connection.settimeout(0.1)
        with pytest.raises(TimeoutError):
            peer.connection.recv(1)
        peer.send(reply(b"late"))

    with serving(late) as server:
        async with library.AsyncClient(trust_env=False, timeout=0.01) as client:
            received = await HttpxTransport(client).send(server.origin, POST)
            assert await received.read() == b"late"
            assert await received.read() == b""
            await received.aclose()


@pytest.mark.parametrize("value", ["Bearer SECRET\n", "Bearer SECRET \u20ac", "Bearer SECRET\0"])
async def test_a_header_that_cannot_be_sent_is_named_and_its_value_is_not_shown(library: Any, value: str) -> None:
    with serving() as server:
        async with library.AsyncClient(trust_env=False) as client:
            with pytest.raises(ValueError, match="the value of header 'authorization'") as caught:
                await HttpxTransport(client).send(
                    server.origin, attrs.evolve(POST, headers=(("authorization", value),))
                )
    assert "SECRET" not in repr(traceback.format_exception(caught.value))


async def test_a_header_of_the_clients_own_that_cannot_be_sent_is_not_shown_either(library: Any) -> None:
    with serving(Peer.wait_until_gone) as server:
        async with library.AsyncClient(trust_env=False, headers={"authorization": "Bearer SECRET\n"}) as client:
            with pytest.raises(ValueError, match="HTTP does not allow one of its headers") as caught:
                await HttpxTransport(client).send(server.origin, POST)
    assert "SECRET" not in repr(traceback.format_exception(caught.value))


async def test_a_header_may_have_letters_beyond_ascii(library: Any) -> None:
    def handler(request: Any) -> Any:
        return library.Response(200, content=dict(request.headers.raw)[b"x-name"])

    async with library.AsyncClient(transport=library.MockTransport(handler)) as client:
        received = await HttpxTransport(client).send(ORIGIN, attrs.evolve(POST, headers=(("x-name", "Zo\xeb"),)))
        assert await received.read() == b"Zo\xeb"
        await received.aclose()


@pytest.mark.parametrize("size", [3, 200_000])
async def test_a_body_of_another_size_than_it_said_is_an_error(library: Any, size: int) -> None:
    with serving(Peer.wait_until_gone) as server:
        async with library.AsyncClient(trust_env=False) as client:
            with pytest.raises(ValueError, match=f"{size} bytes"):
                await HttpxTransport(client).send(server.origin, attrs.evolve(POST, body=Blocks(2, size)))


async def test_a_proxy_that_answers_is_used() -> None:
    requests: list[bytes] = []

    def proxy(peer: Peer) -> None:
        requests.append(peer.read_request())
        peer.send(reply(b"by proxy", b"connection: close"))

    with serving(proxy) as server, trio.fail_after(10):
        transport = proxied_transport(Proxy("HTTP_PROXY", str(server.origin)))
        received = await transport.send(Origin("http", "api.example.com", 80), POST)
        assert await received.read() == b"by proxy"
        await received.aclose()
        await transport.aclose()

    assert requests[0].startswith(b"POST http://api.example.com/v1/chat?x=1 HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "url", ["socks5://u:SECRET@p:1", "rubbish://u:SECRET@p", "http://u:SECRET/@p", "http://u:SECRET@p:port"]
)
async def test_a_proxy_that_cannot_be_used_is_refused_by_its_variable_alone(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)  # whether or not it is installed
    with pytest.raises(BadRequestError, match=r"^ALL_PROXY") as caught:
        proxied_transport(Proxy("ALL_PROXY", url))
    assert "SECRET" not in "".join(traceback.format_exception(caught.value))


async def test_without_either_library_a_proxy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(BadRequestError, match="httpx2 or httpx"):
        proxied_transport(Proxy("ALL_PROXY", "http://proxy"))


def silent_after(*exchanges: tuple[bytes, bytes]) -> Callable[[Peer], None]:
    """A script that reads something and says something a few times, and then nothing until the client goes."""

    def script(peer: Peer) -> None:
        for mark, answer in exchanges:
            peer.read_until(mark)
            peer.send(answer)
        peer.wait_until_gone()

    return script


SILENCES = {
    "TLS": ("https", "", silent_after()),
    "CONNECT": ("https", "http", silent_after()),
    "TLS behind CONNECT": ("https", "http", silent_after((b"\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"))),
    "SOCKS": ("https", "socks5", silent_after()),
    "SOCKS, connecting": ("http", "socks5", silent_after((b"\5\1\0", b"\5\0"))),
}


@pytest.mark.parametrize("silence", SILENCES)
async def test_connecting_has_a_limit_on_every_way_and_leaves_no_socket(library: Any, silence: str) -> None:
    scheme, proxy, script = SILENCES[silence]
    with serving(script) as server, trio.fail_after(10):
        way = f"{proxy}://127.0.0.1:{server.origin.port}" if proxy else None
        async with library.AsyncClient(trust_env=False, proxy=way) as client:
            transport = HttpxTransport(client, connect_timeout=0.1)
            origin = server.origin._replace(scheme=scheme) if not proxy else ORIGIN._replace(scheme=scheme)
            for _ in range(2):
                with pytest.raises(TransportError, match=r"cannot connect within 0\.1 s") as caught:
                    await transport.send(origin, POST)
                assert not caught.value.sent
                await trio.to_thread.run_sync(server.wait_for_connections, 0)
            assert transport.statistics().active == 0


async def test_waiting_for_a_reply_or_for_the_clients_own_pool_is_not_connecting(library: Any) -> None:
    may_answer = threading.Event()

    def late(peer: Peer) -> None:
        while peer.read_request():
            may_answer.wait(10)
            peer.send(reply(b"late"))

    with serving(late) as server, trio.fail_after(10):
        limits = library.Limits(max_connections=1)
        async with library.AsyncClient(trust_env=False, limits=limits) as client, trio.open_nursery() as nursery:
            transport = HttpxTransport(client, connect_timeout=0.05)

            async def ask() -> None:
                received = await transport.send(server.origin, POST)
                assert await received.read() == b"late"
                assert await received.read() == b""
                await received.aclose()

            for _ in range(2):
                nursery.start_soon(ask)
            await trio.sleep(0.2)
            may_answer.set()
    assert server.accepted == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"\5\xff", "answered "),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "answered "),
        (b"\5\0", "answered Proxy Server could not connect"),
    ],
    ids=["no way to log in", "no SOCKS", "refused"],
)
async def test_a_connection_that_a_socks_proxy_refuses_is_closed(library: Any, answer: bytes, words: str) -> None:
    def script(peer: Peer) -> None:
        peer.read_until(b"\5\1\0")
        peer.send(answer)
        if answer == b"\5\0" and peer.read_until(b"\5\1\0"):
            peer.send(b"\5\5\0\1\0\0\0\0\0\0")
        peer.wait_until_gone()

    with serving(script) as server, trio.fail_after(10):
        proxy = f"socks5://127.0.0.1:{server.origin.port}"
        async with library.AsyncClient(trust_env=False, proxy=proxy) as client:
            with pytest.raises(TransportError, match=f"cannot connect: the proxy {words}") as caught:
                await HttpxTransport(client).send(ORIGIN, POST)
            assert not caught.value.sent
            await trio.to_thread.run_sync(server.wait_for_connections, 0)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("status", "field", "lasting"),
    [
        (b"407 Proxy Authentication Required", b"proxy-authenticate: Basic", True),
        (b"401 Unauthorized", b"proxy-authenticate: Basic", True),
    ],
)
async def test_what_a_proxy_refuses_is_not_the_providers_word(
    scheme: str, status: bytes, field: bytes, lasting: bool
) -> None:
    with serving(answering(reply(b"log in", field, b"connection: close", status=status))) as server:
        transport = proxied_transport(Proxy("ALL_PROXY", str(server.origin)))
        with trio.fail_after(10):
            said = f"the proxy of ALL_PROXY answered {status.decode()}"
            with pytest.raises(TransportError, match=said) as caught:
                await transport.send(ORIGIN._replace(scheme=scheme, port=443), POST)
            await transport.aclose()
        assert caught.value.lasting is lasting


async def test_a_401_of_the_provider_is_its_own(library: Any) -> None:
    with serving(answering(reply(b"no", b"www-authenticate: Bearer", status=b"401 Unauthorized"))) as server:
        async with library.AsyncClient(trust_env=False) as client:
            received = await HttpxTransport(client).send(server.origin, POST)
            assert received.head.status == 401
            await received.aclose()


@pytest.mark.parametrize("reused", [False, True])
async def test_a_request_that_was_written_is_never_written_again(library: Any, reused: bool) -> None:
    requests: list[bytes] = []

    def dies(peer: Peer) -> None:
        for number in range(1 + reused):
            requests.append(peer.read_request())
            if number < reused:
                peer.send(reply(b"1"))
        peer.reset()

    with serving(dies) as server:
        async with library.AsyncClient(trust_env=False) as client:
            transport = HttpxTransport(client)
            if reused:
                received = await transport.send(server.origin, POST)
                assert [await received.read() for _ in range(2)] == [b"1", b""]
                await received.aclose()
            with pytest.raises(TransportError, match="no reply: ") as caught:
                await transport.send(server.origin, POST)
    assert (caught.value.sent, caught.value.stale) == (True, reused)
    assert len(requests) == 1 + reused
