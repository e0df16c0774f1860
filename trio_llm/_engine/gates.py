"""The gates of a task: what its calls pass behind the gates of their client."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from .seams import Gate

_ambient: Final[ContextVar[tuple[Gate, ...]]] = ContextVar("trio_llm gates of a task", default=())


ambient_gates: Final = _ambient.get
"""The gates of this task, which its calls pass behind those of their client, whichever that is."""


@contextmanager
def gates_beneath(gate: Gate) -> Generator[None, None, None]:
    """For the length of a block, calls of this task and of tasks that it starts pass one more gate."""
    token = _ambient.set((*_ambient.get(), gate))
    try:
        yield
    finally:
        _ambient.reset(token)
