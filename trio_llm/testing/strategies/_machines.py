"""A state machine to build on: a provider with moods, whose clients are programs under test.

A machine has a loop of its own that stands still between two steps (`SteppedLoop`), so that a client, its streams and
its tasks live as long as the machine, and virtual time passes only where a step waits. What the provider will do is a
queue: rules of the machine's fill it, requests of the program take from it, and behind its end the provider echoes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import cycle
from typing import Any, ClassVar, Final, TypeVar, TypeVarTuple

import attrs
import outcome
from hypothesis import currently_in_test_context, note, strategies as st
from hypothesis.control import current_build_context
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ..._client.client import Client
from ..._runtime import trio
from ..._types.errors import LLMError
from .._actions import Action, Delivery, Failure, Reply
from .._faults import FaultPlan
from .._leaks import held
from .._ledger import RecordedRequest
from .._quiescence import quiescent
from .._simulator import Simulator
from .._stepping import SteppedLoop
from .._turns import problems_of_turns
from .._virtual_time import Backend
from ._moods import LATENCIES, CallTools, Mood, moods

ArgsT = TypeVarTuple("ArgsT")
T = TypeVar("T")

_CLEANING: Final = 5.0
"""Virtual seconds that a function has to clean up once it is cancelled."""


class ProviderMachine(RuleBasedStateMachine):
    """A provider that does what Hypothesis comes up with: answers, calls tools, fails, breaks off, is slow or down.

    Add rules that use your program, by `self.tried`, with `self.client`:

        class MyAgent(ProviderMachine):
            @rule(question=strategies.said())
            def ask(self, question: str) -> None:
                answer = self.tried(my_agent, self.client, question)
                assert isinstance(answer, (str, LLMError))


        TestMyAgent = MyAgent.TestCase

    `self.simulator.requests` tells what was asked and what was `said` and `called`. After every step the client holds
    no slot and no connection, but for streams that `open_streams` counts; what the step ran has no task left; and in
    every request of OpenAI's shape each call of a tool has its one result.
    """

    backend: ClassVar[Backend] = "trio"
    """The event loop."""
    background: ClassVar[bool] = False
    """Whether a step may leave tasks behind."""
    most_requests: ClassVar[int] = 100
    """In one step; a program that asks more often is taken for one that never ends."""

    def __init__(self) -> None:
        super().__init__()
        self.coming: deque[Mood] = deque()
        """What the provider does with the next requests."""
        self.habits: Sequence[Mood] = (Reply(),)
        """What it does behind them, in turn, and from the first one in each step. The first habit is drawn."""
        self.latency: float = 0.0
        """Seconds that an answer takes which has no times of its own; a tenth of them is between two pieces of it."""
        self.refuses_until: float = 0.0
        """Until when everything is refused, on the loop's clock."""
        self.refusal: int = 503
        """The status of that."""
        self.open_streams: int = 0
        """Streams that are open on purpose, each of which holds a slot and a connection."""
        self._turn: Iterator[Mood] = cycle(self.habits)
        self._seen = 0
        if currently_in_test_context():
            self._draw_first_habit()
        self.simulator: Simulator = Simulator(self._act, faults=self.faults())
        self.loop: SteppedLoop = SteppedLoop(self.backend)
        self.client: Client = self.make_client(self.simulator)

    def _draw_first_habit(self) -> None:
        """Hypothesis leaves rules out of most examples, so some would have no trouble at all."""
        draw = current_build_context().data.draw
        self.provider_gets_into_the_habit(draw(moods()), draw(LATENCIES))
        if self.latency or [*self.habits] != [Reply()]:
            note(f"# From the beginning the provider's habit is {self.habits}, {self.latency} s late.")

    def faults(self) -> FaultPlan:
        """Further faults, by the number of the request; to be overridden."""
        return FaultPlan()

    def make_client(self, simulator: Simulator) -> Client:
        """The client; to be overridden where yours has settings."""
        return Client(transport=simulator)

    def _act(self, request: RecordedRequest) -> Action | None:
        asked = request.number - self._seen
        assert asked < self.most_requests, f"it has sent {asked} requests in one step"
        if (wait := self.refuses_until - trio.current_time()) > 0:
            told = wait if self.refusal == 429 else None
            return Failure(self.refusal, "not now", retry_after=told)
        mood = self.coming.popleft() if self.coming else next(self._turn)
        action = mood.reply(request.prompt.tools) if isinstance(mood, CallTools) else mood
        if isinstance(action, Delivery) and not action.latency:
            action = attrs.evolve(action, latency=self.latency, gap=action.gap or self.latency / 10)
        return action

    def run(self, function: Callable[[*ArgsT], Awaitable[T]], *args: *ArgsT) -> T:
        """What an async function returns or raises, run in virtual time.

        Raises:
            LeakError: if it has left tasks behind.
            DeadlockError: if it waits for ever.
            AssertionError: if it has sent a conversation whose messages do not belong together.
        """
        ended = self.loop.run(_outcome if self.background else _quietly, function, args)
        self._end_step()
        result: T = ended.unwrap()
        return result

    def _end_step(self) -> None:
        self._turn = cycle(self.habits)
        requests = self.simulator.requests[self._seen :]
        self._seen += len(requests)
        for request in requests:
            assert not (problems := [*problems_of_turns(request.json.get("messages"))]), problems

    def tried(self, function: Callable[[*ArgsT], Awaitable[T]], *args: *ArgsT) -> T | LLMError:
        """The same, where what went wrong with a call is a result as well."""
        try:
            return self.run(function, *args)
        except LLMError as error:
            return error

    def tried_together(self, *functions: Callable[[], Awaitable[T]]) -> list[T | LLMError]:
        """What several async functions return that run at the same time; an `LLMError` of one is its result."""
        return self.run(_together, functions)

    def left_after(
        self, seconds: float, function: Callable[[*ArgsT], Awaitable[T]], *args: *ArgsT
    ) -> T | LLMError | None:
        """The same as `tried`, for a caller who leaves: after so many seconds the function is cancelled; then None.

        Raises:
            AssertionError: if it swallows its cancellation, or takes more than five seconds to clean up.
        """
        ended: list[outcome.Outcome[T]] = []
        over: list[bool] = []

        async def noted() -> None:
            try:
                ended.append(await _outcome(function, args))
            finally:
                over.append(True)

        task = self.loop.start(noted)
        self.loop.sleep(seconds)
        if is_left := not over:
            task.cancel()
            if not over:
                self.loop.sleep(_CLEANING)
            assert over, f"it still runs {_CLEANING} s after it was cancelled"
        self._end_step()
        if not ended:
            return None
        result = _result(ended[0])
        assert not is_left, f"it was cancelled, and went on to {result!r}"
        return result

    @rule(moods=moods(), latency=LATENCIES)
    def provider_gets_into_the_habit(self, moods: Sequence[Mood], latency: float) -> None:
        """Requests that nothing else was said about are answered so, in turn, and so late."""
        self.habits, self.latency = moods, latency
        self._turn = cycle(moods)

    @rule(moods=moods())
    def provider_will(self, moods: Sequence[Mood]) -> None:
        """The next requests are answered so, one each."""
        self.coming.extend(moods)

    @rule(seconds=st.sampled_from([1.0, 60.0]), status=st.sampled_from([503, 429]))
    def provider_refuses(self, seconds: float, status: int) -> None:
        """Every request is refused for so long; with 429, it is told how long."""
        self.refuses_until, self.refusal = self.loop.now + seconds, status

    @rule(seconds=st.sampled_from([0.5, 30.0, 3_600.0]))
    def time_passes(self, seconds: float) -> None:
        """What waits for it happens."""
        self.loop.sleep(seconds)

    @invariant()
    def nothing_is_held(self) -> None:
        """No slot and no connection is taken, but those of streams that are open."""
        active = self.simulator.statistics().active
        assert active <= self.open_streams, f"{active} connections for {self.open_streams} open streams"
        if self.open_streams == 0:
            assert not (left := [*held(self.client)]), left

    def teardown(self) -> None:
        """Close the client, then the loop."""
        try:
            self.loop.run(self.client.aclose)
            assert self.simulator.statistics().active == 0
        finally:
            self.loop.close()


async def _outcome(  # noqa: ASYNC910  # the function has it
    function: Callable[..., Awaitable[T]], args: tuple[Any, ...]
) -> outcome.Outcome[T]:
    try:
        return outcome.Value(await function(*args))
    except Exception as error:  # noqa: BLE001  # whoever unwraps it gets it
        return outcome.Error(error)  # noqa: ASYNC910


async def _quietly(function: Callable[..., Awaitable[Any]], args: tuple[Any, ...]) -> outcome.Outcome[Any]:
    """What becomes of a function, which may leave no task behind."""
    async with quiescent(descriptors=False):
        return await _outcome(function, args)


async def _together(functions: Sequence[Callable[[], Awaitable[T]]]) -> list[T | LLMError]:
    ended: dict[int, outcome.Outcome[T]] = {}

    async def run(place: int) -> None:
        ended[place] = await _outcome(functions[place], ())

    async with trio.open_nursery() as nursery:
        for place in range(len(functions)):
            nursery.start_soon(run, place)
    return [_result(ended[place]) for place in range(len(functions))]


def _result(ended: outcome.Outcome[T]) -> T | LLMError:
    try:
        return ended.unwrap()
    except LLMError as error:
        return error
