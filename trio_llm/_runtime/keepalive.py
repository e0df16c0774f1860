"""TCP keep-alive, for a provider that thinks for minutes says nothing meanwhile.

Routers and load balancers on the way forget connections on which nothing moves, many after four minutes, and say so to
nobody: the answer would never arrive. A probe a minute is movement, and without answers to some it ends a connection
whose peer is gone, long before the time limit of the call.
"""

from __future__ import annotations

import socket
from typing import Final

_PROBES: Final = {
    "TCP_KEEPIDLE": 60,  # seconds without a byte before the first; macOS calls it TCP_KEEPALIVE
    "TCP_KEEPALIVE": 60,
    "TCP_KEEPINTVL": 20,  # seconds between two
    "TCP_KEEPCNT": 6,  # so many without an answer are the end
}
KEEP_ALIVE: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, int(getattr(socket, name)), value)
        for name, value in _PROBES.items()
        if hasattr(socket, name)
    ),
)
"""Options of a socket: level, name and value."""


def keep_alive(connected: socket.socket) -> None:
    """Have a TCP connection probed while nothing moves on it."""
    for level, name, value in KEEP_ALIVE:
        connected.setsockopt(level, name, value)
