"""The line in front of a provider: against a model of it, under cancellation, and on both loops."""

from __future__ import annotations

import math

import anyio
import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from trio_llm import APIError, ChatRequest, InternalServerError, Limits, RateLimitError, ServiceUnavailableError
from trio_llm._limits.account import Account
from trio_llm._limits.buckets import ONE_REQUEST, RateCost
from trio_llm._limits.lane import DEFAULT_PAUSE
from trio_llm._limits.settings import LONGEST_RESPECTED_WAIT
from trio_llm._limits.ticket import Ticket
from trio_llm._runtime import trio as either
from trio_llm._types.http import ReplyHead
from trio_llm._types.usage import Usage

pytestmark = pytest.mark.anyio


# Single properties, on both loops where time does not matter.


async def hold(
    account: Account, seconds: float, *, cost: RateCost = ONE_REQUEST, ticket: Ticket | None = None
) -> float:
    """A call of some seconds. Returns when it got in."""
    with await account.enter(cost, ticket or account.ticket()):
        began: float = either.current_time()
        await either.sleep(seconds)
    return began


async def refuse(account: Account, error: APIError) -> None:
    with pytest.raises(type(error)), await account.enter(ONE_REQUEST, account.ticket()):
        raise error


@pytest.mark.parametrize("shared", [False, True])
async def test_no_more_calls_than_slots_are_in_flight_and_they_come_in_order(shared: bool) -> None:
    limiter = either.CapacityLimiter(2)
    account = Account(Limits(max_in_flight=limiter if shared else 2))
    order: list[int] = []
    most = 0

    async def call(number: int) -> None:
        nonlocal most
        with await account.enter(ONE_REQUEST, account.ticket()):
            order.append(number)
            most = max(most, account.statistics().in_flight)
            await either.sleep(0)

    async with either.open_nursery() as nursery:
        holder = await account.enter(ONE_REQUEST, account.ticket())
        with holder:
            for number in range(10):
                nursery.start_soon(call, number)
                await anyio.wait_all_tasks_blocked()
    assert order == list(range(10))
    assert most == 2
    assert limiter.borrowed_tokens == account.statistics().in_flight == 0


async def test_anyios_limiter_serves_on_asyncio_and_on_trio() -> None:
    limiter = anyio.CapacityLimiter(1)
    account = Account(Limits(max_in_flight=limiter))
    async with anyio.create_task_group() as group, limiter:
        group.start_soon(hold, account, 0)
        await anyio.wait_all_tasks_blocked()
        assert account.statistics().waiting == 1
    assert account.statistics().attempts == 1


async def test_two_accounts_share_a_limiter_without_holding_slots_they_cannot_use(autojump_clock: MockClock) -> None:
    limiter = trio.CapacityLimiter(1)
    slow = Account(Limits(max_in_flight=limiter, requests_per_minute=1))
    fast = Account(Limits(max_in_flight=limiter))
    await hold(slow, 0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hold, slow, 1)
        await wait_all_tasks_blocked()
        assert await hold(fast, 1) == 0
    assert trio.current_time() == 61


async def test_a_paused_account_lets_nobody_in_who_already_waits_for_a_slot(autojump_clock: MockClock) -> None:
    account = Account(Limits(max_in_flight=1))
    began: list[float] = []

    async def call() -> None:
        began.append(await hold(account, 0))

    async with trio.open_nursery() as nursery:
        with pytest.raises(ServiceUnavailableError), await account.enter(ONE_REQUEST, account.ticket()):
            nursery.start_soon(call)
            await wait_all_tasks_blocked()
            raise ServiceUnavailableError("overloaded", status_code=529, retry_after=7)
    assert began == [7]


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (RateLimitError("no", retry_after=30), 30),
        (RateLimitError("no"), DEFAULT_PAUSE),
        (RateLimitError("come back tomorrow", retry_after=86_400), LONGEST_RESPECTED_WAIT),
        (ServiceUnavailableError("no", status_code=529), DEFAULT_PAUSE),
        (ServiceUnavailableError("no", retry_after=30), 0),
        (InternalServerError("no"), 0),
    ],
)
async def test_a_429_or_529_pauses_everybody(error: APIError, seconds: float, autojump_clock: MockClock) -> None:
    account = Account(Limits())
    await refuse(account, error)

    assert account.statistics().paused_for == seconds
    assert account.statistics().errors == 1
    assert await hold(account, 0) == seconds


