"""The machines find what clients and programs do wrong, keep what works, and their loop stands still between steps."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from trio_llm import Client
from trio_llm._runtime import trio
from trio_llm.testing import DeadlockError, Reply, Simulator, SteppedLoop, strategies

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


class Trusting(strategies.ProviderMachine):
    @rule(question=strategies.said())
    def ask(self, question: str) -> None:
        self.tried(_agent, self.client, question)


def test_an_agent_that_trusts_its_model_is_found_out_in_two_steps() -> None:
    told, asked = steps_to_find(Trusting, AttributeError)

    assert "Reply(" in told  # one that calls a tool, or says nothing
    assert "ask(question=" in asked
