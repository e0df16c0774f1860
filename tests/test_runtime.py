"""Every name of Trio's vocabulary behaves on asyncio as it does on Trio: each test here runs on both."""

from __future__ import annotations

import asyncio
import gc
import math
from typing import Any

import pytest
import trio as real_trio  # noqa: ASYNC106  # `trio` is the vocabulary here

from trio_llm._runtime import asyncio_loop as _asyncio, trio
from trio_llm._runtime.run_var import RunVar

pytestmark = pytest.mark.anyio


async def raises(error: type[BaseException]) -> None:
    """A child that fails."""
    raise error


async def others_ran() -> None:
    """Every other task goes on until it waits, however slow the machine is."""
    for _ in range(10):
        await trio.lowlevel.checkpoint()


async def test_the_names_are_trios_own_on_trio_and_the_shims_on_asyncio(anyio_backend_name: str) -> None:
    expected = real_trio if anyio_backend_name == "trio" else _asyncio
    assert trio.open_nursery is expected.open_nursery
    assert trio.Event is expected.Event


async def test_every_name_of_the_shim_exists_in_trio() -> None:
    assert [name for name in _asyncio.__all__ if not hasattr(real_trio, name)] == []
    assert [name for name in vars(_asyncio.lowlevel) if not hasattr(real_trio.lowlevel, name)] == []


# Scopes and time


async def test_a_cancelled_scope_catches_its_own_cancellation() -> None:
    with trio.CancelScope() as scope:
        scope.cancel(reason="a test")
        assert scope.cancel_called
        await trio.sleep_forever()
    assert scope.cancelled_caught


async def test_a_scope_that_ends_by_itself_has_caught_nothing() -> None:
    with trio.CancelScope() as scope:
        await trio.lowlevel.checkpoint()
    assert not scope.cancelled_caught


async def test_cancellation_is_an_exception_that_passes_through_finally() -> None:
    seen: list[type[BaseException]] = []
    with trio.CancelScope() as scope:
        scope.cancel(reason="a test")
        try:
            await trio.sleep_forever()
        except trio.Cancelled as error:
            seen.append(type(error))
            raise
    assert seen == [trio.Cancelled]
    assert not issubclass(trio.Cancelled, Exception)


async def test_a_cancelled_task_is_cancelled_again_at_its_next_checkpoint() -> None:
    cancellations = 0
    with trio.CancelScope() as scope:
        scope.cancel(reason="a test")
        for _ in range(2):
            try:
                await trio.sleep_forever()
            except trio.Cancelled:  # noqa: ASYNC103  # that is what does not end it
                cancellations += 1
        await trio.lowlevel.checkpoint()
    assert cancellations == 2
    assert scope.cancelled_caught


async def test_a_shield_protects_until_its_own_deadline() -> None:
    with trio.CancelScope() as scope:
        scope.cancel(reason="a test")
        with trio.move_on_after(0.01, shield=True) as shield:
            await trio.lowlevel.checkpoint()
            await trio.sleep_forever()
        assert shield.cancelled_caught
        await trio.sleep_forever()
    assert scope.cancelled_caught


async def test_move_on_after_moves_on() -> None:
    start = trio.current_time()
    with trio.move_on_after(0.01) as scope:
        await trio.sleep_forever()
    assert scope.cancelled_caught
    assert trio.current_time() - start >= 0.009


async def test_move_on_at_a_time_in_the_past_moves_on_at_the_first_checkpoint() -> None:
    with trio.move_on_at(trio.current_time() - 1) as scope:
        await trio.lowlevel.checkpoint()
    assert scope.cancelled_caught


async def test_fail_after_and_fail_at_raise_too_slow() -> None:
    with pytest.raises(real_trio.TooSlowError), trio.fail_after(0.01):
        await trio.sleep_forever()
    with pytest.raises(trio.TooSlowError), trio.fail_at(trio.current_time()):
        await trio.sleep_forever()
    with trio.fail_after(5) as scope:
        await trio.lowlevel.checkpoint()
    assert not scope.cancelled_caught


async def test_a_deadline_may_be_moved() -> None:
    with trio.move_on_after(50) as scope:
        scope.deadline = trio.current_time()
        await trio.sleep_forever()
    assert scope.cancelled_caught


async def test_the_effective_deadline_is_the_nearest_visible_one() -> None:
    outside = trio.current_effective_deadline()
    now = trio.current_time()
    with trio.move_on_at(now + 1) as outer, trio.move_on_at(now + 2):  # noqa: ASYNC100  # nothing is waited for
        assert trio.current_effective_deadline() == min(outside, outer.deadline)
        with trio.CancelScope(shield=True):  # noqa: ASYNC100
            assert trio.current_effective_deadline() == math.inf
        outer.cancel(reason="a test")
        assert trio.current_effective_deadline() == -math.inf


@pytest.mark.parametrize("seconds", [-1, math.nan])
async def test_a_duration_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="must"):
        trio.move_on_after(seconds)  # noqa: ASYNC122  # nothing is entered
    with pytest.raises(ValueError, match="must"), trio.fail_after(seconds):
        await trio.lowlevel.checkpoint()
    with pytest.raises(ValueError, match="must"):
        await trio.sleep(seconds)


