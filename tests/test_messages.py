"""Anthropic's Messages API in and out: as it is where a provider has it, bridged over chat where not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

import trio_llm
from trio_llm import (
    APIConnectionError,
    APIResponseValidationError,
    BadRequestError,
    Client,
    MessagesRequest,
    RetryPolicy,
    ServiceUnavailableError,
    UnsupportedParamsError,
)
from trio_llm._types.folding import fold
from trio_llm._types.messages_api.folding import MessageFolding
from trio_llm.testing import Reply, Simulator
from trio_llm.types import ContentBlockDeltaEvent, ContentBlockStartEvent, MessageDeltaEvent, MessageStartEvent

pytestmark = pytest.mark.anyio
KEYS = dict.fromkeys(("ANTHROPIC_API_KEY", "MISTRAL_API_KEY"), "k")
NATIVE, BRIDGED = "anthropic/claude-x", "mistral/m"
QUESTION = [{"role": "user", "content": "Where?"}]
MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-x",
    "content": [
        {"type": "thinking", "thinking": "A tower.", "signature": "c2ln/+="},
        {"type": "redacted_thinking", "data": "x"},
        {"type": "text", "text": "In Paris.", "citations": None},
        {"type": "tool_use", "id": "tu_1", "name": "weather", "input": {"city": "Paris"}, "caller": {"type": "direct"}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {"input_tokens": 5, "output_tokens": 7, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 0},
    "container": None,
}
BEGUN = {"input_tokens": 5, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 0, "output_tokens": 1}
END = {"stop_reason": "tool_use", "stop_sequence": None}
EVENTS: list[dict[str, Any]] = [
    {
        "type": "message_start",
        "message": {
            **MESSAGE,
            "content": [],
            "stop_reason": None,
            "usage": {
                "input_tokens": 5,
                "cache_read_input_tokens": 2,
                "cache_creation_input_tokens": 0,
                "output_tokens": 1,
            },
        },
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "A tower."}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "c2ln/+="}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "redacted_thinking", "data": "x"}},
    {"type": "content_block_stop", "index": 1},
    {"type": "content_block_start", "index": 2, "content_block": {"type": "text", "text": "", "citations": None}},
    {"type": "content_block_delta", "index": 2, "delta": {"type": "text_delta", "text": "In "}},
    {"type": "content_block_delta", "index": 2, "delta": {"type": "text_delta", "text": "Paris."}},
    {"type": "content_block_stop", "index": 2},
    {"type": "content_block_start", "index": 3, "content_block": {**MESSAGE["content"][3], "input": {}}},
    {"type": "content_block_delta", "index": 3, "delta": {"type": "input_json_delta", "partial_json": '{"city":'}},
    {"type": "content_block_delta", "index": 3, "delta": {"type": "input_json_delta", "partial_json": '"Paris"}'}},
    {"type": "content_block_stop", "index": 3},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {"output_tokens": 7},
    },
    {"type": "message_stop"},
]
CALL = {"id": "tu_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Paris"}'}}
CHAT = {
    "id": "c1",
    "model": "m-1",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "In Paris.",
                "reasoning_content": "A tower.",
                "tool_calls": [CALL],
            },
            "finish_reason": "tool_calls",
        }
    ],
    "usage": {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 2}},
}
Answer = Callable[[httpx.Request], httpx.Response]


def events_of(events: list[dict[str, Any]]) -> bytes:
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()


def chunks() -> bytes:
    head = {"id": "c1", "model": "m-1"}
    deltas: list[dict[str, Any]] = [
        {"role": "assistant", "content": ""},
        {"reasoning_content": "A tower."},
        {"content": "In "},
        {"content": "Paris."},
        {"tool_calls": [{"index": 0, **CALL, "function": {"name": "weather", "arguments": '{"city":'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '"Paris"}'}}]},
    ]
    lines: list[Any] = [{**head, "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    lines.append(
        {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}], "usage": CHAT["usage"]}
    )
    return "".join(f"data: {json.dumps(line)}\n\n" for line in lines).encode() + b"data: [DONE]\n\n"


def streamed(content: bytes) -> Answer:
    return lambda _: httpx.Response(200, headers={"content-type": "text/event-stream"}, content=content)


@asynccontextmanager
async def answered(answer: Answer | dict[str, Any]) -> AsyncIterator[tuple[Client, list[httpx.Request]]]:
    seen: list[httpx.Request] = []

    def note(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answer(request) if callable(answer) else httpx.Response(200, json=answer)

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(note)) as http,
        Client(http_client=http, variables=KEYS, retry=RetryPolicy(attempts=1)) as client,
    ):
        yield client, seen


async def sent(messages: Any = QUESTION, model: str = BRIDGED, **params: Any) -> Any:
    async with answered(CHAT if model == BRIDGED else MESSAGE) as (client, seen):
        await client.anthropic_messages(64, messages, model, **params)
    return json.loads(seen[0].content)


# As it is


async def test_a_provider_that_has_it_gets_it_as_it_is() -> None:
    params: Any = {"system": [{"type": "text", "text": "s"}], "top_k": 4, "thinking": {"type": "adaptive"}}
    body = await sent(model=NATIVE, **params)
    assert body == {"model": "claude-x", "max_tokens": 64, "messages": QUESTION, **params}


async def test_a_message_is_read_and_goes_back_as_it_came() -> None:
    async with answered(MESSAGE) as (client, seen):
        reply = await client.anthropic_messages(64, QUESTION, NATIVE)
        await client.anthropic_messages(64, [*QUESTION, reply], NATIVE)
        await client.anthropic_messages(64, [*QUESTION, {"role": "assistant", "content": reply.content}], NATIVE)

    assert (reply.text, reply.stop_reason) == ("In Paris.", "tool_use")
    assert reply.usage is not None
    assert reply.usage.chat_usage.prompt_tokens == 7
    assert str(seen[0].url) == "https://api.anthropic.com/v1/messages"
    assert reply.model_dump() == MESSAGE
    for request in seen[1:]:
        assert json.dumps(json.loads(request.content)["messages"][1]["content"]) == json.dumps(MESSAGE["content"])


async def test_events_are_typed_and_amount_to_the_message() -> None:
    async with answered(streamed(events_of(EVENTS))) as (client, seen):
        stream = await client.anthropic_messages(64, QUESTION, NATIVE, stream=True)
        events = [event async for event in stream]
        async with client.stream_anthropic_messages(64, QUESTION, NATIVE) as pumped:
            again = [event.model_dump() async for event in pumped]

    assert json.loads(seen[0].content)["stream"] is True
    assert [event.model_dump() for event in events] == again
    assert again == [event for event in EVENTS if event["type"] != "ping"]
    kinds = {event.type: type(event) for event in events}
    assert kinds["message_start"] is MessageStartEvent
    assert kinds["content_block_start"] is ContentBlockStartEvent
    assert kinds["content_block_delta"] is ContentBlockDeltaEvent
    assert kinds["message_delta"] is MessageDeltaEvent
    assert stream.response.model_dump() == pumped.response.model_dump() == MESSAGE


async def test_a_whole_message_where_a_stream_was_asked_for_is_its_one_event() -> None:
    async with answered(MESSAGE) as (client, _):
        stream = await client.anthropic_messages(64, QUESTION, NATIVE, stream=True)
        (event,) = [event async for event in stream]

    assert isinstance(event, MessageStartEvent)
    assert event.model_dump() == {"type": "message_start", "message": MESSAGE}
    assert stream.response.model_dump() == MESSAGE


@pytest.mark.parametrize("cut", range(1, len(EVENTS) - 1))
async def test_a_stream_that_was_cut_is_an_error_with_what_came(cut: int) -> None:
    async with answered(streamed(events_of(EVENTS[:cut]))) as (client, _):
        with pytest.raises(APIConnectionError) as caught:
            async with client.stream_anthropic_messages(64, QUESTION, NATIVE) as stream:
                [event async for event in stream]

    assert caught.value.partial.id == "msg_1"
    assert "In Paris.".startswith(caught.value.partial.text)


async def test_errors_have_their_class_whole_and_inside_a_stream() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    for answer in (error, streamed(events_of([*EVENTS[:4], error]))):
        async with answered(answer) as (client, _):
            with pytest.raises(ServiceUnavailableError, match="Overloaded"):
                async with client.stream_anthropic_messages(64, QUESTION, NATIVE) as stream:
                    [event async for event in stream]
    async with answered(error) as (client, _):
        with pytest.raises(ServiceUnavailableError):
            await client.anthropic_messages(64, QUESTION, NATIVE)


@pytest.mark.parametrize(
    ("reply", "path"),
    [({"content": 3}, ".content"), ({"content": [{"type": "text", "text": 5}]}, "content[0].text")],
)
async def test_a_message_that_makes_no_sense_is_an_error_with_its_path(reply: Any, path: str) -> None:
    async with answered({**MESSAGE, **reply}) as (client, _):
        with pytest.raises(APIResponseValidationError) as caught:
            await client.anthropic_messages(64, QUESTION, NATIVE)

    assert path in str(caught.value)


# Over chat


async def test_a_chat_is_answered_as_a_message() -> None:
    async with answered(CHAT) as (client, seen):
        reply = await client.anthropic_messages(64, QUESTION, BRIDGED)

    assert str(seen[0].url) == "https://api.mistral.ai/v1/chat/completions"
    assert [block.model_dump(exclude_none=True) for block in reply.content] == [
        {"type": "thinking", "thinking": "A tower."},
        {"type": "text", "text": "In Paris."},
        {"type": "tool_use", "id": "tu_1", "name": "weather", "input": {"city": "Paris"}},
    ]
    assert (reply.id, reply.model, reply.stop_reason) == ("c1", "m-1", "tool_use")
    assert reply.usage is not None
    assert (reply.usage.input_tokens, reply.usage.cache_read_input_tokens, reply.usage.output_tokens) == (7, 2, 4)


async def test_the_bridged_events_come_in_anthropic_s_order_and_amount_to_the_whole_message() -> None:
    async with answered(CHAT) as (client, _):
        whole = await client.anthropic_messages(64, QUESTION, BRIDGED)
    async with answered(streamed(chunks())) as (client, _):
        async with client.stream_anthropic_messages(64, QUESTION, BRIDGED) as stream:
            events = [event async for event in stream]

    block = ["content_block_start", "content_block_delta", "content_block_stop"]
    twice = [block[0], block[1], *block[1:]]
    assert [event.type for event in events] == [
        "message_start",
        *block,
        *twice,
        *twice,
        "message_delta",
        "message_stop",
    ]
    assert stream.response.model_dump() == whole.model_dump()


async def test_a_chat_that_breaks_off_is_an_error_with_what_came() -> None:
    data = chunks()
    async with answered(streamed(data[: data.index(b"tool_calls")])) as (client, _):
        with pytest.raises(APIConnectionError) as caught:
            async with client.stream_anthropic_messages(64, QUESTION, BRIDGED) as stream:
                [event async for event in stream]

    assert caught.value.partial.text == "In Paris."


async def test_parameters_have_the_names_of_chat() -> None:
    body = await sent(
        system="Be short.",
        stop_sequences=["x"],
        temperature=0.5,
        tools=[{"name": "weather", "description": "d", "input_schema": {"type": "object"}, "cache_control": {}}],
        tool_choice={"type": "any", "disable_parallel_tool_use": True},
        output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}},
    )

    assert body["messages"][0] == {"role": "system", "content": "Be short."}
    assert (body["max_tokens"], body["stop"], body["temperature"]) == (64, ["x"], 0.5)
    assert body["tools"] == [
        {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}, "description": "d"}}
    ]
    assert body["parallel_tool_calls"] is False
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}


@pytest.mark.parametrize(
    ("thinking", "effort"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "low"),
        ({"thinking": {"type": "enabled", "budget_tokens": 8192}}, "medium"),
        ({"thinking": {"type": "enabled", "budget_tokens": 32_000}}, "high"),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}, "low"),
    ],
)
def test_a_budget_of_thinking_is_an_effort(thinking: Any, effort: str) -> None:
    from trio_llm._dialects.bridges.messages_request import chat_request

    assert chat_request(MessagesRequest(64, QUESTION, "m", **thinking)).parameters["reasoning_effort"] == effort


async def test_a_conversation_with_tools_and_files_is_a_chat() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA"}}
    result = {"type": "tool_result", "tool_use_id": "tu_1", "content": [{"type": "text", "text": "Sun."}]}
    body = await sent(
        [
            {
                "role": "user",
                "content": [{"type": "text", "text": "What?", "cache_control": {"type": "ephemeral"}}, image],
            },
            {"role": "assistant", "content": MESSAGE["content"][2:]},
            {"role": "user", "content": [result, {"type": "text", "text": "So?"}]},
        ]
    )

    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "tool", "user"]
    url = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
    assert body["messages"][0]["content"] == [{"type": "text", "text": "What?"}, url]
    assert body["messages"][1]["content"] == "In Paris."
    assert body["messages"][1]["tool_calls"][0]["function"] == CALL["function"]
    assert body["messages"][2]["content"] == "Sun."
    assert body["messages"][3]["content"] == "So?"


def test_marks_and_fields_of_tools_and_failures_are_for_the_chats_dialect_to_send() -> None:
    from trio_llm._dialects.bridges.messages_request import chat_request

    mark: dict[str, Any] = {"cache_control": {"type": "ephemeral"}}
    failed = {"type": "tool_result", "tool_use_id": "tu_1", "content": "Rain.", "is_error": True, **mark}
    text = {"type": "text", "text": "So?", **mark}
    tool = {"name": "f", "input_schema": {"type": "object"}, "defer_loading": True, "strict": None, **mark}
    messages: list[Any] = [
        {"role": "assistant", "content": MESSAGE["content"][3:]},
        {"role": "user", "content": [failed, text]},
    ]
    system: list[dict[str, Any]] = [{"type": "text", "text": "Be short."}, {"type": "text", "text": "Be kind.", **mark}]
    made = chat_request(MessagesRequest(64, messages, "m", system=system, tools=[tool]))

    assert made.messages[0]["content"] == system
    assert made.messages[2] == {"role": "tool", "tool_call_id": "tu_1", "content": "Rain.", "is_error": True, **mark}
    assert made.messages[3]["content"] == [text]
    function = {"name": "f", "parameters": {"type": "object"}, "defer_loading": True}
    assert made.parameters["tools"] == [{"type": "function", "function": function, **mark}]
    plain = chat_request(
        MessagesRequest(64, QUESTION, "m", system=[{**block, "cache_control": None} for block in system])
    )
    assert plain.messages[0]["content"] == "Be short.\nBe kind."


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["mistral/m", "gemini/m", "openai/gpt-any"])
async def test_who_asks_is_told_where_it_can_be_said(model: str, stream: bool) -> None:
    simulator = Simulator(Reply("Rome."))
    asked: dict[str, Any] = {"metadata": {"user_id": "u1"}, "stream": stream}
    async with Client(transport=simulator, variables={**KEYS, "GEMINI_API_KEY": "k", "OPENAI_API_KEY": "k"}) as client:
        told: Any = await client.anthropic_messages(64, QUESTION, model, **asked)
        if stream:
            async for _ in told:
                pass
        with pytest.raises(UnsupportedParamsError, match="top_k"):
            await client.anthropic_messages(64, QUESTION, model, top_k=3, **asked)

    (request,) = simulator.requests
    assert json.loads(request.body).get("user") == ("u1" if model.startswith("openai") else None)


async def test_a_search_of_the_web_says_where_and_what_a_chat_cannot_say_is_refused() -> None:
    from trio_llm._dialects.bridges.messages_request import chat_request

    search = {"type": "web_search_20250305", "name": "web_search"}
    place = {"user_location": {"type": "approximate", "city": "Rome"}}
    made = chat_request(MessagesRequest(64, QUESTION, "m", tools=[{**search, **place}]))
    assert made.parameters["web_search_options"] == {
        "user_location": {"type": "approximate", "approximate": {"city": "Rome"}}
    }
    with pytest.raises(UnsupportedParamsError, match=r"tools\[0\]\.allowed_domains"):
        await sent(tools=[{**search, "allowed_domains": ["a.example"]}])


async def test_signatures_of_a_bridged_answer_go_back() -> None:
    from trio_llm._dialects.bridges.messages_request import chat_request

    signed = {**CALL, "provider_specific_fields": {"thought_signature": "s1"}}
    fields = {"thought_signatures": ["s2"]}
    message = {**CHAT["choices"][0]["message"], "tool_calls": [signed], "provider_specific_fields": fields}  # type: ignore[index]
    async with answered({**CHAT, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}) as (
        client,
        _,
    ):
        reply = await client.anthropic_messages(64, QUESTION, BRIDGED)
    for back in (reply, {"role": "assistant", "content": [block.model_dump() for block in reply.content]}):
        made = chat_request(MessagesRequest(64, [*QUESTION, back], "m")).messages[1]
        assert made["tool_calls"][0]["provider_specific_fields"] == {"thought_signature": "s1"}
        assert made["provider_specific_fields"] == fields


@pytest.mark.parametrize(
    "params",
    [
        {"top_k": 4},
        {"container": "c1"},
        {"mcp_servers": [{"url": "x"}]},
        {"service_tier": "standard_only"},
        {"tools": [{"type": "code_execution_20250825", "name": "code_execution"}]},
        {"output_config": {"task_budget": {"type": "tokens", "total": 9}}},
        {"messages": [{"role": "user", "content": [{"type": "container_upload", "file_id": "f"}]}]},
    ],
    ids=lambda params: next(iter(params)),
)
async def test_what_only_anthropic_can_do_is_refused_or_left_out(params: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedParamsError, match=next(iter(params))):
        await sent(**params)
    if "messages" not in params:
        await sent(**params, drop_params=True)


@pytest.mark.parametrize("messages", ["hi", [], [5], [{"content": "hi"}]])
def test_messages_that_are_none_are_refused(messages: Any) -> None:
    with pytest.raises(BadRequestError):
        MessagesRequest(64, messages, "m")


def test_an_input_that_was_cut_is_kept_as_text() -> None:
    from trio_llm._types.messages_api.reply import read_event

    folded = fold(MessageFolding(), [read_event(event) for event in EVENTS[:14]])
    assert folded.content[3].input == {"partial_json": '{"city":'}


def test_module_functions_are_there() -> None:
    assert trio_llm.aanthropic_messages.__name__ == "aanthropic_messages"
    assert trio_llm.anthropic_messages.__name__ == "anthropic_messages"


def chat_of(messages: Any = QUESTION, **params: Any) -> Any:
    from trio_llm._dialects.bridges.messages_request import chat_request

    return chat_request(MessagesRequest(64, messages, "m", **params))


def test_users_searches_and_a_named_tool_have_their_names_in_chat() -> None:
    made = chat_of(
        metadata={"user_id": "u1"},
        tools=[{"type": "web_search_20250305", "name": "web_search"}, {"name": "weather", "input_schema": {}}],
        tool_choice={"type": "tool", "name": "weather"},
        system=[{"type": "text", "text": "Be short."}, {"type": "text", "text": "Be kind."}],
        service_tier="auto",
    )

    assert made.parameters["user"] == "u1"
    assert made.parameters["web_search_options"] == {}
    assert made.parameters["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
    assert made.messages[0] == {"role": "system", "content": "Be short.\nBe kind."}


def test_thinking_with_its_proof_goes_back_block_by_block() -> None:
    message = chat_of([*QUESTION, {"role": "assistant", "content": MESSAGE["content"]}]).messages[1]

    assert message["thinking_blocks"] == MESSAGE["content"][:2]
    assert message["reasoning_content"] == "A tower."
    assert message["tool_calls"][0]["id"] == "tu_1"


def test_files_have_their_place_in_chat() -> None:
    sources: list[dict[str, Any]] = [
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}},
        {
            "type": "document",
            "title": "a.pdf",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "AA"},
        },
        {"type": "document", "source": {"type": "url", "url": "https://t.test/b.pdf"}},
        {"type": "image", "source": {"type": "url", "url": "https://t.test/c.png"}},
        {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
    ]
    picture = {"type": "tool_result", "tool_use_id": "tu_1", "content": [sources[3], {"type": "text", "text": "x"}]}
    messages = chat_of([{"role": "user", "content": [picture, *sources]}]).messages

    assert messages[0] == {
        "role": "tool",
        "tool_call_id": "tu_1",
        "content": [
            {"type": "image_url", "image_url": {"url": "https://t.test/c.png"}},
            {"type": "text", "text": "x"},
        ],
    }
    assert messages[1]["content"] == [
        {"type": "text", "text": "words"},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA", "filename": "a.pdf"}},
        {"type": "file", "file": {"file_id": "https://t.test/b.pdf"}},
        {"type": "image_url", "image_url": {"url": "https://t.test/c.png"}},
        {"type": "file", "file": {"file_id": "file_1"}},
    ]


def test_blocks_of_anthropic_s_own_tools_are_refused_with_their_place() -> None:
    said = {
        "role": "assistant",
        "content": [{"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}],
    }
    with pytest.raises(UnsupportedParamsError, match=r"messages\[1\].content\[0\] of type 'server_tool_use'"):
        chat_of([*QUESTION, said])


def test_proofs_and_hidden_thinking_of_a_chat_are_blocks() -> None:
    from trio_llm._dialects.bridges.message_events import MessageWriter
    from trio_llm._types.chat import Delta, ModelResponseStream, StreamingChoices

    proofs = [
        {"type": "thinking", "thinking": "A tower.", "signature": "s1"},
        {"type": "redacted_thinking", "data": "x"},
    ]
    deltas = [Delta(reasoning_content="A tower."), Delta(thinking_blocks=proofs), Delta(refusal="No.")]
    writer = MessageWriter()
    chunks = [ModelResponseStream(choices=[StreamingChoices(None, 0, delta)]) for delta in deltas]
    events = [*(event for chunk in chunks for event in writer.write(chunk)), *writer.end()]
    message = fold(MessageFolding(), events)

    assert [block.model_dump(exclude_none=True) for block in message.content] == [
        *proofs,
        {"type": "text", "text": "No."},
    ]
    assert message.stop_reason == "refusal"


def test_what_a_chat_has_beside_an_empty_answer_has_a_block_of_its_own() -> None:
    from trio_llm._dialects.bridges.message_events import MessageWriter
    from trio_llm._types.chat import Delta, ModelResponseStream, StreamingChoices

    writer = MessageWriter()
    chunk = ModelResponseStream(choices=[StreamingChoices("stop", 0, Delta(provider_specific_fields={"a": [1]}))])
    message = fold(MessageFolding(), [*writer.write(chunk), *writer.end()])

    assert message.content[0].model_dump(exclude_none=True) == {
        "type": "text",
        "text": "",
        "chat_fields": {"provider_specific_fields": {"a": [1]}},
    }
