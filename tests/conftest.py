"""What every test runs in: both event loops, or virtual time; no key and no proxy from outside."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme
from hypothesis import settings
from trio.testing import MockClock

if TYPE_CHECKING:
    from command_line import Serve

    from trio_llm.testing import Simulator

# Machines are shared and slow at times; and a red run in CI has to be red again here.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if "CI" in os.environ else "local")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """An async test runs on both loops; one that asks for `autojump_clock` runs on Trio, in virtual time."""
    if "anyio_backend" not in metafunc.fixturenames:
        return
    if any(mark.args[0] == "anyio_backend" for mark in metafunc.definition.iter_markers("parametrize")):
        return
    backends = ["virtual time"] if "autojump_clock" in metafunc.fixturenames else ["trio", "asyncio"]
    metafunc.parametrize("anyio_backend", backends, indirect=True)


@pytest.fixture
def autojump_clock() -> MockClock:
    """A clock that jumps to the next deadline as soon as every task waits."""
    return MockClock(autojump_threshold=0)


@pytest.fixture
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, object]]:
    """The event loop that the anyio plugin starts for a test, with its options."""
    if request.param == "virtual time":
        return "trio", {"clock": request.getfixturevalue("autojump_clock")}
    return request.param, {}


@pytest.fixture(scope="session", autouse=True)
def _empty_environment() -> Iterator[None]:
    """No test finds a real key, or a proxy, in the environment."""
    endings = ("_API_KEY", "_API_BASE", "_BASE_URL", "_PROXY", "_TOKEN")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.upper().endswith(endings)]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that nobody else knows."""
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client's context that trusts it."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Puts a simulator on the network and makes it OpenAI's address."""
    from trio_llm.testing import running_server

    with ExitStack() as stack:

        def serve(simulator: Simulator) -> Simulator:
            base_url = stack.enter_context(running_server(simulator))
            monkeypatch.setenv("OPENAI_BASE_URL", f"{base_url}/v1")
            monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
            return simulator

        yield serve


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    """Three prompts, a comment and a blank line."""
    path = tmp_path / "prompts.txt"
    path.write_text("# the colours\nred\n\ngreen\nblue\n")
    return path
