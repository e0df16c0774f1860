"""What ends a command before anything was sent."""

from __future__ import annotations


class CommandError(Exception):
    """The input cannot be used; the message is one line that says why."""
