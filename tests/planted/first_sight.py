"""Mistakes that a few lines make, each of which the least of suites finds: whatever is asked, there is an answer.

A program is an async function of a client and a question. What it returns is a text or a list of texts, or it raises an
`LLMError`; anything else is a mistake, and so is what it leaves behind.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from hypothesis.stateful import rule

from trio_llm import APIError, ChatRequest, Client, LLMError, RateLimitError
from trio_llm._runtime import trio
from trio_llm.testing import Simulator, strategies

Program = Callable[[Any, str], Awaitable[Any]]
KEPT: Final[list[Any]] = []


def asked(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


async def whole(client: Client, text: str, **params: Any) -> Any:
    return await client.call(request(text, **params))


def request(text: str, **params: Any) -> Any:
    return ChatRequest("openai/any", asked(text), **params)


async def is_careful(client: Client, text: str) -> Any:
    """No mistake."""
    return (await whole(client, text)).choices[0].message.content or ""


# Agents.


async def trusts_that_there_is_text(client: Client, text: str) -> Any:
    return (await whole(client, text)).choices[0].message.content.strip()


async def trusts_that_a_tool_exists(client: Client, text: str) -> Any:
    message = (await whole(client, text)).choices[0].message
    return [{"weather": "sunny"}[call.function.name] for call in message.tool_calls or ()]


async def trusts_that_arguments_have_a_field(client: Client, text: str) -> Any:
    message = (await whole(client, text)).choices[0].message
    return [str(json.loads(call.function.arguments)["city"]) for call in message.tool_calls or ()]


async def takes_the_only_tool_call(client: Client, text: str) -> Any:
    message = (await whole(client, text)).choices[0].message
    if message.tool_calls:
        (call,) = message.tool_calls
        return call.function.name
    return message.content or ""


async def forgets_that_text_comes_with_tools(client: Client, text: str) -> Any:
    message = (await whole(client, text)).choices[0].message
    assert not (message.content and message.tool_calls)
    return message.content or ""


async def treats_a_cut_answer_as_an_answer(client: Client, text: str) -> Any:
    response = await whole(client, text)
    assert response.choices[0].finish_reason != "length"
    return response.choices[0].message.content or ""


# Services.


async def keeps_a_stream(client: Client, text: str) -> Any:
    stream = await whole(client, text, stream=True)
    KEPT.append(stream)
    return (await anext(aiter(stream))).choices[0].delta.content or ""


async def leaves_a_stream_after_an_error(client: Client, text: str) -> Any:
    stream = await whole(client, text, stream=True)
    KEPT.append(stream)
    said = ""
    async for chunk in stream:
        delta = chunk.choices[0].delta
        if delta.tool_calls:
            return said  # nobody closes it
        said += delta.content or ""
    return said


async def joins_pieces_without_looking(client: Client, text: str) -> Any:
    async with client.open_pumped(request(text, stream=True)) as stream:
        return "".join([chunk.choices[0].delta.content async for chunk in stream])


async def expects_a_chunk_for_each_answer(client: Client, text: str) -> Any:
    async with client.open_pumped(request(text, stream=True)) as stream:
        names = [chunk.choices[0].delta.tool_calls[0].function.name async for chunk in stream]
    return names


async def expects_the_error_to_be_its_own(client: Client, text: str) -> Any:
    try:
        return (await whole(client, text)).choices[0].message.content or ""
    except LLMError as error:
        raise KeyError("no answer") from error


# Batch jobs.


async def expects_every_outcome_to_be_a_response(client: Client, text: str) -> Any:
    outcomes = await client.fan_out([request(text), request(text)])
    responses: list[Any] = [outcome.response for outcome in outcomes]
    return [response.choices[0].message.content or "" for response in responses]


async def loses_what_failed(client: Client, text: str) -> Any:
    outcomes = await client.fan_out([request(text), request(text)])
    texts = [outcome.response.choices[0].message.content or "" for outcome in outcomes if outcome.response]
    assert len(texts) == 2
    return texts


async def expects_to_be_in_time(client: Client, text: str) -> Any:
    outcomes = await client.fan_out([request(text)], deadline=10)
    assert outcomes[0].status in ("ok", "failed")
    return ""


async def expects_refusals_alone(client: Client, text: str) -> Any:
    (outcome,) = await client.fan_out([request(text, num_retries=0)])
    assert outcome.error is None or isinstance(outcome.error, RateLimitError)
    return ""


# Combinators.


async def races_without_a_loser(client: Client, text: str) -> Any:
    streams = [await whole(client, text, stream=True) for _ in range(2)]
    KEPT.extend(streams)
    return (await anext(aiter(streams[0]))).choices[0].delta.content or ""


async def retries_what_no_retry_cures(client: Client, text: str) -> Any:
    for _ in range(3):
        try:
            return (await whole(client, text, num_retries=0)).choices[0].message.content or ""
        except APIError as error:
            assert error.status_code != 401
    return ""


async def swallows_its_cancellation(client: Client, text: str) -> Any:
    began = trio.current_time()
    with trio.move_on_after(30):
        try:
            await whole(client, text)
        except LLMError:
            await trio.lowlevel.checkpoint()
    assert trio.current_time() - began < 3
    return ""


async def opens_a_client_and_leaves_it(_client: Client, text: str) -> Any:
    own = Client(transport=Simulator(), strict=True)
    KEPT.append(await own.call(request(text, stream=True)))
    async with own:
        return ""


MISTAKEN: Final[tuple[Program, ...]] = (
    trusts_that_there_is_text,
    trusts_that_a_tool_exists,
    trusts_that_arguments_have_a_field,
    takes_the_only_tool_call,
    forgets_that_text_comes_with_tools,
    treats_a_cut_answer_as_an_answer,
    keeps_a_stream,
    leaves_a_stream_after_an_error,
    joins_pieces_without_looking,
    expects_a_chunk_for_each_answer,
    expects_the_error_to_be_its_own,
    expects_every_outcome_to_be_a_response,
    loses_what_failed,
    expects_to_be_in_time,
    expects_refusals_alone,
    races_without_a_loser,
    retries_what_no_retry_cures,
    swallows_its_cancellation,
    opens_a_client_and_leaves_it,
)


def suite(program: Program) -> type[strategies.ProviderMachine]:
    """A machine that asks a program."""

    class Machine(strategies.ProviderMachine):
        @rule(text=strategies.said())
        def ask(self, text: str) -> None:
            said = self.tried(program, self.client, text)
            assert isinstance(said, str | list | LLMError)

        def teardown(self) -> None:
            super().teardown()
            KEPT.clear()

    return Machine
