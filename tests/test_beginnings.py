"""How the reply to a stream may begin: with comments and blank lines, and with one JSON document in place of events."""

from __future__ import annotations

import json

import pytest

from trio_llm import APIError, Client, InternalServerError
from trio_llm.testing import RawReply, Simulator, run_in_virtual_time
from trio_llm.testing._virtual_time import Backend

HI = [{"role": "user", "content": "Hi"}]
WHOLE = json.dumps(
    {"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}]}
)
CHUNK = {"choices": [{"index": 0, "delta": {"content": "Hello"}, "finish_reason": "stop"}]}
EVENTS = f"data: {json.dumps(CHUNK)}\n\ndata: [DONE]\n\n"
BEGINNINGS = ["", "\n", ": working\n", ": working\r\n\r\n: still working\n\n", "\n: {}\n\n", ":\n\n\n"]


async def streamed(body: bytes, size: int) -> str:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    reply = RawReply(pieces, content_type="text/event-stream", gap=0.01)
    async with Client(transport=Simulator(reply), variables={"OPENAI_API_KEY": "k"}) as client:
        stream = await client.completion("openai/any", HI, stream=True, num_retries=0)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
@pytest.mark.parametrize("size", [1, 3, 10_000])
@pytest.mark.parametrize("beginning", BEGINNINGS)
@pytest.mark.parametrize("rest", [WHOLE, EVENTS], ids=["document", "events"])
def test_what_says_nothing_may_come_before_either(rest: str, beginning: str, size: int, backend: Backend) -> None:
    assert run_in_virtual_time(streamed, (beginning + rest).encode(), size, backend=backend) == "Hello"


@pytest.mark.parametrize("body", ['{"error": {"message": "It broke."}}', ': wait\n{"error": {"message": "It broke."}}'])
def test_an_error_with_status_200_says_what_happened(body: str) -> None:
    with pytest.raises(InternalServerError) as caught:
        run_in_virtual_time(streamed, body.encode(), 10_000)

    assert "openai/any failed after status 200: It broke." in str(caught.value)
    assert (caught.value.status_code, caught.value.reply_status) == (500, 200)


def test_a_whole_reply_where_a_stream_was_asked_for_is_counted() -> None:
    counted = {**json.loads(WHOLE), "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}}

    async def ask() -> tuple[int, int]:
        simulator = Simulator(RawReply(json.dumps(counted).encode()))
        async with Client(transport=simulator, variables={"OPENAI_API_KEY": "k"}) as client:
            stream = await client.completion("openai/any", HI, stream=True)
            assert [chunk async for chunk in stream]
            (account,) = client.statistics().accounts.values()
        return account.prompt_tokens, account.completion_tokens

    assert run_in_virtual_time(ask) == (7, 2)


def test_the_first_status_that_is_no_success_is_an_answer_of_its_own() -> None:
    async def ask() -> None:
        reply = RawReply(b'{"error": {"message": "Which one?"}}', status=300)
        async with Client(transport=Simulator(reply), variables={"OPENAI_API_KEY": "k"}) as client:
            await client.completion("openai/any", HI)

    with pytest.raises(APIError, match=r"Which one\?") as caught:
        run_in_virtual_time(ask)

    assert (caught.value.status_code, caught.value.reply_status) == (300, None)
