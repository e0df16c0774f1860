"""Cassettes: what was recorded is played with its times; no secret is in the file; what is stale says why."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from virtual import in_virtual_time, text_of

from trio_llm import APIConnectionError, BadRequestError, Client, RateLimitError, RetryPolicy, Timeout
from trio_llm._runtime import trio
from trio_llm.testing import (
    AtEvent,
    Delivery,
    Disconnect,
    Failure,
    FaultPlan,
    RawReply,
    Reply,
    Script,
    Simulator,
    StaleCassetteError,
    StepOptions,
    cancel_at_every_step,
    record,
    replay,
    run_in_virtual_time,
)
from trio_llm.testing._cassettes._cleaning import Cleaner
from trio_llm.testing._cassettes._matching import differences
from trio_llm.transport import Transport

HI = [{"role": "user", "content": "Hi there"}]
ONCE = RetryPolicy(attempts=1)
BRIEF = Reply("a", latency=0.5, gap=0.1)


@pytest.fixture
def cassette(tmp_path: Path) -> Path:
    return tmp_path / "chat.jsonl"


def both(cassette: Path, script: Script, **options: Any) -> Iterator[Any]:
    """First a recorder, and when it has been used, a player of what it wrote."""
    yield record(cassette, Simulator(script))
    yield replay(cassette, **options)


def replies_in(cassette: Path) -> list[Any]:
    return [json.loads(line)["reply"] for line in cassette.read_text().splitlines()[1:]]


async def heard(transport: Transport) -> list[tuple[float, str]]:
    """What a program hears, and when."""
    events = [(trio.current_time(), "begun")]
    async with Client(
        transport=transport, variables={"OPENAI_API_KEY": "k" * 30, "ANTHROPIC_API_KEY": "a" * 30}
    ) as client:
        for model in ("openai/gpt-4o", "anthropic/claude"):
            events.append((trio.current_time(), text_of(await client.completion(model, HI))))
            async with client.stream(model, HI) as stream:
                async for chunk in stream:
                    events.append((trio.current_time(), chunk.choices[0].delta.content or ""))
            events.append((trio.current_time(), repr({**stream.response.model_dump(), "created": 0})))
    return events


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_a_replay_in_recorded_time_is_heard_as_the_recording_was(backend: Any, cassette: Path) -> None:
    slow = Simulator(Reply(["a ", "b ", "c"], latency=3, gap=0.25))
    recorded = run_in_virtual_time(heard, record(cassette, slow), backend=backend)
    replayed = run_in_virtual_time(heard, replay(cassette, speed="recorded"), backend=backend)
    at_once = run_in_virtual_time(heard, replay(cassette), backend=backend)

    assert [text for _, text in replayed] == [text for _, text in recorded]
    assert [at for at, _ in replayed] == pytest.approx([at for at, _ in recorded])
    assert recorded[-1][0] > 12
    assert [text for _, text in at_once] == [text for _, text in recorded]
    assert at_once[-1][0] == at_once[0][0]


@in_virtual_time
async def test_failures_and_retries_are_replayed(cassette: Path) -> None:
    script: Script = [Failure(429, "slow down", retry_after=2), Disconnect(latency=1), Reply("at last")]
    for transport in both(cassette, script, speed="recorded"):
        began = trio.current_time()
        async with Client(transport=transport, retry=RetryPolicy(attempts=3, jitter=0)) as client:
            assert text_of(await client.completion("openai/gpt-4o", HI)) == "at last"
        assert trio.current_time() - began == pytest.approx(2 + 1 + 1, abs=1.5)
    assert not transport.unplayed


@in_virtual_time
async def test_what_a_program_left_it_leaves_again(cassette: Path) -> None:
    for transport in both(cassette, Reply(latency=math.inf)):
        async with Client(transport=transport, retry=ONCE) as client:
            with pytest.raises(Timeout):
                await client.completion("openai/gpt-4o", HI, timeout=5)
    assert replies_in(cassette) == [{"after": 5.0, "ending": "left"}]


@in_virtual_time
async def test_a_reply_that_broke_breaks_again(cassette: Path) -> None:
    for transport in both(cassette, Reply("a b c", cut_at=AtEvent(2))):
        async with Client(transport=transport, retry=ONCE) as client:
            with pytest.raises(APIConnectionError) as caught:
                async with client.stream("openai/gpt-4o", HI) as stream:
                    [_ async for _ in stream]
        assert text_of(caught.value.partial) == "a "


KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"
HIDDEN = "organisation 4711 of ours"


async def ask_with_secrets(transport: Transport) -> None:
    async with Client(transport=transport, variables={"OPENAI_API_KEY": KEY, "GEMINI_API_KEY": KEY[::-1]}) as client:
        await client.completion("openai/gpt-4o", [{"role": "user", "content": f"my key is {KEY}"}])
        await client.completion("gemini/gemini-2", [{"role": "user", "content": f"{HIDDEN} {KEY[::-1]}"}])
        await client.completion("openai/gpt-4o", HI)


def test_no_secret_is_in_the_file(cassette: Path) -> None:
    quoted = json.dumps({"echo": KEY, "access_token": "opaque-value-4711", "id": "x"}).encode()
    pieces = [quoted[at : at + 5] for at in range(0, len(quoted), 5)]  # no piece has enough of it to be noticed
    other = b'{"choices": [{"message": {"content": "AKIAABCDEFGHIJKLMNOP"}}], "note": "%b"}' % base64.b64encode(
        KEY.encode()
    )
    script: Script = [
        Reply(),
        Reply(),
        RawReply(other, headers={"set-cookie": "session=4711-4711-4711", "x-echo": KEY}),
    ]
    run_in_virtual_time(ask_with_secrets, record(cassette, Simulator(script), hide=[HIDDEN]))
    written = cassette.read_text()

    for secret in (
        KEY,
        KEY[::-1],
        HIDDEN,
        "4711-4711",
        "AKIAABCDEFGHIJKLMNOP",
        base64.b64encode(KEY.encode()).decode(),
    ):
        assert secret not in written
    assert written.count("my key is ***") == 2  # asked, and echoed
    cleaned = Cleaner([KEY]).pieces(pieces)
    assert len(cleaned) == len(pieces)
    assert json.loads(b"".join(cleaned)) == {"echo": "***", "access_token": "***", "id": "x"}


def test_another_key_replays_the_recording_of_the_first(cassette: Path) -> None:
    run_in_virtual_time(ask_with_secrets, record(cassette, Simulator(), hide=[HIDDEN]))
    recorded = cassette.read_text()

    async def with_another_key() -> None:
        async with Client(transport=player, variables={"OPENAI_API_KEY": "another-" + KEY}) as client:
            await client.completion("openai/gpt-4o", [{"role": "user", "content": f"my key is another-{KEY}"}])

    player = replay(cassette)
    run_in_virtual_time(with_another_key)
    assert len(player.unplayed) == 2
    assert cassette.read_text() == recorded


@given(key=st.text(st.sampled_from("abcdefXYZ0189-_"), min_size=12, max_size=30), data=st.data())
def test_a_secret_is_found_however_it_is_cut(key: str, data: st.DataObject) -> None:
    text = f"before {key} after".encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    assert b"".join(Cleaner([key]).pieces(pieces)) == b"before *** after"


@in_virtual_time
async def test_faults_are_grafted_onto_a_replay(cassette: Path) -> None:
    async with Client(transport=record(cassette, Simulator(Reply("one two three", gap=1)))) as client:
        async with client.stream("openai/gpt-4o", HI) as stream:
            [_ async for _ in stream]

    async def said(fault: Any, *, attempts: int = 1) -> str:
        player = replay(cassette, faults=FaultPlan([fault]), repeat=True)
        async with Client(transport=player, retry=RetryPolicy(attempts=attempts)) as client:
            async with client.stream("openai/gpt-4o", HI) as stream:
                [_ async for _ in stream]
        return text_of(stream.response)

    with pytest.raises(APIConnectionError) as caught:
        await said(Delivery(cut_at=AtEvent(3)))
    assert text_of(caught.value.partial) == "one two "
    with pytest.raises(RateLimitError, match="no more"):
        await said(Failure(429, "no more"))
    assert await said(Failure(429, "no more"), attempts=2) == "one two three"
    began = trio.current_time()
    assert await said(Delivery(split=3, keep_alives=2, latency=7)) == "one two three"
    assert trio.current_time() - began == pytest.approx(7)
    assert await said(Delivery(gap=2)) == "one two three"
    with pytest.raises(Exception, match=r"JSON|malformed|answer"):
        await said(Delivery(garble_at=1))


@in_virtual_time
async def test_faults_of_a_time_are_grafted_then_and_line_ends_of_unicode_end_no_line(cassette: Path) -> None:
    odd = [{"role": "user", "content": "one\u2028two\x85three"}]
    async with Client(transport=record(cassette, Simulator())) as client:
        await client.completion("openai/gpt-4o", odd)
    began = trio.current_time()
    player = replay(cassette, repeat=True, faults=FaultPlan.between(began + 10, began + 20, Failure(400, "not now")))
    async with Client(transport=player, retry=ONCE) as client:
        assert text_of(await client.completion("openai/gpt-4o", odd)) == "echo: one\u2028two\x85three"
        await trio.sleep(15)
        with pytest.raises(BadRequestError, match="not now"):
            await client.completion("openai/gpt-4o", odd)
        await trio.sleep(15)
        await client.completion("openai/gpt-4o", odd)


@in_virtual_time
async def test_a_stale_cassette_says_what_changed(cassette: Path) -> None:
    async with Client(transport=record(cassette, Simulator())) as client:
        await client.completion("openai/gpt-4o", HI, temperature=0.5)
        await client.embedding("openai/embedder", ["a text"])
    player = replay(cassette)
    async with Client(transport=player) as client:
        with pytest.raises(StaleCassetteError) as caught:
            await client.completion("openai/gpt-4o", [{"role": "user", "content": "Hello"}], temperature=1, seed=3)
        assert caught.value.differences == (
            'messages[0].content: recorded "Hi there", asked "Hello"',
            "temperature: recorded 0.5, asked 1",
            "seed: not recorded, asked 3",
        )
        assert "the nearest one differs in\n  messages[0].content" in str(caught.value)
        await client.completion("openai/gpt-4o", HI, temperature=0.5)
        with pytest.raises(StaleCassetteError, match="was recorded once and is asked once more"):
            await client.completion("openai/gpt-4o", HI, temperature=0.5)
    assert player.unplayed == ["POST /v1/embeddings"]


@in_virtual_time
async def test_the_same_question_to_two_hosts_gets_two_answers(cassette: Path) -> None:
    hosts = {"OPENAI_BASE_URL": "https://one.example/v1", "GROQ_BASE_URL": "https://two.example/v1"}
    keys = {"OPENAI_API_KEY": "k", "GROQ_API_KEY": "k"}
    script = [Reply("from one"), Reply("from two")]
    async with Client(transport=record(cassette, Simulator(script)), variables=hosts | keys) as client:
        await client.completion("openai/m", HI)
        await client.completion("groq/m", HI)
    async with Client(transport=replay(cassette), variables=hosts | keys) as client:
        assert text_of(await client.completion("groq/m", HI)) == "from two"
        assert text_of(await client.completion("openai/m", HI)) == "from one"
        with pytest.raises(StaleCassetteError):
            await client.completion("openai/m", HI)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
)


@settings(max_examples=50)
@given(one=JSON_VALUES, other=JSON_VALUES)
def test_there_are_differences_if_and_only_if_values_differ(one: Any, other: Any) -> None:
    assert bool([*differences(one, other)]) is (json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True))


VCR = """\
interactions:
- request:
    body: '{"messages": [{"content": "Hi there", "role": "user"}], "model": "gpt-4o"}'
    headers: {accept: [application/json], authorization: [Bearer sk-12345678901234567890]}
    method: POST
    uri: https://api.openai.com/v1/chat/completions
  response:
    body: {string: !!binary %s}
    headers: {Content-Type: [application/json], Content-Encoding: [gzip]}
    status: {code: 200, message: OK}
