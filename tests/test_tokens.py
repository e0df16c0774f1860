"""Tokens without asking anybody: encodings, messages and tools by OpenAI's formulas, pictures by their vendors'."""

from __future__ import annotations

import json
import struct
import sys
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

import trio_llm
from trio_llm.models import tokenizer_from_file, tokenizers
from trio_llm.models.image_tokens import image_tokens, size_of
from trio_llm.models.tokenizers import counting_of

HELLO = [{"role": "user", "content": "Hello"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather now",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "The city"},
                "unit": {"type": "string", "enum": ["c", "f"]},
                "days": {"type": "array", "items": {"type": "integer"}},
                "place": {"type": "object", "properties": {"lat": {"type": "number"}}, "required": ["lat"]},
            },
            "required": ["city"],
        },
    },
}


class Words:
    """A tokenizer of one's own: a token is the length of a word."""

    def encode(self, text: str) -> list[int]:
        return [len(word) for word in text.split()]

    def decode(self, tokens: Sequence[int]) -> str:
        return " ".join("x" * token for token in tokens)


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("openai/gpt-4o", [13225, 11, 2375, 0]),
        ("gpt-5-mini", [13225, 11, 2375, 0]),
        ("openrouter/openai/o3", [13225, 11, 2375, 0]),
        ("groq/openai/gpt-oss-20b", [13225, 11, 2375, 0]),
        ("gpt-4-turbo", [9906, 11, 1917, 0]),
        ("azure/gpt-35-turbo", [9906, 11, 1917, 0]),
        ("text-embedding-3-small", [9906, 11, 1917, 0]),
    ],
)
def test_a_model_has_its_own_encoding(model: str, tokens: list[int]) -> None:
    assert trio_llm.encode(model, "Hello, world!") == tokens
    assert trio_llm.decode(model, tokens) == "Hello, world!"


@settings(max_examples=50)
@given(text=st.text())
def test_what_is_encoded_is_decoded(text: str) -> None:
    text = text.encode(errors="replace").decode()

    assert trio_llm.decode("gpt-4o", trio_llm.encode("gpt-4o", text)) == text


def test_what_looks_like_a_special_token_is_text() -> None:
    assert len(trio_llm.encode("gpt-4o", "<|endoftext|>")) > 1


def test_a_long_text_has_as_many_tokens_as_its_parts() -> None:
    line = "All work and no play makes Jack a dull boy.\n"
    once = trio_llm.token_counter("gpt-4o", text=line)

    assert trio_llm.token_counter("gpt-4o", text=line * 30_000) == 30_000 * once


def test_a_model_whose_tokenizer_is_not_public_is_counted_and_not_encoded() -> None:
    assert trio_llm.token_counter("anthropic/claude-opus-4-5", text="Hello, world! " * 50) > 200
    with pytest.raises(ValueError, match="the tokenizer of 'anthropic/claude-opus-4-5' is not public"):
        trio_llm.encode("anthropic/claude-opus-4-5", "Hello")


# The prompts that OpenAI's cookbook and others counted with the API itself.
@pytest.mark.parametrize(
    ("model", "messages", "count"),
    [
        ("gpt-4o", HELLO, 8),
        ("gpt-4", HELLO, 8),
        ("gpt-5", HELLO, 7),
        ("gpt-4o", [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}], 8),
        ("gpt-4o", [*HELLO, {"role": "assistant", "content": "Hi"}], 13),
        ("gpt-4o", [{"role": "user", "name": "Ann", "content": "Hello"}], 10),
    ],
)
def test_messages_are_counted_with_what_is_put_around_them(model: str, messages: Any, count: int) -> None:
    assert trio_llm.token_counter(model, messages=messages) == count


def test_tools_are_counted_as_the_types_that_they_are_shown_as() -> None:
    shown = """namespace functions {

// The weather now
type get_weather = (_: {
// The city
city: string,
unit?: "c" | "f",
days?: number[],
place?: {
 lat: number,
},
}) => any;

} // namespace functions"""
    counted = trio_llm.token_counter("gpt-4o", messages=HELLO, tools=[WEATHER])

    assert counted == 8 + 9 + len(trio_llm.encode("gpt-4o", shown))


