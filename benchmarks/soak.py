"""Many calls over the loopback to a provider that misbehaves; fails if anything is left of them.

    python soak.py [--loop asyncio] [--calls 200000] [--seconds 480]

The server, in a process of its own, refuses, fails, resets, cuts streams, is slow or silent, and closes
connections just when the next request is on its way. A quarter of the calls is cancelled besides. After every
round of calls nothing is under way; that is when memory, descriptors, tasks and slots are counted. Each answer
carries the number of its call, so that an answer given to another call is found as well. Needs Linux's /proc.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import re
import socket
import struct
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, TypeAlias

import anyio
import trio

from trio_llm import (
    APIConnectionError,
    Client,
    InternalServerError,
    Limits,
    RateLimitError,
    RetryPolicy,
    Timeout,
    Timeouts,
)

End: TypeAlias = Callable[[asyncio.Transport], None]
Step: TypeAlias = tuple[float, bytes | End]
"""What the server does next, and the seconds that it waits before."""
Pieces: TypeAlias = Sequence[bytes]
"""A good reply in the pieces that it is sent in."""


def _close(transport: asyncio.Transport) -> None:
    transport.close()


def _reset(transport: asyncio.Transport) -> None:
    # Lingering for no time makes the kernel answer with RST (socket(7)).
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _refusal(status: HTTPStatus) -> bytes:
    body = json.dumps({"error": {"message": status.phrase, "type": "error", "code": None}}).encode()
    return _head(f"{status} {status.phrase}", f"retry-after-ms: 1\r\ncontent-length: {len(body)}") + body


def _head(status: str, headers: str) -> bytes:
    kind = "text/event-stream" if "chunked" in headers else "application/json"
    return f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\n{headers}\r\n\r\n".encode()


def _half(pieces: Pieces) -> bytes:
    whole = b"".join(pieces)
    return whole[: len(whole) // 2]


_BEHAVIOURS: Final[Mapping[str, tuple[int, Callable[[Pieces], Iterable[Step]]]]] = {
    "answer": (54, lambda pieces: [(0, piece) for piece in pieces]),
    "answer late": (6, lambda pieces: [(0.03, b"".join(pieces))]),
    "answer slowly": (10, lambda pieces: [(0.002, piece) for piece in pieces]),
    "refuse": (4, lambda _pieces: [(0, _refusal(HTTPStatus.TOO_MANY_REQUESTS))]),
    "fail": (4, lambda _pieces: [(0, _refusal(HTTPStatus.INTERNAL_SERVER_ERROR))]),
    "hang up": (3, lambda _pieces: [(0, _close)]),
    "reset": (3, lambda _pieces: [(0, _reset)]),
    "cut": (3, lambda pieces: [(0, _half(pieces)), (0.001, _close)]),
    "reset in the middle": (3, lambda pieces: [(0, _half(pieces)), (0.001, _reset)]),
    # Keep-alive races: the next request finds the connection closed, or is on its way when it closes.
    "close after": (3, lambda pieces: [(0, b"".join(pieces)), (0, _close)]),
    "close soon after": (3, lambda pieces: [(0, b"".join(pieces)), (0.001, _close)]),
    "reset soon after": (3, lambda pieces: [(0, b"".join(pieces)), (0.001, _reset)]),
    "be silent": (1, lambda _pieces: []),
}
"""What the server does with a request, with how often of a hundred."""


def answer(number: int) -> str:
    """The text of the answer to a call."""
    return f"This answers call {number}."


def whole_reply(number: int) -> list[bytes]:
    """A chat completion in two pieces."""
    choice = {"index": 0, "message": {"role": "assistant", "content": answer(number)}, "finish_reason": "stop"}
    body = json.dumps({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]})
    return [_head("200 OK", f"content-length: {len(body)}"), body.encode()]


def streamed_reply(number: int) -> list[bytes]:
    """A streamed chat completion, an event for every word."""
    words = [_event({"content": word}, None) for word in re.findall(r"\S+\s*", answer(number))]
    chunks = [f"data: {event}\n\n" for event in [*words, _event({}, "stop"), "[DONE]"]]
    framed = [f"{len(chunk):x}\r\n{chunk}\r\n".encode() for chunk in chunks]
    return [_head("200 OK", "transfer-encoding: chunked"), *framed, b"0\r\n\r\n"]


def _event(delta: Mapping[str, str], finish_reason: str | None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return json.dumps({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})


class Connection(asyncio.Protocol):
    """The server's end of a connection: one request after the other."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if end and len(body) >= int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]):
            self._received = b""
            self._answer(body)

    def _answer(self, body: bytes) -> None:
        found = re.search(rb"call (\d+)", body)
        assert found is not None, "a request of somebody else's"
        reply = streamed_reply if b'"stream":true' in body.replace(b" ", b"") else whole_reply
        shares = [share for share, _act in _BEHAVIOURS.values()]
        ((_share, act),) = self._chance.choices([*_BEHAVIOURS.values()], shares)
        self._play(iter(act(reply(int(found[1])))))

    def _play(self, steps: Iterator[Step]) -> None:
        for delay, act in steps:
            if delay:
                asyncio.get_running_loop().call_later(delay, self._resume, act, steps)
                return
            self._do(act)

    def _resume(self, act: bytes | End, steps: Iterator[Step]) -> None:
        self._do(act)
        self._play(steps)

    def _do(self, act: bytes | End) -> None:
        if self._transport.is_closing():
            return
        if isinstance(act, bytes):
            self._transport.write(act)
        else:
            act(self._transport)


