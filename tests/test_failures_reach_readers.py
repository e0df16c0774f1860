"""Whatever goes wrong in a task behind a reader is raised to the reader: always, once, and never as a group."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import attrs
import pytest
import trio as plain_trio  # noqa: ASYNC106 - beside the vocabulary of both loops
from hypothesis import given, settings, strategies as st
from virtual import KEYS, ask, in_virtual_time

from trio_llm import APIError, ChatRequest, Client, InternalServerError, RetryPolicy, tee
from trio_llm._catalog import provider
from trio_llm._dialects.openai import OPENAI
from trio_llm._runtime import trio
from trio_llm._transport import ReplyError, TransportError
from trio_llm.testing import Reply, Simulator, run_in_virtual_time

WORDS = ["a ", "b ", "c ", "d "]
READS = 6  # more than a reply of four words takes


class Home(Exception):
    """Somebody's own, with arguments that are no texts."""

    def __init__(self, code: int, detail: object) -> None:
        super().__init__(code, detail)


class Interrupt(BaseException):
    """Like KeyboardInterrupt, which would end the test run if the test failed."""


MAKERS: list[Callable[[], BaseException]] = [
    *[
        partial(kind, "broken")
        for kind in (
            ArithmeticError,
            AssertionError,
            AttributeError,
            BufferError,
            EOFError,
            ImportError,
            IndexError,
            KeyError,
            LookupError,
            MemoryError,
            NameError,
            NotImplementedError,
            OSError,
            OverflowError,
            RecursionError,
            ReferenceError,
            RuntimeError,
            SyntaxError,
            SystemError,
            TimeoutError,
            TypeError,
            ValueError,
            ZeroDivisionError,
            ConnectionResetError,
            Interrupt,
            TransportError,
            ReplyError,
        )
    ],
    lambda: json.JSONDecodeError("broken", "x", 0),
    lambda: UnicodeDecodeError("utf-8", b"x", 0, 1, "broken"),
    lambda: Home(7, ["broken"]),
    lambda: ExceptionGroup("of somebody else", [ValueError("broken")]),
    lambda: InternalServerError("broken", status_code=500),
]
FORMS = ("pulled", "pumped", "merged", "teed", "completed", "fanned_out")
RUNS = int(os.environ.get("DRAWN_RUNS", "40"))
"""Runs that are drawn for each reader and loop; `make drawn` tries 1,000."""


@attrs.define
class Fault:
    """One error, raised at one step."""

    error: BaseException
    place: str
    step: int
    steps: int = 0
    raised: bool = False

    def pass_by(self, place: str) -> None:
        """Raise it if this is the step."""
        if place == self.place:
            self.steps += 1
            if self.steps == self.step:
                self.raised = True
                raise self.error


@attrs.frozen
class FaultyReply:
    """A reply whose every step may fail."""

    inner: Any
    fault: Fault

    @property
    def head(self) -> Any:
        return self.inner.head

    def finish_nowait(self) -> bytes | None:
        self.fault.pass_by("transport")
        found: bytes | None = self.inner.finish_nowait()
        return found

    async def read(self) -> bytes:
        data: bytes = await self.inner.read()
        self.fault.pass_by("transport")
        return data

    async def aclose(self) -> None:
        await self.inner.aclose()


@attrs.frozen
class FaultyTransport:
    """The same of a transport."""

    inner: Simulator
    fault: Fault

    async def send(self, origin: Any, request: Any) -> FaultyReply:
        self.fault.pass_by("transport")
        return FaultyReply(await self.inner.send(origin, request), self.fault)

    async def aclose(self) -> None:
        await self.inner.aclose()

    def statistics(self) -> Any:
        return self.inner.statistics()


@attrs.frozen
class FaultyDecoder:
    """The same of a decoder."""

    inner: Any
    fault: Fault

    @property
    def finished(self) -> bool:
        finished: bool = self.inner.finished
        return finished

    @property
    def complete(self) -> bool:
        complete: bool = self.inner.complete
        return complete

    @property
    def failure(self) -> Any:
        return self.inner.failure

    def feed(self, data: bytes) -> list[Any]:
        self.fault.pass_by("decoder")
        chunks: list[Any] = self.inner.feed(data)
        return chunks

    def close(self) -> list[Any]:
        chunks: list[Any] = self.inner.close()
        return chunks


def install(patch: pytest.MonkeyPatch, fault: Fault) -> None:
    """Make OpenAI's decoder meet a fault."""
    endpoint = OPENAI.chat_stream
    assert endpoint is not None
    faulty = attrs.evolve(endpoint, open_decoder=lambda call: FaultyDecoder(endpoint.open_decoder(call), fault))
    dialect = attrs.evolve(OPENAI, chat_stream=faulty)
    patch.setattr(provider, "load_dialect", lambda wire: dialect)


