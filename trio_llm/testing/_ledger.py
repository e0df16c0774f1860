"""What a simulated provider saw: a record of every request, and their sums.

A request arrives and gets its number, is opened when it gets hold of a connection, has pieces of its reply sent, ends
once, and is released. The end and the release are two things: a reply may be delivered in full while its connection is
still held. Only the first word on the end counts. The sums are complete where the records are limited to the newest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import attrs

from .._runtime import trio
from .._transport import TransportStatistics
from .._types.usage import Usage
from ._actions import Fault, ToolUse
from ._prompt import Prompt


class RequestOutcome(Enum):
    """How an exchange ended, as the provider saw it.

    Example:
        assert simulator.requests[0].outcome is RequestOutcome.FINISHED
    """

    OPEN = "open"
    """Not yet."""
    FINISHED = "finished"
    """Every byte was delivered."""
    CLIENT_GONE = "client gone"
    """The client closed the connection before the end."""
    BROKEN = "broken"
    """The provider broke the connection, as scripted."""


@attrs.define(eq=False)
class RecordedRequest:
    """One request and what became of it. Times are those of the running clock (`trio.current_time`).

    Example:
        request = simulator.requests[0]
        print(request.path, request.status, request.outcome, request.text)
    """

    number: int
    """Its place in the order of arrival, from 0."""
    method: str
    path: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    """Lower-case names. Keys are among the values, so they stay out of the repr."""
    body: bytes = attrs.field(repr=False)
    prompt: Prompt = attrs.field(repr=False)
    """What it asks, read from path and body."""
    endpoint: str = ""
    """Family and operation, as `openai.chat`; empty for a path that the simulator does not know."""
    status: int | None = None
    """The status it is answered with; None where the connection breaks first."""
    account: str = attrs.field(default="", repr=False)
    """The key that it came with."""
    fault: Fault | None = None
    """What the fault plan, or an outage, did to it."""
    said: str = attrs.field(default="", repr=False)
    """The text of the whole answer, however much of it was delivered."""
    called: Sequence[ToolUse] = attrs.field(default=(), repr=False)
    """The tool calls of the whole answer, each with its id."""
    finish_reason: str | None = None
    """Why the answer ends; None where there is none."""
    retry_after: float | None = None
    """Seconds for which it is told to wait, where it is refused."""
    usage: Usage | None = None
    """The tokens that the whole answer costs."""
    prices: tuple[float, float] = (0.0, 0.0)
    """For a million tokens of questions, and of answers."""
    started: float = 0.0
    """When it arrived."""
    first_byte: float | None = None
    """When the reply's head left."""
    ended: float | None = None
    """When the last byte was delivered, or the connection was gone."""
    outcome: RequestOutcome = RequestOutcome.OPEN
    tokens_sent: int = 0
    """Tokens of the answer that were delivered: what a provider bills, as far as it can tell."""
    bytes_sent: int = 0
    """Bytes of the reply's body that were delivered."""

    @property
    def cost(self) -> float:
        """What a provider would bill: the question, and as much of the answer as was delivered."""
        asked = self.usage.prompt_tokens if self.usage is not None else 0
        return (asked * self.prices[0] + self.tokens_sent * self.prices[1]) / 1_000_000

    @property
    def json(self) -> Mapping[str, Any]:
        """The decoded body; empty where it is no JSON object."""
        return self.prompt.body

    @property
    def model(self) -> str:
        """The model it asks, as it stands on the wire."""
        return self.prompt.model

    @property
    def stream(self) -> bool:
        """Whether it asks for a stream."""
        return self.prompt.stream

    @property
    def text(self) -> str:
        """The last text of the user's."""
        return self.prompt.last


@attrs.frozen
class SimulatorStatistics(TransportStatistics):
    """Sums over everything that a simulator saw. `active` counts the requests that hold a connection now.

    Example:
        assert simulator.statistics().active == 0
    """

    peak: int
    """The most requests that held a connection at one time."""
    requests: int
    finished: int
    client_gone: int
    broken: int
    refused: int
    """Requests beyond the rate limits."""
    tokens_sent: int
    cost: float = 0.0
    """What all of it would be billed, by the prices of `Conditions.models`."""


class Ledger:
    """Records and counters. The records may be limited to the newest ones; the counters are complete."""

    def __init__(self, keep: int | None) -> None:
        self.requests: deque[RecordedRequest] = deque(maxlen=keep)
        self.refused = 0
        self._arrived = 0
        self._active = 0
        self._peak = 0
        self._tokens = 0
        self._cost = 0.0
        self._waiting: list[trio.Event] = []
        self._ended = dict.fromkeys(RequestOutcome, 0)

    def next_number(self) -> int:
        """The number of the request that arrives now."""
        self._arrived += 1
        return self._arrived - 1

    @property
    def active(self) -> int:
        """Requests that hold a connection now."""
        return self._active

    def open(self) -> None:
        """A request got hold of a connection."""
        self._active += 1
        self._peak = max(self._peak, self._active)

    def sent(self, record: RecordedRequest, size: int, tokens: int) -> None:
        """A piece of the reply's body was delivered."""
        record.bytes_sent += size
        record.tokens_sent += tokens
        self._tokens += tokens
        self._cost += tokens * record.prices[1] / 1_000_000

    def bill(self, record: RecordedRequest) -> None:
        """A question is about to be answered."""
        self._cost += record.cost

    def end(self, record: RecordedRequest, outcome: RequestOutcome, now: float) -> None:
        """The exchange is over. Only the first word on it counts."""
        if record.outcome is RequestOutcome.OPEN:
            record.outcome, record.ended = outcome, now
            self._ended[outcome] += 1

    def release(self) -> None:
        """The connection is free or closed."""
        self._active -= 1
        if not self._active:
            for event in self._waiting:
                event.set()
            self._waiting.clear()

    async def wait_idle(self) -> None:
        """Wait until no request holds a connection."""
        await trio.lowlevel.checkpoint()
        while self._active:
            event = trio.Event()
            self._waiting.append(event)
            await event.wait()

    def statistics(self) -> SimulatorStatistics:
        """A snapshot."""
        return SimulatorStatistics(
            active=self._active,
            idle=0,
            peak=self._peak,
            requests=self._arrived,
            finished=self._ended[RequestOutcome.FINISHED],
            client_gone=self._ended[RequestOutcome.CLIENT_GONE],
            broken=self._ended[RequestOutcome.BROKEN],
            refused=self.refused,
            tokens_sent=self._tokens,
            cost=self._cost,
        )
