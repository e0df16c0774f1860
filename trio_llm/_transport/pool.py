"""Idle connections. Every operation takes constant time; nothing runs in the background."""

from __future__ import annotations

from collections import OrderedDict

from .._http import Origin
from .._runtime.sockets import ByteStream


class IdlePool:
    """Open connections by origin: the last one given is the first one taken, the longest idle is closed first.

    Those past their time are closed whenever the pool is used. Reusing the most recent one keeps the
    pool as small as the load allows, and is the least likely to meet a connection that the peer has closed.
    """

    def __init__(self, *, max_idle: int, expiry: float) -> None:
        self._max_idle = max_idle
        self._expiry = expiry
        self._by_origin: dict[Origin, OrderedDict[ByteStream, None]] = {}
        self._by_age: OrderedDict[ByteStream, tuple[Origin, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_age)

    def give(self, origin: Origin, stream: ByteStream, now: float) -> None:
        """Keep a connection for the next exchange with its origin; it may push out the oldest one."""
        siblings = self._by_origin.setdefault(origin, OrderedDict())
        siblings[stream] = None
        self._by_age[stream] = (origin, now + self._expiry)
        if len(siblings) > self._max_idle:
            self._close(next(iter(siblings)))
        self._close_expired(now)

    def take(self, origin: Origin, now: float) -> ByteStream | None:
        """The most recently used connection that is still alive, None if there is none."""
        self._close_expired(now)
        while origin in self._by_origin:
            stream = next(reversed(self._by_origin[origin]))
            self._remove(stream)
            if _is_quiet(stream):
                return stream
            stream.close()
        return None

    def close(self) -> None:
        """Close them all."""
        while self._by_age:
            self._close(next(iter(self._by_age)))

    def _close_expired(self, now: float) -> None:
        while self._by_age:
            stream, (_origin, expires) = next(iter(self._by_age.items()))
            if expires > now:
                return
            self._close(stream)

    def _close(self, stream: ByteStream) -> None:
        self._remove(stream)
        stream.close()

    def _remove(self, stream: ByteStream) -> None:
        origin, _expires = self._by_age.pop(stream)
        siblings = self._by_origin[origin]
        del siblings[stream]
        if not siblings:
            del self._by_origin[origin]


def _is_quiet(stream: ByteStream) -> bool:
    """Whether nothing has arrived: a peer that speaks unasked, or has ended, serves no further exchange."""
    try:
        return stream.receive_nowait() is None
    except OSError:
        return False
