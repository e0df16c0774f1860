"""Many calls at once, of which no result is lost."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import attrs

from ._attempts import CallTrace
from ._engine import Engine, Request
from ._errors import LLMError
from ._runtime import trio
from ._types.chat import ModelResponse
from ._types.chat_request import ChatRequest

Status = Literal["ok", "failed", "cancelled", "not_started"]


@attrs.define
class Timings:
    """When what happened to one item, in seconds since the fan-out began. None where it did not get that far."""

    started: float | None = None
    admitted: float | None = None
    """When the last attempt got its slot."""
    first_content: float | None = None
    """Streamed items: when the first content arrived."""
    ended: float | None = None


@attrs.define
class Outcome:
    """What became of one request."""

    index: int
    """Its place among the requests."""
    request: Request
    status: Status = "not_started"
    response: Any = None
    """The response of an item that is ok; streamed ones folded into a whole."""
    error: LLMError | None = None
    """Why it failed."""
    partial: ModelResponse | None = None
    """What a streamed item had received when it failed or was cancelled."""
    attempts: int = 0
    """Requests sent."""
    timings: Timings = attrs.Factory(Timings)


async def fan_out(
    engine: Engine, requests: Iterable[Request], *, limit: int | None, deadline: float | None
) -> list[Outcome]:
    """One outcome for each request, in their order; see `Client.fan_out`."""
    if limit is not None and limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
    items = list(requests)
    began = trio.current_time()
    outcomes = [Outcome(index, request) for index, request in enumerate(items)]
    waiting = iter(outcomes)
    workers = min(len(outcomes), limit or len(outcomes))
    with trio.CancelScope(deadline=math.inf if deadline is None else began + deadline):
        async with trio.open_nursery() as nursery:
            for _ in range(workers):
                nursery.start_soon(_work, engine, waiting, began)
    await trio.lowlevel.checkpoint()
    return outcomes


async def _work(engine: Engine, waiting: Iterator[Outcome], began: float) -> None:
    for outcome in waiting:
        await run_item(engine, outcome, began)


async def run_item(engine: Engine, outcome: Outcome, began: float) -> None:
    """Make the call of one outcome and write down what becomes of it, cancellation included."""
    trace = CallTrace()
    outcome.status = "cancelled"  # unless it comes to another end
    outcome.timings.started = trio.current_time() - began
    try:
        outcome.response = await _receive(engine, outcome, trace)
        outcome.status = "ok"
    except LLMError as error:
        outcome.status, outcome.error = "failed", error
        outcome.partial = getattr(error, "partial", None)
    finally:
        _note_times(outcome, trace, began)


async def _receive(engine: Engine, outcome: Outcome, trace: CallTrace) -> Any:
    request = outcome.request
    if not (isinstance(request, ChatRequest) and request.stream):
        return await engine.receive(request, trace)
    source, _ = await engine.open_chat(request, trace)
    try:
        while await source.next_batch() is not None:
            pass
    except BaseException:
        outcome.partial = source.response
        raise
    return source.response


def _note_times(outcome: Outcome, trace: CallTrace, began: float) -> None:
    outcome.attempts = trace.attempts
    if outcome.status == "cancelled" and trace.admitted is None:
        outcome.status = "not_started"  # it was still waiting for its slot: nothing was sent
    timings = outcome.timings
    timings.ended = trio.current_time() - began
    if trace.admitted is not None:
        timings.admitted = trace.admitted - began
    if trace.first_content is not None:
        timings.first_content = trace.first_content - began
