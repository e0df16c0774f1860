"""A loopback peer that does byte for byte what a test tells it to, in threads of its own."""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import TracebackType
from typing import Self

from trio_llm._types.http import Origin

_PATIENCE = 10


class Peer:
    """The server's end of one connection."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(_PATIENCE)
        self.connection = connection
        self._buffer = b""

    def read_request(self) -> bytes:
        """One request, head and body as Content-Length says; `b""` if the client has gone."""
        head = self.read_until(b"\r\n\r\n")
        length = next((int(v) for n, _, v in _fields(head) if n == b"content-length"), 0)
        received = bytearray(self._buffer)
        while len(received) < length:
            data = self.connection.recv(262_144)
            if not data:
                return b""
            received += data
        self._buffer = bytes(received[length:])
        return head + bytes(received[:length])

    def read_until(self, mark: bytes) -> bytes:
        """What comes up to a mark, with it; `b""` if the client goes before."""
        while mark not in self._buffer:
            data = self.connection.recv(65_536)
            if not data:
                return b""
            self._buffer += data
        head, _, self._buffer = self._buffer.partition(mark)
        return head + mark

    def send(self, *pieces: bytes) -> None:
        """Send pieces, each in a segment of its own as far as the kernel lets us."""
        for piece in pieces:
            self.connection.sendall(piece)

    def end_sending(self) -> None:
        """Close this direction only."""
        self.connection.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Close with a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.connection.close()

    def wait_until_gone(self) -> None:
        """Read until the client has closed its end."""
        with suppress(ConnectionError):
            while self.connection.recv(65_536):
                pass


def _fields(head: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    for line in head.lower().split(b"\r\n"):
        yield line.partition(b": ")


Script = Callable[[Peer], None]


class ScriptedServer:
    """Accepts connections; the n-th one follows the n-th script, those beyond the last script follow that.

    A script that returns ends its connection.
    """

    def __init__(self, *scripts: Script, tls: ssl.SSLContext | None = None, unix: str | None = None) -> None:
        self._scripts = scripts
        self._tls = tls
        self._threads: list[threading.Thread] = []
        self.accepted = 0
        self._open: set[socket.socket] = set()
        if unix is None:
            self._listener = socket.create_server(("127.0.0.1", 0))
        else:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(unix)
            self._listener.listen()
        self._wake, self._waker = socket.socketpair()
        scheme = "http" if tls is None else "https"
        port = 80 if unix else self._listener.getsockname()[1]
        self.origin = Origin(scheme, "127.0.0.1" if tls is None else "localhost", port, unix)

    @property
    def connected(self) -> int:
        """How many connections are open, as this end sees it."""
        return len(self._open)

    def wait_for_connections(self, count: int) -> None:
        """Wait until so many connections are open."""
        until = time.monotonic() + _PATIENCE
        while self.connected != count:
            assert time.monotonic() < until, f"{self.connected} connections are open, not {count}"
            time.sleep(0.0005)

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, traceback: TracebackType | None) -> None:
        self._waker.close()
        for thread in self._threads:
            thread.join(_PATIENCE)
        self._wake.close()
        self._listener.close()

    def _start(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while self._wake not in select.select([self._listener, self._wake], [], [])[0]:
            connection, _ = self._listener.accept()
            script = self._scripts[min(self.accepted, len(self._scripts) - 1)]
            self.accepted += 1
            self._open.add(connection)
            self._start(partial(self._serve, connection, script))

    def _serve(self, accepted: socket.socket, script: Script) -> None:
        accepted.settimeout(_PATIENCE)
        connection = accepted
        with suppress(ConnectionError, ssl.SSLError):
            try:
                if self._tls is not None:
                    connection = self._tls.wrap_socket(accepted, server_side=True)
                script(Peer(connection))
            finally:
                connection.close()
        self._open.remove(accepted)


def reply(body: bytes = b"", *fields: bytes, status: bytes = b"200 OK") -> bytes:
    """A reply with Content-Length."""
    length = b"content-length: %d" % len(body)
    return b"\r\n".join((b"HTTP/1.1 " + status, length, *fields, b"", body))


def answering(*replies: bytes) -> Script:
    """A script that answers one request after another, the last reply again and again, until the client goes."""

    def script(peer: Peer) -> None:
        number = 0
        while peer.read_request():
            peer.send(replies[min(number, len(replies) - 1)])
            number += 1

    return script


@contextmanager
def serving(*scripts: Script) -> Iterator[ScriptedServer]:
    """A server over plain TCP."""
    with ScriptedServer(*scripts) as server:
        yield server
