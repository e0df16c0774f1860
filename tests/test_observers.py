"""What observers are told: every call from its start to its end, in order, once, and only what they asked for."""

from __future__ import annotations

import gc
import logging
from collections.abc import Collection
from contextlib import suppress
from typing import Any

import attrs
import pytest
from virtual import KEYS, ask, client_of, in_virtual_time, text_of

import trio_llm
from trio_llm import APIError, EmbeddingRequest, Limits, RateLimitError, ServiceUnavailableError, types
from trio_llm._runtime import trio
from trio_llm.observe import (
    AttemptFailed,
    AttemptSent,
    CallEnded,
    CallFellBack,
    CallStarted,
    CallWaiting,
    ContestWon,
    Event,
    FirstContent,
    GroupEnded,
    GroupStarted,
    StreamProgress,
    StreamSeam,
)
from trio_llm.testing import AtEvent, Failure, Reply, Simulator, ToolUse

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
async def test_no_field_of_an_event_is_without_a_value() -> None:
    log, simulator = Log(), Simulator([Failure(503), Reply("Hello you"), Reply("Hello you")])
    async with client_of(simulator, attempts=2, observers=[log]) as client:
        await client.call(ask("x"))
        async for _ in await client.completion("gpt-4o", [{"role": "user", "content": "x"}], stream=True):
            pass

    told: list[Any] = [*log.events, *(event.activity for event in log.events)]
    assert {CallStarted, AttemptSent, AttemptFailed, FirstContent, StreamProgress, CallEnded} == set(
        map(type, log.events)
    )
    assert [
        (value, field.name) for value in told for field in attrs.fields(type(value)) if not hasattr(value, field.name)
    ] == []


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
    assert (fell_back.activity, fell_back.at) == (ended.activity, failed[1].at)
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
    first, *others = (event.activity for event in log.all(CallStarted))
    assert [event.holders for event in waiting] == [(first,), (first,)]
    assert [(event.activity, event.at) for event in waiting] == [(other, other.started) for other in others]


@pytest.mark.parametrize(
    ("reason", "first", "limits"),
    [("rate", Reply("ok"), Limits(requests_per_minute=1)), ("pause", Failure(429, retry_after=9), Limits())],
)
@in_virtual_time
async def test_a_call_says_whether_it_waits_for_a_rate_or_a_pause(reason: str, first: Any, limits: Limits) -> None:
    log = Log((CallWaiting,))
    async with client_of(Simulator([first, Reply("ok")]), observers=[log], limits=limits) as client:
        with suppress(RateLimitError):
            await client.call(ask("1"))
        await client.call(ask("2"))

    assert [(event.reason, event.held, event.holders) for event in log.all(CallWaiting)] == [(reason, 0, ())]


@in_virtual_time
async def test_a_stream_is_told_to_its_end_with_all_that_arrived() -> None:
    log, simulator = Log(), Simulator(Reply(WORDS, gap=1))
    async with client_of(simulator, observers=[log]) as client:
        stream = await client.call(ask("x", stream=True))
        chunks = [chunk async for chunk in stream]

    told = [chunk for event in log.all(StreamProgress) for chunk in event.chunks]
    assert told == chunks
    assert log.kinds()[:3] == ["CallStarted", "AttemptSent", "StreamProgress"]
    (sent,) = log.all(AttemptSent)
    assert (sent.number, sent.provider, sent.model) == (1, "openai", "gpt-4o")
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


@pytest.mark.parametrize("replies", [[Reply(WORDS * 50)], [Reply(WORDS, cut_at=AtEvent(2)), Reply(WORDS * 50)]])
@pytest.mark.anyio
async def test_a_forgotten_stream_ends_when_the_run_notices(replies: list[Reply]) -> None:
    """Also one that was asked for anew. Who keeps the error that broke it keeps it alive, by the error's traceback."""
    log, simulator = Log((StreamSeam, CallEnded)), Simulator(replies)
    async with client_of(simulator, attempts=2, observers=[log]) as client:
        stream: Any = await client.call(ask("x", stream=True, on_break="restart"))
        while len(log.all(StreamSeam)) < len(replies) - 1:
            await anext(stream)
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
        async with client.merge({"one": ask("merged", stream=True)}) as chunks:
            assert [name async for name, _ in chunks]
        await client.call(ask("alone"))

    groups = {event.activity.kind: event.activity for event in log.all(GroupStarted)}
    assert set(groups) == {"fan_out", "job", "hedge", "merge"}
    calls = {event.activity.request.messages[0]["content"]: event.activity for event in log.all(CallStarted)}
    assert calls["0"].parent is groups["fan_out"]
    assert calls["0"].index == 0
    assert groups["job"].parent is groups["fan_out"]
    assert groups["job"].index == 1
    assert calls["inner"].parent is groups["job"]
    assert calls["hedged"].parent_id == groups["hedge"].id
    assert calls["merged"].parent is groups["merge"]
    assert calls["alone"].parent is None
    assert [event.end for event in log.all(GroupEnded)] == ["ok", "ok", "ok", "ok"]
    assert len({event.activity.id for event in log.events}) == 9


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
async def test_parts_that_run_at_the_same_time_fail_under_their_own_numbers() -> None:
    log = Log()

    def script(request: Any) -> Any:
        # The first part is refused while the two after it are under way.
        return Failure(503, latency=3) if request.number == 0 else Reply(latency=5)

    async with client_of(Simulator(script), attempts=2, observers=[log]) as client:
        await client.call(EmbeddingRequest("gemini/m", [str(number) for number in range(250)]))

    assert [event.number for event in log.all(AttemptSent)] == [1, 2, 3, 4]
    assert [(event.number, event.pause) for event in log.all(AttemptFailed)] == [(1, 0.5)]


