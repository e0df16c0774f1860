"""What is shown of a fan-out while it runs."""

from __future__ import annotations

from collections import Counter

import attrs
import trio

from .calls import FanOut, PromptCall
from .errors import OutputError
from .summary import COLOURS, outcome, preview
from .terminal import DIM, Screen, clip, clip_start, one_line

REDRAW_PAUSE = 0.1
"""Seconds between two drawings."""
_TAIL_PIECES = 60
"""Pieces of an answer that are enough to fill a line."""


@attrs.define
class Lines:
    """For files and pipes: a line for each call that has ended."""

    screen: Screen
    total: int
    kept: bool
    """Whether the outcomes are written elsewhere too: then the calls go on though nothing can be shown."""
    done: int = 0

    def ended(self, call: PromptCall) -> None:
        """Write the call's line."""
        if call.ended is None:
            return
        self.done += 1
        said = f"{outcome(call)} {call.ended:.1f} s, {call.tokens} tokens: {clip(preview(call), 70)}"
        try:
            self.screen.write(f"[{self.done}/{self.total}] #{call.index} {said}\n")
        except OutputError:  # said once more in the end, when the table is shown
            if not self.kept:
                raise


@attrs.define
class Board:
    """For terminals: a status line for each running call, and the totals, drawn again and again."""

    screen: Screen
    fan_out: FanOut
    drawn: int = 0
    """Lines on the screen."""

    async def keep_drawing(self) -> None:
        """Draw until cancelled, then leave the screen as it was."""
        try:
            while True:
                self.draw()
                await trio.sleep(REDRAW_PAUSE)
        finally:
            self._replace([])

    def draw(self) -> None:
        """Draw the present state."""
        width, height = self.screen.size
        room = max(1, height - 3)
        running = self.fan_out.running
        lines = [self._status_line(call, width - 1) for call in running[:room]]
        if len(running) > room:
            lines.append(f"  … and {len(running) - room} more")
        self._replace([*lines, clip(self._totals(), width - 1)])

    def _replace(self, lines: list[str]) -> None:
        back = f"\x1b[{self.drawn}A" if self.drawn else ""
        # Written in one go, and without clearing first, so that nothing flickers.
        self.screen.write(f"{back}\r" + "".join(f"{line}\x1b[K\n" for line in lines) + "\x1b[J")
        self.drawn = len(lines)

    def _status_line(self, call: PromptCall, width: int) -> str:
        spent = self.fan_out.now() - (call.started or 0.0)
        head = f"#{call.index:<4} {spent:5.1f} s {call.chunks:5} tok "
        tail = one_line("".join(call.pieces[-_TAIL_PIECES:]))
        text = tail if tail else "thinking" if call.chunks else "waiting for the first token"
        return self.screen.style(head, DIM) + clip_start(text, width - len(head))

    def _totals(self) -> str:
        calls = self.fan_out.calls
        ended = Counter(call.status for call in calls if call.ended is not None)
        counts = [f"{number} {status}" for status in COLOURS if (number := ended[status])]
        running = len(self.fan_out.running)
        waiting = len(calls) - running - sum(ended.values())
        tokens, seconds = sum(call.tokens for call in calls), self.fan_out.now()
        speed = f"{tokens} tokens, {tokens / seconds:.0f}/s" if seconds else ""
        return ", ".join([f"{running} running", f"{waiting} waiting", *counts, f"{seconds:.1f} s", speed])
