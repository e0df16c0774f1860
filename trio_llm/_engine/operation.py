"""What an operation is to the engine, and what follows from the function that asks for it.

The function makes the request from its arguments. Its annotations are the only place where the types of an operation
stand: a client's method, a module function and its synchronous twin have the same parameters, and what they return
follows from what it is said to give. Overloads are kept.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeAlias, TypeVar, cast

import attrs

from .._dialects.contract import Dialect, Endpoint, StreamEndpoint
from .._dialects.quirks import Quirks
from .._types.request import AnyRequest
from .stream import ChunkRules, ChunkSource, Stream
from .sync_stream import SyncStream

P = ParamSpec("P")
AnswerT = TypeVar("AnswerT", covariant=True)
SyncAnswerT = TypeVar("SyncAnswerT", covariant=True)
ChunkT = TypeVar("ChunkT")
ResponseT = TypeVar("ResponseT")
AskT = TypeVar("AskT", bound=Callable[..., Any])


class Asking(Generic[AnswerT, SyncAnswerT]):
    """What type checkers see in place of a request: what answers it, to async and to synchronous code.

    There are no objects of it: what an asking function returns is the request itself.
    """


class Whole(Asking[ResponseT, ResponseT]):
    """Answered by a response."""


class Streamed(Asking[Stream[ChunkT, ResponseT], SyncStream[ChunkT, ResponseT]]):
    """Answered by a stream."""


Either: TypeAlias = Asking[ResponseT | Stream[ChunkT, ResponseT], ResponseT | SyncStream[ChunkT, ResponseT]]
"""Answered by one or the other: whether it streams is known when it runs."""


class Caller(Protocol):
    """Whoever makes calls: a client."""

    def call(self, request: Any) -> Coroutine[Any, Any, Any]:
        """Make the call that a request describes."""


class Receive(Protocol):
    """Makes what one call consists of, where that is more than one request."""

    def __call__(self, request: Any, /) -> Awaitable[Any]:
        """Send a request with attempts of its own, and give its response."""

    async def pause(self, seconds: float) -> None:
        """Wait, as long as the call may last. Raises `Timeout` at its deadline, `ClientClosedError` if it was ended."""

    async def send_last(self, request: Any) -> None:
        """Send what is to be said although the call has failed or was cancelled; what comes of it is of no interest."""


InParts: TypeAlias = Callable[[Any, Quirks, Receive], Awaitable[Any] | None]
"""Makes a call that needs several requests; gives None for one where one will do."""


def no_rules(_: Any) -> ChunkRules[Any, Any]:
    """Of an operation that has no streams: what asks for one is refused before."""
    raise AssertionError("asked for the rules of what has no stream")  # pragma: no cover


@attrs.frozen
class Bridge:
    """How an operation is answered by another, where a dialect does not have it."""

    field: str
    """The name of the operation beneath, in dialects and rows."""
    endpoint: Callable[[Endpoint[Any, Any]], Endpoint[Any, Any]]
    stream_endpoint: Callable[[StreamEndpoint[Any, Any]], StreamEndpoint[Any, Any]]


@attrs.frozen
class Operation:
    """How one kind of request is made."""

    field: str
    """Its name in a dialect, and in the rows of the catalogue. A streamed form has the same with `_stream`."""
    words: str
    """For error messages, before "calls"."""
    rules: Callable[[Any], ChunkRules[Any, Any]] = no_rules
    """What its streams have to know, by request."""
    in_parts: InParts | None = None
    """For a call that may need several requests: makes them all. Gives None for one where one will do."""
    resumed: Callable[..., ChunkSource[Any, Any]] | None = None
    """Streams that can be taken up again when they break: makes the source that does. See `resuming`."""
    bridge: Bridge | None = None
    """What answers it where the dialect does not have it."""
    answered: Callable[[Any, Callable[[Any], Awaitable[Any]]], Awaitable[Any] | None] | None = None
    """What is made of an answer, and whether it is asked for again: given a request and what asks. Gives None for a
    request whose response is taken as it is."""

    def endpoint(self, dialect: Dialect) -> Endpoint[Any, Any] | None:
        """Where a dialect has it, or what bridges it; None if it has neither."""
        found: Endpoint[Any, Any] | None = getattr(dialect, self.field)
        if found is not None or self.bridge is None:
            return found
        beneath: Endpoint[Any, Any] | None = getattr(dialect, self.bridge.field)
        return beneath and self.bridge.endpoint(beneath)

    def stream_endpoint(self, dialect: Dialect) -> StreamEndpoint[Any, Any] | None:
        """The same for its streamed form."""
        found: StreamEndpoint[Any, Any] | None = getattr(dialect, f"{self.field}_stream", None)
        if found is not None or self.bridge is None:
            return found
        beneath: StreamEndpoint[Any, Any] | None = getattr(dialect, f"{self.bridge.field}_stream", None)
        return beneath and self.bridge.stream_endpoint(beneath)


def request_of(asked: Asking[Any, Any]) -> AnyRequest:
    """What an asking function returned. To type checkers it is an `Asking`; what it really is, is a request."""
    return cast("AnyRequest", asked)


def only_makes(make: Callable[..., Any]) -> Callable[[AskT], AskT]:
    """Mark an asking function that does nothing but make a request of its arguments: `make` is called in its place.

    One function that hands keyword arguments on to another takes as long as reading them, and every chat would pay.
    """

    def marked(ask: AskT) -> AskT:
        ask.request_for = make  # type: ignore[attr-defined]
        return ask

    return marked


def request_maker(ask: Callable[..., Any]) -> Callable[..., Any]:
    """What makes the request that an asking function returns."""
    make: Callable[..., Any] = getattr(ask, "request_for", ask)
    return make


def method(
    ask: Callable[P, Asking[AnswerT, SyncAnswerT]],
) -> Callable[Concatenate[Caller, P], Coroutine[Any, Any, AnswerT]]:
    """The method of a client that asks."""
    request_for = request_maker(ask)

    async def asked(self: Caller, /, *arguments: P.args, **keywords: P.kwargs) -> AnswerT:
        answer: AnswerT = await self.call(request_for(*arguments, **keywords))
        return answer

    signature = inspect.signature(ask)
    owner = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    describe(asked, ask, signature.replace(parameters=[owner, *signature.parameters.values()]))
    return asked


def describe(made: Any, ask: Callable[..., Any], signature: inspect.Signature) -> None:
    """Let a function that was made from an asking one be shown as if it had been written out."""
    made.__name__ = made.__qualname__ = name_of(ask)
    made.__doc__ = ask.__doc__
    made.__annotations__ = ask.__annotations__
    made.__signature__ = signature


def name_of(ask: Callable[..., Any]) -> str:
    """The operation that an asking function asks for: `embedding` for `ask_embedding`."""
    return ask.__name__.removeprefix("ask_")