@in_virtual_time
async def test_a_refused_call_of_a_fan_out_tells_that_it_goes_back_into_its_line() -> None:
    log = Log()
    async with client_of(Simulator([Failure(429, retry_after=2), Reply("ok")]), observers=[log]) as client:
        (outcome,) = await client.fan_out([ask("x")])

    assert outcome.status == "ok"
    assert [(event.number, event.pause) for event in log.all(AttemptFailed)] == [(1, 0.0)]
    assert [event.reason for event in log.all(CallWaiting)] == ["pause"]
    assert log.all(CallEnded)[0].attempts == 2


@in_virtual_time
async def test_a_broken_stream_fails_under_the_number_of_its_own_attempt() -> None:
    log, simulator = Log(), Simulator([Failure(503), Reply(WORDS, cut_at=AtEvent(3)), Reply(WORDS)])
    async with client_of(simulator, attempts=4, observers=[log]) as client:
        async for _ in await client.call(ask("x", stream=True, on_break="restart")):
            pass

    assert [event.number for event in log.all(AttemptFailed)] == [1, 2]


@in_virtual_time
async def test_groups_of_ones_own_hold_calls_fan_outs_and_one_another() -> None:
    log = Log()
    async with client_of(Simulator(Reply("ok")), observers=[log]) as client:
        with client.group("agent", {"name": "planner"}) as agent:
            await client.call(ask("in agent"))
            with client.group("turn") as turn:
                await client.fan_out([ask("in fan-out")])
            await client.call(ask("in agent again"))
        await client.call(ask("alone"))

    assert agent is not None
    assert turn is not None
    assert (agent.kind, agent.labels, agent.parent, turn.parent) == ("agent", {"name": "planner"}, None, agent)
    calls = {event.activity.request.messages[0]["content"]: event.activity for event in log.all(CallStarted)}
    assert calls["in agent"].parent is calls["in agent again"].parent is agent
    assert calls["in fan-out"].parent.kind == "fan_out"
    assert calls["in fan-out"].parent.parent is turn
    assert calls["alone"].parent is None
    assert [event.activity.kind for event in log.all(GroupEnded)] == ["fan_out", "turn", "agent"]


@in_virtual_time
async def test_a_group_ends_with_what_its_block_raises() -> None:
    log = Log()
    async with client_of(Simulator(Failure(404)), observers=[log]) as client:
        with pytest.raises(APIError) as caught, client.group("agent"):
            await client.call(ask("x"))
        with client_of(Simulator()).group("agent") as nobody_observes:
            assert nobody_observes is None

    (ended,) = log.all(GroupEnded)
    assert (ended.end, ended.error) == ("failed", caught.value)


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


SOUND = ("a.mp3", b"sound", "audio/mpeg")
PICTURE = ("a.png", b"picture", "image/png")
QUESTION = {"type": "predicate", "name": "a", "instructions": "b"}
NOTES: Any = {"metadata": {"user_id": "7"}}
REQUESTS = {
    "completion": ask("x", **NOTES),
    "count_tokens": types.CountTokensRequest("anthropic/m", ask("x").messages, **NOTES),
    "decisions": types.DecisionRequest(
        "openai/gpt-6-luna", "x", [{"type": "predicate", "name": "a", "instructions": "b"}], **NOTES
    ),
    "embedding": EmbeddingRequest("openai/m", "x", **NOTES),
    "image_generation": trio_llm.ImageRequest("x", "openai/m", **NOTES),
    "image_edit": trio_llm.ImageEditRequest(PICTURE, "x", "openai/m", **NOTES),
    "image_variation": trio_llm.ImageVariationRequest(PICTURE, "openai/m", **NOTES),
    "moderation": trio_llm.ModerationRequest("x", "openai/omni", **NOTES),
    "rerank": trio_llm.RerankRequest("cohere/m", "x", ["y"], **NOTES),
    "speech": trio_llm.SpeechRequest("openai/m", "x", "alloy", **NOTES),
    "text_completion": trio_llm.TextCompletionRequest("openai/m", "x", **NOTES),
    "transcription": trio_llm.TranscriptionRequest("openai/m", SOUND, **NOTES),
    "anthropic_messages": trio_llm.MessagesRequest(9, ask("x").messages, "anthropic/m", **NOTES),
    "responses": trio_llm.ResponsesRequest("x", "openai/m", **NOTES),
}


