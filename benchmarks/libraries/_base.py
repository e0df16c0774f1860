"""What the harness asks of a library, and what it asks for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol, runtime_checkable

MESSAGES: Final[list[Any]] = [{"role": "user", "content": "Hello, how are you?"}]
TEXTS: Final = [f"text number {number}" for number in range(16)]
CHAT_MODEL: Final = "gpt-4o-mini"
EMBEDDING_MODEL: Final = "text-embedding-3-small"
KEY: Final = "key"
RETRIES: Final = 6
"""Attempts after the first; enough for every call of the scenario with failures."""


class Library(Protocol):
    """A library at work."""

    async def call(self) -> str | None:
        """Make one chat call. Returns the answer's text."""

    async def stream(self, started: Callable[[], None]) -> int:
        """Make one streamed chat call; `started` is told of the first text. Returns the number of texts."""

    async def embed(self) -> int:
        """Make one embedding call for `TEXTS`. Returns how many numbers came."""


@runtime_checkable
class Counting(Protocol):
    """A library with numbers of its own to report."""

    def numbers(self) -> dict[str, float]:
        """What it counted, by name."""


class FanOut(Protocol):
    """A library with a fan-out of its own; others get one worker for each call in flight."""

    async def fan_out(self, calls: int, in_flight: int) -> list[str | None]:
        """Make many chat calls. Returns the answers' texts."""


OpenLibrary = Callable[[str], AbstractAsyncContextManager[Library]]
"""Opens a library that calls a server at an address such as `http://127.0.0.1:1234/instant`."""


class TextCounter:
    """Counts the texts of a stream."""

    def __init__(self, started: Callable[[], None]) -> None:
        self._started = started
        self.texts = 0

    def add(self, text: str | None) -> None:
        """Take note of a chunk's text."""
        if text:
            if not self.texts:
                self._started()
            self.texts += 1
