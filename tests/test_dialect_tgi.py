"""Text generation of TGI, whole and streamed, and vectors by feature extraction."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from trio_llm import EmbeddingRequest, TextCompletionRequest, TextCompletionResponse
from trio_llm._convert.converter import ConversionError
from trio_llm._dialects.contract import ErrorDetail, ReplyIsError, WireCall
from trio_llm._dialects.tgi import TGI
from trio_llm._types.folding import TextFolding, fold
from trio_llm.exceptions import APIConnectionError, BadRequestError, UnsupportedParamsError

DETAILS = {"finish_reason": "eos_token", "generated_tokens": 3, "seed": 1}
WHOLE = {"generated_text": " lies in Sürden.", "details": {**DETAILS, "prefill": [{"id": 1}, {"id": 2}]}}
EVENTS: list[dict[str, Any]] = [
    {"index": 1, "token": {"id": 5, "text": " lies", "logprob": -1, "special": False}, "generated_text": None},
    {"index": 2, "token": {"id": 6, "text": " in Sürden.", "special": False}, "generated_text": None, "details": None},
    {
        "index": 3,
        "token": {"id": 2, "text": "</s>", "special": True},
        "generated_text": " lies in Sürden.",
        "details": {**DETAILS, "input_length": 2},
    },
]
STREAM = b"".join(b"data:" + json.dumps(event).encode() + b"\n\n" for event in EVENTS)


def call(prompt: Any = "Oban", **params: Any) -> WireCall[TextCompletionRequest]:
    return WireCall(TextCompletionRequest("m", prompt, **params), "m")


def decoded(document: Any) -> TextCompletionResponse:
    assert TGI.text_completion is not None
    return TGI.text_completion.decode(call(), json.dumps(document).encode())


def streamed(data: bytes, size: int) -> tuple[list[TextCompletionResponse], ErrorDetail | None]:
    assert TGI.text_completion_stream is not None
    decoder = TGI.text_completion_stream.open_decoder(call())
    chunks = [chunk for at in range(0, len(data), size) for chunk in decoder.feed(data[at : at + size])]
    if not decoder.finished:
        chunks += decoder.close()
    return chunks, decoder.failure


def encoded(prompt: Any = "Oban", **params: Any) -> dict[str, Any]:
    assert TGI.text_completion is not None
    request = TGI.text_completion.encode(call(prompt, **params))
    assert isinstance(request.body, bytes)
    body: dict[str, Any] = json.loads(request.body)
    return body


@pytest.mark.parametrize("document", [WHOLE, [WHOLE]])
def test_a_whole_reply_has_text_reason_and_usage(document: Any) -> None:
    response = decoded(document)

    assert response.choices[0].text == " lies in Sürden."
    assert response.choices[0].finish_reason == "stop"
    assert response.usage is not None
    assert (response.usage.prompt_tokens, response.usage.completion_tokens) == (2, 3)


@given(size=st.integers(1, 400))
def test_every_split_of_a_stream_amounts_to_the_whole_reply(size: int) -> None:
    chunks, failure = streamed(STREAM, size)

    assert failure is None
    assert fold(TextFolding(), chunks) == decoded(WHOLE)


@given(end=st.integers(0, len(STREAM) - 3))
def test_a_stream_that_is_cut_anywhere_is_no_answer(end: int) -> None:
    _, failure = streamed(STREAM[:end], 50)

    assert failure is not None
    assert failure.kind is APIConnectionError


def test_an_error_in_a_stream_ends_it_in_the_servers_words() -> None:
    begun = STREAM[: STREAM.index(b"\n\n")]
    chunks, failure = streamed(begun + b'\n\ndata:{"error":"CUDA is tired","error_type":"generation"}\n\n', 30)

    assert failure is not None
    assert "CUDA is tired" in failure.message
    assert [chunk.choices[0].text for chunk in chunks] == [" lies"]


def test_a_reply_without_text_is_an_error() -> None:
    with pytest.raises(ReplyIsError):
        decoded({"details": None})
    with pytest.raises(ReplyIsError, match="overloaded"):
        decoded({"error": "Model is overloaded", "error_type": "overloaded"})


def test_parameters_go_under_tgis_names() -> None:
    assert encoded(max_tokens=5, stop="\n", temperature=0, echo=True, extra_body={"parameters": {"top_k": 3}}) == {
        "inputs": "Oban",
        "parameters": {
            "details": True,
            "return_full_text": True,
            "max_new_tokens": 5,
            "do_sample": False,
            "stop": ["\n"],
            "top_k": 3,
        },
    }


def test_what_tgi_does_not_know_is_refused_with_its_name() -> None:
    with pytest.raises(UnsupportedParamsError, match="suffix"):
        encoded(suffix="x")
    with pytest.raises(BadRequestError, match="one text"):
        encoded(["a", "b"])


def features(given: Any, **params: Any) -> WireCall[EmbeddingRequest]:
    return WireCall(EmbeddingRequest("org/gte", given, **params), "org/gte")


def test_vectors_are_asked_for_at_the_models_own_path() -> None:
    assert TGI.embeddings is not None
    sent = TGI.embeddings.encode(features(["a", "b"], input_type="query", dimensions=2))

    assert sent.path == "/org/gte/pipeline/feature-extraction"
    assert json.loads(sent.body if isinstance(sent.body, bytes) else b"") == {
        "inputs": ["a", "b"],
        "prompt_name": "query",
        "dimensions": 2,
    }
    with pytest.raises(BadRequestError, match=r"input\[0\]"):
        TGI.embeddings.encode(features([3]))


@pytest.mark.parametrize(
    ("given", "reply", "vectors"),
    [("a", [0.5, 1], [[0.5, 1]]), (["a"], [[0.5, 1]], [[0.5, 1]]), (["a", "b"], [[1], [2]], [[1], [2]])],
)
def test_vectors_are_read_for_one_text_and_for_several(given: Any, reply: Any, vectors: Any) -> None:
    assert TGI.embeddings is not None
    response = TGI.embeddings.decode(features(given), json.dumps(reply).encode())

    assert [item.embedding for item in response.data] == vectors


@pytest.mark.parametrize("reply", [b"[]", b"3", b"[[1], [2], [3]]"])
def test_another_number_of_vectors_than_of_texts_is_no_answer(reply: bytes) -> None:
    assert TGI.embeddings is not None
    with pytest.raises(ConversionError):
        TGI.embeddings.decode(features(["a", "b"]), reply)
    with pytest.raises(ReplyIsError, match="loading"):
        TGI.embeddings.decode(features(["a"]), b'{"error": "Model is loading"}')
