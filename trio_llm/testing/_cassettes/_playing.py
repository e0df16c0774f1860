"""A transport that plays a cassette, in memory or, through `serve`, on a port.

Each recording is played once. Those of the same meaning are played in the order in which they were recorded. A request
of which none is left is a `StaleCassetteError`; so a program that asks otherwise, or once more, does not go unnoticed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from os import PathLike
from typing import Final, Literal, TypeAlias

from ..._runtime import trio
from ..._transport import TransportError
from ..._types.http import HTTPRequest, Origin, ReplyHead
from .._actions import Action, Delivery
from .._faults import FaultPlan, Moment
from .._ledger import Ledger, RecordedRequest, SimulatorStatistics
from .._simulator import PlayedReply, SimulatedReply, Simulator
from .._timeline import Ending, ScriptedReply
from ._cleaning import Cleaner
from ._grafting import Playing, grafted, playing
from ._matching import StaleCassetteError, differences_from_nearest, meaning
from ._reading import read_tape
from ._tape import TapedExchange

Speed: TypeAlias = Literal[0, "recorded"]


def replay(
    path: str | PathLike[str], *, speed: Speed = 0, repeat: bool = False, faults: FaultPlan | None = None
) -> Player:
    """Answer from a cassette, without a network and without a key.

        async with Client(transport=replay("chat.jsonl")) as client:
            await client.completion("openai/gpt-4o", messages)

    What is matched is what a request asks: method, path and body, the body as a JSON value. Credentials, headers and
    the order of keys do not count. Where the same was asked of several hosts, each gets its own answer. `serve` plays
    it on a port, for any client.

    Args:
        path: what `record` wrote, or a cassette of VCR.py's.
        speed: 0 leaves all waiting out; `recorded` waits as it was recorded, by the running clock.
        repeat: answer a request with its last recording again when all of it have been played.
        faults: grafted onto the replay.

    Raises:
        ValueError: if it is no cassette.
    """
    if speed not in (0, "recorded"):
        raise ValueError(f"speed is 0 or 'recorded', not {speed!r}")
    return Player(read_tape(path), in_time=speed == "recorded", repeat=repeat, faults=faults or FaultPlan())


class Player:
    """A transport that answers from a cassette. Made by `replay`.

    Example:
        player = replay("chat.jsonl", speed="recorded")
        async with Client(transport=player) as client:
            await client.completion("openai/gpt-4o", messages)
        assert not player.unplayed
    """

    needs_no_key: Final = True
    """A client that has it as its transport, and is given no `variables`, makes up the keys that nobody has set."""

    def __init__(self, exchanges: Sequence[TapedExchange], *, in_time: bool, repeat: bool, faults: FaultPlan) -> None:
        self._exchanges = exchanges
        self._in_time = in_time
        self._repeat = repeat
        self._faults = faults
        self._ledger = Ledger(None)
        self._cleaner = Cleaner()
        self._left: dict[str, deque[TapedExchange]] = {}
        self._played: dict[str, list[TapedExchange]] = {}
        for exchange in exchanges:
            self._left.setdefault(meaning(exchange.request), deque()).append(exchange)

    @property
    def requests(self) -> Sequence[RecordedRequest]:
        """Every request in the order of arrival, with what became of it."""
        return list(self._ledger.requests)

    @property
    def unplayed(self) -> Sequence[str]:
        """Method and path of what was recorded and not asked for."""
        left = sorted((one for queue in self._left.values() for one in queue), key=lambda one: one.started)
        return [f"{one.request.method} {one.request.path}" for one in left]

    def statistics(self) -> SimulatorStatistics:
        """Sums over every request; `active` counts those whose reply is not yet closed."""
        return self._ledger.statistics()

    async def wait_idle(self) -> None:
        """Wait until no request holds a connection. To be called in the event loop in which it plays."""
        await self._ledger.wait_idle()

    def respond(self, request: HTTPRequest, *, now: float = 0.0) -> ScriptedReply:
        """Decide what happens to a request of which nobody knows where it was to go.

        Raises:
            StaleCassetteError: if nothing is left for it.
        """
        return self._decide(request, None, now)[0]

    async def send(self, origin: Origin, request: HTTPRequest) -> SimulatedReply:
        """Wait for the head of the recorded reply.

        Raises:
            TransportError: where one was recorded, or grafted.
            StaleCassetteError: if nothing is left for the request.
        """
        reply, taped = self._decide(request, str(origin), trio.current_time())
        exchange = self.open_exchange(reply)
        try:
            await trio.sleep(reply.latency)
            return SimulatedReply(exchange, exchange.send_head())
        except TransportError as error:
            exchange.release()
            raise (taped.failure.error() if taped is not None and taped.failure is not None else error) from None
        except BaseException:
            exchange.release()
            raise

    async def aclose(self) -> None:
        """Nothing to do: replies close themselves, and the ledger stays readable."""
        await trio.lowlevel.checkpoint()

    def open_exchange(self, reply: ScriptedReply) -> PlayedReply:
        """Begin to play a reply; the exchange counts as active until it is released."""
        return PlayedReply(self._ledger, reply)

    def _decide(
        self, request: HTTPRequest, origin: str | None, now: float
    ) -> tuple[ScriptedReply, TapedExchange | None]:
        """The reply, and the recording that it is unless a fault takes its place."""
        # The simulator knows what a request of any wire asks.
        shadow = Simulator().respond(request)
        record = shadow.request
        record.number, record.started = self._ledger.next_number(), now
        self._ledger.requests.append(record)
        record.status, record.usage = None, None
        taped = self._take(self._cleaner.request(request), origin)
        fault = self._faults.strike(Moment(record.number, now, record.account, record.model))
        # A plain delivery changes how the recorded reply arrives. Any other fault takes its place.
        if fault is not None and type(fault) is not Delivery:
            return _replaced(fault, request, record), None
        reply = playing(taped, in_time=self._in_time)
        if fault is not None:
            assert isinstance(fault, Delivery)
            reply = grafted(taped, reply, fault)
        return _scripted(record, taped, reply), taped

    def _take(self, request: HTTPRequest, origin: str | None) -> TapedExchange:
        key = meaning(request)
        queue, played = self._left.get(key, deque()), self._played.setdefault(key, [])
        here = [one for one in queue if one.origin == origin]
        # A base URL may have changed since; but what one host was asked is no answer of another one's.
        if not here and not any(one.origin == origin for one in played):
            here = list(queue)
        if here:
            queue.remove(here[0])
            played.append(here[0])
            return here[0]
        if self._repeat and played:
            return next((one for one in reversed(played) if one.origin == origin), played[-1])
        nearest = [] if played else differences_from_nearest(self._exchanges, request)
        raise StaleCassetteError(request, nearest, played=len(played))


def _replaced(fault: Action | Delivery, request: HTTPRequest, record: RecordedRequest) -> ScriptedReply:
    """What a simulated provider says in the place of the recording, in the words of the wire."""
    other = Simulator(faults=FaultPlan([fault])).respond(request)
    record.status = other.request.status
    return ScriptedReply(record, other.head, other.latency, other.timeline, other.ending)


def _scripted(record: RecordedRequest, taped: TapedExchange, reply: Playing) -> ScriptedReply:
    if taped.head is None:
        return ScriptedReply(record, None, reply.latency)
    record.status = taped.head.status
    headers = dict(taped.head.headers)
    if reply.ending is Ending.COMPLETE and headers.get("content-type", "").startswith("application/json"):
        headers["content-length"] = str(sum(len(piece.data) for piece in reply.pieces))
    head = ReplyHead(taped.head.status, headers)
    # An empty piece would be the end of the body.
    pieces = [piece for piece in reply.pieces if piece.data]
    return ScriptedReply(record, head, reply.latency, pieces, reply.ending)
