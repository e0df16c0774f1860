"""Odd replies of the Messages API and of the Responses API, as servers were seen to send them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trio_llm import (
    AnthropicMessagesResponse,
    APIConnectionError,
    APIError,
    Client,
    InternalServerError,
    ResponsesAPIResponse,
)
from trio_llm.testing import RawReply, Simulator, run_in_virtual_time

KEYS = {"OPENAI_API_KEY": "any", "ANTHROPIC_API_KEY": "any"}
ASK: Any = [{"role": "user", "content": "Hi"}]
TEXT = {"type": "text", "text": "hi"}
PIECES: list[dict[str, Any]] = [
    {"type": "message_start", "message": {"content": []}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
    {"type": "message_stop"},
]
ITEM = {"type": "message", "content": [{"type": "output_text", "text": "hi", "annotations": []}]}
CREATED = {"type": "response.created", "response": {"output": [], "status": "in_progress"}}
GROWN = {"type": "response.output_text.delta", "item_id": "m", "output_index": 0, "content_index": 0, "delta": "hi"}


def events(pieces: list[Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(piece).encode() + b"\n\n" for piece in pieces)


def client(body: bytes) -> Client:
    kind = "text/event-stream" if body[:5] == b"data:" else "application/json"
    return Client(transport=Simulator(lambda _: RawReply(body, content_type=kind)), variables=KEYS)


async def message(body: bytes, *, stream: bool = False) -> AnthropicMessagesResponse:
    async with client(body) as asking:
        if not stream:
            return await asking.anthropic_messages(9, ASK, "anthropic/claude-any", num_retries=0)
        told = await asking.anthropic_messages(9, ASK, "anthropic/claude-any", stream=True, num_retries=0)
        async for _ in told:
            pass
        return told.response


async def response(body: bytes, *, stream: bool = False) -> ResponsesAPIResponse:
    async with client(body) as asking:
        if not stream:
            return await asking.responses("Hi", "openai/any", num_retries=0)
        told = await asking.responses("Hi", "openai/any", stream=True, num_retries=0)
        async for _ in told:
            pass
        return told.response


def failure_of(ask: Any, body: bytes, *, stream: bool = False) -> APIError:
    async def asked() -> None:
        await ask(body, stream=stream)

    with pytest.raises(APIError) as caught:
        run_in_virtual_time(asked)
    return caught.value


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "no answer"),
        ({"message": "Too many tokens"}, "Too many tokens"),
        ({"type": "message", "stop_reason": "end_turn"}, "no answer"),
        ({"type": "message", "content": [], "stop_reason": None}, "no answer"),
        ({"type": "message", "content": [], "stop_reason": "tool_use"}, "no answer"),
        ({"type": "message", "content": [], "stop_reason": "word_of_next_year"}, "no answer"),
        ({"type": "message", "content": [TEXT], "stop_reason": "error"}, "broke off the answer: error"),
    ],
)
def test_a_message_that_is_no_answer_is_an_error_with_the_providers_words(body: Any, words: str) -> None:
    error = failure_of(message, json.dumps(body).encode())

    assert isinstance(error, InternalServerError)
    assert words in error.message


@pytest.mark.parametrize(
    "body",
    [
        {"content": "hi", "stop_reason": "end_turn"},
        {"content": ["h", None, {"text": "i"}], "stop_reason": "end_turn"},
        {"content": [TEXT], "stop_reason": "word_of_next_year"},
        {"content": [TEXT]},
    ],
)
def test_a_message_in_an_odd_shape_is_read(body: Any) -> None:
    read = run_in_virtual_time(message, json.dumps({"type": "message", **body}).encode())

    assert "".join(block.text or "" for block in read.content) == "hi"


@pytest.mark.parametrize("closing", [b"", b"data: [DONE]\n\n"])
def test_events_in_place_of_a_message_or_a_response_are_read(closing: bytes) -> None:
    read = run_in_virtual_time(message, events(PIECES) + closing)
    assert (read.content[0].text, read.stop_reason) == ("hi", "end_turn")

    final = {"type": "response.completed", "response": {"output": [ITEM], "status": "completed"}}
    assert run_in_virtual_time(response, events([CREATED, GROWN, final]) + closing).output_text == "hi"


@pytest.mark.parametrize("reason", [None, "error"])
@pytest.mark.parametrize("stop", [PIECES[-1:], []])
def test_a_stream_whose_message_never_ends_well_is_an_error(reason: str | None, stop: list[Any]) -> None:
    ending = {"type": "message_delta", "delta": {"stop_reason": reason}}
    error = failure_of(message, events([*PIECES[:-2], ending, *stop]), stream=True)

    assert isinstance(error, APIConnectionError if reason is None else InternalServerError)
    assert error.partial.content[0].text == "hi"


def test_a_message_in_one_event_is_read() -> None:
    async def streamed() -> AnthropicMessagesResponse:
        whole = {"type": "message", "content": [TEXT], "stop_reason": "end_turn"}
        return await message(events([whole]), stream=True)

    read = run_in_virtual_time(streamed)
    assert (read.content[0].text, read.stop_reason) == ("hi", "end_turn")


@pytest.mark.parametrize("over", ["messages", "chat"])
def test_fields_of_a_block_that_come_as_deltas_are_put_together_whatever_the_block_is(over: str) -> None:
    """A compaction comes so, and has to go back as it came."""
    told = [
        {"type": "content_block_start", "index": 1, "content_block": {"type": "compaction", "content": None}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "compaction_delta", "content": "so "}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "compaction_delta", "content": "far"}},
        {
            "type": "content_block_delta",
            "index": 1,
            "delta": {"type": "compaction_delta", "content": None, "encrypted_content": "c2lnbg=="},
        },
        {"type": "content_block_stop", "index": 1},
    ]

    async def streamed() -> list[dict[str, Any]]:
        body = events([*PIECES[:4], *told, *PIECES[4:]])
        if over == "messages":
            return [block.model_dump(exclude_none=True) for block in (await message(body, stream=True)).content]
        async with client(body) as asking:
            chunks = await asking.completion("anthropic/claude-any", ASK, stream=True, num_retries=0)
            async for _ in chunks:
                pass
            kept = chunks.response.choices[0].message.provider_specific_fields or {}
            made: list[dict[str, Any]] = kept["content_blocks"]
            return made

    compaction = {"type": "compaction", "content": "so far", "encrypted_content": "c2lnbg=="}
    assert run_in_virtual_time(streamed) == [TEXT, compaction]


@pytest.mark.parametrize(
    "output",
    [
        [None, ITEM],
        [{"type": "message", "content": "hi"}],
        [{"type": "message", "content": {"type": "text", "text": "hi"}}],
        [{"type": "message", "content": [None, "h", {"type": "text", "text": "i"}]}],
        [],
        None,
    ],
)
def test_a_response_in_an_odd_shape_is_read(output: Any) -> None:
    reply = {"object": "response", "status": "completed", "output": output}
    if not output:
        reply["output_text"] = "hi"  # where OpenAI's own libraries show it
    read = run_in_virtual_time(response, json.dumps(reply).encode())

    assert read.output_text == "hi"
    assert None not in read.output[0]["content"]


@pytest.mark.parametrize("kind", ["response.completed", "response.done"])
def test_a_failed_response_is_an_error_whatever_the_event_is_called(kind: str) -> None:
    last = {"type": kind, "response": {"status": "failed", "error": {"message": "out of lamps"}, "output": []}}
    error = failure_of(response, events([CREATED, GROWN, last]), stream=True)

    assert "out of lamps" in error.message


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_response_under_another_event_is_the_last(*, wrapped: bool) -> None:
    whole = {"object": "response", "status": "completed", "output": [ITEM]}

    async def streamed() -> ResponsesAPIResponse:
        return await response(events([{"type": "response.done", "response": whole} if wrapped else whole]), stream=True)

    assert run_in_virtual_time(streamed).output_text == "hi"


@pytest.mark.parametrize("stream", [True, False])
def test_a_chat_whose_response_was_cancelled_has_no_answer(*, stream: bool) -> None:
    stopped = {"object": "response", "status": "cancelled", "output": [ITEM]}
    body = (
        events([CREATED, GROWN, {"type": "response.cancelled", "response": stopped}])
        if stream
        else json.dumps(stopped).encode()
    )

    async def chat(body: bytes, *, stream: bool) -> None:
        async with client(body) as asking:
            if not stream:
                await asking.completion("openai/responses/any", ASK, num_retries=0)
            async for _ in await asking.completion("openai/responses/any", ASK, stream=True, num_retries=0):
                pass

    error = failure_of(chat, body, stream=stream)
    assert "cancelled" in error.message
    assert error.partial.choices[0].message.content == "hi"


def test_a_chat_whose_response_is_not_made_yet_has_no_answer() -> None:
    async def chat(body: bytes, *, stream: bool) -> None:
        async with client(body) as asking:
            await asking.completion("openai/responses/any", ASK, stream=stream or None, num_retries=0)

    error = failure_of(chat, json.dumps({"object": "response", "status": "queued", "output": []}).encode())
    assert "no answer" in error.message
