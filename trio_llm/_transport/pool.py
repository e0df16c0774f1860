"""Idle connections, and the wait for one. Every operation takes constant time; nothing runs in the background."""

from __future__ import annotations

import math
from typing import Final, Generic, Protocol, TypeVar

from .._runtime import trio
from .._types.http import Origin

_MOMENT: Final = 0.001
"""Seconds. Looking at a socket costs a tenth of an exchange, and tells only what was so before the request left."""


class Connection(Protocol):
    """What a pool has to know of a connection."""

    def receive_nowait(self) -> bytes | None:
        """What has arrived, `b""` at the end, None if there is nothing."""

    def close(self) -> None:
        """Close it at once."""


ConnectionT = TypeVar("ConnectionT", bound=Connection)


class IdlePool(Generic[ConnectionT]):
    """Open connections by origin: the last one given is the first one taken, the longest idle is closed first.

    Those past their time are closed whenever the pool is used. Reusing the most recent one keeps the
    pool as small as the load allows, and is the least likely to meet a connection that the peer has closed.
    """

    def __init__(self, *, max_idle: int, expiry: float) -> None:
        self._max_idle = max_idle
        self._expiry = expiry
        self._by_origin: dict[Origin, dict[ConnectionT, float]] = {}
        """When each was given; also of origins whose connections are all in use: they will be back in a moment."""
        self._by_age: dict[ConnectionT, Origin] = {}
        self._next_expiry = math.inf
        """None expires before; where there is none, it says nothing."""

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
        if now >= self._next_expiry:
            self._close_expired(now)

    def take(self, origin: Origin, now: float) -> ConnectionT | None:
        """The most recently used connection that is still alive, None if there is none.

        One that was given back a moment ago is not looked at, as peers do not change their minds so fast.
        """
        if now >= self._next_expiry:
            self._close_expired(now)
        siblings = self._by_origin.get(origin)
        while siblings:
            connection, given = siblings.popitem()
            del self._by_age[connection]
            if now - given < _MOMENT or _is_quiet(connection):
                return connection
            connection.close()
        return None

    def close(self) -> None:
        """Close them all."""
        while self._by_age:
            self._close(next(iter(self._by_age)))

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


def _is_quiet(connection: Connection) -> bool:
    """Whether nothing has arrived: a peer that speaks unasked, or has ended, serves no further exchange."""
    try:
        return connection.receive_nowait() is None
    except OSError:
        return False
