"""Tools and hooks as programs write them at their worst: whatever they do, each call has one result in the history."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any

import attrs
import pytest
from virtual import client_of, in_virtual_time

from trio_llm import Client
from trio_llm._runtime import trio
from trio_llm.exceptions import UnsupportedParamsError
from trio_llm.testing import RecordedRequest, Reply, Simulator, ToolUse, run_in_virtual_time
from trio_llm.tools import Approval, ToolRun, ToolRunError, ToolRunTimeout, tool

QUESTION = [{"role": "user", "content": "Go."}]
MODELS = {"chat": "openai/gpt-4o", "responses": "openai/gpt-5", "messages": "anthropic/claude-opus-4-6"}
# The loop beneath is one for all forms; whole answers are read alike.
ways = pytest.mark.parametrize(
    ("over", "streamed"), [("chat", False), ("chat", True), ("responses", True), ("messages", True)]
)
# In the fragments of a chat an id that is known continues its call, as some vendors give it with each of them.
repeating = pytest.mark.parametrize(
    ("over", "streamed"),
    [("chat", False), *((over, way) for over in ("responses", "messages") for way in (False, True))],
)


async def run_of(client: Client, tools: list[Any], over: str, streamed: bool, **params: Any) -> ToolRun[Any]:
    messages = params.pop("messages", QUESTION)
    given: Any = {"over": over, **({"max_tokens": 100} if over == "messages" else {}), **params}
    if not streamed:
        whole: ToolRun[Any] = await client.run_tools(MODELS[over], messages, tools, **given)
        return whole
    async with client.stream_tools(MODELS[over], messages, tools, **given) as stream:
        async for _ in stream:
            pass
    run: ToolRun[Any] = stream.run
    return run


def called(*calls: ToolUse) -> Simulator:
    """A model that makes these calls, and ends when it has seen results."""

    def act(request: RecordedRequest) -> Reply:
        sent = json.dumps(request.json.get("input") or request.json["messages"])
        seen = any(word in sent for word in ('"tool"', "function_call_output", "tool_result"))
        return Reply("end") if seen else Reply(tool_calls=[*calls])

    return Simulator(act)


def told(messages: list[Any]) -> list[tuple[str, Any]]:
    """Every result in a history, with the id of its call."""
    found: list[tuple[str, Any]] = []
    for message in messages:
        content = message.get("content")
        for block in content if isinstance(content, list) else [message]:
            if block.get("tool_call_id"):
                found.append((block["tool_call_id"], block["content"]))
            elif block.get("type") == "tool_result":
                found.append((block["tool_use_id"], block["content"]))
            elif block.get("type") == "function_call_output":
                found.append((block["call_id"], block["output"]))
    return found


@tool
async def well(name: str = "") -> str:
    """Do well."""
    await trio.sleep(1)
    return f"well {name}"


@tool
async def grouped() -> str:
    """Fail with a group."""
    raise ExceptionGroup("both", [ValueError("a"), KeyError("b")])


@tool
async def nested() -> str:
    """Fail in a nursery."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep_forever)
        raise LookupError("inside")


@tool
def generated() -> Any:
    """Give something without a JSON form."""
    return iter([1])


@tool
async def endless() -> Any:
    """Give something that contains itself."""
    own: list[Any] = []
    own.append(own)
    return own


@tool
async def broken_text() -> str:
    """Give half a character."""
    return "a\ud800b"


