"""Ctrl-C as a cancellation, so that what is known by then can still be told."""

from __future__ import annotations

import signal
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import attrs
import trio


@attrs.define
class Interruption:
    """Whether a block was interrupted, and by which signal."""

    signal: int | None = None

    @property
    def status(self) -> int:
        """The exit status that a shell gives the signal: 130 for Ctrl-C."""
        return 128 + (self.signal or 0)


@asynccontextmanager
async def interruptible() -> AsyncGenerator[Interruption, None]:
    """A block that Ctrl-C, a request to terminate, or the end of the terminal cancels.

    A second one is raised when the block has ended. `nohup` lets a program live on without its terminal, and so does
    this.
    """
    interruption = Interruption()
    ending = [signal.SIGINT, signal.SIGTERM]
    hangup = getattr(signal, "SIGHUP", None)  # Unix has it
    if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:
        ending.append(hangup)
    with trio.open_signal_receiver(*ending) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_cancel_at_first, signals, interruption, nursery.cancel_scope)
            yield interruption
            nursery.cancel_scope.cancel(reason="the block is done")


async def _cancel_at_first(signals: AsyncIterator[int], interruption: Interruption, block: trio.CancelScope) -> None:
    interruption.signal = await anext(signals)
    block.cancel(reason="interrupted")
