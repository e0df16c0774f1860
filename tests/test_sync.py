"""The synchronous functions: from scripts, threads, a running asyncio loop, after a fork, and interrupted."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
import trio

import trio_llm
from trio_llm._client.portal import SyncThread
from trio_llm.testing import Action, Failure, Reply, Simulator, running_server

MESSAGES = [{"role": "user", "content": "Hello"}]
SCRIPT: dict[str, Action] = {"fail": Failure(404, "no such model"), "wait": Reply(latency=60)}


@pytest.fixture(name="simulator")
def _served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    simulator = Simulator(lambda request: SCRIPT.get(request.text))
    with running_server(simulator) as base_url:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{base_url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "k")
        yield simulator


def say_hello() -> str | None:
    return trio_llm.completion("gpt-4", MESSAGES).choices[0].message.content


def test_every_function_works_from_a_script(simulator: Simulator) -> None:
    assert say_hello() == "echo: Hello"
    assert len(trio_llm.embedding("text-embedding-ada-002", "text").data) == 1
    assert len(trio_llm.image_generation("a cat", "dall-e-3").data) == 1


def test_a_stream_is_an_iterator(simulator: Simulator) -> None:
    with trio_llm.completion("gpt-4", MESSAGES, stream=True) as stream:
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "echo: Hello"
        assert list(stream) == []
    assert stream.response.usage is not None


def test_a_stream_that_is_left_early_ends_its_request(simulator: Simulator) -> None:
    stream = trio_llm.completion("gpt-4", MESSAGES, stream=True)
    next(stream)
    stream.close()

    assert list(stream) == []


def test_errors_arrive_as_they_are(simulator: Simulator) -> None:
    with pytest.raises(trio_llm.NotFoundError, match="no such model"):
        trio_llm.completion("gpt-4", [{"role": "user", "content": "fail"}])


def test_threads_share_one_client(simulator: Simulator) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: say_hello(), range(24))) == {"echo: Hello"}


def test_it_works_inside_asyncio_and_is_refused_inside_trio(simulator: Simulator) -> None:
    async def in_asyncio() -> str | None:
        return say_hello()

    async def in_trio() -> None:
        with pytest.raises(RuntimeError, match="block Trio's event loop"):
            say_hello()

    assert asyncio.run(in_asyncio()) == "echo: Hello"
    trio.run(in_trio)


def test_an_interrupted_wait_cancels_the_call() -> None:
    thread, started, ended = SyncThread(), threading.Event(), threading.Event()

    async def wait() -> None:
        started.set()
        try:
            await trio.sleep_forever()
        finally:
            ended.set()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyboardInterrupt):
            thread.call(wait)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert started.is_set()
    assert ended.wait(5)
    thread.stop()
    thread.stop()


def test_threads_that_are_none_are_told_and_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    patched = SimpleNamespace(is_module_patched=lambda name: name == "threading")
    monkeypatch.setitem(sys.modules, "gevent.monkey", patched)
    thread = SyncThread()
    with pytest.raises(RuntimeError, match="gevent has replaced"):
        thread.call(trio.lowlevel.checkpoint)

    monkeypatch.setitem(sys.modules, "gevent.monkey", SimpleNamespace(is_module_patched=lambda _name: False))
    thread.call(trio.lowlevel.checkpoint)
    thread.stop()


FORKING = """
import os, trio_llm
def ask():
    return trio_llm.completion("gpt-4", [{"role": "user", "content": "Hello"}]).choices[0].message.content
assert ask() == "echo: Hello"
child = os.fork()
if child == 0:
    assert ask() == "echo: Hello"
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print("both answered")
"""


def test_a_forked_child_starts_its_own_thread(simulator: Simulator) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKING], env=dict(os.environ), capture_output=True, text=True, timeout=30, check=False
    )

    assert done.stdout == "both answered\n", done.stderr


LEAVING = """
import threading, trio, trio_llm._client.portal
started = threading.Event()
async def wait():
    started.set()
    try:
        await trio.sleep(60)
    finally:
        print("cancelled", flush=True)
threading.Thread(target=trio_llm._client.portal.SYNC_THREAD.call, args=(wait,), daemon=True).start()
started.wait()
"""


def test_a_process_ends_while_a_daemon_thread_still_waits_for_a_call() -> None:
    done = subprocess.run([sys.executable, "-c", LEAVING], capture_output=True, text=True, timeout=20, check=False)

    assert (done.returncode, done.stdout) == (0, "cancelled\n"), done.stderr
