"""Text completions, moderation and reranking in OpenAI's manner."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from trio_llm._dialects.contract import ErrorDetail, ReplyIsError, WireCall
from trio_llm._dialects.openai import OPENAI
from trio_llm._dialects.quirks import Quirks
from trio_llm._types.errors import APIConnectionError, InternalServerError, UnsupportedParamsError
from trio_llm._types.folding import TextFolding, fold
from trio_llm._types.moderations import Moderation, ModerationRequest, ModerationResponse
from trio_llm._types.reranking import RerankRequest, RerankResponse, RerankResult
from trio_llm._types.text_completions import TextChoices, TextCompletionRequest, TextCompletionResponse
from trio_llm._types.usage import Usage

assert OPENAI.text_completion is not None
assert OPENAI.text_completion_stream is not None
assert OPENAI.moderation is not None
assert OPENAI.rerank is not None
TEXT, TEXT_STREAM, MODERATION, RERANK = (
    OPENAI.text_completion,
    OPENAI.text_completion_stream,
    OPENAI.moderation,
    OPENAI.rerank,
)
TEXT_CALL = WireCall(TextCompletionRequest("p/m", "Once"), "m")


def body_of(request: Any) -> tuple[str, dict[str, Any]]:
    return request.path, json.loads(request.body)


def text(reply: object) -> TextCompletionResponse:
    return TEXT.decode(TEXT_CALL, json.dumps(reply).encode())


def test_a_text_completion_is_asked_for() -> None:
    request = TextCompletionRequest("p/m", ["Once"], echo=True, max_tokens=3, seed=None, extra_body={"top_k": 1})

    assert request.stream is False
    assert body_of(TEXT.encode(WireCall(request, "m"))) == (
        "/completions",
        {"model": "m", "prompt": ["Once"], "echo": True, "max_tokens": 3, "top_k": 1},
    )


@pytest.mark.parametrize(
    ("quirks", "options"), [(Quirks(), {"x": 1, "include_usage": True}), (Quirks(stream_usage=False), None)]
)
def test_a_streamed_text_completion_asks_for_usage_where_that_is_allowed(quirks: Quirks, options: object) -> None:
    request = TextCompletionRequest("p/m", "Once", stream=True, stream_options={"x": 1})

    body = body_of(TEXT_STREAM.encode(WireCall(request, "m", quirks)))[1]

    assert body.pop("stream_options", None) == options
    assert body == {"model": "m", "prompt": "Once", "stream": True}


def test_a_text_completion_is_read() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    response = text({"id": "r", "choices": [{"text": "a"}, {"text": "b", "finish_reason": "eos"}], "usage": usage})

    assert response.choices == [
        TextChoices(None, 0, "a"),
        TextChoices("stop", 1, "b", model_extra={"native_finish_reason": "eos"}),
    ]
    assert response.usage == Usage(1, 2, 3)


def test_a_text_completion_that_is_none_is_an_error() -> None:
    with pytest.raises(ReplyIsError, match="no model"):
        text({"error": {"message": "no model"}})
    with pytest.raises(ReplyIsError, match="no answer"):
        text({"id": "r"})


def fragment(content: str, index: int | None = 0, finish_reason: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"id": "r", "choices": [{"index": index, "text": content, "finish_reason": finish_reason, **fields}]}


def stream(*events: object, done: bool = True) -> bytes:
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode() + b"data: [DONE]\n\n" * done


def decode(body: bytes, size: int = 10_000) -> tuple[list[TextCompletionResponse], ErrorDetail | None]:
    decoder = TEXT_STREAM.open_decoder(TEXT_CALL)
    chunks = [chunk for at in range(0, len(body), size) for chunk in decoder.feed(body[at : at + size])]
    return chunks + decoder.close(), decoder.failure


TWO_TEXTS = stream(
    fragment("a", 0, logprobs={"tokens": ["a"], "token_logprobs": [-1.0]}),
    fragment("x", 1, stop_reason=None),
    fragment("b", 0, "stop", logprobs={"tokens": ["b"], "token_logprobs": [-2.0]}),
    fragment("y", 1, "length", stop_reason=7),
    {"id": "r", "model": "m", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 4}},
)


@given(st.integers(1, 200))
def test_a_stream_of_texts_is_put_together_from_any_pieces(size: int) -> None:
    chunks, failure = decode(TWO_TEXTS, size)

    assert failure is None
    assert fold(TextFolding(), chunks) == TextCompletionResponse(
        "r",
        model="m",
        choices=[
            TextChoices("stop", 0, "ab", {"tokens": ["a", "b"], "token_logprobs": [-1.0, -2.0]}),
            TextChoices("length", 1, "xy", model_extra={"stop_reason": 7}),
        ],
        usage=Usage(1, 4, 5),
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the stream ended without an answer"),
        (stream(fragment("a"), fragment("b"), done=False), "the stream ended before its finish reason"),
        (stream(fragment("a", 0, "stop"), fragment("b", 1), done=False), "the stream ended before its finish reason"),
    ],
)
def test_a_stream_of_texts_that_was_cut_fails(body: bytes, message: str) -> None:
    assert decode(body)[1] == ErrorDetail(message, kind=APIConnectionError)


def test_finish_reasons_complete_a_stream_of_texts_without_done() -> None:
    chunks, failure = decode(stream(fragment("a", None, "stop"), done=False))

    assert failure is None
    assert fold(TextFolding(), chunks).choices == [TextChoices("stop", 0, "a")]


def test_an_error_in_a_stream_of_texts_ends_it() -> None:
    chunks, failure = decode(stream(fragment("a"), {"error": "broken"}))

    assert [chunk.choices[0].text for chunk in chunks] == ["a"]
    assert failure == ErrorDetail("broken", kind=InternalServerError)


def moderate(reply: object) -> ModerationResponse:
    return MODERATION.decode(WireCall(ModerationRequest("x", "m"), "m"), json.dumps(reply).encode())


def test_a_moderation_is_asked_for() -> None:
    request = ModerationRequest(["a", "b"], "p/m", extra_body={"x": 1})

    assert body_of(MODERATION.encode(WireCall(request, "m"))) == (
        "/moderations",
        {"model": "m", "input": ["a", "b"], "x": 1},
    )
    with pytest.raises(UnsupportedParamsError, match="temperature"):
        ModerationRequest("a", "m", temperature=1)  # type: ignore[call-arg] # the mistake is the point


@pytest.mark.parametrize(
    ("result", "flagged"),
    [
        ({"flagged": True, "categories": {"hate": False}}, True),
        ({"flagged": False, "categories": {"hate": True}}, False),
        ({"categories": {"hate": True, "law": False}}, True),
        ({"categories": {"hate": False}}, False),
    ],
)
def test_an_input_is_flagged_by_word_or_by_category(result: dict[str, Any], flagged: bool) -> None:
    response = moderate({"id": "r", "results": [result], "usage": {"prompt_tokens": 3}})

    assert response.results == [Moderation(flagged, result.get("categories", {}))]
    assert response.usage == Usage(3, 0, 3)


def rerank(reply: object) -> RerankResponse:
    return RERANK.decode(WireCall(RerankRequest("m", "q", ["a", "b", "c"]), "m"), json.dumps(reply).encode())


def test_a_ranking_is_asked_for() -> None:
    request = RerankRequest("p/m", "q", ["a", {"text": "b"}], top_n=1, return_documents=True, extra_body={"x": 1})

    assert body_of(RERANK.encode(WireCall(request, "m", Quirks({"top_n": "top_k"})))) == (
        "/rerank",
        {"model": "m", "query": "q", "documents": ["a", {"text": "b"}], "top_k": 1, "return_documents": True, "x": 1},
    )


@pytest.mark.parametrize(
    "reply",
    [
        {
            "results": [
                {"index": 1, "relevance_score": 0.2},
                {"index": 0, "relevance_score": 0.9, "document": {"text": "a"}},
            ]
        },
        {"data": [{"index": 0, "relevance_score": 0.9, "document": "a"}, {"index": 1, "relevance_score": 0.2}]},
        {"results": [{"index": 0, "score": 0.9, "document": "a"}, {"index": 1, "score": 0.2}]},
    ],
)
def test_rankings_of_many_shapes_become_one(reply: object) -> None:
    assert rerank(reply).results == [RerankResult(0, 0.9, {"text": "a"}), RerankResult(1, 0.2)]


@pytest.mark.parametrize(
    ("fields", "usage"),
    [
        ({"usage": {"total_tokens": 5}}, Usage(5, 0, 5)),
        ({"usage": {"prompt_tokens": 4, "total_tokens": 5}}, Usage(4, 0, 5)),
        ({"meta": {"billed_units": {"search_units": 1}}}, None),
    ],
)
def test_what_a_ranking_cost_is_kept(fields: dict[str, Any], usage: Usage | None) -> None:
    response = rerank({"id": "r", "results": [], **fields})

    assert (response.usage, response.meta) == (usage, fields.get("meta"))


def test_a_ranking_that_is_none_is_an_error() -> None:
    with pytest.raises(ReplyIsError, match="documents must"):
        rerank({"message": "documents must not be empty"})
