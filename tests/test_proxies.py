"""Proxies of the environment: which way leads to an origin, and that requests take it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress

import pytest
import trustme
from exchanges import POST, server_context
from hypothesis import given, strategies as st
from scripted_server import Peer, answering, reply, serving

from trio_llm import APIConnectionError, BadRequestError, Client, RetryPolicy
from trio_llm._runtime import trio
from trio_llm._transport import TransportError, TransportStatistics
from trio_llm._transport.choice import proxied_transport
from trio_llm._transport.proxies import ProxySettings
from trio_llm._types.http import Origin, split_url

pytestmark = pytest.mark.anyio


def way(url: str, variables: Mapping[str, str]) -> str | None:
    proxy = ProxySettings.read(variables).proxy_for(split_url(url)[0])
    return proxy.url if proxy else None


@pytest.mark.parametrize(
    ("variables", "http", "https"),
    [
        ({}, None, None),
        ({"HTTP_PROXY": ""}, None, None),
        ({"HTTPS_PROXY": "proxy:80"}, None, "http://proxy:80"),
        ({"HTTPS_PROXY": "http://capitals", "https_proxy": " http://small "}, None, "http://small"),
        ({"ALL_PROXY": "socks5://p"}, "socks5://p", "socks5://p"),
        ({"all_proxy": "http://p", "HTTP_PROXY": "http://q"}, "http://q", "http://p"),
        ({"ALL_PROXY": "http://p", "no_proxy": "a.com, *"}, None, None),
    ],
)
async def test_each_scheme_has_its_variable(variables: Mapping[str, str], http: str | None, https: str | None) -> None:
    assert (way("http://api.example.com", variables), way("https://api.example.com", variables)) == (http, https)


@pytest.mark.parametrize(
    ("entry", "exempt", "proxied"),
    [
        (".example.com", "https://api.example.com", "https://api-example.com"),
        ("Example.com", "https://example.com", "https://badexample.com"),
        ("*.example.com", "https://a.b.example.com", "https://example.org"),
        ("example.com:8443", "https://example.com:8443", "https://example.com"),
        ("http://example.com", "http://example.com", "https://example.com"),
        ("all://example.com", "http://example.com", "https://example.org"),
        ("10.0.0.1", "http://10.0.0.1", "http://10.0.0.2"),
        ("10.0.0.1:81", "http://10.0.0.1:81", "http://10.0.0.1"),
        ("10.0.0.0/8", "http://10.200.3.4", "http://11.0.0.1"),
        ("10.1.2.3/16", "http://10.1.9.9", "http://example.com"),
        ("fd00::/8", "http://[fd00::7]", "http://[fe00::7]"),
        ("fd00::1", "http://[fd00::1]:80", "http://10.0.0.1"),
        ("[fd00::1]:81", "http://[fd00::1]:81", "http://[fd00::1]"),
        ("[fd00::2]", "http://[fd00::2]", "http://[fd00::1]"),
    ],
)
async def test_an_entry_of_no_proxy_exempts_what_it_names_and_nothing_else(
    entry: str, exempt: str, proxied: str
) -> None:
    variables = {"ALL_PROXY": "http://p", "NO_PROXY": f"other.org,, {entry} "}

    assert way(exempt, variables) is None
    assert way(proxied, variables) == "http://p"


@given(last=st.integers(1, 2**24 - 2))
def test_this_machine_is_never_reached_by_a_proxy(last: int) -> None:
    numbers = ".".join(map(str, (127 << 24 | last).to_bytes(4, "big")))
    for host in (numbers, "localhost", "::1"):
        assert ProxySettings.read({"ALL_PROXY": "http://p"}).proxy_for(Origin("http", host, 80)) is None


async def test_a_unix_socket_is_never_reached_by_a_proxy() -> None:
    origin = Origin("http", "api.example.com", 80, unix="/tmp/socket")

    assert ProxySettings.read({"ALL_PROXY": "http://p"}).proxy_for(origin) is None


async def test_a_password_is_not_shown() -> None:
    assert "SECRET" not in repr(ProxySettings.read({"ALL_PROXY": "http://u:SECRET@p"}))


async def test_requests_take_the_way_that_their_origin_asks_for() -> None:
    asked: list[bytes] = []

    def proxy(peer: Peer) -> None:
        asked.append(peer.read_request())
        peer.send(reply(b"by proxy"))
        peer.wait_until_gone()

    with serving(proxy) as far, serving(answering(reply(b"direct"))) as near, trio.fail_after(10):
        transport = proxied_transport({"http_proxy": str(far.origin)}, 5)
        by_proxy = [await transport.send(Origin("http", "api.example.com", 80), POST) for _ in range(2)]
        direct = await transport.send(near.origin, POST)
        assert [await received.read() for received in (*by_proxy, direct)] == [b"by proxy", b"by proxy", b"direct"]
        assert transport.statistics() == TransportStatistics(3, 0)
        for received in (*by_proxy, direct):
            await received.aclose()
        assert transport.statistics() == TransportStatistics(0, 1)
        await transport.aclose()
    assert asked[0].startswith(b"POST http://api.example.com/v1/chat")


async def test_a_useless_proxy_fails_the_calls_that_need_it_at_once_and_shows_no_password() -> None:
    variables = {"OPENAI_API_KEY": "k", "ALL_PROXY": "rubbish://u:SECRET@p"}
    async with Client(variables=variables, retry=RetryPolicy(attempts=3)) as client:
        with pytest.raises(BadRequestError, match="ALL_PROXY") as caught:
            await client.completion("gpt-4", [{"role": "user", "content": "x"}])
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://", "http://proxy:99999", "http://proxy:0", "http://u:SECRET@"])
async def test_a_proxy_without_a_host_or_with_an_impossible_port_is_useless(url: str) -> None:
    async with Client(variables={"OPENAI_API_KEY": "k", "HTTPS_PROXY": url}) as client:
        with pytest.raises(BadRequestError, match="HTTPS_PROXY is not the URL of") as caught:
            await client.completion("gpt-4", [{"role": "user", "content": "x"}])
    assert "SECRET" not in str(caught.value)


async def test_a_blank_variable_names_no_proxy() -> None:
    assert ProxySettings.read({"HTTPS_PROXY": " ", "https_proxy": "", "ALL_PROXY": "http://p"}).proxies.keys() == {
        "all"
    }


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_that_cannot_be_reached_is_told_from_a_provider_that_cannot(scheme: str) -> None:
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    variables = {"OPENAI_API_KEY": "k", "HTTPS_PROXY": f"{scheme}://u:SECRET@127.0.0.1:{port}"}
    async with Client(variables=variables, retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(APIConnectionError, match="cannot connect to the proxy of HTTPS_PROXY: .*refused") as caught:
            await client.completion("gpt-4", [{"role": "user", "content": "x"}])
    assert "SECRET" not in str(caught.value)


async def test_a_proxy_that_says_nothing_is_told_from_a_provider_that_does_not() -> None:
    with serving(lambda peer: peer.wait_until_gone()) as silent, trio.fail_after(10):
        transport = proxied_transport({"https_proxy": str(silent.origin)}, 0.1)
        with pytest.raises(TransportError, match="cannot connect through the proxy of https_proxy within 0.1 s"):
            await transport.send(Origin("https", "api.example.com", 443), POST)
        await transport.aclose()


async def test_a_certificate_that_is_not_trusted_behind_a_proxy_is_told_of_the_way(authority: trustme.CA) -> None:
    context = server_context(authority, "api.example.com")

    def tunnel(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with suppress(ssl.SSLError, ConnectionError):
            peer.connection = context.wrap_socket(peer.connection, server_side=True)
            peer.wait_until_gone()

    with serving(tunnel) as far, trio.fail_after(10):
        transport = proxied_transport({"https_proxy": str(far.origin)}, 5)
        with pytest.raises(TransportError, match="cannot connect through the proxy of https_proxy: the certificate"):
            await transport.send(Origin("https", "api.example.com", 443), POST)
        await transport.aclose()
