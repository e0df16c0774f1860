"""Models, accounts, outages, pace and strictness of a simulated provider."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
import trio
from virtual import in_virtual_time

from trio_llm import Client, RetryPolicy, exceptions
from trio_llm._types.http import HTTPRequest, Origin
from trio_llm.testing import (
    Conditions,
    Constant,
    Delivery,
    Description,
    Distribution,
    Failure,
    Generative,
    LogNormal,
    Normal,
    OfferedTool,
    Outage,
    Pace,
    RateLimits,
    Reply,
    Sampled,
    ScriptedReply,
    SimulatedModel,
    Simulator,
    Strictness,
)

HELLO = [{"role": "user", "content": "one two three"}]
CHAT = "/v1/chat/completions"


def asked(simulator: Simulator, *, path: str = CHAT, now: float = 0.0, key: str = "", **body: Any) -> ScriptedReply:
    fields = {"model": "m", "messages": HELLO, **body}
    headers = (("authorization", f"Bearer {key}"),) if key else ()
    return simulator.respond(HTTPRequest("POST", path, headers, json.dumps(fields).encode()), now=now)


def status(reply: ScriptedReply) -> int | None:
    return reply.head.status if reply.head else None


def said(reply: ScriptedReply) -> str:
    return b"".join(piece.data for piece in reply.timeline).decode()


def world(**conditions: Any) -> Simulator:
    return Simulator(conditions=Conditions(**conditions))


@pytest.mark.parametrize(
    ("distribution", "low", "high"),
    [(Constant(0.5), 0.5, 0.5), (Normal(1, 0.1), 0.9, 1.1), (LogNormal(1, 0.5), 0.9, 1.1), (Sampled([1.5]), 1.5, 1.5)],
)
def test_a_distribution_has_its_median(distribution: Distribution, low: float, high: float) -> None:
    drawn = sorted(distribution.draw(random) for random in [Random(1)] for _ in range(2_001))

    assert low <= drawn[1_000] <= high
    assert drawn[0] >= 0


def test_a_stream_is_paced_and_a_whole_answer_comes_when_its_last_token_would() -> None:
    simulator = world(pace=Pace(first=Constant(0.4), gap=Constant(0.1)))
    streamed, whole = asked(simulator, stream=True), asked(simulator)

    assert streamed.latency == 0.4
    assert [piece.delay for piece in streamed.timeline] == [0.0] + [0.1] * (len(streamed.timeline) - 1)
    assert whole.latency == pytest.approx(0.4 + 4 * 0.1)


def test_what_the_script_says_of_time_comes_before_the_pace() -> None:
    simulator = Simulator(Reply(latency=3, gap=0.5), conditions=Conditions(pace=Pace(gap=Constant(9))))
    reply = asked(simulator, stream=True)

    assert (reply.latency, reply.timeline[1].delay) == (3, 0.5)


def test_a_pace_can_be_taken_from_a_recording() -> None:
    pace = Pace.recorded([[0.5, 0.6, 0.8], []])
    times = pace.times("x")

    assert times.first == 0.5
    assert {round(times.gap(), 6) for _ in range(20)} == {0.1, 0.2}
    with pytest.raises(ValueError, match="no times"):
        Pace.recorded([[]])


def test_the_same_seed_draws_the_same_times_whatever_the_order() -> None:
    pace = Pace(first=LogNormal(1, 1))
    first, second = (world(seed=1, pace=pace) for _ in range(2))
    asked(first)

    assert asked(first).latency != asked(second).latency
    assert asked(first).latency != asked(world(seed=2, pace=pace)).latency


def test_accounts_have_buckets_of_their_own_and_strangers_are_refused() -> None:
    one, two = RateLimits(requests_per_minute=1), RateLimits(requests_per_minute=2)
    simulator = world(accounts={"k1": one, "k2": two})
    found = [status(asked(simulator, key=key)) for key in ("k1", "k1", "k2", "k2", "k2", "k3", "")]

    assert found == [200, 429, 200, 200, 429, 401, 401]
    assert [request.account for request in simulator.requests[:3]] == ["k1", "k1", "k2"]
    assert "k1" not in repr(simulator.requests[0])


HOSTS = [
    ("api.openai.com", CHAT, {"x-ratelimit-limit-requests": "1", "x-ratelimit-reset-requests": "1m0s"}),
    ("api.mistral.ai", CHAT, {"x-ratelimit-limit-req-minute": "1", "x-ratelimit-remaining-req-minute": "0"}),
    ("api.cerebras.ai", CHAT, {"x-ratelimit-limit-requests-minute": "1", "x-ratelimit-reset-requests-minute": "60"}),
    ("x.openai.azure.com", CHAT, {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "60"}),
    ("openrouter.ai", CHAT, {"x-ratelimit-limit": "1", "x-ratelimit-reset": "1700000060000"}),
    ("api.together.xyz", CHAT, {"x-ratelimit-reset": "60"}),
    (
        "api.anthropic.com",
        "/v1/messages",
        {
            "anthropic-ratelimit-requests-remaining": "0",
            "anthropic-ratelimit-requests-reset": "2023-11-14T22:14:20Z",
            "date": "Tue, 14 Nov 2023 22:13:20 GMT",
        },
    ),
]


@pytest.mark.parametrize(("host", "path", "expected"), HOSTS)
def test_each_vendor_tells_its_limits_in_its_own_headers(host: str, path: str, expected: dict[str, str]) -> None:
    conditions = Conditions(epoch=1_700_000_000)
    simulator = Simulator(limits=RateLimits(requests_per_minute=1), conditions=conditions)
    request = HTTPRequest("POST", path, (), json.dumps({"model": "m", "messages": HELLO}).encode())
    reply = simulator.respond(request, origin=Origin("https", host, 443))

    assert reply.head is not None
    assert expected.items() <= reply.head.headers.items()


@pytest.mark.parametrize(
    ("path", "words", "told"),
    [
        (CHAT, "Rate limit reached for m on requests per min (RPM): Limit 1", "60"),
        ("/v1/messages", '"rate_limit_error"', "60"),
        ("/v1beta/models/m:generateContent", "RESOURCE_EXHAUSTED", "60"),
        ("/model/m/converse", "ThrottlingException", None),
        ("/v2/chat", "per minute request limit", "60"),
        ("/api/chat", "rate limit reached", "60"),
    ],
)
def test_each_vendor_refuses_in_its_own_words(path: str, words: str, told: str | None) -> None:
    simulator = Simulator(limits=RateLimits(requests_per_minute=1))
    asked(simulator, path=path)
    refused = asked(simulator, path=path)

    assert status(refused) == 429
    assert words in said(refused)
    assert refused.head is not None
    assert refused.head.headers.get("retry-after") == told


def test_a_model_that_has_retired_is_not_found_and_its_action_is_left() -> None:
    simulator = Simulator([Reply("one")], conditions=Conditions(models={"m": SimulatedModel(retires_at=10)}))

    assert status(asked(simulator, now=10)) == 404
    assert "m` has been retired" in said(asked(simulator, now=11))
    assert status(asked(simulator, now=9)) == 200


@in_virtual_time
async def test_a_question_beyond_the_context_window_is_refused_as_such() -> None:
    simulator = world(models={"m": SimulatedModel(context_window=4), "n": SimulatedModel(most_answer_tokens=2)})
    async with Client(transport=simulator, retry=RetryPolicy(attempts=1)) as client:
        for model in ("openai/m", "anthropic/m", "gemini/m"):
            long = [{"role": "user", "content": "one two three four five"}]
            with pytest.raises(exceptions.ContextWindowExceededError):
                await client.completion(model, long)
            cut = await client.completion(model, HELLO)
            assert (cut.choices[0].message.content, cut.choices[0].finish_reason) == ("echo: ", "length")
        short = await client.completion("openai/n", HELLO)
        assert short.choices[0].message.content == "echo: one "


def test_an_outage_strikes_in_its_time_and_takes_no_action() -> None:
    simulator = Simulator([Reply("one"), Reply("two")], conditions=Conditions(outages=[Outage(start=10, end=20)]))
    found = [status(asked(simulator, now=now)) for now in (9.9, 10, 19.9, 20)]

    assert found == [200, 503, 503, 200]
    assert simulator.requests[1].fault == Failure(503, "the service is unavailable")


def test_a_brown_out_fails_some_and_slows_the_rest() -> None:
    outage = Outage(share=0.3, slower=4, models={"m"}, fault=Delivery(latency=50))
    simulator = world(outages=[outage], pace=Pace(first=Constant(1)))
    latencies = [asked(simulator).latency for _ in range(200)]

    assert set(latencies) == {4.0, 200.0}
    assert 35 <= latencies.count(200.0) <= 85
    assert asked(simulator, model="other").latency == 1


def test_the_ledger_tells_what_a_call_costs_as_far_as_it_was_delivered() -> None:
    async def main() -> None:
        async with Client(transport=simulator) as client:
            await client.completion("openai/m", HELLO)
            stream = await client.completion("openai/m", HELLO, stream=True)
            await anext(aiter(stream))
            await stream.aclose()

    simulator = world(models={"m": SimulatedModel(prompt_price=1e6, answer_price=1e6)}, pace=Pace(gap=Constant(1)))
    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))

    assert [request.cost for request in simulator.requests] == [3 + 4, 3 + 1]
    assert simulator.statistics().cost == 11


OPENAI_REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"messages": []}, "Invalid 'messages': empty array"),
    ({"messages": None}, "Missing required parameter: 'messages'"),
    ({"model": None}, "Missing required parameter: 'model'"),
    ({"messages": [{"role": "robot", "content": "x"}]}, "Invalid value: 'robot' for 'messages[0].role'"),
    ({"messages": [{"content": "x"}]}, "Missing required parameter: 'messages[0].role'."),
    ({"temprature": 1}, "Unknown parameter: 'temprature'"),
    ({"temperature": "hot"}, "expected a number from 0 to 2"),
    ({"temperature": 3}, "expected a number from 0 to 2"),
    ({"n": 0}, "a whole number above 0"),
    ({"stream": "yes"}, "a boolean"),
]


@pytest.mark.parametrize(("body", "words"), OPENAI_REFUSALS)
def test_a_strict_provider_says_what_is_wrong(body: dict[str, Any], words: str) -> None:
    refused = asked(world(strict=Strictness()), **body)

    assert status(refused) == 400
    assert words in said(refused)


@pytest.mark.parametrize(
    ("path", "body", "code", "words"),
    [
        ("/v1/messages", {"max_tokens": 5, "foo": 1}, 400, "foo: Extra inputs are not permitted"),
        ("/v1/messages", {}, 400, "max_tokens: Field required"),
        ("/v1beta/models/m:generateContent", {"contents": [{"parts": []}]}, 400, 'Unknown name \\"messages\\"'),
        ("/model/m/converse", {"foo": 1}, 400, "extraneous key [model]"),
        ("/v2/chat", {"foo": 1}, 422, "unknown field: foo"),
        ("/api/chat", {"foo": 1}, 200, "echo"),  # Ollama passes over what it does not know
        ("/v1/responses", {"foo": 1, "input": "x"}, 400, "Unknown parameter: 'messages'"),
        (
            "/v1/messages",
            {"max_tokens": 5, "temperature": 1.5},
            400,
            "temperature: Input should be a number from 0 to 1",
        ),
    ],
)
def test_each_wire_refuses_as_its_vendor_does(path: str, body: dict[str, Any], code: int, words: str) -> None:
    simulator = world(strict=Strictness())
    refused = asked(simulator, path=path, **({"messages": HELLO} | body))

    assert (status(refused), words in said(refused)) == (code, True), said(refused)


PUBLISHED = "/v1/projects/p/locations/l/publishers"
BROKEN = "#: required key [{}] not found, please reformat your input and try again."
EXTRA = "#: extraneous key [foo] is not permitted, please reformat your input and try again."
TALK = {"messages": [{"role": "user", "content": "x"}]}
NOVA = {"messages": [{"role": "user", "content": [{"text": "x"}]}]}
COUNTED = {"input": {"converse": NOVA}}
ROLELESS = {"messages": [{"content": "x"}]}
CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "x"}]}]}
VENDORS_REFUSALS = [
    # (path, body that is fine, what makes it wrong, status, words)
    ("/v1/messages/count_tokens", {"model": "m", **TALK}, {"max_tokens": 5}, 400, "Extra inputs are not permitted"),
    (":generateContent", CONTENTS, {"generationConfig": {"foo": 1}}, 400, 'Unknown name \\"generationConfig.foo'),
    (
        ":generateContent",
        CONTENTS,
        {"generation_config": {"max_output_tokens": 5, "foo": 1}},
        400,
        "generation_config.foo",
    ),
    (":generateContent", CONTENTS, {"generationConfig": {"topP": 2}}, 400, "generationConfig.topP"),
    (":embedContent", {"content": {}, "taskType": "X"}, {"foo": 1}, 400, 'Unknown name \\"foo'),
    (":countTokens", CONTENTS, {"foo": 1}, 400, 'Unknown name \\"foo'),
    (f"{PUBLISHED}/google/models/m:predict", {"instances": []}, {"instances": None}, 400, "instances"),
    (
        f"{PUBLISHED}/anthropic/models/m:rawPredict",
        {"anthropic_version": "v", "max_tokens": 5, **TALK},
        {"anthropic_version": None},
        400,
        "anthropic_version: Field required",
    ),
    (
        f"{PUBLISHED}/mistralai/models/m:rawPredict",
        {"model": "m", **TALK},
        {"model": None},
        422,
        "model: Field required",
    ),
    ("/v1/messages/count_tokens", {"model": "m", **TALK}, ROLELESS, 400, "messages.0.role: Field required"),
    ("/model/m/converse", NOVA, {"inferenceConfig": {"foo": 1}}, 400, "extraneous key [inferenceConfig.foo]"),
    ("/model/m/count-tokens", COUNTED, {"input": {"converse": {**NOVA, "foo": 1}}}, 400, "extraneous key [foo]"),
    (
        "/model/anthropic.claude-x/invoke",
        {"anthropic_version": "v", "max_tokens": 5, **TALK},
        {"max_tokens": None},
        400,
        BROKEN.format("max_tokens"),
    ),
    ("/model/amazon.nova-x/invoke", {"schemaVersion": "messages-v1", **NOVA}, {"foo": 1}, 400, EXTRA),
    ("/model/amazon.titan-text-x/invoke", {"inputText": "x"}, {"foo": 1}, 400, EXTRA),
    ("/model/meta.llama-x/invoke", {"prompt": "x"}, {"foo": 1}, 400, EXTRA),
    ("/v2/embed", {"model": "m", "input_type": "x", "texts": []}, {"input_type": None}, 422, "input_type is required"),
    ("/api/generate", {"model": "m", "prompt": "x"}, {"model": None}, 400, "model is required"),
    ("/generate", {"inputs": "x"}, {"inputs": None}, 422, "missing field `inputs`"),
    ("/endpoints/e/invocations", TALK, {"messages": []}, 400, "messages must not be empty"),
    ("/complete", {"model": "m", "prompt": []}, {"prompt": None}, 400, "prompt is required"),
    ("/v1/predictions", {"input": {}}, {"input": None}, 422, "- input is required"),
    ("/v1/flux-x", {"prompt": "x"}, {"prompt": None}, 422, "prompt: Field required"),
    ("/v1/text-to-speech/v", {"text": "x"}, {"text": None}, 422, "text: Field required"),
    ("/v1/speak", {"text": "x"}, {"text": None}, 400, "text is required"),
    ("/v1/rerank", {"model": "m", "query": "x", "documents": []}, {"query": None}, 400, "'query'"),
    ("/v1/multimodalembeddings", {"model": "m", "inputs": []}, {"inputs": None}, 400, "inputs is required"),
    ("/client/v4/accounts/a/ai/run/@cf/m", TALK, {"messages": []}, 400, "messages must not be empty"),
    (
        "/model/amazon.nova-2-multimodal-embeddings-v1:0/invoke",
        {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": {"text": {"value": "x"}}},
        {"foo": 1},
        400,
        EXTRA,
    ),
    ("/v1/responses/compact", {"model": "m", "input": "x"}, {"model": None}, 400, "'model'"),
    (
        f"{PUBLISHED}/anthropic/models/count-tokens:rawPredict",
        {"model": "m", **TALK},
        {"messages": None},
        400,
        "messages: Field required",
    ),
]


@pytest.mark.parametrize(("path", "body", "wrong", "code", "words"), VENDORS_REFUSALS)
def test_what_a_vendor_lacks_or_does_not_know_is_refused_in_its_words(
    path: str, body: dict[str, Any], wrong: dict[str, Any], code: int, words: str
) -> None:
    def sent(fields: dict[str, Any]) -> ScriptedReply:
        given = {name: value for name, value in fields.items() if value is not None}
        whole = f"/v1beta/models/m{path}" if path.startswith(":") else path
        return world(strict=Strictness()).respond(HTTPRequest("POST", whole, (), json.dumps(given).encode()))

    assert status(sent(body)) == 200, said(sent(body))
    refused = sent({**body, **wrong})
    assert status(refused) == code, said(refused)
    assert words in said(refused)


def test_bytes_that_are_no_json_are_refused_and_a_model_that_nobody_knows() -> None:
    simulator = world(strict=Strictness(), models={"m": SimulatedModel()})
    broken = simulator.respond(HTTPRequest("POST", CHAT, (), b'{"model": '))

    assert "could not parse the JSON body" in said(broken)
    assert status(asked(simulator)) == 200
    assert "`other` does not exist" in said(asked(simulator, model="other"))


def test_strictness_can_be_about_messages_only_and_take_a_vendors_own_fields() -> None:
    assert status(asked(world(strict=Strictness(parameters=False)), foo=1)) == 200
    assert status(asked(world(strict=Strictness(messages=False)), messages=[])) == 200
    assert status(asked(world(strict=Strictness(extra={"foo"})), foo=1)) == 200


DESCRIPTION: dict[str, Any] = {
    "openapi": "3.0.0",
    "paths": {
        "/chat/completions": {
            "post": {"requestBody": {"$ref": "#/components/requestBodies/Chat"}},
        },
        "/responses/{id}": {"get": {}},
    },
    "components": {
        "requestBodies": {"Chat": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Chat"}}}}},
        "schemas": {
            "Chat": {
                "type": "object",
                "required": ["model"],
                "properties": {
                    "model": {"type": "string", "nullable": True},
                    "temperature": {"type": "number", "maximum": 1},
                },
            }
        },
    },
}


def test_requests_are_checked_against_a_description(tmp_path: Any) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(DESCRIPTION))
    strict = Strictness(parameters=False, description=Description.load(path))
    refused = asked(world(strict=strict), temperature=1.5)

    assert status(refused) == 400
    assert "temperature: 1.5 is greater than the maximum of 1" in said(refused)
    assert status(asked(world(strict=strict), temperature=0.5)) == 200
    assert status(asked(world(strict=strict), model=None)) == 200  # it may be null
    assert status(asked(world(strict=strict), path="/v1/messages", max_tokens=1)) == 200  # which it does not have
    assert "Chat" not in repr(strict)


def test_a_file_that_is_no_description_says_so(tmp_path: Any) -> None:
    path = tmp_path / "openapi.yaml"
    path.write_text("a: 1")
    with pytest.raises(ValueError, match="no OpenAPI description"):
        Description.load(path)


def test_answers_can_be_made_up_by_a_seed() -> None:
    script = Generative(words=Normal(30, 10), thinking=0.5, calls=0.5, seed=3)
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    first, second = Simulator(script), Simulator(script)
    found = [said(asked(first, messages=[{"role": "user", "content": str(n)}], tools=[tool])) for n in range(30)]
    again = [said(asked(second, messages=[{"role": "user", "content": str(n)}], tools=[tool])) for n in range(30)]

    assert found == again
    assert 3 < sum("tool_calls" in text and '"f"' in text for text in found) < 27
    assert 3 < sum("reasoning_content" in text for text in found) < 27
    assert len({request.usage.completion_tokens for request in first.requests if request.usage}) > 5


def test_a_made_up_answer_gives_way_to_what_is_demanded() -> None:
    schema = {"type": "json_schema", "json_schema": {"schema": {"type": "array"}}}
    reply = json.loads(said(asked(Simulator(Generative()), response_format=schema)))

    assert isinstance(json.loads(reply["choices"][0]["message"]["content"]), list)
    assert OfferedTool("f").parameters == {}
