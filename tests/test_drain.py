"""The end of a client: drained in peace, or closed in the middle of everything."""

from __future__ import annotations

import gc
import math
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from virtual import FINISHED, GONE, ask, assert_nothing_left, client_of, ends, in_virtual_time, text_of

from trio_llm import APIError, ClientClosedError, LLMError, Outcome
from trio_llm._runtime import trio
from trio_llm.observe import Responder
from trio_llm.testing import Action, AtEvent, Failure, Reply, Simulator, run_in_virtual_time
from trio_llm.types import DrainReport, Stream

WORDS = ["one ", "two ", "three ", "four"]


def by_text(request: Any) -> Reply | Failure:
    return Reply(WORDS, gap=3) if request.stream else Reply(latency=float(request.text))


async def call(client: Any, results: dict[str, Any], text: str, **params: Any) -> None:
    try:
        results[text] = await client.call(ask(text, **params))
    except LLMError as error:
        results[text] = error


@in_virtual_time
async def test_running_calls_end_in_peace_and_the_rest_is_cut_and_reported() -> None:
    simulator, results = Simulator(by_text), dict[str, Any]()
    async with client_of(simulator) as client, trio.open_nursery() as nursery:
        for text in ("2", "4", "50"):
            nursery.start_soon(call, client, results, text)
        await trio.sleep(1)
        began = trio.current_time()
        report = await client.drain(5)

        assert trio.current_time() - began == pytest.approx(5)
        assert_nothing_left(client, simulator)
        with pytest.raises(ClientClosedError, match="drained: it takes no more calls"):
            await client.call(ask("1"))

    assert report.finished == 2
    (cut,) = report.cut
    assert (cut.model, cut.partial) == ("openai/gpt-4o", None)
    assert cut.running == pytest.approx(6)
    assert text_of(results["2"]) == "echo: 2"
    assert text_of(results["4"]) == "echo: 4"
    assert isinstance(results["50"], ClientClosedError)
    assert "this call was ended" in str(results["50"])
    assert ends(simulator) == {"2": FINISHED, "4": FINISHED, "50": GONE}


@in_virtual_time
async def test_a_drain_ends_as_soon_as_the_last_call_does() -> None:
    simulator, results = Simulator(by_text), dict[str, Any]()
    async with client_of(simulator) as client, trio.open_nursery() as nursery:
        nursery.start_soon(call, client, results, "2")
        await trio.sleep(1)
        began = trio.current_time()
        nursery.start_soon(client.drain, 100)
        report = await client.drain(100)
        assert trio.current_time() - began == pytest.approx(1)
        assert (await client.drain(0)).finished == 0

    assert (report.finished, report.cut) == (1, ())


@pytest.mark.parametrize("stream", [False, True])
@in_virtual_time
async def test_a_call_that_is_tried_again_is_a_running_one(stream: bool) -> None:
    script: list[Action] = [Failure(500, latency=1), Reply("done", latency=1)]
    simulator, results = Simulator(script), list[str]()

    async def one() -> None:
        result = await client.call(ask("x", stream=stream))
        if stream:
            async for _ in result:
                pass
        results.append(text_of(result.response if stream else result))

    async with client_of(simulator, attempts=2) as client, trio.open_nursery() as nursery:
        nursery.start_soon(one)
        await trio.sleep(0.1)
        assert await client.drain(100) == DrainReport(1, ())
        await trio.lowlevel.checkpoint()
        assert results == ["done"]


@in_virtual_time
async def test_no_fallback_of_a_call_that_was_cut_is_asked() -> None:
    simulator = Simulator(Reply(latency=9))
    async with client_of(simulator) as client, trio.open_nursery() as nursery:

        async def one() -> None:
            with pytest.raises(ClientClosedError) as caught:
                await client.call(ask("x", fallbacks=["anthropic/claude-sonnet-4-5"]))
            assert caught.value.earlier == ()

        nursery.start_soon(one)
        await trio.sleep(1)
        await client.drain(1)

    assert len(simulator.requests) == 1


