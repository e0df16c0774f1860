"""Blocks, applications and schedules of a user's own: what they leave, and which order of tasks breaks them."""

from __future__ import annotations

import asyncio
import os
import re
import socket
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from virtual import in_virtual_time

from trio_llm import Client
from trio_llm._runtime import trio
from trio_llm.testing import (
    LeakError,
    Reply,
    ScheduleError,
    Simulator,
    StepOptions,
    call_app,
    cancel_at_every_step,
    explore_schedules,
    opened_app,
    quiescent,
)

HI = [{"role": "user", "content": "Hi"}]


@in_virtual_time
async def test_a_block_that_cleans_up_is_quiescent() -> None:
    async with Client(transport=Simulator(Reply(latency=1))) as client:
        async with quiescent(client):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.sleep, 5)
                nursery.start_soon(client.completion, "openai/any", HI)


@in_virtual_time
async def test_a_task_that_is_left_is_named_with_the_line_that_made_it() -> None:
    async with trio.open_nursery() as outside:
        with pytest.raises(LeakError, match=r"the task .*made at .*test_quiescent.py:\d+ in .*leave.*, still runs"):
            async with quiescent():
                leave(outside)
        outside.cancel_scope.cancel()


def leave(nursery: Any) -> None:
    nursery.start_soon(trio.sleep_forever)