async def serve(seed: int) -> None:
    """Print the port, and answer until the standard input ends."""
    chance, loop = random.Random(seed), asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(chance), "127.0.0.1", 0, backlog=1_000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.buffer.read)


@contextmanager
def server_process(seed: int) -> Iterator[str]:
    """The server in a process of its own; the value is its base URL."""
    command = [sys.executable, __file__, "--serve", "--seed", str(seed)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.communicate()


@dataclass(frozen=True)
class Plan:
    """One soak."""

    loop: str
    calls: int
    seconds: float
    """Time after which no more rounds begin."""
    seed: int
    rounds: int
    workers: int = 64
    """Calls at the same time; a few more than there are slots."""


@dataclass(frozen=True)
class Sample:
    """What there is while nothing is under way."""

    calls: int
    """Calls made so far."""
    memory: int
    """Resident, in bytes."""
    descriptors: int
    """Open ones, idle connections aside."""
    tasks: int
    slots: int
    """Slots and connections in use, and calls that wait."""


WARM_UP: Final = 0.2
"""Share of the samples that growing memory is forgiven in."""
GROWTH: Final = 1.1


def growth(samples: Sequence[Sample]) -> Iterator[str]:
    """What has grown, in words. The first sample is from before the first call."""
    warm = samples[max(1, round(len(samples) * WARM_UP)) :]
    most = max(sample.memory for sample in warm)
    if most > GROWTH * warm[0].memory:
        yield f"memory grew from {warm[0].memory:,} bytes after the warm-up to {most:,}"
    for name in ("descriptors", "tasks"):
        most = max(getattr(sample, name) for sample in samples)
        if most > getattr(samples[0], name):
            yield f"{name}: {getattr(samples[0], name)} at first, {most} later"
    if taken := [sample for sample in samples if sample.slots]:
        yield f"{taken[0].slots} slots, connections or waiting calls were left after {taken[0].calls} calls"


def take_sample(loop: str, calls: int, client: Client) -> Sample:
    """Count."""
    gc.collect()
    statistics = client.statistics()
    accounts, connections = statistics.accounts.values(), statistics.connections
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    tasks = trio.lowlevel.current_statistics().tasks_living if loop == "trio" else len(asyncio.all_tasks())
    slots = sum(account.in_flight + account.waiting for account in accounts) + connections.active
    return Sample(calls, resident, len(os.listdir("/proc/self/fd")) - connections.idle, tasks, slots)


_Call: TypeAlias = Callable[[Client, list[dict[str, str]]], Awaitable[str | None]]
_MODEL: Final = "openai/m"


async def _whole(client: Client, messages: list[dict[str, str]]) -> str | None:
    response = await client.completion(_MODEL, messages)
    return response.choices[0].message.content


async def _pulled(client: Client, messages: list[dict[str, str]]) -> str | None:
    stream = await client.completion(_MODEL, messages, stream=True)
    return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])


async def _pumped(client: Client, messages: list[dict[str, str]]) -> str | None:
    async with client.stream(_MODEL, messages) as stream:
        async for _chunk in stream:
            pass
        return stream.response.choices[0].message.content


async def _left(client: Client, messages: list[dict[str, str]]) -> str | None:
    async with await client.completion(_MODEL, messages, stream=True) as stream:
        await anext(stream)
    return None


