"""A secret as one client holds it, and the credential of a route, which puts it onto requests.

A `HeldSecret` is in one of four states:

    empty     nothing was asked yet, or the provider refused what was held
    good      what the source gave last, until shortly before its end
    stale     what the source gave last, too near to its end
    endless   the source gives secrets of which nobody knows the end

An attempt that leaves takes what is good. Empty or stale, it asks the source under a lock: who waits for the lock takes
what came meanwhile, so that a thousand attempts that leave at once ask once. A caller who is cancelled while the source
is asked gives the lock back, and the next one asks. Endless, every attempt asks for itself, and none waits for another.
A 401 makes the secret that was sent empty, and the attempt is made once more with a new one; if another attempt did
that already, its new secret is taken. Nothing is asked in the background.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import attrs

from .._catalog.auth import Auth
from .._runtime import run_clock, trio
from .._types.errors import APIError
from .._types.http import HTTPRequest, Origin
from .signing import Outgoing, signed
from .sources import AskingFunction, Secret, Source

LATEST_RENEWAL: Final = 120.0
"""Seconds before its end from which on a secret is not sent any more."""
EARLIEST_SHARE: Final = 0.1
"""The same as a share of the time that it lasts, for those that last only minutes."""


class HeldSecret:
    """What one source gave last. Belongs to one run of an event loop."""

    def __init__(self, source: Source, post_form: AskingFunction) -> None:
        self._source = source
        self._post_form = post_form
        self._now = run_clock()
        self._lock: trio.Lock | None = None
        self._secret: Secret | None = None
        self._good_until = self._now()
        self._endless = False

    async def get(self) -> Secret:
        """A secret that may be sent now; asks the source if need be.

        Raises:
            APIError: whatever the source raises.
        """
        if self._secret is not None and self._now() < self._good_until:
            return self._secret
        if self._lock is None:
            self._lock = trio.Lock()
        if not self._endless:
            async with self._lock:
                if self._secret is not None and self._now() < self._good_until:
                    return self._secret
                if not self._endless:
                    return self._kept(await self._source.ask(self._post_form))
        return await self._source.ask(self._post_form)

    def _kept(self, secret: Secret) -> Secret:
        if secret.lasts is None:
            self._endless = True
        else:
            kept_for = secret.lasts - min(LATEST_RENEWAL, secret.lasts * EARLIEST_SHARE)
            self._secret, self._good_until = secret, self._now() + kept_for
        return secret

    def refuse(self, secret: object) -> bool:
        """The provider did not take this one. Returns whether there may be another."""
        if self._secret is secret:
            self._secret = None
        return self._source.renews


@attrs.frozen
class Credential:
    """What signs the attempts on one route."""

    held: HeldSecret
    auth: Auth
    region: str = ""
    wall_clock: Callable[[], float] = attrs.field(factory=lambda: time.time)

    async def sign(self, origin: Origin, request: HTTPRequest, provider: str) -> tuple[HTTPRequest, Secret]:
        """A request as it may leave now, and the secret that it carries.

        Raises:
            APIError: if no secret could be had, or if it cannot be sent.
        """
        try:
            secret = await self.held.get()
            return signed(Outgoing(request, origin, self.region, self.wall_clock()), self.auth, secret), secret
        except APIError as error:
            error.llm_provider = error.llm_provider or provider
            raise