async def read_all(iterator: AsyncIterator[Any], caught: list[BaseException], pause: float = 0) -> None:
    """Read to the end, past errors, and note them."""
    while True:  # noqa: ASYNC913 - a stream that fails for ever fails the test
        try:
            async for _ in iterator:
                await trio.sleep(pause)
        except trio.Cancelled:
            raise
        except BaseException as error:  # noqa: BLE001
            caught.append(error)
            continue
        return


async def read_form(form: str, client: Client, caught: list[BaseException], pause: float) -> None:
    request = ask("x", stream=True)
    if form == "pulled":
        await read_all(await client.call(request), caught, pause)
    elif form == "pumped":
        async with client.open_pumped(request) as pumped:
            await read_all(pumped, caught, pause)
    elif form == "merged":
        async with client.merge({"a": request}) as merged:
            await read_all(merged, caught, pause)
    elif form == "teed":
        async with tee(await client.call(request), 2) as (first, second):
            others = list[BaseException]()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(read_all, second, others, 0.0)
                await read_all(first, caught, pause)
        assert others == caught
    elif form == "fanned_out":
        caught += [one.error for one in await client.fan_out([request]) if one.error is not None]
    else:
        async with client.as_completed([request]) as outcomes:
            async for outcome in outcomes:
                if outcome.error is not None:
                    caught.append(outcome.error)


async def meet(form: str, fault: Fault, pause: float = 0) -> list[BaseException]:
    """Everything that a reader of this form is told."""
    caught = list[BaseException]()
    simulator = Simulator(Reply(WORDS, gap=1))
    retry = RetryPolicy(attempts=1)
    async with Client(transport=FaultyTransport(simulator, fault), variables=KEYS, retry=retry) as client:
        try:
            await read_form(form, client, caught, pause)
        except BaseException as error:  # noqa: ASYNC103, BLE001
            caught.append(error)
    assert simulator.statistics().active == 0
    return caught


