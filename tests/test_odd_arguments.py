"""Odd values in place of what a request is made of: an error of this package that names them, and nothing is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from trio_llm import AuthenticationError, BadRequestError, Client
from trio_llm.testing import RawReply, Simulator, run_in_virtual_time

KEYS = {f"{name}_API_KEY": "any" for name in ("OPENAI", "ANTHROPIC", "GEMINI", "COHERE", "MISTRAL", "GROQ")}
ASK: Any = [{"role": "user", "content": "Hi"}]
NO_LISTS: list[Any] = [5, {"a": 1}, b"x", "x", object(), {1}]


def answer_with(calls: Any) -> Any:
    return [*ASK, {"role": "assistant", "content": "", "tool_calls": calls}]


LISTS: dict[str, Callable[[Client, Any], Awaitable[Any]]] = {
    "messages": lambda client, odd: client.completion("openai/any", odd),
    "messages of Anthropic's": lambda client, odd: client.anthropic_messages(9, odd, "anthropic/any"),
    "documents": lambda client, odd: client.rerank("cohere/any", "q", odd),
    "tool_calls": lambda client, odd: client.completion("openai/any", answer_with(odd)),
    **{
        f"tools, {model}": lambda client, odd, model=model: client.completion(model, ASK, tools=odd)  # type: ignore[misc]
        for model in ("openai/any", "openai/responses/any", "anthropic/any", "gemini/any", "cohere/any", "mistral/any")
    },
}
OTHERS: dict[str, Callable[[Client, Any], Awaitable[Any]]] = {
    "input": lambda client, odd: client.embedding("openai/any", odd),
    "input of responses": lambda client, odd: client.responses(odd, "openai/any"),
    "input of moderation": lambda client, odd: client.moderation(odd, "openai/any"),
    "input of speech": lambda client, odd: client.speech("openai/any", odd, "alloy"),
    "prompt": lambda client, odd: client.text_completion("openai/any", odd),
    "prompt of a picture": lambda client, odd: client.image_generation(odd, "openai/any"),
    "query": lambda client, odd: client.rerank("cohere/any", odd, ["d"]),
    "stop": lambda client, odd: client.completion("gemini/any", ASK, stop=odd),
}


def refused(ask: Callable[[Client, Any], Awaitable[Any]], odd: Any) -> str:
    async def asked() -> None:
        simulator = Simulator(lambda _: RawReply(b"{}"))
        try:
            async with Client(transport=simulator, variables=KEYS) as client:
                await ask(client, odd)
        finally:
            assert not simulator.requests

    with pytest.raises(BadRequestError) as caught:
        run_in_virtual_time(asked)
    return caught.value.message


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("odd", NO_LISTS, ids=lambda odd: type(odd).__name__)
def test_what_has_to_be_a_list_is_named_if_it_is_none(name: str, odd: Any) -> None:
    message = refused(LISTS[name], odd)

    assert name.split()[0].strip(",").removeprefix("messages") in message or "a message" in message
    assert type(odd).__name__ in message or "int" in message


@pytest.mark.parametrize("item", [None, 5, "f", ["f"], len], ids=repr)
@pytest.mark.parametrize("name", [name for name in LISTS if name.startswith("tool")])
def test_what_has_to_be_an_object_of_a_list_is_named_if_it_is_none(name: str, item: Any) -> None:
    assert type(item).__name__ in refused(LISTS[name], [item])


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("odd", [5, object()], ids=lambda odd: type(odd).__name__)
def test_what_is_neither_a_text_nor_a_list_is_named(name: str, odd: Any) -> None:
    assert type(odd).__name__ in refused(OTHERS[name], odd)


@pytest.mark.parametrize("odd", [None, 5, "x", b"x", object()], ids=lambda odd: type(odd).__name__)
@pytest.mark.parametrize("name", ["fan_out", "race"])
def test_jobs_that_are_none_are_a_mistake_of_the_program(name: str, odd: Any) -> None:
    async def asked() -> None:
        async with Client(transport=Simulator(lambda _: RawReply(b"{}")), variables=KEYS) as client:
            await getattr(client, name)(odd)

    with pytest.raises(TypeError, match="requests must be a list of requests"):
        run_in_virtual_time(asked)


@pytest.mark.parametrize("model", ["OpenAI/gpt-4o", "OPENAI/gpt-4o", " openai/gpt-4o"])
def test_a_provider_in_capitals_is_told_the_right_spelling(model: str) -> None:
    assert "did you mean 'openai'" in refused(lambda client, name: client.completion(name, ASK), model)


@pytest.mark.parametrize(("name", "odd"), [("limit", "5"), ("limit", 1.5), ("deadline", "5"), ("deadline", [5])])
def test_a_limit_or_a_deadline_that_is_no_number_is_named(name: str, odd: Any) -> None:
    async def asked() -> None:
        async with Client(transport=Simulator(lambda _: RawReply(b"{}")), variables=KEYS) as client:
            await client.fan_out([], **{name: odd})

    with pytest.raises(TypeError, match=f"{name} must be a .*number.*, not {type(odd).__name__}"):
        run_in_virtual_time(asked)


@pytest.mark.parametrize("odd", ["sk-secret-0123456789\n", " sk-secret-0123456789", "sk-secret-0123456789\r\n"])
@pytest.mark.parametrize("model", ["openai/any", "anthropic/any", "gemini/any"])
def test_a_key_with_the_line_break_of_its_file_is_told_what_to_do_and_not_shown(model: str, odd: str) -> None:
    async def asked() -> None:
        async with Client(transport=Simulator(lambda _: RawReply(b"{}")), variables=KEYS) as client:
            await client.completion(model, ASK, api_key=odd)

    with pytest.raises(AuthenticationError, match="white space around it.*strip it") as caught:
        run_in_virtual_time(asked)
    assert "secret" not in repr(caught.value)
