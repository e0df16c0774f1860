"""A transport around a transport that writes down what passes.

An exchange begins with `send` and ends once: when its body has been read to the end, when it broke, or when the client
let go of it. In that moment it goes to the file. A reader that is slow makes pieces late; what is recorded is when they
were read, because that is what the program saw.
"""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike

from ..._runtime import trio
from ..._transport import Reply, ReplyError, Transport, TransportError, TransportStatistics
from ..._types.http import HTTPRequest, Origin, ReplyHead
from ._cleaning import Cleaner, kept_reply_headers
from ._tape import TapedExchange, TapeEnding, TapeFailure, TapePiece, TapeWriter


def record(path: str | PathLike[str], transport: Transport | None = None, *, hide: Iterable[str] = ()) -> Recorder:
    """Write what a client says and hears to a cassette, with its times and without its secrets.

        async with Client(transport=record("chat.jsonl")) as client:
            await client.completion("openai/gpt-4o", messages)

    `replay` plays it. Credentials do not get into the file: not those of headers and of the query, wherever else they
    are repeated, not those in fields such as `access_token`, and no text that has the form of a well-known key.

    Args:
        path: the file, written anew.
        transport: what moves the bytes; by default a `trio_llm.transport.NativeTransport`. Closed with the recorder.
        hide: further texts to be replaced by `***`, of at least twelve characters.
    """
    if transport is None:
        from ..._transport.native import NativeTransport

        transport = NativeTransport()
    return Recorder(TapeWriter(path), transport, Cleaner(hide))


class Recorder:
    """A transport that records what goes through another one. Made by `record`.

    Example:
        async with Client(transport=record("chat.jsonl")) as client:
            await client.completion("openai/gpt-4o", messages)
    """

    def __init__(self, tape: TapeWriter, inner: Transport, cleaner: Cleaner) -> None:
        self._tape = tape
        self._inner = inner
        self._cleaner = cleaner
        self._began: float | None = None
        self.needs_no_key: bool = getattr(inner, "needs_no_key", False)
        """Whether a client that is given no `variables` makes up its keys, as with a `Simulator` inside."""

    async def send(self, origin: Origin, request: HTTPRequest) -> Reply:
        """Send through the inner transport.

        Raises:
            TransportError: as the inner one does; it is recorded.
        """
        started = trio.current_time()
        if self._began is None:
            self._began = started
        take = _Take(self._tape, self._cleaner, str(origin), self._cleaner.request(request))
        take.started, take.began = started, started - self._began
        try:
            reply = await self._inner.send(origin, request)
        except TransportError as error:
            take.end(TapeEnding.BROKEN, TapeFailure.of(error))
            raise
        except BaseException:
            take.end(TapeEnding.LEFT)
            raise
        return _RecordedReply(reply, take)

    async def aclose(self) -> None:
        """Close the inner transport. The file is complete without it."""
        await self._inner.aclose()

    def statistics(self) -> TransportStatistics:
        """Those of the inner transport."""
        return self._inner.statistics()


class _Take:
    """One exchange that is being recorded."""

    def __init__(self, tape: TapeWriter, cleaner: Cleaner, origin: str, request: HTTPRequest) -> None:
        self._tape = tape
        self._cleaner = cleaner
        self._origin = origin
        self._request = request
        self._head: ReplyHead | None = None
        self._latency = 0.0
        self._latest = 0.0
        self._delays: list[float] = []
        self._data: list[bytes] = []
        self._is_open = True
        self.started = 0.0
        self.began = 0.0
        """Seconds after the first request."""

    def begin(self, head: ReplyHead) -> None:
        """The head is here."""
        self._latest = trio.current_time()
        self._latency = self._latest - self.started
        headers = {name: self._cleaner.text(value) for name, value in kept_reply_headers(head.headers).items()}
        self._head = ReplyHead(head.status, headers)

    def add(self, data: bytes) -> None:
        """A piece was read."""
        now = trio.current_time()
        self._delays.append(now - self._latest)
        self._data.append(data)
        self._latest = now

    def end(self, ending: TapeEnding, failure: TapeFailure | None = None) -> None:
        """It is over, and goes to the file. Only the first word on it counts."""
        if not self._is_open:
            return
        self._is_open = False
        pieces = zip(self._delays, self._cleaner.pieces(self._data), strict=True)
        self._tape.add(
            TapedExchange(
                started=self.began,
                origin=self._origin,
                request=self._request,
                latency=trio.current_time() - self.started if self._head is None else self._latency,
                head=self._head,
                pieces=[TapePiece(delay, data) for delay, data in pieces],
                ending=ending,
                failure=failure,
            )
        )


class _RecordedReply:
    """A reply whose reading is noted."""

    def __init__(self, inner: Reply, take: _Take) -> None:
        self._inner = inner
        self._take = take
        take.begin(inner.head)

    @property
    def head(self) -> ReplyHead:
        return self._inner.head

    def finish_nowait(self) -> bytes | None:
        try:
            rest = self._inner.finish_nowait()
        except ReplyError as error:
            self._take.end(TapeEnding.BROKEN, TapeFailure.of(error))
            raise
        if rest is not None:
            self._note(rest)
            self._take.end(TapeEnding.COMPLETE)
        return rest

    async def read(self) -> bytes:
        try:
            data = await self._inner.read()
        except ReplyError as error:
            self._take.end(TapeEnding.BROKEN, TapeFailure.of(error))
            raise
        if data:
            self._note(data)
        else:
            self._take.end(TapeEnding.COMPLETE)
        return data

    def _note(self, data: bytes) -> None:
        if data:
            self._take.add(data)

    async def aclose(self) -> None:
        self._take.end(TapeEnding.LEFT)
        await self._inner.aclose()
