"""The default client of a run: made by the first call of a module function, closed when the run ends."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Final

import attrs

from ._client import Client
from ._runtime import trio
from ._runtime._run_var import RunVar

CLOSING_TIME: Final = 2.0
"""Seconds that closing connections may take at the end of a run."""


@attrs.frozen
class _Default:
    client: Client
    lifetime: AsyncGenerator[None, None]
    """Event loops finalise living generators when a run ends; referenced here so that it lives till then."""


_defaults: Final[RunVar[_Default]] = RunVar("trio_llm default client")


async def default_client() -> Client:
    """The client that the module functions of this run share."""
    held = _defaults.get(None)
    if held is None:
        client = Client()
        held = _Default(client, _close_at_end(client))
        _defaults.set(held)
        await held.lifetime.__anext__()
    return held.client


async def _close_at_end(client: Client) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        # At the end of a run Trio finalises generators in a cancelled scope.
        with trio.CancelScope(deadline=trio.current_time() + CLOSING_TIME, shield=True):
            await client.aclose()
