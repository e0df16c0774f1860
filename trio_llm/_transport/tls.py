"""TLS over a byte stream: the standard library's state machine between two buffers, the same on both loops.

One task at a time uses a connection, so there are no locks. Every wait is a wait of the plain stream:
cancelling one loses nothing, and `close` takes effect at once, in the middle of a handshake as well.
"""

from __future__ import annotations

import functools
import importlib.util
import ssl
from collections.abc import Callable

from .._runtime.sockets import ByteStream

_READ_SIZE = 65_536
_BLOCK_SIZE = 65_536


def default_context() -> ssl.SSLContext:
    """The verifying context of this process: the system's authorities, and certifi's where it is installed.

    The system's are those of `SSL_CERT_FILE` and `SSL_CERT_DIR` where these are set, at any time: in a notebook that is
    after the first call has failed. Made on first use; that takes about 25 ms.
    """
    return _context_of(ssl.get_default_verify_paths())


@functools.lru_cache(4)
def _context_of(_paths: ssl.DefaultVerifyPaths) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if importlib.util.find_spec("certifi") is not None:
        import certifi

        context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


async def open_tls(stream: ByteStream, context: ssl.SSLContext, host: str) -> TLSStream:
    """Shake hands as a client. Closes the plain stream if that fails or is cancelled.

    Raises:
        OSError: `ssl.SSLError` if the peer is not who it should be, or speaks no TLS.
    """
    try:
        encrypted = TLSStream(stream, context, host)
        await encrypted.shake_hands()
    except BaseException:
        stream.close()
        raise
    return encrypted


class TLSStream:
    """Implements `ByteStream`."""

    __slots__ = ("_ended", "_incoming", "_outgoing", "_received", "_stream", "_tls", "_unsent")

    def __init__(self, stream: ByteStream, context: ssl.SSLContext, host: str) -> None:
        self._stream = stream
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._received = b""
        self._ended = False
        self._unsent = memoryview(b"")

    async def shake_hands(self) -> None:
        """Do the handshake."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._stream.send(self._outgoing.read())
                self._feed(await self._stream.receive())
            else:
                await self._stream.send(self._outgoing.read())
                return

    def send_nowait(self, data: bytes | memoryview) -> bool:
        """See `ByteStream.send_nowait`."""
        self._queue(data)
        while True:
            self._encrypt_block()
            if not self._stream.send_nowait(self._outgoing.read()):
                return False
            if not self._unsent:
                return True

    async def send(self, data: bytes | memoryview) -> bool:
        """See `ByteStream.send`."""
        self._queue(data)
        while True:
            self._encrypt_block()
            while not await self._stream.send(self._outgoing.read()):
                self._feed(await self._stream.receive())
                if self._is_readable():
                    return False
            if not self._unsent:
                return True

    async def receive(self) -> bytes:
        """See `ByteStream.receive`."""
        while not self._is_readable():
            self._feed(await self._stream.receive())
        return self._take()

    def receive_nowait(self) -> bytes | None:
        """See `ByteStream.receive_nowait`."""
        while not self._is_readable():
            data = self._stream.receive_nowait()
            if data is None:
                return None
            self._feed(data)
        return self._take()

    def is_quiet(self) -> bool:
        """See `ByteStream.is_quiet`. What only TLS has to say, a session ticket for instance, disturbs nobody."""
        if self._stream.is_quiet():
            return not self._is_readable()
        return self.receive_nowait() is None and self._stream.is_quiet()

    def watch(self, heard: Callable[[], object]) -> None:
        """See `ByteStream.watch`."""
        self._stream.watch(heard)

    def close(self) -> None:
        """See `ByteStream.close`. Sends no closing alert, as HTTP has its own framing."""
        self._stream.close()

    def _queue(self, data: bytes | memoryview) -> None:
        self._unsent = memoryview(b"".join((self._unsent, data)) if self._unsent else data)

    def _encrypt_block(self) -> None:
        if self._unsent:
            self._unsent = self._unsent[self._tls.write(self._unsent[:_BLOCK_SIZE]) :]

    def _feed(self, data: bytes) -> None:
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def _is_readable(self) -> bool:
        if self._received or self._ended:
            return True
        try:
            self._received = self._tls.read(_READ_SIZE)
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLEOFError:
            # Many servers end without the closing alert; the framing of HTTP tells whether all has come.
            self._received = b""
        self._ended = not self._received
        return True

    def _take(self) -> bytes:
        data, self._received = self._received, b""
        return data