EVERYTHING = {
    "type": "object",
    "title": "Trip",
    "description": "Where to",
    "$defs": {"Place": {"type": "object", "properties": {"lat": {"type": "number", "description": "Degrees"}}}},
    "properties": {
        "city": {"type": "string", "title": "City", "description": "The city"},
        "days": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
        "unit": {"enum": ["c", "f"], "default": "c"},
        "place": {"$ref": "#/$defs/Place"},
        "by": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "tags": {"type": "array", "items": {"type": ["string", "null"]}},
    },
    "required": ["city"],
}
SHOWN = """namespace functions {

type plan = (_: // Trip
// Where to
{
// City
//
// The city
city: string,
LIMITSdays?: number, // default: 3
unit?: "c" | "f", // default: c
place?: {
 // Degrees
 lat?: number,
},
by?: string | null,
tags?: string | null[],
}) => any;

} // namespace functions"""


@pytest.mark.parametrize(
    ("model", "limits"), [("gpt-4o", "// minimum: 1\n// maximum: 9\n"), ("gpt-4", ""), ("gpt-3.5-turbo-0125", "")]
)
def test_what_is_said_of_a_parameter_is_shown_as_a_comment(model: str, limits: str) -> None:
    counted = trio_llm.token_counter(model, messages=HELLO, tools=[{"name": "plan", "parameters": EVERYTHING}])

    assert counted == 8 + 9 + len(trio_llm.encode(model, SHOWN.replace("LIMITS", limits)))


def test_a_schema_that_refers_to_itself_is_counted() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}, "any": {"anyOf": [{"$ref": "#"}]}}}
    twice = {
        f"N{number}": {"type": "object", "properties": {side: {"$ref": f"#/$defs/N{number + 1}"} for side in "lr"}}
        for number in range(100)
    }
    for named in ({"Node": node}, {"Node": twice["N0"], **twice}):
        tool = {"name": "f", "parameters": {**node, "$defs": named}}
        for model in ("gpt-4o", "gemini/gemini-2.5-flash", "vertex_ai/gemini-2.5-flash"):
            assert 1 < trio_llm.token_counter(model, messages=HELLO, tools=[tool]) < 100_000


# What providers told of these very messages.
@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("openai/gpt-4o", 10),
        ("openai/gpt-5", 9),
        ("openai/o3-mini", 9),
        ("together_ai/openai/gpt-oss-120b", 70),
        ("anthropic/claude-sonnet-4-5", 10),
        ("gemini/gemini-2.5-flash", 3),
        ("deepinfra/google/gemma-3-12b-it", 12),
        ("mistral/mistral-large-latest", 6),
        ("groq/llama-3.1-8b-instant", 38),
        ("groq/llama-4-scout", 13),
        ("novita/qwen/qwen3-coder", 11),
        ("together_ai/qwen/qwen3-next-80b-a3b-thinking", 13),
        ("novita/deepseek/deepseek-v3.1", 7),
        ("azure/deepseek-r1", 8),
        ("xai/grok-3", 9),
        ("xai/grok-3-mini", 10),
        ("zai/glm-4.5", 8),
        ("moonshot/kimi-k2-0905", 10),
        ("groq/moonshotai/kimi-k2-instruct", 28),
        ("azure/grok-4-1-fast-non-reasoning", 3),
        ("perplexity/sonar", 3),
    ],
)
def test_a_family_puts_its_own_marks_around_messages(model: str, told: int) -> None:
    message = {"role": "user", "content": "Hello world!"}

    assert trio_llm.token_counter(model, messages=[message]) == told


@pytest.mark.parametrize(("model", "apart"), [("mistral/x-mistral", 7), ("openai/gpt-4o", 3), ("xai/grok-3", 3)])
def test_some_cut_each_digit_off(model: str, apart: int) -> None:
    assert trio_llm.token_counter(model, text="1234567") == apart


