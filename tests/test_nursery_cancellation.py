"""A nursery that ends with an error tells of others, and loses no cancellation that came meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from trio_llm._engine.nursery import BareNursery
from trio_llm._runtime import trio
from trio_llm.testing import run_in_virtual_time


async def end_slowly() -> None:
    try:
        await trio.sleep_forever()
    finally:
        with trio.CancelScope(deadline=trio.current_time() + 9, shield=True):
            await trio.sleep(1)


async def fail_and_wait_for_a_child() -> None:
    async with BareNursery() as nursery:
        nursery.start_soon(end_slowly)
        await trio.sleep(0.1)
        raise ZeroDivisionError


def test_the_timeout_of_a_program_that_goes_on_after_the_error_fires() -> None:
    async def run() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                with pytest.raises(ZeroDivisionError):
                    await fail_and_wait_for_a_child()
                await trio.sleep(60)

    run_in_virtual_time(run, backend="asyncio")


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_a_scope_that_was_cancelled_meanwhile_catches_its_own_cancellation(backend: Any) -> None:
    async def run() -> None:
        with trio.move_on_after(0.5) as scope:
            with pytest.raises(ZeroDivisionError):
                await fail_and_wait_for_a_child()
            await trio.sleep(60)
        assert scope.cancelled_caught
        await trio.sleep(1)

    run_in_virtual_time(run, backend=backend)


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_an_error_has_a_note_about_each_other_of_the_same_moment(backend: Any) -> None:
    errors = [KeyError("one"), ValueError("two"), OSError("three")]

    async def fail(error: Exception, together: trio.Event) -> None:
        await together.wait()
        raise error

    async def run() -> None:
        async with BareNursery() as nursery:
            together = trio.Event()
            for error in errors:
                nursery.start_soon(fail, error, together)
            await trio.sleep(1)
            together.set()

    with pytest.raises((KeyError, ValueError, OSError)) as caught:
        run_in_virtual_time(run, backend=backend)
    others = [error for error in errors if error is not caught.value]
    assert sorted(caught.value.__notes__) == sorted(
        f"at the same time another task failed: {other!r}" for other in others
    )


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_an_error_has_no_note_about_tasks_that_were_cancelled(backend: Any) -> None:
    async def fail_on_the_way_out() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise KeyError("mine")

    async def run() -> None:
        with trio.move_on_after(1):
            async with BareNursery() as nursery:
                nursery.start_soon(fail_on_the_way_out)
                nursery.start_soon(trio.sleep_forever)

    with pytest.raises(KeyError) as caught:
        run_in_virtual_time(run, backend=backend)
    assert getattr(caught.value, "__notes__", []) == []