async def test_sleep_ends_when_it_should() -> None:
    start = trio.current_time()
    await trio.sleep(0.01)
    await trio.sleep_until(start + 0.02)
    await trio.sleep_until(start)
    assert 0.019 <= trio.current_time() - start < 5


async def test_sleeping_for_ever_can_be_written_as_a_duration() -> None:
    with trio.move_on_after(0.01) as scope:
        await trio.sleep(math.inf)  # noqa: ASYNC116  # the point of this test
    assert scope.cancelled_caught


async def test_checkpoint_if_cancelled_is_one_only_then() -> None:
    await trio.lowlevel.checkpoint_if_cancelled()
    with trio.CancelScope() as scope:
        scope.cancel(reason="a test")
        await trio.lowlevel.cancel_shielded_checkpoint()
        await trio.lowlevel.checkpoint_if_cancelled()
        pytest.fail("it goes on")
    assert scope.cancelled_caught


# Nurseries


async def test_a_nursery_waits_for_its_children() -> None:
    done: list[int] = []

    async def child(number: int) -> None:
        await trio.sleep(0.001 * number)
        done.append(number)

    async with trio.open_nursery() as nursery:
        for number in (2, 1):
            nursery.start_soon(child, number)
    assert sorted(done) == [1, 2]


async def test_a_failing_child_cancels_the_others_and_is_raised_in_a_group() -> None:
    with pytest.RaisesGroup(KeyError):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            nursery.start_soon(raises, KeyError)


async def test_an_error_in_the_block_is_in_a_group_as_well() -> None:
    with pytest.RaisesGroup(KeyError):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            raise KeyError


async def test_a_cancelled_nursery_ends_without_error() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep_forever)
        nursery.cancel_scope.cancel(reason="a test")
    assert nursery.cancel_scope.cancelled_caught


async def test_start_waits_until_the_child_says_that_it_has_started() -> None:
    async def service(task_status: Any = trio.TASK_STATUS_IGNORED) -> None:  # noqa: ASYNC114
        await trio.lowlevel.checkpoint()
        task_status.started("ready")
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        assert await nursery.start(service) == "ready"
        nursery.cancel_scope.cancel(reason="a test")


async def test_a_child_that_fails_to_start_raises_bare() -> None:
    async def service(task_status: Any = trio.TASK_STATUS_IGNORED) -> None:  # noqa: ASYNC114
        raise KeyError

    async with trio.open_nursery() as nursery:
        with pytest.raises(KeyError):
            await nursery.start(service)


# Events, locks, limiters


async def test_an_event_wakes_those_who_wait() -> None:
    event = trio.Event()
    assert not event.is_set()
    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(event.wait)
        await trio.lowlevel.checkpoint()
        event.set()
    assert event.is_set()
    await event.wait()


async def test_a_lock_is_held_by_one_task_at_a_time_in_order() -> None:
    lock = trio.Lock()
    order: list[int] = []

    async def hold(number: int) -> None:
        async with lock:
            order.append(number)
            assert lock.locked()
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        await lock.acquire()
        for number in range(3):
            nursery.start_soon(hold, number)
            await others_ran()
        lock.release()
    assert order == [0, 1, 2]
    assert not lock.locked()


async def test_what_is_taken_would_block() -> None:
    limiter, semaphore = trio.CapacityLimiter(1), trio.Semaphore(1)
    limiter.acquire_on_behalf_of_nowait("a")
    semaphore.acquire_nowait()
    with pytest.raises(trio.WouldBlock):
        limiter.acquire_on_behalf_of_nowait("b")
    with pytest.raises(trio.WouldBlock):
        semaphore.acquire_nowait()
    semaphore.release()
    async with semaphore:
        assert semaphore.value == 0


async def test_a_condition_wakes_one_or_all() -> None:
    condition = trio.Condition()
    woken: list[int] = []

    async def wait(number: int) -> None:
        async with condition:
            await condition.wait()
            woken.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(3):
            nursery.start_soon(wait, number)
            await others_ran()
        async with condition:
            condition.notify()
        await others_ran()
        assert woken == [0]
        async with condition:
            condition.notify_all()
    assert sorted(woken) == [0, 1, 2]


async def test_a_limiter_counts_what_is_lent() -> None:
    limiter = trio.CapacityLimiter(2)
    await limiter.acquire_on_behalf_of("a")
    async with limiter:
        assert (limiter.total_tokens, limiter.borrowed_tokens, limiter.available_tokens) == (2, 2, 0)
        assert limiter.statistics().tasks_waiting == 0
    limiter.release_on_behalf_of("a")
    limiter.acquire_nowait()
    limiter.release()
    assert limiter.borrowed_tokens == 0