def test_tools_are_left_out_where_the_vendor_leaves_them_out() -> None:
    for model, is_left_out in (("deepseek/deepseek-chat", True), ("openai/gpt-4o", False), ("zai/glm-4.6", False)):
        bare = trio_llm.token_counter(model, messages=HELLO)
        with_tools = trio_llm.token_counter(model, messages=HELLO, tools=[WEATHER], tool_choice="none")
        assert (with_tools == bare) == is_left_out


def test_chat_completions_add_a_prompt_to_the_tools_of_gpt_5_and_gateways_do_not() -> None:
    """A recorded exchange of each way, that differ by what OpenAI tells of channels."""
    told = {
        model: trio_llm.token_counter(model, messages=HELLO, tools=[WEATHER])
        for model in ("gpt-5", "azure/gpt-5", "openrouter/openai/gpt-5")
    }

    assert told["gpt-5"] == told["azure/gpt-5"] == told["openrouter/openai/gpt-5"] + 82


def test_forcing_a_function_takes_tokens_and_a_call_is_counted() -> None:
    free = trio_llm.token_counter("gpt-4o", messages=HELLO, tools=[WEATHER])
    choice = {"type": "function", "function": {"name": "get_weather"}}
    call = {"id": "1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'}}
    called: list[dict[str, Any]] = [*HELLO, {"role": "assistant", "content": None, "tool_calls": [call]}]

    assert trio_llm.token_counter("gpt-4o", messages=HELLO, tools=[WEATHER], tool_choice=choice) > free
    assert trio_llm.token_counter("gpt-4o", messages=called) > 15


def test_a_parameter_of_any_shape_is_counted() -> None:
    shapes: Any = [
        {"type": ["string", "null"]},
        {"anyOf": []},
        {"type": "array"},
        {"enum": [1, 2]},
        {"type": "boolean"},
    ]
    for shape in shapes:
        tool = {"name": "f", "parameters": {"properties": {"x": shape}}}
        assert trio_llm.token_counter("gpt-4o", messages=HELLO, tools=[tool]) > 20
        assert trio_llm.token_counter("mistral/x", messages=HELLO, tools=[tool]) > 20
    assert trio_llm.token_counter("gpt-4o", messages=HELLO, tools=[{"name": "f"}]) > 20


def test_a_tokenizer_of_ones_own_counts() -> None:
    own = Words()

    assert trio_llm.token_counter("x", own, text=["one two", "three"]) == 3
    assert trio_llm.encode("x", "a bcd", own) == [1, 3]
    assert trio_llm.decode("x", [2], own) == "xx"


def test_either_a_text_or_messages() -> None:
    for given_both in ({}, {"text": "x", "messages": HELLO}):
        with pytest.raises(ValueError, match="either text= or messages="):
            trio_llm.token_counter("gpt-4o", **given_both)  # type: ignore[arg-type]


def test_a_tokenizer_comes_from_a_file(tmp_path: Path) -> None:
    vocabulary = {"a": 0, "b": 1, "ab": 2}
    made: dict[str, Any] = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": None,
        "model": {"type": "BPE", "vocab": vocabulary, "merges": ["a b"], "unk_token": None},
    }
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(made))
    own = tokenizer_from_file(path)

    assert own.encode("abb") == [2, 1]
    assert own.decode([2, 1]) == "abb"
    path.write_text("no tokenizer")
    with pytest.raises(ValueError, match=r"tokenizer\.json is no tokenizer that can be read"):
        tokenizer_from_file(path)