@pytest.mark.parametrize("grace", [0, 4])
@in_virtual_time
async def test_an_idle_stream_is_cut_and_its_next_read_says_so_with_what_had_arrived(grace: float) -> None:
    simulator = Simulator(Reply(WORDS, gap=3))
    async with client_of(simulator) as client:
        stream = await client.call(ask("x", stream=True))
        first = await anext(stream)
        report = await client.drain(grace)
        assert_nothing_left(client, simulator)
        assert text_of(report.cut[0].partial) == text_of(stream.response)
        for _ in range(2):
            with pytest.raises(ClientClosedError) as caught:
                while True:
                    await anext(stream)
            assert text_of(caught.value.partial) == text_of(stream.response)
        await stream.aclose()

    assert first.choices
    assert len(report.cut) == 1
    assert simulator.requests[0].outcome is GONE


@in_virtual_time
async def test_a_stream_that_ends_meanwhile_is_waited_for_in_both_forms() -> None:
    simulator, texts = Simulator(Reply(WORDS, gap=1)), list[str]()
    async with client_of(simulator) as client, trio.open_nursery() as nursery:
        pulled = await client.call(ask("pulled", stream=True))

        async def pumped(started: Any) -> None:
            async with client.stream("openai/gpt-4o", [{"role": "user", "content": "pumped"}]) as stream:
                started.set()
                texts.append("".join([chunk.choices[0].delta.content or "" async for chunk in stream]))

        async def pull() -> None:
            texts.append("".join([chunk.choices[0].delta.content or "" async for chunk in pulled]))

        started = trio.Event()
        nursery.start_soon(pumped, started)
        await started.wait()
        nursery.start_soon(pull)
        report = await client.drain(50)

    assert (report.finished, report.cut) == (2, ())
    assert texts == ["".join(WORDS)] * 2


@in_virtual_time
async def test_streams_that_were_closed_or_forgotten_are_not_waited_for() -> None:
    simulator = Simulator(Reply(WORDS, gap=3))
    async with client_of(simulator) as client:
        closed = await client.call(ask("x", stream=True))
        await closed.aclose()
        assert isinstance(closed, Stream)
        began = trio.current_time()
        report = await client.drain(50)
        assert trio.current_time() == began

    assert (report.finished, report.cut) == (0, ())


@in_virtual_time
async def test_a_fan_out_that_is_drained_says_what_ended_what_was_cut_and_what_never_began() -> None:
    simulator, outcomes = Simulator(by_text), list[Outcome]()
    async with client_of(simulator) as client, trio.open_nursery() as nursery:

        async def run() -> None:
            jobs = [ask("1"), ask("9", stream=True), ask("3"), ask("50"), ask("1"), ask("2")]
            outcomes.extend(await client.fan_out(jobs, limit=3))

        nursery.start_soon(run)
        await trio.sleep(2)
        report = await client.drain(5)
        assert_nothing_left(client, simulator)

    assert [outcome.status for outcome in outcomes] == [
        "ok",
        "cancelled",
        "ok",
        "cancelled",
        "not_started",
        "not_started",
    ]
    assert outcomes[1].partial is not None
    assert all(isinstance(outcome.error, ClientClosedError) for outcome in outcomes if outcome.status != "ok")
    assert (report.finished, len(report.cut)) == (1, 2)


@pytest.mark.parametrize("how", ["error", "normally"])
@in_virtual_time
async def test_leaving_the_clients_block_ends_calls_of_other_tasks_with_an_error_and_no_cancellation(how: str) -> None:
    simulator, results = Simulator(by_text), dict[str, Any]()
    try:
        async with trio.open_nursery() as nursery:
            client = client_of(simulator)
            try:
                async with client:
                    nursery.start_soon(call, client, results, "50")
                    nursery.start_soon(call, client, results, "60")
                    stream = await client.call(ask("idle", stream=True))
                    await trio.sleep(1)
                    if how == "error":
                        raise ZeroDivisionError
            except ZeroDivisionError:
                assert how == "error"
            assert simulator.statistics().active == 0
            await trio.lowlevel.checkpoint()
            assert {text: type(result) for text, result in results.items()} == {
                "50": ClientClosedError,
                "60": ClientClosedError,
            }
            with pytest.raises(ClientClosedError, match="closed"):
                async for _ in stream:
                    pass
    finally:
        assert {request.outcome for request in simulator.requests} == {GONE}


@in_virtual_time
async def test_a_pumped_stream_whose_client_closes_gets_the_error_in_its_block() -> None:
    simulator = Simulator(Reply(WORDS, gap=1))
    client = client_of(simulator)
    text = ""
    with pytest.raises(ClientClosedError) as caught:
        async with client.stream("openai/gpt-4o", [{"role": "user", "content": "x"}]) as stream:
            async for chunk in stream:
                text += chunk.choices[0].delta.content or ""
                if "two" in text:
                    await client.aclose()

    assert text == text_of(caught.value.partial) == "one two "
    assert simulator.statistics().active == 0


