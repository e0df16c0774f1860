"""Where calls run: in many threads at once, beside another event loop, on a system that is no Unix."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable

import trio as real_trio  # noqa: ASYNC106  # `trio` is the vocabulary here
from scripted_server import answering, reply, serving

from trio_llm import Client
from trio_llm._runtime import asyncio_loop, trio
from trio_llm._runtime.run_var import RunVar

ANSWER = b'{"id":"c","model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"content":"hello"}}]}'
ASKING = """
import asyncio, sys, threading, trio_llm
options = dict(api_base=sys.argv[1], api_key="k", num_retries=0, timeout=20)
messages = [{"role": "user", "content": "hi"}]
"""


def run_program(text: str, *arguments: str) -> str:
    """What a Python process of its own prints."""
    done = subprocess.run([sys.executable, "-c", text, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


IN_THREADS = (
    ASKING
    + """
sys.setswitchinterval(1e-5)
failures, gate = [], threading.Barrier(16)
def work():
    gate.wait()
    for _ in range(6):
        try:
            asyncio.run(trio_llm.acompletion("openai/m", messages, **options))
        except BaseException as error:
            failures.append(repr(error))
threads = [threading.Thread(target=work) for _ in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(sorted(set(failures)))
"""
)


def test_sixteen_threads_with_loops_of_their_own_lose_no_reply_of_a_process() -> None:
    """Their first calls make what the process shares: hooks of classes, variables of runs, imports."""
    with serving(answering(reply(ANSWER))) as server:
        for _ in range(2):
            assert run_program(IN_THREADS, f"{server.origin}/v1").strip() == "[]"


NOBODY_FINALISES = (
    ASKING
    + """
async def ask():
    sys.set_asyncgen_hooks(None, None)
    return await trio_llm.acompletion("openai/m", messages, **options)
loop = asyncio.new_event_loop()
print(loop.run_until_complete(ask()).choices[0].message.content)
"""
)


def test_a_process_whose_loop_never_ends_says_nothing_at_its_exit() -> None:
    """As with `nest_asyncio`, whose loops end with the interpreter and finalise no generators."""
    with serving(answering(reply(ANSWER))) as server:
        command = [sys.executable, "-c", NOBODY_FINALISES, f"{server.origin}/v1"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert (done.stdout, done.stderr) == ("hello\n", "")


WITHOUT_UNIX = (
    """
import concurrent.futures.thread, logging, os, random, socket, tempfile, anyio, trio, httpx
import anyio._backends._asyncio, anyio._backends._trio, anyio.from_thread, anyio.streams.tls
pair, family = socket.socketpair, socket.AF_UNIX
socket.socketpair = lambda *_: pair(family)
for module, names in ((os, "fork register_at_fork"), (socket, "AF_UNIX")):
    for name in names.split():
        delattr(module, name)
import sys
for name in ("resource", "fcntl", "pwd", "termios"):
    sys.modules[name] = None
"""
    + ASKING
    + """
async def ask():
    return await trio_llm.acompletion("openai/m", messages, **options)
for answer in (trio.run(ask), asyncio.run(ask()), trio_llm.completion("openai/m", messages, **options)):
    print(answer.choices[0].message.content)
"""
)


def test_calls_need_nothing_that_only_unix_has() -> None:
    with serving(answering(reply(ANSWER))) as server:
        assert run_program(WITHOUT_UNIX, f"{server.origin}/v1").split() == ["hello"] * 3


ON_TRIO_ALONE = (
    ASKING
    + """
import importlib, pkgutil, trio
for module in pkgutil.walk_packages(trio_llm.__path__, "trio_llm."):
    if not module.name.startswith(("trio_llm._runtime", "trio_llm.testing", "trio_llm.__main__")):
        importlib.import_module(module.name)
async def main():
    async with trio_llm.Client(variables={}) as client:
        request = trio_llm.ChatRequest("openai/m", messages, **options)
        await client.fan_out([request])
        await client.race([request, request])
        await client.hedge(request, after=5)
        async with client.as_completed([request]) as outcomes:
            async for _ in outcomes:
                pass
trio.run(main)
print(*sorted(name for name in sys.modules if "asyncio_" in name or name == "anyio._backends._asyncio"))
"""
)


def test_a_program_on_trio_never_loads_the_half_for_asyncio() -> None:
    with serving(answering(reply(ANSWER))) as server:
        assert run_program(ON_TRIO_ALONE, f"{server.origin}/v1").split() == []


def run_both(guest: Callable[[], Awaitable[None]], host: Callable[[], Awaitable[None]]) -> None:
    """Run Trio as a guest of asyncio, and beside it a task of asyncio's."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[object] = loop.create_future()
        real_trio.lowlevel.start_guest_run(
            guest,
            run_sync_soon_threadsafe=loop.call_soon_threadsafe,
            done_callback=lambda outcome: done.set_result(outcome.unwrap()),
            host_uses_signal_set_wakeup_fd=True,
        )
        await asyncio.sleep(0)
        await host()
        await done

    asyncio.run(asyncio.wait_for(main(), 20))


def test_beside_a_guest_run_of_trio_a_task_of_asyncio_is_asyncios() -> None:
    seen: dict[str, object] = {}
    variable: RunVar[str] = RunVar("a test")

    async def guest() -> None:
        variable.set("guest")
        for _ in range(5):
            await real_trio.sleep(0.001)
        seen["guest"] = (trio.Event, variable.get())

    async def host() -> None:
        variable.set("host")
        await asyncio.sleep(0.002)
        seen["host"] = (trio.Event, variable.get())

    run_both(guest, host)

    assert seen == {"guest": (real_trio.Event, "guest"), "host": (asyncio_loop.Event, "host")}


def test_both_sides_of_such_a_thread_can_call() -> None:
    answers: list[str | None] = []

    async def call() -> None:
        async with Client(variables={}) as client:
            for _ in range(3):
                answer = await client.completion(
                    "openai/m", [{"role": "user", "content": "hi"}], api_base=f"{server.origin}/v1", api_key="k"
                )
                answers.append(answer.choices[0].message.content)

    with serving(answering(reply(ANSWER))) as server:
        run_both(call, call)

    assert answers == ["hello"] * 6
