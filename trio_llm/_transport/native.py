"""The default transport: HTTP/1.1 on the sockets of the running loop.

An exchange owns its connection from `open` to its one end, and goes through these states:

    waiting for a slot ──> connecting, or one that was idle ──> sending ──> waiting for the head ──> open ──> ended
                                         ^                        │
                                         └── nothing was written, and the peer had closed an idle connection

- It ends in `_end`, and nowhere else: closed by its reader, taken whole (`finish_nowait`), or aborted by an error, by
  a cancellation or by the transport. Whoever comes first says how, and the rest changes nothing.
- A connection is kept for the next exchange only if all of the request was sent, all of the reply was read, and no
  task still waits on it. In every other case its socket is closed.
- What was written once is never written again. `_is_begun` is set with the first byte.

What always holds: a socket belongs to an exchange or lies in the idle pool. Connections that are open or being made
are no more than the process has descriptors for, and one that waits for a descriptor (`Turns`) has none. There is no
task here: whoever asks does the work.
"""

from __future__ import annotations

import math
import ssl
from collections.abc import Iterable
from functools import lru_cache, partial
from typing import Final

from .._runtime import trio
from .._runtime.sockets import ByteStream, connect_tcp, connect_unix
from .._types.http import HTTPRequest, Origin, ReplyHead
from . import Reply, ReplyError, TransportError, TransportStatistics
from .causes import cause_of, is_out_of_descriptors, is_untrusted, most_descriptors
from .h1 import ReplyLimits, ReplyParser, encode_head, encode_request
from .opening import split_opening
from .pool import ConnectionSlots, IdlePool, Turns, sleepless_clock
from .tls import default_context, open_tls

_DEFAULT_LIMITS = ReplyLimits()
_DESCRIPTORS_OF_OTHERS: Final = 32
"""File descriptors that are left to the rest of the process, or half of them where there are few."""
AT_ONCE: Final = 0.25
"""Seconds in which a peer's word that it had closed an idle connection arrives: more than once around the world."""
_ENDED: Final = "the peer closed the connection"
_REMEMBERED_HEADS: Final = 1_000
"""Encoded request heads that are kept: those of one model and key are all the same."""


