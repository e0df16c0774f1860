"""A world in virtual time: providers, clients and hours of work, the same each time for the same seed.

A `Lab` is the network between its clients and its providers: a request goes to the provider whose row of the catalogue
has its host. Everything that happens to calls, and every request that a provider gets, is a line of the trace. The
invariants are asked after each of them, and after every step of every task (`_stepwise`), so that nothing between two
moments at which another task may look goes by. What is left to chance elsewhere is drawn from the seed: the clients'
jitter, and on Trio the order of tasks, which is that of their making.

What always holds after `run`: every call has ended, no slot is held, no connection is open. Else it raises.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial
from random import Random
from typing import Any, Final, Protocol, TypeAlias, TypeVar

import attrs

from .._catalog import CATALOG
from .._client.client import Client
from .._runtime import trio
from .._transport import Reply, TransportError, TransportStatistics
from .._types.http import HTTPRequest, Origin
from ..observe import Activity, AttemptFailed, AttemptSent, CallEnded, CallFellBack, CallStarted, Event
from ._actions import Failure, Fault
from ._faults import FaultPlan, Moment
from ._leaks import LeakError, SourceLine, calling_place, held
from ._scheduling import oldest_first, trio_order
from ._simulator import Simulator
from ._stepwise import run_step_by_step
from ._virtual_time import Backend, run_in_virtual_time

T = TypeVar("T")

_TAIL: Final = 30
"""Lines of the trace that a failure shows."""
_DOWN: Final = Failure(503, "we are down")
_VARIABLE: Final = re.compile(r"\\\{.*?\\\}")


class Invariant(Protocol):
    """Something that has to hold after every step. It raises, or returns False, where it does not. It has to be quick.

    Example:
        def at_most_eight(lab: Lab) -> bool:
            return lab.providers["openai"].active <= 8
    """

    def __call__(self, lab: Lab, /) -> object:
        """See whether it holds."""


App: TypeAlias = Callable[["Lab"], Awaitable[T]]


class InvariantError(AssertionError):
    """An invariant of a `Lab` did not hold. Its text shows what had happened before.

    Example:
        with pytest.raises(InvariantError, match="at_most_eight"):
            lab({"openai": Simulator()}, invariants=[at_most_eight]).run(app)
    """

    def __init__(self, name: str, at: float, trace: Sequence[str]) -> None:
        super().__init__(name, at, trace)
        self.name = name
        """The function's."""
        self.at = at
        """When, in virtual seconds."""
        self.trace: tuple[str, ...] = tuple(trace)
        """What had happened, up to that moment."""

    def __str__(self) -> str:
        shown = "\n  ".join(self.trace[-_TAIL:])
        return f"{self.name} did not hold at {self.at:.6f} s, after\n  {shown}"


def lab(
    providers: Mapping[str, Simulator],
    *,
    seed: int = 0,
    backend: Backend = "trio",
    invariants: Sequence[Invariant] = (),
) -> Lab:
    """A world of simulated providers, in which hours pass in seconds and a seed decides all that is chance.

        world = lab({"openai": Simulator(Reply(latency=2)), "anthropic": Simulator()}, seed=1)

        async def app(world: Lab) -> None:
            async with world.client("web", fallbacks=["anthropic/claude"]) as client:
                await client.completion("openai/gpt-4o", messages)

        world.run(app)
        print(world.trace)

    Args:
        providers: simulators, by the name of a row of the catalogue, or by the origin that calls give as `api_base`.
        seed: of everything that is drawn.
        backend: the event loop.
        invariants: asked after every step of every task, and whenever anything has happened to a call or to a provider.
            A step lasts until the task next gives way: to another task, to time, to the network.
    """
    return Lab(providers, seed=seed, backend=backend, invariants=invariants)