async def test_a_round_of_answers_doubles_the_slots_that_an_account_starts_with() -> None:
    account = Account(Limits())
    round_of_calls = [account.enter_nowait(ONE_REQUEST, account.ticket()) for _ in range(20)]
    assert account.enter_nowait(ONE_REQUEST, account.ticket()) is None
    for admission in round_of_calls:
        assert admission is not None
        account.leave(admission, None)

    assert account.statistics().slots == 40


async def test_the_longest_pause_of_any_lane_is_reported(autojump_clock: MockClock) -> None:
    account = Account(Limits())
    account.ticket(lane="free")
    with pytest.raises(RateLimitError), await account.enter(ONE_REQUEST, account.ticket(lane="paused")):
        raise RateLimitError("slow down", status_code=429, retry_after=30)

    assert account.statistics().paused_for == 30


async def test_a_shorter_pause_does_not_end_a_longer_one(autojump_clock: MockClock) -> None:
    account = Account(Limits())
    with pytest.raises(RateLimitError), await account.enter(ONE_REQUEST, account.ticket()):
        await refuse(account, RateLimitError("no", retry_after=30))
        raise RateLimitError("no", retry_after=1)

    assert await hold(account, 0) == 30


async def test_a_wait_that_cannot_end_in_time_is_refused_at_once(autojump_clock: MockClock) -> None:
    account = Account(Limits(requests_per_minute=60))
    for _ in range(60):
        await hold(account, 0)
    with trio.CancelScope(deadline=60):
        with pytest.raises(RateLimitError, match=r"in 60\.0 s, after its deadline") as caught:
            await account.enter(ONE_REQUEST, account.ticket())
        assert trio.current_time() == 0
        assert caught.value.retry_after == 60
    with trio.CancelScope(deadline=119):
        async with trio.open_nursery() as nursery:
            for _ in range(60):
                nursery.start_soon(hold, account, 0)
            await wait_all_tasks_blocked()
            with pytest.raises(RateLimitError, match=r"in 120\.0 s, after its deadline"):
                await account.enter(ONE_REQUEST, account.ticket())
    assert trio.current_time() == 60
    assert account.statistics().waiting == 0


async def test_whoever_is_overtaken_may_come_too_late_and_is_told_when_its_turn_comes(
    autojump_clock: MockClock,
) -> None:
    account = Account(Limits(requests_per_minute=60))
    for _ in range(60):
        await hold(account, 0)
    async with trio.open_nursery() as nursery:
        with trio.CancelScope(deadline=61), pytest.raises(RateLimitError):
            for _ in range(60):
                nursery.start_soon(lambda: hold(account, 0, ticket=account.ticket(1)))
            await account.enter(ONE_REQUEST, account.ticket())
    assert trio.current_time() == 60


async def test_a_pause_refuses_those_whose_deadline_it_outlasts_and_keeps_the_others(autojump_clock: MockClock) -> None:
    account = Account(Limits(max_in_flight=1))

    async def impatient() -> None:
        with trio.CancelScope(deadline=10), pytest.raises(RateLimitError):
            await account.enter(ONE_REQUEST, account.ticket())
        refused_at.append(trio.current_time())

    refused_at: list[float] = []
    async with trio.open_nursery() as nursery:
        with pytest.raises(RateLimitError), await account.enter(ONE_REQUEST, account.ticket()):
            nursery.start_soon(impatient)
            nursery.start_soon(impatient)
            await trio.sleep(1)
            nursery.start_soon(hold, account, 0)
            raise RateLimitError("no", retry_after=20)
    assert refused_at == [1, 1]
    assert trio.current_time() == 21


async def test_priority_goes_first_even_before_one_that_already_waits_for_the_slot(autojump_clock: MockClock) -> None:
    for limiter in (1, trio.CapacityLimiter(1)):
        account = Account(Limits(max_in_flight=limiter))
        order: list[int] = []

        async def call(priority: int, account: Account = account, order: list[int] = order) -> None:
            await hold(account, 1, ticket=account.ticket(priority))
            order.append(priority)

        async with trio.open_nursery() as nursery:
            for priority in (9, 0, 1, 0, 2, 2):
                nursery.start_soon(call, priority)
                await wait_all_tasks_blocked()
        assert order == [9, 2, 2, 1, 0, 0]


