"""SageMaker's endpoints: what containers say, whole and through AWS's event stream."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_frames import message
from hypothesis import given, strategies as st

from trio_llm import Client, EmbeddingRequest, ModelResponseStream, TextCompletionRequest
from trio_llm._dialects.contract import ErrorDetail, WireCall
from trio_llm._dialects.sagemaker import SAGEMAKER
from trio_llm._types.chat import ChatRequest
from trio_llm._types.folding import TextFolding, fold, fold_chunks
from trio_llm._types.http import ReplyHead
from trio_llm.exceptions import APIConnectionError
from trio_llm.testing import Simulator

HI = [{"role": "user", "content": "Hi"}]
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-north-1"}


def part(payload: bytes) -> bytes:
    return message({":message-type": "event", ":event-type": "PayloadPart"}, payload)


def chunk(delta: dict[str, Any], reason: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return f"data: {json.dumps({'id': 'c', 'choices': [choice], **more}, ensure_ascii=False)}\n\n".encode()


EVENTS = (
    chunk({"role": "assistant", "content": "Söder"})
    + chunk({"content": "hamn."})
    + chunk({}, "stop", usage={"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5})
    + b"data: [DONE]\n\n"
)
# The parts of a payload end anywhere, inside of a character too.
STREAM = b"".join(part(EVENTS[at : at + 37]) for at in range(0, len(EVENTS), 37))


def call(**params: Any) -> WireCall[ChatRequest]:
    return WireCall(ChatRequest("my endpoint", HI, **params), "my endpoint")


def read(decoder: Any, data: bytes, size: int) -> tuple[list[Any], ErrorDetail | None]:
    chunks = [chunk for at in range(0, len(data), size) for chunk in decoder.feed(data[at : at + size])]
    if not decoder.finished:
        chunks += decoder.close()
    return chunks, decoder.failure


def streamed(data: bytes, size: int) -> tuple[list[ModelResponseStream], ErrorDetail | None]:
    assert SAGEMAKER.chat_stream is not None
    return read(SAGEMAKER.chat_stream.open_decoder(call()), data, size)


@given(size=st.integers(1, 300))
def test_every_split_of_a_stream_gives_the_containers_answer(size: int) -> None:
    chunks, failure = streamed(STREAM, size)
    response = fold_chunks(chunks)

    assert failure is None
    assert response.choices[0].message.content == "Söderhamn."
    assert response.choices[0].finish_reason == "stop"
    assert response.usage is not None
    assert response.usage.total_tokens == 5


def test_a_stream_that_is_cut_at_any_byte_before_its_reason_is_no_answer() -> None:
    last = STREAM.index(b'"stop"') if b'"stop"' in STREAM else len(STREAM) // 2
    for end in range(last):
        _, failure = streamed(STREAM[:end], 64)
        assert failure is not None
        assert failure.kind is APIConnectionError


def test_a_broken_checksum_is_no_answer() -> None:
    broken = bytearray(STREAM)
    broken[40] ^= 1
    _, failure = streamed(bytes(broken), 64)

    assert failure is not None


def test_an_exception_inside_the_stream_is_told_in_its_words() -> None:
    told = message(
        {":message-type": "exception", ":exception-type": "ModelStreamError"}, b'{"Message": "The model fell over"}'
    )
    chunks, failure = streamed(part(EVENTS[: EVENTS.index(b"\n\n") + 2]) + told, 50)

    assert failure is not None
    assert "The model fell over" in failure.message
    assert chunks


def test_an_error_of_the_container_is_told_in_the_containers_words() -> None:
    body = (
        b'{"Code": "ModelError", "Message": "Received client error (400) from primary", "OriginalMessage": "too long"}'
    )
    detail = SAGEMAKER.decode_error(ReplyHead(424, {}), body)

    assert detail.message == "too long"
    assert "gateway" in SAGEMAKER.decode_error(ReplyHead(502, {}), b"bad gateway").message


def test_requests_go_to_the_endpoint_that_is_named_as_the_model() -> None:
    assert SAGEMAKER.chat is not None
    assert SAGEMAKER.chat_stream is not None
    whole, live = SAGEMAKER.chat.encode(call(max_tokens=3)), SAGEMAKER.chat_stream.encode(call())

    assert whole.path == "/endpoints/my%20endpoint/invocations"
    assert live.path == "/endpoints/my%20endpoint/invocations-response-stream"
    assert json.loads(whole.body if isinstance(whole.body, bytes) else b"")["max_tokens"] == 3
    assert json.loads(live.body if isinstance(live.body, bytes) else b"")["stream_options"] == {"include_usage": True}


def test_texts_are_completed_and_embedded_in_hugging_faces_shape() -> None:
    assert SAGEMAKER.text_completion_stream is not None
    assert SAGEMAKER.text_completion is not None
    assert SAGEMAKER.embeddings is not None
    asked = WireCall(TextCompletionRequest("m", "Oban", max_tokens=2), "m")
    events = [
        {"token": {"text": " lies", "special": False}},
        {"token": {"text": " west"}, "details": {"finish_reason": "length", "generated_tokens": 2}},
    ]
    told = b"".join(b"data:" + json.dumps(one).encode() + b"\n\n" for one in events)
    request = SAGEMAKER.text_completion_stream.encode(asked)
    chunks, failure = read(SAGEMAKER.text_completion_stream.open_decoder(asked), part(told[:30]) + part(told[30:]), 9)

    assert json.loads(request.body if isinstance(request.body, bytes) else b"") == {
        "inputs": "Oban",
        "parameters": {"details": True, "max_new_tokens": 2},
        "stream": True,
    }
    assert failure is None
    assert fold(TextFolding(), chunks).choices[0].text == " lies west"
    assert SAGEMAKER.text_completion.decode(asked, b'[{"generated_text": " west"}]').choices[0].text == " west"
    vectors = SAGEMAKER.embeddings.decode(WireCall(EmbeddingRequest("m", ["a"]), "m"), b"[[0.5, 1]]")
    assert vectors.data[0].embedding == [0.5, 1]


@pytest.mark.anyio
async def test_a_call_is_signed_for_sagemaker_in_its_region() -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables=KEYS) as client:
        await client.completion("sagemaker/mine", HI)

    headers = dict(simulator.requests[0].headers)
    assert "/eu-north-1/sagemaker/aws4_request" in headers["authorization"]
