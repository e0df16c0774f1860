"""Bytes as providers send them: whole replies and streams of every wire format, cut anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hypothesis import strategies as st

from ..._types.chat import ChatRequest
from .._actions import RawReply, Reply
from .._simulator import Simulator
from ._conversations import encoded
from ._replies import replies

WIRES: Final[Sequence[str]] = (
    "openai/simulated",
    "anthropic/simulated",
    "gemini/simulated",
    "bedrock/simulated",
    "cohere/simulated",
    "ollama/simulated",
)
"""A model of each of the wire formats that most vendors speak."""


def splits(data: bytes, *, pieces: int = 8) -> st.SearchStrategy[list[bytes]]:
    """The bytes cut into up to `pieces` pieces, at any places; joined they are `data` again.

    Example:
        @given(pieces=strategies.splits(RECORDED_STREAM))
        def test_my_parser_does_not_mind_how_it_is_cut(pieces): ...
    """
    cuts = st.lists(st.integers(0, len(data)), max_size=pieces - 1).map(sorted)
    return cuts.map(
        lambda places: [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]
    )


def wire_replies(
    model: str = "openai/simulated", *, stream: bool = True, reply: st.SearchStrategy[Reply] | None = None
) -> st.SearchStrategy[RawReply]:
    """Replies of the model's provider as bytes, in its own wire format, cut at any places.

    They are actions of a `Simulator`, and their `body` is a list of pieces for a parser of one's own. They shrink to a
    short answer in one piece.

        @given(raw=strategies.wire_replies("anthropic/claude-sonnet-4-5"))
        def test_my_parser(raw):
            assert MyParser().feed_all(raw.body).text == MyParser().feed_all([b"".join(raw.body)]).text

    Args:
        model: provider and name; `strategies.WIRES` has one of each format that is common.
        stream: whether it is a stream.
        reply: what is answered; by default any of `replies()`.
    """
    request = ChatRequest(model, [{"role": "user", "content": "Hi"}], stream=stream)
    written = (replies() if reply is None else reply).map(lambda answer: _written(request, answer))
    return written.flatmap(_cut)


def _written(request: ChatRequest, answer: Reply) -> RawReply:
    reply = Simulator(answer).respond(encoded(request))
    assert reply.head is not None
    data = b"".join(piece.data for piece in reply.timeline)
    return RawReply(data, content_type=reply.head.headers["content-type"], status=reply.head.status)


def _cut(raw: RawReply) -> st.SearchStrategy[RawReply]:
    assert isinstance(raw.body, bytes)
    return splits(raw.body).map(
        lambda pieces: RawReply([piece for piece in pieces if piece], content_type=raw.content_type, status=raw.status)
    )
