"""Whole replies in OpenAI's shape: chat, embeddings, images."""

from __future__ import annotations

import json
from array import array
from base64 import b64encode
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from trio_llm._convert.converter import ConversionError
from trio_llm._dialects.contract import ReplyIsError, WireCall
from trio_llm._dialects.openai import OPENAI
from trio_llm._dialects.openai.chat import _settle
from trio_llm._dialects.openai.replies import is_settled
from trio_llm._dialects.quirks import Quirks
from trio_llm._dialects.tool_calls import ConversationIds
from trio_llm._types.chat import (
    Annotation,
    ChatAudio,
    ChatRequest,
    Choices,
    CustomCall,
    FunctionCall,
    Message,
    ToolCall,
    URLCitation,
)
from trio_llm._types.embeddings import EmbeddingRequest, EmbeddingResponse
from trio_llm._types.errors import APIError, InternalServerError
from trio_llm._types.images import ImageRequest, ImageResponse
from trio_llm._types.usage import CompletionTokensDetails, PromptTokensDetails, Usage

FIXTURES = Path(__file__).parent / "fixtures" / "openai"
CALL = WireCall(ChatRequest("openai/gpt", [{"role": "user", "content": "Hello"}]), "gpt")
assert OPENAI.chat is not None
assert OPENAI.embeddings is not None
assert OPENAI.images is not None
CHAT, EMBEDDINGS, IMAGES = OPENAI.chat, OPENAI.embeddings, OPENAI.images


def choice_of(message: dict[str, Any] | None = None, **fields: Any) -> Choices:
    reply = {"id": "r", "choices": [{"message": {"role": "assistant", **(message or {})}, **fields}]}
    return CHAT.decode(CALL, json.dumps(reply).encode()).choices[0]


def usage_of(**fields: Any) -> Usage:
    reply = {"choices": [{"message": {"content": "x"}}], "usage": fields}
    usage = CHAT.decode(CALL, json.dumps(reply).encode()).usage
    assert usage is not None
    return usage


def test_a_reply_is_read_with_all_that_it_says() -> None:
    response = CHAT.decode(CALL, (FIXTURES / "text.json").read_bytes())

    assert response.id == "chatcmpl-lamp"
    assert response["provider"] == "Lamplight"
    assert response.choices[0].message.content == "The lamp is lit."
    assert response.choices[0].logprobs is not None
    assert response.usage == Usage(
        12, 5, 17, PromptTokensDetails(cached_tokens=4, audio_tokens=0), CompletionTokensDetails(reasoning_tokens=2)
    )


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("stop", "stop"),
        ("eos", "stop"),
        ("END_TURN", "stop"),
        ("something new", "something new"),
        ("model_length", "length"),
        ("tool_call", "tool_calls"),
        ("function_call", "tool_calls"),
        ("sensitive", "content_filter"),
    ],
)
def test_a_finish_reason_that_is_known_is_one_of_four_and_the_vendors_word_stays(word: str, reason: str) -> None:
    choice = choice_of({"content": "x"}, finish_reason=word)

    assert choice.finish_reason == reason
    assert choice.get("native_finish_reason", reason) == word


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None),
        ({"finish_reason": ""}, None),
        ({"finish_details": {"type": "max_tokens"}}, "length"),
        ({"finish_reason": "eos", "native_finish_reason": "</s>"}, "stop"),
    ],
)
def test_a_finish_reason_may_be_missing_or_elsewhere(fields: dict[str, Any], reason: str | None) -> None:
    assert choice_of({"content": "x"}, **fields).finish_reason == reason


def test_a_stop_beside_tool_calls_becomes_tool_calls() -> None:
    choice = choice_of({"tool_calls": [{"id": "c", "function": {"name": "f"}}]}, finish_reason="stop")

    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls == [ToolCall("c", function=FunctionCall("f", ""))]


