"""How far a reply is read, and that it is closed: for its connection to be used again where that costs nothing."""

from __future__ import annotations

import json
import math
from typing import Any

import attrs
import pytest
from virtual import KEYS, ask, in_virtual_time, text_of

from trio_llm import APIConnectionError, APIError, Client, NotFoundError, RetryPolicy
from trio_llm._runtime import trio
from trio_llm.testing import run_in_virtual_time
from trio_llm.transport import HTTPRequest, Origin, Reply, ReplyHead, TransportError, TransportStatistics

STREAM = {"content-type": "text/event-stream"}
CHUNK = b'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\n'
DONE = b"data: [DONE]\n\n"
WHOLE = json.dumps({"choices": [{"index": 0, "message": {"content": "hi"}, "finish_reason": "stop"}]}).encode()


@attrs.define
class Pieces:
    """A reply: its body comes in pieces, each after some seconds, or breaks at an error."""

    pieces: list[Any]
    status: int = 200
    headers: dict[str, str] = attrs.field(factory=lambda: dict(STREAM))
    reads: int = 0
    is_closed: bool = False

    @property
    def head(self) -> ReplyHead:
        return ReplyHead(self.status, self.headers)

    def finish_nowait(self) -> bytes | None:
        return None

    async def read(self) -> bytes:
        assert not self.is_closed
        await trio.lowlevel.checkpoint()
        piece = self.pieces[self.reads] if self.reads < len(self.pieces) else b""
        if isinstance(piece, float):
            await trio.sleep(piece)
            piece = b": still here\n\n"
        self.reads += 1
        if isinstance(piece, Exception):
            raise piece
        assert isinstance(piece, bytes)
        return piece

    async def aclose(self) -> None:
        self.is_closed = True


@attrs.define
class Giving:
    """A transport that gives one reply."""

    reply: Pieces

    async def send(self, origin: Origin, request: HTTPRequest) -> Reply:
        await trio.lowlevel.checkpoint()
        return self.reply

    def statistics(self) -> TransportStatistics:
        return TransportStatistics(active=0, idle=0, waiting=0)

    async def aclose(self) -> None:
        pass


def giving(reply: Pieces) -> Client:
    return Client(transport=Giving(reply), variables=KEYS, retry=RetryPolicy(attempts=1))


async def read(reply: Pieces) -> str:
    """What a stream says, read to its end; its reply is closed by then."""
    async with giving(reply) as client:
        stream = await client.call(ask("x", stream=True))
        chunks = [chunk async for chunk in stream]
        assert reply.is_closed
        (account,) = client.statistics().accounts.values()
        assert account.in_flight == 0
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


@pytest.mark.parametrize(
    ("pieces", "reads", "seconds"),
    [
        ([CHUNK, DONE], 3, 0),
        ([CHUNK + DONE, b": bye\n\n", b": bye\n\n"], 4, 0),
        ([CHUNK + DONE, 0.2], 3, 0.2),
        ([CHUNK + DONE, 0.2, 0.2], 2, 0.25),
        ([CHUNK + DONE, math.inf], 1, 0.25),
        ([CHUNK + DONE, TransportError("reset")], 2, 0),
        ([CHUNK], 2, 0),
        ([CHUNK, TransportError("reset")], 2, 0),
    ],
    ids=["end", "more", "late end", "too late an end", "no end", "break", "no last word", "break before the last word"],
)
@in_virtual_time
async def test_what_follows_the_last_event_is_read_for_a_quarter_of_a_second(
    pieces: list[Any], reads: int, seconds: float
) -> None:
    reply, began = Pieces(pieces), trio.current_time()

    assert await read(reply) == "hi"
    assert trio.current_time() - began == pytest.approx(seconds)
    assert reply.reads == reads


@in_virtual_time
async def test_a_reader_that_leaves_does_not_wait_for_the_rest() -> None:
    reply = Pieces([CHUNK, math.inf])
    async with giving(reply) as client:
        began = trio.current_time()
        async with await client.call(ask("x", stream=True)) as stream:
            await anext(stream)
        assert (reply.is_closed, reply.reads, trio.current_time()) == (True, 1, began)


@in_virtual_time
async def test_a_whole_reply_to_a_stream_is_read_to_its_end_and_is_one_chunk() -> None:
    reply = Pieces([b"\xef\xbb\xbf \n" + WHOLE[:9], WHOLE[9:20], WHOLE[20:]])

    assert await read(reply) == "hi"
    assert reply.reads == 4


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("status", "is_error"), [(200, False), (299, False), (300, True), (404, True), (599, True)])
def test_a_status_of_300_and_more_is_an_error_whatever_the_body_says(status: int, is_error: bool, stream: bool) -> None:
    reply = Pieces([WHOLE], status, {"content-type": "application/json"})

    async def scenario() -> None:
        async with giving(reply) as client:
            answer = await client.call(ask("x", stream=stream))
            assert [chunk async for chunk in answer] if stream else text_of(answer) == "hi"

    if is_error:
        with pytest.raises(APIError) as caught:
            run_in_virtual_time(scenario)
        assert caught.value.status_code == status
    else:
        run_in_virtual_time(scenario)
    assert reply.is_closed


