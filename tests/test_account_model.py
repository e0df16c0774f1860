"""The line in front of a provider, against a model of it that knows no tasks."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest
import trio
from hypothesis import given, settings, strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from trio_llm import APIError, InternalServerError, Limits
from trio_llm._limits.account import Account, Admission
from trio_llm._limits.buckets import RateCost
from trio_llm._limits.line import Line, Waiter
from trio_llm._limits.ticket import Ticket
from trio_llm._types.usage import Usage

REQUESTS, TOKENS, SLOTS = 12, 600, 3
"""Per minute, few enough to be used up."""


@attrs.define(eq=False)
class ModelCall:
    """A call as the model sees it."""

    number: int
    cost: RateCost
    ticket: Ticket
    rank: tuple[int, int]
    state: str = "waiting"
    left_at: int = 0
    charged: float = 0
    """Tokens that count."""


@attrs.define
class Model:
    """What an account should do, evaluated from scratch after every event."""

    now: int = 0
    used: float = 0
    calls: list[ModelCall] = attrs.Factory(list[ModelCall])
    left: list[ModelCall] = attrs.Factory(list[ModelCall])
    """Every call that ever left."""

    @property
    def counted(self) -> list[ModelCall]:
        """Those that left within the last minute."""
        return [call for call in self.left if self.now < call.left_at + 60]

    @property
    def requests(self) -> int:
        return REQUESTS - len(self.counted)

    @property
    def tokens(self) -> float:
        return TOKENS - sum(call.charged for call in self.counted)

    def in_state(self, state: str) -> list[ModelCall]:
        return [call for call in self.calls if call.state == state]

    def settle(self) -> None:
        """Let in whoever may come in."""
        while waiting := self.in_state("waiting"):
            first = min(waiting, key=lambda call: call.rank)
            allowed = min(first.cost.tokens, TOKENS) <= self.tokens and self.requests >= 1
            if not allowed or len(self.in_state("in flight")) == SLOTS:
                return
            first.state, first.left_at, first.charged = "in flight", self.now, first.cost.tokens
            self.left.append(first)

    def end(self, call: ModelCall, used: float) -> None:
        call.state = "ended"
        self.used += used
        if self.now < call.left_at + 60:
            call.charged = used


class Driver:
    """Runs the same events through the model and through an account, and compares them after each."""

    def __init__(self, nursery: trio.Nursery, clock: MockClock) -> None:
        limits = Limits(max_in_flight=SLOTS, requests_per_minute=REQUESTS, tokens_per_minute=TOKENS)
        self.account = Account(limits)
        self.model = Model()
        self.nursery, self.clock = nursery, clock
        self.admissions: dict[int, Admission] = {}
        self.scopes: dict[int, trio.CancelScope] = {}
        self.ends: dict[int, trio.Event] = {}
        self.endings: dict[int, Callable[[Admission], None]] = {}

    async def _call(self, number: int, cost: RateCost, ticket: Ticket) -> None:
        with self.scopes[number]:
            try:
                with await self.account.enter(cost, ticket) as admission:
                    self.admissions[number] = admission
                    await self.ends[number].wait()
                    self.endings[number](admission)
            except APIError:
                pass
            finally:
                self.admissions.pop(number, None)

    def start(self, cost: RateCost, priority: int, again: ModelCall | None) -> None:
        """A call arrives, or an ended one is repeated."""
        number = len(self.model.calls)
        ticket, rank = (again.ticket, again.rank) if again else (self.account.ticket(priority), (-priority, number))
        self.model.calls.append(ModelCall(number, cost, ticket, rank))
        if again:
            again.state = "repeated"
        self.scopes[number], self.ends[number] = trio.CancelScope(), trio.Event()
        self.nursery.start_soon(self._call, number, cost, ticket)

    def finish(self, call: ModelCall, ending: str, used: int) -> None:
        """A call in flight ends."""
        error: APIError | None = None
        usage, received, charged = None, 0, 0.0
        if ending == "usage":
            usage, charged = Usage(used, used, 2 * used), 2.0 * used
        elif ending == "silent":
            charged = call.cost.tokens
        elif ending == "broken":
            received, error = used, InternalServerError("broken off")
            charged = call.cost.tokens - max(0, call.cost.answer - used) if used else 0

        def end(admission: Admission) -> None:
            admission.usage, admission.received = usage, received
            if error is not None:
                raise error

        self.endings[call.number] = end
        self.ends[call.number].set()
        self.model.end(call, charged)

    def cancel(self, call: ModelCall) -> None:
        """Whoever made the call gives up."""
        self.scopes[call.number].cancel()
        if call.state == "in flight":
            self.model.end(call, 0)
        call.state = "ended"

    async def compare(self) -> None:
        self.model.settle()
        await wait_all_tasks_blocked()
        statistics = self.account.statistics()
        in_flight = self.model.in_state("in flight")
        assert sorted(self.admissions) == [call.number for call in in_flight]
        assert statistics.in_flight == len(in_flight)
        assert statistics.waiting == len(self.model.in_state("waiting"))
        assert statistics.tokens_left == pytest.approx(self.model.tokens)
        assert statistics.requests_left == pytest.approx(self.model.requests)
        if self.model.now == 0:
            reserved = sum(call.cost.tokens for call in in_flight)
            assert statistics.tokens_left is not None
            assert statistics.tokens_left + reserved + self.model.used == TOKENS


costs = st.builds(RateCost, st.just(1), st.integers(0, 300), st.integers(0, 500))
events = st.one_of(
    st.tuples(st.just("start"), costs, st.integers(-1, 1)),
    st.tuples(st.just("start"), costs, st.integers(-1, 1)),
    st.tuples(st.just("repeat"), costs, st.integers(0, 99)),
    st.tuples(st.just("finish"), st.sampled_from(["usage", "silent", "broken"]), st.integers(0, 99)),
    st.tuples(st.just("finish"), st.sampled_from(["usage", "usage"]), st.integers(0, 99)),
    st.tuples(st.just("cancel"), st.integers(0, 99)),
    st.tuples(st.just("pass time"), st.integers(1, 30)),
)


async def play(driver: Driver, event: tuple[object, ...]) -> None:
    """One event for both; what does not apply does nothing."""
    match event:
        case ("start", RateCost() as cost, int(priority)):
            driver.start(cost, priority, None)
        case ("repeat", RateCost() as cost, int(place)) if ended := driver.model.in_state("ended"):
            driver.start(cost, 0, ended[place % len(ended)])
        case ("finish", str(ending), int(used)) if in_flight := driver.model.in_state("in flight"):
            driver.finish(in_flight[used % len(in_flight)], ending, used)
        case ("cancel", int(place)) if here := driver.model.in_state("waiting") + driver.model.in_state("in flight"):
            driver.cancel(here[place % len(here)])
        case ("pass time", int(seconds)):
            # Second by second: calls leave at the moment at which they may.
            for _ in range(seconds):
                driver.clock.jump(1)
                driver.model.now += 1
                await driver.compare()


@given(script=st.lists(events, max_size=40))
@settings(max_examples=150)
def test_an_account_does_what_its_model_does(script: list[tuple[object, ...]]) -> None:
    clock = MockClock()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            driver = Driver(nursery, clock)
            for event in script:
                await play(driver, event)
                await driver.compare()
            nursery.cancel_scope.cancel()
        statistics = driver.account.statistics()
        assert (statistics.in_flight, statistics.waiting) == (0, 0)

    trio.run(main, clock=clock)


@given(script=st.lists(events, max_size=30), burst=st.integers(2, 6))
def test_events_of_the_same_moment_leave_the_same_sums(script: list[tuple[object, ...]], burst: int) -> None:
    """Without a chance for the tasks to run in between, so that events meet tasks that are about to be woken."""
    clock = MockClock()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            driver = Driver(nursery, clock)
            for number, event in enumerate(script):
                if event[0] in {"start", "cancel"}:
                    play_unchecked(driver, event)
                if number % burst == 0:
                    await wait_all_tasks_blocked()
                    demand_work_is_conserved(driver.account)
            nursery.cancel_scope.cancel()
        statistics = driver.account.statistics()
        assert (statistics.in_flight, statistics.waiting, statistics.tokens_left) == (0, 0, TOKENS)

    trio.run(main, clock=clock)


def play_unchecked(driver: Driver, event: tuple[object, ...]) -> None:
    match event:
        case ("start", RateCost() as cost, int(priority)):
            driver.start(cost, priority, None)
        case ("cancel", int(place)) if calls := driver.model.calls:
            driver.scopes[calls[place % len(calls)].number].cancel()


def demand_work_is_conserved(account: Account) -> None:
    """Nobody waits who could go."""
    statistics = account.statistics()
    first = account._door.first
    if first is not None and statistics.in_flight < SLOTS:
        assert statistics.tokens_left is not None
        assert statistics.tokens_left < min(first.cost.tokens, TOKENS)


@given(
    steps=st.lists(st.tuples(st.integers(-2, 2), st.integers(0, 20), st.booleans())),
    place=st.tuples(st.integers(-3, 3), st.integers(0, 99)),
)
def test_a_line_is_a_sorted_list(steps: list[tuple[int, int, bool]], place: tuple[int, int]) -> None:
    line, expected = Line(), list[Waiter]()
    for number, (priority, tokens, leaves) in enumerate(steps):
        if leaves and expected:
            line.leave(expected.pop(tokens % len(expected)))
        waiter = Waiter((-priority, number), RateCost(1, tokens), None)
        line.join(waiter)
        expected.append(waiter)
        expected.sort(key=lambda one: one.rank)
        assert line.first is expected[0]
        assert len(line) == len(expected)
    assert line.cost_before(place) == sum([one.cost for one in expected if one.rank < place], RateCost(0))
