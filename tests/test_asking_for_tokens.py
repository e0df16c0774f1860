"""Forms that are posted for a token, over a client's transport."""

from __future__ import annotations

import pytest

from trio_llm import APIConnectionError
from trio_llm._engine.signed import MOST_READ, post_form
from trio_llm.transport import HTTPRequest, Origin, Reply, ReplyHead, TransportError, TransportStatistics

pytestmark = pytest.mark.anyio


class Pieces:
    """A reply whose body comes in these pieces, or breaks at an error."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.head: ReplyHead = ReplyHead(200, {})
        self.pieces = [*pieces]
        self.is_closed = False

    def finish_nowait(self) -> bytes | None:
        return None

    async def read(self) -> bytes:
        piece = self.pieces.pop(0) if self.pieces else b""
        if isinstance(piece, Exception):
            raise piece
        return piece

    async def aclose(self) -> None:
        self.is_closed = True


class Answering:
    """A transport that gives one reply."""

    def __init__(self, reply: Pieces) -> None:
        self.reply = reply
        self.request: HTTPRequest | None = None

    async def send(self, origin: Origin, request: HTTPRequest) -> Reply:
        self.request = request
        return self.reply

    def statistics(self) -> TransportStatistics:
        return TransportStatistics(active=0, idle=0, waiting=0)

    async def aclose(self) -> None:
        return None


async def test_a_token_comes_in_any_number_of_pieces() -> None:
    transport = Answering(Pieces(b'{"access_', b'token": "t"}'))
    head, body = await post_form(transport, "https://login.test/token", {"scope": "a b"})

    assert (head.status, body) == (200, b'{"access_token": "t"}')
    assert transport.request is not None
    assert transport.request.body == b"scope=a+b"
    assert transport.reply.is_closed


async def test_an_answer_that_breaks_off_is_none_and_its_connection_is_closed() -> None:
    transport = Answering(Pieces(b"{", TransportError("reset")))
    with pytest.raises(APIConnectionError, match="https://login.test: reset"):
        await post_form(transport, "https://login.test", {})

    assert transport.reply.is_closed
    assert transport.request is not None
    assert (transport.request.method, transport.request.path) == ("POST", "/")
    assert dict(transport.request.headers) == {
        "content-type": "application/x-www-form-urlencoded",
        "accept": "application/json",
    }


async def test_no_more_is_read_than_a_token_can_have() -> None:
    assert MOST_READ == 1_048_576
    transport = Answering(Pieces(b"x" * MOST_READ, b"y", b"z"))
    _, body = await post_form(transport, "https://login.test/token", {})

    assert body == b"x" * MOST_READ
    assert transport.reply.is_closed
