"""Requests in OpenAI's shape: what is sent, what is renamed, what is left out, what is refused."""

from __future__ import annotations

import copy
import json
from types import MappingProxyType
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from trio_llm._dialects.contract import WireCall
from trio_llm._dialects.openai import OPENAI
from trio_llm._dialects.quirks import NO_QUIRKS, CacheMarks, MaxTokensName, MessageSchema, Quirks
from trio_llm._types.chat import ChatAudio, ChatRequest, FunctionCall, Message, ToolCall
from trio_llm._types.embeddings import EmbeddingRequest
from trio_llm._types.errors import BadRequestError, UnsupportedParamsError
from trio_llm._types.http import HTTPRequest
from trio_llm._types.images import ImageRequest

HELLO = [{"role": "user", "content": "Hello"}]
assert OPENAI.chat is not None
assert OPENAI.chat_stream is not None
assert OPENAI.embeddings is not None
assert OPENAI.images is not None
CHAT, STREAM, EMBEDDINGS, IMAGES = OPENAI.chat, OPENAI.chat_stream, OPENAI.embeddings, OPENAI.images


def body_of(request: HTTPRequest) -> dict[str, Any]:
    assert isinstance(request.body, bytes)
    body: dict[str, Any] = json.loads(request.body)
    return body


def sent(quirks: Quirks = NO_QUIRKS, messages: Any = HELLO, **params: Any) -> dict[str, Any]:
    return body_of(CHAT.encode(WireCall(ChatRequest("p/m", messages, **params), "m", quirks)))


def sent_message(message: Any, quirks: Quirks = NO_QUIRKS) -> dict[str, Any]:
    found: dict[str, Any] = sent(quirks, [message])["messages"][0]
    return found


def test_parameters_are_sent_under_their_names() -> None:
    request = CHAT.encode(WireCall(ChatRequest("p/m", HELLO, temperature=0.5, seed=1, user=None), "m"))

    assert (request.method, request.path) == ("POST", "/chat/completions")
    assert request.headers == (("content-type", "application/json"),)
    assert body_of(request) == {"model": "m", "messages": HELLO, "temperature": 0.5, "seed": 1}


@pytest.mark.parametrize(
    ("given_options", "quirks", "options"),
    [
        (None, NO_QUIRKS, {"include_usage": True}),
        ({"include_obfuscation": False}, NO_QUIRKS, {"include_obfuscation": False, "include_usage": True}),
        ({"include_usage": False}, NO_QUIRKS, {"include_usage": True}),
        (None, Quirks(stream_usage=False), None),
        ({"include_usage": True}, Quirks(stream_usage=False), None),
    ],
)
def test_a_stream_asks_for_usage_where_that_is_allowed(
    given_options: dict[str, Any] | None, quirks: Quirks, options: dict[str, Any] | None
) -> None:
    request = ChatRequest("p/m", HELLO, stream=True, stream_options=given_options, extra_body={"stream_x": 1})

    body = body_of(STREAM.encode(WireCall(request, "m", quirks)))

    assert (body["stream"], body.get("stream_options"), body["stream_x"]) == (True, options, 1)


@pytest.mark.parametrize(
    ("name", "limits", "sent_limits"),
    [
        (MaxTokensName.AS_GIVEN, {"max_tokens": 5}, {"max_tokens": 5}),
        (MaxTokensName.AS_GIVEN, {"max_completion_tokens": 5}, {"max_completion_tokens": 5}),
        (MaxTokensName.MAX_TOKENS, {"max_completion_tokens": 5}, {"max_tokens": 5}),
        (MaxTokensName.MAX_COMPLETION_TOKENS, {"max_tokens": 5}, {"max_completion_tokens": 5}),
        (MaxTokensName.MAX_TOKENS, {"max_tokens": 5, "max_completion_tokens": 5}, {"max_tokens": 5}),
        (
            MaxTokensName.MAX_TOKENS,
            {"max_tokens": 5, "max_completion_tokens": 6},
            {"max_tokens": 5, "max_completion_tokens": 6},
        ),
        (MaxTokensName.MAX_TOKENS, {}, {}),
    ],
)
def test_the_limit_of_the_answer_has_the_name_that_the_provider_takes(
    name: MaxTokensName, limits: dict[str, int], sent_limits: dict[str, int]
) -> None:
    body = sent(Quirks(max_tokens_name=name), **limits)

    assert {key: value for key, value in body.items() if key.startswith("max_")} == sent_limits


