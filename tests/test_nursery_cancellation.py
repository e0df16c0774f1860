"""On asyncio, a nursery that ends with an error loses no cancellation that came meanwhile."""

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
