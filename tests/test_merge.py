"""Merged streams: each source in order, back-pressure down to the socket, a stated policy for failures."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from virtual import GONE, ask, assert_nothing_left, client_of, ends, in_virtual_time, request_named, text_of

from trio_llm import APIConnectionError, EmbeddingRequest, ModelResponseStream, Timeouts
from trio_llm._runtime import trio
from trio_llm.testing import AtEvent, Reply, Simulator, run_in_virtual_time

WORDS = [f"{number} " for number in range(12)]


def said(chunk: ModelResponseStream) -> str:
    return chunk.choices[0].delta.content or ""


async def numbers(count: int) -> AsyncIterator[int]:  # noqa: ASYNC900 - what users write
    for number in range(count):
        await trio.sleep(1)
        yield number


@in_virtual_time
async def test_every_kind_of_source_is_read_in_its_order() -> None:
    simulator = Simulator(Reply(WORDS, gap=1))
    async with client_of(simulator) as client:
        opened = await client.completion("openai/gpt-4o", [{"role": "user", "content": "open"}], stream=True)
        streamed = partial(client.completion, "openai/gpt-4o", [{"role": "user", "content": "function"}], stream=True)

        async def value() -> str:
            return "value"

        sources: dict[str, Any] = {
            "request": ask("request"),
            "stream": opened,
            "function": streamed,
            "value": value,
            "vectors": EmbeddingRequest("openai/text-embedding-3-small", "x"),
            "numbers": numbers(3),
        }
        seen: dict[str, list[Any]] = {name: [] for name in sources}
        async with client.merge(sources) as events:
            async for name, event in events:
                seen[name].append(event)
            responses = events.responses
        assert_nothing_left(client, simulator)

    for name in ("request", "stream", "function"):
        assert "".join(map(said, seen[name])) == "".join(WORDS) == text_of(responses[name])
        assert responses[name].usage is not None
    assert seen["value"] == ["value"]
    assert len(seen["vectors"][0].data) == 1
    assert seen["numbers"] == [0, 1, 2]


@in_virtual_time
async def test_sources_are_read_at_the_same_time() -> None:
    simulator = Simulator(Reply(WORDS, gap=1))
    async with client_of(simulator) as client, client.merge({"a": ask("a"), "b": ask("b")}) as events:
        began = trio.current_time()
        names = [name async for name, _ in events]
        assert trio.current_time() - began < 1.5 * len(WORDS)

    assert names.count("a") == names.count("b")
    assert names != sorted(names)


@settings(max_examples=30)
@given(st.integers(0, 5), st.lists(st.sampled_from([0.0, 0.5, 30.0]), min_size=24, max_size=24))
def test_a_slow_reader_stops_the_sources(buffer: int, pauses: list[float]) -> None:
    simulator = Simulator(lambda request: Reply([f"{request.text}{word}" for word in WORDS], gap=0.1))

    async def run() -> None:
        seen: dict[str, str] = {"a": "", "b": ""}
        count = 0
        async with client_of(simulator, timeouts=Timeouts(total=None)) as client:
            async with client.merge({"a": ask("a"), "b": ask("b")}, buffer=buffer) as events:
                async for name, chunk in events:
                    seen[name] += said(chunk)
                    await trio.sleep(pauses[count % len(pauses)])
                    count += 1
                    sent = sum(request.tokens_sent for request in simulator.requests)
                    read = sum(len(text.split()) for text in seen.values())
                    # Beside the buffer, each source may hold one chunk that it has read and cannot hand over.
                    assert sent - read <= buffer + 2 + 2
            assert_nothing_left(client, simulator)
        for name, text in seen.items():
            assert text == "".join(f"{name}{word}" for word in WORDS)

    run_in_virtual_time(run)


@in_virtual_time
async def test_leaving_the_block_ends_all_sources() -> None:
    simulator = Simulator(Reply(WORDS, gap=1))
    async with client_of(simulator) as client:
        with pytest.raises(ZeroDivisionError):
            async with client.merge({"a": ask("a"), "b": ask("b")}) as events:
                async for _ in events:
                    raise ZeroDivisionError
        assert_nothing_left(client, simulator)

    assert set(ends(simulator).values()) == {GONE}


def breaking() -> Simulator:
    """`bad` breaks after two words, at the third second; `good` goes on."""
    return Simulator(
        lambda request: Reply(WORDS, gap=1, cut_at=AtEvent(3)) if request.text == "bad" else Reply(WORDS, gap=1)
    )


@in_virtual_time
async def test_a_failure_ends_the_others_at_once_and_is_raised_bare_after_what_had_arrived() -> None:
    simulator = breaking()
    async with client_of(simulator) as client:
        text = ""
        with pytest.raises(APIConnectionError) as caught:
            async with client.merge({"bad": ask("bad"), "good": ask("good")}) as events:
                async for name, chunk in events:
                    text += said(chunk) if name == "bad" else ""
        assert_nothing_left(client, simulator)

    assert text == text_of(caught.value.partial) != ""
    good = request_named(simulator, "good")
    bad = request_named(simulator, "bad")
    assert good.outcome is GONE
    assert good.ended == bad.ended


@in_virtual_time
async def test_a_failure_is_noted_and_the_others_go_on_where_that_is_asked_for() -> None:
    simulator = breaking()

    async def broken() -> None:
        raise KeyError("mine")

    async with client_of(simulator) as client:
        sources: dict[str, Any] = {"bad": ask("bad"), "good": ask("good"), "broken": broken}
        async with client.merge(sources, on_failure="drop") as events:
            text = "".join([said(chunk) async for name, chunk in events if name == "good"])
        assert_nothing_left(client, simulator)

    assert text == "".join(WORDS)
    assert {name: type(error) for name, error in events.failures.items()} == {
        "bad": APIConnectionError,
        "broken": KeyError,
    }


@pytest.mark.parametrize(("options", "words"), [({"buffer": -1}, "buffer"), ({"on_failure": "x"}, "on_failure")])
@in_virtual_time
async def test_options_that_make_no_sense_are_refused(options: dict[str, Any], words: str) -> None:
    async with client_of(Simulator()) as client:
        with pytest.raises(ValueError, match=words):
            async with client.merge({"a": ask("a")}, **options):
                pytest.fail("the block must not begin")
        with pytest.raises(TypeError):
            async with client.merge({"a": "text"}):  # type: ignore[dict-item]
                pytest.fail("the block must not begin")


@in_virtual_time
async def test_a_merge_of_nothing_is_empty_and_endless_ones_end_with_the_block() -> None:
    async with client_of(Simulator(Reply(latency=math.inf))) as client:
        async with client.merge({}) as events:
            assert [event async for event in events] == []
        with trio.move_on_after(5):
            async with client.merge({"silent": ask("x")}) as events:
                async for _ in events:
                    pytest.fail("there is nothing to read")