@pytest.mark.parametrize(
    ("limits", "header", "is_estimated"),
    [
        (Limits(), None, False),
        (Limits(requests_per_minute=60), None, False),
        (Limits(tokens_per_minute=6_000), None, True),
        (Limits(), "requests", False),
        (Limits(), "tokens", True),
        (Limits(tokens_per_minute=6_000, adaptive=True), "tokens", True),
    ],
)
async def test_tokens_are_estimated_only_where_something_counts_them(
    limits: Limits, header: str | None, is_estimated: bool
) -> None:
    account = Account(limits)
    if header is not None:
        with await account.enter(ONE_REQUEST, account.ticket()) as admission:
            described = {f"x-ratelimit-{word}-{header}": "1000" for word in ("limit", "remaining")}
            admission.learn(ReplyHead(200, described))
    ticket = account.ticket(request=ChatRequest("openai/m", [{"role": "user", "content": "x" * 4_000}]))
    cost = account.cost_of(ticket)

    assert (cost.prompt > 900) is is_estimated
    assert (ticket.estimate is not None) is is_estimated
    assert account.cost_of(ticket) == cost


async def test_a_large_call_is_not_starved_by_small_ones(autojump_clock: MockClock) -> None:
    account = Account(Limits(tokens_per_minute=600))
    small, large = RateCost(1, 10), RateCost(1, 600)
    began: list[float] = []

    async def call() -> None:
        began.append(await hold(account, 0, cost=large))

    async def flood() -> None:
        while not began:
            nursery.start_soon(lambda: hold(account, 0, cost=small))
            await trio.sleep(0.5)

    async with trio.open_nursery() as nursery:
        await hold(account, 0, cost=small)
        nursery.start_soon(call)
        await wait_all_tasks_blocked()
        nursery.start_soon(flood)
    assert began == [60]


async def test_a_repeated_call_stands_where_it_first_stood(autojump_clock: MockClock) -> None:
    account = Account(Limits(max_in_flight=1))
    order: list[str] = []

    async def call(name: str, ticket: Ticket) -> None:
        await hold(account, 1, ticket=ticket)
        order.append(name)

    first = account.ticket()
    await hold(account, 0, ticket=first)
    async with trio.open_nursery() as nursery:
        for name, ticket in (
            ("holder", account.ticket()),
            ("b", account.ticket()),
            ("c", account.ticket()),
            ("repeated", first),
        ):
            nursery.start_soon(call, name, ticket)
            await wait_all_tasks_blocked()
    assert order == ["holder", "repeated", "b", "c"]


async def test_a_cancelled_wait_wakes_the_next_in_line(autojump_clock: MockClock) -> None:
    account = Account(Limits(tokens_per_minute=600))
    await hold(account, 0, cost=RateCost(1, 590))
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: hold(account, 0, cost=RateCost(1, 600)))
            await wait_all_tasks_blocked()
            scope.cancel()
    async with trio.open_nursery() as nursery:
        outer = trio.CancelScope()

        async def large() -> None:
            with outer:
                await hold(account, 0, cost=RateCost(1, 600))

        nursery.start_soon(large)
        await wait_all_tasks_blocked()
        nursery.start_soon(lambda: hold(account, 0, cost=RateCost(1, 10)))
        await wait_all_tasks_blocked()
        outer.cancel()
    assert trio.current_time() == 0


async def test_a_cancelled_call_is_not_refused_but_ends_as_cancelled() -> None:
    account = Account(Limits(requests_per_minute=1))
    await hold(account, 0)
    with either.CancelScope() as scope:
        scope.cancel()
        await account.enter(ONE_REQUEST, account.ticket())

    assert scope.cancelled_caught


async def test_whoever_is_overtaken_just_when_its_turn_comes_waits_for_the_next(autojump_clock: MockClock) -> None:
    account, large = Account(Limits(tokens_per_minute=600)), RateCost(1, 600)
    await hold(account, 0, cost=large)
    order: list[str] = []

    async def give_way_and_overtake() -> None:
        with scope:
            await account.enter(large, account.ticket())
        # Still in the step in which it left the line and woke the next.
        await hold(account, 0, cost=large, ticket=account.ticket(1))
        order.append("overtaker")

    async def overtaken() -> None:
        await hold(account, 0, cost=large)
        order.append("overtaken")

    async with trio.open_nursery() as nursery:
        scope = trio.CancelScope()
        nursery.start_soon(give_way_and_overtake)
        await wait_all_tasks_blocked()
        nursery.start_soon(overtaken)
        await wait_all_tasks_blocked()
        scope.cancel()
    assert order == ["overtaker", "overtaken"]
    assert trio.current_time() == 120


