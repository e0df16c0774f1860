"""Bedrock's Converse wire, whole and as an AWS event stream."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aws_frames
import httpx
import pytest
from hypothesis import given, strategies as st

import trio_llm
from trio_llm._convert.converter import ConversionError
from trio_llm._dialects.bedrock import CONVERSE
from trio_llm._dialects.contract import ErrorDetail, ReplyIsError, WireCall
from trio_llm._types.chat import ChatRequest, ModelResponse, ModelResponseStream
from trio_llm._types.errors import (
    APIConnectionError,
    BadRequestError,
    InternalServerError,
    RateLimitError,
    UnsupportedParamsError,
)
from trio_llm._types.folding import fold_chunks
from trio_llm._types.http import ReplyHead

FIXTURES = Path(__file__).parent / "fixtures" / "converse"
WHOLE: dict[str, Any] = json.loads((FIXTURES / "chat.json").read_bytes())
STREAM = (FIXTURES / "chat.aws").read_bytes()
MODEL = "anthropic.claude-3-9-harbour-v1:0"
CLAUDE = "anthropic.claude-sonnet-4-5-20250929-v1:0"
QUESTION = {"role": "user", "content": "Which port?"}
TOOL = {"type": "function", "function": {"name": "tide", "parameters": {"type": "object", "properties": {}}}}
SCHEMA = {"type": "object", "properties": {"port": {"type": "string"}}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "port", "schema": SCHEMA}}
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def call(*messages: Any, model: str = MODEL, **params: Any) -> WireCall[ChatRequest]:
    return WireCall(ChatRequest(model, list(messages or [QUESTION]), **params), model)


def encoded(*messages: Any, model: str = MODEL, **params: Any) -> dict[str, Any]:
    assert CONVERSE.chat is not None
    request = CONVERSE.chat.encode(call(*messages, model=model, **params))
    assert isinstance(request.body, bytes)
    body: dict[str, Any] = json.loads(request.body)
    return body


def decoded(document: Any, **params: Any) -> ModelResponse:
    assert CONVERSE.chat is not None
    return CONVERSE.chat.decode(call(**params), json.dumps(document).encode())


def streamed(data: bytes, size: int) -> tuple[list[ModelResponseStream], ErrorDetail | None]:
    assert CONVERSE.chat_stream is not None
    decoder = CONVERSE.chat_stream.open_decoder(call())
    chunks = [chunk for at in range(0, len(data), size) for chunk in decoder.feed(data[at : at + size])]
    if not decoder.finished:
        chunks += decoder.close()
    return chunks, decoder.failure


def test_a_whole_reply_has_text_thinking_calls_usage_and_what_else_was_told() -> None:
    response = decoded(WHOLE)
    choice = response.choices[0]

    assert choice.message.content == "Söderhamn lies in Sweden."
    assert choice.message.reasoning_content == "A harbour."
    assert choice.message.thinking_blocks == [
        {"type": "thinking", "thinking": "A harbour.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "aGlkZGVu"},
    ]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls is not None
    assert [(one.id, one.function and one.function.name) for one in choice.message.tool_calls] == [("t1", "tide")]
    assert choice.message.tool_calls[0].function is not None
    assert json.loads(choice.message.tool_calls[0].function.arguments) == {"port": "Söderhamn"}
    usage = response.usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (70, 9, 79)
    assert usage.prompt_tokens_details is not None
    assert (usage.prompt_tokens_details.cached_tokens, usage.prompt_tokens_details.cache_creation_tokens) == (16, 4)
    assert response["metrics"] == {"latencyMs": 12}


@given(size=st.integers(1, 600))
def test_every_split_of_a_stream_amounts_to_the_whole_reply(size: int) -> None:
    chunks, failure = streamed(STREAM, size)
    response, whole = fold_chunks(chunks), decoded(WHOLE)

    assert failure is None
    assert (response.choices, response.usage) == (whole.choices, whole.usage)


@pytest.mark.parametrize("cut", range(1, STREAM.index(b"messageStop") - 40, 3))
def test_a_stream_that_is_cut_before_its_reason_is_a_failure(cut: int) -> None:
    _, failure = streamed(STREAM[:cut], 64)

    assert failure is not None
    assert failure.kind is APIConnectionError


@asynccontextmanager
async def client(reply: httpx.Response, seen: list[httpx.Request], **variables: str) -> AsyncIterator[trio_llm.Client]:
    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return reply

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http_client,
        trio_llm.Client(
            http_client=http_client,
            variables={"AWS_REGION": "eu-north-1", **variables},
            retry=trio_llm.RetryPolicy(attempts=1),
        ) as made,
    ):
        yield made


@pytest.mark.anyio
@pytest.mark.parametrize("cut", range(1, STREAM.index(b"messageStop") - 40, 61))
async def test_a_cut_stream_raises_with_what_had_arrived(cut: int) -> None:
    headers = {"content-type": "application/vnd.amazon.eventstream"}
    said = ""
    reply = httpx.Response(200, headers=headers, content=STREAM[:cut])
    async with client(reply, [], AWS_BEARER_TOKEN_BEDROCK="k" * 20) as one:
        with pytest.raises(trio_llm.APIConnectionError) as caught:
            async with one.stream(f"bedrock/{MODEL}", [QUESTION]) as stream:
                async for chunk in stream:
                    said += "".join(choice.delta.content or "" for choice in chunk.choices)

    partial = caught.value.partial
    assert (partial.choices[0].message.content or "" if partial and partial.choices else "") == said


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("throttlingException", RateLimitError), ("modelStreamErrorException", InternalServerError)],
)
def test_an_exception_in_a_stream_is_a_typed_failure_with_its_words(kind: str, expected: type[Exception]) -> None:
    opening = STREAM[: int.from_bytes(STREAM[:4], "big")]
    _, failure = streamed(opening + aws_frames.exception(kind, "Too much."), 50)

    assert failure is not None
    assert (failure.kind, failure.message) == (expected, "Too much.")


def block(index: int, start: Any, *pieces: Any, stop: bool = True) -> bytes:
    place = {"contentBlockIndex": index}
    opening = aws_frames.event("contentBlockStart", {**place, "start": start}) if start is not None else b""
    grown = b"".join(aws_frames.event("contentBlockDelta", {**place, "delta": piece}) for piece in pieces)
    return opening + grown + (aws_frames.event("contentBlockStop", place) if stop else b"")


def answered(*blocks: bytes, reason: str = "end_turn") -> tuple[ModelResponse, ErrorDetail | None]:
    opening = aws_frames.event("messageStart", {"role": "assistant"})
    ending = aws_frames.event("messageStop", {"stopReason": reason}) + aws_frames.event("metadata", {"usage": {}})
    chunks, failure = streamed(b"".join([opening, *blocks, ending]), 97)
    return fold_chunks(chunks), failure


def whole(*blocks: Any, reason: str = "end_turn") -> ModelResponse:
    return decoded({"output": {"message": {"content": list(blocks)}}, "stopReason": reason})


USE = {"toolUseId": "t", "name": "search", "type": "server_tool_use"}
FOUND = {"toolUseId": "t", "type": "search_result", "status": "success"}
THREE, SIX = "QUJD", "QUJDREVG"


@pytest.mark.parametrize("stop", [True, False])
def test_what_is_put_together_from_a_stream_is_what_a_whole_reply_has(stop: bool) -> None:
    response, failure = answered(
        block(0, {"toolUse": USE}, {"toolUse": {"input": '{"q"'}}, {"toolUse": {"input": ':"x"}'}}, stop=stop),
        block(1, {"toolResult": FOUND}, {"toolResult": [{"text": "a"}]}, {"toolResult": [{"text": "b"}, {"json": 1}]}),
        block(2, {}, {"text": "hi"}, stop=stop),
        block(
            3, {"image": {"format": "jpeg"}}, *[{"image": {"source": {"bytes": piece}}} for piece in (THREE, "REVG")]
        ),
        block(4, None, {"scent": {"of": "pine"}}),
        block(5, {"scent": {"of": "rose"}}, {"scent": {"strength": "fa"}}, {"scent": {"strength": "int"}}, stop=stop),
    )

    assert failure is None
    assert response.choices[0].message.images == [
        {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{SIX}"}, "index": 0}
    ]
    told = whole(
        {"toolUse": {**USE, "input": {"q": "x"}}},
        {"toolResult": {**FOUND, "content": [{"text": "ab"}, {"json": 1}]}},
        {"text": "hi"},
        {"image": {"format": "jpeg", "source": {"bytes": SIX}}},
        {"scent": {"of": "pine"}},
        {"scent": {"of": "rose", "strength": "faint"}},
    )
    assert response.choices[0].message == told.choices[0].message


def test_a_streamed_call_without_arguments_has_an_empty_object() -> None:
    response, _ = answered(block(0, {"toolUse": {"toolUseId": "t", "name": "f"}}), reason="tool_use")
    told = whole({"toolUse": {"toolUseId": "t", "name": "f", "input": {}}}, reason="tool_use")

    assert response.choices == told.choices


def test_an_image_that_could_not_be_made_is_a_failure_where_there_is_nothing_else() -> None:
    broken = block(0, {"image": {"format": "png"}}, {"image": {"error": {"message": "out of paint"}}})
    _, failure = answered(broken)
    assert failure is not None
    assert "out of paint" in failure.message

    response, failure = answered(broken, block(1, None, {"text": "sorry"}))
    assert failure is None
    assert (response.choices[0].message.content, response.choices[0].message.images) == ("sorry", None)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"message": "odd"},
        {**WHOLE, "stopReason": "malformed_model_output"},
        {"output": {"message": {"content": []}}},
        [],
    ],
)
def test_what_is_no_answer_is_an_error(document: Any) -> None:
    with pytest.raises((ReplyIsError, ConversionError)):
        decoded(document)


def test_an_error_is_told_by_its_header() -> None:
    head = ReplyHead(400, {"x-amzn-errortype": "ThrottlingException:http://x"})
    detail = CONVERSE.decode_error(head, b'{"message":"Slow down."}')

    assert (detail.kind, detail.message) == (RateLimitError, "Slow down.")


def test_what_was_read_goes_back_as_it_came() -> None:
    body = encoded(
        QUESTION, decoded(WHOLE).choices[0].message, {"role": "tool", "tool_call_id": "t1", "content": "high"}
    )
    content = WHOLE["output"]["message"]["content"]

    assert body["messages"][1] == {"role": "assistant", "content": content}
    assert body["messages"][2] == {
        "role": "user",
        "content": [{"toolResult": {"toolUseId": "t1", "content": [{"text": "high"}]}}],
    }
    assert body["toolConfig"]["tools"][0]["toolSpec"]["name"] == "tide"


def test_turns_alternate_and_instructions_stand_apart() -> None:
    body = encoded(
        {"role": "system", "content": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]},
        QUESTION,
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": PIXEL}}]},
        {"role": "assistant", "content": "Lund."},
        {"role": "system", "content": "Now in French."},
    )

    assert body["system"] == [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}]
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]
    assert body["messages"][0]["content"][1] == {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}}


def test_parameters_go_to_their_places() -> None:
    body = encoded(
        temperature=0.5,
        max_tokens=7,
        stop="END",
        service_tier="flex",
        tools=[TOOL],
        tool_choice="required",
        extra_body={"guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"}},
    )

    assert body["inferenceConfig"] == {"temperature": 0.5, "maxTokens": 7, "stopSequences": ["END"]}
    assert (body["serviceTier"], body["toolConfig"]["toolChoice"]) == ({"type": "flex"}, {"any": {}})
    assert body["guardrailConfig"]["guardrailIdentifier"] == "g"


@pytest.mark.parametrize(
    ("model", "effort", "fields"),
    [
        ("anthropic.claude-3-7-sonnet-20250219-v1:0", "low", {"thinking": {"type": "enabled", "budget_tokens": 1024}}),
        ("anthropic.claude-3-7-sonnet-20250219-v1:0", "none", None),
        (
            "us.anthropic.claude-opus-4-7",
            "high",
            {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "high"}},
        ),
        ("global.anthropic.claude-opus-5", "none", {"thinking": {"type": "disabled"}}),
        ("amazon.nova-2-lite-v1:0", "low", {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}),
    ],
)
def test_an_effort_is_told_as_each_generation_wants_it(
    model: str, effort: str, fields: dict[str, object] | None
) -> None:
    assert encoded(model=model, reasoning_effort=effort).get("additionalModelRequestFields") == fields


def test_the_limit_of_thinking_and_answer_is_above_the_budget() -> None:
    made = encoded(model=CLAUDE, reasoning_effort="low", max_tokens=500)
    assert made["inferenceConfig"] == {"maxTokens": 1524}
    assert "inferenceConfig" not in encoded(model=CLAUDE, reasoning_effort="low")


@pytest.mark.parametrize(
    ("model", "parameters", "left"),
    [
        ("us.anthropic.claude-opus-4-7", {"temperature": 0.5}, {}),
        (CLAUDE, {"temperature": 0.5, "top_p": 0.9}, {"inferenceConfig": {"temperature": 0.5}}),
        (CLAUDE, {"temperature": 0.5, "reasoning_effort": "low"}, {}),
    ],
)
def test_what_claude_refuses_is_told_before_the_call(
    model: str, parameters: dict[str, Any], left: dict[str, Any]
) -> None:
    with pytest.raises(UnsupportedParamsError, match="cannot express"):
        encoded(model=model, **parameters)
    made = encoded(model=model, drop_params=True, **parameters)
    assert made.get("inferenceConfig", {}) == left.get("inferenceConfig", {})


def test_claude_does_not_think_beside_a_tool_that_it_has_to_call() -> None:
    with pytest.raises(UnsupportedParamsError, match="a tool that has to be called"):
        encoded(model=CLAUDE, reasoning_effort="low", tools=[TOOL], tool_choice="required")
    made = encoded(model=CLAUDE, reasoning_effort="low", tools=[TOOL], tool_choice="required", drop_params=True)

    assert made["toolConfig"]["toolChoice"] == {"any": {}}
    assert "additionalModelRequestFields" not in made


def test_a_schema_is_enforced_by_bedrock_where_it_can_and_else_by_a_tool() -> None:
    native = encoded(model="anthropic.claude-sonnet-4-5-20250929-v1:0", response_format=FORMAT)
    forced = encoded(response_format=FORMAT)

    assert json.loads(native["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"]) == SCHEMA
    assert forced["toolConfig"]["toolChoice"] == {"tool": {"name": "json_answer"}}


def test_the_input_of_the_answers_tool_is_the_text() -> None:
    use = {"toolUse": {"toolUseId": "t", "name": "json_answer", "input": {"port": "Lund"}}}
    document = {**WHOLE, "output": {"message": {"role": "assistant", "content": [use]}}}
    choice = decoded(document, response_format=FORMAT).choices[0]

    assert json.loads(choice.message.content or "") == {"port": "Lund"}
    assert (choice.message.tool_calls, choice.finish_reason) == (None, "stop")


@pytest.mark.parametrize(
    "params", [{"n": 2}, {"seed": 1}, {"temperature": 1.5}, {"parallel_tool_calls": False}, {"service_tier": "odd"}]
)
def test_what_cannot_be_expressed_is_refused_or_left_out(params: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedParamsError):
        encoded(**params)
    assert encoded(**params, drop_params=True)["messages"]


def test_an_address_that_bedrock_does_not_fetch_is_refused_by_its_place() -> None:
    with pytest.raises(BadRequestError, match=r"messages\[0\].content\[0\]"):
        encoded({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]})


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("model", "path"),
    [
        (MODEL, "/model/anthropic.claude-3-9-harbour-v1%3A0/converse"),
        (f"converse/us.{MODEL}", "/model/us.anthropic.claude-3-9-harbour-v1%3A0/converse"),
    ],
)
async def test_a_call_is_signed_when_it_leaves(model: str, path: str) -> None:
    seen: list[httpx.Request] = []
    keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s" * 40}
    async with client(httpx.Response(200, json=WHOLE), seen, **keys) as one:
        await one.completion(f"bedrock/{model}", [QUESTION])

    assert seen[0].url.raw_path.decode() == path
    assert seen[0].url.host == "bedrock-runtime.eu-north-1.amazonaws.com"
    assert "Credential=AKIDEXAMPLE/" in seen[0].headers["authorization"]
    assert "/eu-north-1/bedrock/aws4_request" in seen[0].headers["authorization"]


# OpenAI's models, and thinking that is sent back

GPT = "us.openai.gpt-5.6-sol"


@pytest.mark.parametrize(("effort", "sent"), [("none", "none"), ("minimal", "low"), ("xhigh", "xhigh")])
def test_closed_models_of_openai_have_their_effort_as_in_the_responses_api(effort: str, sent: str) -> None:
    fields = encoded(model=GPT, reasoning_effort=effort)["additionalModelRequestFields"]

    assert fields == {"reasoning": {"effort": sent}}
    open_one = encoded(model="openai.gpt-oss-120b-1:0", reasoning_effort="low")
    assert open_one["additionalModelRequestFields"] == {"reasoning_effort": "low"}


THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "s"}
HIDDEN = {"type": "redacted_thinking", "data": "aGlkZGVu"}


@pytest.mark.parametrize(
    ("model", "answer", "roles", "kinds"),
    [
        (GPT, {"content": "Yo", "thinking_blocks": [THOUGHT, HIDDEN]}, "uau", ["reasoningContent", "text"]),
        (GPT, {"thinking_blocks": [THOUGHT]}, "u", None),
        (GPT, {"thinking_blocks": [HIDDEN]}, "uau", ["reasoningContent"]),
        ("global.anthropic.claude-sonnet-5", {"thinking_blocks": [HIDDEN]}, "u", None),
        (
            "anthropic.claude-fable-5-1",
            {"thinking_blocks": [THOUGHT], "cache_control": {"type": "ephemeral"}},
            "u",
            None,
        ),
        (
            "anthropic.claude-sonnet-5",
            {"content": "Yo", "thinking_blocks": [THOUGHT]},
            "uau",
            ["reasoningContent", "text"],
        ),
        ("anthropic.claude-sonnet-4-6", {"thinking_blocks": [THOUGHT]}, "uau", ["reasoningContent"]),
        ("openai.gpt-oss-120b-1:0", {"thinking_blocks": [THOUGHT]}, "uau", ["reasoningContent"]),
    ],
)
def test_models_get_back_the_thinking_that_they_take(
    model: str, answer: dict[str, Any], roles: str, kinds: list[str] | None
) -> None:
    turns = encoded(QUESTION, {"role": "assistant", **answer}, QUESTION, model=model)["messages"]

    assert "".join(turn["role"][0] for turn in turns) == roles
    if kinds is None:
        assert turns[0]["content"] == [{"text": "Which port?"}] * 2
    else:
        assert [kind for block in turns[1]["content"] for kind in block] == kinds


def stream_of(model: str, thought: dict[str, Any], usage: dict[str, int]) -> ModelResponse:
    assert CONVERSE.chat_stream is not None
    decoder = CONVERSE.chat_stream.open_decoder(call(model=model))
    events = [
        aws_frames.event("messageStart", {"role": "assistant"}),
        aws_frames.event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": thought}}),
        aws_frames.event("contentBlockStop", {"contentBlockIndex": 0}),
        aws_frames.event("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"text": "Yo"}}),
        aws_frames.event("messageStop", {"stopReason": "end_turn"}),
        aws_frames.event("metadata", {"usage": usage}),
    ]
    return fold_chunks(decoder.feed(b"".join(events)))


@pytest.mark.parametrize("name", ["data", "redactedContent"])
def test_hidden_thinking_has_two_names_in_streams(name: str) -> None:
    message = stream_of(GPT, {name: "aGlkZGVu"}, {"inputTokens": 1, "outputTokens": 1}).choices[0].message

    assert message.thinking_blocks == [HIDDEN]


@pytest.mark.parametrize(
    ("model", "fresh", "prompt"), [(GPT, 4995, 4995), (GPT, 2, 4995), (CLAUDE, 4995, 9988), (CLAUDE, 2, 4995)]
)
def test_what_the_cache_took_is_counted_once(model: str, fresh: int, prompt: int) -> None:
    usage = {"inputTokens": fresh, "outputTokens": 19, "totalTokens": 1, "cacheWriteInputTokens": 4993}
    told = stream_of(model, {"text": "hm"}, usage).usage

    assert told is not None
    assert (told.prompt_tokens, told.total_tokens) == (prompt, prompt + 19)


NAMED = {"type": "function", "function": {"name": "tide"}}


@pytest.mark.parametrize(
    ("model", "choice", "sent"),
    [
        ("us.meta.llama3-3-70b-instruct-v1:0", "auto", None),
        ("cohere.command-r-plus-v1:0", "auto", None),
        ("mistral.mistral-large-2407-v1:0", NAMED, {"any": {}}),
        ("mistral.mistral-large-2407-v1:0", "required", {"any": {}}),
        ("us.amazon.nova-pro-v1:0", NAMED, {"tool": {"name": "tide"}}),
        (CLAUDE, "required", {"any": {}}),
    ],
)
def test_a_choice_of_tools_is_said_as_the_model_takes_it(model: str, choice: Any, sent: Any) -> None:
    assert encoded(model=model, tools=[TOOL], tool_choice=choice)["toolConfig"].get("toolChoice") == sent


@pytest.mark.parametrize("model", ["us.meta.llama4-scout-17b-instruct-v1:0", "ai21.jamba-1-5-large-v1:0"])
def test_what_cannot_be_demanded_is_told_and_a_schema_is_offered(model: str) -> None:
    for choice in ("required", NAMED):
        with pytest.raises(UnsupportedParamsError, match="tool_choice"):
            encoded(model=model, tools=[TOOL], tool_choice=choice)
        assert (
            "toolChoice" not in encoded(model=model, tools=[TOOL], tool_choice=choice, drop_params=True)["toolConfig"]
        )
    asked = encoded(model=model, response_format=FORMAT)["toolConfig"]
    assert [tool["toolSpec"]["name"] for tool in asked["tools"]] == ["json_answer"]
    assert "toolChoice" not in asked
    assert CONVERSE.chat is not None
    assert CONVERSE.chat.enforced_by is not None
    assert CONVERSE.chat.enforced_by(call(model=model, response_format=FORMAT)) == "instruction"


@pytest.mark.parametrize("model", [GPT, "us.openai.gpt-6-luna", "global.xai.grok-4.6"])
def test_models_without_sampling_are_not_sent_any(model: str) -> None:
    for name in ("temperature", "top_p"):
        with pytest.raises(UnsupportedParamsError, match=name):
            encoded(model=model, **{name: 0.5})
        made = encoded(model=model, max_tokens=5, drop_params=True, **{name: 0.5})
        assert made["inferenceConfig"] == encoded(model=model, max_tokens=5, **{name: 1})["inferenceConfig"]
        assert made["inferenceConfig"] == {"maxTokens": 5}
