"""A transport over an `httpx.AsyncClient`, or over one of `httpx2`, its maintained continuation with the same API.

For what the native transport does not do: proxies, HTTP/2, client certificates, `MockTransport`. The only
module that imports either library, and only when a client of it exists or has to be made.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import re
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import suppress
from types import ModuleType
from typing import Any, Final
from urllib.parse import urlsplit

import attrs

from .._runtime import trio
from .._runtime.keepalive import KEEP_ALIVE
from .._types.errors import BadRequestError
from .._types.headers import check_field
from .._types.http import HTTPRequest, Origin, ReplyHead, RequestBody
from . import Reply, ReplyError, TransportError, TransportStatistics
from .causes import cause_of, is_of_tls, is_untrusted
from .content import ACCEPTED, Body
from .h1 import ReplyLimits, measured_blocks
from .httpx_watch import RequestWatch
from .native import AT_ONCE
from .opening import split_opening
from .proxies import Proxy
from .tls import default_context

_LIBRARIES = ("httpx2", "httpx")
_DEFAULT_LIMITS = ReplyLimits()
_CLOSE_SECONDS = 2
_REFUSAL: Final = re.compile(r"4(?!08|29)\d\d\b|Invalid username/password")
"""How a proxy says that it will not have us, now or later."""
_MOST_BUFFERED = 1_000


class HttpxTransport:
    """Sends requests with a client that the caller configured. Implements `Transport`.

    The client's own time limits do not apply, as the deadlines are the engine's, nor does it follow redirects. What it
    has written it does not write again; whether its own `auth` does is for whoever configured that.

        async with Client(http_client=httpx.AsyncClient(http2=True)) as client:  # adapted by it
            await client.completion(model, messages)

    Args:
        client: an `httpx.AsyncClient` or `httpx2.AsyncClient`, open.
        connect_timeout: seconds for a connection to be made, through proxies and TLS; see `httpx_watch`.
        proxy: what names the proxy that the client goes through, for errors.
        limits: what a reply may measure; only the length of its body is checked here.
        owned: whether `aclose` closes the client as well; otherwise whoever made it does.

    Raises:
        TypeError: if it is neither.
    """

    def __init__(
        self,
        client: object,
        *,
        connect_timeout: float = math.inf,
        owned: bool = False,
        limits: ReplyLimits = _DEFAULT_LIMITS,
        proxy: str = "",
    ) -> None:
        self._library = _library_of(client)
        self._connect_timeout = connect_timeout
        seconds = None if connect_timeout == math.inf else connect_timeout
        self._timeouts: Any = self._library.Timeout(None, connect=seconds)
        self._failures = (
            self._library.HTTPError,
            self._library.InvalidURL,
            self._library.StreamError,
            UnicodeError,
        )
        self._proxy = f"the proxy of {proxy}" if proxy else "the proxy"
        self._by_proxy = bool(proxy)
        self._client: Any = client
        self._owned = owned
        self._limits = limits
        self._body_class: Any = type("Body", (_Body, self._library.AsyncByteStream), {})
        self._replies: set[HttpxReply] = set()
        self._sending = 0

    async def send(self, origin: Origin, request: HTTPRequest) -> Reply:
        """See `Transport.send`.

        Raises:
            ValueError: if HTTP cannot carry a header; it names the header and shows no value.
        """
        headers = _headers(request)
        if origin.unix is not None:
            raise TransportError("an httpx client reaches a Unix socket only by its own transport's `uds`")
        self._sending += 1
        watch = RequestWatch(self._connect_timeout)
        response: Any = None
        try:
            with watch.scope:
                response = await self._send(f"{origin}{request.path}", request, headers, watch)
        except self._library.LocalProtocolError:
            # What the library did not like may be a header of the client's own, and it quotes the value: a key.
            raise ValueError("the httpx client refuses to send this: HTTP does not allow one of its headers") from None
        except (*self._failures, *_socks_failures()) as exc:
            raise self._error(exc, watch) from exc
        finally:
            self._sending -= 1
            await watch.close_unfinished()  # noqa: ASYNC102 - it waits for two seconds at most
        if response is None:
            raise self._too_slow()
        if _is_of_proxy(response):
            await response.aclose()
            status = f"{response.status_code} {response.reason_phrase}".strip()
            raise TransportError(f"{self._proxy} answered {status}", sent=True, lasting=True)
        return HttpxReply(response, (self._library.HTTPError, self._library.StreamError), self._replies, self._limits)

    async def _send(
        self, url: str, request: HTTPRequest, headers: list[tuple[bytes, bytes]], watch: RequestWatch
    ) -> Any:
        http_request = self._client.build_request(
            request.method,
            url,
            headers=headers,
            # What is in memory, for `MockTransport` and event hooks that look at it.
            content=request.body if isinstance(request.body, bytes) else None,
            timeout=self._timeouts,
            extensions={"trace": watch},
        )
        http_request.stream = self._body_class(request.body)
        return await self._client.send(http_request, stream=True, follow_redirects=False)

    def _error(self, exc: Exception, watch: RequestWatch) -> TransportError:
        library = self._library
        if isinstance(exc, library.ConnectTimeout):
            return self._too_slow()
        if isinstance(exc, (library.ProxyError, *_socks_failures())):
            # The text is the status that a proxy answered with, or what a SOCKS proxy said.
            lasting = bool(_REFUSAL.match(str(exc)))
            return TransportError(f"cannot connect: {self._proxy} answered {str(exc) or 'nothing'}", lasting=lasting)
        if isinstance(exc, library.ConnectError | library.UnsupportedProtocol | library.InvalidURL):
            return TransportError(f"cannot connect{self._way(exc)}: {cause_of(exc)}", lasting=is_untrusted(exc))
        # Where the client's transport tells nothing, it may have been sent.
        sent = watch.sent_at is not None or not watch.connecting
        at_once = watch.sent_at is not None and trio.current_time() - watch.sent_at < AT_ONCE
        stale = at_once and not watch.connecting and isinstance(exc, library.NetworkError | library.RemoteProtocolError)
        return TransportError(f"no reply: {cause_of(exc)}", sent=sent, stale=stale)

    def _way(self, exc: Exception) -> str:
        """Where it did not get to, if not to the provider: without TLS there is no connection but to the proxy."""
        if not self._by_proxy:
            return ""
        return f" {'through' if is_of_tls(exc) else 'to'} {self._proxy}"

    def _too_slow(self) -> TransportError:
        through = f" through {self._proxy}" if self._by_proxy else ""
        return TransportError(f"cannot connect{through} within {self._connect_timeout:g} s")

    async def aclose(self) -> None:
        """See `Transport.aclose`. The client stays open if it is the caller's."""
        for reply in [*self._replies]:
            await reply.aclose()
        if self._owned:
            with trio.move_on_after(_CLOSE_SECONDS, shield=True):
                await self._client.aclose()

    def statistics(self) -> TransportStatistics:
        """See `Transport.statistics`. How many connections the client keeps idle is not known; it counts as none."""
        return TransportStatistics(active=self._sending + len(self._replies), idle=0)


