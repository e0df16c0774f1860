"""A stream's first words do not wait for all that came with them to be decoded."""

from __future__ import annotations

import json

import pytest
from exchanges import OPENERS, POST
from hypothesis import given, strategies as st
from scripted_server import answering, reply, serving

from trio_llm import Client
from trio_llm._runtime import trio
from trio_llm._transport.opening import FEW_EVENTS, split_opening
from trio_llm._transport.tls import default_context
from trio_llm._types.http import ReplyHead

pytestmark = pytest.mark.anyio

ASK = [{"role": "user", "content": "hi"}]
WORDS = [f"word {number} " for number in range(100)]


def event(word: str, finish: str | None = None) -> bytes:
    """One event of a stream of chat."""
    choice = {"index": 0, "delta": {"content": word}, "finish_reason": finish}
    return b"data: %b\n\n" % json.dumps({"id": "c", "model": "m", "choices": [choice]}).encode()


STREAM = b"".join(map(event, WORDS)) + event("", "stop") + b"data: [DONE]\n\n"
WHOLE = reply(STREAM, b"content-type: text/event-stream")


@pytest.mark.parametrize("kind", OPENERS)
async def test_of_streams_that_came_whole_each_first_event_comes_before_any_rest(kind: str) -> None:
    """Ten streams, each with its reader; nothing but the package lets the readers take turns."""
    order: list[str] = []
    waiting = 10
    with serving(answering(WHOLE)) as server, trio.fail_after(20):
        transport, all_here = OPENERS[kind](default_context()), trio.Event()

        async def read() -> None:
            nonlocal waiting
            received = await transport.send(server.origin, POST)
            waiting -= 1
            if waiting == 0:
                all_here.set()
            await all_here.wait()
            pieces: list[bytes] = []
            while piece := await received.read():
                order.append("first" if not pieces else "later")
                pieces.append(piece)
            assert b"".join(pieces) == STREAM
            assert FEW_EVENTS <= len(pieces[0]) < FEW_EVENTS + 200
            assert pieces[0].endswith(b"\n\n")
            await received.aclose()

        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(read)
        await transport.aclose()
    assert order[:10] == ["first"] * 10


async def test_the_first_words_are_handed_over_with_few_others() -> None:
    with serving(answering(WHOLE)) as server:
        async with Client(variables={}) as client:
            stream = await client.completion("openai/m", ASK, stream=True, api_base=str(server.origin), api_key="k")
            first = await stream.next_batch()
            rest = [chunk async for chunk in stream]
    assert 1 <= len(first) < 20
    assert [chunk.choices[0].delta.content or "" for chunk in (*first, *rest) if chunk.choices][:100] == WORDS


async def test_a_beginning_that_was_read_does_not_keep_a_whole_reply_from_being_taken() -> None:
    with serving(answering(WHOLE)) as server:
        transport = OPENERS["native"](default_context())
        received = await transport.send(server.origin, POST)
        first = await received.read()
        rest = received.finish_nowait()
        assert rest is None or first + rest == STREAM
        await received.aclose()
        await transport.aclose()


async def test_a_rest_is_not_read_once_the_reply_is_closed() -> None:
    for kind in OPENERS:
        with serving(answering(WHOLE)) as server:
            transport = OPENERS[kind](default_context())
            received = await transport.send(server.origin, POST)
            await received.read()
            await received.aclose()
            with pytest.raises(Exception, match="closed"):
                await received.read()
            await transport.aclose()


pieces = st.lists(st.sampled_from([b"data: x\n\n", b"data: y\r\n\r\n", b"x" * 700, b"\n"])).map(b"".join)


@given(
    piece=pieces, kind=st.sampled_from(["text/event-stream", "Text/Event-Stream; charset=utf-8", "application/json"])
)
def test_a_beginning_and_its_rest_are_the_piece(piece: bytes, kind: str) -> None:
    first, rest = split_opening(ReplyHead(200, {"content-type": kind}), piece)

    assert first + rest == piece
    assert not rest or (len(first) >= FEW_EVENTS and first.endswith((b"\n\n", b"\r\n\r\n")) and "json" not in kind)
