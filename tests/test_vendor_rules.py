"""What vendors publish about requests: each rule seen in the body that is sent to a vendor's row."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from trio_llm._catalog import CATALOG
from trio_llm._catalog.provider import load_dialect
from trio_llm._dialects.contract import WireCall
from trio_llm._dialects.history import arguments_object, results_after_calls
from trio_llm._dialects.openai.parts import own_id
from trio_llm._dialects.quirks import CallIdRule
from trio_llm._dialects.schema import response_format_dict
from trio_llm._dialects.strict_schema import is_strict, strict_schema
from trio_llm._types.chat import ChatRequest, FunctionCall, Message, ToolCall
from trio_llm._types.embeddings import EmbeddingRequest
from trio_llm._types.errors import BadRequestError, UnsupportedParamsError

ASK: list[Any] = [{"role": "user", "content": "Hi"}]
MARK = {"type": "ephemeral"}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
CLAUDE, GEMINI = "anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-flash"


def call_of(model: str, messages: Any = ASK, *, stream: bool = False, **parameters: Any) -> WireCall[ChatRequest]:
    """A chat with a model of the catalogue."""
    provider, _, name = model.partition("/")
    service = CATALOG[provider].service("chat", name)
    return WireCall(ChatRequest(model, messages, stream=stream, **parameters), service.model, service.quirks)


def body_of(model: str, messages: Any = ASK, *, stream: bool = False, **parameters: Any) -> dict[str, Any]:
    """The body of a chat with a model of the catalogue."""
    provider, _, name = model.partition("/")
    dialect = load_dialect(CATALOG[provider].service("chat", name).wire)
    endpoint: Any = dialect.chat_stream if stream else dialect.chat
    call = call_of(model, messages, stream=stream, **parameters)
    made: dict[str, Any] = json.loads(endpoint.encode(call).body)
    return made


def tool(**fields: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "f", "description": "d", **fields}}


# What only some vendors have

TOOL_FIELDS = [
    {"type": "function", "function": {"name": "f", "defer_loading": True}},
    {"type": "function", "function": {"name": "f"}, "defer_loading": True},
    {"type": "custom", "custom": {"name": "f", "defer_loading": True}},
]


@pytest.mark.parametrize("given", TOOL_FIELDS)
def test_openai_is_sent_no_field_of_a_tool_that_it_does_not_know(given: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedParamsError, match=r"tools\[0\]\.(\w+\.)?defer_loading"):
        body_of("openai/gpt-4o", tools=[given])
    assert "defer_loading" not in str(body_of("openai/gpt-4o", tools=[given], drop_params=True))
    assert body_of("openai/gpt-4o", tools=[tool(defer_loading=None)])["tools"] == [tool()]


@pytest.mark.parametrize("given", TOOL_FIELDS)
def test_the_responses_api_is_sent_the_fields_that_it_knows_wherever_they_stand(given: dict[str, Any]) -> None:
    made = body_of("openai/gpt-5-pro", tools=[given])["tools"]

    assert made == [{"type": given["type"], "name": "f", "defer_loading": True}]
    with pytest.raises(UnsupportedParamsError, match=r"tools\[0\]\.function\.input_examples"):
        body_of("openai/gpt-5-pro", tools=[tool(input_examples=[])])


def test_a_server_that_nobody_knows_is_sent_every_field_of_a_tool() -> None:
    assert body_of("vllm/any", tools=[tool(defer_loading=True)])["tools"] == [tool(defer_loading=True)]


@pytest.mark.parametrize("model", ["openai/gpt-4o", "vllm/qwen", "xai/grok-4", "openrouter/any/model", "groq/llama"])
def test_thinking_is_refused_where_there_is_no_such_field(model: str) -> None:
    with pytest.raises(UnsupportedParamsError, match="cannot express thinking"):
        body_of(model, thinking={"type": "enabled"})
    assert "thinking" not in body_of(model, thinking={"type": "enabled"}, drop_params=True)


@pytest.mark.parametrize("model", ["deepseek/deepseek-chat", "zai/glm-5", "moonshot/kimi", "custom_openai/any"])
def test_thinking_is_sent_where_it_is_a_field_or_may_be_one(model: str) -> None:
    assert body_of(model, thinking={"type": "enabled"})["thinking"] == {"type": "enabled"}


@pytest.mark.parametrize(("model", "kept"), [("openai/gpt-4o", False), ("vllm/qwen", True), ("deepseek/chat", True)])
def test_openai_is_not_sent_the_thinking_of_others_in_a_copy_of_their_answer(model: str, kept: bool) -> None:
    copy = {"role": "assistant", "content": "Yes.", "reasoning_content": "Hm.", "annotations": [{"type": "x"}]}
    sent = body_of(model, [*ASK, copy, *ASK])["messages"][1]

    assert ("reasoning_content" in sent) is kept
    assert (sent["content"], sent["annotations"]) == ("Yes.", [{"type": "x"}])


@pytest.mark.parametrize("parameters", [{"tools": [tool()]}, {"reasoning_effort": "high"}, {"modalities": ["audio"]}])
def test_the_embedded_model_refuses_what_it_cannot_do(parameters: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedParamsError, match=next(iter(parameters))):
        body_of("local/smollm2", **parameters)


# What says nothing, and what only streams take


@pytest.mark.parametrize("model", ["openai/gpt-4o", "groq/llama", "mistral/mistral-large-latest", CLAUDE, GEMINI])
def test_no_tools_are_no_tools(model: str) -> None:
    made = body_of(model, tools=[], tool_choice="auto", parallel_tool_calls=True)
    assert {"tools", "tool_choice", "parallel_tool_calls", "toolConfig"}.isdisjoint(made)


def test_options_of_streams_go_with_streams_only() -> None:
    options = {"include_usage": True}
    assert "stream_options" not in body_of("openai/gpt-4o", stream_options=options)
    assert body_of("openai/gpt-4o", stream=True, stream_options=options)["stream_options"] == options
    assert "stream_options" not in body_of("mistral/mistral-large-latest", stream=True, stream_options=options)


# Answers that are sent back

ANSWER = Message(
    "42",
    tool_calls=[ToolCall("c1", function=FunctionCall("f", "{}"), provider_specific_fields={"x": 1})],
    reasoning_content="because",
    thinking_blocks=[{"type": "thinking", "thinking": "because"}],
)
COPIES = [ANSWER, ANSWER.model_dump(), ANSWER.model_dump(exclude_none=True), dict(ANSWER)]
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "ok"}


@pytest.mark.parametrize("copy", COPIES, ids=["itself", "dumped", "without nulls", "dict"])
@pytest.mark.parametrize("model", ["groq/llama", "mistral/mistral-large-latest", "openai/gpt-4o", "cerebras/any"])
def test_a_copied_answer_is_sent_without_what_only_answers_have(model: str, copy: Any) -> None:
    sent = body_of(model, [*ASK, copy, RESULT])["messages"][1]
    beyond = {"thinking_blocks", "provider_specific_fields", "images", "annotations", "audio", "function_call"}
    assert beyond.isdisjoint(sent)
    assert None not in sent.values()
    assert set(sent["tool_calls"][0]) == {"id", "type", "function"}
    if model != "openai/gpt-4o":
        assert "reasoning_content" not in sent


def test_cerebras_is_told_the_thinking_under_its_own_name() -> None:
    for copy in COPIES:
        assert body_of("cerebras/gpt-oss-120b", [*ASK, copy, RESULT])["messages"][1]["reasoning"] == "because"


@pytest.mark.parametrize("model", ["cerebras/any", "fireworks_ai/any", "groq/any", "mistral/any"])
def test_what_another_vendors_answer_had_is_no_field_for_those_who_refuse_it(model: str) -> None:
    copied = {"role": "assistant", "content": None, "refusal": "no", "annotations": [{"type": "url_citation"}]}
    copied |= {"reasoning": "because", "reasoning_details": [{"type": "reasoning.text", "text": "because"}]}
    sent = body_of(model, [*ASK, copied, *ASK])["messages"][1]
    assert sent["content"] == "no"
    assert {"refusal", "annotations", "reasoning_details"}.isdisjoint(sent)
    assert ("reasoning" in sent) == (model in ("cerebras/any", "groq/any"))
    with pytest.raises(UnsupportedParamsError, match=r"messages\[1\]\.field_of_another_vendor"):
        body_of(model, [*ASK, {**copied, "field_of_another_vendor": True}, *ASK])


CALLED = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "ok"}


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        ("moonshot/kimi-k2.5", " "),
        ("deepseek/deepseek-v4-pro", " "),
        ("openrouter/deepseek/deepseek-v4-flash", " "),
        ("openrouter/~deepseek/deepseek-v4-flash-latest", " "),
        ("deepseek/deepseek-chat", None),
        ("moonshot/moonshot-v1-8k", None),
        ("openrouter/openai/gpt-5", None),
    ],
)
@pytest.mark.parametrize("thought", [None, "", "because"])
def test_an_answer_with_calls_has_thinking_where_it_is_refused_without(
    model: str, sent: str | None, thought: str | None
) -> None:
    answer = {"role": "assistant", "content": None, "tool_calls": [CALLED], "reasoning_content": thought}
    made = body_of(model, [*ASK, answer, RESULT])["messages"][1]

    assert made.get("reasoning_content") == (thought or sent or thought)
    plain = body_of(model, [*ASK, {"role": "assistant", "content": "Hi"}, *ASK])["messages"][1]
    assert plain == {"role": "assistant", "content": "Hi"}


def test_thinking_goes_back_under_every_name_that_versions_of_a_server_read() -> None:
    calls = [ToolCall("call_1", "function", FunctionCall("f", "{}"))]
    answer = Message(content=None, reasoning_content="because", tool_calls=calls)
    for message in (answer, answer.model_dump(), {"role": "assistant", "content": "a", "reasoning_content": "because"}):
        made = body_of("vllm/any", [*ASK, message, RESULT])["messages"][1]
        assert (made["reasoning"], made["reasoning_content"]) == ("because", "because")
    own = {"role": "assistant", "content": "a", "reasoning_content": "x", "reasoning": "because"}
    assert body_of("vllm/any", [*ASK, own, *ASK])["messages"][1]["reasoning"] == "because"


def test_openrouter_is_told_the_thinking_as_text_beside_its_record() -> None:
    details = [{"type": "reasoning.text", "text": "because"}]
    answer = Message(content="a", reasoning_content="because", model_extra={"reasoning_details": details})
    made = body_of("openrouter/any/model", [*ASK, answer, *ASK])["messages"][1]
    assert (made["reasoning_content"], made["reasoning_details"]) == ("because", details)


@pytest.mark.parametrize("calls", [[], None])
def test_an_answer_without_calls_is_sent_without_a_list_of_them(calls: Any) -> None:
    answer = {"role": "assistant", "content": None, "tool_calls": calls}
    assert body_of("openai/gpt-4o", [*ASK, answer, *ASK])["messages"][1] == {"role": "assistant", "content": ""}


def test_arguments_that_came_as_an_object_are_sent_as_text() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}}
    sent = body_of("openai/gpt-4o", [*ASK, {"role": "assistant", "content": None, "tool_calls": [call]}])
    assert sent["messages"][1]["tool_calls"][0]["function"]["arguments"] == '{"a":1}'


@pytest.mark.parametrize("model", ["openai/gpt-4o", "groq/llama", "mistral/mistral-large-latest"])
def test_what_was_said_while_a_tool_ran_comes_behind_its_result(model: str) -> None:
    calls = [{"id": f"abcdefgh{n}", "type": "function", "function": {"name": "f", "arguments": "{}"}} for n in "12"]
    first, second = ({"role": "tool", "tool_call_id": f"abcdefgh{n}", "content": n} for n in "12")
    told = [*ASK, {"role": "assistant", "content": "", "tool_calls": calls}, second, *ASK, first]
    roles = [message["role"] for message in body_of(model, told)["messages"]]
    assert roles == ["user", "assistant", "tool", "tool", "user"]


@given(st.lists(st.sampled_from(["user", "call", "result"]), max_size=8), st.randoms())
def test_results_lose_and_gain_nothing_on_their_way_behind_their_calls(kinds: list[str], random: Any) -> None:
    messages: list[Any] = []
    for number, kind in enumerate(kinds):
        if kind == "call":
            messages.append({"role": "assistant", "tool_calls": [{"id": f"c{number}"}]})
            messages.append({"role": "tool", "tool_call_id": f"c{number}", "content": str(number)})
        elif kind == "user":
            messages.append({"role": "user", "content": str(number)})
        else:
            messages.append({"role": "tool", "tool_call_id": "nobody's", "content": str(number)})
    given_order = [*messages]
    assert results_after_calls(given_order) is given_order or not any(m["role"] == "tool" for m in messages)
    random.shuffle(messages)
    ordered = list(results_after_calls(messages))

    assert sorted(map(str, ordered)) == sorted(map(str, messages))
    assert [m for m in ordered if m["role"] != "tool"] == [m for m in messages if m["role"] != "tool"]
    for place, message in enumerate(ordered):
        owner = message.get("tool_call_id")
        before = [at for at, one in enumerate(messages) if {"id": owner} in (one.get("tool_calls") or ())]
        if message["role"] == "tool" and before and before[0] < messages.index(message):
            assert {"id": owner} in ordered[place - 1]["tool_calls"]


@given(st.text(max_size=20) | st.none() | st.dictionaries(st.text(max_size=3), st.integers(-9, 9)))
def test_arguments_are_always_an_object_and_objects_stay_as_they_are(arguments: Any) -> None:
    made = arguments_object(arguments)
    assert isinstance(made, dict)
    if isinstance(arguments, dict):
        assert made == arguments
        assert arguments_object(json.dumps(arguments)) == arguments


def test_a_line_break_inside_a_text_is_read() -> None:
    assert arguments_object('{"text": "one\ntwo"}') == {"text": "one\ntwo"}


# Ids of calls


@given(st.text(min_size=1, max_size=60))
def test_ids_fit_their_vendor_and_one_that_fits_stays(identifier: str) -> None:
    nine, short = own_id(identifier, CallIdRule.NINE), own_id(identifier, CallIdRule.AT_MOST_40)
    assert len(nine) == 9
    assert nine.isascii()
    assert nine.isalnum()
    assert own_id(nine, CallIdRule.NINE) == nine == own_id(identifier, CallIdRule.NINE)
    assert len(short) <= 40
    assert (short == identifier) == (len(identifier) <= 40)


@given(st.sets(st.text(min_size=1, max_size=12), max_size=20))
def test_different_ids_stay_different(identifiers: set[str]) -> None:
    assert len({own_id(one, CallIdRule.NINE) for one in identifiers}) == len(identifiers)


# Media and marks


def test_what_a_tool_returned_beside_text_is_shown_behind_the_results_where_they_are_text() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    result = {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "seen"}, PICTURE]}
    told = [*ASK, {"role": "assistant", "content": None, "tool_calls": [call]}, result]
    sent = body_of("openai/gpt-4o", told)["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "tool", "user"]
    assert sent[2]["content"] == [{"type": "text", "text": "seen"}]
    assert sent[3]["content"][-1] == PICTURE
    assert body_of("openrouter/openai/gpt-4o", told)["messages"][2]["content"][1] == PICTURE
    assert body_of("groq/any", told)["messages"][2]["content"] == "seen"


@pytest.mark.parametrize("url", ["data:image/jpg;base64,AAAA", "data:image/JPG;base64,AAAA"])
@pytest.mark.parametrize("model", ["openai/gpt-4o", "openai/gpt-5-pro", "cohere/any", "mistral/any", CLAUDE, GEMINI])
def test_the_type_of_an_image_is_named_right_wherever_it_goes(model: str, url: str) -> None:
    sent = str(body_of(model, [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]))
    assert "image/jpeg" in sent
    assert "jpg" not in sent.lower()


def test_a_hint_for_gemini_is_not_sent_to_those_who_refuse_it() -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://a.example/i", "format": "image/png"}}
    file = {"type": "file", "file": {"file_id": "f1", "format": "application/pdf"}}
    for model in ("openai/gpt-4o", "openai/gpt-5-pro"):
        assert "format" not in str(body_of(model, [{"role": "user", "content": [picture, file]}]))
    assert body_of("litellm_proxy/any", [{"role": "user", "content": [picture]}])["messages"][0]["content"] == [picture]
    assert "image/png" in str(body_of(GEMINI, [{"role": "user", "content": [picture]}]))


def test_the_responses_api_is_told_the_address_of_a_file_as_one() -> None:
    file = {"type": "file", "file": {"file_id": "https://a.example/a.pdf", "format": "application/pdf"}}
    sent = body_of("openai/gpt-5-pro", [{"role": "user", "content": [file]}])["input"][0]["content"]
    assert sent == [{"type": "input_file", "file_url": "https://a.example/a.pdf"}]


@pytest.mark.parametrize("model", ["cohere/any", "ollama/any", "bedrock/amazon.nova-any", CLAUDE, GEMINI])
def test_a_format_of_answers_that_a_wire_lacks_is_never_dropped_in_silence(model: str) -> None:
    with pytest.raises(BadRequestError, match="grammar"):
        body_of(model, response_format={"type": "grammar", "grammar": "x"})
    body_of(model, response_format={"type": "text"})


@pytest.mark.parametrize("url", ["https://a.example/i.png", "data:image/jpg;base64,AAAA"])
def test_an_image_by_its_address_alone_is_wrapped_and_its_type_is_named_right(url: str) -> None:
    sent = body_of("openai/gpt-4o", [{"role": "user", "content": [{"type": "image_url", "image_url": url}]}])
    assert sent["messages"][0]["content"][0]["image_url"] == {"url": url.replace("image/jpg", "image/jpeg")}


MARKED = {"type": "text", "text": "a", "cache_control": MARK}
POINTED = {"type": "text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}}


@pytest.mark.parametrize("part", [MARKED, POINTED])
@pytest.mark.parametrize(
    ("model", "mark"),
    [
        ("openai/gpt-5.6", {"prompt_cache_breakpoint": {"mode": "explicit"}}),
        ("openai/gpt-4o", {}),
        ("groq/llama", {}),
        ("openrouter/anthropic/claude-sonnet-4.5", {"cache_control": MARK}),
        (CLAUDE, {"cache_control": MARK}),
    ],
)
def test_cache_marks_have_one_vocabulary_and_go_where_they_are_understood(model: str, mark: Any, part: Any) -> None:
    sent = body_of(model, [{"role": "user", "content": [part]}])["messages"][0]["content"][0]
    assert sent == {"type": "text", "text": "a", **mark}


def test_marks_on_tools_are_left_out_where_they_are_not_understood() -> None:
    marked = {**tool(), "cache_control": MARK}
    assert "cache_control" not in body_of("openai/gpt-4o", tools=[marked])["tools"][0]
    assert body_of(CLAUDE, tools=[marked])["tools"][0]["cache_control"] == MARK


# Fields of tools


@pytest.mark.parametrize("beside", [True, False])
def test_fields_of_a_tool_that_the_vendor_knows_are_sent(beside: bool) -> None:
    fields = {"defer_loading": True, "input_examples": [{"a": 1}], "allowed_callers": ["direct"]}
    given_tool = {**tool(), **fields} if beside else tool(**fields)
    sent = body_of(CLAUDE, tools=[given_tool, tool(eager_input_streaming=False)])["tools"]
    assert {name: sent[0][name] for name in fields} == fields
    assert sent[1]["eager_input_streaming"] is False
    assert body_of(GEMINI, tools=[tool(behavior="NON_BLOCKING")])["tools"][0]["functionDeclarations"][0]["behavior"]


LACKING = [
    (CLAUDE, "behavior"),
    (CLAUDE, "odd"),
    (GEMINI, "defer_loading"),
    ("cohere/any", "defer_loading"),
    ("ollama/any", "input_examples"),
    ("bedrock/amazon.nova-any", "odd"),
    ("cerebras/any", "odd"),
    ("fireworks_ai/any", "defer_loading"),
]


@pytest.mark.parametrize(("model", "field"), LACKING)
def test_fields_of_a_tool_that_the_vendor_lacks_are_never_dropped_in_silence(model: str, field: str) -> None:
    for given_tool in (tool(**{field: True}), {**tool(), field: True}):
        with pytest.raises(UnsupportedParamsError, match=field):
            body_of(model, tools=[given_tool])
        assert field not in str(body_of(model, tools=[given_tool], drop_params=True))


ANY: dict[str, Any] = {
    "openai/gpt-4o": {"tool_choice": "required"},
    "openai/gpt-5-pro": {"tool_choice": "required"},
    "groq/any": {"tool_choice": "required"},
    "mistral/any": {"tool_choice": "any"},
    "watsonx_text/any": {"tool_choice_option": "required"},
    "cohere/any": {"tool_choice": "REQUIRED"},
    CLAUDE: {"tool_choice": {"type": "any"}},
    GEMINI: {"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}},
}
ONE: dict[str, Any] = {
    "openai/gpt-4o": {"tool_choice": {"type": "function", "function": {"name": "f"}}},
    "openai/gpt-5-pro": {"tool_choice": {"type": "function", "name": "f"}},
    "mistral/any": {"tool_choice": {"type": "function", "function": {"name": "f"}}},
    "cohere/any": {"tool_choice": "REQUIRED"},
    CLAUDE: {"tool_choice": {"type": "tool", "name": "f"}},
    GEMINI: {"toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}}},
}


@pytest.mark.parametrize("choice", ["any", "required", {"type": "any"}], ids=str)
@pytest.mark.parametrize(("model", "sent"), ANY.items())
def test_that_some_tool_be_called_may_be_said_in_any_vendors_words(model: str, sent: Any, choice: Any) -> None:
    more: dict[str, Any] = {"extra_body": {"project_id": "p"}} if model.startswith("watsonx") else {}
    made = body_of(model, tools=[tool()], tool_choice=choice, **more)
    assert {name: made[name] for name in sent} == sent


@pytest.mark.parametrize("kind", ["function", "tool"])
@pytest.mark.parametrize(("model", "sent"), ONE.items())
def test_one_tool_may_be_named_in_any_vendors_form(model: str, sent: Any, kind: str) -> None:
    other = {"type": "function", "function": {"name": "other"}}
    made = body_of(model, tools=[other, tool()], tool_choice={"type": kind, "name": "f"})
    assert {name: made[name] for name in sent} == sent
    assert "'f'" in str(made["tools"])


@pytest.mark.parametrize("choice", ["any", {"type": "tool", "name": "f"}], ids=str)
def test_words_of_a_vendor_that_publishes_no_schema_are_sent_as_they_were_written(choice: Any) -> None:
    for model in ("xai/any", "openrouter/any/model"):
        assert body_of(model, tools=[tool()], tool_choice=choice)["tool_choice"] == choice


def test_a_choice_that_cohere_does_not_have_does_not_cost_the_tools() -> None:
    allowed = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [tool()]}}
    with pytest.raises(UnsupportedParamsError, match="tool_choice"):
        body_of("cohere/any", tools=[tool()], tool_choice=allowed)
    assert len(body_of("cohere/any", tools=[tool()], tool_choice=allowed, drop_params=True)["tools"]) == 1
    with pytest.raises(BadRequestError, match="names no tool"):
        body_of("cohere/any", tools=[tool()], tool_choice={"type": "function", "function": {"name": "g"}})


# Schemas


def test_a_schema_beside_json_object_is_a_schema_everywhere() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    form = {"type": "json_object", "response_schema": schema}
    assert body_of("openai/gpt-4o", response_format=form)["response_format"]["json_schema"]["schema"] == schema
    assert body_of(GEMINI, response_format=form)["generationConfig"]["responseJsonSchema"]["properties"]
    assert body_of(CLAUDE, response_format=form)["output_config"]["format"]["schema"]["properties"]


CAT = {"type": "object", "properties": {"kind": {"const": "cat"}, "age": {"type": "integer"}}, "required": ["kind"]}
STORY: dict[str, Any] = {
    "type": "object",
    "$defs": {"Cat": CAT, "Tree": {"type": "object", "properties": {"up": {"$ref": "#/$defs/Tree", "title": "Up"}}}},
    "properties": {
        "hero": {"$ref": "#/$defs/Cat", "description": "who"},
        "ride": {"oneOf": [{"$ref": "#/$defs/Cat"}, {"type": "null"}], "discriminator": {"propertyName": "kind"}},
        "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]},
        "name": {"type": "string", "minLength": 3, "format": "uri", "default": "Tom"},
        "both": {"allOf": [{"$ref": "#/$defs/Cat"}], "default": None},
        "tree": {"$ref": "#/$defs/Tree"},
    },
    "required": ["hero"],
}


def test_what_strict_mode_refuses_is_written_in_its_words() -> None:
    made = strict_schema(STORY, closing=True)
    assert made is not None
    assert is_strict(made)
    properties = made["properties"]
    assert (properties["hero"]["description"], properties["hero"]["required"]) == ("who", ["kind", "age"])
    assert properties["ride"] == {"anyOf": [{"$ref": "#/$defs/Cat"}, {"type": "null"}]}
    assert properties["pair"]["items"] == {"anyOf": [{"type": "string"}, {"type": "integer"}]}
    assert properties["name"] == {"type": "string", "description": '(minLength: 3, format: "uri")'}
    assert properties["tree"] == {"$ref": "#/$defs/Tree"}
    assert made["$defs"]["Tree"]["properties"] == {"up": {"$ref": "#/$defs/Tree"}}


@pytest.mark.parametrize(
    "inner",
    [{}, {"type": "object"}, {"type": "object", "additionalProperties": True}, {"not": {"type": "null"}}, True,
     {"type": "object", "patternProperties": {"a": {"type": "string"}}}],
)  # fmt: skip
def test_what_strict_mode_cannot_say_is_not_strict(inner: Any) -> None:
    assert strict_schema({"type": "object", "properties": {"a": inner}}, closing=True) is None


def test_a_schema_that_is_said_to_be_strict_stays_as_it_is_is_rewritten_or_is_no_longer_strict() -> None:
    closed = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    either = {**closed, "properties": {"a": {"oneOf": [{"type": "string"}, {"type": "null"}]}}}
    optional = {**closed, "required": []}

    def sent(schema: Any) -> Any:
        form = {"type": "json_schema", "json_schema": {"name": "n", "strict": True, "schema": schema}}
        described = body_of("openai/gpt-4o", response_format=form)["response_format"]["json_schema"]
        function = body_of("openai/gpt-4o", tools=[tool(strict=True, parameters=schema)])["tools"][0]["function"]
        assert (function["strict"], function["parameters"]) == (described["strict"], described["schema"])
        return described["strict"], described["schema"]

    assert sent(closed) == (True, closed)
    assert sent(either)[0] is True
    assert sent(either)[1]["properties"]["a"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert sent(optional) == (False, optional)


SCHEMAS = st.recursive(
    st.sampled_from(
        [{"type": "string"}, {"type": "integer", "minimum": 1}, {"enum": ["a", "b"]}, {"$ref": "#/$defs/X"}]
    ),
    lambda inner: (
        st.fixed_dictionaries({"type": st.just("array"), "items": inner, "minItems": st.integers(0, 2)})
        | st.fixed_dictionaries({"oneOf": st.lists(inner, min_size=1, max_size=2), "description": st.just("d")})
        | st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(st.sampled_from("ab"), inner)}
        )
        | st.fixed_dictionaries({"$ref": st.just("#/$defs/X"), "description": st.just("x"), "default": st.none()})
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from("abc"), SCHEMAS, min_size=1))
def test_what_is_written_for_strict_mode_is_taken_by_it_and_writing_it_again_changes_nothing(properties: Any) -> None:
    schema = {
        "type": "object",
        "properties": properties,
        "$defs": {"X": {"type": "object", "properties": {"y": {"type": "null"}}}},
    }
    made = strict_schema(schema, closing=True)
    assert made is not None
    assert is_strict(made)
    assert strict_schema(made, closing=False) == made


@attrs.define
class Node:
    """A node."""

    name: str
    children: list[Node]


def test_a_class_that_contains_itself_is_strict() -> None:
    described = response_format_dict(Node)["json_schema"]
    assert described["strict"] is True
    assert is_strict(described["schema"])


@pytest.mark.parametrize(
    ("model", "answer", "begins"),
    [
        ("bedrock/amazon.nova-lite-v1:0", {"content": "Hello, I am a bot."}, True),
        ("bedrock/anthropic.claude-opus-5", {"content": "Hello, I am a bot."}, True),
        (GEMINI, {"content": None, "tool_calls": [CALLED]}, True),
        (GEMINI, {"content": "Hello, I am a bot."}, False),
        (CLAUDE, {"content": "Hello, I am a bot."}, False),
    ],
)
def test_the_user_begins_where_the_vendor_demands_it(model: str, answer: dict[str, Any], begins: bool) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "assistant", **answer}]
    made = body_of(model, [*messages, RESULT if "tool_calls" in answer else ASK[0]])
    turns = made.get("messages") or made["contents"]

    assert (turns[0]["role"] == "user") is begins
    assert len(turns) == 2 + begins
    assert "The conversation begins." in str(turns[0]) or not begins


# Parameters by vendor and model


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        ("openai/gpt-5-mini", {"temperature": 0.2}),
        ("openai/o3", {"top_p": 0.5}),
        ("openai/gpt-5", {"logprobs": True}),
        ("openai/gpt-4o", {"reasoning_effort": "low"}),
        ("openai/gpt-4o", {"thinking": {"type": "enabled"}}),
        ("groq/llama", {"n": 2}),
        ("groq/llama", {"modalities": ["audio"]}),
        ("mistral/mistral-large-latest", {"logprobs": True}),
        ("openai/gpt-5.6", {"temperature": 0.2}),
        ("azure/gpt-5.6-terra", {"top_p": 0.5}),
        ("xai/grok-4-fast-reasoning", {"reasoning_effort": "low"}),
        ("xai/grok-4.5", {"presence_penalty": 0.5}),
        ("xai/grok-4.20-0309-non-reasoning", {"frequency_penalty": 0.5}),
        ("xai/grok-4.6", {"stop": "END"}),
        ("xai/grok-4.5", {"reasoning_effort": "none"}),
        ("moonshot/kimi-k2.6", {"temperature": 0.2}),
        ("zai/glm-5.3", {"reasoning_effort": "none"}),
        ("xai/grok-4.20-0309-non-reasoning", {"reasoning_effort": "none"}),
        ("xai/grok-4.20-multi-agent-0309", {"reasoning_effort": "none"}),
        ("xai/grok-build", {"reasoning_effort": "low"}),
        ("github_copilot/gpt-6-sol", {"temperature": 0.2}),
        ("github/openai/gpt-5-mini", {"top_p": 0.2}),
        ("anthropic/claude-fable-5-1", {"tool_choice": "required", "tools": [tool()]}),
        ("bedrock/us.anthropic.claude-opus-5-5", {"tool_choice": "required", "tools": [tool()]}),
    ],
)
def test_what_a_model_does_not_take_is_refused_or_dropped_on_request(model: str, parameters: dict[str, Any]) -> None:
    name = next(iter(parameters))
    with pytest.raises(UnsupportedParamsError, match=name):
        body_of(model, **parameters)
    made = body_of(model, **parameters, drop_params=True)
    left = made.get(name) or made.get("toolConfig", {}).get("toolChoice")
    assert left in (None, {"type": "auto"}, {"auto": {}})


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        ("openai/gpt-5-mini", {"temperature": 1, "reasoning_effort": "low"}),
        ("openai/gpt-5.1", {"temperature": 0.2}),
        ("openai/gpt-5-chat-latest", {"temperature": 0.2}),
        ("openai/gpt-4o", {"temperature": 0.2}),
        ("openai/gpt-5.6", {"prompt_cache_options": {"mode": "explicit"}, "moderation": {"model": "m"}}),
        ("deepseek/deepseek-chat", {"thinking": {"type": "enabled"}}),
        ("openai/gpt-5.6", {"temperature": 0.2, "reasoning_effort": "none"}),
        ("xai/grok-3", {"presence_penalty": 0.5, "stop": "END"}),
        ("xai/grok-4.3", {"reasoning_effort": "none"}),
        ("xai/grok-4.20-0309-non-reasoning", {"stop": "END"}),
        ("moonshot/kimi-k2.6", {"temperature": 1, "top_p": 0.95}),
        ("moonshot/moonshot-v1-8k", {"temperature": 0.2}),
        ("zai/glm-5.3", {"reasoning_effort": "low"}),
        ("xai/grok-4.20-multi-agent-0309", {"reasoning_effort": "xhigh"}),
        ("github_copilot/gpt-5.1", {"temperature": 0.2}),
        ("github/openai/gpt-4.1", {"max_tokens": 5, "temperature": 0.2}),
    ],
)
def test_what_a_model_takes_is_sent(model: str, parameters: dict[str, Any]) -> None:
    made = body_of(model, **parameters)
    assert {name: made[name] for name in parameters} == parameters


@pytest.mark.parametrize("model", ["openai/gpt-5.2", "openai/gpt-5.4", "openai/responses/gpt-5.4"])
def test_sampling_is_refused_beside_an_effort(model: str) -> None:
    with pytest.raises(UnsupportedParamsError, match="temperature, top_p"):
        body_of(model, temperature=0.2, top_p=0.5, reasoning_effort="low")
    made = body_of(model, temperature=1, top_p=0.5, reasoning_effort={"effort": "low"}, drop_params=True)

    assert not {"temperature", "top_p"} & made.keys()
    assert "temperature" not in body_of(model, temperature=1, reasoning_effort="low")  # which is so anyway
    assert body_of(model, temperature=0.2, reasoning_effort="none")["temperature"] == 0.2


@pytest.mark.parametrize(
    ("model", "parameters", "path"),
    [
        ("openai/gpt-5.2", {"reasoning_effort": "low"}, "/chat/completions"),
        ("openai/gpt-5.4", {}, "/chat/completions"),
        ("openai/gpt-5.4", {"reasoning_effort": "low"}, "/responses"),
        ("openai/gpt-5.6-terra", {}, "/responses"),
        ("azure/gpt-5.6", {"reasoning_effort": {"effort": "high"}}, "/responses"),
        ("openai/gpt-5.6", {"reasoning_effort": "none"}, "/chat/completions"),
        ("openai/gpt-5.6", {"reasoning_effort": "low", "tools": None}, "/chat/completions"),
        ("openrouter/openai/gpt-5.6", {}, "/chat/completions"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_models_that_think_beside_tools_in_the_responses_api_only_are_asked_there(
    model: str, parameters: dict[str, Any], path: str, *, stream: bool
) -> None:
    call = call_of(model, stream=stream, **{"tools": [tool()], **parameters})
    endpoints: Any = load_dialect(CATALOG[model.partition("/")[0]].service("chat", call.model).wire)
    answer = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}
    finished = {"object": "response", "id": "r", "status": "completed", "output": [answer]}
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
    whole = json.dumps(finished if path == "/responses" else {"id": "c", "choices": [choice]}).encode()

    assert (endpoints.chat_stream if stream else endpoints.chat).encode(call).path == path
    assert endpoints.chat.decode(call, whole).choices[0].message.content == "Hi"
    decoder = endpoints.chat_stream.open_decoder(call)
    event = json.dumps({"type": "response.output_text.delta", "output_index": 0, "delta": "Hi"}).encode()
    expected = ["Hi"] if path == "/responses" else []
    assert [chunk.choices[0].delta.content for chunk in decoder.feed(b"data: " + event + b"\n\n")] == expected


@pytest.mark.parametrize("model", ["openai/gpt-5.6", "openai/gpt-5.4"])
def test_hidden_thinking_is_asked_for_where_a_model_thinks(model: str) -> None:
    made = body_of(model, tools=[tool()], reasoning_effort="low")
    assert made["include"] == ["reasoning.encrypted_content"]
    assert ("include" in body_of("openai/gpt-5.6", tools=[tool()])) is True
    assert "include" not in body_of("openai/responses/gpt-4o", tools=[tool()])


def test_chats_by_the_responses_api_say_what_others_say() -> None:
    parts = [{"type": "text", "text": "a", "cache_control": MARK}, {"type": "text", "text": "b"}, PICTURE]
    made = body_of("openai/gpt-5.6", [{"role": "user", "content": parts}], tools=[tool()], moderation={"model": "m"})

    assert made["moderation"] == {"model": "m"}
    assert made["input"][0]["content"][:2] == [
        {"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}},
        {"type": "input_text", "text": "b"},
    ]
    older = body_of("openai/gpt-5.4", [{"role": "user", "content": parts}], tools=[tool()], reasoning_effort="low")
    assert "prompt_cache_breakpoint" not in str(older)


@pytest.mark.parametrize("model", ["zai/glm-5", "moonshot/kimi-k2.5", "deepseek/deepseek-v4-pro", "minimax/MiniMax-M3"])
def test_no_thinking_is_said_by_the_switch_of_those_who_have_one(model: str) -> None:
    made = body_of(model, reasoning_effort="none")

    assert made["thinking"] == {"type": "disabled"}
    assert "reasoning_effort" not in made
    assert body_of(model, reasoning_effort="none", thinking={"type": "enabled"})["thinking"] == {"type": "enabled"}
    assert body_of(model, reasoning_effort="high")["reasoning_effort"] == "high"


@pytest.mark.parametrize("told", [{"thinking": {"type": "disabled"}}, {"reasoning_effort": "none"}])
@pytest.mark.parametrize("inside", ["parameters", "extra_body"])
def test_calls_need_no_thinking_where_the_model_is_not_to_think(told: dict[str, Any], inside: str) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    history = [*ASK, {"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "call_1"}]
    given: dict[str, Any] = told if inside == "parameters" else {"extra_body": told}

    assert body_of("deepseek/deepseek-v4-pro", history)["messages"][1]["reasoning_content"] == " "
    assert "reasoning_content" not in body_of("deepseek/deepseek-v4-pro", history, **given)["messages"][1]
    history[1] |= {"reasoning_details": [{"type": "reasoning.text", "text": "hm"}]}
    assert "reasoning_content" not in body_of("openrouter/moonshotai/kimi-k2.5", history)["messages"][1]


@pytest.mark.parametrize("model", ["vllm/m", "sglang/m", "llamacpp/m", "minimax/MiniMax-M3"])
@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ('{"a": 1}', '{"a": 1}'),
        ('{"a":', '{"INVALID_JSON":"{\\"a\\":"}'),
        ("[1]", '{"INVALID_JSON":"[1]"}'),
        ("null", "{}"),
        ("", "{}"),
    ],
)
def test_servers_that_read_the_arguments_of_earlier_calls_get_objects(model: str, given: str, sent: str) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": given}}
    history = [
        *ASK,
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "x"},
    ]

    assert body_of(model, history)["messages"][1]["tool_calls"][0]["function"]["arguments"] == sent
    kept = body_of("openai/gpt-4o", history)["messages"][1]["tool_calls"][0]["function"]["arguments"]
    assert kept == (given or "{}")


@pytest.mark.parametrize(
    ("model", "field", "high", "none"),
    [
        ("openai/gpt-5", "reasoning_effort", "high", "none"),
        ("groq/openai/gpt-oss-120b", "reasoning_effort", "high", "none"),
        ("zai/glm-5", "reasoning_effort", "high", None),
        ("ollama/gpt-oss", "think", "high", False),
        ("cohere/command-a-reasoning-08-2025", "thinking", {"type": "enabled"}, {"type": "disabled"}),
        ("bedrock/openai.gpt-oss-120b-1:0", "additionalModelRequestFields", {"reasoning_effort": "high"}, None),
        (
            "bedrock/openai.gpt-5.6",
            "additionalModelRequestFields",
            {"reasoning": {"effort": "high"}},
            {"reasoning": {"effort": "none"}},
        ),
        ("openai/gpt-5.6", "reasoning", {"effort": "high", "summary": "auto"}, None),
    ],
)
def test_an_effort_inside_an_object_is_an_effort(model: str, field: str, high: Any, none: Any) -> None:
    assert body_of(model, reasoning_effort={"effort": "high", "summary": "auto"})[field] == high
    assert body_of(model, reasoning_effort={"effort": "none"}).get(field) == none
    assert field not in body_of(model, reasoning_effort={"effort": None}, drop_params=True)


@pytest.mark.parametrize("root", [{"anyOf": [{"type": "object"}, {"type": "string"}]}, {"properties": {}}])
def test_the_root_of_a_tool_is_an_object_for_grok(root: dict[str, Any]) -> None:
    made = body_of("xai/grok-4.6", tools=[tool(parameters=root)])["tools"][0]["function"]["parameters"]

    assert made["type"] == "object"
    assert "anyOf" not in made


def test_signatures_of_googles_models_go_back_where_fields_are_not_counted() -> None:
    signed = {"extra_content": {"google": {"thought_signature": "s"}}}
    call = ToolCall("call_1", "function", FunctionCall("f", "{}"), model_extra=signed)
    answer = Message(tool_calls=[call], model_extra=signed)
    history = [*ASK, answer, {"role": "tool", "tool_call_id": "call_1", "content": "x"}]

    for model, goes in (
        ("custom_openai/gemini-3-flash", True),
        ("vercel/google/gemini-3-flash", True),
        ("groq/m", False),
    ):
        sent = body_of(model, history)["messages"][1]
        assert (sent["tool_calls"][0].get("extra_content") == signed["extra_content"]) is goes
        assert (sent.get("extra_content") == signed["extra_content"]) is goes
    assert "extra_content" not in json.dumps(body_of("openai/gpt-4o", history))


def test_open_models_of_qwen_think_in_streams_only() -> None:
    assert body_of("dashscope/qwen3-32b")["enable_thinking"] is False
    assert "enable_thinking" not in body_of("dashscope/qwen3-32b", stream=True)
    assert "enable_thinking" not in body_of("dashscope/qwen-plus")
    assert "enable_thinking" not in body_of("dashscope/qwen3-235b-a22b-thinking-2507")
    assert body_of("dashscope/qwen3-32b", extra_body={"enable_thinking": True})["enable_thinking"] is True
    for model in ("dashscope/qwen-plus", "qwencloud/qwen3.5-27b", "modelscope/Qwen/Qwen3-32B"):
        made = body_of(model, reasoning_effort="none", stream=True)
        assert made["enable_thinking"] is False
        assert "reasoning_effort" not in made


@pytest.mark.parametrize(
    ("model", "off"),
    [
        ("claude-opus-5", {"type": "disabled"}),
        ("claude-haiku-5-5", {"type": "disabled"}),
        ("claude-sonnet-5-5", {"type": "between_tools"}),
        ("claude-opus-5-5", None),
        ("claude-fable-5", None),
        ("claude-mythos-5-1", None),
    ],
)
@pytest.mark.parametrize("told", [{"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}])
@pytest.mark.parametrize("host", ["anthropic/", "bedrock/us.anthropic."])
def test_claude_is_told_not_to_think_in_the_words_it_takes(
    host: str, told: dict[str, Any], model: str, off: dict[str, Any] | None
) -> None:
    if off is None:
        with pytest.raises(UnsupportedParamsError, match="always thinks"):
            body_of(host + model, **told)
    made = body_of(host + model, **told, drop_params=True)

    assert made.get("additionalModelRequestFields", made).get("thinking") == off


@pytest.mark.parametrize("host", ["anthropic/", "bedrock/us.anthropic."])
def test_thinking_between_tools_has_an_effort(host: str) -> None:
    made = body_of(host + "claude-sonnet-5-5", thinking={"type": "between_tools"}, reasoning_effort="low")

    assert made.get("additionalModelRequestFields", made)["output_config"] == {"effort": "low"}


def test_any_object_is_asked_for_by_a_schema_where_json_object_is_refused() -> None:
    form = body_of("lm_studio/any", response_format={"type": "json_object"})["response_format"]

    assert form["type"] == "json_schema"
    assert form["json_schema"]["schema"] == {"type": "object"}
    assert body_of("vllm/any", response_format={"type": "json_object"})["response_format"] == {"type": "json_object"}


@pytest.mark.parametrize(
    "parameters", [{"n": 1}, {"logprobs": False, "top_logprobs": 0}, {"store": False}, {"service_tier": "default"}]
)
def test_what_only_asks_for_what_is_done_anyway_is_no_error(parameters: dict[str, Any]) -> None:
    assert set(parameters) - set(body_of("groq/llama", **parameters)) in (set(), set(parameters))
    body_of(CLAUDE, **parameters)


def test_metadata_goes_where_the_vendor_takes_it_and_is_taken_from_every_caller() -> None:
    told: Any = {"metadata": {"team": "a"}}
    assert "metadata" not in body_of("openai/gpt-4o", **told)
    assert body_of("openai/gpt-4o", store=True, **told)["metadata"] == {"team": "a"}
    assert body_of("mistral/mistral-large-latest", **told)["metadata"] == {"team": "a"}
    for model in ("groq/llama", CLAUDE, GEMINI):
        assert "metadata" not in body_of(model, **told)
    assert EmbeddingRequest("openai/m", "Hi", metadata={"team": "a"}).options.metadata == {"team": "a"}
