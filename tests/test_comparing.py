"""The same conversation in two ways says the same; where it does not, the difference is told."""

from __future__ import annotations

import json

import pytest
from virtual import ask, in_virtual_time

from trio_llm import BadRequestError
from trio_llm.testing import (
    AtEvent,
    DifferenceError,
    Disconnect,
    Failure,
    Reply,
    ToolUse,
    same_however_split,
    same_on_providers,
    same_streamed_and_whole,
    same_with_a_retry,
)

MODELS = ["openai/gpt-4o", "anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-pro", "mistral/large"]
REPLIES = [Reply("one two"), Reply("héllo \u2028", tool_calls=[ToolUse("add", {"a": 1, "b": [2]})])]


@pytest.mark.parametrize("reply", REPLIES, ids=["text", "tools"])
@pytest.mark.parametrize("model", MODELS)
def test_one_provider_says_the_same_in_every_way(model: str, reply: Reply) -> None:
    @in_virtual_time
    async def check() -> None:
        request = ask("Hi", model=model, max_tokens=100)
        fields = ["content", "tool_calls", "finish_reason"]
        said = await same_streamed_and_whole(request, reply=reply)
        assert await same_streamed_and_whole(request, reply=reply, fields=fields) == {
            name: said[name] for name in fields
        }
        assert said["content"] == reply.text
        assert {**await same_however_split(request, reply=reply), "usage": said["usage"]} == said
        assert await same_with_a_retry(request, reply=reply) == said
        assert await same_with_a_retry(request, reply=reply, fault=Disconnect()) == said

    check("trio")


@in_virtual_time
async def test_providers_say_the_same() -> None:
    said = await same_on_providers(ask("Hi", temperature=0), MODELS, reply=REPLIES[1])

    ((name, arguments),) = said["tool_calls"]
    assert (name, json.loads(arguments)) == ("add", {"a": 1, "b": [2]})


@in_virtual_time
async def test_a_difference_is_told_with_both_ways() -> None:
    thinking, fields = Reply("yes", reasoning="hm"), ["content", "thinking_blocks"]
    models = ["openai/gpt-4o", "anthropic/claude-sonnet-4-5"]
    with pytest.raises(DifferenceError) as caught:
        await same_on_providers(ask("Hi"), models, reply=thinking, fields=fields)

    assert [caught.value.one, caught.value.other] == models
    assert caught.value.differences[0].startswith("thinking_blocks: recorded null, asked [{")


@in_virtual_time
async def test_what_no_retry_cures_is_an_error() -> None:
    with pytest.raises(BadRequestError):
        await same_with_a_retry(ask("Hi"), fault=Failure(400, "no"))
    with pytest.raises(Exception, match="broke|ended|connection"):
        await same_streamed_and_whole(ask("Hi"), reply=Reply("a b c", cut_at=AtEvent(2)))