@pytest.mark.parametrize("package", ["bpe_openai", "kitoken"])
def test_without_a_package_an_error_says_what_to_install(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr(tokenizers, "_public_encoding", tokenizers._public_encoding.__wrapped__)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "trio-llm\[tokens\]"'):
        counting_of("gpt-4o") if package == "bpe_openai" else tokenizer_from_file("x")


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + bytes(9)


def jpeg(width: int, height: int) -> bytes:
    preamble = b"\xff\xe0" + struct.pack(">H", 300) + bytes(298)
    return b"\xff\xd8" + preamble + b"\xff\xc0" + struct.pack(">HBHH", 17, 8, height, width) + bytes(9)


PICTURES = {
    "png": png(640, 480),
    "jpeg": jpeg(640, 480),
    "gif": b"GIF89a" + struct.pack("<HH", 640, 480),
    "webp": b"RIFF0000WEBPVP8X" + bytes(8) + (639).to_bytes(3, "little") + (479).to_bytes(3, "little"),
    "lossless": b"RIFF0000WEBPVP8L" + bytes(5) + (639 | 479 << 14).to_bytes(4, "little"),
    "lossy": b"RIFF0000WEBPVP8 " + bytes(10) + struct.pack("<HH", 640, 480),
}


def data_url(data: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{b64encode(data).decode()}"


@pytest.mark.parametrize("kind", PICTURES)
def test_the_size_of_a_picture_is_read_from_its_head(kind: str) -> None:
    assert size_of(data_url(PICTURES[kind])) == (640, 480)


@given(data=st.binary(max_size=60), magic=st.sampled_from([b"", b"\xff\xd8", b"RIFF0000WEBP", b"GIF8", png(1, 1)[:8]]))
def test_a_picture_that_is_none_has_no_size(data: bytes, magic: bytes) -> None:
    size = size_of(data_url(magic + data))

    assert size is None or all(side > 0 for side in size)
    assert size_of("https://example.org/cat.png") is None


# Worked examples of the vendors' own pages, where nothing else is said.
@pytest.mark.parametrize(
    ("model", "size", "detail", "count"),
    [
        ("gpt-4o", (1024, 1024), "high", 765),
        ("gpt-4o", (2048, 4096), "high", 1105),
        ("gpt-4o", (4096, 8192), "low", 85),
        ("gpt-4o-mini", (512, 512), "high", 8500),
        ("gpt-4.1-mini", (1024, 1024), "auto", 1659),
        ("o4-mini", (1800, 2400), "auto", 2498),
        ("gpt-5", (1024, 1024), "high", 630),
        ("computer-use-preview", (1024, 1024), "high", 65 + 4 * 129),
        ("claude-opus-4-5", (200, 200), "auto", 54),
        ("claude-opus-4-5", (1000, 1000), "auto", 1334),
        ("gemini-2.5-flash", (384, 384), "auto", 258),
        ("gemini-2.5-flash", (960, 540), "auto", 1548),
        ("claude-opus-4-8", (5152, 2800), "auto", 92 * 50),
        ("claude-fable-5-1", (4000, 4000), "auto", 4784),
        # What providers told of pictures of this size.
        ("gemini-3-flash-preview", (1, 1), "auto", 1089),
        ("gemini-flash-latest", (330, 291), "auto", 1085),
        ("gemini-3.5-flash", (60, 30), "auto", 1081),
        ("gemini-3-flash-preview", (400, 301), "auto", 1102),
        ("gpt-5.6-sol", (330, 291), "auto", 132),
        ("mistral-large-2512", (330, 291), "auto", 143),
        ("ministral-3b-latest", (64, 64), "auto", 12),
        ("qwen3-vl-flash", (330, 291), "auto", 92),
        ("qwen2.5-vl-72b-instruct", (597, 566), "auto", 422),
        ("sonar-pro", (330, 291), "auto", 128),
        ("grok-2-vision", (128, 128), "auto", 257),
    ],
)
def test_a_picture_takes_the_tokens_of_its_vendors_example(
    model: str, size: tuple[int, int], detail: str, count: int
) -> None:
    assert image_tokens(model, data_url(png(*size)), detail) == count


def test_a_picture_in_a_message_is_counted() -> None:
    picture = {"type": "image_url", "image_url": {"url": data_url(png(1024, 1024)), "detail": "high"}}
    message = {"role": "user", "content": [{"type": "text", "text": "Hello"}, picture]}

    assert trio_llm.token_counter("gpt-4o", messages=[message]) == 8 + 765


@pytest.mark.parametrize(
    "model",
    [
        "gpt-4o",
        "gpt-5-mini",
        "claude-opus-4-5",
        "claude-opus-5",
        "gemini-2.5-pro",
        "gemini-3-pro",
        "pixtral",
        "qwen3-vl",
    ],
)
@given(width=st.integers(1, 2**32 - 1), height=st.integers(1, 2**32 - 1))
def test_a_picture_of_any_size_is_counted(model: str, width: int, height: int) -> None:
    assert image_tokens(model, data_url(png(width, height))) >= 0


PICTURE = data_url(png(330, 291))


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": PICTURE},
        {"type": "input_image", "image_url": PICTURE},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PICTURE.partition(",")[2]}},
        {"type": "document", "source": {"content": [{"type": "image_url", "image_url": {"url": PICTURE}}]}},
    ],
)
def test_a_picture_is_counted_in_the_shape_of_every_api(part: dict[str, Any]) -> None:
    alone = trio_llm.token_counter("anthropic/claude-opus-4-5", messages=[{"role": "user", "content": ""}])
    shown = trio_llm.token_counter("anthropic/claude-opus-4-5", messages=[{"role": "user", "content": [part]}])

    assert shown - alone == 129


