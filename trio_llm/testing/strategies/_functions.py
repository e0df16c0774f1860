"""Functions that are drawn: tools that answer, wait and fail, and observers that watch and misbehave.

Hypothesis draws functions (`st.functions`), but no async ones. Here the drawn part decides, by the arguments, what a
call gives, and an async function around it waits and returns. Equal arguments always give the same.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeAlias

import attrs
from hypothesis import strategies as st

from ..._runtime import trio
from ...observe import CallEnded, CallStarted, Event, FirstContent, StreamProgress
from ._texts import TEXTS

_DELAYS: Final = (0.0, 0.5, 30.0)
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
        returns: what it returns; by default texts.
        failing: whether some calls raise `DrawnError`.
        delays: seconds that calls may take, by the running clock.
    """
    deeds = st.builds(
        _Deed,
        delay=st.sampled_from(list(delays)),
        result=TEXTS if returns is None else returns,
        fails=st.sampled_from([False, True] if failing else [False]),
    )
    return st.functions(like=_plain(like), returns=deeds, pure=True).map(lambda decide: _acting(like, decide))


def _plain(like: Callable[..., Any]) -> Callable[..., Any]:
    """A function that is not async, of the same signature."""

    def plain(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    plain.__name__ = like.__name__
    plain.__signature__ = inspect.signature(like)  # type: ignore[attr-defined]
    return plain


def _acting(like: Callable[..., Any], decide: Callable[..., _Deed]) -> AsyncFunction:
    signature = inspect.signature(like)

    @functools.wraps(like)
    async def act(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        deed = decide(*(_frozen(value) for value in bound.args), **{k: _frozen(v) for k, v in bound.kwargs.items()})
        await trio.sleep(deed.delay)
        if deed.fails:
            raise DrawnError(f"{like.__name__} was drawn to fail")
        return deed.result

    return act


def _frozen(value: Any) -> Any:
    """A value that can be a key, as pure functions need them."""
    if isinstance(value, dict):
        return tuple(sorted((name, _frozen(inner)) for name, inner in value.items()))
    return tuple(_frozen(inner) for inner in value) if isinstance(value, list | tuple) else value


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
