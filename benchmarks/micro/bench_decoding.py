"""Bytes to values: framing, conversion, dialects. Each asserts its result, so that no speed is bought with an error."""

from __future__ import annotations

from typing import Any

import pytest
import replies
from shapes import ANTHROPIC_CALL, OPENAI_CALL, dechunked

from trio_llm._convert.converter import parse, structure
from trio_llm._dialects.anthropic import ANTHROPIC
from trio_llm._dialects.openai import OPENAI
from trio_llm._framing.sse_decoder import SSEDecoder
from trio_llm._types.chat import ModelResponse

_STREAM = dechunked(replies.openai_stream())
_CHAT = replies.openai_chat()
_VECTORS = {"base64": replies.embeddings(as_base64=True), "numbers": replies.embeddings(as_base64=False)}


def _pieces(size: int) -> list[bytes]:
    return [_STREAM[start : start + size] for start in range(0, len(_STREAM), size)]


@pytest.mark.parametrize("size", [64, 1_448, 65_536], ids=lambda size: f"{size} B reads")
def bench_sse(benchmark: Any, size: int) -> None:
    """204 events, by the size of the reads they come in."""
    pieces = _pieces(size)

    def decode() -> int:
        decoder = SSEDecoder()
        return sum(len(decoder.feed(piece)) for piece in pieces)

    assert benchmark(decode) == replies.CHUNKS + 4


@pytest.mark.parametrize("size", [270, 65_536], ids=lambda size: f"{size} B reads")
def bench_openai_stream(benchmark: Any, size: int) -> None:
    """The same events as chunks."""
    pieces = _pieces(size)
    stream = OPENAI.chat_stream
    assert stream is not None

    def decode() -> int:
        decoder = stream.open_decoder(OPENAI_CALL)
        return sum(len(decoder.feed(piece)) for piece in pieces)

    assert benchmark(decode) == replies.CHUNKS + 3


def bench_anthropic_stream(benchmark: Any) -> None:
    """A streamed message, in one read."""
    data, stream = dechunked(replies.anthropic_stream()), ANTHROPIC.chat_stream
    assert stream is not None

    def decode() -> int:
        return len(stream.open_decoder(ANTHROPIC_CALL).feed(data))

    assert benchmark(decode) >= replies.CHUNKS


def bench_structure(benchmark: Any) -> None:
    """A chat completion from parsed JSON."""
    reply = parse(_CHAT)

    assert benchmark(structure, reply, ModelResponse).choices[0].message.content == replies.ANSWER


def bench_openai_chat(benchmark: Any) -> None:
    """A chat completion from its bytes."""
    assert OPENAI.chat is not None

    assert benchmark(OPENAI.chat.decode, OPENAI_CALL, _CHAT).choices[0].message.content == replies.ANSWER


def bench_anthropic_chat(benchmark: Any) -> None:
    """A message from its bytes."""
    assert ANTHROPIC.chat is not None
    body = replies.anthropic_chat()

    assert benchmark(ANTHROPIC.chat.decode, ANTHROPIC_CALL, body).choices[0].message.content == replies.ANSWER


@pytest.mark.parametrize("form", _VECTORS)
def bench_embeddings(benchmark: Any, form: str) -> None:
    """Sixteen vectors of 1,536 numbers."""
    assert OPENAI.embeddings is not None

    assert len(benchmark(OPENAI.embeddings.decode, OPENAI_CALL, _VECTORS[form]).data) == replies.TEXTS
