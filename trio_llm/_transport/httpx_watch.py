"""What a client of httpx's does for one request, as its extension "trace" tells: connect, and then send.

Theory of operation. httpx limits the time of each step of connecting, but not of a proxy that was connected and says
nothing, and it forgets to close what a SOCKS proxy refused. The trace names every step:

    idle -> connecting      at the first `connect_tcp.started`; from here on the limit runs, proxies and TLS included
    idle -> sent            at `send_request_headers.started`, on a connection that was there already
    connecting -> sent      the same, on a new connection; a CONNECT to a proxy is no request of ours

Waiting for a connection of the client's own pool is idle: it has no limit but the deadline of the call. A client whose
transport tells nothing stays idle for ever, and its own limit on connecting is all that there is.

Source: httpx documentation, "Extensions", `trace`, 2026-11.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .._runtime import trio

_CLOSE_SECONDS = 2
_STARTED = frozenset({"connect_tcp.started", "connect_unix_socket.started"})
_CONNECTED = frozenset({"connect_tcp.complete", "connect_unix_socket.complete"})


class RequestWatch:
    """The steps of one request. It is called with each of them.

    Args:
        connect_timeout: seconds for connecting.
    """

    __slots__ = ("_connect_timeout", "_stream", "connecting", "scope", "sent_at")

    def __init__(self, connect_timeout: float) -> None:
        self._connect_timeout = connect_timeout
        self._stream: Any = None
        self.scope = trio.CancelScope()
        """Around the request; cancelled when connecting takes too long."""
        self.connecting = False
        """Whether it has needed a new connection."""
        self.sent_at: float | None = None
        """When the request began to be written, on the clock of the event loop; None if it has not, or nobody told."""

    async def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """One step, as httpx names it: `http11.send_request_headers.started`."""
        step = event.partition(".")[2]
        if step in _STARTED and not self.connecting:
            self.connecting = True
            self.scope.deadline = trio.current_time() + self._connect_timeout
        elif step in _CONNECTED:
            self._stream = info["return_value"]
        elif step == "send_request_headers.started" and info["request"].method != b"CONNECT":
            self.sent_at = trio.current_time()
            self.scope.deadline = math.inf
            self._stream = None

    async def close_unfinished(self) -> None:
        """Close a connection that was made, and came no further."""
        stream, self._stream = self._stream, None
        if stream is not None:
            with trio.move_on_after(_CLOSE_SECONDS, shield=True):
                await stream.aclose()