def test_quirks_rename_parameters_and_the_word_for_a_tool_at_any_rate() -> None:
    body = sent(Quirks(renamed={"seed": "random_seed"}, required_tool_choice="any"), seed=1, tool_choice="required")

    assert (body["random_seed"], body["tool_choice"]) == (1, "any")
    assert "seed" not in body


def test_what_the_provider_refuses_is_refused_by_name_or_dropped_on_demand() -> None:
    quirks = Quirks(unsupported=frozenset({"logit_bias", "n"}))

    with pytest.raises(UnsupportedParamsError, match="cannot express n; drop_params=True leaves it out"):
        sent(quirks, n=2, logit_bias={}, seed=1)

    assert sent(quirks, n=2, logit_bias={}, seed=1, drop_params=True) == {"model": "m", "messages": HELLO, "seed": 1}


def test_extra_fields_are_merged_object_by_object() -> None:
    extra = {"top_k": 3, "audio": {"b": 2}, "temperature": 1}

    body = sent(temperature=0, audio={"a": 1}, extra_body=extra)

    assert body == {"model": "m", "messages": HELLO, "temperature": 1, "audio": {"a": 1, "b": 2}, "top_k": 3}


def test_a_class_as_response_format_becomes_its_schema() -> None:
    @attrs.define
    class Fruit:
        name: str

    assert sent(response_format=Fruit)["response_format"]["json_schema"]["name"] == "Fruit"
    assert sent(response_format={"type": "json_object"})["response_format"] == {"type": "json_object"}


def test_a_value_without_json_form_is_refused() -> None:
    with pytest.raises(BadRequestError, match="the request cannot be written as JSON"):
        sent(audio={"a": object()})


REPLY = Message(
    "Hi",
    tool_calls=[
        ToolCall("c", function=FunctionCall("f", "{}"), index=0, provider_specific_fields={"thought_signature": "s"})
    ],
    reasoning_content="hm",
    thinking_blocks=[{"type": "thinking"}],
    annotations=[],
    images=[],
    provider_specific_fields={"x": 1},
    model_extra={"reasoning_details": [1], "channel": "final"},
)
PLAIN_CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def test_a_responses_message_is_sent_without_what_the_request_schema_lacks() -> None:
    assert sent_message(REPLY) == {"role": "assistant", "content": "Hi", "tool_calls": [PLAIN_CALL]}


def test_a_responses_message_keeps_what_the_vendor_wants_back() -> None:
    quirks = Quirks(reply_fields=frozenset({"reasoning_content", "reasoning_details", "index"}))

    assert sent_message(REPLY, quirks) == {
        "role": "assistant",
        "content": "Hi",
        "reasoning_content": "hm",
        "reasoning_details": [1],
        "tool_calls": [{**PLAIN_CALL, "index": 0}],
    }


def test_the_vendors_word_for_thinking_need_not_be_ours() -> None:
    quirks = Quirks(reply_fields=frozenset({"reasoning_content"}), renamed={"reasoning_content": "reasoning"})

    assert sent_message(Message("Hi", reasoning_content="hm"), quirks)["reasoning"] == "hm"


def test_of_spoken_output_only_the_id_goes_back() -> None:
    message = Message(audio=ChatAudio("a1", "QQ==", 9, "Hi"))

    assert sent_message(message) == {"role": "assistant", "audio": {"id": "a1"}}


def test_a_responses_message_without_anything_is_an_empty_text() -> None:
    assert sent_message(Message(reasoning_content="hm")) == {"role": "assistant", "content": ""}


def test_a_responses_tool_call_inside_the_callers_own_message_is_cleaned_too() -> None:
    message = {"role": "assistant", "content": None, "tool_calls": REPLY.tool_calls}

    assert sent_message(message) == {"role": "assistant", "content": None, "tool_calls": [PLAIN_CALL]}


def test_the_callers_own_fields_are_sent_as_they_are() -> None:
    message = {
        "role": "assistant",
        "content": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}],
        "reasoning_content": "hm",
        "tool_calls": [{**PLAIN_CALL, "index": 0}],
        "prefix": True,
    }

    marked = Quirks(cache_marks=CacheMarks.CACHE_CONTROL)
    assert sent_message(message, marked) == message
    assert sent_message(MappingProxyType(message), marked) == message


