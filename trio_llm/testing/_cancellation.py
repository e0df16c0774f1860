"""Cancel a scenario at every step that it has, and see that nothing is left of it."""

from __future__ import annotations

import inspect
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from typing import Any, Final, TypeAlias

import attrs

from .._client.client import Client
from .._runtime import trio
from .._runtime.current import runs_on_trio
from ._actions import Reply
from ._leaks import LeakError
from ._simulator import Simulator
from ._steps_asyncio import ASYNCIO_CANCELLERS
from ._steps_trio import TRIO_CANCELLERS
from ._trial import Canceller, Scenario, Trial, TrialEnd
from ._virtual_time import Backend

OpenContext: TypeAlias = Callable[[], AbstractAsyncContextManager[Any]]
_CANCELLERS: Final[Mapping[Backend, Sequence[Canceller]]] = {"trio": TRIO_CANCELLERS, "asyncio": ASYNCIO_CANCELLERS}


@attrs.frozen
class CancellationReport:
    """How often a scenario was cancelled without leaving anything.

    Example:
        report = cancel_at_every_step(scenario)
        assert report.runs > 20
    """

    steps: Mapping[str, int]
    """By event loop and way of cancelling."""

    @property
    def runs(self) -> int:
        """Cancelled runs in all."""
        return sum(self.steps.values())


@attrs.frozen(kw_only=True)
class StepOptions:
    """How `cancel_at_every_step` runs the scenario.

    Example:
        cancel_at_every_step(scenario, options=StepOptions(backends=("trio",)))
    """

    backends: Sequence[Backend] = ("trio", "asyncio")
    max_steps: int = 2_000
    """A scenario with more is refused, as it would take long."""
    autojump_threshold: float | None = 0.0
    """Real seconds of idleness after which virtual time jumps; about 0.01 with real sockets, None for real time."""


# What Trio says outside of its own run; what asyncio says of a task that waits for Trio, and where no loop of its runs.
_FOREIGN_LOOP: Final = re.compile("must be called from async context|Task got bad yield|no running event loop")
_DEFAULT_OPTIONS: Final = StepOptions()


def cancel_at_every_step(
    scenario: Scenario,
    *,
    open_context: OpenContext | None = None,
    after: Callable[[Any], Awaitable[object]] | None = None,
    options: StepOptions = _DEFAULT_OPTIONS,
) -> CancellationReport:
    """Run a scenario once undisturbed, then again and again, cancelled at its first, second, ... last step.

        async def scenario(client: Client) -> None:
            async with client.stream("openai/any", [{"role": "user", "content": "Hi"}]) as stream:
                async for chunk in stream: ...

        def test_streams_leave_nothing_behind() -> None:
            cancel_at_every_step(scenario)

    After every run no task may be left, no connection be active, no slot be held, and the next call has to succeed.
    On Trio a cancel scope is cancelled at every step of the scenario's tasks, and in every pause in which all of
    them wait. On asyncio the scenario's task is cancelled while it waits, in the very moment in which it gets what
    it waited for, and twice in a row; and an anyio scope around it is cancelled.

    Args:
        scenario: an async function of the context; or of nothing, which then is only examined for tasks it leaves.
        open_context: makes a fresh context for every run; by default a `Client` over a `Simulator` with pauses.
        after: the next call, made with the same context after every run; by default a completion of the client's.
        options: event loops, limits and clock.

    Raises:
        LeakError: at the first step that leaves something.
        RuntimeError: if the scenario calls Trio or asyncio itself, and so does not run on the other; the message says
            which `options` it needs.
    """
    if not inspect.signature(scenario).parameters:
        scenario, open_context, after = _without_context(scenario), nullcontext, _nothing
    trial = Trial(scenario, open_context or _open_client, after or _call_again, options.autojump_threshold)
    if runs_on_trio() or _asyncio_runs():
        with ThreadPoolExecutor(1) as executor:
            return executor.submit(_run_all, trial, options).result()
    return _run_all(trial, options)


def _run_all(trial: Trial, options: StepOptions) -> CancellationReport:
    cancellers = [canceller for backend in options.backends for canceller in _CANCELLERS[backend]]
    return CancellationReport({canceller.name: _run_steps(trial, canceller, options) for canceller in cancellers})


def _run_steps(trial: Trial, canceller: Canceller, options: StepOptions) -> int:
    """Returns how many steps there were to be cancelled at."""
    _demand_clean(canceller, 0, canceller.run(trial, None))
    for step in range(1, options.max_steps + 1):
        end = canceller.run(trial, step)
        _demand_clean(canceller, step, end)
        if not end.cancelled:
            return step - 1
    raise ValueError(
        f"more than {options.max_steps} steps ({canceller.name}): take a smaller scenario or raise max_steps"
    )


def _demand_clean(canceller: Canceller, step: int, end: TrialEnd) -> None:
    if step == 0 and end.error is not None:
        _explain(canceller, end.error)
        raise end.error
    problems = [*end.problems]
    if end.error is not None:
        problems.append(f"raised {end.error!r} when it was cancelled")
    if problems:
        raise LeakError(canceller.name, step, problems) from end.error


def _explain(canceller: Canceller, error: BaseException) -> None:
    """A scenario that fails on one loop alone may have been written for the other.

    Raises:
        RuntimeError: if the loop has said so.
    """
    loop = canceller.name.partition(",")[0]
    other = "asyncio" if loop == "trio" else "trio"
    advice = f'a scenario that calls {other} itself needs options=StepOptions(backends=("{other}",))'
    if isinstance(error, RuntimeError) and _FOREIGN_LOOP.search(str(error)):
        raise RuntimeError(f"the scenario does not run on {loop} ({error}): {advice}") from error
    error.add_note(f"It failed on {loop} without having been cancelled; {advice}.")


def _without_context(scenario: Scenario) -> Scenario:
    def run(_context: object) -> Awaitable[object]:
        return scenario()

    return run


def _asyncio_runs() -> bool:
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@asynccontextmanager
async def _open_client() -> AsyncGenerator[Client, None]:
    simulator = Simulator(Reply(latency=0.5, gap=0.1))
    with suppress(LeakError):  # which has been told, with its step
        async with Client(transport=simulator, variables={"OPENAI_API_KEY": "simulated"}, strict=True) as client:
            yield client


async def _nothing(_context: object) -> None:
    await trio.lowlevel.checkpoint()


async def _call_again(client: Client) -> None:
    await client.completion("openai/simulated", [{"role": "user", "content": "still there?"}])
