"""Fixtures for pytest. Nothing loads them by itself: a suite asks for them in its conftest.py.

    pytest_plugins = ["trio_llm.testing.plugin"]

They serve synchronous tests and async ones of Trio, anyio and asyncio alike: `simulator`, a provider in memory;
`llm_client`, a client of it that must leave nothing behind; `lab`, worlds in virtual time; `no_network`, without which
a test could reach the internet by mistake; and `virtual_time`, with which an async test is run by this plugin, with a
clock that jumps, on the loop of `anyio_backend` if there is one and else on Trio. A test marked `asyncio` gets asyncio.
"""

from __future__ import annotations

import functools
import inspect
import socket
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any, Final, cast

import pytest
import trio.testing

from .._client.client import Client
from ._lab import Invariant, Lab, lab as make_lab
from ._leaks import LeakError, UnendedCalls, held
from ._simulator import Simulator
from ._virtual_time import Backend, run_in_virtual_time

_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0", "::", ""})
_ADDRESSED: Final = (socket.AF_INET, socket.AF_INET6)


class NetworkUsedError(AssertionError):
    """A test with the fixture `no_network` tried to reach another machine.

    Example:
        def test_my_code_stays_at_home(no_network):
            with pytest.raises(NetworkUsedError, match="api.openai.com"):
                socket.create_connection(("api.openai.com", 443))
    """


@pytest.fixture
def simulator() -> Simulator:
    """A provider in memory that echoes; a test gives it its script by a `Simulator` of its own."""
    return Simulator()


@pytest.fixture
def llm_client(simulator: Simulator) -> Iterator[Client]:
    """A client of `simulator`. At the end of the test no call may run, no slot be held and no stream be open."""
    calls = UnendedCalls()
    client = Client(transport=simulator, observers=[calls])
    yield client
    left = [*calls.left(), *held(client, calls)]
    if left:
        raise LeakError("", 0, left)


@pytest.fixture
def lab() -> Callable[..., Lab]:
    """`trio_llm.testing.lab`; a world that is given no seed gets one of the test's own run, which a failure names."""

    def make(
        providers: Mapping[str, Simulator],
        *,
        seed: int = 0,
        backend: Backend = "trio",
        invariants: Sequence[Invariant] = (),
    ) -> Lab:
        return make_lab(providers, seed=seed, backend=backend, invariants=invariants)

    return make


@pytest.fixture
def virtual_time() -> trio.testing.MockClock:
    """A clock that jumps to the next timeout when every task waits. Async fixtures of other plugins stay outside."""
    return trio.testing.MockClock(autojump_threshold=0)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections and look-ups beyond this machine raise `NetworkUsedError`."""
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def refusing(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(self: socket.socket, address: Any) -> Any:
            if self.family in _ADDRESSED:
                _check(address[0])
            return function(self, address)

        return call

    def getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
        _check(host)
        return look_up(host, *args, **options)

    monkeypatch.setattr(socket.socket, "connect", refusing(connect))
    monkeypatch.setattr(socket.socket, "connect_ex", refusing(connect_ex))
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def _check(host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name is not None and name not in _LOCAL and not name.startswith("127."):
        raise NetworkUsedError(f"a test without a network tried to reach {name}")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Run an async test that asks for `virtual_time`: to other plugins it looks synchronous."""
    given = pyfuncitem.obj
    test = _async_function(given)
    if test is None or not _is_ours(pyfuncitem):
        return (yield)
    backend = _backend(pyfuncitem)

    @functools.wraps(test)
    def run(**arguments: Any) -> None:
        run_in_virtual_time(functools.partial(test, **arguments), backend=backend)

    del run.__wrapped__  # or it would be taken for the async function inside
    pyfuncitem.obj = run
    try:
        return (yield)
    finally:
        pyfuncitem.obj = given


def _is_ours(item: pytest.Function) -> bool:
    """pytest-trio takes the clock by itself, because it is a fixture of the test."""
    return "virtual_time" in item.fixturenames and item.get_closest_marker("trio") is None


def _async_function(test: Any) -> Any:
    """The async function of a test, which pytest-asyncio has made synchronous before this; None if it is none."""
    inside = getattr(test, "__wrapped__", None)
    return next((one for one in (test, inside) if inspect.iscoroutinefunction(one)), None)


def _backend(item: pytest.Function) -> Backend:
    given: Any = item.funcargs.get("anyio_backend")
    name = given[0] if isinstance(given, tuple) else given
    if name is None:
        name = "asyncio" if item.get_closest_marker("asyncio") is not None else "trio"
    return cast("Backend", name)


__all__ = ["NetworkUsedError", "lab", "llm_client", "no_network", "simulator", "virtual_time"]
