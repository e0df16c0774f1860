"""A provider or gateway that echoes a call's key puts it into nothing that anybody reads."""

from __future__ import annotations

import base64
import json
import pickle
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import attrs
import pytest

import trio_llm
from trio_llm._engine.exchange import Exchange
from trio_llm.testing import RawReply, Simulator
from trio_llm.transport import HTTPRequest

pytestmark = pytest.mark.anyio
KEY = "sk-proj/1234567890+abcdefghij=XYZ"
MODELS = ["openai/m", "anthropic/claude-m", "gemini/gemini-m", "cohere/m"]
MESSAGES = [{"role": "user", "content": "Hi"}]
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "JSON": lambda key: key.replace("/", "\\/").replace("=", "\\u003d"),
    "URL": lambda key: quote(key, safe=""),
    "basic": lambda key: base64.b64encode(f"user:{key}".encode()).decode(),
}


def event(data: str) -> bytes:
    return f"data: {data}\n\n".encode()


def quoted(key: str) -> str:
    return json.dumps(f"wrong key {key}")


# Replies as a function of the key as it is written: status, body.
REPLIES: dict[str, Callable[[str], tuple[int, bytes]]] = {
    "an error status": lambda key: (401, f'{{"error": {{"message": {quoted(key)}, "code": {quoted(key)}}}}}'.encode()),
    "a plain text": lambda key: (400, f"wrong key {key}".encode()),
    "a page": lambda key: (502, f"<html><title>{key}</title><h1>no {key}</h1></html>".encode()),
    "a long text": lambda key: (500, b"x" * 480 + key.encode() * 3),
    "an error with 200": lambda key: (
        200,
        f'{{"type": "error", "error": {{"message": {quoted(key)}, "code": {quoted(key)}}}}}'.encode(),
    ),
    "no JSON": lambda key: (200, f"wrong key {key}".encode()),
    "a list": lambda key: (200, f"[{quoted(key)}]".encode()),
    "an error event": lambda key: (200, event(f'{{"type": "error", "error": {{"message": {quoted(key)}}}}}')),
    "an odd event": lambda key: (200, event(f"[{quoted(key)}]")),
    "no event": lambda key: (200, b"event: message\n\n" + event(key)),
    "an unfinished event": lambda key: (200, event("{}") + b"data: " + key.encode()),
}


async def failure(model: str, status: int, body: bytes, *, stream: bool) -> trio_llm.APIError:
    simulator = Simulator(
        lambda _: RawReply(body, status=status, content_type="text/event-stream" if stream else "application/json")
    )
    async with trio_llm.Client(transport=simulator) as client:
        try:
            if not stream:
                await client.completion(model, MESSAGES, api_key=KEY, num_retries=0)
            else:
                async for _ in await client.completion(model, MESSAGES, api_key=KEY, num_retries=0, stream=True):
                    pass
        except trio_llm.APIError as error:
            return error
    pytest.fail("no error")


def everything_of(error: trio_llm.APIError) -> str:
    """All that people, logs and tools get to see of an error, and of those that it came from."""
    seen = ["".join(traceback.format_exception(error))]
    chain: BaseException | None = error
    while chain is not None:
        seen += [str(chain), repr(chain), repr(chain.args), repr(vars(chain))]
        chain = chain.__cause__ or chain.__context__
    return "\n".join([*seen, repr(pickle.loads(pickle.dumps(error))), repr(pickle.dumps(error))])


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("model", MODELS)
async def test_a_key_that_comes_back_is_in_no_error(model: str, reply: str, stream: bool) -> None:
    if stream and model == "cohere/m":
        return
    for written in (write(KEY) for write in FORMS.values()):
        status, body = REPLIES[reply](written)
        shown = everything_of(await failure(model, status, body, stream=stream))
        for form in FORMS.values():
            assert form(KEY) not in shown
            assert form(KEY)[:16] not in shown
            assert form(KEY)[-16:] not in shown


async def test_a_key_that_comes_back_is_in_no_outcome() -> None:
    simulator = Simulator(lambda _: RawReply(f"wrong key {KEY}".encode(), status=400))
    async with trio_llm.Client(transport=simulator) as client:
        (outcome,) = await client.fan_out([trio_llm.ChatRequest("openai/m", MESSAGES, api_key=KEY)])

    assert outcome.status == "failed"
    assert KEY not in repr(outcome)
    assert "wrong key ***" in str(outcome.error)


async def test_what_is_no_secret_stays_readable() -> None:
    simulator = Simulator(lambda _: RawReply(b"model ollama: any is EMPTY", status=400))
    async with trio_llm.Client(transport=simulator) as client:
        for key in ("ollama", "any", "EMPTY"):
            with pytest.raises(trio_llm.BadRequestError, match="model ollama: any is EMPTY"):
                await client.completion("openai/m", MESSAGES, api_key=key)


async def test_a_key_that_a_callable_gave_is_masked_as_it_was_sent() -> None:
    given = iter(f"{KEY}-{number}" for number in range(100))
    simulator = Simulator(lambda request: RawReply(f"wrong: {request.headers['authorization']}".encode(), status=500))
    async with trio_llm.Client(transport=simulator, retry=trio_llm.RetryPolicy(first_pause=0)) as client:
        with pytest.raises(trio_llm.InternalServerError) as caught:
            await client.completion("openai/m", MESSAGES, api_key=lambda: next(given))

    assert len(simulator.requests) == 3
    assert f"wrong: Bearer {'***'}" in str(caught.value)
    assert KEY not in everything_of(caught.value)


async def test_what_an_attempt_was_signed_with_is_not_shown() -> None:
    given: dict[str, Any] = {field.name: None for field in attrs.fields(Exchange) if field.init}
    exchange: Exchange[Any] = Exchange(**given)
    exchange.secret = "sk-mine"
    exchange.sent = HTTPRequest("POST", "/v1?key=sk-mine", (("authorization", "Bearer sk-mine"),), b"{}")

    assert "sk-mine" not in repr(exchange)
    stands_before_a_gate: Any = object()
    exchange.waiting = stands_before_a_gate
    another = attrs.evolve(exchange, model="another")
    assert (another.secret, another.sent, another.waiting) == (None, None, None)
