"""Streams that break in the middle: raised, begun anew or gone on with, and no text twice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from virtual import ask, assert_nothing_left, client_of, in_virtual_time, text_of

from trio_llm import (
    APIConnectionError,
    APIError,
    BadRequestError,
    ClientClosedError,
    Seam,
    Timeout,
    Timeouts,
    UnsupportedParamsError,
)
from trio_llm._runtime import trio
from trio_llm._types.folding import fold_chunks
from trio_llm.testing import (
    AtEvent,
    Disconnect,
    Failure,
    RecordedRequest,
    Reply,
    Simulator,
    ToolUse,
    run_in_virtual_time,
)

WORDS = ["one ", "two ", "three ", "four ", "five"]
TEXT = "".join(WORDS)
OPENAI, CLAUDE = "openai/gpt-4o", "anthropic/claude-sonnet-4-5"


def said(chunks: list[Any]) -> list[str | type[Seam]]:
    """Texts and seams, in order."""
    parts = [Seam if isinstance(chunk, Seam) else chunk.choices[0].delta.content for chunk in chunks]
    return [part for part in parts if part]


async def read(client: Any, chunks: list[Any], **params: Any) -> Any:
    """Read a stream into `chunks`, however it ends."""
    stream = await client.call(ask("x", stream=True, **params))
    async for chunk in stream:
        chunks.append(chunk)
    return stream.response


@in_virtual_time
async def test_a_broken_stream_begins_anew_after_a_seam_that_says_what_was_lost() -> None:
    simulator, chunks = Simulator([Reply(WORDS, cut_at=AtEvent(3)), Reply(WORDS)]), list[Any]()
    async with client_of(simulator, attempts=2) as client:
        response = await read(client, chunks, on_break="restart")
        assert_nothing_left(client, simulator)

    assert said(chunks) == ["one ", "two ", Seam, *WORDS]
    assert text_of(response) == text_of(fold_chunks(chunks)) == TEXT
    seam = next(chunk for chunk in chunks if isinstance(chunk, Seam))
    assert (seam.kind, text_of(seam.partial)) == ("restart", "one two ")
    assert "reset" in seam.cause
    assert seam.choices[0].delta.content is None
    assert seam.model_dump()["partial"]["choices"]
    assert response.usage is not None


@in_virtual_time
async def test_the_pumped_form_has_seams_as_well_and_other_models_may_follow() -> None:
    def act(request: RecordedRequest) -> Reply:
        return Reply(WORDS, error_at=4) if request.model == "gpt-4o" else Reply(["other"])

    simulator = Simulator(act)
    async with client_of(simulator) as client:
        messages = [{"role": "user", "content": "x"}]
        async with client.stream(OPENAI, messages, on_break="restart", fallbacks=[CLAUDE]) as stream:
            chunks = [chunk async for chunk in stream]
        assert_nothing_left(client, simulator)

    assert said(chunks)[-2:] == [Seam, "other"]
    assert text_of(stream.response) == "other"
    assert stream.response.model == "claude-sonnet-4-5"


@in_virtual_time
async def test_a_model_goes_on_where_it_broke_off() -> None:
    def act(request: RecordedRequest) -> Reply:
        begun = request.json["messages"][-1]
        if begun["role"] == "user":
            return Reply(WORDS, cut_at=AtEvent(4))
        return Reply([" ", *WORDS[2:]]) if "two" in str(begun) else Reply([" two ", *WORDS[2:]])

    simulator, chunks = Simulator(act), list[Any]()
    async with client_of(simulator, attempts=2) as client:
        response = await read(client, chunks, on_break="continue", model=CLAUDE)
        assert_nothing_left(client, simulator)

    assert text_of(response) == text_of(fold_chunks(chunks)) == TEXT
    assert [chunk.kind for chunk in chunks if isinstance(chunk, Seam)] == ["continue"]
    assert str(simulator.requests[1].json["messages"][-1]["content"]).rstrip("'}] ")[-3:] in ("one", "two")


@settings(max_examples=80)
@given(st.lists(st.integers(2, 9), max_size=3), st.sampled_from(["restart", "continue"]), st.integers(1, 5))
def test_a_fault_at_any_event_gives_the_whole_text_once_or_an_error_with_what_there_is(
    cuts: list[int], on_break: Any, attempts: int
) -> None:
    faults = iter(cuts)

    def act(request: RecordedRequest) -> Reply:
        last = request.json["messages"][-1]
        begun = ""
        if last["role"] == "assistant":
            content = last["content"]
            begun = content if isinstance(content, str) else content[0]["text"]
        assert begun == begun.rstrip()
        rest = [f"{word}" for word in TEXT[len(begun) :].replace(" ", " |").split("|") if word]
        cut = next(faults, None)
        # A cut beyond the last event is none.
        return Reply(rest, cut_at=None if cut is None or cut > len(rest) else AtEvent(cut))

    simulator, chunks = Simulator(act), list[Any]()

    async def run() -> Any:
        async with client_of(simulator, attempts=attempts) as client:
            try:
                return await read(client, chunks, on_break=on_break, model=CLAUDE)
            except APIError as error:
                return error
            finally:
                assert_nothing_left(client, simulator)

    result = run_in_virtual_time(run)
    seams = [chunk for chunk in chunks if isinstance(chunk, Seam)]
    assert len(simulator.requests) <= attempts
    assert len(seams) <= len(simulator.requests) - 1
    for place, chunk in enumerate(chunks):
        if isinstance(chunk, Seam):
            assert text_of(chunk.partial) == text_of(fold_chunks(chunks[:place]))
    if isinstance(result, APIError):
        assert len(simulator.requests) == attempts
        arrived = text_of(fold_chunks(chunks)) if chunks else ""
        assert TEXT.startswith(arrived)
        assert (text_of(result.partial) if chunks else "") == arrived
    else:
        assert text_of(result) == text_of(fold_chunks(chunks)) == TEXT


@in_virtual_time
async def test_attempts_are_counted_over_seams_and_the_last_error_has_the_text_so_far() -> None:
    simulator, chunks = Simulator(Reply(WORDS, cut_at=AtEvent(3), latency=1)), list[Any]()
    async with client_of(simulator, attempts=3) as client:
        with pytest.raises(APIConnectionError) as caught:
            await read(client, chunks, on_break="restart")
        assert_nothing_left(client, simulator)

    assert len(simulator.requests) == 3
    assert said(chunks) == ["one ", "two ", Seam, "one ", "two ", Seam, "one ", "two "]
    assert text_of(caught.value.partial) == "one two "


@in_virtual_time
async def test_seams_and_their_pauses_are_inside_the_deadline() -> None:
    simulator, chunks = Simulator(Reply(WORDS, cut_at=AtEvent(3), gap=1)), list[Any]()
    async with client_of(simulator, attempts=100) as client:
        began = trio.current_time()
        with pytest.raises(APIError):
            await read(client, chunks, on_break="restart", timeout=30)
        assert trio.current_time() - began <= 30
        assert_nothing_left(client, simulator)

    assert 3 <= len(simulator.requests) < 30


@in_virtual_time
async def test_a_stream_that_falls_silent_has_a_seam_too_and_its_new_one_the_same_limits() -> None:
    silent = Reply(WORDS, stall_at=AtEvent(3))
    simulator, chunks = Simulator([silent, Reply(WORDS, stall_at=AtEvent(0)), Reply(WORDS)]), list[Any]()
    async with client_of(simulator, attempts=3, timeouts=Timeouts(gap=2, first_content=5)) as client:
        began = trio.current_time()
        response = await read(client, chunks, on_break="restart")
        assert trio.current_time() - began == pytest.approx(2 + 0.5 + 5 + 1)

    assert text_of(response) == TEXT
    assert len(simulator.requests) == 3


@in_virtual_time
async def test_by_default_the_break_is_raised_and_nobody_is_asked_again() -> None:
    simulator, chunks = Simulator(Reply(WORDS, cut_at=AtEvent(3))), list[Any]()
    async with client_of(simulator, attempts=5) as client:
        with pytest.raises(APIConnectionError):
            await read(client, chunks, fallbacks=[CLAUDE])

    assert len(simulator.requests) == 1
    assert said(chunks) == ["one ", "two "]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "does not go on"),
        ({"model": "anthropic/claude-opus-4-6"}, "does not go on"),
        ({"model": CLAUDE, "fallbacks": [OPENAI]}, "does not go on"),
        ({"model": CLAUDE, "n": 2}, "only one answer"),
        ({"model": CLAUDE, "thinking": {"type": "enabled", "budget_tokens": 2000}}, "with thinking"),
    ],
)
@in_virtual_time
async def test_what_cannot_be_gone_on_with_is_refused_before_anything_is_sent(params: Any, words: str) -> None:
    simulator = Simulator()
    async with client_of(simulator) as client:
        with pytest.raises(BadRequestError, match=words):
            await read(client, [], on_break="continue", **params)
        assert_nothing_left(client, simulator)

    assert simulator.requests == []


@in_virtual_time
async def test_an_answer_with_tool_calls_is_not_gone_on_with() -> None:
    reply = Reply(["Let me see. "], tool_calls=[ToolUse("look", {"at": "this"})], error_at=6)
    simulator, chunks = Simulator(reply), list[Any]()
    async with client_of(simulator, attempts=3) as client:
        with pytest.raises(APIError) as caught:
            await read(client, chunks, on_break="continue", model=CLAUDE)

    assert caught.value.partial is not None
    assert caught.value.partial.choices[0].message.tool_calls
    assert len(simulator.requests) == 1


@in_virtual_time
async def test_a_word_that_is_no_policy_is_refused() -> None:
    with pytest.raises(UnsupportedParamsError, match="raise, restart, continue"):
        ask("x", on_break="retry")


@in_virtual_time
async def test_a_stream_that_cannot_be_opened_again_raises_why_with_what_had_arrived() -> None:
    simulator, chunks = (
        Simulator([Reply(WORDS, cut_at=AtEvent(3)), Failure(404, "gone"), *2 * [Disconnect()]]),
        list[Any](),
    )
    async with client_of(simulator, attempts=2) as client:
        with pytest.raises(APIConnectionError) as caught:
            await read(client, chunks, on_break="restart", fallbacks=[CLAUDE])
        assert_nothing_left(client, simulator)

    assert text_of(caught.value.partial) == "one two "
    assert [error.status_code for error in caught.value.earlier] == [404]


@in_virtual_time
async def test_a_client_that_closes_ends_it_and_no_one_is_asked_again() -> None:
    simulator, chunks = Simulator(Reply(WORDS, gap=10)), list[Any]()
    client = client_of(simulator, attempts=9)
    async with trio.open_nursery() as nursery:

        async def reader() -> None:
            with pytest.raises(ClientClosedError) as caught:
                await read(client, chunks, on_break="restart", fallbacks=[CLAUDE])
            assert caught.value.partial is not None

        nursery.start_soon(reader)
        await trio.sleep(25)
        await client.aclose()

    assert len(simulator.requests) == 1
    assert issubclass(Timeout, APIError)


@in_virtual_time
async def test_after_two_seams_what_was_lost_is_all_that_had_arrived() -> None:
    def act(request: RecordedRequest) -> Reply:
        if len(simulator.requests) == 1:
            return Reply(WORDS, cut_at=AtEvent(5))
        return Reply([" three ", "four ", "five"], cut_at=AtEvent(5) if len(simulator.requests) == 2 else None)

    simulator = Simulator(act)
    chunks: list[Any] = []
    async with client_of(simulator, attempts=3) as client:
        await read(client, chunks, on_break="continue", model=CLAUDE)

    lost = [text_of(chunk.partial) for chunk in chunks if isinstance(chunk, Seam)]
    assert len(lost) == 2
    assert len(lost[0]) < len(lost[1])
    assert lost[1].startswith(lost[0])


@pytest.mark.parametrize(("rest", "text"), [([""], "one two "), ([" "], "one two "), (["  three"], "one two  three")])
@in_virtual_time
async def test_white_space_is_not_said_twice_and_nothing_may_follow_it(rest: list[str], text: str) -> None:
    simulator, chunks = Simulator([Reply(["one ", "two ", "lost"], cut_at=AtEvent(4)), Reply(rest)]), list[Any]()
    async with client_of(simulator, attempts=2) as client:
        response = await read(client, chunks, on_break="continue", model=CLAUDE)

    assert said(chunks)[:3] == ["one ", "two ", Seam]
    assert text_of(response) == text
