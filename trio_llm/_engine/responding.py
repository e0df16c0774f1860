"""The responders of a client around a call: each is handed the next one, and the last one the network.

They are asked inside the call, for each of its targets: its deadline ends them, and its end comes after theirs. A
responder for streams is an async generator. It is pulled as the network's is, so the limits on content hold, and no
scope of the call is open while it waits to be pulled.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, Protocol

from .._types.errors import Timeout
from .._types.request import AnyRequest
from .call import RunningCall
from .seams import Respond, Responder, RespondStreamed


class _Chunks(Protocol):
    chunks: list[Any]

    async def next_batch(self) -> list[Any] | None: ...

    async def aclose(self) -> None: ...


Open = Callable[[AnyRequest], Awaitable[tuple[_Chunks, list[Any]]]]
"""Opens a stream on the network."""


async def responded(responders: Sequence[Responder], request: AnyRequest, call: RunningCall, receive: Respond) -> Any:
    """What the responders make of a request, within the call's deadline.

    Raises:
        Timeout: if that came first.
    """
    respond = receive
    for responder in reversed(responders):
        respond = partial(_respond_by, responder, respond)
    with call.wait_until(call.deadline) as scope:
        try:
            return await respond(request)
        finally:
            call.scopes.discard(scope)
    if call.cut:
        raise call.closed_error()
    raise Timeout(f"no response within {call.timeout:g} s", model=request.model, attempts=call.attempts)


async def _respond_by(responder: Responder, following: Respond, request: AnyRequest) -> Any:
    response = await responder.respond(request, following)
    if response is None or isinstance(response, str | dict):
        name = type(responder).__name__
        raise TypeError(
            f"the responder {name} gave {response!r:.60}: a response is wanted, as `next(request)` gives one"
        )
    return response


async def responded_stream(  # noqa: ASYNC900 - owned and closed by an `AttemptSource`, as the network's generator is
    responders: Sequence[Responder], request: AnyRequest, opened: Open
) -> AsyncGenerator[list[Any], None]:
    """The chunks that the responders make of a request, as a `Source` takes them: in batches, an empty one first."""
    yield []
    # Every iterator that was handed out. A generator that is closed leaves those that it was iterating over open, and
    # the network's holds slot and connection.
    made: list[AsyncIterator[Any]] = []
    respond: RespondStreamed = partial(_kept, made, partial(_network, opened))
    for responder in reversed(responders):
        respond = partial(_kept, made, partial(_stream_by, responder, respond))
    try:
        async for chunk in respond(request):
            yield [chunk]
    finally:
        for chunks in made:
            close = getattr(chunks, "aclose", None)
            if close is not None:
                await close()  # noqa: ASYNC102 - what closes a stream waits for nothing


def _kept(made: list[AsyncIterator[Any]], respond: RespondStreamed, request: AnyRequest) -> AsyncIterator[Any]:
    chunks = respond(request)
    made.append(chunks)
    return chunks


def _stream_by(responder: Responder, following: RespondStreamed, request: AnyRequest) -> AsyncIterator[Any]:
    return responder.respond_streamed(request, following)


async def _network(opened: Open, request: AnyRequest) -> AsyncGenerator[Any, None]:  # noqa: ASYNC900
    source, opening = await opened(request)
    async with aclosing(source):
        for chunk in opening:
            yield chunk  # noqa: ASYNC119
        while (batch := await source.next_batch()) is not None:
            for chunk in batch:
                yield chunk  # noqa: ASYNC119