@in_virtual_time
async def test_a_client_may_be_closed_in_a_scope_that_is_cancelled_already() -> None:
    simulator, results = Simulator(by_text), dict[str, Any]()
    client = client_of(simulator)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(call, client, results, "50")
        await trio.sleep(1)
        with trio.CancelScope() as scope:
            scope.cancel()
            await client.aclose()
    assert isinstance(results["50"], ClientClosedError)
    assert simulator.statistics().active == 0


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=8), st.sampled_from([0.0, 2.5, 20.5]))
def test_finished_and_cut_are_all_that_ran_and_nothing_runs_after_the_grace(
    calls: list[tuple[int, bool]], grace: float
) -> None:
    simulator, results = Simulator(lambda request: Reply(latency=float(request.text))), list[str]()
    reports: list[DrainReport] = []

    async def one(client: Any, seconds: int, stream: bool) -> None:
        try:
            result = await client.call(ask(str(seconds), stream=stream))
            if stream:
                async for _ in result:
                    pass
            results.append("ok")
        except ClientClosedError:
            results.append("cut")

    async def run() -> None:
        async with client_of(simulator) as client, trio.open_nursery() as nursery:
            for seconds, stream in calls:
                nursery.start_soon(one, client, seconds, stream)
            await trio.sleep(0.25)
            began = trio.current_time()
            reports.append(await client.drain(grace))
            assert trio.current_time() - began <= grace + 1e-9
            assert_nothing_left(client, simulator)

    run_in_virtual_time(run)
    (report,) = reports
    assert report.finished + len(report.cut) == len(calls)
    assert results.count("cut") == len(report.cut) == sum(seconds > grace + 0.25 for seconds, _ in calls)


@in_virtual_time
async def test_a_forgotten_stream_does_not_hold_up_the_next_drain() -> None:
    simulator = Simulator(Reply(WORDS, gap=3))
    async with client_of(simulator) as client:
        async with client.stream("openai/gpt-4o", [{"role": "user", "content": "x"}]) as stream:
            await anext(stream)
        del stream
        gc.collect()
        began = trio.current_time()
        await client.drain(50)
        assert trio.current_time() == began


@pytest.mark.parametrize("second", [Failure(404, "gone"), Reply(latency=math.inf)], ids=["failed", "cancelled"])
@in_virtual_time
async def test_a_stream_that_could_not_be_asked_for_again_runs_no_longer(second: Reply | Failure) -> None:
    simulator = Simulator([Reply(WORDS, cut_at=AtEvent(3)), second])
    async with client_of(simulator, attempts=2) as client:
        stream = await client.call(ask("x", stream=True, on_break="restart"))
        with trio.move_on_after(5), pytest.raises(APIError):
            async for _ in stream:
                pass
        began = trio.current_time()
        assert await client.drain(50) == DrainReport(0, ())
        assert trio.current_time() == began
        assert_nothing_left(client, simulator)


@in_virtual_time
async def test_a_client_that_was_closed_has_no_running_call_and_waits_for_none_for_long() -> None:
    ended: list[str] = []

    async def call_and_tidy(client: Any, text: str, seconds: float) -> None:
        try:
            await client.call(ask(text))
        except ClientClosedError:
            ended.append(text)

    class Slow(Responder):
        async def respond(self, request: Any, next: Any) -> Any:
            try:
                return await next(request)
            finally:
                with trio.CancelScope(shield=True):
                    await trio.sleep(float(request.messages[0]["content"]))

    for seconds in (1.5, 9.0):
        client = client_of(Simulator(Reply(latency=math.inf)), responders=[Slow()])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(call_and_tidy, client, str(seconds), seconds)
            await trio.sleep(1)
            began = trio.current_time()
            await client.aclose()
            assert trio.current_time() - began == min(seconds, 2)
        assert ended.pop() == str(seconds)


@in_virtual_time
async def test_a_call_that_is_cut_tells_for_how_long_it_ran() -> None:
    await trio.sleep(100)
    async with client_of(Simulator(Reply(latency=50))) as client, trio.open_nursery() as nursery:
        nursery.start_soon(call, client, {}, "x")
        await trio.sleep(4)
        report = await client.drain(3)

    assert [cut.running for cut in report.cut] == [pytest.approx(7)]