async def test_a_limiter_serves_in_order_and_lets_nobody_pass() -> None:
    limiter = trio.CapacityLimiter(1)
    order: list[str] = []

    async def borrow(name: str) -> None:
        await limiter.acquire_on_behalf_of(name)
        order.append(name)
        limiter.release_on_behalf_of(name)

    async with trio.open_nursery() as nursery:
        await limiter.acquire()
        for name in "abc":
            nursery.start_soon(borrow, name)
            await others_ran()
        assert limiter.statistics().tasks_waiting == 3
        limiter.release()
        with pytest.raises(trio.WouldBlock):
            limiter.acquire_on_behalf_of_nowait("late")
    assert order == ["a", "b", "c"]


async def test_raising_a_limit_wakes_and_lowering_it_lets_drain() -> None:
    limiter = trio.CapacityLimiter(0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(limiter.acquire_on_behalf_of, "a")
        nursery.start_soon(limiter.acquire)
        await others_ran()
        limiter.total_tokens = 2
    limiter.total_tokens = 1
    assert (limiter.borrowed_tokens, limiter.available_tokens) == (2, -1)


async def test_a_cancelled_wait_for_a_token_takes_none() -> None:
    limiter = trio.CapacityLimiter(1)
    with trio.CancelScope() as scope:
        scope.cancel(reason="a test")
        await limiter.acquire_on_behalf_of("a")
    assert scope.cancelled_caught
    await limiter.acquire_on_behalf_of("a")
    for acquire in (limiter.acquire, lambda: limiter.acquire_on_behalf_of("b")):
        with trio.move_on_after(0.001) as scope:
            await acquire()
        assert scope.cancelled_caught
    assert (limiter.borrowed_tokens, limiter.statistics().tasks_waiting) == (1, 0)


# Channels


async def test_a_channel_hands_items_over_in_order_and_ends() -> None:
    sending, receiving = trio.open_memory_channel[int](1)
    got: list[int] = []

    async def produce() -> None:
        async with sending:
            for number in range(5):
                await sending.send(number)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(produce)
        async with receiving:
            async for number in receiving:
                got.append(number)
            with pytest.raises(trio.EndOfChannel):
                await receiving.receive()
    assert got == [0, 1, 2, 3, 4]


async def test_a_channel_without_space_or_items_would_block() -> None:
    sending, receiving = trio.open_memory_channel[str](1)
    with sending, receiving:
        with pytest.raises(trio.WouldBlock):
            receiving.receive_nowait()
        sending.send_nowait("a")
        with pytest.raises(trio.WouldBlock):
            sending.send_nowait("b")
        assert sending.statistics().current_buffer_used == 1
        assert receiving.receive_nowait() == "a"


async def test_a_channel_nobody_receives_from_is_broken() -> None:
    sending, receiving = trio.open_memory_channel[str](1)
    receiving.close()
    with sending, pytest.raises(trio.BrokenResourceError):
        await sending.send("a")
    with pytest.raises(trio.ClosedResourceError):
        await sending.send("a")
    with pytest.raises(trio.ClosedResourceError):
        await receiving.receive()


async def test_a_channel_ends_with_the_last_clone_of_its_sender() -> None:
    sending, receiving = trio.open_memory_channel[str](2)
    with receiving:
        with sending.clone() as clone:
            sending.close()
            clone.send_nowait("a")
            with receiving.clone() as other:
                assert await other.receive() == "a"
        with pytest.raises(trio.EndOfChannel):
            receiving.receive_nowait()


async def test_a_cancelled_receive_takes_no_item() -> None:
    sending, receiving = trio.open_memory_channel[str](1)
    with sending, receiving:
        with trio.move_on_after(0.001) as scope:
            await receiving.receive()
        assert scope.cancelled_caught
        sending.send_nowait("a")
        assert await receiving.receive() == "a"


# Threads, errors and run variables


async def test_blocking_code_runs_in_a_thread() -> None:
    assert await trio.to_thread.run_sync(math.sqrt, 9) == 3


async def test_busy_errors_carry_their_own_words() -> None:
    assert str(trio.BusyResourceError("another task reads")) == "another task reads"


async def test_a_run_variable_has_a_value_once_it_is_set() -> None:
    variable: RunVar[int] = trio.lowlevel.RunVar("number")  # type: ignore[assignment]  # Trio's on Trio, of course
    with pytest.raises(LookupError):
        variable.get()
    assert variable.get(1) == 1
    variable.set(2)
    assert variable.get() == variable.get(1) == 2


async def test_a_run_variable_made_at_import_works_on_both_loops() -> None:
    assert VARIABLE.get(None) is None
    with pytest.raises(LookupError, match="at import"):
        VARIABLE.get()
    VARIABLE.set("a")
    assert VARIABLE.get() == "a"
    assert repr(VARIABLE) == "<RunVar name='at import'>"


VARIABLE: RunVar[str] = RunVar("at import")


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_run_variable_holds_nothing_of_runs_that_are_over() -> None:
    """Values hold sockets and tasks, which hold their loop."""
    variable: RunVar[object] = RunVar("number")

    async def use() -> object:
        assert variable.get(None) is None
        variable.set(asyncio.get_running_loop())
        return variable.get()

    def in_another_run() -> None:
        asyncio.run(use())

    for _ in range(3):
        await asyncio.to_thread(in_another_run)
    await use()
    gc.collect()
    assert list(variable._by_loop) == [asyncio.get_running_loop()]