version: 1
"""


@in_virtual_time
async def test_a_cassette_of_vcr_py_is_read(tmp_path: Path) -> None:
    import gzip

    answer = {
        "id": "1",
        "model": "gpt-4o",
        "choices": [{"index": 0, "message": {"content": "from VCR"}, "finish_reason": "stop"}],
    }
    packed = base64.b64encode(gzip.compress(json.dumps(answer).encode())).decode()
    path = tmp_path / "old.yaml"
    path.write_text(VCR % packed)
    async with Client(transport=replay(path)) as client:
        assert text_of(await client.completion("openai/gpt-4o", HI)) == "from VCR"


@pytest.mark.parametrize(
    "text", ["", "nonsense: [", "{}", '{"trio_llm_cassette": 2}\n', '{"trio_llm_cassette": 1}\n{}\n']
)
def test_what_is_no_cassette_is_refused(text: str, cassette: Path) -> None:
    cassette.write_text(text)
    with pytest.raises(ValueError, match=r"cassette|recorded|YAML"):
        replay(cassette)


def test_a_speed_is_one_of_two(cassette: Path) -> None:
    with pytest.raises(ValueError, match="speed is 0 or 'recorded'"):
        replay(cassette, speed=2)  # type: ignore[arg-type]


def test_neither_recording_nor_replaying_leaves_anything_wherever_it_is_cancelled(cassette: Path) -> None:
    def transports() -> Iterator[Transport]:
        while True:
            yield record(cassette, Simulator(BRIEF))

    async def scenario(client: Client) -> None:
        async with client.stream("openai/any", HI) as stream:
            [_ async for _ in stream]

    recorders = transports()
    cancel_at_every_step(scenario, open_context=lambda: Client(transport=next(recorders)))
    run_in_virtual_time(scenario_of(scenario, record(cassette, Simulator(BRIEF))))
    cancel_at_every_step(
        scenario,
        open_context=lambda: Client(transport=replay(cassette, speed="recorded", repeat=True)),
        after=scenario,
        options=StepOptions(backends=("trio",)),
    )


def scenario_of(scenario: Any, transport: Transport) -> Any:
    async def run() -> None:
        async with Client(transport=transport) as client:
            await scenario(client)

    return run
