"""Prompts on their way: every one a streamed call, all of them under one client."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Protocol

import attrs
import trio

from .._client.client import Client
from .._combinators.jobs import Status
from .._engine.call import CallTrace
from .._engine.stream import Stream
from .._limits.line import Crowd
from .._types.chat import ModelResponse, ModelResponseStream
from .._types.errors import LLMError
from .._types.usage import Usage
from .prompts import Prompt


@attrs.define(eq=False)
class Call:
    """One prompt and what has become of it so far. Times are seconds since the fan-out began."""

    index: int
    prompt: Prompt
    status: Status = "not_started"
    answer: ModelResponse | None = None
    """All that arrived, once the call has ended; whole if the status is ok."""
    error: LLMError | None = None
    started: float | None = None
    """When it left the queue."""
    first_content: float | None = None
    ended: float | None = None
    pieces: list[str] = attrs.Factory(list[str])
    """The text so far."""
    chunks: int = 0
    """Chunks with text or reasoning: about as many as tokens, until the provider has counted them."""

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self.pieces)

    @property
    def finish_reason(self) -> str | None:
        """Why the model stopped, once it has."""
        return self.answer.choices[0].finish_reason if self.answer is not None and self.answer.choices else None

    @property
    def usage(self) -> Usage | None:
        """Tokens as the provider counted them, if it has."""
        return self.answer.usage if self.answer is not None else None

    @property
    def tokens(self) -> int:
        """Tokens of the answer, or about how many they are."""
        return self.usage.completion_tokens if self.usage is not None else self.chunks

    def take(self, batch: list[ModelResponseStream]) -> None:
        """Note what one network read brought."""
        for choice in (choice for chunk in batch for choice in chunk.choices if choice.index == 0):
            if choice.delta.content:
                self.pieces.append(choice.delta.content)
            self.chunks += bool(choice.delta.content or choice.delta.reasoning_content)


class Listener(Protocol):
    """Whoever wants to know of each call as soon as it has ended."""

    def ended(self, call: Call) -> None:
        """The call has come to its end, or will never begin."""


@attrs.define(eq=False)
class FanOut:
    """Every prompt's call, how many run, and for how long."""

    calls: list[Call]
    listeners: list[Listener] = attrs.Factory(list[Listener])
    running: list[Call] = attrs.Factory(list[Call])
    peak: int = 0
    """Most calls that ran at the same time."""
    began: float = 0.0
    """On Trio's clock."""
    seconds: float = 0.0
    """How long it took in all."""
    _crowd: Crowd = attrs.Factory(Crowd)

    async def run(self, client: Client, limit: int) -> None:
        """Make the calls, `limit` at a time. Whatever happens, the listeners hear of each exactly once."""
        self.began = trio.current_time()
        waiting = iter(self.calls)
        try:
            async with trio.open_nursery() as nursery:
                for _ in range(min(limit, len(self.calls))):
                    nursery.start_soon(self._work, client, waiting)
        finally:
            self.seconds = self.now()
            for call in waiting:
                self._tell(call)

    def now(self) -> float:
        """Seconds since the beginning."""
        return trio.current_time() - self.began

    async def _work(self, client: Client, waiting: Iterator[Call]) -> None:
        while True:
            # Where all is cancelled, the rest has to stay in the queue: it was never started.
            await trio.lowlevel.checkpoint()
            call = next(waiting, None)
            if call is None:
                return
            with self._noting(call):
                await self._receive(client, call)

    @contextmanager
    def _noting(self, call: Call) -> Generator[None, None, None]:
        self.running.append(call)
        self.peak = max(self.peak, len(self.running))
        call.status = "cancelled"  # unless it comes to another end
        call.started = self.now()
        try:
            yield
            call.status = "ok"
        except LLMError as error:
            call.status, call.error = "failed", error
        finally:
            call.ended = self.now()
            self.running.remove(call)
            self._tell(call)

    async def _receive(self, client: Client, call: Call) -> None:
        engine, trace = client._open_engine(), CallTrace(crowd=self._crowd)
        async with Stream(*await engine.open_stream(call.prompt.request, trace)) as stream:
            try:
                while batch := await stream.next_batch():
                    if call.first_content is None:
                        call.first_content = self.now()
                    call.take(batch)
            finally:
                call.answer = stream.response

    def _tell(self, call: Call) -> None:
        for listener in self.listeners:
            listener.ended(call)
