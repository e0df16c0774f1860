"""Connected stream sockets of the running event loop, for the transport. Every failure is an `OSError`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from .current import runs_on_trio


class ByteStream(Protocol):
    """A connection. One task at a time sends or receives; `close` may come from any."""

    def send_nowait(self, data: bytes | memoryview) -> bool:
        """Send what the kernel takes at once. Returns whether that was all; the rest stays queued for `send`."""
        ...

    async def send(self, data: bytes | memoryview) -> bool:
        """Send all of it, unless the peer speaks first.

        Returns:
            False if bytes arrived (or the peer ended) while it could take no more. The rest stays queued:
            receive, then call again, with `b""` if there is nothing to add.
        """
        ...

    async def receive(self) -> bytes:
        """Wait for the next bytes, `b""` at the end. A cancelled `receive` loses nothing."""
        ...

    def receive_nowait(self) -> bytes | None:
        """What has arrived, `b""` at the end, None if there is nothing yet."""
        ...

    def is_quiet(self) -> bool:
        """Whether nothing has arrived, nor the end: asked of the socket itself. Whoever asks has not read all before.

        If it is not quiet, the connection is of no more use to whoever asked: something may have been dropped.
        """
        ...

    def watch(self, heard: Callable[[], object]) -> None:
        """Call back, where the event loop reads unasked, when something arrives that nobody waits for.

        Trio reads only what somebody waits for, and never calls back.
        """

    def close(self) -> None:
        """Close the socket without waiting and without sending what is queued. Idempotent."""


async def connect_tcp(host: str, port: int) -> ByteStream:
    """Connect to the first address of `host` that answers (RFC 8305), with TCP_NODELAY and keep-alive."""
    if runs_on_trio():
        from . import trio_sockets

        return await trio_sockets.connect_tcp(host, port)
    from . import asyncio_sockets

    return await asyncio_sockets.connect_tcp(host, port)


async def connect_unix(path: str) -> ByteStream:
    """Connect to a Unix socket."""
    if runs_on_trio():
        from . import trio_sockets

        return await trio_sockets.connect_unix(path)
    from . import asyncio_sockets

    return await asyncio_sockets.connect_unix(path)