@pytest.mark.parametrize("given", [None, {}, {"url": None}, {"url": ""}, {"url": "https://example.org/cat.png"}])
def test_a_picture_of_unknown_size_counts_as_a_usual_one(given: Any) -> None:
    part = {"type": "image", "image_url": given}
    counted = trio_llm.token_counter("openai/gpt-4o", messages=[{"role": "user", "content": [part]}])

    assert counted == 7 + 765


def test_blocks_of_the_messages_api_are_counted() -> None:
    blocks = [
        {"type": "thinking", "thinking": "Where is it?"},
        {"type": "tool_use", "id": "1", "name": "weather", "input": {"city": "Paris"}},
    ]
    result = {"type": "tool_result", "tool_use_id": "1", "content": "Sun and more sun"}
    model = "anthropic/claude-opus-4-5"
    counts = [
        trio_llm.token_counter(model, messages=[{"role": role, "content": content}])
        for role, content in (("assistant", []), ("assistant", blocks), ("user", []), ("user", [result]))
    ]

    assert counts[1] - counts[0] == pytest.approx(
        sum(map(words, ("Where is it?", "weather", '{"city":"Paris"}'))), abs=1
    )
    # It is as long as the message of a tool with the same content.
    told = {"role": "tool", "tool_call_id": "1", "content": "Sun and more sun"}
    assert counts[3] == trio_llm.token_counter(model, messages=[told]) == counts[2] + 47 + words("Sun and more sun")
    two = trio_llm.token_counter(model, messages=[{"role": "user", "content": [result, result]}])
    assert two == trio_llm.token_counter(model, messages=[told, told])


@pytest.mark.parametrize(
    "block",
    [
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Sun and more sun"}},
        {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "Sun and more sun"}]}},
        {"type": "search_result", "source": "x", "content": [{"type": "text", "text": "Sun and more sun"}]},
        {"type": "document", "title": "Sun and more sun", "source": {"odd": 1}},
    ],
)
def test_texts_of_documents_are_counted(block: dict[str, Any]) -> None:
    model = "anthropic/claude-opus-4-5"
    counts = [
        trio_llm.token_counter(model, messages=[{"role": "user", "content": content}]) for content in ([], [block])
    ]

    assert counts[1] - counts[0] == words("Sun and more sun")


def words(text: str) -> int:
    return trio_llm.token_counter("anthropic/claude-opus-4-5", text=text)


@pytest.mark.parametrize("token", [-1, 99_999_999])
def test_what_is_no_token_is_not_decoded(token: int) -> None:
    with pytest.raises(ValueError, match="token|Token"):
        trio_llm.decode("openai/gpt-4o", [token])


