"""Fallbacks: where a call goes on when its model fails, within one deadline, and with which key."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from virtual import ask, assert_nothing_left, client_of, in_virtual_time, text_of

from trio_llm import (
    APIConnectionError,
    APIError,
    BadRequestError,
    Client,
    ContentPolicyViolationError,
    ContextWindowExceededError,
    EmbeddingRequest,
    InternalServerError,
    NotFoundError,
    RetryPolicy,
    Timeout,
    UnsupportedParamsError,
)
from trio_llm._runtime import trio
from trio_llm.testing import Disconnect, Failure, RecordedRequest, Reply, Simulator, run_in_virtual_time

MESSAGES = [{"role": "user", "content": "Hi"}]
FIRST, SECOND, THIRD = "openai/gpt-4o", "anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-flash"
TOO_LONG = Failure(400, "too long", code="context_length_exceeded")
REFUSED = Failure(400, "no", code="content_policy_violation")


def failing(**models: Any) -> Simulator:
    """Models by the first word of their name; the others answer with it."""

    def act(request: RecordedRequest) -> Any:
        name = request.model.split("-")[0]
        return models.get(name) or Reply(name)

    return Simulator(act)


def asked(simulator: Simulator) -> list[str]:
    return [request.model for request in simulator.requests]


@pytest.mark.parametrize("stream", [False, True])
@in_virtual_time
async def test_models_are_asked_in_order_and_the_response_says_which_one_answered(stream: bool) -> None:
    simulator = failing(gpt=Failure(404, "gone"), claude=Disconnect())
    async with client_of(simulator) as client:
        response: Any = await client.completion(FIRST, MESSAGES, stream=stream, fallbacks=[SECOND, THIRD])
        if stream:
            async for _ in response:
                pass
            response = response.response
        assert_nothing_left(client, simulator)

    assert text_of(response) == "gemini"
    assert response.model == "gemini-2.5-flash"
    assert asked(simulator) == ["gpt-4o", "claude-sonnet-4-5", "gemini-2.5-flash"]


@in_virtual_time
async def test_when_all_fail_the_last_error_is_raised_and_holds_the_earlier_ones() -> None:
    simulator = failing(gpt=Failure(404, "gone"), claude=Disconnect(), gemini=Failure(500, "broken"))
    async with client_of(simulator) as client:
        with pytest.raises(InternalServerError, match="broken") as caught:
            await client.completion(FIRST, MESSAGES, fallbacks=[SECOND, THIRD])

    assert [type(error) for error in caught.value.earlier] == [NotFoundError, APIConnectionError]
    assert caught.value.earlier[0].model == "gpt-4o"


@pytest.mark.parametrize("stream", [False, True])
@in_virtual_time
async def test_each_model_has_the_attempts_of_the_policy_and_all_have_one_deadline(stream: bool) -> None:
    simulator = failing(gpt=Failure(500, latency=1), claude=Failure(500, latency=1), gemini=Reply(latency=math.inf))
    async with client_of(simulator, attempts=3) as client:
        began = trio.current_time()
        with pytest.raises(Timeout, match="within 20 s") as caught:
            await client.completion(FIRST, MESSAGES, stream=stream, fallbacks=[SECOND, THIRD], timeout=20)
        assert trio.current_time() - began == pytest.approx(20)
        assert_nothing_left(client, simulator)

    assert asked(simulator) == ["gpt-4o"] * 3 + ["claude-sonnet-4-5"] * 3 + ["gemini-2.5-flash"]
    assert len(caught.value.earlier) == 2


@in_virtual_time
async def test_no_model_is_asked_after_the_deadline() -> None:
    simulator = failing(gpt=Reply(latency=math.inf))
    async with client_of(simulator) as client:
        with pytest.raises(Timeout) as caught:
            await client.completion(FIRST, MESSAGES, fallbacks=[SECOND], timeout=5)

    assert asked(simulator) == ["gpt-4o"]
    assert (caught.value.model, caught.value.earlier) == ("gpt-4o", ())


@pytest.mark.parametrize(
    ("failure", "answering"), [(TOO_LONG, "claude"), (REFUSED, "gemini"), (Failure(404, "gone"), "mini")]
)
@in_virtual_time
async def test_special_fallbacks_are_for_their_own_failure_alone(failure: Failure, answering: str) -> None:
    simulator = failing(gpt=failure)
    async with client_of(
        simulator,
        fallbacks=["openai/mini-1"],
        context_window_fallbacks=[SECOND],
        content_policy_fallbacks=[THIRD],
    ) as client:
        assert text_of(await client.completion(FIRST, MESSAGES)) == answering
        with pytest.raises(APIError):
            await client.completion(
                FIRST, MESSAGES, fallbacks=[], context_window_fallbacks=[], content_policy_fallbacks=[]
            )


@pytest.mark.parametrize(
    ("failure", "name"),
    [
        (TOO_LONG, "context_window_fallbacks"),
        (REFUSED, "content_policy_fallbacks"),
        (Failure(404, "gone"), "fallbacks"),
    ],
)
@in_virtual_time
async def test_a_call_may_have_fallbacks_of_one_kind_only(failure: Failure, name: str) -> None:
    options: dict[str, Any] = {name: [SECOND]}
    async with client_of(failing(gpt=failure)) as client:
        assert text_of(await client.completion(FIRST, MESSAGES, **options)) == "claude"


@in_virtual_time
async def test_after_the_special_ones_the_general_ones_follow() -> None:
    simulator = failing(gpt=TOO_LONG, claude=Failure(404, "gone"))
    async with client_of(simulator) as client:
        response = await client.completion(FIRST, MESSAGES, fallbacks=[THIRD], context_window_fallbacks=[SECOND])

    assert text_of(response) == "gemini"
    for kind in (ContextWindowExceededError, ContentPolicyViolationError):
        assert issubclass(kind, BadRequestError)


@in_virtual_time
async def test_keys_and_addresses_stay_with_their_provider() -> None:
    simulator = failing(gpt=Failure(404, "gone"), mini=Failure(404, "gone"))
    async with client_of(simulator) as client:
        await client.completion(
            FIRST,
            MESSAGES,
            api_key="sk-openai",
            api_base="https://api.openai.com/v2",
            extra_headers={"x-mine": "secret"},
            extra_body={"field": 1},
            temperature=0.5,
            fallbacks=["openai/mini-1", SECOND],
        )

    first, second, third = simulator.requests
    for request in (first, second):
        assert request.headers["authorization"] == "Bearer sk-openai"
        assert request.path.startswith("/v2/")
        assert request.json["field"] == 1
    assert "sk-openai" not in str(third.headers)
    assert "secret" not in str(third.headers)
    assert "field" not in third.json
    assert [request.json["temperature"] for request in simulator.requests] == [0.5] * 3


@in_virtual_time
async def test_a_name_without_provider_belongs_to_the_server_that_the_caller_named() -> None:
    simulator = failing(big=Failure(404, "gone"))
    async with client_of(simulator) as client:
        response = await client.completion(
            "big-model", MESSAGES, api_base="http://127.0.0.1:9/v1", api_key="k", fallbacks=["small-model"]
        )

    assert text_of(response) == "small"
    assert [request.path for request in simulator.requests] == ["/v1/chat/completions"] * 2


@in_virtual_time
async def test_a_first_model_that_nobody_knows_is_a_failure_like_another() -> None:
    simulator = failing()
    async with client_of(simulator) as client:
        assert text_of(await client.completion("nobody/model", MESSAGES, fallbacks=[SECOND])) == "claude"


@in_virtual_time
async def test_a_fallback_may_have_arguments_of_its_own_or_be_a_request() -> None:
    simulator = failing(gpt=Failure(404, "gone"), claude=Failure(404, "gone"))
    async with client_of(simulator) as client:
        other = {"model": SECOND, "temperature": 0.1, "base_url": "http://127.0.0.1:9", "api_key": "own"}
        stranger = ask("Another question", model=THIRD)
        response: Any = await client.completion(
            FIRST, MESSAGES, temperature=0.9, stream=True, fallbacks=[other, stranger]
        )
        assert "".join([chunk.choices[0].delta.content or "" async for chunk in response]) == "gemini"
        again = {"messages": [{"role": "user", "content": "Shorter"}], "max_tokens": 5, "num_retries": 1}
        with pytest.raises(NotFoundError):
            await client.completion(FIRST, MESSAGES, fallbacks=[again])

    _, claude, gemini, _, shorter = simulator.requests
    assert claude.json["temperature"] == 0.1
    assert claude.headers["x-api-key"] == "own"
    assert (gemini.text, gemini.stream) == ("Another question", True)
    assert (shorter.text, shorter.json["max_tokens"]) == ("Shorter", 5)


@in_virtual_time
async def test_embeddings_have_fallbacks_of_their_own_and_not_those_of_chats() -> None:
    simulator = failing(old=Failure(404, "gone"))
    async with client_of(simulator, fallbacks=[SECOND]) as client:
        with pytest.raises(NotFoundError):
            await client.embedding("openai/old-embedding", "x")
        response = await client.embedding("openai/old-embedding", "x", fallbacks=["openai/new-embedding"])
        stranger = EmbeddingRequest("openai/new-embedding", ["x", "y"])
        both = await client.embedding("openai/old-embedding", "x", fallbacks=[stranger])

    assert (len(response.data), len(both.data)) == (1, 2)
    assert "claude-sonnet-4-5" not in asked(simulator)


@in_virtual_time
async def test_what_is_no_fallback_is_refused_before_anything_is_sent() -> None:
    simulator = failing()
    async with client_of(simulator) as client:
        for wrong in ("openai/gpt-4o", {"model": "x"}):
            with pytest.raises(BadRequestError, match="list"):
                await client.completion(FIRST, MESSAGES, fallbacks=wrong)  # type: ignore[arg-type]
        with pytest.raises(UnsupportedParamsError, match="temprature"):
            await client.completion(FIRST, MESSAGES, fallbacks=[{"temprature": 1}])
        with pytest.raises(BadRequestError, match="same kind"):
            await client.completion(FIRST, MESSAGES, fallbacks=[17])  # type: ignore[list-item]
        with pytest.raises(BadRequestError, match=r"write \['openai/mini-1'\], not"):  # as for LiteLLM's router
            await client.completion(FIRST, MESSAGES, context_window_fallbacks=[{FIRST: ["openai/mini-1"]}])
    with pytest.raises(BadRequestError, match="list"):
        Client(fallbacks="openai/gpt-4o")

    assert simulator.requests == []


@in_virtual_time
async def test_the_first_model_is_not_asked_again_as_its_own_fallback() -> None:
    simulator = failing(gpt=Failure(404, "gone"))
    async with client_of(simulator, fallbacks=[FIRST, SECOND]) as client:
        await client.completion(FIRST, MESSAGES)

    assert asked(simulator) == ["gpt-4o", "claude-sonnet-4-5"]


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from([200, 400, 404, 429, 500, 503]), min_size=1, max_size=4),
    st.integers(1, 3),
    st.sampled_from([3.0, 30.0]),
)
def test_who_is_asked_how_often_is_what_arithmetic_says(statuses: list[int], attempts: int, timeout: float) -> None:
    def act(request: RecordedRequest) -> Any:
        status = statuses[int(request.model.removeprefix("m"))]
        return Reply("ok", latency=0.6) if status == 200 else Failure(status, latency=0.6)

    simulator = Simulator(act)
    policy = RetryPolicy(attempts=attempts, first_pause=0.5, jitter=0)

    async def run() -> tuple[str, float]:
        async with Client(transport=simulator, variables={"OPENAI_API_KEY": "k"}, retry=policy) as client:
            fallbacks = [f"openai/m{number}" for number in range(1, len(statuses))]
            try:
                await client.completion("openai/m0", MESSAGES, fallbacks=fallbacks, timeout=timeout)
            except APIError:
                return "failed", trio.current_time()
            finally:
                assert_nothing_left(client, simulator)
            return "ok", trio.current_time()

    result, end = run_in_virtual_time(run)
    began = simulator.requests[0].started
    assert end - began <= timeout + 1e-6
    expected = [
        number
        for number, status in enumerate(statuses)
        if 200 not in statuses[:number]
        for _ in range(attempts if status in (429, 500, 503) else 1)
    ]
    made = [int(request.model.removeprefix("m")) for request in simulator.requests]
    assert all(request.started - began < timeout for request in simulator.requests)
    if timeout == 30.0:
        assert made == expected
        assert result == ("ok" if 200 in statuses else "failed")
    else:
        assert set(made) <= set(expected)
