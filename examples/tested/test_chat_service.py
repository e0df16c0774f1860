"""The service in memory: what it says, whom it forgets, and what it leaves behind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from chat_service import make_app
from fastapi import FastAPI
from hypothesis import given

from trio_llm import APIError, Client
from trio_llm.testing import (
    AtEvent,
    Failure,
    FaultPlan,
    Reply,
    RequestOutcome,
    Simulator,
    call_app,
    cancel_at_every_step,
    opened_app,
    quiescent,
    run_in_virtual_time,
    strategies,
)


def app_with(provider: Simulator) -> FastAPI:
    return make_app(lambda: Client(transport=provider, strict=True))


async def test_each_user_has_a_conversation(virtual_time: object, anyio_backend: str) -> None:
    provider = Simulator()
    async with quiescent(provider, descriptors=False), opened_app(app_with(provider)) as app:
        for user, text in [("ann", "Hi"), ("bob", "Hello"), ("ann", "Again")]:
            reply = await call_app(app, "POST", f"/chat/{user}", json={"text": text})
            assert (reply.status, reply.text) == (200, f"echo: {text}")
    contents = [[message["content"] for message in request.json["messages"]] for request in provider.requests]
    assert contents == [["Hi"], ["Hello"], ["Hi", "echo: Hi", "Again"]]


async def test_a_provider_that_refuses_is_a_bad_gateway(virtual_time: object, anyio_backend: str) -> None:
    async with opened_app(app_with(Simulator(Failure(401, "no such key")))) as app:
        reply = await call_app(app, "POST", "/chat/ann", json={"text": "Hi"})
        assert (reply.status, "no such key" in reply.text) == (502, True)


async def test_a_broken_answer_is_not_remembered(virtual_time: object, anyio_backend: str) -> None:
    async with opened_app(app_with(Simulator(Reply("one two three", cut_at=AtEvent(2))))) as app:
        with pytest.raises(APIError):
            await call_app(app, "POST", "/chat/ann", json={"text": "Hi"})
        assert (await call_app(app, "GET", "/history/ann")).json() == []


async def test_a_browser_that_leaves_stops_the_provider(virtual_time: object, anyio_backend: str) -> None:
    provider = Simulator(Reply(["word "] * 1000, gap=1))
    async with opened_app(app_with(provider)) as app:
        reply = await call_app(app, "POST", "/chat/ann", json={"text": "Hi"}, leave_after=2)
        assert not reply.complete
        assert (await call_app(app, "GET", "/history/ann")).json() == []
    assert provider.requests[0].outcome is RequestOutcome.CLIENT_GONE


@given(reply=strategies.replies(tools=False), fault=strategies.faults())
def test_what_is_passed_on_whole_is_remembered_and_nothing_else(reply: Reply, fault: Any) -> None:
    async def scenario() -> None:
        provider = Simulator(reply, faults=FaultPlan([fault]))
        async with opened_app(app_with(provider)) as app:
            try:
                heard = await call_app(app, "POST", "/chat/ann", json={"text": "Hi"})
            except APIError:
                heard = None
            history = (await call_app(app, "GET", "/history/ann")).json()
        if heard is not None and heard.status == 200:
            assert heard.text == provider.requests[-1].said == history[-1]["content"]
        else:
            assert history == []

    run_in_virtual_time(scenario)


@asynccontextmanager
async def running() -> AsyncIterator[FastAPI]:
    async with opened_app(app_with(Simulator(Reply("one two three", latency=1, gap=0.1)))) as app:
        yield app


@pytest.mark.parametrize("leave_after", [None, 1])
def test_it_leaves_nothing_behind_wherever_a_request_is_cancelled(leave_after: int | None) -> None:
    async def chatting(app: FastAPI) -> None:
        await call_app(app, "POST", "/chat/ann", json={"text": "Hi"}, leave_after=leave_after)

    async def again(app: FastAPI) -> None:
        assert (await call_app(app, "POST", "/chat/bob", json={"text": "Still there?"})).status == 200

    assert cancel_at_every_step(chatting, open_context=running, after=again).runs > 20
