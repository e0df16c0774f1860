"""The machines find what clients and programs do wrong, keep what works, and their loop stands still between steps."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from trio_llm import BadRequestError, Client
from trio_llm._runtime import trio
from trio_llm.testing import DeadlockError, Failure, LeakError, Reply, Simulator, SteppedLoop, strategies

both_loops = pytest.mark.parametrize("backend", ["trio", "asyncio"])
HI = [{"role": "user", "content": "Hi"}]
quick = settings(max_examples=8, stateful_step_count=16, deadline=None)
# Explaining what matters to a failure traces every line, and takes twenty times as long.
searching = settings(deadline=None, database=None, phases=[Phase.generate, Phase.shrink])


@both_loops
def test_a_stream_lives_from_one_step_to_the_next_and_time_stands_between_them(backend: Any) -> None:
    async def opened() -> Any:
        return await client.completion("openai/any", HI, stream=True)

    async def following() -> str:
        return (await anext(stream)).choices[0].delta.content or ""

    with SteppedLoop(backend) as loop:
        client = Client(transport=Simulator(Reply(["a", "b"], latency=2, gap=1)))
        stream = loop.run(opened)
        at = loop.now
        assert loop.now == at > 0
        said = [loop.run(following) for _ in range(3)]
        assert "".join(said) == "ab"
        loop.sleep(60)
        assert loop.now == pytest.approx(max(at, 4.0) + 60, abs=2)
        loop.run(stream.aclose)
        loop.run(client.aclose)


@both_loops
def test_a_task_that_was_started_gets_on_while_the_loop_turns(backend: Any) -> None:
    told: list[float] = []

    async def tell() -> None:
        while True:
            await trio.sleep(5)
            told.append(trio.current_time())

    with SteppedLoop(backend) as loop:
        began = loop.now
        task = loop.start(tell)
        loop.sleep(12)
        assert [at - began for at in told] == [5, 10]
        task.cancel()
        loop.sleep(12)
    assert len(told) == 2


@both_loops
def test_what_waits_for_ever_is_told(backend: Any) -> None:
    async def forever() -> None:
        await trio.sleep_forever()

    with SteppedLoop(backend) as loop, pytest.raises(DeadlockError):
        loop.run(forever)


@both_loops
def test_errors_come_out_of_run_and_those_of_tasks_out_of_close(backend: Any) -> None:
    async def fail() -> None:
        await trio.sleep(1)
        raise ValueError("mine")

    with pytest.RaisesGroup(pytest.RaisesExc(ValueError, match="mine")), SteppedLoop(backend) as loop:
        with pytest.raises(ValueError, match="mine"):
            loop.run(fail)
        loop.start(fail)
        loop.sleep(2)


@both_loops
def test_a_client_keeps_its_promises_whatever_the_machine_does(backend: Any) -> None:
    class Kept(strategies.ClientMachine):
        pass

    Kept.backend = backend
    run_state_machine_as_test(Kept, settings=quick)


def steps_to_find(machine: type[RuleBasedStateMachine], error: type[Exception]) -> list[str]:
    """The steps of the smallest failing program, as Hypothesis prints them."""
    with pytest.raises(error) as caught:
        run_state_machine_as_test(machine, settings=searching)
    lines = "\n".join(caught.value.__notes__).splitlines()
    return [line for line in lines if re.search(r"state\.(?!teardown|nothing_is_held)", line)]


class Leaky(strategies.ClientMachine):
    """A client that never closes its streams would look like this."""

    @rule(text=strategies.said())
    def forget(self, text: str) -> None:
        self.kept = self.tried(_opened, self.client, text)


async def _opened(client: Client, text: str) -> Any:
    return await client.completion("openai/any", [{"role": "user", "content": text}], stream=True)


# What is left open on purpose is collected open.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_leak_is_found_and_shrinks_to_one_step() -> None:
    assert len(steps_to_find(Leaky, AssertionError)) == 1


async def _agent(client: Client, question: str) -> str:
    """It trusts that there is an answer."""
    response = await client.completion("openai/any", [{"role": "user", "content": question}])
    content: Any = response.choices[0].message.content
    return str(content.upper())


@seed(9)  # one that takes a third of the time of most
class Trusting(strategies.ProviderMachine):
    @rule(question=strategies.said())
    def ask(self, question: str) -> None:
        self.tried(_agent, self.client, question)


def test_an_agent_that_trusts_its_model_is_found_out_in_two_steps() -> None:
    *told, asked = steps_to_find(Trusting, AttributeError)

    assert len(told) <= 1
    assert "ask(question=" in asked


class Examined(strategies.ProviderMachine):
    """A machine whose helpers are called by hand."""


@pytest.fixture(params=["trio", "asyncio"])
def machine(request: pytest.FixtureRequest) -> Iterator[Examined]:
    made = type("Machine", (Examined,), {"backend": request.param})()
    yield made
    made.teardown()


async def _stubborn(client: Client) -> str:
    try:
        await _agent(client, "Hi")
    except BaseException:  # noqa: BLE001, ASYNC103
        return "sorry"  # noqa: ASYNC104
    return "fine"


async def _slow_to_go() -> None:
    try:
        await trio.sleep(60)
    finally:
        with trio.CancelScope(shield=True):
            await trio.sleep(6)


def test_whoever_is_left_ends_at_once_and_says_nothing(machine: Examined) -> None:
    machine.coming.extend([Reply("yes", latency=2), Reply("yes", latency=2), Failure(400)])

    assert machine.left_after(1, _agent, machine.client, "Hi") is None
    assert machine.left_after(3, _agent, machine.client, "Hi") == "YES"
    assert isinstance(machine.left_after(3, _agent, machine.client, "Hi"), BadRequestError)
    machine.nothing_is_held()


def test_a_swallowed_cancellation_and_a_slow_end_are_told(machine: Examined) -> None:
    machine.coming.append(Reply("yes", latency=2))
    with pytest.raises(AssertionError, match="went on to 'sorry'"):
        machine.left_after(1, _stubborn, machine.client)
    with pytest.raises(AssertionError, match=r"still runs 5\.0 s after"):
        machine.left_after(1, _slow_to_go)
    machine.loop.sleep(10)


def test_several_functions_run_at_the_same_time(machine: Examined) -> None:
    machine.coming.extend([Reply("yes", latency=2), Failure(400, latency=2)])
    began = machine.loop.now

    first, second = machine.tried_together(*(partial(_agent, machine.client, text) for text in ("Hi", "Ho")))

    assert {type(first), type(second)} == {str, BadRequestError}
    assert machine.loop.now - began == 2


def test_a_task_that_is_left_is_told_with_its_place() -> None:
    async def forget() -> None:
        import asyncio

        kept.append(asyncio.get_running_loop().create_task(asyncio.sleep(60)))

    kept: list[Any] = []
    machine = type("Machine", (Examined,), {"backend": "asyncio"})()
    with pytest.raises(LeakError, match="made at .*forget"):
        machine.run(forget)
    machine.background = True
    machine.run(forget)
    for task in kept:
        task.cancel()
    machine.teardown()


def test_a_program_that_never_stops_asking_is_stopped(machine: Examined) -> None:
    async def forever(client: Client) -> None:
        while True:
            await client.completion("openai/any", HI)

    with pytest.raises(AssertionError, match="has sent 100 requests in one step"):
        machine.run(forever, machine.client)


CALL = {"id": "a", "type": "function", "function": {"name": "look", "arguments": "{}"}}
CALLING = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "a", "content": "x"}


@pytest.mark.parametrize(
    ("messages", "problem"),
    [
        ([*HI, CALLING, RESULT], None),
        ([*HI, CALLING, RESULT, CALLING, RESULT], None),
        ([*HI, CALLING], "the calls .* have no results"),
        ([*HI, CALLING, *HI], "user speaks while calls wait"),
        ([*HI, RESULT], "no call before it waits for"),
        ([*HI, CALLING, RESULT, RESULT], "no call before it waits for"),
        ([*HI, {**CALLING, "tool_calls": [CALL, CALL]}, RESULT, RESULT], "the same id"),
    ],
)
def test_messages_that_do_not_belong_together_are_told(machine: Examined, messages: Any, problem: str | None) -> None:
    async def ask(client: Client) -> None:
        await client.completion("openai/any", messages)

    if problem is None:
        machine.run(ask, machine.client)
    else:
        with pytest.raises(AssertionError, match=problem):
            machine.run(ask, machine.client)


def test_the_model_calls_the_tools_that_are_offered_and_slips_where_it_was_drawn_to(machine: Examined) -> None:
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tools = [{"type": "function", "function": {"name": "weather", "parameters": parameters}}]

    async def ask(client: Client) -> Any:
        response = await client.completion("openai/any", HI, tools=tools)
        calls: Any = response.choices[0].message.tool_calls
        return [[one.function.name, one.function.arguments] for one in calls or ()]

    machine.coming.extend([strategies.CallTools((0, 5)), strategies.CallTools(slip="json")])
    called = machine.run(ask, machine.client)
    assert [(name, [*json.loads(arguments)]) for name, arguments in called] == [("weather", ["city"])] * 2
    ((_, arguments),) = machine.run(ask, machine.client)
    with pytest.raises(ValueError, match="Unterminated"):
        json.loads(arguments)


def test_the_model_makes_tools_up_where_none_is_offered(machine: Examined) -> None:
    async def ask(client: Client) -> Any:
        calls: Any = (await client.completion("openai/any", HI)).choices[0].message.tool_calls
        return [one.function.name for one in calls]

    machine.coming.append(strategies.CallTools((0, 1)))
    assert machine.run(ask, machine.client) == ["weather", "search"]