def assert_told(fault: Fault, caught: list[BaseException]) -> None:
    if not fault.raised:
        assert caught == []
        return
    (told,) = caught
    if isinstance(fault.error, TransportError):
        assert isinstance(told, APIError)
        assert told.__cause__ is fault.error
    else:
        assert told is fault.error


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", ["transport", "decoder"])
@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_each_of_thirty_errors_at_every_step_is_raised_once_and_bare(
    form: str, place: str, backend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised = 0
    for make in MAKERS:
        for step in range(1, READS):
            fault = Fault(make(), place, step)
            install(monkeypatch, fault)
            caught = list[BaseException]()

            async def run(fault: Fault = fault, caught: list[BaseException] = caught) -> None:
                caught += await meet(form, fault)

            run_in_virtual_time(run, backend=backend)
            assert_told(fault, caught)
            raised += fault.raised
    assert raised >= 4 * len(MAKERS)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("backend", ["trio", "asyncio"])
@settings(max_examples=RUNS)
@given(
    fault=st.builds(
        lambda make, place, step: Fault(make(), place, step),
        st.sampled_from(MAKERS),
        st.sampled_from(["transport", "decoder"]),
        st.integers(1, READS),
    ),
    pause=st.sampled_from([0.0, 0.5, 2.0]),
)
def test_no_pace_of_a_reader_loses_or_repeats_an_error(form: str, backend: Any, fault: Fault, pause: float) -> None:
    async def run() -> None:
        with pytest.MonkeyPatch.context() as patch:
            install(patch, fault)
            assert_told(fault, await meet(form, fault, pause))

    run_in_virtual_time(run, backend=backend)


@in_virtual_time
async def test_a_bug_that_the_reader_did_not_stay_for_leaves_the_block() -> None:
    for form in ("pumped", "merged"):
        fault = Fault(RecursionError("a bug"), "transport", 3)
        client = Client(transport=FaultyTransport(Simulator(Reply(WORDS)), fault), variables=KEYS)
        async with client:
            with pytest.raises(RecursionError):
                if form == "pumped":
                    async with client.open_pumped(ask("x", stream=True)):
                        await trio.sleep(1)
                else:
                    async with client.merge({"a": ask("x")}):
                        await trio.sleep(1)


@in_virtual_time
async def test_a_fan_out_gives_each_bug_to_its_own_item() -> None:
    fault = Fault(RecursionError("a bug"), "transport", 2)
    async with Client(transport=FaultyTransport(Simulator(Reply("ok")), fault), variables=KEYS) as client:
        outcomes = await client.fan_out([ask("1"), ask("2"), ask("3")], limit=1)

    assert [outcome.status for outcome in outcomes] == ["failed", "ok", "ok"]
    assert outcomes[0].error is fault.error


async def never(_: Any) -> bool:
    return False


def ways(client: Client, request: ChatRequest) -> dict[str, Callable[[], Any]]:
    """Everything that runs several calls."""

    async def completed() -> None:
        async with client.as_completed([request] * 2) as outcomes:
            async for _ in outcomes:
                pass

    async def merged() -> None:
        async with client.merge({"a": request, "b": request}) as events:
            async for _ in events:
                pass

    async def teed() -> None:
        stream = await client.call(ask("x", stream=True))
        async with tee(stream, 2) as (first, _):
            async for _ in first:
                pass

    return {
        "fan_out": lambda: client.fan_out([request] * 2),
        "as_completed": completed,
        "race": lambda: client.race([request] * 2, accept=never),
        "hedge": lambda: client.hedge(request, after=0.1),
        "cascade": lambda: client.cascade([request] * 2, after=0.1),
        "merge": merged,
        "tee": teed,
        "parts": lambda: client.embedding("gemini/m", [str(number) for number in range(300)]),
    }


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("way", ["fan_out", "as_completed", "race", "hedge", "cascade", "merge", "tee", "parts"])
def test_an_interrupt_leaves_bare_on_trio(way: str, kind: type[BaseException]) -> None:
    requests = iter(range(10**6))

    @attrs.frozen
    class Interrupted(FaultyTransport):
        async def send(self, origin: Any, request: Any) -> FaultyReply:
            if way != "tee" and next(requests) == 1:
                await trio.sleep(0.2)
                raise kind
            return await super().send(origin, request)

    async def run() -> None:
        fault = Fault(kind(), "transport", 3 if way == "tee" else 0)
        transport = Interrupted(Simulator(Reply(WORDS, latency=5, gap=1)), fault)
        async with Client(transport=transport, variables=KEYS) as client:
            await ways(client, ask("x"))[way]()

    with pytest.raises(kind):
        plain_trio.run(run, clock=plain_trio.testing.MockClock(autojump_threshold=0))


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Whoever starts a program in the background lets it ignore interrupts; here they are to arrive."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_that_finds_every_task_waiting_leaves_bare_on_trio() -> None:
    # Trio raises it in the main task, which waits in its nursery for the calls.
    async def run() -> None:
        async def interrupt() -> None:
            await plain_trio.sleep(0.5)
            signal.raise_signal(signal.SIGINT)

        async with Client(transport=Simulator(Reply(WORDS, latency=5)), variables=KEYS) as client:
            await client.fan_out([interrupt, ask("x"), ask("y")])

    with pytest.raises(KeyboardInterrupt):
        plain_trio.run(run, clock=plain_trio.testing.MockClock(autojump_threshold=0))


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("way", ["fan_out", "as_completed", "race", "hedge", "cascade", "merge", "tee", "parts"])
def test_an_interrupt_leaves_bare_on_asyncio_and_nothing_is_left(way: str, kind: type[BaseException]) -> None:
    # That loop stops at once when a task raises one. Its runner then cancels all tasks, and raises it.
    requests = iter(range(10**6))
    simulator = Simulator(Reply(WORDS, latency=5, gap=1))

    @attrs.frozen
    class Interrupted(FaultyTransport):
        async def send(self, origin: Any, request: Any) -> FaultyReply:
            if way != "tee" and next(requests) == 1:
                await trio.sleep(0.2)
                raise kind
            return await super().send(origin, request)

    async def run() -> None:
        fault = Fault(kind(), "transport", 3 if way == "tee" else 0)
        async with Client(transport=Interrupted(simulator, fault), variables=KEYS) as client:
            await ways(client, ask("x"))[way]()

    with pytest.raises(kind):
        run_in_virtual_time(run, backend="asyncio")
    assert simulator.statistics().active == 0


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("way", ["fan_out", "as_completed", "race", "hedge", "cascade", "merge", "tee", "parts"])
def test_an_interrupt_from_the_keyboard_leaves_bare_on_asyncio(way: str) -> None:
    # The runner cancels the main task, wherever it waits, and makes of that the interrupt: there must be no group.
    simulator = Simulator(Reply(WORDS, latency=5, gap=1))

    async def run() -> None:
        async with Client(transport=simulator, variables=KEYS) as client:
            asyncio.get_running_loop().call_later(0.05, signal.raise_signal, signal.SIGINT)
            await ways(client, ask("x"))[way]()

    with pytest.raises(KeyboardInterrupt):
        run_in_virtual_time(run, backend="asyncio")
    assert simulator.statistics().active == 0


@in_virtual_time
async def test_an_error_of_a_block_survives_its_cancellation() -> None:
    for form in ("pumped", "merged", "completed", "teed"):
        async with Client(transport=Simulator(Reply(WORDS, gap=1)), variables=KEYS) as client:
            with pytest.raises(ZeroDivisionError):
                with trio.CancelScope() as scope:
                    await leave_with_an_error(form, client, scope)


async def leave_with_an_error(form: str, client: Client, scope: Any) -> None:
    request = ask("x", stream=True)
    if form == "pumped":
        async with client.open_pumped(request) as stream:
            await anext(stream)
            scope.cancel()
            raise ZeroDivisionError
    if form == "merged":
        async with client.merge({"a": request}) as events:
            await anext(events)
            scope.cancel()
            raise ZeroDivisionError
    if form == "completed":
        async with client.as_completed([request]):
            scope.cancel()
            raise ZeroDivisionError
    async with tee(await client.call(request), 2) as (first, second), first, second:
        await anext(first)
        scope.cancel()
        raise ZeroDivisionError