def test_tool_calls_that_the_limit_cut_off_are_not_called_complete() -> None:
    assert choice_of({"tool_calls": [{"id": "c"}]}, finish_reason="length").finish_reason == "length"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"content": "x", "reasoning": "r"}, Message("x", reasoning_content="r")),
        ({"content": "x", "reasoning_content": "r", "reasoning": "r"}, Message("x", reasoning_content="r")),
        (
            {"content": "x", "reasoning_content": "r", "reasoning": "other"},
            Message("x", reasoning_content="r", model_extra={"reasoning": "other"}),
        ),
        ({"content": "x", "reasoning": {"odd": 1}}, Message("x", model_extra={"reasoning": {"odd": 1}})),
        (
            {
                "content": [
                    {"type": "thinking", "thinking": "r"},
                    {"type": "text", "text": "a"},
                    {"type": "text", "text": "b"},
                ]
            },
            Message("ab", reasoning_content="r"),
        ),
        (
            {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "r"}, {"type": "text"}]}]},
            Message(None, reasoning_content="r"),
        ),
        (
            {"content": [{"type": "text", "text": "a"}, {"type": "reference", "reference_ids": [1]}]},
            Message("a", provider_specific_fields={"content_parts": [{"type": "reference", "reference_ids": [1]}]}),
        ),
        ({"content": {"title": "Apples"}}, Message('{"title":"Apples"}')),
        ({"content": None, "refusal": "No."}, Message(refusal="No.")),
        ({"content": None, "audio": {"id": "a", "data": "QQ=="}}, Message(audio=ChatAudio("a", "QQ=="))),
        ({"content": "x", "reasoning_details": [{}]}, Message("x", model_extra={"reasoning_details": [{}]})),
        (
            {"content": "x", "annotations": [{"type": "url_citation", "url": "u", "title": "t", "site": "s"}]},
            Message("x", annotations=[Annotation("url_citation", URLCitation("u", "t"), model_extra={"site": "s"})]),
        ),
        (
            {"content": "x", "annotations": [{"type": "url_citation", "url_citation": {"url": "u", "end_index": 2}}]},
            Message("x", annotations=[Annotation("url_citation", URLCitation("u", end_index=2))]),
        ),
    ],
)
def test_messages_of_many_shapes_become_one(message: dict[str, Any], expected: Message) -> None:
    assert choice_of(message).message == expected


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (
            {"function": {"name": "f", "arguments": {"a": 1}}},
            ToolCall("call_5ca975dd04ce659b5b2efb4e", function=FunctionCall("f", '{"a":1}')),
        ),
        (
            {"id": "", "type": "", "function": {"name": "f"}},
            ToolCall("call_5ca975dd04ce659b5b2efb4e", function=FunctionCall("f")),
        ),
        (
            {"id": "c", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}},
            ToolCall("c", "custom", custom=CustomCall("sql", "SELECT 1")),
        ),
        (
            {"id": "c", "type": "function", "function": {"name": "f"}, "custom": {"name": "", "input": ""}},
            ToolCall("c", function=FunctionCall("f")),
        ),
        (
            {"id": "c", "function": {"name": "f"}, "extra_content": {"google": {}}},
            ToolCall("c", function=FunctionCall("f"), model_extra={"extra_content": {"google": {}}}),
        ),
    ],
)
def test_tool_calls_of_many_shapes_become_one(call: dict[str, Any], expected: ToolCall) -> None:
    assert choice_of({"tool_calls": [call]}).message.tool_calls == [expected]


def test_answers_without_an_index_are_counted() -> None:
    body = b'{"choices": [{"message": {"content": "a"}}, {"message": {"content": "b"}}]}'

    assert [choice.index for choice in CHAT.decode(CALL, body).choices] == [0, 1]


def test_log_probabilities_in_a_vendors_own_form_stay_readable() -> None:
    choice = choice_of({"content": "x"}, logprobs=-0.5)

    assert choice.logprobs is None
    assert choice["provider_logprobs"] == -0.5


@pytest.mark.parametrize(
    ("fields", "cached"),
    [
        ({"prompt_tokens_details": {"cached_tokens": 3}}, 3),
        ({"prompt_cache_hit_tokens": 3, "prompt_cache_miss_tokens": 6}, 3),
        ({"cached_tokens": 3}, 3),
        ({"num_cached_tokens": 3, "prompt_tokens_details": {"cached_tokens": 0}}, 3),
        ({"cache_read_input_tokens": 3, "prompt_tokens_details": None}, 3),
        ({"prompt_token_details": {"cached_tokens": 3}}, 3),
    ],
)
def test_cached_tokens_are_found_wherever_they_are(fields: dict[str, Any], cached: int) -> None:
    details = usage_of(prompt_tokens=9, completion_tokens=1, total_tokens=10, **fields).prompt_tokens_details

    assert details is not None
    assert details.cached_tokens == cached