_KINDS: Final[Sequence[_Call]] = (_whole, _whole, _pulled, _pumped, _left)
_EXPECTED: Final = (RateLimitError, InternalServerError, APIConnectionError, Timeout)
_MOMENTS: Final = (0.0, 0.0005, 0.002, 0.01, 0.03)
"""Seconds after which calls are cancelled."""
_CANCELLED: Final = 0.25


@dataclass
class Soak:
    """One soak under way."""

    plan: Plan
    client: Client
    outcomes: Counter[str] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)

    async def run(self) -> None:
        """Make all calls, or as many as there is time for."""
        chance, began = random.Random(self.plan.seed), time.monotonic()
        size = max(1, self.plan.calls // self.plan.rounds)
        await self.note()
        while self._made < self.plan.calls and time.monotonic() - began < self.plan.seconds:
            numbers = iter(range(self._made, min(self._made + size, self.plan.calls)))
            async with anyio.create_task_group() as group:
                for _ in range(self.plan.workers):
                    group.start_soon(self._work, numbers, chance)
            await self.note()

    @property
    def _made(self) -> int:
        return sum(self.outcomes.values())

    async def note(self) -> None:
        """Count what there is, and print it."""
        await anyio.sleep(0.05)  # event loops close sockets a little later than they were told to
        self.samples.append(take_sample(self.plan.loop, self._made, self.client))
        sample = self.samples[-1]
        print(
            f"{sample.calls:>9,} calls {sample.memory / 1e6:8.1f} MB {sample.descriptors:4} descriptors"
            f" {sample.tasks:4} tasks {sample.slots:4} slots",
            flush=True,
        )

    async def _work(self, numbers: Iterator[int], chance: random.Random) -> None:
        for number in numbers:
            seconds = chance.choice(_MOMENTS) if chance.random() < _CANCELLED else None
            self.outcomes[await self._limited(seconds, chance.choice(_KINDS), number)] += 1

    async def _limited(self, seconds: float | None, call: _Call, number: int) -> str:
        """The outcome of a call that is cancelled after a time, on asyncio half of them in its own way."""
        if self.plan.loop == "asyncio" and number % 2:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    return await self._outcome(call, number)
        else:
            with anyio.move_on_after(seconds):
                return await self._outcome(call, number)
        return "cancelled"

    async def _outcome(self, call: _Call, number: int) -> str:
        try:
            text = await call(self.client, [{"role": "user", "content": f"This is call {number}."}])
        except _EXPECTED as error:
            return type(error).__name__
        if text is None:
            return "left"
        if text != answer(number):
            raise AssertionError(f"call {number} was answered with {text!r}")
        return "answered"


async def _soak(plan: Plan, base_url: str, complaints: list[str]) -> Soak:
    if plan.loop == "asyncio":
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(str(context)))
    client = Client(
        variables={"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": base_url},
        limits=Limits(max_in_flight=max(1, plan.workers * 3 // 4)),
        retry=RetryPolicy(attempts=3, first_pause=0.002, longest_pause=0.01),
        timeouts=Timeouts(total=0.5),
    )
    async with client:
        soak = Soak(plan, client)
        await soak.run()
    await soak.note()  # the idle connections have to be gone as well
    return soak


def run(plan: Plan) -> list[str]:
    """Soak, and say what went wrong."""
    complaints: list[str] = []
    warnings.simplefilter("error")
    sys.unraisablehook = lambda unraisable: complaints.append(f"{unraisable.object!r}: {unraisable.exc_value!r}")
    began = time.monotonic()
    with server_process(plan.seed) as base_url:
        soak = anyio.run(_soak, plan, base_url, complaints, backend=plan.loop)
    gc.collect()
    seconds, calls = time.monotonic() - began, soak.samples[-1].calls
    print(f"{calls:,} calls in {seconds:.0f} s on {plan.loop}, {calls / seconds:.0f} a second:", end=" ")
    print(", ".join(f"{count:,} {name}" for name, count in soak.outcomes.most_common()))
    return [*growth(soak.samples), *complaints]


def _parse(arguments: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--loop", choices=("trio", "asyncio"), default="trio")
    parser.add_argument("--calls", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=3_600.0, help="begin no more rounds after this time")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--serve", action="store_true", help="be the server only")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the soak, or its server. Returns the status for the shell."""
    options = _parse(arguments)
    if options.serve:
        asyncio.run(serve(options.seed))
        return 0
    problems = run(Plan(options.loop, options.calls, options.seconds, options.seed, options.rounds))
    for problem in problems[:20]:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
