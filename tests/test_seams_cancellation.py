"""Calls with something at every seam, cancelled at every step: nothing is left, and every end is told once."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
from test_four_seams import Door
from test_observers import Log
from virtual import ask, client_of

from trio_llm import APIError, ChatRequest, Client
from trio_llm._runtime import trio
from trio_llm.observe import AttemptFailed, AttemptSent, CallEnded, CallStarted, GroupEnded, GroupStarted, Responder
from trio_llm.testing import AtEvent, Failure, RecordedRequest, Reply, Simulator, cancel_at_every_step


class Pausing(Responder):
    """Waits before, between and after."""

    async def respond(self, request: Any, next: Any) -> Any:
        await trio.sleep(0.001)
        response = await next(request)
        await trio.sleep(0.001)
        return response

    async def respond_streamed(self, request: Any, next: Any) -> AsyncIterator[Any]:  # noqa: ASYNC900 - as told
        await trio.sleep(0.001)
        async for chunk in next(request):
            yield chunk
            await trio.sleep(0.001)


@attrs.define
class Choice:
    """One call's way through a pool."""

    waiting: list[ChatRequest]

    def first(self) -> ChatRequest:
        return self.waiting.pop(0)

    def after(self, error: APIError) -> ChatRequest | None:
        return self.waiting.pop(0) if self.waiting else None


class Pool:
    """Two targets for each call to `pool/any`, of which the first one fails."""

    def targets_of(self, request: Any) -> Choice | None:
        if request.model != "pool/any":
            return None
        return Choice([ask("bad", stream=request.stream), ask("good", stream=request.stream)])


def act(request: RecordedRequest) -> Any:
    if request.text == "bad":
        return Failure(404, latency=0.01)
    if request.text == "cut":
        return Reply(["a ", "b ", "c"], gap=0.001, cut_at=AtEvent(2))
    return Reply(["a ", "b"], latency=0.02, gap=0.005)


@asynccontextmanager
async def reached_into() -> AsyncIterator[Client]:
    log, doors = Log(), [Door(), Door(opens_after=0.001)]
    seams: dict[str, Any] = {"observers": [log], "gates": doors, "targets": [Pool()], "responders": [Pausing()]}
    async with client_of(Simulator(act), attempts=2, **seams) as client:
        yield client
    for door in doors:
        assert len(door.left) == len(door.entered)
    for begun, over in ((CallStarted, CallEnded), (GroupStarted, GroupEnded)):
        told = Counter(event.activity.id for event in log.all(over))
        assert told == Counter(event.activity.id for event in log.all(begun))
    sent = {(event.activity.id, event.number) for event in log.all(AttemptSent)}
    assert {(event.activity.id, event.number) for event in log.all(AttemptFailed) if event.number} <= sent


async def whole(client: Client) -> None:
    await client.call(ask("x"))


async def chosen(client: Client) -> None:
    await client.call(ask("x", model="pool/any"))


async def pulled(client: Client) -> None:
    async with await client.call(ask("x", model="pool/any", stream=True)) as stream:
        async for _ in stream:
            pass


async def pumped(client: Client) -> None:
    async with client.open_pumped(ask("x", stream=True)) as stream:
        async for _ in stream:
            pass


async def asked_again(client: Client) -> None:
    with pytest.raises(APIError):
        async with await client.call(ask("cut", stream=True, on_break="restart")) as stream:
            async for _ in stream:
                pass


async def in_groups(client: Client) -> None:
    with client.group("agent"):
        await client.fan_out([ask("x"), ask("x", model="pool/any"), ask("x", stream=True)], limit=2)


@pytest.mark.parametrize(
    "scenario", [whole, chosen, pulled, pumped, asked_again, in_groups], ids=lambda scenario: scenario.__name__
)
def test_nothing_is_left_behind_the_seams(scenario: Callable[[Client], Awaitable[None]]) -> None:
    report = cancel_at_every_step(scenario, open_context=reached_into, after=lambda client: client.call(ask("again")))

    assert min(report.steps.values()) >= 2
