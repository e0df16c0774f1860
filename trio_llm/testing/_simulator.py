"""A provider in memory that speaks the wire formats, does as it is told, and keeps a ledger.

A request is decided at once when it arrives, without waiting: what it is answered with, when each piece is due, how it
ends. Then the decision is played, by a transport in memory or by a server on a port, which tells the ledger how far it
got. A played reply is open, ended once (all was delivered, the script broke it off, or the client went away) and
released once, whatever happens. Its pieces are due by the clock of the run, so a slow reader finds what has arrived.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .._runtime import trio
from .._transport import ReplyError, TransportError
from .._transport.content import Body
from .._transport.h1 import ReplyLimits
from .._types.http import HTTPRequest, Origin, ReplyHead
from ._actions import Action, Cause
from ._conditions import Conditions
from ._deciding import Decider, Gates
from ._faults import FaultPlan
from ._ledger import Ledger, RecordedRequest, RequestOutcome, SimulatorStatistics
from ._limits import RateLimits
from ._script import Script
from ._script_reader import ScriptReader
from ._timeline import Ending, ScriptedReply


class Simulator:
    """A provider that needs no network, no key and no clock of the wall.

    It answers every operation of every wire format that the package speaks, recognised by the request's path and body.
    It is a `Transport`:

        simulator = Simulator([Failure(429, retry_after=2), Reply("Hello")])
        async with Client(transport=simulator) as client:
            response = await client.completion(model="openai/any", messages=[{"role": "user", "content": "Hi"}])
        assert simulator.requests[0].status == 429

    No key has to be set. Without a script it echoes the last user message, word by word where a stream is asked for.
    Tokens are words.
    Waits are those of the running clock, so that under Trio's `MockClock` hours pass in no time. `serve` puts the
    same simulator on a real port. It may be used in several runs, one after the other.
    """

    needs_no_key: Final = True
    """A client that has it as its transport, and is given no `variables`, makes up the keys that nobody has set."""

    def __init__(  # noqa: PLR0913  # each is a word that a test says by itself
        self,
        script: Script = (),
        *,
        then: Action | None = None,
        faults: FaultPlan | None = None,
        limits: RateLimits | None = None,
        keep_requests: int | None = None,
        conditions: Conditions | None = None,
    ) -> None:
        """A provider that follows `script` and meets `faults`; `limits` makes it refuse what is too much.

        `conditions` are what it is like beside its script: its models and their prices, its accounts, how fast it is,
        its outages, how strict it is, and the seed of what it draws.

        `then` is the action for every request behind the end of a script that is a sequence: `Reply()` echoes. Without
        it, a request for which nothing is scripted raises `ScriptExhaustedError`.

        `keep_requests` bounds how many records are kept, for a simulator that runs for long.
        """
        self._ledger = Ledger(keep_requests)
        world = conditions or Conditions()
        gates = Gates(limits or RateLimits(), world.accounts)
        self._decider = Decider(ScriptReader(script, then), faults or FaultPlan(), gates, self._ledger, world)

    @property
    def requests(self) -> Sequence[RecordedRequest]:
        """Every request in the order of arrival, with what became of it."""
        return list(self._ledger.requests)

    def statistics(self) -> SimulatorStatistics:
        """Sums over every request; `active` counts those whose reply is not yet closed."""
        return self._ledger.statistics()

    @property
    def active(self) -> int:
        """Requests that hold a connection now. Of all that `statistics` tells, what costs least to ask."""
        return self._ledger.active

    async def wait_idle(self) -> None:
        """Wait until no request holds a connection: a server takes a moment to notice that its client is gone.

        To be called in the event loop in which the simulator serves.
        """
        await self._ledger.wait_idle()

    def respond(self, request: HTTPRequest, *, now: float = 0.0, origin: Origin | None = None) -> ScriptedReply:
        """Decide what happens to a request that arrives at `now`, without waiting for any of it.

        The request is recorded, and moves the script on. Whoever plays the reply reports to the record. `origin` is
        where it was sent; without one it is what the request's Host header says.
        """
        return self._decider.decide(request, now, origin)

    async def send(self, origin: Origin, request: HTTPRequest) -> SimulatedReply:
        """Wait for the head of the scripted reply.

        Raises:
            TransportError: where the script breaks the connection before it.
        """
        reply = self.respond(request, now=trio.current_time(), origin=origin)
        exchange = self.open_exchange(reply)
        try:
            await trio.sleep(reply.latency)
            return SimulatedReply(exchange, exchange.send_head())
        except BaseException:
            exchange.release()
            raise

    async def aclose(self) -> None:
        """Nothing to do: replies close themselves, and the ledger stays readable."""
        await trio.lowlevel.checkpoint()

    def open_exchange(self, reply: ScriptedReply) -> PlayedReply:
        """Begin to play a reply; the exchange counts as active until it is released."""
        return PlayedReply(self._ledger, reply)


class PlayedReply:
    """A reply being played, whatever carries it; tells the ledger how far it got."""

    def __init__(self, ledger: Ledger, reply: ScriptedReply) -> None:
        self._ledger = ledger
        self._released = False
        self.reply = reply
        ledger.open()

    def send_head(self) -> ReplyHead:
        """The head leaves now.

        Raises:
            TransportError: where the script breaks the connection first.
        """
        if self.reply.head is None:
            self.break_off()
            cause = self.reply.cause
            sent, lasting = cause is Cause.RESET, cause is Cause.TLS
            raise TransportError(f"{cause.value}, as scripted", sent=sent, lasting=lasting)
        self.reply.request.first_byte = trio.current_time()
        self._finish_after(0)
        return self.reply.head

    def sent(self, number: int) -> None:
        """The piece with this number was delivered."""
        piece = self.reply.timeline[number]
        self._ledger.sent(self.reply.request, len(piece.data), piece.tokens)
        self._finish_after(number + 1)

    def _finish_after(self, delivered: int) -> None:
        # A client that has everything may close without having seen the end.
        if delivered == len(self.reply.timeline) and self.reply.ending is Ending.COMPLETE:
            self._end(RequestOutcome.FINISHED)

    def break_off(self) -> None:
        """The provider broke the connection."""
        self._end(RequestOutcome.BROKEN)

    def release(self) -> None:
        """Whoever carried it lets go of it; if it had not ended, the client is gone."""
        if not self._released:
            self._released = True
            self._end(RequestOutcome.CLIENT_GONE)
            self._ledger.release()

    def _end(self, outcome: RequestOutcome) -> None:
        self._ledger.end(self.reply.request, outcome, trio.current_time())


class SimulatedReply:
    """The reply of an exchange in memory."""

    def __init__(self, exchange: PlayedReply, head: ReplyHead) -> None:
        self._exchange = exchange
        self._head = head
        coding = head.headers.get("content-encoding", "")
        # As on a connection: a small reply may stand for a huge one.
        self._coded = Body(coding, ReplyLimits().body) if coding else None
        self._next = 0
        self._due = trio.current_time()

    @property
    def head(self) -> ReplyHead:
        """Status and headers."""
        return self._head

    def finish_nowait(self) -> bytes | None:
        """Nothing: every piece has its time."""
        return None

    async def read(self) -> bytes:
        """The next piece, at its time, decompressed; `b""` at the end.

        Raises:
            ReplyError: where the script cuts the reply, and where what it says cannot be decompressed.
        """
        if self._coded is None:
            return await self._arriving()
        while not (data := self._coded.read()):
            piece = await self._arriving()
            if not piece:
                self._coded.end()
                return b""
            self._coded.feed(piece)
        return data  # noqa: ASYNC910  # what is there already is handed out at once

    async def _arriving(self) -> bytes:
        timeline = self._exchange.reply.timeline
        if self._next == len(timeline):
            return await self._end()
        piece = timeline[self._next]
        # Counted from the piece before it, not from the read: a slow reader finds what has arrived meanwhile.
        await trio.sleep_until(self._due + piece.delay)
        self._due += piece.delay
        self._exchange.sent(self._next)
        self._next += 1
        return piece.data

    async def _end(self) -> bytes:
        await trio.lowlevel.checkpoint()
        ending = self._exchange.reply.ending
        if ending is Ending.STALL:
            await trio.sleep_forever()
        if ending is Ending.CUT:
            self._exchange.break_off()
            raise ReplyError("connection reset, as scripted")
        return b""

    async def aclose(self) -> None:  # noqa: ASYNC910  # it may run in a cancelled scope
        """Let go of the exchange. Closes at once; idempotent."""
        self._exchange.release()
