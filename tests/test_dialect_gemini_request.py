"""Chat requests as `generateContent` bodies."""

from __future__ import annotations

import copy
import json
from itertools import pairwise
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from trio_llm._dialects.contract import WireCall
from trio_llm._dialects.gemini import GEMINI
from trio_llm._types.chat import ChatRequest
from trio_llm._types.errors import BadRequestError, UnsupportedParamsError

HELLO = [{"role": "user", "content": "Hello"}]
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def call_of(messages: Any = HELLO, model: str = "gemini-2.5-flash", **params: Any) -> WireCall[ChatRequest]:
    return WireCall(ChatRequest(model, messages, **params), model)


def body_of(messages: Any = HELLO, model: str = "gemini-2.5-flash", **params: Any) -> dict[str, Any]:
    assert GEMINI.chat is not None
    request = GEMINI.chat.encode(call_of(messages, model, **params))
    assert isinstance(request.body, bytes)
    decoded: dict[str, Any] = json.loads(request.body)
    return decoded


def config_of(**params: Any) -> dict[str, Any]:
    config: dict[str, Any] = body_of(**params).get("generationConfig", {})
    return config


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("gemini-2.5-flash", "/models/gemini-2.5-flash"),
        ("models/gemini-2.5-flash", "/models/gemini-2.5-flash"),
        ("tunedModels/mine", "/tunedModels/mine"),
        ("a b/c?d", "/models/a%20b%2Fc%3Fd"),
    ],
)
def test_the_path_names_model_and_method(model: str, path: str) -> None:
    assert GEMINI.chat is not None
    assert GEMINI.chat_stream is not None
    whole, streamed = GEMINI.chat.encode(call_of(model=model)), GEMINI.chat_stream.encode(call_of(model=model))

    assert (whole.method, whole.path) == ("POST", f"{path}:generateContent")
    assert streamed.path == f"{path}:streamGenerateContent?alt=sse"
    assert whole.headers == (("content-type", "application/json"),)
    assert whole.body == streamed.body


def test_a_model_without_a_name_is_refused() -> None:
    with pytest.raises(BadRequestError, match="model"):
        body_of(model="models/")


def test_parameters_have_googles_names() -> None:
    config = config_of(
        temperature=0.5, top_p=0.9, n=2, seed=1, presence_penalty=0.1, frequency_penalty=0.2,
        max_completion_tokens=9, logprobs=True, top_logprobs=3, stop="END", modalities=["text", "audio"],
        audio={"voice": "Kore", "format": "pcm16"}, stream_options={"include_usage": True},
    )  # fmt: skip

    assert config == {
        "temperature": 0.5, "topP": 0.9, "candidateCount": 2, "seed": 1, "presencePenalty": 0.1,
        "frequencyPenalty": 0.2, "maxOutputTokens": 9, "responseLogprobs": True, "logprobs": 3,
        "stopSequences": ["END"], "responseModalities": ["TEXT", "AUDIO"],
        "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}},
    }  # fmt: skip


def test_a_request_without_parameters_has_nothing_but_its_messages() -> None:
    assert body_of() == {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}


def test_tier_and_storage_stand_beside_the_config() -> None:
    body = body_of(service_tier="default", store=False, stop=["a", "b"], max_tokens=5)

    assert (body["serviceTier"], body["store"]) == ("standard", False)
    assert body["generationConfig"] == {"maxOutputTokens": 5, "stopSequences": ["a", "b"]}


def test_extra_fields_are_merged_key_by_key() -> None:
    extra = {"generationConfig": {"topK": 1}, "safetySettings": [{"category": "C", "threshold": "OFF"}]}
    body = body_of(temperature=1, extra_body=extra)

    assert body["generationConfig"] == {"temperature": 1, "topK": 1}
    assert body["safetySettings"] == extra["safetySettings"]