async def test_waits_of_float_remainders_end(autojump_clock: MockClock) -> None:
    account = Account(Limits(requests_per_minute=700))
    autojump_clock.jump(1e9)  # where a float's step is more than the time that is not worth waiting for
    async with trio.open_nursery() as nursery:
        for _ in range(1_000):
            nursery.start_soon(hold, account, 0)
    assert trio.current_time() - 1e9 == 60


def described(remaining: int) -> ReplyHead:
    return ReplyHead(200, {"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": f"{remaining}"})


async def test_adaptive_accounts_begin_with_few_and_let_everybody_in_once_limits_are_described() -> None:
    account = Account(Limits(max_in_flight=500, adaptive=True))
    assert account.statistics().slots == 20
    with await account.enter(ONE_REQUEST, account.ticket(lane="m")) as admission:
        admission.learn(described(40))

    statistics = account.statistics()
    assert statistics.slots == 500
    assert statistics.described["m"]["x-ratelimit-requests"] == pytest.approx(40, abs=1)


async def test_limits_are_followed_model_by_model(autojump_clock: MockClock) -> None:
    account = Account(Limits(adaptive=True))
    with await account.enter(ONE_REQUEST, account.ticket(lane="small")) as admission:
        admission.learn(described(0))

    assert await hold(account, 0, ticket=account.ticket(lane="large")) == 0
    assert await hold(account, 0, ticket=account.ticket(lane="small")) == pytest.approx(1 / 0.98)


async def test_a_reply_wakes_whoever_waits_for_what_it_says(autojump_clock: MockClock) -> None:
    account = Account(Limits(adaptive=True))
    with await account.enter(ONE_REQUEST, account.ticket()) as admission:
        admission.learn(described(0))
        async with trio.open_nursery() as nursery:
            with await account.enter(ONE_REQUEST, account.ticket()) as another:
                nursery.start_soon(hold, account, 0)
                nursery.start_soon(hold, account, 0)
                await wait_all_tasks_blocked()
                another.learn(described(50))
                await wait_all_tasks_blocked()
                assert account.statistics().waiting == 0


async def test_refusals_that_waiting_does_not_end_teach_a_number_in_flight(autojump_clock: MockClock) -> None:
    account = Account(Limits(adaptive=True))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hold, account, 100)
        nursery.start_soon(hold, account, 100)
        await wait_all_tasks_blocked()
        for _ in range(3):
            await refuse(account, RateLimitError("no", retry_after=1))
        assert account.statistics().lanes[""].slots == 2
        assert await hold(account, 0) == 100
    assert account.statistics().lanes[""].slots > 2


async def test_a_limiter_of_the_callers_keeps_its_size() -> None:
    account = Account(Limits(max_in_flight=either.CapacityLimiter(9), adaptive=True))
    await refuse(account, RateLimitError("no"))
    await hold(account, 0, ticket=account.ticket(lane="other"))

    assert account.statistics().slots == 9


async def test_explained_refusals_leave_the_number_in_flight_alone() -> None:
    account = Account(Limits(max_in_flight=50, adaptive=True))
    with pytest.raises(RateLimitError), await account.enter(ONE_REQUEST, account.ticket()) as admission:
        admission.learn(described(0))
        raise RateLimitError("no")

    assert account.statistics().slots == 50


async def test_made_up_models_do_not_fill_memory() -> None:
    account = Account(Limits(adaptive=True))
    for number in range(2_500):
        with await account.enter(ONE_REQUEST, account.ticket(lane=f"{number}")) as admission:
            admission.learn(described(40))

    assert len(account.statistics().described) <= 1_000


async def test_the_sums_are_what_replies_said() -> None:
    account = Account(Limits())
    for _ in range(3):
        with await account.enter(ONE_REQUEST, account.ticket()) as admission:
            admission.usage = Usage(5, 7, 12)
    statistics = account.statistics()

    assert (statistics.attempts, statistics.errors) == (3, 0)
    assert (statistics.prompt_tokens, statistics.completion_tokens) == (15, 21)
    assert (statistics.requests_left, statistics.tokens_left, statistics.slots) == (None, None, 20)


