"""Functions that are drawn: tools that answer, wait and fail, and observers that watch and misbehave.

Hypothesis draws functions (`st.functions`), but no async ones, and it draws what a call gives when the call comes. What
it raises to end an example would then be raised in some task, and nurseries wrap it. Here a seed is drawn beforehand,
and the arguments of a call decide the rest. Equal arguments always give the same.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any, Final, TypeAlias

import attrs
from hypothesis import currently_in_test_context, note, strategies as st

from ..._runtime import trio
from ...observe import CallEnded, CallStarted, Event, FirstContent, StreamProgress

_DELAYS: Final = (0.0, 0.5, 30.0)
_MOST_SEEDS: Final = 255
_FAILING: Final = 0.4
"""Share of the calls that fail, where some do."""
AsyncFunction: TypeAlias = Callable[..., Awaitable[Any]]


class DrawnError(Exception):
    """What a drawn function raises.

    Example:
        with pytest.raises(DrawnError):
            await tool(city="Paris")
    """


@attrs.frozen
class _Deed:
    """What one call of a drawn function does."""

    delay: float
    result: Any
    fails: bool


def async_functions(
    like: Callable[..., Any],
    returns: st.SearchStrategy[Any] | None = None,
    *,
    failing: bool = True,
    delays: Sequence[float] = _DELAYS,
) -> st.SearchStrategy[AsyncFunction]:
    """Async functions with the name and the signature of `like`; sync and async ones are taken.

    Equal arguments give equal results. They shrink to a function that returns at once.

        async def weather(city: str) -> str:
            "The weather of a city."

        @given(tool=strategies.async_functions(like=weather))
        def test_my_agent_survives_its_tools(tool): ...

    Args:
        like: what it looks like, docstring included, so that a tool can be made of it.
        returns: what it returns; by default a text that has its name and the arguments.
        failing: whether some calls raise `DrawnError`.
        delays: seconds that calls may take, by the running clock.
    """
    doing = st.integers(0, _MOST_SEEDS) if failing or len({*delays}) > 1 else st.just(0)
    results = st.none() if returns is None else st.lists(returns, min_size=1, max_size=3)
    return st.builds(_Doing, doing, results, st.just(tuple(delays)), st.just(failing)).map(
        lambda drawn: _acting(like, drawn)
    )


@attrs.frozen
class _Doing:
    """How a drawn function decides."""

    seed: int
    results: Sequence[Any] | None
    delays: Sequence[float]
    failing: bool

    def decide(self, name: str, given: str) -> _Deed:
        """What a call does. The first seed is the simplest, the second one fails at every call."""
        random = Random(f"{self.seed}:{given}")
        result = f"{name} {given}" if self.results is None else random.choice(self.results)
        if self.seed <= 1:
            return _Deed(self.delays[0], result, fails=self.failing and self.seed == 1)
        return _Deed(random.choice(self.delays), result, fails=self.failing and random.random() < _FAILING)


def _acting(like: Callable[..., Any], doing: _Doing) -> AsyncFunction:
    signature = inspect.signature(like)

    @functools.wraps(like)
    async def act(*args: Any, **kwargs: Any) -> Any:
        given = _told(signature.bind(*args, **kwargs).arguments)
        deed = doing.decide(like.__name__, given)
        if currently_in_test_context():
            note(f"{like.__name__} was called with {given}: {deed}")
        await trio.sleep(deed.delay)
        if deed.fails:
            raise DrawnError(f"{like.__name__} was drawn to fail")
        return deed.result

    return act


def _told(value: Any) -> str:
    """A value in words that are the same in every process."""
    if isinstance(value, dict):
        return f"{{{', '.join(sorted(f'{name}: {_told(inner)}' for name, inner in value.items()))}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_told, value))}]"
    return repr(value) if isinstance(value, str | bytes | int | float | None) else type(value).__name__


class DrawnObserver:
    """An observer that notes what it is told, and raises where it was drawn to.

    Example:
        @given(observer=strategies.observers())
        def test_no_observer_harms_a_call(observer): ...
    """

    def __init__(self, wants: Sequence[type[Event]], failing: frozenset[int]) -> None:
        self.wants: Sequence[type[Event]] = tuple(wants)
        self.told: list[Event] = []
        """Every event, in order."""
        self._failing = failing

    def observe(self, event: Event) -> None:
        """Note an event.

        Raises:
            DrawnError: for those events, by their number, at which it was drawn to fail.
        """
        self.told.append(event)
        if len(self.told) - 1 in self._failing:
            raise DrawnError("an observer was drawn to fail")

    def __repr__(self) -> str:
        return f"DrawnObserver({[kind.__name__ for kind in self.wants]}, failing={sorted(self._failing)})"


def observers(*, failing: bool = True) -> st.SearchStrategy[DrawnObserver]:
    """Observers of a client that want some events, and that may raise.

    Example:
        @given(observer=strategies.observers())
        def test_my_program_works_whoever_watches(observer): ...
    """
    kinds = st.lists(st.sampled_from([CallStarted, CallEnded, FirstContent, StreamProgress, Event]), unique=True)
    numbers = st.frozensets(st.integers(0, 5), max_size=2) if failing else st.just(frozenset[int]())
    return st.builds(DrawnObserver, kinds, numbers)


def judges() -> st.SearchStrategy[Callable[[Any], Awaitable[bool]]]:
    """Async functions that accept a response or do not, as `race` and `cascade` ask them.

    Example:
        @given(accept=strategies.judges())
        def test_my_race_has_a_winner_or_says_why(accept): ...
    """
    deeds = st.lists(st.booleans(), min_size=1, max_size=4)
    return deeds.map(_judge)


def _judge(verdicts: Sequence[bool]) -> Callable[[Any], Awaitable[bool]]:
    left = list(verdicts)

    async def accept(_response: Any) -> bool:
        await trio.lowlevel.checkpoint()
        return left.pop(0) if len(left) > 1 else left[0]

    return accept
