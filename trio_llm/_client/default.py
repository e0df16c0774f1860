"""The default client of a run: made by the first call of a module function, closed when the run ends."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from typing import Final

import attrs

from .._catalog import CATALOG
from .._catalog.provider import Provider
from .._runtime import trio
from .._runtime.run_var import RunVar
from .client import Client

CLOSING_TIME: Final = 2.0
"""Seconds that closing connections may take at the end of a run."""


@attrs.frozen
class _Default:
    client: Client
    lifetime: AsyncGenerator[None, None]
    """Event loops finalise living generators when a run ends; referenced here so that it lives till then."""


_defaults: Final[RunVar[_Default]] = RunVar("trio_llm default client")
_rows: Final[RunVar[dict[str, Provider]]] = RunVar("trio_llm rows of the default client")


def register_row(row: Provider) -> None:
    """Let the default client of this run know a row, from now on, by its name and its aliases.

    Raises:
        RuntimeError: outside of a run.
    """
    _known_rows().update(dict.fromkeys((*row.aliases, row.name), row))


def _known_rows() -> dict[str, Provider]:
    rows = _rows.get(None)
    if rows is None:
        rows = CATALOG.by_every_name()
        _rows.set(rows)
    return rows


async def default_client() -> Client:
    """The client that the module functions of this run share."""
    held = _defaults.get(None)
    if held is None:
        client = Client(providers=_known_rows())
        held = _Default(client, _close_at_end(client))
        _defaults.set(held)
        await held.lifetime.__anext__()
    return held.client


async def _close_at_end(client: Client) -> AsyncGenerator[None, None]:  # noqa: ASYNC900 - finalised by the loop
    exiting = sys.is_finalizing  # held here: an interpreter that ends takes the names of its modules away
    try:
        yield
    finally:
        # Loops that `nest_asyncio` has changed end with the interpreter, and finalise nothing.
        if not exiting():
            # At the end of a run Trio finalises generators in a cancelled scope.
            with trio.CancelScope(deadline=trio.current_time() + CLOSING_TIME, shield=True):
                await client.aclose()
