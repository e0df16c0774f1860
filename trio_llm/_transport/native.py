"""The default transport: HTTP/1.1 on the sockets of the running loop."""

from __future__ import annotations

import math
import ssl
import time

from .._http import HTTPRequest, Origin, ReplyHead
from .._runtime import trio
from .._runtime.sockets import ByteStream, connect_tcp, connect_unix
from . import ReplyError, TransportError, TransportStatistics
from .h1 import Limits, ReplyParser, encode_request
from .pool import IdlePool
from .tls import default_context, open_tls

_DEFAULT_LIMITS = Limits()


class NativeTransport:
    """Sends requests over connections of its own, as many as are asked for at once. Implements `Transport`.

    It follows no redirects, uses no proxy and keeps no cookies. A request whose reused connection dies
    before a byte of the reply arrived is sent once more, on a new connection: the peer had closed it idle.

    Args:
        ssl_context: verifies https peers; by default one of the process, see `tls.default_context`.
        connect_timeout: seconds for one connection to be made, TLS included; there is no other time limit here.
        max_idle: connections kept open per origin between exchanges. As many as may be in flight, so that the
            next burst finds them.
        idle_expiry: seconds after which an idle connection is not used again.
        limits: what a reply may measure.
    """

    def __init__(
        self,
        *,
        ssl_context: ssl.SSLContext | None = None,
        connect_timeout: float = math.inf,
        max_idle: int = 1_000,
        idle_expiry: float = 50,
        limits: Limits = _DEFAULT_LIMITS,
    ) -> None:
        self._ssl_context = ssl_context
        self._connect_timeout = connect_timeout
        self._limits = limits
        self._idle = IdlePool(max_idle=max_idle, expiry=idle_expiry)
        self._exchanges: set[Exchange] = set()
        self._connecting = 0
        self._closed = False

    async def send(self, origin: Origin, request: HTTPRequest) -> Exchange:
        """See `Transport.send`.

        Raises:
            ValueError: if the request cannot be written as HTTP.
        """
        if self._closed:
            raise TransportError("the transport is closed")
        stream = self._idle.take(origin, time.monotonic())
        if stream is not None:
            exchange = self._begin(origin, stream)
            try:
                await exchange.open(request)
            except TransportError:
                if exchange.is_answered:
                    raise
            else:
                return exchange
        exchange = self._begin(origin, await self._connect(origin))
        await exchange.open(request)
        return exchange

    async def aclose(self) -> None:
        """See `Transport.aclose`. Exchanges that are under way break off."""
        self._closed = True
        self._idle.close()
        for exchange in [*self._exchanges]:
            exchange.abort()
        # asyncio closes a socket one turn of its loop after it was told to.
        await trio.lowlevel.cancel_shielded_checkpoint()

    def statistics(self) -> TransportStatistics:
        """See `Transport.statistics`."""
        return TransportStatistics(active=len(self._exchanges) + self._connecting, idle=len(self._idle))

    def _begin(self, origin: Origin, stream: ByteStream) -> Exchange:
        exchange = Exchange(self, origin, stream, self._limits)
        self._exchanges.add(exchange)
        return exchange

    def end(self, exchange: Exchange, stream: ByteStream, *, reusable: bool) -> None:
        """Take back the connection of an exchange; called by each exchange once."""
        self._exchanges.discard(exchange)
        if reusable and not self._closed:
            self._idle.give(exchange.origin, stream, time.monotonic())
        else:
            stream.close()

    async def _connect(self, origin: Origin) -> ByteStream:
        self._connecting += 1
        try:
            with trio.fail_after(self._connect_timeout):
                return await self._open_stream(origin)
        except trio.TooSlowError as exc:
            raise TransportError(f"cannot connect to {origin} within {self._connect_timeout} s") from exc
        except (OSError, UnicodeError) as exc:
            raise TransportError(f"cannot connect to {origin}: {exc}") from exc
        finally:
            self._connecting -= 1

    async def _open_stream(self, origin: Origin) -> ByteStream:
        stream = await (connect_unix(origin.unix) if origin.unix else connect_tcp(origin.host, origin.port))
        if origin.scheme == "https":
            return await open_tls(stream, self._ssl_context or default_context(), origin.host)
        return stream


