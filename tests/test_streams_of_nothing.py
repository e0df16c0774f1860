"""No stream that says nothing is taken for an answer: every operation of every wire that is streamed, sound apart."""

from __future__ import annotations

from typing import Any

import pytest

from trio_llm import ImageEditRequest, ImageRequest, MessagesRequest, ResponsesRequest, TextCompletionRequest
from trio_llm._catalog.provider import Wire, load_dialect
from trio_llm._dialects.bridges.answers import streamed_responses_over
from trio_llm._dialects.bridges.messages import streamed_messages_over
from trio_llm._dialects.contract import WireCall
from trio_llm._types.chat import ChatRequest
from trio_llm._types.responses_api.request import GetResponseRequest
from trio_llm._types.transcriptions import TranscriptionRequest

ASK = [{"role": "user", "content": "Hi"}]
REQUESTS: dict[str, Any] = {
    "chat_stream": ChatRequest("p/m", ASK),
    "text_completion_stream": TextCompletionRequest("p/m", "Hi"),
    "images_stream": ImageRequest("a cat", "p/m"),
    "image_edit_stream": ImageEditRequest(b"\x89PNG\r\n\x1a\n", "a cat", "p/m"),
    "transcription_stream": TranscriptionRequest("p/m", ("a.wav", b"RIFF")),
    "responses_stream": ResponsesRequest("Hi", "p/m"),
    "get_response_stream": GetResponseRequest("r", "p/m"),
    "messages_stream": MessagesRequest(9, ASK, "p/m"),
}
BRIDGES: dict[str, Any] = {"responses_stream": streamed_responses_over, "messages_stream": streamed_messages_over}
NOTHING = [
    b"",
    b"data: [DONE]\n\n",
    b"event: ping\ndata: {}\n\ndata: [DONE]\n\n",
    b": wait\n\ndata:\n\ndata: [DONE]\n\n",
]


def endpoints() -> list[Any]:
    found = []
    for wire in Wire:
        dialect: Any = load_dialect(wire)
        for operation in REQUESTS:
            if (endpoint := getattr(dialect, operation)) is not None:
                found.append(pytest.param(endpoint, operation, id=f"{wire.name}-{operation}"))
        for operation, bridge in BRIDGES.items():
            if dialect.chat_stream is not None and getattr(dialect, operation) is None:
                found.append(
                    pytest.param(bridge(dialect.chat_stream), operation, id=f"{wire.name}-{operation}-bridged")
                )
    return found


@pytest.mark.parametrize("body", NOTHING)
@pytest.mark.parametrize(("endpoint", "operation"), endpoints())
def test_a_stream_that_says_nothing_is_a_failure(endpoint: Any, operation: str, body: bytes) -> None:
    decoder = endpoint.open_decoder(WireCall(REQUESTS[operation], "m"))
    decoder.feed(body)
    if not decoder.finished and decoder.failure is None:
        decoder.close()

    assert decoder.failure is not None