@pytest.mark.parametrize(
    "fields", [{"prompt_tokens_details": {"cache_write_tokens": 3}}, {"cache_creation_input_tokens": 3}]
)
def test_tokens_written_to_a_cache_are_found(fields: dict[str, Any]) -> None:
    details = usage_of(prompt_tokens=9, completion_tokens=1, total_tokens=10, **fields).prompt_tokens_details

    assert details is not None
    assert details.cache_creation_tokens == 3


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"prompt_tokens": 1, "completion_tokens": 2}, (1, 2, 3)),
        ({"prompt_tokens": 1, "completion_tokens": None, "total_tokens": None}, (1, 0, 1)),
        ({"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}, (1, 2, 3)),
        ({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 9, "reasoning_tokens": 6}, (1, 8, 9)),
        ({"prompt_tokens": 1, "completion_tokens": 8, "total_tokens": 9, "reasoning_tokens": 6}, (1, 8, 9)),
        ({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 9}, (1, 2, 9)),
        ({"prompt_tokens": "1", "completion_tokens": 2.0, "total_tokens": 3}, (1, 2, 3)),
    ],
)
def test_counts_are_in_openais_meaning(fields: dict[str, Any], expected: tuple[int, int, int]) -> None:
    usage = usage_of(**fields)

    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == expected
    if "reasoning_tokens" in fields:
        assert usage.completion_tokens_details == CompletionTokensDetails(reasoning_tokens=6)


def test_a_vendors_own_counts_stay_readable() -> None:
    assert usage_of(prompt_tokens=1, completion_tokens=1, total_tokens=2, cost=0.5)["cost"] == 0.5


@pytest.mark.parametrize(
    ("body", "message", "kind"),
    [
        ({"error": {"message": "out of lamps", "type": "overloaded_error"}}, "out of lamps", None),
        ({"error": {"message": "out of lamps"}, "choices": []}, "out of lamps", InternalServerError),
        ({"message": "out of lamps"}, "out of lamps", InternalServerError),
        ({"errors": [{"message": "out of lamps"}]}, "out of lamps", InternalServerError),
        (
            {"choices": [{"error": {"message": "out of lamps"}, "message": {"content": ""}}]},
            "out of lamps",
            InternalServerError,
        ),
    ],
)
def test_an_error_with_status_200_is_an_error(body: dict[str, Any], message: str, kind: type[APIError] | None) -> None:
    with pytest.raises(ReplyIsError, match="out of lamps") as caught:
        CHAT.decode(CALL, json.dumps(body).encode())

    assert (caught.value.detail.message, caught.value.detail.kind) == (message, kind)


def test_a_finished_answer_that_came_beside_an_error_is_not_lost() -> None:
    choice = choice_of({"content": "x"}, error={"code": 502}, finish_reason="stop")

    assert choice.message.content == "x"
    assert choice["error"] == {"code": 502}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"<html>", "expected JSON, got '<html>' @ $"),
        (b'{"choices": ["x"]}', "expected an object, got 'x' @ $.choices[0]"),
        (
            b'{"choices": [{"message": [1], "finish_reason": "stop"}]}',
            "expected an object, got [1] @ $.choices[0].message",
        ),
    ],
)
def test_a_malformed_reply_is_named_with_its_path(body: bytes, problem: str) -> None:
    with pytest.raises(ConversionError) as caught:
        CHAT.decode(CALL, body)

    assert str(caught.value).replace("b'<", "'<") == problem


def embeddings(data: object, usage: object = None, quirks: Quirks | None = None) -> EmbeddingResponse:
    call = WireCall(EmbeddingRequest("m", ["a"]), "m", quirks or Quirks())
    return EMBEDDINGS.decode(call, json.dumps({"data": data, "usage": usage, "model": "m"}).encode())


@given(st.permutations(range(4)))
def test_vectors_come_in_the_order_of_the_input(order: list[int]) -> None:
    response = embeddings([{"index": index, "embedding": [index, 0.5]} for index in order])

    assert [list(item.embedding) for item in response.data] == [[index, 0.5] for index in range(4)]


def test_vectors_without_an_index_are_in_order_already() -> None:
    response = embeddings([{"embedding": [1.0]}, {"embedding": [2.0], "index": None}])

    assert [(item.index, list(item.embedding)) for item in response.data] == [(0, [1.0]), (1, [2.0])]


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1))
def test_base64_holds_the_same_numbers(numbers: list[float]) -> None:
    packed = b64encode(array("f", numbers).tobytes()).decode()

    assert list(embeddings([{"embedding": packed}]).data[0].embedding) == numbers


def test_base64_holds_what_the_quirks_say() -> None:
    packed = b64encode(bytes([1, 255])).decode()

    assert list(embeddings([{"embedding": packed}], quirks=Quirks(base64_typecode="b")).data[0].embedding) == [1, -1]


@pytest.mark.parametrize("embedding", [None, 3, {}, "AAA=", "not base64"])
def test_a_vector_that_is_none_is_named(embedding: object) -> None:
    with pytest.raises(ConversionError, match=r"@ \$\.data\[1\]\.embedding"):
        embeddings([{"embedding": [1.0]}, {"embedding": embedding}])


def test_embedding_usage_may_have_only_a_total() -> None:
    vectors = [{"embedding": [1.0]}]
    assert embeddings(vectors, {"total_tokens": 5}).usage == Usage(5, 0, 5)
    assert embeddings(vectors, {"prompt_tokens": 4, "total_tokens": 5}).usage == Usage(4, 0, 5)
    assert embeddings(vectors).usage is None