@pytest.mark.parametrize("operation", REQUESTS)
@in_virtual_time
async def test_labels_belong_to_the_events_of_a_call_of_any_operation(operation: str) -> None:
    log = Log()
    async with client_of(Simulator(Failure(404)), observers=[log], variables=KEYS | {"COHERE_API_KEY": "k"}) as client:
        with pytest.raises(APIError):
            await client.call(REQUESTS[operation])

    assert log.kinds() == ["CallStarted", "AttemptSent", "AttemptFailed", "CallEnded"]
    assert all(event.activity.labels == {"user_id": "7"} for event in log.events)


@in_virtual_time
async def test_an_attempt_that_was_not_sent_has_no_number() -> None:
    log = Log()
    async with client_of(Simulator(), observers=[log], limits=Limits(requests_per_minute=1)) as client:
        await client.call(ask("x"))
        with pytest.raises(RateLimitError):
            await client.call(ask("y", timeout=5))

    assert [event.number for event in log.all(AttemptSent)] == [1]
    assert [event.number for event in log.all(AttemptFailed)] == [0]


@in_virtual_time
async def test_a_cancelled_call_was_cancelled() -> None:
    log = Log()
    async with client_of(Simulator(Reply("ok", latency=9)), observers=[log]) as client:
        with trio.move_on_after(1):
            await client.call(ask("x"))

    (ended,) = log.all(CallEnded)
    assert (ended.end, ended.attempts) == ("cancelled", 1)


@in_virtual_time
async def test_a_run_of_tools_is_told_as_groups_of_rounds_and_tools() -> None:
    log = Log((GroupStarted, GroupEnded, CallStarted))

    async def look_up(word: str) -> str:
        """Look a word up."""
        if word == "none":
            raise KeyError(word)
        return word

    uses = [ToolUse("look_up", {"word": "one"}), ToolUse("look_up", {"word": "none"})]
    simulator = Simulator([Reply(tool_calls=uses), Reply("Done")])
    async with client_of(simulator, observers=[log]) as client:
        await client.run_tools("openai/gpt-4o", [{"role": "user", "content": "Go."}], tools=[look_up])

    paths = [(event.activity.kind, getattr(event.activity.parent, "kind", None)) for event in log.events]
    started = [path for event, path in zip(log.events, paths, strict=True) if not isinstance(event, GroupEnded)]
    assert started == [
        ("tools", None),
        ("round", "tools"),
        ("call", "round"),
        ("tool", "round"),
        ("tool", "round"),
        ("round", "tools"),
        ("call", "round"),
    ]
    ended = {event.activity.labels.get("call_id"): event.end for event in log.all(GroupEnded)}
    assert sorted(ended.values()) == ["failed", "ok", "ok"]


@in_virtual_time
async def test_who_won_a_race_is_told_before_its_end() -> None:
    log = Log((ContestWon, GroupEnded))
    simulator = Simulator(lambda request: Reply("ok", latency=1 if request.text == "fast" else 9))
    async with client_of(simulator, observers=[log]) as client:
        winner = await client.race([ask("slow"), ask("fast")])

    won, ended = log.events
    assert isinstance(won, ContestWon)
    assert won.activity is ended.activity
    assert won.index == winner.index == 1


@in_virtual_time
async def test_a_refusal_says_until_when_its_account_pauses() -> None:
    log = Log((AttemptFailed,))
    async with client_of(Simulator([Failure(429, retry_after=7), Failure(500)]), observers=[log]) as client:
        for _ in range(2):
            with suppress(APIError):
                await client.call(ask("x"))

    refused, failed = log.all(AttemptFailed)
    assert (refused.paused_until - refused.at, failed.paused_until) == (7, None)


@pytest.mark.parametrize("on_break", ["raise", "restart", "continue"])
@in_virtual_time
async def test_a_stream_that_is_left_has_ended_for_observers_and_for_its_client(on_break: str) -> None:
    log, simulator = Log(), Simulator(Reply(WORDS, gap=1))
    async with client_of(simulator, observers=[log]) as client:
        request = ask("x", model="anthropic/claude-sonnet-4-5", stream=True, on_break=on_break)
        async with await client.call(request) as stream:
            await anext(stream)
        (ended,) = log.all(CallEnded)
        assert (ended.end, text_of(ended.response)) == ("cancelled", text_of(stream.response))
        await stream.aclose()
        assert len(log.all(CallEnded)) == 1
        began = trio.current_time()
        report = await client.drain(9)
        assert (report.finished, report.cut, trio.current_time()) == (0, (), began)


@pytest.mark.parametrize("stream", [False, True])
@in_virtual_time
async def test_a_call_says_when_its_first_request_left(stream: bool) -> None:
    log, simulator = Log(), Simulator([Reply(latency=7), Failure(503, latency=2), Reply()])
    async with client_of(simulator, attempts=2, limits=Limits(max_in_flight=1), observers=[log]) as client:
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.call, ask("first"))
            await trio.sleep(1)
            answer = await client.call(ask("x", stream=stream))
            if stream:
                assert [chunk async for chunk in answer]
        with pytest.raises(APIError):
            await client.call(ask("never", timeout=0))

    lefts = [event.left for event in log.all(CallEnded)]
    assert lefts == [began, began + 7, None]
