"""Connecting on asyncio: the first address that answers wins, and no socket is left of the others."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from trio_llm._runtime import asyncio_sockets as _asyncio_sockets
from trio_llm._runtime.asyncio_sockets import _connect_first, _resolve

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio"])]

Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, Any]


def address(listener: socket.socket) -> Address:
    """The address of a listener, as a resolver gives it."""
    return socket.AF_INET, socket.SOCK_STREAM, 0, "", listener.getsockname()


@pytest.fixture
def alive() -> Iterator[Address]:
    """An address that answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield address(listener)


@pytest.fixture
def dead() -> Address:
    """An address that refuses."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return address(listener)


@pytest.fixture
def silent() -> Iterator[Address]:
    """An address that does not answer: a listener whose queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        queued = [socket.socket() for _ in range(3)]
        for waiting in queued:
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield address(listener)
        for waiting in queued:
            waiting.close()


async def test_a_refusal_is_followed_by_the_next_address(dead: Address, alive: Address) -> None:
    with await _connect_first([dead, dead, alive]) as connected:
        assert connected.getpeername() == alive[-1]


async def test_silence_is_followed_by_the_next_address(
    silent: Address, alive: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_asyncio_sockets, "_ATTEMPT_DELAY", 0.01)
    with await _connect_first([silent, alive]) as connected:
        assert connected.getpeername() == alive[-1]


async def test_all_refusals_are_told(dead: Address) -> None:
    with pytest.raises(OSError, match="no address answers") as caught:
        await _connect_first([dead, dead])
    assert isinstance(caught.value.__cause__, ExceptionGroup)
    assert [type(one) for one in caught.value.__cause__.exceptions] == [ConnectionRefusedError] * 2


async def test_of_two_answers_one_is_kept(alive: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_asyncio_sockets, "_ATTEMPT_DELAY", 0)
    with await _connect_first([alive] * 5) as connected:
        assert connected.getpeername() == alive[-1]


@pytest.mark.parametrize("ticks", range(8))
async def test_no_socket_is_left_of_a_cancelled_race(alive: Address, dead: Address, ticks: int) -> None:
    """An unclosed one would warn."""
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:

            async def cancel() -> None:
                for _ in range(ticks):
                    await anyio.lowlevel.checkpoint()
                scope.cancel(reason="a test")

            group.start_soon(cancel)
            connected = await _connect_first([dead, alive, alive])
            connected.close()


async def test_a_name_is_resolved_with_its_families_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    old: Address = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 1))
    new: Address = (socket.AF_INET6, socket.SOCK_STREAM, 0, "", ("::1", 1, 0, 0))

    def getaddrinfo(*_args: Any, flags: int = 0, **_options: Any) -> list[Address]:
        if flags:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        return [new, new, old, old]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert await _resolve("name.example", 1) == [new, old, new, old]
