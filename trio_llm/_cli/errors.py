"""How a command ends that cannot go on, and how it says so."""

from __future__ import annotations

import sys
from contextlib import suppress


class CommandError(Exception):
    """The input cannot be used, and nothing was sent; the message is one line that says why."""


class OutputError(Exception):
    """What a command has to show cannot be written; the message is one line that says why."""


def tell(text: str) -> None:
    """A line on stderr. Where that cannot be written either, there is nobody to tell."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)