@pytest.mark.parametrize(
    "params",
    [
        {"logit_bias": {"5": 1.0}},
        {"user": "u"},
        {"verbosity": "low"},
        {"prediction": {"type": "content", "content": "x"}},
        {"parallel_tool_calls": False},
        {"service_tier": "scale"},
        {"audio": {"voice": "Kore", "format": "mp3"}},
        {"reasoning_effort": "extreme"},
        {"web_search_options": {"user_location": {"type": "approximate"}}},
        {"tools": [{"type": "custom", "custom": {"name": "f"}}]},
    ],
)
def test_what_cannot_be_expressed_is_refused_or_left_out(params: dict[str, Any]) -> None:
    (name,) = params
    with pytest.raises(UnsupportedParamsError, match=name):
        body_of(**params)
    body = body_of(**params, drop_params=True)

    assert body["contents"] == body_of()["contents"]
    assert body.get("tools", [{"googleSearch": {}}]) == [{"googleSearch": {}}]
    assert body.keys() <= {"contents", "tools"}


def test_allowing_parallel_calls_needs_no_words() -> None:
    assert body_of(parallel_tool_calls=True) == body_of()


# Thinking


BUDGETED, LEVELLED = "gemini-2.5-pro", "gemini-3-flash-preview"


@pytest.mark.parametrize(
    ("model", "params", "config"),
    [
        (BUDGETED, {"reasoning_effort": "low"}, {"thinkingBudget": 1024}),
        (BUDGETED, {"reasoning_effort": {"effort": "medium"}}, {"thinkingBudget": 8192}),
        (BUDGETED, {"reasoning_effort": "high"}, {"thinkingBudget": 24576}),
        (BUDGETED, {"reasoning_effort": "default"}, {}),
        (LEVELLED, {"reasoning_effort": "minimal"}, {"thinkingLevel": "MINIMAL"}),
        ("models/gemini-3.5-flash", {"reasoning_effort": "medium"}, {"thinkingLevel": "MEDIUM"}),
        ("gemini-3-pro-preview", {"reasoning_effort": "medium"}, {"thinkingLevel": "HIGH"}),
        ("gemini-3.1-pro", {"reasoning_effort": "minimal"}, {"thinkingLevel": "LOW"}),
        (BUDGETED, {"thinking": {"type": "enabled", "budget_tokens": 512}}, {"thinkingBudget": 512}),
        (BUDGETED, {"thinking": {"type": "enabled"}}, {}),
        (BUDGETED, {"thinking": {"type": "adaptive"}}, {"thinkingBudget": -1}),
    ],
)
def test_thinking_is_asked_for_in_the_words_of_the_models_family(
    model: str, params: dict[str, Any], config: dict[str, Any]
) -> None:
    assert config_of(model=model, **params) == {"thinkingConfig": {**config, "includeThoughts": True}}


@pytest.mark.parametrize(
    "params", [{"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}, "reasoning_effort": "high"}]
)
def test_thinking_can_be_switched_off(params: dict[str, Any]) -> None:
    assert config_of(model=BUDGETED, **params) == {"thinkingConfig": {"thinkingBudget": 0}}


@pytest.mark.parametrize("params", [{"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}])
def test_models_that_always_think_refuse_not_to(params: dict[str, Any]) -> None:
    (name,) = params
    with pytest.raises(UnsupportedParamsError, match=f"{name}.*minimal"):
        body_of(model=LEVELLED, **params)
    assert config_of(model=LEVELLED, drop_params=True, **params) == {}


def test_thinking_of_an_unknown_type_is_an_error() -> None:
    with pytest.raises(BadRequestError, match="thinking"):
        body_of(thinking={"type": "deep"})


# Tools


FUNCTION = {"name": "tide", "description": "High water", "parameters": {"type": "object", "properties": {}}}


def test_functions_are_declared_together_and_googles_tools_pass() -> None:
    tools = [
        {"type": "function", "function": FUNCTION},
        {"googleSearch": {}},
        {"type": "function", "function": {"name": "now"}},
    ]
    declared = [
        {"name": "tide", "description": "High water", "parametersJsonSchema": FUNCTION["parameters"]},
        {"name": "now", "description": ""},
    ]

    assert body_of(tools=tools)["tools"] == [{"functionDeclarations": declared}, {"googleSearch": {}}]


def test_the_older_functions_are_tools() -> None:
    body = body_of(functions=[FUNCTION], function_call={"name": "tide"})

    assert body["tools"] == body_of(tools=[{"type": "function", "function": FUNCTION}])["tools"]
    assert body["toolConfig"] == {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["tide"]}}


def test_a_web_search_is_googles() -> None:
    assert body_of(web_search_options={"search_context_size": "medium"})["tools"] == [{"googleSearch": {}}]


@pytest.mark.parametrize(
    ("choice", "config"),
    [
        ("none", {"mode": "NONE"}),
        ("auto", {"mode": "AUTO"}),
        ("required", {"mode": "ANY"}),
        ({"type": "function", "function": {"name": "f"}}, {"mode": "ANY", "allowedFunctionNames": ["f"]}),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "name": "f"}]}},
            {"mode": "VALIDATED", "allowedFunctionNames": ["f"]},
        ),
    ],
)
def test_the_choice_among_tools_is_a_mode(choice: Any, config: dict[str, Any]) -> None:
    assert body_of(tool_choice=choice)["toolConfig"] == {"functionCallingConfig": config}