class Strange(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


@tool
async def unspeakable() -> str:
    """Fail without words."""
    raise Strange


@tool
async def swallowing() -> str:
    """Take no notice of its own time limit."""
    try:
        with trio.move_on_after(1):
            await trio.sleep_forever()
    finally:
        pass
    return "late"


@tool
def stopping() -> Any:
    """Ask an empty iterator."""
    return next(iter([]))


@attrs.frozen
class Seat:
    name: str

    def __attrs_post_init__(self) -> None:
        raise RuntimeError("no seats at all")


@tool
async def seated(seat: Seat) -> str:
    """Take a seat."""
    return "seated"


TOLD: dict[Any, str] = {
    grouped: "Error: ValueError: a; KeyError: 'b'",
    nested: "Error: LookupError: inside",
    generated: "Error: TypeError",
    endless: "Error: RecursionError",
    unspeakable: "Error: Strange: Strange",
    swallowing: "late",
    stopping: "Error: ",
    seated: "Error: the arguments do not fit: ",
}


@ways
@in_virtual_time
async def test_whatever_tools_do_each_call_has_one_result(over: str, streamed: bool) -> None:
    uses = [ToolUse(odd.name, {"seat": {"name": "4A"}} if odd is seated else {}, id=f"id_{odd.name}") for odd in TOLD]
    async with client_of(called(*uses, ToolUse("well", {"name": "b"}, id="id_well"))) as client:
        run = await run_of(client, [*TOLD, well], over, streamed)

    results = told(run.messages)
    assert [identifier for identifier, _ in results] == [*(use.id for use in uses), "id_well"]
    assert all(text.startswith(TOLD[odd]) for odd, (_, text) in zip(TOLD, results, strict=False))
    assert results[-1][1] == "well b"


@ways
@in_virtual_time
async def test_half_a_character_in_a_result_does_not_end_the_run(over: str, streamed: bool) -> None:
    async with client_of(called(ToolUse("broken_text", id="id_a"))) as client:
        run = await run_of(client, [broken_text], over, streamed)

    assert len(told(run.messages)) == 1
    assert "end" in repr(run.messages[-1])


@ways
def test_a_tool_that_waits_for_a_cancelled_task_is_an_error_of_its_own(over: str, streamed: bool) -> None:
    @tool
    async def waiting() -> None:
        """Wait for what somebody has cancelled."""
        task = asyncio.ensure_future(asyncio.sleep(9))
        task.cancel()
        await task

    async def scenario() -> None:
        simulator = called(ToolUse("waiting", id="id_odd"), ToolUse("well", {"name": "b"}, id="id_well"))
        async with client_of(simulator) as client:
            run = await run_of(client, [waiting, well], over, streamed)
        assert told(run.messages) == [
            ("id_odd", "Error: it was cancelled by something that it waited for"),
            ("id_well", "well b"),
        ]

    run_in_virtual_time(scenario, backend="asyncio")


@ways
@in_virtual_time
async def test_a_tool_that_fails_while_it_is_cancelled_does_not_hide_the_deadline(over: str, streamed: bool) -> None:
    @tool(commits=True)
    async def stubborn(name: str) -> str:
        """Fail when cancelled, in a nursery."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            try:
                await trio.sleep_forever()
            finally:
                raise LookupError(name)

    simulator = called(*(ToolUse("stubborn", {"name": name}, id=f"id_{name}") for name in "ab"))
    async with client_of(simulator) as client:
        with pytest.raises(ToolRunTimeout) as caught:
            await run_of(client, [stubborn], over, streamed, deadline=5)
        run = await run_of(client, [stubborn], over, streamed, messages=caught.value.messages)

    assert [identifier for identifier, _ in told(run.messages)] == ["id_a", "id_b"]
    assert "end" in repr(run.messages[-1])


@ways
@in_virtual_time
async def test_a_tool_that_swallows_its_cancellation_has_the_result_that_it_gives(over: str, streamed: bool) -> None:
    made: Counter[str] = Counter()

    @tool(commits=True)
    async def deaf() -> str:
        """Do it all the same."""
        made["deaf"] += 1
        try:
            await trio.sleep_forever()
        except trio.Cancelled:  # noqa: ASYNC103 - what a tool should not do
            return "done all the same"  # noqa: ASYNC104

    async with client_of(called(ToolUse("deaf", id="id_a"))) as client:
        with pytest.raises(ToolRunTimeout) as caught:
            await run_of(client, [deaf], over, streamed, deadline=5)
        run = await run_of(client, [deaf], over, streamed, messages=caught.value.messages)

    assert told(run.messages) == [("id_a", "done all the same")]
    assert made == {"deaf": 1}


@ways
@in_virtual_time
async def test_two_hundred_calls_of_one_turn_have_two_hundred_results_in_order(over: str, streamed: bool) -> None:
    names = [f"n{number}" for number in range(200)]
    uses = [ToolUse("well" if number % 3 else "missing", {"name": name}, id=name) for number, name in enumerate(names)]
    async with client_of(called(*uses)) as client:
        started = trio.current_time()
        run = await run_of(client, [well], over, streamed, max_parallel=50)
        taken = trio.current_time() - started

    results = told(run.messages)
    assert [identifier for identifier, _ in results] == names
    assert all(
        text.startswith("Error: there is no tool" if not n % 3 else "well") for n, (_, text) in enumerate(results)
    )
    assert taken == pytest.approx(3)


@repeating
@in_virtual_time
async def test_calls_whose_ids_the_model_repeats_are_each_made_once(over: str, streamed: bool) -> None:
    made: list[str] = []

    @tool(commits=True)
    async def commit(name: str) -> str:
        """Commit."""
        made.append(name)
        await trio.sleep(1)
        return f"committed {name}"

    uses = [ToolUse(kind, {"name": name}, id="same") for kind, name in [("commit", "a"), ("well", "b"), ("well", "c")]]
    async with client_of(called(*uses)) as client:
        run = await run_of(client, [well, commit], over, streamed)

    assert [text for _, text in told(run.messages)] == ["committed a", "well b", "well c"]
    assert made == ["a"]


@repeating
@in_virtual_time
async def test_a_cut_turn_with_repeated_ids_goes_on_by_their_places(over: str, streamed: bool) -> None:
    @tool
    async def wait(seconds: float) -> str:
        """Wait."""
        await trio.sleep(seconds)
        return f"waited {seconds:g}"

    uses = [ToolUse("wait", {"seconds": seconds}, id="same") for seconds in (9, 1, 8)]
    async with client_of(called(*uses)) as client:
        with pytest.raises(ToolRunTimeout) as caught:
            await run_of(client, [wait], over, streamed, deadline=5)
        run = await run_of(client, [wait], over, streamed, messages=caught.value.messages)

    others = ["Error: it was interrupted: what it does may have been done or not"] * 2
    if over == "chat":  # where each call has been given an id of its own
        others = ["waited 9", "waited 8"]
    assert [text for _, text in told(run.messages)] == [others[0], "waited 1", others[1]]


# Over messages arguments are objects on the wire.
@pytest.mark.parametrize(("over", "streamed"), [("chat", False), ("chat", True), ("responses", True)])
@in_virtual_time
async def test_arguments_that_are_no_json_are_told_to_the_model(over: str, streamed: bool) -> None:
    texts = ["{", "[1]", "nonsense", "[" * 5_000, '{"name": "a"} and more', '{"name": 1e999}', '"x"', ""]
    uses = [ToolUse("well", text, id=f"id{number}") for number, text in enumerate(texts)]
    async with client_of(called(*uses)) as client:
        run = await run_of(client, [well], over, streamed)

    results = [text for _, text in told(run.messages)]
    assert [text.startswith("Error: the arguments do not fit: ") for text in results] == [*[True] * 7, False]


@pytest.mark.parametrize("hook", ["before_round", "until", "approve"])
@ways
@in_virtual_time
async def test_a_run_whose_hook_fails_goes_on_from_its_error(hook: str, over: str, streamed: bool) -> None:
    committed: Counter[str] = Counter()
    asked: Counter[str] = Counter()

    @tool(commits=True)
    async def commit(name: str) -> str:
        """Commit."""
        committed[name] += 1
        await trio.sleep(1)
        return f"committed {name}"

    def failing(told_of: Any) -> bool:
        asked[hook] += 1
        if asked[hook] == 2:
            raise ArithmeticError("a bug of the program's")
        return hook == "approve"

    uses = [ToolUse("commit", {"name": name}, id=f"id_{name}") for name in "ab"]
    async with client_of(called(*uses)) as client:
        with pytest.raises(ToolRunError, match="ArithmeticError: a bug") as caught:
            await run_of(client, [commit], over, streamed, **{hook: failing})
        assert isinstance(caught.value.__cause__, ArithmeticError)
        run = await run_of(client, [commit], over, streamed, messages=caught.value.messages)

    assert [identifier for identifier, _ in told(run.messages)] == ["id_a", "id_b"]
    assert max(committed.values()) == 1
    assert "end" in repr(run.messages[-1])


@ways
@in_virtual_time
async def test_an_approval_that_never_comes_holds_no_slot_and_ends_with_the_deadline(over: str, streamed: bool) -> None:
    async def approve(approval: Approval) -> bool:
        if approval.call_id == "id_odd":
            await trio.sleep_forever()
        return True

    uses = [ToolUse("well", {"name": name}, id=identifier) for name, identifier in [("a", "id_odd"), ("b", "id_well")]]
    async with client_of(called(*uses)) as client:
        with pytest.raises(ToolRunTimeout) as caught:
            await run_of(client, [well], over, streamed, approve=approve, max_parallel=1, deadline=5)
        assert told(caught.value.messages) == [("id_well", "well b")]
        run = await run_of(client, [well], over, streamed, messages=caught.value.messages)

    assert told(run.messages) == [("id_odd", "well a"), ("id_well", "well b")]


@pytest.mark.parametrize("over", MODELS)
@in_virtual_time
async def test_an_agent_that_is_cancelled_in_the_middle_leaves_nothing_and_is_asked_again(over: str) -> None:
    running: Counter[str] = Counter()

    @tool
    async def dig() -> str:
        """Dig."""
        running["dig"] += 1
        try:
            await trio.sleep(10)
        finally:
            running["dig"] -= 1
        return "dug"

    async with client_of(called(ToolUse("delegate", id="id_outer"))) as outer:
        async with client_of(called(ToolUse("dig", id="id_inner"))) as inner:

            @tool
            async def delegate() -> str:
                """Let another model do it."""
                run = await run_of(inner, [dig], over, streamed=True)
                return f"inner {len(told(run.messages))}"

            with pytest.raises(ToolRunTimeout) as caught:
                await run_of(outer, [delegate], over, streamed=True, deadline=5)
            assert running == {"dig": 0}
            run = await run_of(outer, [delegate], over, streamed=True, messages=caught.value.messages)

    assert told(run.messages) == [("id_outer", "inner 1")]


def test_generators_are_no_tools() -> None:
    async def stream() -> AsyncIterator[str]:  # noqa: ASYNC900 - what a tool should not be
        yield "a"

    def items() -> Iterator[str]:
        yield "a"

    for generator in (stream, items):
        with pytest.raises(TypeError, match="is a generator: return one result"):
            tool(generator)


@ways
@in_virtual_time
async def test_a_deferred_tool_of_the_same_name_is_refused_before_anything_is_sent(over: str, streamed: bool) -> None:
    simulator = called()
    async with client_of(simulator) as client:
        with pytest.raises(ToolRunError, match="two tools have the name 'well'"):
            await run_of(client, [well], over, streamed, deferred=[well])
    assert not simulator.requests


@pytest.mark.parametrize("over", MODELS)
@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"max_round": 3}, "did you mean 'max_rounds'"),
        ({"aprove": None}, "did you mean 'approve'"),
        ({"stream": True}, "stream_tools tells of its events"),
        ({"n": 2}, "a round of a run has one answer"),
    ],
)
@in_virtual_time
async def test_what_a_run_does_not_have_is_refused_with_the_nearest_name(
    over: str, params: dict[str, Any], problem: str
) -> None:
    simulator = called()
    async with client_of(simulator) as client:
        with pytest.raises(UnsupportedParamsError, match=problem):
            await run_of(client, [well], over, streamed=False, **params)
    assert not simulator.requests


@in_virtual_time
async def test_a_definition_of_the_providers_own_is_not_deferred_in_silence() -> None:
    async with client_of(called()) as client:
        with pytest.raises(TypeError, match="deferred tools are functions"):
            await client.run_tools(MODELS["chat"], QUESTION, [well], deferred=[{"type": "web_search"}])


@ways
@in_virtual_time
async def test_what_a_search_had_found_is_known_to_the_run_that_goes_on(over: str, streamed: bool) -> None:
    def act(request: RecordedRequest) -> Reply:
        sent = json.dumps(request.json.get("input") or request.json["messages"])
        if "well a" in sent:
            return Reply("end")
        if "well: Do well." in sent:
            return Reply(tool_calls=[ToolUse("well", {"name": "a"}, id="id_a")], latency=9)
        return Reply(tool_calls=[ToolUse("find_tools", {"query": "do well"}, id="id_find")])

    simulator = Simulator(act)
    params: Any = {"deferred": [well, swallowing], "search": "ours"}
    async with client_of(simulator) as client:
        with pytest.raises(ToolRunTimeout) as caught:
            await run_of(client, [grouped], over, streamed, deadline=5, **params)
        run = await run_of(client, [grouped], over, streamed, messages=caught.value.messages, **params)

    assert told(run.messages) == [("id_find", "well: Do well."), ("id_a", "well a")]
    first, second, third = simulator.requests[1:]
    assert second.json["tools"] == first.json["tools"]
    assert third.json["tools"] == first.json["tools"]


@pytest.mark.parametrize("over", MODELS)
@pytest.mark.parametrize("given", [3, "well", None, ["well"]])
@in_virtual_time
async def test_what_is_no_tool_is_refused_with_what_is_one(over: str, given: Any) -> None:
    simulator = called()
    async with client_of(simulator) as client:
        with pytest.raises(TypeError, match="a tool is a function, a Tool, or a definition"):
            await run_of(client, [given], over, False)
    assert not simulator.requests
