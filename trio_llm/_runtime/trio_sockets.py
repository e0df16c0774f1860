"""Stream sockets on Trio: the bare socket and Trio's readiness calls.

`trio.SocketStream` costs 17 µs more a round trip; it is used to connect only.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

import trio

from .keepalive import keep_alive
from .quiet import quiet_check

_RECEIVE_SIZE = 65_536
_TCP = frozenset({socket.AF_INET, socket.AF_INET6})


async def connect_tcp(host: str, port: int) -> TrioSocketStream:
    return TrioSocketStream(await trio.open_tcp_stream(host, port))


async def connect_unix(path: str) -> TrioSocketStream:
    return TrioSocketStream(await trio.open_unix_socket(path))


class TrioSocketStream:
    """Implements `ByteStream`."""

    __slots__ = ("_is_slow", "_socket", "_unsent", "is_quiet")

    def __init__(self, stream: trio.SocketStream) -> None:
        self._socket = socket.socket(fileno=stream.socket.detach())
        self._unsent = memoryview(b"")
        self._is_slow = False
        """Whether bytes had to be waited for since something was sent."""
        self._socket.settimeout(0)
        self.is_quiet = quiet_check(self._socket)
        if self._socket.family not in _TCP:
            return
        keep_alive(self._socket)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            # Trio asks the kernel to take 16 KiB at a time; 0 is the system's default.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, 0)

    def send_nowait(self, data: bytes | memoryview) -> bool:
        self._is_slow = False
        if self._unsent:
            data, self._unsent = b"".join((self._unsent, data)), memoryview(b"")
        try:
            sent = self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        if sent == len(data):
            return True
        self._unsent = memoryview(data)[sent:]
        return False

    async def send(self, data: bytes | memoryview) -> bool:
        return self.send_nowait(data) or await self._send_rest()

    async def receive(self) -> bytes:
        # The beginning of a reply often arrives while other tasks have their turn, and a registration with the kernel
        # is saved. Of a peer that was slower than that the next bytes are not expected any sooner.
        if not self._is_slow:
            await trio.lowlevel.checkpoint()
            if (data := self.receive_nowait()) is not None:
                return data
            self._is_slow = True
        while True:
            try:
                await trio.lowlevel.wait_readable(self._socket)
            except trio.ClosedResourceError as exc:
                raise ConnectionAbortedError("the connection was closed") from exc
            if (data := self.receive_nowait()) is not None:
                return data

    def receive_nowait(self) -> bytes | None:
        try:
            return self._socket.recv(_RECEIVE_SIZE)
        except (BlockingIOError, InterruptedError):
            return None

    def watch(self, heard: Callable[[], object]) -> None:
        pass

    def close(self) -> None:
        if self._socket.fileno() != -1:
            trio.lowlevel.notify_closing(self._socket)
            self._socket.close()

    async def _send_rest(self) -> bool:
        while self._unsent:
            if await _is_first_readable(self._socket):
                return False
            with suppress(BlockingIOError, InterruptedError):
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
        return True


async def _is_first_readable(sock: socket.socket) -> bool:
    """Wait until a socket is readable or writable.

    Raises:
        ConnectionAbortedError: if another task closed it.
    """
    readable = closed = False

    async def wait(ready: Callable[[socket.socket], Awaitable[None]]) -> None:
        nonlocal readable, closed
        try:
            await ready(sock)
        except trio.ClosedResourceError:
            closed = True
        else:
            readable |= ready is trio.lowlevel.wait_readable
        nursery.cancel_scope.cancel(reason="the socket is ready")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait, trio.lowlevel.wait_readable)
        nursery.start_soon(wait, trio.lowlevel.wait_writable)
    if closed:
        raise ConnectionAbortedError("the connection was closed")
    return readable
