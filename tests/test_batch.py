"""LiteLLM's batch functions: their shapes, and what happens to the calls that lose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from virtual import GONE

import trio_llm
from trio_llm import AllFailedError, BadRequestError, NotFoundError
from trio_llm._runtime import trio
from trio_llm.testing import Failure, RecordedRequest, Reply, Simulator, running_server

pytestmark = pytest.mark.anyio
HELLO = [{"role": "user", "content": "Hello"}]
BYE = [{"role": "user", "content": "Bye"}]


def act(request: RecordedRequest) -> Reply | Failure | None:
    if "missing" in (request.model, request.text):
        return Failure(404, "no such model")
    return Reply(latency=30) if request.model == "slow" else None


@pytest.fixture(name="simulator", autouse=True)
def _served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    simulator = Simulator(act)
    with running_server(simulator) as base_url:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{base_url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "k")
        yield simulator


def texts(answers: Any) -> Any:
    """Answers as their texts, errors as their classes, lists as lists."""
    if isinstance(answers, list):
        return [texts(answer) for answer in answers]
    return type(answers) if isinstance(answers, Exception) else answers.choices[0].message.content


async def test_one_model_answers_many_conversations_each_with_a_response_or_an_error() -> None:
    missing = [{"role": "user", "content": "missing"}]
    answers = await trio_llm.abatch_completion("gpt-4", [HELLO, missing, BYE], max_workers=2, temperature=0.5)

    assert texts(answers) == ["echo: Hello", NotFoundError, "echo: Bye"]


async def test_several_models_answer_one_conversation_or_many_as_of_litellms_router() -> None:
    models = ["gpt-4", "openai/missing"]

    assert texts(await trio_llm.abatch_completion(models, HELLO)) == ["echo: Hello", NotFoundError]
    assert texts(await trio_llm.abatch_completion(models=models, messages=[HELLO, BYE])) == [
        ["echo: Hello", NotFoundError],
        ["echo: Bye", NotFoundError],
    ]
    with pytest.raises(BadRequestError, match="no model"):
        await trio_llm.abatch_completion(models=[], messages=HELLO)


@pytest.mark.parametrize("models", [["openai/slow", "openai/missing", "gpt-4"], "openai/slow, openai/missing, gpt-4"])
async def test_the_fastest_answer_is_the_first_good_one_and_the_slow_call_is_gone(
    models: Any, simulator: Simulator
) -> None:
    with trio.fail_after(10):
        response = await trio_llm.abatch_completion_fastest_response(models, HELLO)
        again = await trio_llm.abatch_completion_models(models, HELLO)
        await simulator_idle(simulator)

    assert texts(response) == texts(again) == "echo: Hello"
    assert {request.outcome for request in simulator.requests if request.model == "slow"} <= {GONE}


async def simulator_idle(simulator: Simulator) -> None:
    """The server is in a thread of its own, and takes a moment to notice that its client is gone."""
    while simulator.statistics().active:  # noqa: ASYNC110 - no event crosses threads
        await trio.sleep(0.01)


async def test_when_no_model_answers_one_error_holds_all() -> None:
    for function in (trio_llm.abatch_completion_models, trio_llm.abatch_completion_models_all_responses):
        with pytest.raises(AllFailedError, match="none of 2") as caught:
            await function(["openai/missing"] * 2, HELLO)
        assert [type(error) for error in caught.value.errors] == [NotFoundError] * 2


async def test_all_responses_are_those_that_came_in_the_order_of_the_models() -> None:
    models = ["gpt-4", "openai/missing", "gpt-4o"]
    responses = await trio_llm.abatch_completion_models_all_responses(models, HELLO)

    assert [response.model for response in responses] == ["gpt-4", "gpt-4o"]


def test_the_synchronous_ones_do_the_same() -> None:
    assert texts(trio_llm.batch_completion("gpt-4", [HELLO, BYE])) == ["echo: Hello", "echo: Bye"]
    assert texts(trio_llm.batch_completion_models(["openai/slow", "gpt-4"], HELLO)) == "echo: Hello"
    assert texts(trio_llm.batch_completion_models_all_responses(["gpt-4", "gpt-4o"], HELLO)) == ["echo: Hello"] * 2


async def test_the_module_functions_use_the_default_client() -> None:
    request = trio_llm.ChatRequest("gpt-4", HELLO)
    slow = trio_llm.ChatRequest("openai/slow", HELLO)

    assert [texts(outcome.response) for outcome in await trio_llm.fan_out([request] * 2)] == ["echo: Hello"] * 2
    for winner in (
        await trio_llm.race([slow, request]),
        await trio_llm.cascade([slow, request], after=0.01),
        await trio_llm.hedge(request),
    ):
        assert texts(winner.response) == "echo: Hello"
    async with trio_llm.as_completed([slow, request]) as outcomes:
        async for outcome in outcomes:
            assert outcome.index == 1
            break
    async with trio_llm.merge({"a": request, "b": request}) as events:
        assert {name async for name, _ in events} == {"a", "b"}