class Lab:
    """Providers, clients, and what happened. Made by `lab`; its `run` may be called once.

    Example:
        world = lab({"openai": Simulator()})
        world.run(app)
        assert world.calls == 20_000
    """

    def __init__(
        self,
        providers: Mapping[str, Simulator],
        *,
        seed: int = 0,
        backend: Backend = "trio",
        invariants: Sequence[Invariant] = (),
    ) -> None:
        self.providers: Mapping[str, Simulator] = dict(providers)
        self.seed = seed
        self.random: Random = Random(seed)
        """For the program's own chances: when its users come, what they ask."""
        self.calls: int = 0
        """Calls that have begun."""
        self._backend: Backend = backend
        self._invariants = invariants
        self._network = _Network(self)
        self._clients: dict[str, Client] = {}
        self._lines: list[tuple[float, str, int, str]] = []
        self._open: dict[tuple[str, int], SourceLine | None] = {}
        self._broken: InvariantError | None = None
        self._scope: trio.CancelScope | None = None

    def client(self, name: str = "client", **options: Any) -> Client:
        """A client of this world, to be opened with `async with`; its name stands in the trace.

        Args:
            name: of its own, for each client.
            options: those of `trio_llm.Client`, but `transport`.
        """
        if name in self._clients:
            raise ValueError(f"there is a client named {name!r} already")
        observers = (*options.pop("observers", ()), _Tracing(self, name))
        client = Client(transport=self._network, observers=observers, **options)
        # The jitter of its retries is the only chance that a client takes.
        client._settings = attrs.evolve(client._settings, chance=Random(f"{self.seed}:{name}").random)
        self._clients[name] = client
        return client

    def run(self, app: App[T]) -> T:
        """Run a program in this world, in virtual time.

        Raises:
            InvariantError: as soon as an invariant does not hold.
            LeakError: if in the end a call still runs, a slot is held or a connection is open.
        """
        try:
            with trio_order(oldest_first):
                result = self._in_virtual_time(partial(self._run, app))
        except Exception as error:
            if self._broken is not None:
                raise self._broken from self._broken.__cause__
            error.add_note(f"In a lab with seed {self.seed}, after\n  " + "\n  ".join(self._told()[-_TAIL:]))
            raise
        if self._broken is not None:
            raise self._broken
        return result

    def _in_virtual_time(self, main: Callable[[], Coroutine[Any, Any, T]]) -> T:
        if self._invariants:
            return run_step_by_step(main, self._backend, self._see_that_all_holds)
        return run_in_virtual_time(main, backend=self._backend)

    async def _run(self, app: App[T]) -> T:
        result: list[T] = []
        with trio.CancelScope() as self._scope:
            result.append(await app(self))
        await trio.lowlevel.checkpoint()
        if self._broken is None and (left := self._left()):
            raise LeakError("", 0, left)
        return result[0] if result else None  # type: ignore[return-value]  # `run` raises

    def _left(self) -> list[str]:
        left = [f"call {number} of {name}{_made(place)} has not ended" for (name, number), place in self._open.items()]
        left += [f"{name}: {problem}" for name, client in self._clients.items() for problem in held(client)]
        return left + [
            f"{name}: {simulator.statistics().active} connections are open"
            for name, simulator in self.providers.items()
            if simulator.statistics().active
        ]

    @property
    def trace(self) -> str:
        """All that happened, a line each: the same text for the same seed, in any process.

        What happened at one moment is in the order of clients and calls, for no order of it is to be relied on.
        """
        return "".join(f"{line}\n" for line in self._told())

    def _told(self) -> list[str]:
        ordered = sorted(self._lines, key=lambda line: line[:3])
        return [f"{at:.6f} {text}" for at, _, _, text in ordered]

    def note(self, who: str, number: int, what: str) -> None:
        """Add a line to the trace, and see whether the invariants hold."""
        self._lines.append((round(self.now, 6), who, number, f"{who} {number} {what}"))
        self._see_that_all_holds()

    def _see_that_all_holds(self) -> None:
        if self._broken is not None or self._scope is None:
            return
        for invariant in self._invariants:
            try:
                holds, cause = invariant(self) is not False, None
            except Exception as error:  # noqa: BLE001  # it is the cause of what `run` raises
                holds, cause = False, error
            if not holds:
                name = getattr(invariant, "__name__", repr(invariant))
                self._broken = InvariantError(name, round(self.now, 6), self._told())
                self._broken.__cause__ = cause
                self._scope.cancel(reason="an invariant did not hold")
                return

    @property
    def now(self) -> float:
        """Virtual seconds since it began, while it runs."""
        return trio.current_time()

    def call_began(self, who: str, number: int) -> None:
        """A call of a client has begun."""
        self.calls += 1
        self._open[who, number] = calling_place()

    def call_ended(self, who: str, number: int) -> None:
        """It is over."""
        self._open.pop((who, number), None)


def _made(place: SourceLine | None) -> str:
    return f", made at {place}," if place is not None else ""