@pytest.mark.parametrize(
    ("status", "should_retry", "wait"), [(200, None, None), (299, None, None), (300, False, 7), (500, False, 7)]
)
@in_virtual_time
async def test_headers_say_whether_and_when_to_try_again_where_the_status_is_an_error(
    status: int, should_retry: bool | None, wait: float | None
) -> None:
    """Beside a status that is none they were meant for the answer that has become an error."""
    headers = {"content-type": "application/json", "x-should-retry": "false", "retry-after": "7"}
    reply = Pieces([b'{"error": {"message": "broken", "code": 500}}'], status, headers)
    async with giving(reply) as client:
        with pytest.raises(APIError, match="broken") as caught:
            await client.call(ask("x"))

    assert (caught.value.should_retry, caught.value.retry_after) == (should_retry, wait)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [300, 404])
@pytest.mark.parametrize(
    ("rest", "seconds"), [([b" all"], 0), ([TransportError("reset")], 0), ([4.9], 4.9), ([math.inf], 5)]
)
def test_an_error_is_told_by_what_comes_of_it_in_five_seconds(
    rest: list[Any], seconds: float, status: int, stream: bool
) -> None:
    reply = Pieces([b'{"error": {"message": "no such model"}}', *rest], status, {"content-type": "application/json"})

    async def scenario() -> None:
        async with giving(reply) as client:
            began = trio.current_time()
            with pytest.raises(APIError, match="no such model") as caught:
                await client.call(ask("x", stream=stream))
            assert caught.value.status_code == status
            assert trio.current_time() - began == pytest.approx(seconds)

    run_in_virtual_time(scenario)
    assert reply.is_closed


@in_virtual_time
async def test_no_more_of_an_error_is_read_than_says_something() -> None:
    reply = Pieces([b" " * (1 << 20), b"x", b"y", b"z"], 404)
    async with giving(reply) as client:
        with pytest.raises(NotFoundError):
            await client.call(ask("x", stream=True))
    assert reply.reads == 2


@pytest.mark.parametrize("pieces", [[], [b": hello\n\n", b"\n"], [TransportError("reset")], [b": hello\n\n" * 3]])
@in_virtual_time
async def test_a_stream_that_says_nothing_has_failed(pieces: list[Any]) -> None:
    reply = Pieces(pieces)
    with pytest.raises(APIConnectionError):
        await read(reply)

    assert reply.is_closed


@pytest.mark.parametrize(
    "beginning",
    [
        [b"\n", b" \n", CHUNK],
        [b": alive\n\n", CHUNK],
        [b": ali", b"ve\n\n", CHUNK],
        [b": alive\n\n: alive\n\n" + CHUNK],
        [b": alive\n\n", b": alive\n\n" + CHUNK[:4], CHUNK[4:]],
        [b"\n: alive\r\n\r\n \n" + CHUNK],
    ],
)
@pytest.mark.parametrize("headers", [STREAM, {}, {"content-type": "application/json"}])
@in_virtual_time
async def test_what_keeps_a_connection_alive_is_no_beginning(beginning: list[bytes], headers: dict[str, str]) -> None:
    reply = Pieces([*beginning, DONE], headers=headers)

    assert await read(reply) == "hi"
    assert reply.reads == len(beginning) + 2


@in_virtual_time
async def test_a_whole_reply_that_follows_comments_is_one_chunk() -> None:
    assert await read(Pieces([b": alive\n\n", b": alive\n\n" + WHOLE[:9], WHOLE[9:]])) == "hi"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("end", [0, 5, len(WHOLE) - 1, len(WHOLE)])
def test_a_whole_reply_that_breaks_off_counts_if_nothing_is_missing(end: int, stream: bool) -> None:
    reply = Pieces([WHOLE[:end], TransportError("reset")], headers={"content-type": "application/json"})
    if not end:
        reply.pieces.pop(0)

    async def scenario() -> None:
        async with giving(reply) as client:
            answer = await client.call(ask("x", stream=stream))
            assert text_of(answer) == "hi" if not stream else [chunk async for chunk in answer]

    if end == len(WHOLE):
        run_in_virtual_time(scenario)
    else:
        with pytest.raises(APIConnectionError, match="reset"):
            run_in_virtual_time(scenario)
    assert reply.is_closed


@in_virtual_time
async def test_a_reply_that_does_not_end_is_given_up() -> None:
    block = bytes(1 << 26)
    reply = Pieces([block] * 6, headers={"content-type": "application/json"})
    async with giving(reply) as client:
        with pytest.raises(APIConnectionError, match="longer than 268435456 bytes"):
            await client.call(ask("x"))
    assert (reply.reads, reply.is_closed) == (5, True)
