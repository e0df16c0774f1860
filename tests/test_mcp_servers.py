"""The protocol's own example server, over standard streams and over HTTP: listed, called, cancelled and killed."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp")

from trio_llm import Client
from trio_llm._runtime import trio
from trio_llm.mcp import (
    HTTP,
    Command,
    Elicitation,
    Restart,
    Sampling,
    Server,
    ServerLog,
    ServerLostError,
    ServerProgress,
    connect,
)
from trio_llm.testing import Reply, Simulator, ToolUse
from trio_llm.tools import ToolProgress

# Where `make test` installs it; see the Makefile.
EVERYTHING = Path(sys.prefix, "servers/node_modules/@modelcontextprotocol/server-everything/dist/index.js")
NODE = shutil.which("node")
LONG = "trigger-long-running-operation"

pytestmark = [
    pytest.mark.anyio,
    # The package leaves the iteration of a stream over HTTP without closing it; Trio says so when it is collected.
    pytest.mark.filterwarnings("ignore:Async generator 'http(x|core)2:ResourceWarning"),
    pytest.mark.skipif(NODE is None, reason="there is no node here"),
    pytest.mark.skipif(not EVERYTHING.exists(), reason="server-everything is not installed: make installs it by npm"),
]


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    yield
    gc.collect()


@contextmanager
def served(port: int) -> Iterator[int]:
    """The server at a port of loopback. Gives the id of its process."""
    environment = {"PORT": str(port), "PATH": os.environ["PATH"]}
    command = [str(NODE), str(EVERYTHING), "streamableHttp"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            while "listening" not in process.stderr.readline():
                assert process.poll() is None
            yield process.pid
        finally:
            process.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Everything:
    """The server, as both of its transports reach it."""

    def __init__(self, way: str, folder: Path) -> None:
        self._way = way
        self._noted = folder / "pid"
        self._port = free_port()
        self._running = served(self._port)

    def __enter__(self) -> Any:
        if self._way == "http":
            self._noted.write_text(str(self._running.__enter__()))
            return HTTP(f"http://127.0.0.1:{self._port}/mcp", headers={"x-key": "k"})
        return Command(
            "sh", ["-c", 'echo $$ > "$0"; exec "$1" "$2" stdio', str(self._noted), str(NODE), str(EVERYTHING)]
        )

    def __exit__(self, *failure: Any) -> None:
        if self._way == "http":
            self._running.__exit__(*failure)

    def kill(self) -> None:
        os.kill(int(self._noted.read_text()), signal.SIGKILL)


ways = pytest.mark.parametrize("way", ["stdio", "http"])


@ways
async def test_the_example_server_is_listed_called_and_cancelled(way: str, tmp_path: Path) -> None:
    asked: list[Any] = []
    lines: list[ServerLog] = []

    def fill(question: Elicitation) -> dict[str, str]:
        asked.append(question)
        return {"name": "Ada"}

    def sample(question: Sampling) -> str:
        asked.append(question)
        return "a haiku"

    with Everything(way, tmp_path) as target:
        async with connect(
            target, on_elicitation=fill, on_sampling=sample, on_log=lines.append, log_level="debug"
        ) as server:
            await look_around(server)
            await server.call("toggle-simulated-logging")  # it writes a first line at once
            assert "Ada" in (await server.call("trigger-elicitation-request")).content
            assert (
                "a haiku" in (await server.call("trigger-sampling-request", {"prompt": "Hi", "maxTokens": 9})).content
            )
            with trio.move_on_after(0.3):
                await server.call(LONG, {"duration": 60, "steps": 2})
            assert (await server.call("echo", {"message": "hi"})).content == "Echo: hi"
            await run_tools(server)
    assert [type(question) for question in asked] == [Elicitation, Sampling]
    assert any("level" in line.data for line in lines)


async def look_around(server: Server) -> None:
    assert server.name == "mcp-servers/everything"
    assert {"echo", "get-sum", LONG} <= {tool.name for tool in server.tools}
    assert (await server.call("get-sum", {"a": 1, "b": 2})).content == "The sum of 1 and 2 is 3."
    image = await server.call("get-tiny-image")
    assert [part["type"] for part in image.content] == ["text", "image_url", "text"]
    assert (await server.call("get-structured-content", {"location": "Chicago"})).value["conditions"]
    assert "Oslo" in (await server.prompt("args-prompt", {"city": "Oslo"}))[0]["content"]
    assert "Resource 1" in (await server.read("demo://resource/dynamic/text/1"))[0]["text"]
    assert len(await server.resources()) >= 3
    assert await server.resource_templates()


async def run_tools(server: Server) -> None:
    uses = [ToolUse(LONG, {"duration": 0.3, "steps": 3}), ToolUse("echo", {"message": "hi"}), ToolUse("echo", {})]
    simulator = Simulator([Reply(tool_calls=uses), Reply("end")])
    async with Client(transport=simulator, variables={"OPENAI_API_KEY": "k"}) as client:
        async with client.stream_tools("openai/any", [{"role": "user", "content": "Go."}], server.tools) as run:
            told = [event.value for event in run_events(await all_of(run))]
    assert told == [ServerProgress(1, 3), ServerProgress(2, 3), ServerProgress(3, 3)]
    long, echo, wrong = (message["content"] for message in run.messages[2:5])
    assert "completed" in long
    assert echo == "Echo: hi"
    assert wrong.startswith("Error: ServerError: MCP error -32602")


async def all_of(run: Any) -> list[Any]:
    return [event async for event in run]


def run_events(events: list[Any]) -> list[ToolProgress]:
    return [event for event in events if isinstance(event, ToolProgress)]


@ways
async def test_a_server_that_is_killed_in_a_call_is_an_error_of_that_call(way: str, tmp_path: Path) -> None:
    everything = Everything(way, tmp_path)

    async def kill() -> None:
        await trio.sleep(0.3)
        everything.kill()

    with everything as target:
        # A program is started anew by its connection, what is at an address is not.
        async with connect(target, restart=Restart(times=1, pause=0.1)) as server:
            started = time.monotonic()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(kill)
                with pytest.raises(ServerLostError):
                    await server.call(LONG, {"duration": 60, "steps": 1})
            assert time.monotonic() - started < 30
            if way == "stdio":
                assert (await server.call("echo", {"message": "hi"})).content == "Echo: hi"
            else:
                with pytest.raises(ServerLostError, match="cannot be reached: ConnectError"):
                    await server.call("echo", {"message": "hi"})