def test_nulls_are_left_out_apart_from_content() -> None:
    message = {"role": "assistant", "content": None, "tool_calls": None, "name": "n"}

    assert sent_message(message) == {"role": "assistant", "content": "", "name": "n"}
    assert sent_message({**message, "refusal": "No."})["content"] is None


def test_a_message_of_another_role_that_was_dumped_is_sent_whole() -> None:
    class Question:
        def model_dump(self, *, exclude_none: bool) -> dict[str, Any]:
            return {"role": "user", "content": "x", "team": "a", "none": None} if not exclude_none else {
                "role": "user", "content": "x", "team": "a"
            }  # fmt: skip

    assert sent_message(Question()) == {"role": "user", "content": "x", "team": "a"}


@pytest.mark.parametrize(("quirks", "role"), [(NO_QUIRKS, "developer"), (Quirks(system_role="system"), "system")])
def test_developers_have_the_role_that_the_provider_knows(quirks: Quirks, role: str) -> None:
    assert sent_message({"role": "developer", "content": "x"}, quirks) == {"role": role, "content": "x"}


@pytest.mark.parametrize(
    ("content", "plain"),
    [
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "a\nb"),
        (
            [{"type": "text", "text": "a"}, {"type": "image_url"}],
            [{"type": "text", "text": "a"}, {"type": "image_url"}],
        ),
        ("a", "a"),
        (None, None),
    ],
)
def test_text_parts_are_joined_for_providers_that_take_only_text(content: Any, plain: Any) -> None:
    quirks = Quirks(text_only_roles=frozenset({"user", "developer"}))

    assert sent_message({"role": "user", "content": content, "name": None}, quirks) == {
        "role": "user",
        "content": plain,
    }
    assert sent_message({"role": "user", "content": content}, quirks) == {"role": "user", "content": plain}
    assert sent_message({"role": "developer", "name": "n"}, quirks) == {"role": "developer", "name": "n"}


SCHEMA = MessageSchema(
    {"user": frozenset(), "assistant": frozenset({"tool_calls"}), "tool": frozenset({"tool_call_id"})},
    frozenset({"text", "image_url"}),
)


@pytest.mark.parametrize(
    ("message", "fitted"),
    [
        ({"role": "user", "content": "x", "name": ""}, {"role": "user", "content": "x"}),
        (
            {"role": "assistant", "content": "x", "annotations": [1], "reasoning_content": "r", "tool_calls": [{}]},
            {"role": "assistant", "content": "x", "tool_calls": [{}]},
        ),
        (
            {"role": "tool", "content": "x", "tool_call_id": "c", "name": "f"},
            {"role": "tool", "content": "x", "tool_call_id": "c"},
        ),
        ({"role": "function", "content": "x", "odd": 1}, {"role": "function", "content": "x", "odd": 1}),
        (
            {"role": "user", "content": ["x", {"type": "text", "text": "x"}]},
            {"role": "user", "content": [{"type": "text", "text": "x"}] * 2},
        ),
    ],
)
def test_a_strict_provider_is_not_sent_what_says_nothing_to_it(message: Any, fitted: Any) -> None:
    assert sent_message(message, Quirks(message_schema=SCHEMA)) == fitted


def test_what_a_strict_provider_cannot_take_is_refused_by_place_or_dropped_on_demand() -> None:
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "file", "file": {}}], "name": "n"},
        {"role": "assistant", "content": "x", "prefix": True},
        {"role": "user", "content": [{"type": "file"}]},
    ]
    quirks = Quirks(message_schema=SCHEMA)

    with pytest.raises(UnsupportedParamsError) as caught:
        sent(quirks, messages)

    assert str(caught.value) == (
        "cannot express messages[0].name, messages[0].content[1] of type 'file', messages[1].prefix, "
        "messages[2].content[0] of type 'file'; "
        "drop_params=True leaves it out"
    )
    assert sent(quirks, messages, drop_params=True)["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "x"}]},
        {"role": "assistant", "content": "x"},
        {"role": "user", "content": ""},
    ]