async def test_no_limit_at_all_is_possible() -> None:
    account = Account(Limits(max_in_flight=None, requests_per_minute=math.inf))

    assert account.statistics().slots == math.inf
    assert account.statistics().requests_left is None


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("max_in_flight", 0, ValueError),
        ("max_in_flight", 2.5, TypeError),
        ("max_in_flight", "many", TypeError),
        ("requests_per_minute", 0, ValueError),
        ("requests_per_minute", math.nan, ValueError),
        ("tokens_per_minute", -1, ValueError),
    ],
)
def test_limits_that_make_no_sense_are_refused(name: str, value: object, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=name):
        Limits(**{name: value})  # type: ignore[arg-type]


async def test_after_a_refusal_no_call_goes_past_the_pause_without_waiting(autojump_clock: MockClock) -> None:
    account = Account(Limits(max_in_flight=9))
    assert account.enter_nowait(ONE_REQUEST, account.ticket()) is not None
    await refuse(account, RateLimitError("no", retry_after=30))

    assert account.enter_nowait(ONE_REQUEST, account.ticket()) is None
    await trio.sleep(30)
    assert account.enter_nowait(ONE_REQUEST, account.ticket()) is not None


async def test_a_lane_that_falls_idle_leaves_its_share_of_the_rate_to_the_others(autojump_clock: MockClock) -> None:
    account = Account(Limits(adaptive=True))
    for lane in ("first", "second"):
        with pytest.raises(RateLimitError), await account.enter(ONE_REQUEST, account.ticket(lane=lane)):
            raise RateLimitError("slowly", status_code=429)
    other = account.ticket(lane="second").lane.pace
    assert other is not None
    await hold(account, 0, ticket=account.ticket(lane="second"))
    reached = other.rate
    with await account.enter(ONE_REQUEST, account.ticket(lane="first")):
        for _ in range(20):
            await hold(account, 0, ticket=account.ticket(lane="first"))
        assert other.rate == reached  # not while it is in use

    assert other.rate > reached


async def test_a_call_arrives_once_however_often_it_comes() -> None:
    account = Account(Limits())
    assert account.arrivals == 0
    first, second, third = (account.ticket() for _ in range(3))
    for _ in range(2):
        admission = account.enter_nowait(ONE_REQUEST, first)
        assert admission is not None
        admission.leave(None)
        await hold(account, 0, ticket=second)
    assert account.enter_nowait(ONE_REQUEST, second) is not None
    assert account.arrivals == 2
    await hold(account, 0, ticket=third)
    await hold(account, 0, ticket=first)

    assert [ticket.arrival for ticket in (first, second, third)] == [1, 2, 3]
    assert account.arrivals == 3


async def test_calls_that_were_sent_back_follow_the_first_in_the_order_in_which_they_came_back() -> None:
    account, order = Account(Limits(max_in_flight=1)), list[str]()

    async def call(name: str, ticket: Ticket) -> None:
        with await account.enter(ONE_REQUEST, ticket):
            order.append(name)

    refused = [account.ticket() for _ in range(3)]
    for ticket in refused:
        await hold(account, 0, ticket=ticket)
        ticket.refused = True
    async with either.open_nursery() as nursery:
        with await account.enter(ONE_REQUEST, account.ticket()):
            for name in ("first", "last"):
                nursery.start_soon(call, name, account.ticket())
                await anyio.wait_all_tasks_blocked()
            for name, ticket in zip(("b", "c", "a"), [*refused[1:], refused[0]], strict=True):
                account.send_back(ticket)
                assert not ticket.refused
                nursery.start_soon(call, name, ticket)
            await anyio.wait_all_tasks_blocked()

    assert order == ["first", "b", "c", "a", "last"]


async def test_an_account_is_at_rest_when_none_of_its_own_limits_is_in_use(autojump_clock: MockClock) -> None:
    for limits in (Limits(tokens_per_minute=100), Limits(requests_per_minute=10), Limits()):
        account = Account(limits)
        assert account.is_at_rest()
        await hold(account, 0, cost=RateCost(1, 10, 10))
        assert account.is_at_rest() == (limits == Limits())
        await trio.sleep(61)
        assert account.is_at_rest()