@pytest.mark.parametrize("limit", range(20, 400, 20))
def test_a_result_of_anthropics_shape_stays_or_goes_with_its_call_too(limit: int) -> None:
    conversation: list[dict[str, Any]] = [
        {"role": "user", "content": "first " * 50},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "f", "input": {"of": "what " * 50}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "result " * 50}]},
        {"role": "user", "content": "last"},
    ]
    kept = trio_llm.trim_messages(conversation, "anthropic/claude-opus-4-5", max_tokens=limit)

    assert (conversation[1] in kept) == (conversation[2] in kept)


CONVERSATION: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "first " * 50},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]},
    {"role": "tool", "tool_call_id": "1", "content": "result " * 50},
    {"role": "user", "content": "last"},
]


def test_the_oldest_messages_go_and_a_result_never_stays_without_its_call() -> None:
    for limit in range(20, 200, 5):
        kept = trio_llm.trim_messages(CONVERSATION, "gpt-4o", max_tokens=limit)
        assert kept[0] == CONVERSATION[0]
        assert kept[-1] == CONVERSATION[-1]
        assert (CONVERSATION[2] in kept) == (CONVERSATION[3] in kept)
        assert trio_llm.token_counter("gpt-4o", messages=kept) <= limit
    assert trio_llm.trim_messages(CONVERSATION, "gpt-4o", max_tokens=500) == CONVERSATION


def test_the_limit_is_the_models_where_none_is_given() -> None:
    assert trio_llm.trim_messages(CONVERSATION, "openai/gpt-4o") == CONVERSATION
    with pytest.raises(ValueError, match="how many tokens"):
        trio_llm.trim_messages(CONVERSATION)


def test_what_has_to_stay_and_does_not_fit_is_an_error() -> None:
    with pytest.raises(ValueError, match="more than 5"):
        trio_llm.trim_messages(CONVERSATION, "gpt-4o", max_tokens=5)
    with pytest.raises(ValueError, match="more than 5"):
        trio_llm.trim_messages(CONVERSATION[:1], "gpt-4o", max_tokens=5)


CALL = {"id": "1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'}}


def conversation(*calls: dict[str, Any]) -> list[dict[str, Any]]:
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "sunny in Paris"} for call in calls]
    asked = {"role": "user", "content": "What is the weather in Paris? Use the tool."}
    return [asked, {"role": "assistant", "content": None, "tool_calls": [*calls]}, *results]


def counted(messages: list[dict[str, Any]]) -> int:
    return trio_llm.token_counter("openai/gpt-4o", messages=messages)


def test_parts_of_a_text_are_joined_before_they_are_cut() -> None:
    """A recorded exchange, whose provider told 36 tokens."""
    texts = ["The capital of Quackiland is Quack. The Big Canard Statue is located in Quack."]
    texts += ["What is the capital of Quackiland?"]
    parts = [{"type": "text", "text": text} for text in texts]

    assert trio_llm.token_counter("openai/gpt-4.1-nano", messages=[{"role": "user", "content": parts}]) == 36


def test_a_call_and_its_result_are_counted_as_the_provider_told_them() -> None:
    """A recorded exchange, whose provider told 64 tokens."""
    more = [{"role": "assistant", "content": "The weather in Paris is sunny."}]
    more += [{"role": "user", "content": "Reply with exactly: OK"}]

    assert counted(conversation(CALL) + more) == 64


def test_white_space_in_arguments_and_the_name_beside_a_result_do_not_count() -> None:
    plain = conversation(CALL)
    spaced = conversation({**CALL, "function": {"name": "get_weather", "arguments": '{\n  "city":\n "Paris"\n}'}})
    broken = conversation({**CALL, "function": {"name": "get_weather", "arguments": '{"city": "Par'}})
    named = [*plain[:2], {**plain[2], "name": "get_weather"}]

    assert counted(plain) == counted(spaced) == counted(named)
    assert counted(broken) > 0


