"""Connections that break when the answer is all there, or before there is anything of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from exchanges import CHUNKED
from scripted_server import Peer, answering, reply, serving

from trio_llm import APIConnectionError, APIResponseValidationError, Client, ModelResponse, RetryPolicy

pytestmark = pytest.mark.anyio
ASK: Any = [{"role": "user", "content": "Hi"}]
ANSWER = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]}
WHOLE = json.dumps(ANSWER).encode()
SAID: list[dict[str, Any]] = [
    {"choices": [{"index": 0, "delta": {"content": "hi"}}]},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
]
BLOCKS: list[dict[str, Any]] = [
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
    {"type": "message_stop"},
]
LINES: list[dict[str, Any]] = [
    {"message": {"role": "assistant", "content": "hi"}, "done": False},
    {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"},
]


def events(pieces: list[dict[str, Any]]) -> bytes:
    return b"".join(b"data: " + json.dumps(piece).encode() + b"\n\n" for piece in pieces)


STREAMS = {
    "openai": events(SAID) + b"data: [DONE]\n\n",
    "anthropic": events(BLOCKS),
    "ollama": b"".join(json.dumps(line).encode() + b"\n" for line in LINES),
}


def chunk(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(body), body)


async def asked(origin: Any, model: str = "openai/any", *, stream: bool = False, attempts: int = 1) -> ModelResponse:
    host = f"http://{origin.host}:{origin.port}"
    base = host if model.startswith(("anthropic", "ollama")) else f"{host}/v1"
    async with Client(retry=RetryPolicy(attempts=attempts, first_pause=0.01), variables={}) as client:
        if not stream:
            return await client.completion(model, ASK, api_base=base, api_key="any")
        told = await client.completion(model, ASK, api_base=base, api_key="any", stream=True)
        async for _ in told:
            pass
        return told.response


@pytest.mark.parametrize("name", STREAMS)
async def test_a_stream_whose_connection_breaks_behind_its_last_frame_is_complete(name: str) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(CHUNKED + chunk(STREAMS[name]))

    with serving(script) as server:
        response = await asked(server.origin, f"{name}/any", stream=True)
    assert (response.choices[0].message.content, response.choices[0].finish_reason) == ("hi", "stop")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_whole_reply_whose_connection_breaks_behind_it_is_complete(stream: bool) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(CHUNKED + chunk(WHOLE[:9]), chunk(WHOLE[9:]))

    with serving(script) as server:
        response = await asked(server.origin, stream=stream)
    assert response.choices[0].message.content == "hi"


@pytest.mark.parametrize("at", [9, len(WHOLE) - 1])
async def test_half_a_reply_whose_connection_breaks_is_none(at: int) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(CHUNKED + chunk(WHOLE[:at]))

    with serving(script) as server:
        with pytest.raises(APIConnectionError, match="in the middle of it"):
            await asked(server.origin)


CUT = [b"", b" ", WHOLE[:9], WHOLE[:-1], b'{"choices": [tru', b'{"choices": "']


@pytest.mark.parametrize("body", CUT)
async def test_a_reply_that_breaks_off_or_is_empty_is_asked_for_again(body: bytes) -> None:
    with serving(answering(reply(body), reply(WHOLE))) as server:
        assert (await asked(server.origin, attempts=2)).choices[0].message.content == "hi"

    with serving(answering(reply(body))) as server:
        with pytest.raises(APIConnectionError, match=r"got nothing|which breaks off"):
            await asked(server.origin)


@pytest.mark.parametrize("body", [b"<html>no", b"{nonsense}", b'{"choices": tru]}', b"Bad gateway"])
async def test_a_reply_that_makes_no_sense_is_not(body: bytes) -> None:
    with serving(answering(reply(body), reply(WHOLE))) as server:
        with pytest.raises(APIResponseValidationError):
            await asked(server.origin, attempts=2)
