"""State machines to build on: a provider with moods, and a client of it that is used in every way.

A machine has a loop of its own that stands still between two steps (`SteppedLoop`), so that a client, its streams and
its tasks live as long as the machine, and virtual time passes only where a step waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, TypeVar, TypeVarTuple

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
)

from ..._client.client import Client
from ..._runtime import trio
from ..._types.errors import LLMError
from .._actions import Action, AtEvent, Disconnect, Failure, Reply
from .._faults import FaultPlan
from .._leaks import held
from .._ledger import RecordedRequest
from .._simulator import Simulator
from .._stepping import SteppedLoop
from .._virtual_time import Backend
from ._replies import replies
from ._texts import said

ArgsT = TypeVarTuple("ArgsT")
T = TypeVar("T")

_TROUBLE: tuple[Action, ...] = (
    Failure(429, "slow down", retry_after=1.0),
    Failure(500, "it broke"),
    Failure(503, "overloaded"),
    Failure(400, "that is no question"),
    Failure(401, "no such key"),
    Disconnect(),
    Reply("", finish_reason="length"),
    Reply("cut off", cut_at=AtEvent(2)),
    Reply("silent", stall_at=AtEvent(2)),
    Reply("slow but sure", latency=20.0, gap=2.0),
)
_MODEL = "openai/simulated"


class ProviderMachine(RuleBasedStateMachine):
    """A provider that does what Hypothesis comes up with: answers, fails, breaks off, is down, and time passes.

    Add rules that use your program, by `self.run`, with `self.client`:

        class MyAgent(ProviderMachine):
            @rule(question=strategies.said())
            def ask(self, question: str) -> None:
                answer = self.tried(my_agent, self.client, question)
                assert isinstance(answer, (str, LLMError))


        TestMyAgent = MyAgent.TestCase

    After every step the client holds no slot and no connection, but for streams that `open_streams` counts.
    """

    backend: ClassVar[Backend] = "trio"
    """The event loop."""

    def __init__(self) -> None:
        super().__init__()
        self.coming: deque[Action] = deque()
        """What the provider does with the next requests; behind it, it echoes."""
        self.down_until: float = 0.0
        """When the provider is back, on the loop's clock."""
        self.open_streams: int = 0
        """Streams that are open on purpose, each of which holds a slot and a connection."""
        self.simulator: Simulator = Simulator(self._act, faults=self.faults())
        self.loop: SteppedLoop = SteppedLoop(self.backend)
        self.client: Client = self.make_client(self.simulator)

    def faults(self) -> FaultPlan:
        """Further faults, by the number of the request; to be overridden."""
        return FaultPlan()

    def make_client(self, simulator: Simulator) -> Client:
        """The client; to be overridden where yours has settings."""
        return Client(transport=simulator)

    def _act(self, _request: RecordedRequest) -> Action | None:
        if trio.current_time() < self.down_until:
            return Failure(503, "we are down")
        return self.coming.popleft() if self.coming else None

    def run(self, function: Callable[[*ArgsT], Awaitable[T]], *args: *ArgsT) -> T:
        """What an async function returns or raises, run in virtual time."""
        return self.loop.run(function, *args)

    def tried(self, function: Callable[[*ArgsT], Awaitable[T]], *args: *ArgsT) -> T | LLMError:
        """The same, where what went wrong with a call is a result as well."""
        try:
            return self.run(function, *args)
        except LLMError as error:
            return error

    @rule(reply=replies())
    def provider_will_say(self, reply: Reply) -> None:
        """The next request is answered so."""
        self.coming.append(reply)

    @rule(trouble=st.sampled_from(_TROUBLE))
    def provider_will_fail(self, trouble: Action) -> None:
        """The next request meets this."""
        self.coming.append(trouble)

    @rule(seconds=st.sampled_from([1.0, 60.0]))
    def provider_goes_down(self, seconds: float) -> None:
        """Every request is refused with 503 for so long."""
        self.down_until = self.loop.now + seconds

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
            self.run(self.client.aclose)
            assert self.simulator.statistics().active == 0
        finally:
            self.loop.close()


class ClientMachine(ProviderMachine):
    """A client used in every way: whole replies, streams left at any place, cancelled calls, fan-outs, races.

    Override `make_client` to see whether your settings, observers, gates or transport keep the promises of a client:

        class MyTransport(ClientMachine):
            def make_client(self, simulator):
                return Client(transport=Signing(simulator), observers=[MyObserver()])


        TestMyTransport = MyTransport.TestCase
    """

    streams: Bundle[Any] = Bundle("streams")

    @rule(text=said())
    def ask(self, text: str) -> None:
        """A whole reply, or a typed error."""
        self.tried(_ask, self.client, text)

    @rule(text=said(), seconds=st.sampled_from([0.0, 0.25, 5.0]))
    def ask_and_give_up(self, text: str, seconds: float) -> None:
        """A call that is cancelled after a while."""
        self.tried(_given_up, self.client, text, seconds)

    @rule(target=streams, text=said())
    def open_stream(self, text: str) -> Any:
        """A stream up to its first content."""
        opened = self.tried(_open, self.client, text)
        if isinstance(opened, LLMError):
            return multiple()
        self.open_streams += 1
        return opened

    @rule(stream=streams)
    def read_on(self, stream: Any) -> None:
        """One more chunk, if there is one within a minute."""
        self.tried(_read, stream)

    @rule(stream=consumes(streams))
    def leave_stream(self, stream: Any) -> None:
        """The reader leaves."""
        self.tried(stream.aclose)
        self.open_streams -= 1

    @rule(count=st.integers(1, 4), deadline=st.sampled_from([None, 0.5, 20.0]))
    def fan_out(self, count: int, deadline: float | None) -> None:
        """Every job has an outcome, whatever happens."""
        outcomes = self.run(_fan_out, self.client, count, deadline)
        assert len(outcomes) == count

    def teardown(self) -> None:
        """As the provider's; streams that are left are the client's to close."""
        self.open_streams: int = 0
        super().teardown()


async def _ask(client: Client, text: str) -> Any:
    return await client.completion(_MODEL, [{"role": "user", "content": text}], timeout=120)


async def _given_up(client: Client, text: str, seconds: float) -> None:
    with trio.move_on_after(seconds):
        await _ask(client, text)


async def _open(client: Client, text: str) -> Any:
    return await client.completion(_MODEL, [{"role": "user", "content": text}], stream=True, timeout=120)


async def _read(stream: Any) -> None:
    with trio.move_on_after(60):
        await anext(aiter(stream), None)


async def _fan_out(client: Client, count: int, deadline: float | None) -> list[Any]:
    from ..._types.chat import ChatRequest

    jobs = [ChatRequest(_MODEL, [{"role": "user", "content": str(number)}], timeout=60) for number in range(count)]
    return await client.fan_out(jobs, deadline=deadline)