@pytest.mark.parametrize(
    ("part", "plain"),
    [
        (
            {"type": "input_audio", "input_audio": {"data": "QQ==", "format": "mp3"}},
            {"type": "input_audio", "input_audio": "QQ=="},
        ),
        ({"type": "input_audio", "input_audio": "QQ=="}, {"type": "input_audio", "input_audio": "QQ=="}),
        ({"type": "file", "file": {"file_id": "f"}}, {"type": "file", "file_id": "f"}),
        (
            {"type": "file", "file": {"file_data": "data:,x", "filename": "x.pdf"}},
            {"type": "document_url", "document_url": "data:,x", "document_name": "x.pdf"},
        ),
        ({"type": "file", "file": {"file_data": "data:,x"}}, {"type": "document_url", "document_url": "data:,x"}),
        ({"type": "text", "text": "x"}, {"type": "text", "text": "x"}),
    ],
)
def test_attachments_are_plain_strings_where_the_provider_wants_them_so(part: Any, plain: Any) -> None:
    quirks = Quirks(attachments_as_text=True)

    assert sent_message({"role": "user", "content": [part]}, quirks)["content"] == [plain]
    assert sent_message({"role": "user", "content": "x"}, quirks)["content"] == "x"


def test_values_that_the_provider_does_not_take_are_refused() -> None:
    quirks = Quirks(accepted_values={"n": frozenset({1}), "reasoning_effort": frozenset({"high"})})

    assert sent(quirks, n=1, reasoning_effort={"effort": "high"})["reasoning_effort"] == "high"
    with pytest.raises(UnsupportedParamsError, match="cannot express reasoning_effort"):
        sent(quirks, reasoning_effort={"effort": "low"})
    with pytest.raises(UnsupportedParamsError, match="cannot express n, reasoning_effort"):
        sent(quirks, n=2, reasoning_effort="low")
    assert sent(quirks, n=2, drop_params=True) == {"model": "m", "messages": HELLO}


MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "developer", "assistant"])},
        optional={
            "content": st.none() | st.text() | st.just([{"type": "text", "text": "x"}]),
            "name": st.none() | st.text(),
            "tool_calls": st.none() | st.just([{"id": "c"}]),
        },
    ),
    min_size=1,
)


@given(messages=MESSAGES, system_role=st.none() | st.just("system"), text_only=st.sets(st.sampled_from(["user"])))
def test_encoding_changes_nothing_of_the_callers(
    messages: list[dict[str, Any]], system_role: str | None, text_only: set[str]
) -> None:
    extra, options = {"metadata": {"b": {"c": 1}}}, {"x": 1}
    params: dict[str, Any] = {"metadata": {"b": {"d": 1}}, "stream_options": options, "extra_body": extra, "seed": 1}
    params["drop_params"] = True
    before = copy.deepcopy((messages, extra, options, params))
    quirks = Quirks(
        {"seed": "random_seed"}, system_role=system_role, text_only_roles=frozenset(text_only), message_schema=SCHEMA
    )
    request = ChatRequest("p/m", messages, **params)

    for encode in (CHAT.encode, STREAM.encode):
        encode(WireCall(request, "m", quirks))

    assert (messages, extra, options, params) == before
    assert request == ChatRequest("p/m", before[0], **before[3])


def test_an_embedding_request_is_sent() -> None:
    request = EmbeddingRequest("p/m", ["a"], dimensions=3, encoding_format="base64", extra_body={"truncate": True})

    encoded = EMBEDDINGS.encode(WireCall(request, "m", Quirks({"dimensions": "output_dimension"})))

    assert encoded.path == "/embeddings"
    assert body_of(encoded) == {
        "model": "m", "input": ["a"], "output_dimension": 3, "encoding_format": "base64", "truncate": True,
    }  # fmt: skip


def test_an_image_request_is_sent() -> None:
    encoded = IMAGES.encode(WireCall(ImageRequest("a fox", "p/m", size="8x8", extra_body={"steps": 4}), "m"))

    assert encoded.path == "/images/generations"
    assert body_of(encoded) == {"model": "m", "prompt": "a fox", "size": "8x8", "steps": 4}


@pytest.mark.parametrize(
    ("endpoint", "request_value"),
    [(EMBEDDINGS, EmbeddingRequest("m", "a", user="u")), (IMAGES, ImageRequest("a fox", "m", user="u"))],
)
def test_other_endpoints_refuse_what_the_provider_refuses(endpoint: Any, request_value: Any) -> None:
    with pytest.raises(UnsupportedParamsError, match="cannot express user"):
        endpoint.encode(WireCall(request_value, "m", Quirks(unsupported=frozenset({"user"}))))