def test_calls_that_are_made_together_are_counted_as_the_provider_told_them() -> None:
    """A recorded exchange, whose provider told 99 tokens."""
    cities = {"New York City": "25 degrees and sunny", "London": "15 degrees and raining"}
    calls = [
        {**CALL, "id": city, "function": {"name": "get_weather", "arguments": json.dumps({"location": city})}}
        for city in cities
    ]
    system = {"role": "system", "content": "You are a helpful assistant providing weather updates."}
    asked = {"role": "user", "content": "What is the weather in New York City and London?"}
    results = [{"role": "tool", "content": said, "tool_call_id": city} for city, said in cities.items()]

    assert counted([system, asked, {"role": "assistant", "tool_calls": calls}, *results]) == 99


_WEATHER = {
    "type": "function",
    "function": {"name": "weather", "description": "The weather.", "parameters": {"type": "object", "properties": {}}},
}


def _of_claude(name: str, **more: Any) -> int:
    return trio_llm.token_counter(f"anthropic/{name}", messages=[{"role": "user", "content": "Is it raining?"}], **more)


@pytest.mark.parametrize(
    "name", ["claude-opus-4-7", "claude-opus-4.8", "claude-sonnet-5", "claude-haiku-5-5", "claude-fable-5-2@20261109"]
)
def test_a_text_has_more_tokens_for_claude_since_4_7(name: str) -> None:
    text = "The same input text produces approximately 30 percent more tokens than on earlier models. " * 20
    before = trio_llm.token_counter("anthropic/claude-sonnet-4-6", text=text)
    for older in ("claude-haiku-4-5-20251001", "claude-opus-4.6", "claude-4-5-sonnet"):
        assert trio_llm.token_counter(f"anthropic/{older}", text=text) == before
    assert 1.2 < trio_llm.token_counter(f"anthropic/{name}", text=text) / before < 1.4


@pytest.mark.parametrize(
    ("name", "prompt", "demand"),
    [
        ("claude-3-opus-20240229", 530, -249),
        ("claude-3-5-sonnet-20241022", 303, 0),
        ("claude-3-5-haiku-latest", 264, 99),
        ("claude-3-7-sonnet-20250219", 303, 12),
        ("claude-sonnet-4-20250514", 303, 12),
        ("claude-haiku-4-5", 485, 91),
        ("claude-sonnet-4.6", 485, 91),
        ("claude-opus-4-7", 636, 129),
        ("claude-opus-4-8", 266, 121),
        ("claude-sonnet-5", 335, 121),
    ],
)
def test_each_claude_has_its_own_prompt_for_tools(name: str, prompt: int, demand: int) -> None:
    alone, with_tool = _of_claude(name), _of_claude(name, tools=[_WEATHER])
    assert prompt + 20 < with_tool - alone < prompt + 80
    for auto in ("auto", {"type": "auto"}, "none"):
        assert _of_claude(name, tools=[_WEATHER], tool_choice=auto) == with_tool
    named = {"type": "function", "function": {"name": "weather"}}
    for demanding in ("required", {"type": "any"}, {"type": "tool", "name": "weather"}, named):
        assert _of_claude(name, tools=[_WEATHER], tool_choice=demanding) - with_tool == demand


@pytest.mark.parametrize(
    "name", ["gemini-3-pro-preview", "gemini-3.6-flash", "gemini-flash-latest", "gemini-pro-latest"]
)
def test_a_request_to_gemini_3_begins_with_a_token(name: str) -> None:
    text = "What is the capital of France?"
    counted = trio_llm.token_counter(f"gemini/{name}", messages=[{"role": "user", "content": text}])
    assert counted == 1 + trio_llm.token_counter(f"gemini/{name}", text=text)
    assert _of_gemini(name) == _of_gemini("gemini-3.5-flash")


def _of_gemini(name: str) -> int:
    messages = [{"role": "user", "content": "Is it raining?"}]
    return trio_llm.token_counter(f"gemini/{name}", messages=messages, tools=[_WEATHER])
