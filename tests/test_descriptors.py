"""File descriptors are few: idle connections make room, calls wait for each other, errors say what it was."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import anyio
import pytest
from exchanges import POST, exchange, opened
from scripted_server import ScriptedServer, answering, reply, serving
from test_threads_and_hosts import ANSWER, run_program

from trio_llm._runtime import trio
from trio_llm._transport import TransportError, TransportStatistics
from trio_llm._transport.causes import cause_of, is_out_of_descriptors, is_untrusted, most_descriptors
from trio_llm._types.http import Origin

FEW = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
import asyncio, trio, trio_llm
bases = sys.argv[2:]
def request(base):
    messages = [{"role": "user", "content": "hi"}]
    return trio_llm.ChatRequest("openai/m", messages, api_base=base, api_key="k", num_retries=0, timeout=20)
async def main():
    async with trio_llm.Client(variables={}) as client:
        for _ in range(2):
            for base in bases:
                for outcome in await client.fan_out([request(base)] * (120 // len(bases))):
                    print(outcome.status, outcome.error)
"""
RUN = """
trio.run(main) if sys.argv[1] == "trio" else asyncio.run(main())
"""
NONE_LEFT = (
    FEW
    + """
import socket
async def main():
    taken, messages = [], [{"role": "user", "content": "hi"}]
    async with trio_llm.Client(variables={}) as client:
        ask = lambda: client.completion("openai/m", messages, api_key="k", num_retries=0, api_base=bases[0])
        failure = trio_llm.APIError  # modules are files, too
        await ask()
        try:
            while True:
                taken.append(socket.socket())
        except OSError:
            pass
        try:
            await ask()
        except failure as error:
            print(error)
    for one in taken:
        one.close()
"""
    + RUN
)


@pytest.mark.parametrize("loop", ["trio", "asyncio"])
@pytest.mark.parametrize("count", [1, 4])
def test_calls_that_need_more_descriptors_than_there_are_all_succeed(loop: str, count: int) -> None:
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(answering(reply(ANSWER)))) for _ in range(count)]
        said = run_program(FEW + RUN, loop, *(f"{server.origin}/v1" for server in servers))
    assert said.splitlines() == ["ok None"] * 240


@pytest.mark.parametrize("loop", ["trio", "asyncio"])
def test_where_others_have_taken_them_all_the_error_says_so(loop: str) -> None:
    with serving(answering(reply(ANSWER, b"connection: close"))) as server:
        said = run_program(NONE_LEFT, loop, f"{server.origin}/v1")
    assert "no file descriptor is free in this process, which may have 64: `ulimit -n` raises that (EMFILE)" in said


@pytest.mark.anyio
async def test_an_idle_connection_of_another_origin_is_closed_for_a_new_one() -> None:
    with serving(answering(reply(b"1"))) as one, serving(answering(reply(b"2"))) as other:
        async with opened() as transport:
            transport._most_open = 1
            for server, body in ((one, b"1"), (other, b"2"), (one, b"1")):
                assert await exchange(transport, server.origin) == body
                assert transport.statistics() == TransportStatistics(active=0, idle=1)


@pytest.mark.anyio
async def test_exchanges_for_which_there_is_no_descriptor_wait_in_order_for_others_to_end() -> None:
    order: list[int] = []
    with serving(answering(reply(b"1"))) as one, serving(answering(reply(b"2"))) as other:
        async with opened() as transport, trio.open_nursery() as nursery:
            transport._most_open = 1
            held = await transport.send(one.origin, POST)

            async def wait(number: int, server: ScriptedServer, scope: trio.CancelScope) -> None:
                with scope:
                    await exchange(transport, server.origin)
                    order.append(number)

            scopes = [trio.CancelScope() for _ in range(5)]
            for number, scope in enumerate(scopes):
                nursery.start_soon(wait, number, (one, other)[number % 2], scope)
                await anyio.wait_all_tasks_blocked()
            assert transport.statistics() == TransportStatistics(active=1, idle=0, waiting=5)
            scopes[1].cancel(reason="a test")
            await anyio.wait_all_tasks_blocked()
            await held.aclose()
            scopes[0].cancel(reason="a test")  # it has its turn, and passes it on
    assert order == [2, 3, 4]


def failing(number: int) -> Callable[..., socket.socket]:
    """What makes no socket."""

    def make(*_: object, **__: object) -> socket.socket:
        raise OSError(number, os.strerror(number))

    return make


@contextmanager
def no_sockets(number: int) -> Iterator[None]:
    """Every new socket fails."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "socket", failing(number))
        yield


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_a_resolver_or_tls_that_found_no_descriptor_is_recognised_by_trying(number: int) -> None:
    unresolved = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    with no_sockets(number):
        assert is_out_of_descriptors(unresolved)
        assert is_out_of_descriptors(ssl.SSLError(1, "no file"))
        assert not is_out_of_descriptors(ConnectionRefusedError(errno.ECONNREFUSED, "refused"))
    assert not is_out_of_descriptors(unresolved)


def wrapped(error: OSError) -> OSError:
    """An error as a library hands it on."""
    outer = OSError("all attempts to connect failed")
    outer.__cause__ = ExceptionGroup("both", [error, error])
    return outer


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ECONNREFUSED, "x"), "the connection was refused: nothing listens there"),
        (OSError(errno.ENFILE, "x"), "this machine has too many files open"),
        (OSError(errno.EMFILE, "x"), "no file descriptor is free in this process"),
        (OSError(errno.ENETUNREACH, "x"), "the network cannot be reached"),
        (socket.gaierror(socket.EAI_NONAME, "x"), "no such host"),
        (socket.gaierror(socket.EAI_AGAIN, "the resolver's words"), "could not be looked up: the resolver's words"),
        (OSError(errno.EIO, "something else"), "something else"),
        (OSError("in words"), "in words"),
        (OSError(), "OSError"),
    ],
)
def test_every_cause_is_told_in_words_once_and_from_behind_what_wraps_it(error: OSError, words: str) -> None:
    for seen in (error, wrapped(error)):
        if str(error) or seen is error:
            assert cause_of(seen).count(words) == 1
            assert "all attempts" not in cause_of(seen)


def test_only_a_certificate_is_a_matter_of_trust() -> None:
    assert is_untrusted(wrapped(ssl.SSLCertVerificationError(1, "self-signed")))
    assert not is_untrusted(ssl.SSLError(1, "not TLS"))


def test_where_the_limit_is_not_known_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)

    assert most_descriptors() is None
    assert "EMFILE" in cause_of(OSError(errno.EMFILE, "x"))


@pytest.mark.anyio
async def test_a_name_that_nobody_has_is_told() -> None:
    async with opened() as transport:
        with pytest.raises(TransportError, match="cannot connect: (no such host|the name of the host could not)"):
            await exchange(transport, Origin("http", "nobody.invalid", 80))
