"""Idle connections, and the waits for one. Every operation takes constant time; nothing runs in the background.

Theory of operation. An open connection is in one of two hands: an exchange has it, or the pool has it and it is idle.
An exchange that ended well gives it to the pool; `take` hands the one out again that was given last. That keeps the
pool as small as the load allows, and meets the fewest connections that the peer has closed meanwhile.

A connection may serve only while its peer is silent. Bytes that come while it is idle belong to no exchange: a late or
second reply would be taken for the reply of the next one. So:

- Before it is taken it is looked at, always: the socket itself, and not what the event loop has read of it so far. With
  bytes to read, or with its end, it is closed, and the next one is looked at.
- asyncio reads sockets that nobody waits for, and tells the pool at once (`heard`). Trio does not, and no task of ours
  lives between calls. There each use of the pool, whatever its origin, looks at a few of the others (`_look_around`),
  so that sockets whose peer has closed are not kept until somebody calls that peer again.
- An idle connection is closed once it is older than `expiry`, by a clock that goes on while the computer sleeps; the
  oldest of an origin, where that has more than `max_idle`; the oldest of all, where there are more than `max_total`;
  and the oldest of all, when a descriptor is needed (`close_oldest`).

What remains possible: bytes that arrive between the look and the request, which is the same turn of the loop, are read
as the beginning of its reply, for HTTP/1.1 numbers nothing. And a peer may close in that moment; then the request was
written, and whether it was worked on is not known: a `TransportError` says so, and nothing is sent again here.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final, Generic, Protocol, TypeVar

from .._runtime import trio
from .._types.http import Origin

_LOOK_PAUSE: Final = 0.1
"""Seconds between two looks at connections that nobody asked for."""
_LOOKED_AT: Final = 64
"""Connections that are looked at then."""


class PooledConnection(Protocol):
    """What a pool has to know of a connection."""

    def is_quiet(self) -> bool:
        """Whether nothing has arrived, nor the end."""

    def close(self) -> None:
        """Close it at once."""


ConnectionT = TypeVar("ConnectionT", bound=PooledConnection)


class IdlePool(Generic[ConnectionT]):
    """Open connections by origin; see the head of this module.

    Args:
        max_idle: connections kept for one origin.
        max_total: connections kept for all of them together.
        expiry: seconds after which one is closed.
    """

    def __init__(self, *, max_idle: int, expiry: float, max_total: float = math.inf) -> None:
        self._max_idle = max_idle
        self._max_total = max_total
        self._expiry = expiry
        self._by_origin: dict[Origin, dict[ConnectionT, float]] = {}
        """When each was given; also of origins whose connections are all in use: they will be back in a moment."""
        self._by_age: dict[ConnectionT, Origin] = {}
        self._next_expiry = math.inf
        """None expires before; where there is none, it says nothing."""
        self._next_look = 0.0
        self._unlooked: list[ConnectionT] = []

    def __len__(self) -> int:
        return len(self._by_age)

    def give(self, origin: Origin, connection: ConnectionT, now: float) -> None:
        """Keep a connection for the next exchange with its origin; it may push out the oldest one."""
        siblings = self._by_origin.get(origin)
        if siblings is None:
            siblings = self._by_origin[origin] = {}
        siblings[connection] = now
        if not self._by_age:
            self._next_expiry = now + self._expiry
        self._by_age[connection] = origin
        if len(siblings) > self._max_idle:
            self._close(next(iter(siblings)))
        elif len(self._by_age) > self._max_total:
            self.close_oldest()
        if now >= self._next_look or now >= self._next_expiry:
            self._tidy(now)

    def take(self, origin: Origin, now: float) -> ConnectionT | None:
        """The most recently used connection that is still quiet, None if there is none."""
        if now >= self._next_look or now >= self._next_expiry:
            self._tidy(now)
        siblings = self._by_origin.get(origin)
        while siblings:
            connection, _given = siblings.popitem()
            del self._by_age[connection]
            if _is_quiet(connection):
                return connection
            connection.close()
        return None

    def heard(self, connection: ConnectionT) -> None:
        """The peer of a connection has said something, or ended; if it is idle, it is of no more use."""
        if connection in self._by_age and not _is_quiet(connection):
            self._close(connection)

    def close_oldest(self) -> bool:
        """Close the connection that has been idle for longest; whether there was one."""
        oldest = next(iter(self._by_age), None)
        if oldest is None:
            return False
        self._close(oldest)
        return True

    def close(self) -> None:
        """Close them all."""
        while self.close_oldest():
            pass

    def _tidy(self, now: float) -> None:
        if now >= self._next_expiry:
            self._close_expired(now)
        if now >= self._next_look:
            self._look_around(now)

    def _look_around(self, now: float) -> None:
        self._next_look = now + _LOOK_PAUSE
        if not self._unlooked:
            self._unlooked = [*reversed(self._by_age)]
        for _ in range(min(_LOOKED_AT, len(self._unlooked))):
            self.heard(self._unlooked.pop())

    def _close_expired(self, now: float) -> None:
        self._next_expiry = math.inf
        while self._by_age:
            connection, origin = next(iter(self._by_age.items()))
            expires = self._by_origin[origin][connection] + self._expiry
            if expires > now:
                self._next_expiry = expires
                return
            self._close(connection)

    def _close(self, connection: ConnectionT) -> None:
        origin = self._by_age.pop(connection)
        siblings = self._by_origin[origin]
        del siblings[connection]
        if not siblings:
            del self._by_origin[origin]
        connection.close()


def sleepless_clock() -> Callable[[], float]:
    """Seconds, those in which the computer sleeps included: nobody on the way remembers a connection of before that."""
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):  # Linux; macOS
        if hasattr(time, name):
            clock = partial(time.clock_gettime, getattr(time, name))
            with suppress(OSError):  # where the system is older than Python
                clock()
                return clock
    return time.monotonic  # Windows


class ConnectionSlots:
    """How many connections each origin may have. Whoever wants one more waits, first come, first served.

    An exchange takes an idle connection before it opens one, so exchanges under way are what has to be counted.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_origin: dict[Origin, trio.CapacityLimiter] = {}
        self.waiting = 0
        """Exchanges that wait for their connection."""

    async def acquire(self, origin: Origin, borrower: object) -> None:
        """Wait for a slot. Cancelled while waiting, nothing has been taken."""
        limiter = self._by_origin.get(origin)
        if limiter is None:
            limiter = self._by_origin[origin] = trio.CapacityLimiter(self._most)
        self.waiting += 1
        try:
            await limiter.acquire_on_behalf_of(borrower)
        finally:
            self.waiting -= 1

    def release(self, origin: Origin, borrower: object) -> None:
        """Give a slot back, which is the next one's."""
        self._by_origin[origin].release_on_behalf_of(borrower)


class Turns:
    """Those who wait for some exchange to end, because no descriptor is free: each end lets the next of them try."""

    def __init__(self) -> None:
        self.waiting: dict[object, trio.Event] = {}
        """The exchanges that wait, in the order in which they came."""

    async def wait(self, exchange: object) -> None:
        """Wait for a turn. Whatever becomes of the exchange afterwards, cancelled or not, `end` has to be told."""
        turn = self.waiting[exchange] = trio.Event()
        await turn.wait()

    def end(self, exchange: object) -> None:
        """An exchange has ended. If it had a descriptor, or the turn to get one, the longest waiting has it now."""
        if self.waiting.pop(exchange, None) is None and self.waiting:
            self.waiting.pop(next(iter(self.waiting))).set()


def _is_quiet(connection: PooledConnection) -> bool:
    try:
        return connection.is_quiet()
    except OSError:
        return False