def test_strict_functions_are_called_as_their_schema_says() -> None:
    tools = [{"type": "function", "function": {**FUNCTION, "strict": True}}]

    assert body_of(tools=tools)["toolConfig"] == {"functionCallingConfig": {"mode": "VALIDATED"}}
    assert body_of(tools=tools, tool_choice="required")["toolConfig"] == {"functionCallingConfig": {"mode": "ANY"}}


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"tools": ["tide"]}, r"tools\[0\]"),
        ({"tools": [{"type": "function"}]}, r"tools\[0\]"),
        ({"tool_choice": "sometimes"}, "tool_choice"),
        ({"tool_choice": {"type": "function"}}, "tool_choice"),
        ({"response_format": {"type": "xml"}}, "response_format"),
        ({"response_format": {"type": "json_schema"}}, "response_format"),
    ],
)
def test_nonsense_is_refused_by_name(params: dict[str, Any], words: str) -> None:
    with pytest.raises(BadRequestError, match=words):
        body_of(**params)


# Structured output


@attrs.define
class Port:
    """A harbour."""

    name: str


def test_a_response_format_is_a_mime_type_and_a_schema() -> None:
    schema = {"type": "object", "properties": {"kind": {"const": "port"}}}
    described = {"name": "port", "description": "A port", "schema": schema}

    assert config_of(response_format={"type": "text"}) == {}
    assert config_of(response_format={"type": "json_object"}) == {"responseMimeType": "application/json"}
    assert config_of(response_format={"type": "json_schema", "json_schema": described}) == {
        "responseMimeType": "application/json",
        "responseJsonSchema": {
            "type": "object",
            "description": "A port",
            "properties": {"kind": {"type": "string", "enum": ["port"]}},
        },
    }


def test_a_class_is_a_response_format() -> None:
    schema = config_of(response_format=Port)["responseJsonSchema"]

    assert (schema["description"], schema["required"]) == ("A harbour.", ["name"])


# What holds for every request


message_texts = st.text(min_size=1, max_size=5)
plain_messages = st.lists(
    st.one_of(
        st.fixed_dictionaries({"role": st.sampled_from(["user", "system", "assistant"]), "content": message_texts}),
        st.fixed_dictionaries(
            {
                "role": st.just("user"),
                "content": st.lists(
                    st.fixed_dictionaries({"type": st.just("text"), "text": message_texts})
                    | st.just({"type": "image_url", "image_url": {"url": PIXEL}}),
                    min_size=1,
                    max_size=3,
                ),
            }
        ),
    ),
    min_size=1,
    max_size=6,
)


@given(plain_messages)
def test_turns_alternate_and_nothing_said_is_lost(messages: list[dict[str, Any]]) -> None:
    before = copy.deepcopy(messages)
    body = body_of(messages, tools=[{"type": "function", "function": FUNCTION}])
    roles = [turn["role"] for turn in body["contents"]]
    sent = json.dumps(body, ensure_ascii=False)

    assert messages == before
    assert all(one != other for one, other in pairwise(roles))
    assert set(roles) <= {"user", "model"}
    for message in messages:
        texts = [message["content"]] if isinstance(message["content"], str) else message["content"]
        said = [text if isinstance(text, str) else text.get("text", "iVBORw0KGgo=") for text in texts]
        assert all(json.dumps(text, ensure_ascii=False) in sent for text in said)