class HttpxReply:
    """Implements `Reply`. The one place where a response is closed."""

    __slots__ = ("_body", "_errors", "_is_read", "_open", "_pieces", "_response", "_rest", "head")

    def __init__(
        self, response: Any, errors: tuple[type[Exception], ...], still_open: set[HttpxReply], limits: ReplyLimits
    ) -> None:
        self.head = ReplyHead(response.status_code, dict(response.headers))
        self._response = response
        self._errors = errors
        # A response that was made in memory, as `MockTransport` does, has been decoded already. The others are
        # decoded here: an error inside the library's own decoder drops its generators half-way.
        in_memory = response.is_stream_consumed
        self._pieces: AsyncGenerator[bytes] = response.aiter_bytes() if in_memory else response.aiter_raw()
        self._body = Body("" if in_memory else self.head.headers.get("content-encoding", ""), limits.body)
        self._is_read = False
        self._rest = b""
        """What came with the beginning of a stream."""
        self._open = still_open
        still_open.add(self)

    def finish_nowait(self) -> bytes | None:
        """See `Reply.finish_nowait`. Nothing: whether the end is here is known to the library only."""
        return None

    async def read(self) -> bytes:
        """See `Reply.read`. A cancelled read ends the reply: the library closes its connection."""
        if self._rest and self in self._open:
            await trio.lowlevel.checkpoint()
            piece, self._rest = self._rest, b""
            return piece
        while not (received := self._body.read()):
            data = await self._receive()
            if not data:
                self._body.end()
                return b""
            self._body.feed(data)
        if self._is_read:
            return received
        self._is_read = True
        piece, self._rest = split_opening(self.head, received)
        return piece

    async def _receive(self) -> bytes:
        if self not in self._open:
            raise ReplyError("the reply is closed")
        try:
            return await anext(self._pieces, b"")
        except self._errors as exc:
            raise ReplyError(f"the reply broke off: {cause_of(exc)}") from exc

    async def aclose(self) -> None:
        """See `Reply.aclose`; waits for nothing longer than two seconds."""
        if self not in self._open:
            return
        self._open.remove(self)
        with trio.move_on_after(_CLOSE_SECONDS, shield=True):
            await self._response.aclose()
            await self._end_generators()

    async def _end_generators(self) -> None:
        """Run the library's nested generators to their end, which is at hand now that the connection is closed.

        `aclose` of the outer one would leave the inner ones to the garbage collector, and on Trio to a warning.
        """
        with suppress(*self._errors):
            for _ in range(_MOST_BUFFERED):
                if not await anext(self._pieces, b""):
                    return
            await self._pieces.aclose()


