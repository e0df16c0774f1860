"""The four places where others reach into a call. Everything else about calls is the engine's own.

- An `Observer` sees: it is told what happens, as events. It changes nothing.
- A `Gate` admits: each attempt passes all gates before it leaves. The limits of an account are one.
- `Targets` say where next: which request a call makes first, and which one after a failure. Fallbacks are one.
- A `Responder` answers: in place of the network, or around it.

    observer:   told of everything below, in order, on the call's task
    call ──> targets ──> responders ──> attempt ──> account ──> gates ──> signature ──> connection
                │ failed      │ cached       │ failed
                └─ next one   └─ response    └─ pause, next attempt

All four are given to a `Client`, and hold for all its calls. Each class below may be subclassed for its defaults. A
class of one's own that has the same methods will do as well.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

import attrs

from .._types.errors import APIError
from .._types.http import ReplyHead
from .._types.request import AnyRequest
from .._types.usage import Usage

if TYPE_CHECKING:
    from .events import Activity, Event


class Observer(Protocol):
    """Sees what happens to calls. It is told at once, on the task of the call, so it should be quick and never wait.

    What it raises is logged once, by the logger `trio_llm`, and harms no call.

        class Slow:
            wants = (CallEnded,)

            def observe(self, event: Event) -> None:
                print(event.activity.request.model, event.at - event.activity.started)
    """

    @property
    def wants(self) -> Collection[type[Event]]:
        """The events that it is told; a constant of the class will do.

        A class stands for its subclasses, so `(Event,)` is all. It is read once, when the client makes its first call.
        An event that nobody wants is not built.
        """
        ...

    def observe(self, event: Event) -> None:
        """Take note of one event."""


@attrs.define(eq=False)
class Departure:
    """An attempt that is about to leave, as gates see it. It is not to be changed, but for its headers.

    Example:
        class Purse:
            async def enter(self, departure: Departure) -> object:
                print(departure.provider, departure.model, departure.number)
                return None
    """

    request: AnyRequest
    provider: str
    model: str
    """By its name without the provider's prefix."""
    number: int
    """Counted from 1, over all models of the call."""
    deadline: float
    """When the call has to be over, on the clock of the run."""
    activity: Activity | None
    """The call as observers know it; None if there are none."""
    host: str = ""
    """Where it goes."""
    account: int = 0
    """A number that tells who is billed from others, in one process: the same for the same key of a provider."""
    size: int | None = None
    """Bytes of its body; None of files, and of what is sent piece by piece."""
    headers: dict[str, str] = attrs.field(factory=dict)
    """What a gate puts here is sent with this attempt and those after it: lower-case names, no credentials."""


@attrs.define(eq=False)
class Learnt(Departure):
    """What is known of an attempt when it is over: what came of it, beside what was known when it left.

    Example:
        class Purse:
            def leave(self, entered: object, learnt: Learnt) -> None:
                print(learnt.model, learnt.usage, learnt.error)
    """

    error: BaseException | None = None
    """What ended it, if it did not succeed. Cancellations are not errors of anybody."""
    usage: Usage | None = None
    """Tokens as the provider counted them."""
    received: int = 0
    """Without usage: chunks of the answer that arrived, about as many as tokens."""
    head: ReplyHead | None = None
    """Status and headers of the reply, if one came."""
    response: Any = None
    """The response, if it came whole. Of a stream there are `usage`, `received` and `delivered`."""
    delivered: list[Any] = attrs.field(factory=list[Any])
    """The chunks or events of a stream that arrived. There are none of sound."""


class Gate(Protocol):
    """Admits attempts: a limit that is shared with other processes, a purse. Several are passed in their order.

    The limits of the account come first. An attempt that waits here holds its slot meanwhile. What a gate gives on
    entering comes back to it on leaving; it is left once for each time that it was entered, whatever happens.

        async with Client(gates=[purse]) as client:  # passed by each attempt, behind the account's limits
            await client.completion(model, messages)
    """

    def enter_nowait(self, departure: Departure) -> object | None:
        """Let an attempt leave at once; None if it has to `enter`.

        Raises:
            LLMError: if it may not leave at all.
        """

    async def enter(self, departure: Departure) -> object:
        """Wait until it may leave. Cancelled while waiting, nothing has been taken.

        Raises:
            LLMError: if it may not leave at all.
        """

    def leave(self, entered: object, learnt: Learnt) -> None:
        """It is over. Called on any task, and never waits."""


class Targets(Protocol):
    """Where one call goes: an object of its own for each call.

    Example:
        class Once:
            def first(self) -> AnyRequest:
                return self.request

            def after(self, error: APIError) -> AnyRequest | None:
                return None
    """

    def first(self) -> AnyRequest:
        """The request that is made first."""

    def after(self, error: APIError) -> AnyRequest | None:
        """The request that is made next, after the one before failed for good; None if there is none."""


class TargetChooser(Protocol):
    """Says where calls go: a group of models, of which each call gets one.

    Example:
        async with Client(targets=[nearest]) as client:  # says where each call goes
            await client.completion(model, messages)
    """

    def targets_of(self, request: AnyRequest) -> Targets | None:
        """Where a call goes; None to leave it to whoever comes next. The call's own fallbacks come after."""


Respond: TypeAlias = Callable[[AnyRequest], Awaitable[Any]]
"""Gives the response to a request."""
RespondStreamed: TypeAlias = Callable[[AnyRequest], AsyncIterator[Any]]
"""Gives the chunks of the streamed response to a request."""


class Responder(Protocol):
    """Answers in place of the network, or around it. Several are asked in their order, each through the one before.

    What is left out passes everything on, for those that subclass this.

        async with Client(responders=[cache]) as client:  # asked before the network
            await client.completion(model, messages)
    """

    async def respond(self, request: AnyRequest, next: Respond) -> Any:
        """The response to a request. `next(request)` asks on: with this request or another, once, often or never."""
        return await next(request)

    def respond_streamed(self, request: AnyRequest, next: RespondStreamed) -> AsyncIterator[Any]:
        """The same for a stream: an async generator of chunks. It is closed when its reader leaves."""
        return next(request)


def _having(*methods: str) -> Callable[[Seams, attrs.Attribute[Any], tuple[object, ...]], None]:
    """Checks that everything given for a seam is an object with its methods: an error of a call would be a late one."""

    def check(_: Seams, seam: attrs.Attribute[Any], given: tuple[object, ...]) -> None:
        for one in given:
            if isinstance(one, type):
                raise TypeError(f"{seam.name} are objects: give {one.__name__}(...), not the class")
            if missing := [name for name in methods if not hasattr(one, name)]:
                base = f"subclass trio_llm.observe.{_BASES[seam.name]} for what is left out"
                lacking = " and no ".join(missing)
                raise TypeError(f"{type(one).__name__} has no {lacking}, as {seam.name} have: {base}")

    return check


_BASES: Final = {"observers": "Observer", "gates": "Gate", "targets": "TargetChooser", "responders": "Responder"}


@attrs.frozen
class Seams:
    """What a client was given for its seams, each in the order in which it is asked."""

    observers: tuple[Observer, ...] = attrs.field(default=(), validator=_having("wants", "observe"))
    gates: tuple[Gate, ...] = attrs.field(default=(), validator=_having("enter_nowait", "enter", "leave"))
    targets: tuple[TargetChooser, ...] = attrs.field(default=(), validator=_having("targets_of"))
    responders: tuple[Responder, ...] = attrs.field(default=(), validator=_having("respond", "respond_streamed"))


NO_SEAMS = Seams()
