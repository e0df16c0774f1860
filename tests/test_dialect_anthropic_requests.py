"""OpenAI's parameters as Anthropic's."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, strategies as st

from trio_llm._dialects.anthropic import ANTHROPIC
from trio_llm._dialects.anthropic.models import DEFAULT_MAX_TOKENS, version
from trio_llm._dialects.anthropic.thinking import BUDGETS
from trio_llm._dialects.contract import WireCall
from trio_llm._dialects.quirks import Quirks
from trio_llm._types.chat import CHAT_PARAMETERS, ChatRequest
from trio_llm._types.errors import BadRequestError, UnsupportedParamsError
from trio_llm._types.http import HTTPRequest

MODEL = "claude-sonnet-4-5"
NEWER = "claude-opus-5"
OLDER = "claude-opus-4-20250514"
OLDER = "claude-3-haiku-20240307"
HELLO: list[dict[str, Any]] = [{"role": "user", "content": "Hello"}]
MARKER = {"type": "ephemeral"}


def request(model: str = MODEL, **parameters: Any) -> HTTPRequest:
    assert ANTHROPIC.chat is not None
    return ANTHROPIC.chat.encode(WireCall(ChatRequest(f"anthropic/{model}", HELLO, **parameters), model))


def body(model: str = MODEL, **parameters: Any) -> dict[str, Any]:
    made = request(model, **parameters).body
    assert isinstance(made, bytes)
    fields: dict[str, Any] = json.loads(made)
    return fields


def function(name: str = "now", **fields: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **fields}}


SCHEMA = {"type": "object", "properties": {"zone": {"type": "string"}}}
WIRE_TOOL = {"name": "now", "input_schema": SCHEMA}


def test_the_smallest_request() -> None:
    made = request()
    assert (made.method, made.path) == ("POST", "/v1/messages")
    assert made.headers == (("content-type", "application/json"), ("anthropic-version", "2023-06-01"))
    assert body() == {
        "model": MODEL,
        "max_tokens": DEFAULT_MAX_TOKENS,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
    }


def test_a_streamed_request_differs_in_one_field() -> None:
    assert ANTHROPIC.chat_stream is not None
    call = WireCall(ChatRequest(MODEL, HELLO, stream=True, stream_options={"include_usage": True}), MODEL)
    made = ANTHROPIC.chat_stream.encode(call).body
    assert isinstance(made, bytes)
    assert json.loads(made) == {**body(), "stream": True}


@pytest.mark.parametrize(
    ("model", "found"),
    [
        ("claude-sonnet-4-5-20250929", (4, 5)),
        ("claude-opus-4-1@20250805", (4, 1)),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", (4, 0)),
        ("claude-opus-4.6", (4, 6)),
        ("claude-opus-5", (5, 0)),
        ("claude-3-7-sonnet-latest", (3, 7)),
        ("claude-3-haiku-20240307", (3, 0)),
        ("claude-latest", None),
        ("deepseek-chat", None),
    ],
)
def test_a_model_s_name_tells_its_version(model: str, found: tuple[int, int] | None) -> None:
    assert version(model) == found


@pytest.mark.parametrize(
    ("model", "limit"), [(MODEL, 32_000), ("claude-latest", 32_000), (OLDER, 4_096), ("deepseek-chat", 4_096)]
)
def test_the_limit_that_the_wire_demands_fits_the_model(model: str, limit: int) -> None:
    assert body(model)["max_tokens"] == limit


def test_both_names_of_the_limit_are_understood() -> None:
    assert body(max_tokens=5)["max_tokens"] == 5
    assert body(max_completion_tokens=6, max_tokens=5)["max_tokens"] == 6
    assert body(max_tokens=0)["max_tokens"] == 0  # only warms the cache


def test_values_that_change_nothing_are_accepted() -> None:
    plain = body()
    assert plain == body(
        n=1, presence_penalty=0, frequency_penalty=0.0, logit_bias={}, logprobs=False, store=False, modalities=["text"]
    )


@pytest.mark.parametrize(
    "parameters",
    [
        {"n": 2},
        {"seed": 1},
        {"presence_penalty": 0.5},
        {"frequency_penalty": 0.5},
        {"logit_bias": {"50256": -100}},
        {"logprobs": True},
        {"top_logprobs": 3},
        {"store": True},
        {"modalities": ["text", "audio"]},
        {"audio": {"voice": "alloy", "format": "wav"}},
        {"prediction": {"type": "content", "content": "x"}},
        {"verbosity": "low"},
        {"prompt_cache_key": "k"},
        {"temperature": 1.5},
        {"service_tier": "flex"},
        {"stop": "\n"},
    ],
)
def test_what_cannot_be_expressed_is_refused_by_name_or_dropped_on_request(parameters: dict[str, Any]) -> None:
    (name,) = parameters
    with pytest.raises(UnsupportedParamsError, match=rf"{name}.*drop_params"):
        body(**parameters)
    assert body(**parameters, drop_params=True) == body()


def test_a_provider_s_quirks_are_heeded() -> None:
    assert ANTHROPIC.chat is not None
    quirks = Quirks(unsupported=frozenset({"top_p", "response_format"}))
    for parameters in ({"top_p": 0.5}, {"response_format": {"type": "json_object"}}):
        call = WireCall(ChatRequest(MODEL, HELLO, **parameters), MODEL, quirks)
        with pytest.raises(UnsupportedParamsError, match=next(iter(parameters))):
            ANTHROPIC.chat.encode(call)
        dropping = WireCall(ChatRequest(MODEL, HELLO, **parameters, drop_params=True), MODEL, quirks)
        assert ANTHROPIC.chat.encode(dropping) == request()


def test_stop_user_and_tier_have_names_of_their_own() -> None:
    made = body(stop="END", user="u1", service_tier="default")
    assert made["stop_sequences"] == ["END"]
    assert made["metadata"] == {"user_id": "u1"}
    assert made["service_tier"] == "standard_only"
    assert body(stop=["a", "b"])["stop_sequences"] == ["a", "b"]
    assert body(stop=["a", " "], drop_params=True)["stop_sequences"] == ["a"]
    assert body(safety_identifier="s")["metadata"] == {"user_id": "s"}
    assert body(metadata={"user_id": "m"})["metadata"] == {"user_id": "m"}
    assert body(service_tier="priority")["service_tier"] == "auto"


def test_extra_fields_are_merged_into_the_body() -> None:
    made = body(user="u1", extra_body={"top_k": 5, "metadata": {"user_id": "u2"}})
    assert made["top_k"] == 5
    assert made["metadata"] == {"user_id": "u2"}


def test_a_value_without_a_json_form_is_refused() -> None:
    with pytest.raises(BadRequestError, match="JSON"):
        body(extra_body={"top_k": object()})


def test_sampling_is_sent_where_the_model_has_it() -> None:
    made = body(OLDER, temperature=0.5, top_p=0.9)
    assert (made["temperature"], made["top_p"]) == (0.5, 0.9)
    assert body(NEWER, temperature=1, top_p=1)["temperature"] == 1


@pytest.mark.parametrize("parameters", [{"temperature": 0.5}, {"top_p": 0.5}])
def test_models_without_sampling_refuse_it(parameters: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedParamsError, match="this model has no"):
        body(NEWER, **parameters)
    assert body(NEWER, **parameters, drop_params=True) == body(NEWER)


@pytest.mark.parametrize("parameters", [{"temperature": 0.5}, {"top_p": 0.5}])
def test_thinking_excludes_sampling(parameters: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedParamsError, match="with thinking"):
        body(reasoning_effort="low", **parameters)
    made = body(OLDER, reasoning_effort="low", temperature=1, top_p=0.95)
    assert (made["temperature"], made["top_p"]) == (1, 0.95)


@pytest.mark.parametrize("model", ["claude-opus-4-1", MODEL, "claude-haiku-4-5", "claude-sonnet-4-6"])
def test_one_of_temperature_and_top_p_is_sent_to_models_that_take_one(model: str) -> None:
    with pytest.raises(UnsupportedParamsError, match="top_p=0.9: this model takes it or temperature"):
        body(model, temperature=0.5, top_p=0.9)
    dropped = body(model, temperature=0.5, top_p=0.9, drop_params=True)

    assert dropped["temperature"] == 0.5
    assert "top_p" not in dropped
    assert body(model, top_p=0.9)["top_p"] == 0.9


@pytest.mark.parametrize(
    ("given", "sent"),
    [((0.5, 1), (0.5, None)), ((1, 0.9), (None, 0.9)), ((1, 1), (None, None)), ((1, None), (1, None))],
)
def test_the_one_that_says_nothing_stays_behind(
    given: tuple[float, float | None], sent: tuple[float | None, float | None]
) -> None:
    made = body(temperature=given[0], top_p=given[1])
    assert (made.get("temperature"), made.get("top_p")) == sent


def test_a_budget_is_an_error_for_models_without_budgets() -> None:
    budget = {"type": "enabled", "budget_tokens": 2048}
    with pytest.raises(UnsupportedParamsError, match="adaptive"):
        body("claude-opus-4-7", thinking=budget)
    made = body("claude-opus-4-7", thinking=budget, max_tokens=100, drop_params=True)

    assert (made["thinking"], made["max_tokens"]) == ({"type": "adaptive", "display": "summarized"}, 100)
    assert body("claude-opus-4-6", thinking=budget)["thinking"] == budget


@pytest.mark.parametrize("model", [MODEL, "claude-sonnet-4-6", "claude-opus-4-7"])
@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "tide"}}])
def test_thinking_and_a_demanded_tool_exclude_each_other(model: str, choice: Any) -> None:
    tools = [{"type": "function", "function": {"name": "tide"}}]
    with pytest.raises(UnsupportedParamsError, match="a tool that has to be called"):
        body(model, tools=tools, tool_choice=choice, reasoning_effort="low")
    made = body(model, tools=tools, tool_choice=choice, reasoning_effort="low", drop_params=True)

    assert "thinking" not in made
    assert made["tool_choice"]["type"] in ("any", "tool")
    assert "thinking" in body(model, tools=tools, tool_choice="auto", reasoning_effort="low")


def test_later_models_think_beside_a_demanded_tool() -> None:
    tools = [{"type": "function", "function": {"name": "tide"}}]
    made = body("claude-opus-4-8", tools=tools, tool_choice="required", reasoning_effort="low")
    assert (made["thinking"]["type"], made["tool_choice"]) == ("adaptive", {"type": "any"})


@pytest.mark.parametrize(("effort", "budget"), BUDGETS.items())
def test_an_effort_is_a_budget_for_models_that_take_one(effort: str, budget: int) -> None:
    made = body(reasoning_effort=effort)
    assert made["thinking"] == {"type": "enabled", "budget_tokens": budget}
    assert made["max_tokens"] > budget
    assert "output_config" not in made


@pytest.mark.parametrize(("effort", "word"), [("minimal", "low"), ("high", "high"), ("max", "max")])
def test_an_effort_is_an_effort_for_models_that_think_adaptively(effort: str, word: str) -> None:
    made = body(NEWER, reasoning_effort={"effort": effort, "summary": "auto"})
    assert made["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert made["output_config"] == {"effort": word}


@pytest.mark.parametrize("model", [MODEL, NEWER])
def test_no_effort_is_no_thinking(model: str) -> None:
    assert body(model, reasoning_effort="none")["thinking"] == {"type": "disabled"}
    assert body(model, reasoning_effort="default") == body(model, reasoning_effort={}) == body(model)


@pytest.mark.parametrize("effort", ["enormous", 3])
def test_an_unknown_effort_is_refused(effort: Any) -> None:
    with pytest.raises(BadRequestError, match="reasoning_effort"):
        body(reasoning_effort=effort)


def test_a_limit_that_thinking_would_use_up_is_the_answer_s() -> None:
    assert body(reasoning_effort="high", max_tokens=100)["max_tokens"] == 4_096 + 100
    assert body(reasoning_effort="high", max_tokens=5_000)["max_tokens"] == 5_000
    assert body(thinking={"type": "enabled", "budget_tokens": 2_000}, max_tokens=2_000)["max_tokens"] == 4_000


def test_thinking_in_anthropic_s_own_words_decides() -> None:
    budget = {"type": "enabled", "budget_tokens": 5_000}
    assert body(thinking=budget, reasoning_effort="low")["thinking"] == budget
    adaptive = body(NEWER, thinking={"type": "adaptive"}, reasoning_effort="low")
    assert adaptive["thinking"] == {"type": "adaptive"}
    assert adaptive["output_config"] == {"effort": "low"}


def test_functions_become_tools() -> None:
    given = function(description="The time", parameters=SCHEMA)
    assert body(tools=[given])["tools"] == [{**WIRE_TOOL, "description": "The time"}]
    assert body(tools=[function()])["tools"][0]["input_schema"] == {"type": "object", "properties": {}}
    assert body(tools=[function(parameters={"properties": {}})])["tools"][0]["input_schema"]["type"] == "object"
    assert body(tools=[{"type": "function", "name": "now", "parameters": SCHEMA}])["tools"] == [WIRE_TOOL]
    assert body(functions=[{"name": "now", "parameters": SCHEMA}])["tools"] == [WIRE_TOOL]


def test_tools_keep_their_cache_markers() -> None:
    outside = {**function(), "cache_control": MARKER}
    inside = function(cache_control=MARKER)
    custom = {"type": "custom", "custom": {"name": "python"}, "cache_control": MARKER}
    assert [tool["cache_control"] for tool in body(tools=[outside, inside, custom])["tools"]] == [MARKER] * 3


def test_strict_tools_stay_strict_with_a_schema_that_is_taken() -> None:
    limited = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]}
    (tool,) = body(tools=[function(strict=True, parameters=limited)])["tools"]
    assert tool["strict"] is True
    assert tool["input_schema"]["additionalProperties"] is False
    assert tool["input_schema"]["properties"]["n"] == {"type": "integer", "description": "(minimum: 1)"}
    open_schema = {"type": "object", "properties": {}, "additionalProperties": True}
    assert body(tools=[function(strict=True, parameters=open_schema)])["tools"][0]["input_schema"] == open_schema


def test_custom_tools_take_one_text() -> None:
    (tool,) = body(tools=[{"type": "custom", "custom": {"name": "python", "format": {"type": "text"}}}])["tools"]
    assert tool["input_schema"]["required"] == ["input"]
    grammar = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: /a/"}}
    with pytest.raises(UnsupportedParamsError, match=r"tools\[0\].*grammar"):
        body(tools=[{"type": "custom", "custom": {"name": "python", "format": grammar}}])


def test_tools_in_anthropic_s_own_shape_are_sent_as_they_are_with_the_header_of_their_beta() -> None:
    tools = [
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
        {"type": "computer_20250124", "name": "computer", "display_width_px": 800, "display_height_px": 600},
        {"type": "custom", **WIRE_TOOL},
        WIRE_TOOL,
    ]
    assert body(tools=tools)["tools"] == tools
    assert ("anthropic-beta", "computer-use-2025-01-24") in request(tools=tools).headers


@pytest.mark.parametrize(
    "tool",
    [3, {}, {"type": "function"}, {"type": "function", "function": {}}, function(parameters={"type": "string"}),
     function(parameters=[1])],
)  # fmt: skip
def test_a_malformed_tool_is_refused_by_its_place(tool: Any) -> None:
    with pytest.raises(BadRequestError, match=r"tools\[0\]"):
        body(tools=[tool])


@pytest.mark.parametrize(
    ("choice", "wire"),
    [
        ("auto", {"type": "auto"}),
        ("none", {"type": "none"}),
        ("required", {"type": "any"}),
        ("any", {"type": "any"}),
        ({"type": "function", "function": {"name": "now"}}, {"type": "tool", "name": "now"}),
        ({"type": "custom", "custom": {"name": "now"}}, {"type": "tool", "name": "now"}),
        ({"type": "tool", "name": "now"}, {"type": "tool", "name": "now"}),
        ({"type": "any"}, {"type": "any"}),
    ],
)
def test_tool_choices(choice: Any, wire: dict[str, Any]) -> None:
    assert body(tools=[function()], tool_choice=choice)["tool_choice"] == wire
    parallel = body(tools=[function()], tool_choice=choice, parallel_tool_calls=False)["tool_choice"]
    assert parallel == (wire if wire["type"] == "none" else {**wire, "disable_parallel_tool_use": True})


def test_the_older_function_call_is_a_tool_choice() -> None:
    assert body(functions=[{"name": "now"}], function_call={"name": "now"})["tool_choice"]["name"] == "now"


def test_calls_one_at_a_time_without_a_choice() -> None:
    made = body(tools=[function()], parallel_tool_calls=False)
    assert made["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert "tool_choice" not in body(tools=[function()], parallel_tool_calls=True)


@pytest.mark.parametrize("choice", ["auto", "none", None])
def test_a_choice_without_tools_says_nothing(choice: str | None) -> None:
    assert body(tool_choice=choice, parallel_tool_calls=False) == body()


@pytest.mark.parametrize("choice", ["perhaps", {"type": "allowed_tools"}, 3])
def test_a_choice_that_the_wire_cannot_express_is_refused(choice: Any) -> None:
    with pytest.raises(UnsupportedParamsError, match="tool_choice"):
        body(tools=[function()], tool_choice=choice)


def test_web_search_options_are_the_provider_s_search_tool() -> None:
    assert body(web_search_options={})["tools"] == [{"type": "web_search_20250305", "name": "web_search"}]
    location = {"type": "approximate", "approximate": {"country": "NO", "city": "Oslo"}}
    (tool,) = body(web_search_options={"search_context_size": "low", "user_location": location})["tools"]
    assert tool["max_uses"] == 1
    assert tool["user_location"] == {"type": "approximate", "country": "NO", "city": "Oslo"}


nonsense = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 3) | st.sampled_from(["text", "function", "auto", "json_schema"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["type", "function", "custom", "name", "parameters", "json_schema", "schema", "properties"])
            | st.sampled_from(
                ["arguments", "id", "effort", "format", "user_location", "text", "content_blocks", "items"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
FIELDS = ["content", "tool_calls", "thinking_blocks", "tool_call_id", "function_call", "provider_specific_fields"]


@given(
    parameters=st.dictionaries(st.sampled_from(sorted(CHAT_PARAMETERS)), nonsense, max_size=2),
    role=st.sampled_from(["user", "assistant", "tool", "system"]),
    fields=st.dictionaries(st.sampled_from(FIELDS), nonsense, max_size=3),
)
def test_nonsense_is_a_bad_request_and_nothing_else(
    parameters: dict[str, Any], role: str, fields: dict[str, Any]
) -> None:
    assert ANTHROPIC.chat is not None
    messages = [*HELLO, {"role": role, **fields}]
    with suppress(BadRequestError):
        ANTHROPIC.chat.encode(WireCall(ChatRequest(MODEL, messages, **parameters, drop_params=True), MODEL))


@pytest.mark.parametrize("name", ["max_tokens", "temperature"])
def test_a_number_that_is_none_is_refused_by_name(name: str) -> None:
    wrong: dict[str, Any] = {name: "3"}
    with pytest.raises(BadRequestError, match=name):
        body(**wrong)


everything = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.sampled_from([0, 0.5, 1, 1.5]),
        "stop": st.sampled_from(["a", ["a", " "]]),
        "tools": st.just([function(parameters=SCHEMA, strict=True), {"type": "custom", "custom": {"name": "python"}}]),
        "tool_choice": st.sampled_from(["auto", "none", "required"]),
        "response_format": st.sampled_from(
            [{"type": "json_object"}, {"type": "json_schema", "json_schema": {"schema": SCHEMA}}]
        ),
        "reasoning_effort": st.sampled_from(["none", "low", {"effort": "high"}]),
        "metadata": st.just({"user_id": "u", "other": "o"}),
        "extra_body": st.just({"metadata": {"user_id": "v"}}),
        "web_search_options": st.just({"user_location": {"type": "approximate", "approximate": {"city": "Oslo"}}}),
        "seed": st.just(1),
    },
)


@given(parameters=everything, model=st.sampled_from([MODEL, NEWER, OLDER]))
def test_encoding_never_changes_what_the_caller_gave_and_dropping_always_helps(
    parameters: dict[str, Any], model: str
) -> None:
    before = copy.deepcopy(parameters)
    made = body(model, **parameters, drop_params=True)
    assert parameters == before
    assert made["max_tokens"] > made.get("thinking", {}).get("budget_tokens", 0)
    assert "seed" not in made


def test_how_thoughts_are_bound_is_said_with_the_header_of_its_beta() -> None:
    binding = {"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "drop_block"}}

    assert ("anthropic-beta", "thinking-binding-controls-2026-08-01") in request(thinking=binding).headers
    assert "anthropic-beta" not in dict(request(thinking={"type": "adaptive"}).headers)
