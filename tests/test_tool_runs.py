"""Runs of tools: how many at once, for how long, in which order, and what is left when a run is cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
from hypothesis import given, settings, strategies as st
from virtual import ask, assert_nothing_left, client_of, in_virtual_time

from trio_llm import Client, Timeout
from trio_llm._runtime import trio
from trio_llm.exceptions import InternalServerError, LLMError
from trio_llm.testing import (
    AtEvent,
    Failure,
    RecordedRequest,
    Reply,
    Simulator,
    ToolUse,
    cancel_at_every_step,
    run_in_virtual_time,
)
from trio_llm.tools import (
    AnswerBroke,
    Approval,
    Finished,
    ReasoningDelta,
    Round,
    RoundEnded,
    TextDelta,
    ToolBegan,
    ToolContext,
    ToolEnded,
    ToolProgress,
    ToolRun,
    ToolRunError,
    ToolRunTimeout,
    tool,
)

MODEL = "openai/gpt-4o"
QUESTION = [{"role": "user", "content": "Go."}]


@attrs.define
class Bench:
    """Tools that take time, and what they did."""

    running: int = 0
    most: int = 0
    begun: list[Any] = attrs.Factory(list[Any])
    committed: Counter[str] = attrs.Factory(Counter[str])

    def tools(self) -> list[Any]:
        """One that can be repeated, one that fails, one that commits."""

        @tool
        async def work(name: str, seconds: float) -> str:
            """Work."""
            await self._work(name, seconds)
            return f"{name} done"

        @tool
        async def fail(name: str, seconds: float) -> str:
            """Fail."""
            await self._work(name, seconds)
            raise LookupError(name)

        @tool(commits=True)
        async def commit(name: str, seconds: float) -> str:
            """Commit."""
            self.committed[name] += 1
            await self._work(name, seconds)
            return f"{name} committed"

        return [work, fail, commit]

    async def _work(self, name: str, seconds: float) -> None:
        self.begun.append((name, trio.current_time()))
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await trio.sleep(seconds)
        finally:
            self.running -= 1


def uses(*calls: tuple[str, str, float]) -> list[ToolUse]:
    return [ToolUse(kind, {"name": name, "seconds": seconds}, id=f"id_{name}") for kind, name, seconds in calls]


def plain(messages: list[Any]) -> list[Any]:
    told = {"content", "tool_calls"}
    return [
        message if isinstance(message, dict) else message.model_dump(exclude_none=True, include=told)
        for message in messages
    ]


CALLS = st.lists(st.tuples(st.sampled_from(["work", "fail", "commit"]), st.integers(0, 9)), min_size=1, max_size=12)


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
@settings(max_examples=20, deadline=None)
@given(calls=CALLS, most=st.integers(1, 12), streamed=st.booleans())
def test_a_turn_has_bounded_tools_and_each_call_one_result_in_order(
    backend: Any, calls: list[tuple[str, int]], most: int, streamed: bool
) -> None:
    async def scenario() -> None:
        bench = Bench()
        written = uses(*((kind, f"n{number}", seconds) for number, (kind, seconds) in enumerate(calls)))
        async with client_of(Simulator([Reply(tool_calls=written), Reply("end")])) as client:
            run = await run_of(client, bench.tools(), streamed=streamed, max_parallel=most)
            taken = trio.current_time()

        assert bench.running == 0
        assert bench.most <= most
        assert [message["tool_call_id"] for message in run.messages[2:-1]] == [call.id for call in written]
        assert all(count == 1 for count in bench.committed.values())
        longest, in_sum = max(seconds for _, seconds in calls), sum(seconds for _, seconds in calls)
        if most >= len(calls):
            assert taken - started == pytest.approx(longest, abs=1e-6)
        else:
            assert taken - started <= in_sum + 1e-6

    started = 0.0

    async def clocked() -> None:
        nonlocal started
        started = trio.current_time()
        await scenario()

    run_in_virtual_time(clocked, backend=backend)


async def run_of(client: Client, tools: list[Any], *, streamed: bool, **params: Any) -> ToolRun[Any]:
    messages = params.pop("messages", QUESTION)
    if not streamed:
        whole: ToolRun[Any] = await client.run_tools(MODEL, messages, tools, **params)
        return whole
    async with client.stream_tools(MODEL, messages, tools, **params) as stream:
        async for _ in stream:
            pass
    run: ToolRun[Any] = stream.run
    return run


@in_virtual_time
async def test_a_tool_begins_while_the_model_writes_and_one_that_commits_when_it_has_written() -> None:
    bench = Bench()
    reply = Reply(tool_calls=uses(("work", "a", 1), ("commit", "b", 1), ("work", "c", 1)), gap=1)
    async with client_of(Simulator([reply, Reply("end")])) as client:
        started = trio.current_time()
        async with client.stream_tools(MODEL, QUESTION, bench.tools()) as run:
            ends = [trio.current_time() async for event in run if isinstance(event, RoundEnded)]

    order = [name for name, _ in bench.begun]
    times = {name: at - started for name, at in bench.begun}
    assert order == ["a", "c", "b"]
    assert times["a"] < times["c"] < times["b"]
    assert ends[0] - started == pytest.approx(times["b"] + 1)
    assert [result.name for result in run.steps[0].results] == ["work", "commit", "work"]


@in_virtual_time
async def test_no_committing_tool_begins_in_a_turn_that_breaks_and_no_tool_outlives_it() -> None:
    bench = Bench()
    reply = Reply(tool_calls=uses(("work", "a", 50), ("commit", "b", 1)), gap=1, cut_at=AtEvent(9))
    simulator = Simulator(reply)
    async with client_of(simulator) as client:
        with pytest.raises(ToolRunError) as caught:
            await run_of(client, bench.tools(), streamed=True)
        assert_nothing_left(client, simulator)

    assert bench.begun[0][0] == "a"
    assert not bench.committed
    assert bench.running == 0
    assert plain(caught.value.messages) == QUESTION
    assert caught.value.partial.choices[0].message.tool_calls


@in_virtual_time
async def test_no_committing_tool_begins_in_an_answer_that_was_cut_off() -> None:
    bench = Bench()
    reply = Reply(tool_calls=uses(("work", "a", 1), ("commit", "b", 1)), finish_reason="length")
    async with client_of(Simulator([reply, Reply("end")])) as client:
        run = await client.run_tools(MODEL, QUESTION, bench.tools())

    assert not bench.committed
    assert [message["content"] for message in run.messages[2:4]] == [
        "a done",
        "Error: the answer was cut off, so this tool was not called",
    ]


@in_virtual_time
async def test_a_tool_that_takes_too_long_is_ended_and_the_model_is_told() -> None:
    @tool(timeout=3)
    async def slow() -> None:
        """Take long."""
        await trio.sleep_forever()

    async with client_of(Simulator([Reply(tool_calls=[ToolUse("slow")]), Reply("end")])) as client:
        started = trio.current_time()
        run = await client.run_tools(MODEL, QUESTION, [slow])
        assert trio.current_time() - started == pytest.approx(3)

    assert run.messages[2]["content"] == "Error: it took longer than 3 seconds"


def conversation(request: RecordedRequest) -> Reply:
    """Three rounds, told by what the history has."""
    answers: int = sum(message["role"] == "assistant" for message in request.json["messages"])
    rounds = [
        Reply("first", tool_calls=uses(("work", "a", 2), ("commit", "b", 0), ("fail", "c", 1)), latency=1, gap=0.1),
        Reply(tool_calls=uses(("commit", "d", 0), ("work", "e", 3)), latency=1, gap=0.1),
        Reply("end", latency=1),
    ]
    return rounds[answers]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("tenths", range(1, 110, 6))
@in_virtual_time
async def test_a_run_that_is_cut_at_any_time_goes_on_to_the_same_end(tenths: int, streamed: bool) -> None:
    whole, bench = Bench(), Bench()
    async with client_of(Simulator(conversation)) as client:
        uncut = await run_of(client, whole.tools(), streamed=streamed)
        try:
            run = await run_of(client, bench.tools(), streamed=streamed, deadline=tenths / 10 + 0.05)
        except ToolRunTimeout as error:
            assert bench.running == 0
            run = await run_of(client, bench.tools(), streamed=streamed, messages=error.messages)

    assert plain(run.messages) == plain(uncut.messages)
    assert bench.committed == whole.committed == {"b": 1, "d": 1}


@pytest.mark.parametrize("streamed", [False, True])
@in_virtual_time
async def test_a_run_that_fails_keeps_what_was_done_and_goes_on(streamed: bool) -> None:
    bench, failures = Bench(), iter([None, Failure(500, "down"), None, None])
    async with client_of(Simulator(lambda request: next(failures) or conversation(request))) as client:
        with pytest.raises(ToolRunError, match="down") as caught:
            await run_of(client, bench.tools(), streamed=streamed)
        assert isinstance(caught.value.__cause__, InternalServerError)
        assert caught.value.status_code == 500
        assert len(caught.value.steps) == 1
        assert caught.value.usage is not None
        run = await run_of(client, bench.tools(), streamed=streamed, messages=caught.value.messages)

    assert run.response.choices[0].message.content == "end"
    assert bench.committed == {"b": 1, "d": 1}


@in_virtual_time
async def test_a_committing_tool_that_was_interrupted_is_not_called_twice() -> None:
    bench = Bench()
    calls = Reply(tool_calls=uses(("commit", "b", 9), ("work", "a", 9)))
    async with client_of(Simulator([calls, Reply("end")])) as client:
        with pytest.raises(ToolRunTimeout) as caught:
            await client.run_tools(MODEL, QUESTION, bench.tools(), deadline=5)
        assert isinstance(caught.value, Timeout)
        run = await client.run_tools(MODEL, caught.value.messages, bench.tools())

    assert bench.committed == {"b": 1}
    assert sorted(name for name, _ in bench.begun) == ["a", "a", "b"]
    assert [message["content"] for message in run.messages[2:4]] == [
        "Error: it was interrupted: what it does may have been done or not",
        "a done",
    ]


@in_virtual_time
async def test_a_run_that_was_cancelled_from_outside_is_readable_and_goes_on() -> None:
    bench = Bench()
    async with client_of(Simulator(conversation)) as client:
        with trio.move_on_after(4):
            async with client.stream_tools(MODEL, QUESTION, bench.tools()) as stream:
                async for _ in stream:
                    pass
        assert bench.running == 0
        run = await run_of(client, bench.tools(), streamed=True, messages=stream.messages)

    assert run.response.choices[0].message.content == "end"
    assert bench.committed == {"b": 1, "d": 1}


@in_virtual_time
async def test_events_tell_what_happens_in_order() -> None:
    @tool
    async def look(context: ToolContext) -> str:
        """Look."""
        await context.report("half")
        return "seen"

    replies = [Reply("let me", reasoning="hm", tool_calls=[ToolUse("look")]), Reply("end")]
    async with client_of(Simulator(replies)) as client:
        async with client.stream_tools("anthropic/claude-opus-4-6", QUESTION, [look]) as run:
            kinds = [type(event) async for event in run]

    assert [kind for number, kind in enumerate(kinds) if kinds[number - 1 : number] != [kind]] == [
        *(ReasoningDelta, TextDelta, ToolBegan, ToolProgress, ToolEnded, RoundEnded),
        *(TextDelta, RoundEnded, Finished),
    ]
    assert run.usage is not None
    assert run.response.choices[0].message.content == "end"


@in_virtual_time
async def test_an_answer_that_begins_anew_is_told_and_its_tools_begin_when_it_is_complete() -> None:
    bench = Bench()
    calls = uses(("work", "a", 0))
    replies = [Reply("let me", tool_calls=calls, cut_at=AtEvent(6)), Reply("so", tool_calls=calls), Reply("end")]
    async with client_of(Simulator(replies), attempts=2) as client:
        async with client.stream_tools(MODEL, QUESTION, bench.tools(), on_break="restart") as run:
            events = [event async for event in run]

    told = [event for event in events if isinstance(event, TextDelta | AnswerBroke | ToolBegan)]
    assert [type(event) for event in told if not isinstance(event, TextDelta)] == [AnswerBroke, ToolBegan]
    (broke,) = (event for event in told if isinstance(event, AnswerBroke))
    assert broke.kind == "restart"
    assert "reset" in broke.cause
    assert [text for text, _ in bench.begun] == ["a"]
    assert run.messages[1]["content"] == "so"


@pytest.mark.parametrize("model", [MODEL, "anthropic/claude-opus-4-6", "gemini/gemini-2.5-flash", "mistral/m"])
@pytest.mark.parametrize("streamed", [False, True])
@in_virtual_time
async def test_tools_run_on_every_wire(model: str, streamed: bool) -> None:
    bench = Bench()
    replies = [Reply("so", tool_calls=uses(("work", "a", 1), ("commit", "b", 1))), Reply("end")]
    simulator = Simulator(replies)
    async with Client(transport=simulator, variables={f"{name}_API_KEY": "k" for name in WIRES}) as client:
        if streamed:
            async with client.stream_tools(model, QUESTION, bench.tools()) as stream:
                async for _ in stream:
                    pass
            run = stream.run
        else:
            run = await client.run_tools(model, QUESTION, bench.tools())

    assert [message["content"] for message in run.messages[2:4]] == ["a done", "b committed"]
    assert run.response.choices[0].message.content == "end"


WIRES = ["OPENAI", "ANTHROPIC", "GEMINI", "MISTRAL"]


@in_virtual_time
async def test_approvals_refuse_calls_and_the_model_is_told_why() -> None:
    bench = Bench()

    async def approve(approval: Approval) -> bool | str:
        await trio.sleep(1)
        verdicts: dict[str, bool | str] = {"a": True, "b": False, "c": "too late"}
        return verdicts[approval.arguments["name"]]

    calls = uses(("work", "a", 0), ("commit", "b", 0), ("work", "c", 0))
    async with client_of(Simulator([Reply(tool_calls=calls), Reply("end")])) as client:
        run = await client.run_tools(MODEL, QUESTION, bench.tools(), approve=approve, max_parallel=1)

    assert [message["content"] for message in run.messages[2:5]] == [
        "a done",
        "Error: the call was not approved",
        "Error: too late",
    ]
    assert [name for name, _ in bench.begun] == ["a"]


@in_virtual_time
async def test_a_run_ends_where_it_is_told_to_and_fails_after_too_many_rounds() -> None:
    def again(request: RecordedRequest) -> Reply:
        return Reply(tool_calls=uses(("work", f"n{len(request.json['messages'])}", 0)))

    async with client_of(Simulator(again)) as client:
        run = await client.run_tools(MODEL, QUESTION, Bench().tools(), until=lambda run: len(run.steps) == 2)
        assert len(run.messages) == 5
        with pytest.raises(ToolRunError, match="after 3 rounds: raise max_rounds") as caught:
            await client.run_tools(MODEL, QUESTION, Bench().tools(), max_rounds=3)
    assert len(caught.value.messages) == 7


@in_virtual_time
async def test_a_running_loop_is_steered_between_rounds() -> None:
    sender, receiver = trio.open_memory_channel[str](5)

    @tool
    async def work() -> str:
        """Work."""
        sender.send_nowait("shorter, please")
        return "done"

    simulator = Simulator([Reply(tool_calls=[ToolUse("work")]), Reply("long"), Reply("end")])

    def ended(run: ToolRun[Any]) -> bool:
        if len(run.steps) == 2:
            sender.send_nowait("still shorter")
        return False

    async with client_of(simulator) as client:
        with sender, receiver:
            run = await client.run_tools(MODEL, QUESTION, [work], steer=receiver, until=ended)

    said = [message["content"] for message in run.messages]
    assert said == ["Go.", said[1], "done", "shorter, please", "long", "still shorter", "end"]


@in_virtual_time
async def test_a_hook_changes_model_tools_messages_and_parameters_of_a_round() -> None:
    async def before(round_: Round) -> None:
        await trio.lowlevel.checkpoint()
        if round_.number == 2:
            round_.model, round_.tools = "openai/gpt-4o-mini", []
            round_.params["temperature"] = 0
            round_.messages.insert(0, {"role": "system", "content": "Be brief."})

    simulator = Simulator([Reply(tool_calls=uses(("work", "a", 0))), Reply("end")])
    async with client_of(simulator) as client:
        run = await client.run_tools(MODEL, QUESTION, Bench().tools(), before_round=before)

    body = simulator.requests[1].json
    assert (body["model"], body["temperature"], "tools" in body) == ("gpt-4o-mini", 0, False)
    assert run.messages[0]["content"] == "Be brief."


@in_virtual_time
async def test_tools_that_are_not_told_are_found_by_their_words() -> None:
    bench = Bench()
    work, fail, commit = bench.tools()
    replies = [
        Reply(tool_calls=[ToolUse("find_tools", {"query": "please commit"})]),
        Reply(tool_calls=uses(("commit", "a", 0))),
        Reply("end"),
    ]
    simulator = Simulator(replies)
    async with client_of(simulator) as client:
        run = await client.run_tools(MODEL, QUESTION, [work], deferred=[fail, commit])

    told = [[one["function"]["name"] for one in request.json["tools"]] for request in simulator.requests]
    assert told == [["work", "find_tools"], ["work", "commit", "find_tools"], ["work", "commit", "find_tools"]]
    assert run.messages[2]["content"] == "commit: Commit."
    assert bench.committed == {"a": 1}


@in_virtual_time
async def test_an_agent_is_a_tool_inside_the_same_deadline() -> None:
    bench = Bench()

    async with client_of(Simulator(lambda request: script(request))) as client:

        @tool
        async def delegate(task: str) -> str | None:
            """Let another model do it."""
            run = await client.run_tools(MODEL, [{"role": "user", "content": task}], bench.tools())
            return run.response.choices[0].message.content

        def script(request: RecordedRequest) -> Reply:
            first, *_, last = request.json["messages"] * 2
            if first["content"] == "inner":
                return Reply("inner end") if last["role"] == "tool" else Reply(tool_calls=uses(("work", "a", 5)))
            return (
                Reply("end") if last["role"] == "tool" else Reply(tool_calls=[ToolUse("delegate", {"task": "inner"})])
            )

        run = await client.run_tools(MODEL, QUESTION, [delegate])
        assert run.messages[2]["content"] == "inner end"
        with pytest.raises(ToolRunTimeout):
            await client.run_tools(MODEL, QUESTION, [delegate], deadline=2)
        assert bench.running == 0


@in_virtual_time
async def test_two_tools_of_one_name_are_refused() -> None:
    work, *_ = Bench().tools()
    async with client_of(Simulator()) as client:
        with pytest.raises(LLMError, match="two tools have the name 'work'"):
            await client.run_tools(MODEL, QUESTION, [work, work])


def scenario_of(streamed: bool) -> Callable[[Client], Any]:
    async def scenario(client: Client) -> None:
        bench = Bench()
        try:
            await run_of(client, bench.tools(), streamed=streamed)
        finally:
            assert bench.running == 0

    return scenario


@pytest.mark.parametrize("streamed", [False, True])
def test_nothing_is_left_wherever_it_is_cancelled(streamed: bool) -> None:
    def act(request: RecordedRequest) -> Reply:
        if request.text == "again":
            return Reply("yes")
        has_results = request.json["messages"][-1]["role"] == "tool"
        calls = uses(("work", "a", 0.2), ("commit", "b", 0.1))
        return Reply("end") if has_results else Reply(tool_calls=calls, gap=0.01)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Client]:
        async with client_of(Simulator(act)) as client:
            yield client

    async def again(client: Client) -> None:
        await client.call(ask("again"))

    report = cancel_at_every_step(scenario_of(streamed), open_context=opened, after=again)

    assert min(report.steps.values()) >= 3