class NativeTransport:
    """Sends requests over connections of its own. Implements `Transport`.

    It follows no redirects, uses no proxy and keeps no cookies. What it has written once it never writes again: where a
    reused connection dies, only a request of which nothing was written goes to another one.

    It opens no more connections than the process may have file descriptors, less some for others. Where none is free,
    in the process or on the machine, the connection that has been idle for longest is closed; where none is idle, an
    exchange waits until another one ends.

        async with Client(transport=NativeTransport()) as client:
            await client.completion(model, messages)

    Args:
        ssl_context: verifies https peers; by default one of the process, see `tls.default_context`.
        connect_timeout: seconds for one connection to be made, TLS included; there is no other time limit here.
        max_connections: per origin; further exchanges wait for one, in the order in which they came. By default as
            many as there are exchanges, which the engine's limits count.
        max_idle: connections kept open per origin between exchanges. As many as may be in flight, so that the
            next burst finds them. Over all origins three quarters of the file descriptors at most.
        idle_expiry: seconds after which an idle connection is not used again.
        limits: what a reply may measure.
    """

    def __init__(  # noqa: PLR0913 - the options of a transport, all by name
        self,
        *,
        ssl_context: ssl.SSLContext | None = None,
        connect_timeout: float = math.inf,
        max_connections: int | None = None,
        max_idle: int = 1_000,
        idle_expiry: float = 50,
        limits: ReplyLimits = _DEFAULT_LIMITS,
    ) -> None:
        self._ssl_context = ssl_context
        self._connect_timeout = connect_timeout
        self._limits = limits
        self._clock = sleepless_clock()
        self._slots = None if max_connections is None else ConnectionSlots(max_connections)
        descriptors = most_descriptors() or math.inf
        self._most_open = max(descriptors - _DESCRIPTORS_OF_OTHERS, descriptors // 2)
        self._idle = IdlePool[Connection](max_idle=max_idle, expiry=idle_expiry, max_total=max(1, descriptors * 3 // 4))
        self._turns = Turns()
        self._head_of = lru_cache(_REMEMBERED_HEADS)(encode_head)
        self._exchanges: set[NativeExchange] = set()
        self._closed = False

    async def send(self, origin: Origin, request: HTTPRequest) -> Reply:
        """See `Transport.send`.

        Raises:
            ValueError: if the request cannot be written as HTTP.
        """
        if self._closed:
            raise TransportError("the transport is closed")
        exchange = NativeExchange(self, origin)
        head = self._head_of(origin, request.method, request.path, request.headers)
        if self._slots is not None:
            await self._slots.acquire(origin, exchange)
        self._exchanges.add(exchange)
        try:
            while True:  # noqa: ASYNC913 - each round but the last waits for something
                now = self._clock()
                connection = self._idle.take(origin, now)
                exchange.reused_at = None if connection is None else now
                if connection is None:
                    connection = await self._connect(exchange)
                if connection is not None and await exchange.open(connection, encode_request(head, request)):
                    return exchange
        except BaseException:
            exchange.abort()
            raise

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
        queued, stalled = 0 if self._slots is None else self._slots.waiting, len(self._turns.waiting)
        return TransportStatistics(
            active=len(self._exchanges) - stalled, idle=len(self._idle), waiting=queued + stalled
        )

    def _end(self, exchange: NativeExchange, connection: Connection | None, *, reusable: bool) -> None:
        """Take back the connection of an exchange; called by each exchange once."""
        self._exchanges.discard(exchange)
        if self._slots is not None:
            self._slots.release(exchange.origin, exchange)
        if connection is not None and reusable and not self._closed:
            connection.parser.restart()
            self._idle.give(exchange.origin, connection, self._clock())
        elif connection is not None:
            connection.close()
        if self._turns.waiting:
            self._turns.end(exchange)

    async def _connect(self, exchange: NativeExchange) -> Connection | None:
        """A new connection; None where no descriptor was free for it, and now one may be."""
        if len(self._exchanges) - len(self._turns.waiting) + len(self._idle) > self._most_open:
            await self._free_descriptor(exchange)
            return None
        try:
            with trio.fail_after(self._connect_timeout):
                connection = Connection(await self._open_stream(exchange.origin), self._limits)
        except trio.TooSlowError as exc:
            raise TransportError(f"cannot connect within {self._connect_timeout:g} s") from exc
        except (OSError, UnicodeError) as exc:
            if is_out_of_descriptors(exc) and await self._free_descriptor(exchange):  # noqa: ASYNC120 - so it should
                return None
            raise TransportError(f"cannot connect: {cause_of(exc)}", lasting=is_untrusted(exc)) from exc
        connection.stream.watch(partial(self._idle.heard, connection))
        return connection

    async def _free_descriptor(self, exchange: NativeExchange) -> bool:
        """Close the oldest idle connection, or wait for an exchange to end; False if there is neither."""
        if self._idle.close_oldest():
            await trio.lowlevel.checkpoint()  # asyncio closes a socket one turn of its loop after it was told to
            return True
        if len(self._exchanges) - len(self._turns.waiting) <= 1:
            return False
        await self._turns.wait(exchange)
        return True

    async def _open_stream(self, origin: Origin) -> ByteStream:
        # Reading the certificates needs a descriptor too.
        context = (self._ssl_context or default_context()) if origin.scheme == "https" else None
        stream = await (connect_unix(origin.unix) if origin.unix else connect_tcp(origin.host, origin.port))
        return stream if context is None else await open_tls(stream, context, origin.host)


class Connection:
    """A stream, and the parser of what comes over it."""

    __slots__ = ("is_quiet", "parser", "stream")

    def __init__(self, stream: ByteStream, limits: ReplyLimits) -> None:
        self.stream = stream
        self.is_quiet = stream.is_quiet
        self.parser = ReplyParser(limits)

    def close(self) -> None:
        """Close the socket. Idempotent."""
        self.stream.close()
        self.parser.close()


class NativeExchange:
    """One request and its reply on one connection. Implements `Reply` once it is open."""

    __slots__ = (
        "_connection",
        "_is_begun",
        "_is_ended",
        "_is_read",
        "_is_sent",
        "_is_waiting",
        "_rest",
        "_transport",
        "head",
        "origin",
        "reused_at",
    )

    head: ReplyHead
    """Status and headers of the reply."""

    def __init__(self, transport: NativeTransport, origin: Origin) -> None:
        self.origin = origin
        self._transport = transport
        self._connection: Connection | None = None
        self.reused_at: float | None = None
        """When its connection was taken that had been idle; None for a new one."""
        self._is_begun = False
        """Whether any of the request may have been written."""
        self._is_sent = False
        self._is_waiting = False
        self._is_ended = False
        self._is_read = False
        self._rest = b""
        """What came with the beginning of a stream."""

    async def open(self, connection: Connection, request: bytes | Iterable[bytes | memoryview]) -> bool:
        """Send a request over a connection, and wait for the head of its reply.

        Returns:
            False if nothing of it could be written, because the peer had closed a connection that is reused.
        """
        self._connection = connection
        if self._is_ended:
            connection.close()
            raise TransportError("the transport was closed meanwhile")
        parser = connection.parser
        failure: OSError | None = None
        try:
            if not isinstance(request, bytes):
                self._is_sent = await self._send_blocks(connection, request)
            else:
                is_sent = connection.stream.send_nowait(request)
                self._is_begun = True
                self._is_sent = is_sent or await self._send_rest(connection)
        except OSError as exc:  # The peer may have answered before it went away, so this is not the end.
            if self.reused_at is not None and not self._is_begun:
                return self._leave(connection)
            failure = exc
        self._is_waiting = True
        try:
            while parser.head is None and parser.error is None:
                self._feed(connection, await connection.stream.receive())
        except OSError as exc:
            failure = failure or exc
        finally:
            self._is_waiting = False
        try:
            if parser.head is None:
                raise self._no_head(parser, failure)
        finally:
            del failure  # it knows this frame, by its traceback
        self.head = parser.head
        return True

    def _no_head(self, parser: ReplyParser, failure: OSError | None) -> TransportError:
        if parser.started and parser.error is not None:
            return parser.error
        reason = failure or parser.error
        assert reason is not None, "something ended the exchange"
        if parser.started:
            error: TransportError = ReplyError(f"the reply broke off: {cause_of(reason)}")
        else:
            text = f"no reply: {cause_of(reason) if failure is not None else _ENDED}"
            at_once = self.reused_at is not None and self._transport._clock() - self.reused_at < AT_ONCE
            error = TransportError(text, sent=self._is_begun, stale=at_once and self._is_begun)
        error.__cause__ = reason
        return error

    def _leave(self, connection: Connection) -> bool:
        """Close a connection that the peer had closed while it was idle."""
        connection.close()
        self._connection = None
        return False

    def finish_nowait(self) -> bytes | None:
        """See `Reply.finish_nowait`."""
        connection = self._open_connection()
        if not connection.parser.complete:
            return None
        try:
            return self._rest + connection.parser.read_rest()
        finally:
            self._close(connection)

    async def read(self) -> bytes:
        """See `Reply.read`. A cancelled read loses nothing."""
        if self._rest:
            await trio.lowlevel.checkpoint()
            self._open_connection()
            piece, self._rest = self._rest, b""
            return piece
        while (received := self._open_connection().parser.read()) is None:
            await self._hear(self._open_connection())
        if self._is_read:
            return received
        self._is_read = True
        piece, self._rest = split_opening(self.head, received)
        return piece

    def _open_connection(self) -> Connection:
        if self._is_ended:
            raise ReplyError("the reply is closed")
        assert self._connection is not None, "the exchange is not open"
        return self._connection

    async def aclose(self) -> None:
        """See `Reply.aclose`. A rest of the body that is here already does not cost the connection."""
        if not self._is_ended:
            connection = self._open_connection()
            if not (connection.parser.complete or self._is_waiting):
                self._hear_nowait(connection)
            self._close(connection)

    def _close(self, connection: Connection) -> None:
        parser = connection.parser
        # A task that still reads, so that this one has to wake it, would read on in the next exchange.
        reusable = self._is_sent and parser.complete and parser.keep_alive and not self._is_waiting
        self._is_ended = True
        self._transport._end(self, connection, reusable=reusable)

    def abort(self) -> None:
        """Close the socket. Idempotent."""
        if not self._is_ended:
            self._is_ended = True
            self._transport._end(self, self._connection, reusable=False)

    async def _send_blocks(self, connection: Connection, blocks: Iterable[bytes | memoryview]) -> bool:
        """Send a request as far as the peer will have it: it may answer before the end. Returns whether it got all."""
        for number, block in enumerate(blocks):
            if number and await self._hears_early(connection):
                return False
            is_sent = connection.stream.send_nowait(block)
            self._is_begun = True
            if not is_sent and not await self._send_rest(connection):
                return False
        return True

    async def _hears_early(self, connection: Connection) -> bool:
        """Let other tasks have a turn between two blocks, and see whether the peer has answered meanwhile."""
        await trio.lowlevel.checkpoint()
        self._hear_nowait(connection)
        return connection.parser.is_decided

    async def _send_rest(self, connection: Connection) -> bool:
        """Send what is queued, as far as the peer takes it before it gives its answer. Returns whether it got all."""
        while not await connection.stream.send(b""):
            self._feed(connection, await connection.stream.receive())
            if connection.parser.is_decided:
                return False
        return True

    def _feed(self, connection: Connection, data: bytes) -> None:
        # On asyncio another task may have closed the connection since these bytes arrived.
        if self._is_ended:
            raise ReplyError("the reply is closed")
        connection.parser.feed(data)

    async def _hear(self, connection: Connection) -> None:
        self._is_waiting = True
        try:
            self._feed(connection, await connection.stream.receive())
        except OSError as exc:
            raise ReplyError(f"the reply broke off: {cause_of(exc)}") from exc
        finally:
            self._is_waiting = False

    def _hear_nowait(self, connection: Connection) -> None:
        if self._is_ended:
            return
        try:
            data = connection.stream.receive_nowait()
        except OSError:
            return  # Whoever waits for more will meet it again.
        if data is not None:
            connection.parser.feed(data)