class Exchange:
    """One request and its reply on one connection. Implements `Reply` once it is open."""

    __slots__ = ("_is_ended", "_is_sent", "_is_waiting", "_parser", "_stream", "_transport", "origin")

    def __init__(self, transport: NativeTransport, origin: Origin, stream: ByteStream, limits: Limits) -> None:
        self.origin = origin
        self._transport = transport
        self._stream = stream
        self._parser = ReplyParser(limits)
        self._is_sent = False
        self._is_waiting = False
        self._is_ended = False

    @property
    def head(self) -> ReplyHead:
        """Status and headers of the reply."""
        assert self._parser.head is not None, "the exchange is not open"
        return self._parser.head

    @property
    def is_answered(self) -> bool:
        """Whether a byte of a reply has arrived."""
        return self._parser.started

    async def open(self, request: HTTPRequest) -> None:
        """Send the request and wait for the head of the reply. Closes the connection if that fails."""
        try:
            await self._converse(request)
        except BaseException:
            self.abort()
            raise

    async def read(self) -> bytes:
        """See `Reply.read`. A cancelled read loses nothing."""
        while (piece := self._parser.read()) is None:
            await self._hear()
        return piece

    async def aclose(self) -> None:
        """See `Reply.aclose`. A rest of the body that is here already does not cost the connection."""
        if self._is_ended:
            return
        parser = self._parser
        if not (parser.complete or self._is_waiting):
            self._hear_nowait()
        # A task that still reads, so that this one has to wake it, would read on in the next exchange.
        self._end(reusable=self._is_sent and parser.complete and parser.keep_alive and not self._is_waiting)

    def abort(self) -> None:
        """Close the socket. Idempotent."""
        if not self._is_ended:
            self._end(reusable=False)

    def _end(self, *, reusable: bool) -> None:
        self._is_ended = True
        self._transport.end(self, self._stream, reusable=reusable)

    async def _converse(self, request: HTTPRequest) -> None:
        failure = await self._send(request)
        parser = self._parser
        try:
            while not self._is_decided:
                await self._hear()
            if parser.head is None and parser.error is not None:
                raise parser.error
        except ReplyError as exc:
            if parser.started:
                raise
            reason = failure or exc.__cause__ or exc
            raise TransportError(f"no reply from {self.origin}: {reason}") from reason

    async def _send(self, request: HTTPRequest) -> OSError | None:
        """Send the request as far as the peer will have it: it may answer, or go away, before the end.

        Returns:
            What went wrong. The peer may have answered before, so that is not the end of the exchange.
        """
        for number, block in enumerate(encode_request(self.origin, request)):
            if number and await self._hears_early():
                return None
            try:
                await self._send_block(block)
            except OSError as exc:
                return exc
        self._is_sent = not self._is_decided
        return None

    async def _send_block(self, block: bytes | memoryview) -> None:
        """Send a block, or as much of it as the peer takes before it gives its answer."""
        while not await self._stream.send(block):
            self._parser.feed(await self._stream.receive())
            if self._is_decided:
                return
            block = b""

    async def _hears_early(self) -> bool:
        """Let other tasks have a turn between two blocks, and see whether the peer has answered meanwhile."""
        await trio.lowlevel.checkpoint()
        self._hear_nowait()
        return self._is_decided

    @property
    def _is_decided(self) -> bool:
        return self._parser.head is not None or self._parser.error is not None

    async def _hear(self) -> None:
        if self._is_ended:
            raise ReplyError("the reply is closed")
        self._is_waiting = True
        try:
            self._parser.feed(await self._stream.receive())
        except OSError as exc:
            raise ReplyError(f"the reply broke off: {exc}") from exc
        finally:
            self._is_waiting = False

    def _hear_nowait(self) -> None:
        try:
            data = self._stream.receive_nowait()
        except OSError:
            return  # Whoever waits for more will meet it again.
        if data is not None:
            self._parser.feed(data)