class _Tracing:
    """An observer that writes the trace of one client."""

    wants: Final = (CallStarted, AttemptSent, AttemptFailed, CallFellBack, CallEnded)

    def __init__(self, world: Lab, name: str) -> None:
        self._world = world
        self._name = name

    def observe(self, event: Event) -> None:
        number = event.activity.id
        if isinstance(event, CallStarted):
            self._world.call_began(self._name, number)
        if isinstance(event, CallEnded):
            self._world.call_ended(self._name, number)
        self._world.note(self._name, number, _words(event, event.activity))


def _words(event: Event, activity: Activity) -> str:
    match event:
        case CallStarted():
            return f"asks {activity.request.model if activity.request else ''}"
        case AttemptSent():
            return f"sends attempt {event.number} to {event.provider}/{event.model}"
        case AttemptFailed():
            pause = "" if event.pause is None else f", pauses {event.pause:.6f}"
            return f"attempt {event.number} fails with {type(event.error).__name__}{pause}"
        case CallFellBack():
            return f"falls back to {event.request.model}"
        case CallEnded():
            return f"ends {event.end}" + (f" with {type(event.error).__name__}" if event.end == "failed" else "")
    return type(event).__name__


class _Network:
    """A transport that brings every request to the provider at its host."""

    needs_no_key: Final = True

    def __init__(self, world: Lab) -> None:
        self._world = world
        self._patterns = [(re.compile(_pattern(name)), name) for name in world.providers]
        self._found: dict[Origin, str] = {}

    async def send(self, origin: Origin, request: HTTPRequest) -> Reply:
        name = self._found.get(origin) or self._find(origin)
        simulator = self._world.providers[name]
        self._world.note(name, simulator.statistics().requests, f"is asked {request.method} {request.path}")
        return await simulator.send(origin, request)

    def _find(self, origin: Origin) -> str:
        for pattern, name in self._patterns:
            if pattern.fullmatch(str(origin)):
                self._found[origin] = name
                return name
        raise TransportError(f"the laboratory has no provider at {origin}", lasting=True)

    async def aclose(self) -> None:
        """Nothing to do: it has no connections of its own."""
        await trio.lowlevel.checkpoint()

    def statistics(self) -> TransportStatistics:
        active = sum(simulator.statistics().active for simulator in self._world.providers.values())
        return TransportStatistics(active, 0)


def _pattern(name: str) -> str:
    """What matches the origins of a provider."""
    if "://" in name:
        return re.escape(name.rstrip("/"))
    row = CATALOG.get(name)
    if row is None:
        raise ValueError(f"no row of the catalogue is named {name!r}; an origin such as http://east.example will do")
    bases = [row.base_url, *row.base_urls.values(), *(f"https://{host}" for host in row.alternative_hosts)]
    bases += [override.base_url for _, override in row.families if override.base_url]
    return "|".join(_origin_pattern(base) for base in bases)


def _origin_pattern(base_url: str) -> str:
    scheme, _, rest = base_url.partition("://")
    host = re.escape(rest.partition("/")[0]).replace(r"\*", "[^/]*")
    return f"{scheme}://{_VARIABLE.sub('[^/]*', host)}"


@attrs.frozen(kw_only=True)
class Outages(FaultPlan):
    """A provider that is down at certain times. It is a `FaultPlan`, and composes as one.

    Example:
        Simulator(faults=Outages.drawn(seed=1, count=50, within=3_600_000, longest=1_800))
    """

    times: Sequence[tuple[float, float]] = ()
    """When each begins and ends, in seconds on the running clock, in order."""
    down: Fault = _DOWN
    """What a request meets then."""

    @classmethod
    def drawn(cls, *, seed: int, count: int, within: float, longest: float = 600.0) -> Outages:
        """So many outages within so many seconds, none longer than `longest`; the same ones for the same seed."""
        random = Random(seed)
        begins = sorted(random.uniform(0, within) for _ in range(count))
        return cls(times=[(begin, begin + random.uniform(longest / 10, longest)) for begin in begins])

    def strike(self, moment: Moment) -> Fault | None:
        """The outage, if there is one."""
        place = bisect_right(self.times, (moment.time, float("inf")))
        recent = self.times[max(0, place - 3) : place]
        return self.down if any(begin <= moment.time < end for begin, end in recent) else None