def proxied_transport(proxy: Proxy, connect_timeout: float = math.inf) -> HttpxTransport:
    """A transport through a proxy.

    Raises:
        BadRequestError: if the proxy cannot be used; it names the variable, as the URL may hold a password.
    """
    library = _newest_library()
    limits = library.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=50)
    try:
        _check_place(proxy.url)
        way = library.AsyncHTTPTransport(
            verify=default_context(), limits=limits, proxy=proxy.url, socket_options=KEEP_ALIVE
        )
    except ImportError as exc:
        raise BadRequestError(f"{proxy.variable}: {exc}") from exc
    except (ValueError, library.InvalidURL):
        raise BadRequestError(f"{proxy.variable} is not the URL of an http, https or socks5 proxy") from None
    client = library.AsyncClient(transport=way, trust_env=False)
    return HttpxTransport(client, owned=True, connect_timeout=connect_timeout, proxy=proxy.variable)


def _check_place(url: str) -> None:
    """Raises `ValueError` for a URL without a host, or with a port that there is not."""
    parts = urlsplit(url)
    if not parts.hostname or parts.port == 0:
        raise ValueError(url)


def _library_of(client: object) -> ModuleType:
    for cls in type(client).__mro__:
        library = cls.__module__.partition(".")[0]
        if cls.__name__ == "AsyncClient" and library in _LIBRARIES:
            return sys.modules[library]
    raise TypeError(f"expected an httpx.AsyncClient or httpx2.AsyncClient, got {type(client).__name__}")


def _newest_library() -> ModuleType:
    for name in _LIBRARIES:
        if importlib.util.find_spec(name) is not None:
            return importlib.import_module(name)
    raise BadRequestError("the environment asks for a proxy, which needs httpx2 or httpx; neither is installed")


def _socks_failures() -> tuple[type[Exception], ...]:
    """What the library lets through of the one that speaks SOCKS, if that is loaded: replies that are none."""
    socks = sys.modules.get("socksio")
    return () if socks is None else (socks.SOCKSError,)


def _is_of_proxy(response: Any) -> bool:
    """Whether a proxy on the way answered, and not the provider."""
    headers = response.headers
    asks = "proxy-authenticate" in headers and "www-authenticate" not in headers
    return response.status_code == 407 or (response.status_code == 401 and asks)


def _headers(request: HTTPRequest) -> list[tuple[bytes, bytes]]:
    for name, value in request.headers:
        check_field(name, value)
    headers = [*request.headers, ("accept-encoding", ACCEPTED)]
    if not isinstance(request.body, bytes):
        headers.append(("content-length", str(request.body.size)))
    # As bytes: text would have to be ASCII for the library.
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


class _Body:
    """A request body for httpx, iterated again every time it is sent.

    It is no generator, as httpx's own are: one that is dropped half-way, because the peer closed, makes Trio warn.
    """

    def __init__(self, body: bytes | RequestBody) -> None:
        self._body = body

    def __aiter__(self) -> _Blocks:
        body = self._body
        return _Blocks(iter([body] if isinstance(body, bytes) else measured_blocks(body.blocks(), body.size)))


@attrs.frozen
class _Blocks:
    blocks: Iterator[bytes]

    def __aiter__(self) -> _Blocks:
        return self

    async def __anext__(self) -> bytes:
        try:
            return next(self.blocks)
        except StopIteration:
            raise StopAsyncIteration from None
