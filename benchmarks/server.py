"""A provider on the loopback that costs little: everything it says was encoded before the first call.

    python server.py [--core 1]      prints its port, serves until its standard input ends

On a core of its own it never sleeps: to wake it costs more than to send a request, and only clients that are slow would
pay for that.

The first step of the path says how it answers, so that one server does for every scenario and every library:

    /instant/…     at once; a stream as fast as the client reads
    /delay-500/…   500 ms later
    /burst/…       streams only: the whole stream with one write
    /paced-2/…     streams only: a chunk every 2 ms, so that every chunk is a network read of its own
    /fail-20/…     every 20th request gets a 500 that asks to wait 20 ms
    /status        what it has seen, as JSON

Embeddings, Anthropic's messages and OpenAI's chat are told apart by the end of the path.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import sys
from collections.abc import Callable, Iterator
from itertools import count

import replies


class Answers:
    """Everything the server says."""

    def __init__(self) -> None:
        self.head = replies.stream_head()
        self.failure = replies.failure()
        self.streams = {b"/chat/completions": replies.openai_stream(), b"/messages": replies.anthropic_stream()}
        self._whole = {
            b"/chat/completions": replies.whole(replies.openai_chat()),
            b"/messages": replies.whole(replies.anthropic_chat()),
        }
        self._vectors = {kind: replies.whole(replies.embeddings(as_base64=kind)) for kind in (False, True)}

    def whole(self, endpoint: bytes, body: bytes) -> bytes:
        """The reply in one piece."""
        if endpoint == b"/embeddings":
            return self._vectors[b'"base64"' in body]
        return self._whole[endpoint]


class Counters:
    """What the server has seen."""

    def __init__(self) -> None:
        self.open = 0
        self.connections = 0
        self.requests = 0
        self.numbers = count(1)

    def report(self) -> bytes:
        """The numbers as a reply."""
        seen = {"open": self.open, "connections": self.connections, "requests": self.requests}
        return replies.whole(json.dumps(seen).encode())


class Connection(asyncio.Protocol):
    """One connection, one request after the other."""

    def __init__(self, answers: Answers, counters: Counters) -> None:
        self._answers = answers
        self._counters = counters
        self._received = b""
        self._timer: asyncio.TimerHandle | asyncio.Handle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._counters.open += 1
        self._counters.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio; a reply that is due is not sent any more."""
        self._counters.open -= 1
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head, start = self._received[:end], end + 4
        size = _content_length(head)
        if len(self._received) - start < size:
            return
        body, self._received = self._received[start : start + size], self._received[start + size :]
        self._answer(head.split(b" ", 2)[1], body)

    def _answer(self, path: bytes, body: bytes) -> None:
        if path == b"/status":
            self._transport.write(self._counters.report())
            return
        self._counters.requests += 1
        behaviour, _, number = path[1:].partition(b"/")[0].partition(b"-")
        endpoint = next(name for name in (b"/chat/completions", b"/embeddings", b"/messages") if path.endswith(name))
        if behaviour == b"fail" and next(self._counters.numbers) % int(number) == 0:
            self._transport.write(self._answers.failure)
        elif b'"stream":true' in body or b'"stream": true' in body:
            self._stream(endpoint, behaviour, int(number or 0) / 1_000)
        else:
            delay = int(number) / 1_000 if behaviour == b"delay" else 0
            self._later(delay, self._transport.write, self._answers.whole(endpoint, body))

    def _stream(self, endpoint: bytes, behaviour: bytes, number: float) -> None:
        events = self._answers.streams[endpoint]
        if behaviour == b"burst":
            self._transport.write(self._answers.head + b"".join(events))
            return
        self._transport.write(self._answers.head)
        self._next_event(iter(events), number if behaviour == b"paced" else 0)

    def _next_event(self, events: Iterator[bytes], gap: float) -> None:
        event = next(events, None)
        if event is not None:
            self._transport.write(event)
            loop = asyncio.get_running_loop()
            follow = loop.call_soon if not gap else lambda *arguments: loop.call_later(gap, *arguments)
            self._timer = follow(self._next_event, events, gap)

    def _later(self, delay: float, act: Callable[[bytes], None], data: bytes) -> None:
        if delay:
            self._timer = asyncio.get_running_loop().call_later(delay, act, data)
        else:
            act(data)


def _content_length(head: bytes) -> int:
    lowered = head.lower()
    start = lowered.find(b"content-length:")
    if start < 0:
        return 0
    end = lowered.find(b"\r\n", start)
    return int(lowered[start + 15 : end if end > 0 else None])


async def serve(*, sleeps: bool) -> None:
    """Answer until the standard input ends: a harness that dies takes its server with it."""
    answers, counters = Answers(), Counters()
    loop = asyncio.get_running_loop()
    if not sleeps:
        _stay_awake(loop)
    server = await loop.create_server(lambda: Connection(answers, counters), "127.0.0.1", 0, backlog=16_384)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.buffer.read)
    server.close()


def _stay_awake(loop: asyncio.AbstractEventLoop) -> None:
    """Have the loop look for requests again at once, whether there are any or not."""
    loop.call_soon(_stay_awake, loop)


def main() -> None:
    """Run the server."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--core", type=int, help="run on this core only")
    core = parser.parse_args().core
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(serve(sleeps=core is None))


if __name__ == "__main__":
    main()
