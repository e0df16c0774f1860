"""What a client makes of failed connections: what was written counts, what no waiting cures is not tried again."""

from __future__ import annotations

import pytest
import trustme
from exchanges import server_context
from scripted_server import Peer, ScriptedServer, answering, reply, serving
from test_threads_and_hosts import ANSWER

from trio_llm import Client, RetryPolicy
from trio_llm._runtime import trio
from trio_llm.exceptions import APIConnectionError, APIError

pytestmark = pytest.mark.anyio

ASK = [{"role": "user", "content": "hi"}]
LONG_PAUSES = RetryPolicy(first_pause=30, longest_pause=30)


async def test_a_request_that_an_idle_connection_took_with_it_is_a_counted_attempt_without_a_pause() -> None:
    requests: list[bytes] = []

    def dies_on_the_second(peer: Peer) -> None:
        for number in range(2):
            requests.append(peer.read_request())
            if number == 0:
                peer.send(reply(ANSWER))
        peer.reset()

    with serving(dies_on_the_second) as server, trio.fail_after(10):
        async with Client(variables={}, retry=LONG_PAUSES) as client:
            for retries, attempts in ((0, 1), (1, 2)):
                await client.completion("openai/m", ASK, api_base=str(server.origin), api_key="k")
                requests.clear()
                call = client.completion("openai/m", ASK, api_base=str(server.origin), api_key="k", num_retries=retries)
                if retries:
                    await call  # on a new connection, whose first request is answered
                else:
                    with pytest.raises(APIConnectionError, match="no reply: ") as caught:
                        await call
                    assert caught.value.attempts == attempts
                assert len(requests) == attempts


async def test_an_untrusted_certificate_is_not_tried_again(authority: trustme.CA) -> None:
    with ScriptedServer(answering(reply(ANSWER)), tls=server_context(authority, "localhost")) as server:
        async with Client(variables={}, retry=LONG_PAUSES) as client:
            with trio.fail_after(10), pytest.raises(APIConnectionError, match="is not trusted: ") as caught:
                await client.completion("openai/m", ASK, api_base=str(server.origin), api_key="k")
    assert server.accepted == caught.value.attempts == 1


async def test_an_address_is_named_once() -> None:
    with serving() as server:
        base = str(server.origin)
    async with Client(variables={}, retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(APIConnectionError) as caught:
            await client.completion("openai/m", ASK, api_base=base, api_key="k")
    assert str(caught.value) == f"openai/m: {base}: cannot connect: the connection was refused: nothing listens there"


async def test_a_redirect_is_explained_with_where_it_goes() -> None:
    moved = reply(b"", b"location: https://new.example/v2/chat/completions", status=b"308 Permanent Redirect")
    with serving(answering(moved)) as server:
        async with Client(variables={}) as client:
            with pytest.raises(APIError, match=r"redirects to 'https://new\.example/v2/chat/completions'") as caught:
                await client.completion("openai/m", ASK, api_base=str(server.origin), api_key="k")
    assert caught.value.status_code == 308
