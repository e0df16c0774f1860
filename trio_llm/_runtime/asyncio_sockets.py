"""Stream sockets on asyncio: a small protocol, half the cost of anyio's streams.

Connecting is a task group of our own: `create_connection`'s race leaves tasks, and at times a socket,
behind when it is cancelled.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Final, cast

import anyio

from .keepalive import keep_alive
from .quiet import quiet_check
from .run_var import RunVar

_BUFFER_SIZE: Final = 262_144
_HIGH_WATER: Final = 262_144
"""Bytes kept for a slow reader before the peer is made to wait."""
_ATTEMPT_DELAY: Final = 0.25
"""Seconds before the next address is tried as well (RFC 8305, 8)."""
_Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]


async def connect_tcp(host: str, port: int) -> AsyncioSocketStream:
    loop = asyncio.get_running_loop()
    connected = await _connect_first(await _resolve(host, port))
    keep_alive(connected)
    _transport, stream = await loop.create_connection(partial(_new_stream, connected), sock=connected)
    return stream


async def connect_unix(path: str) -> AsyncioSocketStream:
    loop = asyncio.get_running_loop()
    connected = await _connect((socket.AF_UNIX, socket.SOCK_STREAM, 0, "", path))
    _transport, stream = await loop.create_unix_connection(partial(_new_stream, connected), sock=connected)
    return stream


_buffer: Final = RunVar[memoryview]("receive buffer")


def _new_stream(connected: socket.socket) -> AsyncioSocketStream:
    """A stream that shares its buffer with all others of this run: nothing happens between filling it and reading it.

    Without one, asyncio allocates a quarter of a mebibyte for every read, and gives nearly all of it back.
    """
    buffer = _buffer.get(None)
    if buffer is None:
        buffer = memoryview(bytearray(_BUFFER_SIZE))
        _buffer.set(buffer)
    return AsyncioSocketStream(connected, buffer)


class AsyncioSocketStream(asyncio.BufferedProtocol):
    """Implements `ByteStream`."""

    def __init__(self, connected: socket.socket, buffer: memoryview) -> None:
        self._is_silent = quiet_check(connected)
        self._buffer = buffer
        self._received: deque[bytes] = deque()
        self._size = 0
        self._ended = False
        self._failure: tuple[object, ...] | None = None
        """Arguments of the error that ended it. The error itself knows, by its traceback, who knows this stream."""
        self._choked = False
        self._waiter: asyncio.Future[None] | None = None
        self._heard: Callable[[], object] | None = None

    def send_nowait(self, data: bytes | memoryview) -> bool:
        if self._failure is not None:
            raise OSError(*self._failure)
        if data:
            self._transport.write(data)
        return not self._choked

    async def send(self, data: bytes | memoryview) -> bool:
        self.send_nowait(data)
        while self._choked and not self._is_readable():
            await self._wait()
        return not self._choked

    async def receive(self) -> bytes:
        while not self._is_readable():
            await self._wait()
        return cast("bytes", self.receive_nowait())

    def receive_nowait(self) -> bytes | None:
        if self._received:
            data = self._received.popleft()
            if self._size >= _HIGH_WATER > self._size - len(data):
                self._transport.resume_reading()
            self._size -= len(data)
            return data
        if self._failure is not None:
            raise OSError(*self._failure)
        return b"" if self._ended else None

    def is_quiet(self) -> bool:
        return not self._received and not self._ended and self._is_silent()

    def watch(self, heard: Callable[[], object]) -> None:
        self._heard = heard

    def close(self) -> None:
        self._heard = None
        self._transport.abort()

    def _is_readable(self) -> bool:
        return bool(self._received) or self._ended

    async def _wait(self) -> None:
        waiter = self._waiter = asyncio.get_running_loop().create_future()
        try:
            await waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is None:
            if self._heard is not None:
                self._heard()
        elif not self._waiter.done():
            self._waiter.set_result(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Called by the event loop, right before it fills some of it."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Called by the event loop, right after that."""
        data = self._buffer[:nbytes].tobytes()
        self._received.append(data)
        self._size += len(data)
        if self._size >= _HIGH_WATER > self._size - len(data):
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """Called by the event loop. True: a peer that has finished speaking may still listen."""
        self._ended = True
        self._wake()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop, at the end of every connection."""
        if exc is not None or not self._ended:
            self._failure = ("the connection was closed",) if exc is None else exc.args
        self._ended = True
        self._choked = False
        self._wake()
        self._heard = None

    def pause_writing(self) -> None:
        """Called by the event loop."""
        self._choked = True

    def resume_writing(self) -> None:
        """Called by the event loop."""
        self._choked = False
        self._wake()


async def _resolve(host: str, port: int) -> list[_Address]:
    """All addresses of a host, with the second one of another family than the first if there is such."""
    found: list[_Address]
    try:
        found = [*socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)]
    except socket.gaierror:
        found = [*await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    others = [address for address in found if address[0] != found[0][0]]
    if others:
        found.remove(others[0])
        found.insert(1, others[0])
    return found


async def _connect_first(addresses: list[_Address]) -> socket.socket:
    """Start with the first address, go on to the next after a failure or a while, keep the first success."""
    if len(addresses) == 1:
        return await _connect(addresses[0])
    race = _Race()
    try:
        await race.run(addresses)
    except BaseException:
        if race.winner is not None:
            race.winner.close()
        raise
    if race.winner is None:
        raise OSError("no address answers") from ExceptionGroup("all addresses failed", race.failures)
    return race.winner


class _Race:
    def __init__(self) -> None:
        self.winner: socket.socket | None = None
        self.failures: list[OSError] = []

    async def run(self, addresses: list[_Address]) -> None:
        async with anyio.create_task_group() as group:
            for address in addresses:
                failed = anyio.Event()
                group.start_soon(self._attempt, address, failed, group.cancel_scope)
                with anyio.move_on_after(_ATTEMPT_DELAY):
                    await failed.wait()

    async def _attempt(self, address: _Address, failed: anyio.Event, scope: anyio.CancelScope) -> None:
        try:
            connected = await _connect(address)
        except OSError as exc:
            self.failures.append(exc)
            failed.set()
            return
        if self.winner is None:
            self.winner = connected
            scope.cancel(reason="another address answered")
        else:
            connected.close()


async def _connect(address: _Address) -> socket.socket:
    family, kind, protocol, _name, target = address
    connecting = socket.socket(family, kind, protocol)
    try:
        connecting.settimeout(0)
        await asyncio.get_running_loop().sock_connect(connecting, target)
    except BaseException:
        connecting.close()
        raise
    return connecting
