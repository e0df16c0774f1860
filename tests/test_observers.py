"""What observers are told: every call from its start to its end, in order, once, and only what they asked for."""

from __future__ import annotations

import gc
import logging
from collections.abc import Collection
from typing import Any

import attrs
import pytest
from virtual import ask, client_of, in_virtual_time, text_of

from trio_llm import APIError, EmbeddingRequest, Limits, RateLimitError, ServiceUnavailableError
from trio_llm._runtime import trio
from trio_llm.observe import (
    AttemptFailed,
    AttemptSent,
    CallEnded,
    CallFellBack,
    CallStarted,
    CallWaiting,
    Event,
    FirstContent,
    GroupEnded,
    GroupStarted,
    StreamProgress,
    StreamSeam,
)
from trio_llm.testing import AtEvent, Failure, Reply, Simulator

WORDS = ["one ", "two ", "three "]


@attrs.define
class Log:
    """Keeps what it is told."""

    wants: Collection[type[Event]] = (Event,)
    events: list[Event] = attrs.Factory(list[Event])

    def observe(self, event: Event) -> None:
        self.events.append(event)

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    def all(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@in_virtual_time
async def test_a_call_is_told_from_its_start_to_its_end() -> None:
    log, simulator = Log(), Simulator(Reply("Hello you", latency=2))
    async with client_of(simulator, observers=[log]) as client:
        began = trio.current_time()
        request = ask("x")
        response = await client.call(request)

    assert log.kinds() == ["CallStarted", "AttemptSent", "CallEnded"]
    started, sent, ended = log.events
    assert isinstance(sent, AttemptSent)
    assert isinstance(ended, CallEnded)
    assert [event.at - began for event in log.events] == [0, 0, 2]
    assert started.activity is sent.activity is ended.activity
    assert (started.activity.id, started.activity.kind, started.activity.parent) == (1, "call", None)
    assert started.activity.request is request
    assert (sent.number, sent.provider, sent.model) == (1, "openai", "gpt-4o")
    assert (ended.end, ended.error, ended.attempts, ended.status) == ("ok", None, 1, 200)
    assert ended.response is response
    assert ended.usage == response.usage
    assert ended.headers["content-type"] == "application/json"
    assert ended.bytes_sent > 50
    assert ended.bytes_received > 50


@in_virtual_time
async def test_attempts_that_fail_and_fallbacks_are_told_with_the_waits_that_follow() -> None:
    log, simulator = Log(), Simulator([Failure(503), Failure(503), Reply("ok")])
    async with client_of(simulator, attempts=2, observers=[log]) as client:
        await client.call(ask("x", fallbacks=["anthropic/claude"]))

    failed = log.all(AttemptFailed)
    assert [(event.number, event.pause) for event in failed] == [(1, 0.5), (2, None)]
    assert all(isinstance(event.error, ServiceUnavailableError) for event in failed)
    (fell_back,) = log.all(CallFellBack)
    assert fell_back.error is failed[1].error
    assert fell_back.request.model == "anthropic/claude"
    (ended,) = log.all(CallEnded)
    assert (ended.end, ended.attempts, ended.provider, ended.model) == ("ok", 3, "anthropic", "claude")


@in_virtual_time
async def test_a_failure_ends_a_call_with_its_error() -> None:
    log, simulator = Log(), Simulator(Failure(429))
    async with client_of(simulator, observers=[log]) as client:
        with pytest.raises(RateLimitError) as caught:
            await client.call(ask("x"))

    (ended,) = log.all(CallEnded)
    assert (ended.end, ended.error, ended.response, ended.status) == ("failed", caught.value, None, 429)


@in_virtual_time
async def test_a_call_that_cannot_leave_says_what_it_waits_for() -> None:
    log, simulator = Log(), Simulator(Reply("ok", latency=5))
    async with client_of(simulator, observers=[log], limits=Limits(max_in_flight=1)) as client:
        await client.fan_out([ask("1"), ask("2"), ask("3")])

    waiting = log.all(CallWaiting)
    assert [(event.reason, event.held, event.ahead) for event in waiting] == [("slot", 1, 0), ("slot", 1, 1)]


@in_virtual_time
async def test_a_stream_is_told_to_its_end_with_all_that_arrived() -> None:
    log, simulator = Log(), Simulator(Reply(WORDS, gap=1))
    async with client_of(simulator, observers=[log]) as client:
        stream = await client.call(ask("x", stream=True))
        chunks = [chunk async for chunk in stream]

    told = [chunk for event in log.all(StreamProgress) for chunk in event.chunks]
    assert told == chunks
    assert log.kinds()[:3] == ["CallStarted", "AttemptSent", "StreamProgress"]
    assert len(log.all(FirstContent)) == 1
    (last,) = log.all(CallEnded)
    assert log.events[-1] is last
    (ended,) = log.all(CallEnded)
    assert (ended.end, text_of(ended.response), ended.usage) == ("ok", "one two three ", stream.response.usage)
    assert ended.bytes_received > 100


@in_virtual_time
async def test_a_stream_that_is_left_early_was_cancelled_and_one_that_breaks_failed() -> None:
    for form in ("pulled", "pumped"):
        log, simulator = Log(), Simulator([Reply(WORDS, gap=1), Reply(WORDS, gap=1, cut_at=AtEvent(3))])
        async with client_of(simulator, observers=[log]) as client:
            if form == "pulled":
                async with await client.call(ask("x", stream=True)) as stream:
                    await anext(stream)
                with pytest.raises(APIError):
                    async for _ in await client.call(ask("x", stream=True)):
                        pass
            else:
                async with client.open_pumped(ask("x")) as pumped:
                    await anext(pumped)
                with pytest.raises(APIError):
                    async with client.open_pumped(ask("x")) as pumped:
                        async for _ in pumped:
                            pass
        left, broken = log.all(CallEnded)
        assert (left.end, broken.end) == ("cancelled", "failed")
        assert text_of(left.response).startswith("one ")
        assert text_of(broken.response) == text_of(broken.error.partial)


@in_virtual_time
async def test_seams_of_a_stream_are_told_and_its_end_once() -> None:
    log, simulator = Log(), Simulator([Reply(WORDS, cut_at=AtEvent(3)), Reply(WORDS)])
    async with client_of(simulator, attempts=2, observers=[log]) as client:
        chunks = [chunk async for chunk in await client.call(ask("x", stream=True, on_break="restart"))]

    (seam,) = log.all(StreamSeam)
    assert seam.seam in chunks
    (ended,) = log.all(CallEnded)
    assert (ended.end, ended.attempts, text_of(ended.response)) == ("ok", 2, "one two three ")


@pytest.mark.anyio
async def test_a_forgotten_stream_ends_when_the_run_notices() -> None:
    log, simulator = Log(), Simulator(Reply(WORDS * 50))
    async with client_of(simulator, observers=[log]) as client:
        stream: Any = await client.call(ask("x", stream=True))
        await anext(stream)
        with pytest.MonkeyPatch.context():
            import warnings

            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                del stream
                gc.collect()
                for _ in range(10):
                    await trio.lowlevel.checkpoint()
        (ended,) = log.all(CallEnded)
        assert ended.end == "abandoned"


@in_virtual_time
async def test_calls_of_groups_are_linked_to_them() -> None:
    log, simulator = Log(), Simulator(Reply("ok"))
    async with client_of(simulator, observers=[log]) as client:

        async def job() -> Any:
            return await client.call(ask("inner"))

        await client.fan_out([ask("0"), job])
        await client.hedge(ask("hedged"))
        await client.call(ask("alone"))

    groups = {event.activity.kind: event.activity for event in log.all(GroupStarted)}
    assert set(groups) == {"fan_out", "job", "hedge"}
    calls = {event.activity.request.messages[0]["content"]: event.activity for event in log.all(CallStarted)}
    assert calls["0"].parent is groups["fan_out"]
    assert calls["0"].index == 0
    assert groups["job"].parent is groups["fan_out"]
    assert groups["job"].index == 1
    assert calls["inner"].parent is groups["job"]
    assert calls["hedged"].parent_id == groups["hedge"].id
    assert calls["alone"].parent is None
    assert [event.end for event in log.all(GroupEnded)] == ["ok", "ok", "ok"]
    assert len({event.activity.id for event in log.events}) == 7


@in_virtual_time
async def test_the_parts_of_a_split_call_are_attempts_of_one_call() -> None:
    log, simulator = Log(), Simulator()
    async with client_of(simulator, observers=[log]) as client:
        request = EmbeddingRequest("gemini/m", [str(number) for number in range(250)])
        response = await client.call(request)

    assert len(response.data) == 250
    assert len(log.all(CallStarted)) == len(log.all(CallEnded)) == 1
    assert len(log.all(AttemptSent)) == log.all(CallEnded)[0].attempts == 3


@in_virtual_time
async def test_only_what_is_wanted_is_told() -> None:
    log, other = Log((CallEnded,)), Log((StreamSeam, GroupStarted))
    async with client_of(Simulator(Reply("ok")), observers=[log, other]) as client:
        await client.fan_out([ask("x")])

    assert log.kinds() == ["CallEnded"]
    assert other.kinds() == ["GroupStarted"]


class Broken:
    """Raises whatever it is told."""

    wants = (Event,)

    def observe(self, event: Event) -> None:
        raise ZeroDivisionError


@in_virtual_time
async def test_an_observer_that_raises_harms_nobody_and_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.clear()
    log = Log()
    with caplog.at_level(logging.ERROR, "trio_llm"):
        async with client_of(Simulator(Reply("ok")), observers=[Broken(), log]) as client:
            outcomes = await client.fan_out([ask("x"), ask("y")])

    assert [outcome.status for outcome in outcomes] == ["ok", "ok"]
    assert len(log.all(CallEnded)) == 2
    assert len(caplog.records) == 1


@in_virtual_time
async def test_labels_of_a_call_belong_to_its_events() -> None:
    log = Log()
    async with client_of(Simulator(Reply("ok")), observers=[log]) as client:
        await client.call(ask("x", metadata={"user": "7"}))

    assert all(event.activity.labels == {"user": "7"} for event in log.events)


@in_virtual_time
async def test_a_cancelled_call_was_cancelled() -> None:
    log = Log()
    async with client_of(Simulator(Reply("ok", latency=9)), observers=[log]) as client:
        with trio.move_on_after(1):
            await client.call(ask("x"))

    (ended,) = log.all(CallEnded)
    assert (ended.end, ended.attempts) == ("cancelled", 1)