def images(body: dict[str, Any]) -> ImageResponse:
    return IMAGES.decode(WireCall(ImageRequest("a fox", "m"), "m"), json.dumps(body).encode())


def test_images_are_addresses_or_data_with_usage() -> None:
    usage = {"input_tokens": 5, "output_tokens": 7, "total_tokens": 12, "input_tokens_details": {"text_tokens": 5}}
    response = images({"created": 1, "data": [{"url": "u"}, {"b64_json": "QQ=="}], "usage": usage, "size": "8x8"})

    assert [(image.url, image.b64_json) for image in response.data] == [("u", None), (None, "QQ==")]
    assert response.usage == Usage(5, 7, 12, PromptTokensDetails(text_tokens=5))
    assert response.size == "8x8"


def test_a_reply_without_images_is_an_error() -> None:
    with pytest.raises(ReplyIsError, match="no fox"):
        images({"error": {"message": "no fox"}})
    with pytest.raises(ReplyIsError, match="no answer"):
        images({"created": 1})


def altered(plain: dict[str, Any], **others: list[object]) -> st.SearchStrategy[dict[str, Any]]:
    """The same object with up to two fields that are not as OpenAI sends them."""
    changes = [(name, value) for name, values in others.items() for value in values]
    return st.lists(st.sampled_from(changes), max_size=2).map(lambda chosen: {**plain, **dict(chosen)})


CALLS = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
MESSAGES = altered(
    {"role": "assistant", "content": "a", "annotations": []},
    content=[None, "", [{"type": "text", "text": "b"}], {"c": 1}],
    reasoning=[None, "", "because"],
    annotations=[None, [{"url": "u"}]],
    tool_calls=[None, [], CALLS],
)
CHOICES = st.builds(
    lambda choice, message: {**choice, "message": message},
    altered(
        {"finish_reason": "stop", "index": 0, "logprobs": None},
        finish_reason=[None, "", "eos", "length"],
        index=[None, 1],
        logprobs=[{}, [1]],
        error=[None, {"message": "broken"}],
        finish_details=[None, {"type": "max_tokens"}],
    ),
    MESSAGES,
)
USAGES = altered(
    {"prompt_tokens": 3, "completion_tokens": 6, "total_tokens": 9},
    prompt_tokens=[None],
    input_tokens=[5],
    completion_tokens=[2],
    total_tokens=[None, 5, 13],
    cached_tokens=[None, 1],
    prompt_tokens_details=[None, {}, {"cached_tokens": 0}, {"num_cached_tokens": 2}, "none"],
    completion_tokens_details=[None, {}, {"reasoning_tokens": 4}, {"cache_write_tokens": 2}],
)


@settings(max_examples=300)
@given(CHOICES)
def test_a_choice_that_counts_as_settled_has_nothing_to_settle(choice: dict[str, Any]) -> None:
    if is_settled(choice):
        before = deepcopy(choice)
        _settle(choice, 7, {"id": "r"}, ConversationIds(()))
        assert choice == before


def test_an_answer_of_text_as_openai_writes_it_counts_as_settled() -> None:
    message: dict[str, Any] = {"role": "assistant", "content": "a", "refusal": None, "annotations": []}

    assert is_settled({"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"})


CHOICE = {"index": 0, "message": {"content": "x"}, "finish_reason": "stop"}


@settings(max_examples=300)
@given(USAGES)
def test_counts_that_seem_to_need_no_settling_need_none(usage: dict[str, Any]) -> None:
    def decoded(usage: dict[str, Any]) -> object:
        try:
            return CHAT.decode(CALL, json.dumps({"id": "r", "choices": [CHOICE], "usage": usage}).encode())
        except ConversionError as error:
            return str(error)

    # A vendor's count that is null says nothing, but lets none pass as OpenAI's own.
    assert decoded(usage) == decoded({"cache_read_input_tokens": None, **usage})


def test_choices_are_numbered_where_the_provider_does_not() -> None:
    choice = {"finish_reason": "stop", "message": {"content": "a"}}

    response = CHAT.decode(CALL, json.dumps({"choices": [choice, choice]}).encode())

    assert [choice.index for choice in response.choices] == [0, 1]


def test_an_error_in_place_of_an_answer_is_an_error_however_complete_the_rest_is() -> None:
    choice = {"finish_reason": "stop", "index": 0, "message": {"content": ""}, "error": {"message": "broken"}}

    with pytest.raises(ReplyIsError, match="broken"):
        CHAT.decode(CALL, json.dumps({"choices": [choice]}).encode())