@in_virtual_time
async def test_tasks_of_others_are_not_its_business_and_its_error_goes_before() -> None:
    async def others() -> None:
        while True:
            nursery.start_soon(trio.sleep, 100)
            await trio.sleep(1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(others)
        async with quiescent():
            await trio.sleep(3)
        with pytest.raises(ValueError, match="mine"):
            async with quiescent():
                leave(nursery)
                raise ValueError("mine")
        nursery.cancel_scope.cancel()


@in_virtual_time
async def test_an_open_socket_and_a_held_slot_are_told() -> None:
    with pytest.raises(LeakError, match=r"1 more file descriptors are open than before: a socket from \('127.0.0.1', "):
        async with quiescent():
            kept = socket.create_server(("127.0.0.1", 0))
    kept.close()
    with pytest.raises(LeakError, match=f"than before: {re.escape(__file__)}"):
        async with quiescent():
            file = os.open(__file__, os.O_RDONLY)
    os.close(file)
    async with Client(transport=Simulator(Reply("a b", gap=1))) as client:
        with pytest.raises(LeakError, match="1 still held"):
            async with quiescent(client):
                stream: Any = await client.call(_streamed())
        await stream.aclose()


def _streamed() -> Any:
    from virtual import ask

    return ask("Hi", stream=True)


def service(*, careful: bool) -> FastAPI:
    """A chat service; the careless one keeps its streams in a list."""
    kept: list[Any] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> Any:
        async with Client(transport=Simulator(Reply("one two three", latency=0.5, gap=0.1))) as client:
            app.state.client = client
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/chat")
    async def chat(body: dict[str, str]) -> Any:
        stream = await app.state.client.completion(
            "openai/any", [{"role": "user", "content": body["text"]}], stream=True
        )
        if not careful:
            kept.append(stream)
            return {"text": ""}
        try:
            return {"text": "".join([chunk.choices[0].delta.content or "" async for chunk in stream])}
        finally:
            await stream.aclose()

    return app


async def counting(_scope: Any, receive: Any, send: Any) -> None:
    """An application that counts until its client is gone."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"X-Kind", b"numbers")]})
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_count, send)
        assert (await receive())["type"] == "http.disconnect"
        nursery.cancel_scope.cancel()


async def _count(send: Any) -> None:
    for number in range(100):
        await send({"type": "http.response.body", "body": b"%d " % number, "more_body": True})
        await trio.sleep(1)


@in_virtual_time
async def test_an_application_is_called_in_memory_from_its_start_to_its_end() -> None:
    app = service(careful=True)
    async with opened_app(app):
        reply = await call_app(app, "POST", "/chat?x=1", json={"text": "Hi"})
        assert (reply.status, reply.json(), reply.complete) == (200, {"text": "one two three"}, True)
        missing = await call_app(app, "GET", "/nothing")
        assert (missing.status, missing.json()) == (404, {"detail": "Not Found"})


@in_virtual_time
async def test_an_application_hears_that_its_client_is_gone() -> None:
    async with opened_app(counting):  # it knows no lifespan
        left = await call_app(counting, "GET", "/", leave_after=3)
    assert (left.text, left.complete, left.headers) == ("0 1 2 ", False, {"x-kind": "numbers"})


@in_virtual_time
async def test_a_framework_stops_its_streamed_reply_when_the_client_is_gone() -> None:
    async def numbers() -> Any:  # noqa: ASYNC900  # as frameworks want it
        for number in range(100):
            yield f"{number} "
            await trio.sleep(1)

    app = FastAPI()
    app.add_api_route("/", lambda: StreamingResponse(numbers()))
    began = trio.current_time()
    left = await call_app(app, "GET", "/", leave_after=3)
    assert (left.text, left.complete, trio.current_time() - began) == ("0 1 2 ", False, 2)


@in_virtual_time
async def test_an_application_that_says_nothing_is_told() -> None:
    async def silent(_scope: Any, _receive: Any, _send: Any) -> None:
        await trio.lowlevel.checkpoint()

    with pytest.raises(RuntimeError, match="without an answer to GET /"):
        await call_app(silent, "GET", "/")


async def chat(app: Any) -> None:
    reply = await call_app(app, "POST", "/chat", json={"text": "Hi"})
    assert reply.status == 200


def test_a_service_that_cleans_up_is_told_from_one_that_does_not() -> None:
    def watching(app: FastAPI) -> Any:
        @asynccontextmanager
        async def opened() -> Any:
            async with opened_app(app):
                yield app.state.client

        return opened

    options = StepOptions(backends=("trio",))
    good, bad = service(careful=True), service(careful=False)

    async def scenario(client: Client) -> None:
        await chat(good)

    async def careless(client: Client) -> None:
        await chat(bad)

    cancel_at_every_step(scenario, open_context=watching(good), options=options)
    with pytest.raises(LeakError, match="1 still held"):
        cancel_at_every_step(careless, open_context=watching(bad), options=options)


class Account:
    def __init__(self) -> None:
        self.balance = 0

    async def deposit(self) -> None:
        before = self.balance
        await trio.lowlevel.checkpoint()
        self.balance = before + 1


async def lost_update() -> None:
    account = Account()
    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(account.deposit)
    assert account.balance == 2


async def ordered() -> None:
    """Right only if the first task that was started is the first to come through."""
    order: list[str] = []

    async def worker(name: str) -> None:
        await trio.lowlevel.checkpoint()
        await trio.lowlevel.checkpoint()
        order.append(name)

    async with trio.open_nursery() as nursery:
        for name in "abc":
            nursery.start_soon(worker, name)
    assert order == ["a", "b", "c"]


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_an_order_that_breaks_a_scenario_is_found_shortened_and_repeated(backend: Any) -> None:
    explore_schedules(ordered, runs=1, backends=[backend])  # the plain order is all right
    with pytest.raises(ScheduleError) as caught:
        explore_schedules(ordered, backends=[backend], seed=4)
    error = caught.value
    assert error.backend == backend
    assert sum(map(bool, error.schedule)) == 1
    assert ("went before" if backend == "trio" else "turns later") in str(error)
    with pytest.raises(ScheduleError) as again:
        explore_schedules(ordered, backends=[backend], runs=1, schedules=[error.schedule])
    assert again.value.schedule == error.schedule


def test_what_fails_in_any_order_is_told_with_the_plain_one() -> None:
    with pytest.raises(ScheduleError, match="every task went in its plain order") as caught:
        explore_schedules(lost_update)
    assert caught.value.schedule == ()


def test_a_client_works_in_every_order() -> None:
    async def scenario() -> None:
        async with Client(transport=Simulator(Reply("a b", gap=0.1))) as client:
            async with trio.open_nursery() as nursery:
                for number in range(3):
                    nursery.start_soon(client.completion, "openai/any", [{"role": "user", "content": str(number)}])
            async with client.stream("openai/any", HI) as stream:
                assert [chunk async for chunk in stream]

    report = explore_schedules(scenario, runs=20)
    assert report.runs == 40
    assert report.different["trio"] > 10
    assert report.different["asyncio"] > 10


def test_asyncio_of_its_own_is_explored_too() -> None:
    async def scenario() -> None:
        done: list[int] = []

        async def work(number: int) -> None:
            await asyncio.sleep(0)
            done.append(number)

        await asyncio.gather(work(1), work(2))
        assert done == [1, 2]

    with pytest.raises(ScheduleError, match=r"work went on \d turns later"):
        explore_schedules(scenario, backends=["asyncio"])
