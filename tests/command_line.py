"""What tests of the command line share."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TypeAlias

from trio_llm.testing import Simulator

Serve: TypeAlias = Callable[[Simulator], Simulator]
"""Puts a simulator on the network and makes it OpenAI's address; a fixture of `conftest.py`."""


def piped(text: str | bytes) -> io.TextIOWrapper:
    """A stdin from which this comes, as Python opens it where the locale knows ASCII alone."""
    return io.TextIOWrapper(io.BytesIO(text if isinstance(text, bytes) else text.encode()), "ascii", "surrogateescape")
