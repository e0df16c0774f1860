"""A stream as server-sent events: the body that a web application sends to a browser, or to an OpenAI client.

Who owns what. A body owns its stream: it closes it when it has been read to its end, when it is closed itself, and when
a read of it is cancelled or fails. A server that finds the browser gone cancels whoever reads the body, and that is how
the provider stops. A server may instead drop a body between two reads. Then the event loop closes the body's
generator, as it does with every async generator that nobody holds.

Called as an ASGI application, a body has an owner of its own, its nursery: a task waits for the browser to leave, and
nothing is left behind when the call ends.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Coroutine, Mapping, MutableMapping
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

from .._convert.json import dumps
from .._engine.nursery import BareNursery
from .._runtime import trio
from .._types.as_read import AsRead
from .._types.chat import Seam
from .._types.errors import APIError, LLMError
from .._types.mapping import Record

ASGIMessage: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[ASGIMessage]]
Send: TypeAlias = Callable[[ASGIMessage], Awaitable[None]]

_DONE: Final = b"data: [DONE]\n\n"
_HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # nginx would collect the events
)
_LINE_ENDS: Final = (
    (b"\xe2\x80\xa8", b"\\u2028"),
    (b"\xe2\x80\xa9", b"\\u2029"),
    (b"\xc2\x85", b"\\u0085"),
)
"""What ends no line of server-sent events, but one for clients that split text as Python and httpx do."""
# OpenAI's and Anthropic's names for kinds of errors.
_KINDS: Final[Mapping[int, str]] = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
}


class ServerSentEvents:
    """The body of a streamed reply, event by event, in UTF-8. `trio_llm.sse` makes it.

    It may be iterated once, entered as an `async with` block, closed, or called as an ASGI application.

        return StreamingResponse(trio_llm.sse(stream), media_type="text/event-stream")
    """

    def __init__(self, stream: AsyncIterable[Record]) -> None:
        self._stream = stream
        self._events = _events(stream)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        return await self._events.__anext__()

    async def aclose(self) -> None:
        """End it: the stream is closed, the provider stops. Idempotent."""
        await self._events.aclose()
        await _close(self._stream)  # for one that nothing was read of

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request as an ASGI application: status 200, the events, and an end when the browser leaves."""
        async with self, BareNursery() as nursery:
            nursery.start_soon(_leave_with_browser, receive, nursery.cancel_scope)
            await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
            async for event in self:
                await send({"type": "http.response.body", "body": event, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            nursery.cancel_scope.cancel(reason="everything was sent")


def sse(stream: AsyncIterable[Record]) -> ServerSentEvents:
    """A stream as the body of a web application's reply: server-sent events in OpenAI's shape.

    Each chunk is one event, `[DONE]` is the last. Events of `responses` and of `anthropic_messages` bear their names.
    A call that fails ends in an event with `{"error": {"message", "type", "param", "code"}}` and without `[DONE]`, so
    that no failure looks like an end. When the browser goes away, the stream is closed and the provider stops.

        @app.post("/chat")
        async def chat(question: Question) -> StreamingResponse:
            stream = await client.completion(question.model, question.messages, stream=True)
            return StreamingResponse(trio_llm.sse(stream), media_type="text/event-stream")

    Args:
        stream: what `completion(stream=True)`, `client.stream(...)` and their siblings give; also a stream of `tee` or
            `stop_when`. The body owns it from here on.

    Returns:
        An async iterator of bytes, to be read once. It is an ASGI application too, without any framework:
        `await trio_llm.sse(stream)(scope, receive, send)`.

    Raises:
        TypeError: if it is no stream: a call that was not awaited, or a whole response.

    Source: OpenAI API reference, "Streaming", and HTML Living Standard, 9.2, as of 2026-11.
    """
    given: object = stream
    if not isinstance(given, AsyncIterable):
        raise TypeError(f"sse takes a stream, not {type(given).__name__}{_forgotten(given)}")
    return ServerSentEvents(stream)


def _forgotten(given: object) -> str:
    """What is missing where a call was not awaited, or not asked to stream."""
    if isinstance(given, Coroutine):
        given.close()
        return ": await the call first"
    return ": ask for it with stream=True" if isinstance(given, Record) else ""


async def _events(stream: AsyncIterable[Record]) -> AsyncGenerator[bytes, None]:  # noqa: ASYNC900 - see the module's head
    last: Record | None = None
    try:
        async for last in stream:
            yield _event_of(last)
        yield _DONE
    except LLMError as error:
        yield _event_of_error(error, last)  # noqa: ASYNC911 - the reader has the checkpoints
    finally:
        # A cancellation does not keep it from closing: sockets are closed before the first checkpoint.
        await _close(stream)  # noqa: ASYNC102


async def _close(stream: AsyncIterable[Record]) -> None:
    await getattr(stream, "aclose", trio.lowlevel.checkpoint)()


async def _leave_with_browser(receive: Receive, scope: trio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass  # the rest of the request's body
    scope.cancel(reason="the browser went away")


def _event_of(chunk: Record) -> bytes:
    if isinstance(chunk, AsRead):  # OpenAI's and Anthropic's events have names, and their nulls mean something
        return _named(chunk.get("type"), chunk.model_dump())
    exclude = {"partial"} if isinstance(chunk, Seam) else None
    plain = chunk.model_dump(exclude_none=True, exclude=exclude)
    for choice in plain.get("choices") or ():
        choice.setdefault("finish_reason", None)  # clients compare it with null
    return _named(None, plain)


def _event_of_error(error: LLMError, last: Record | None) -> bytes:
    code = error.code if isinstance(error, APIError) else None
    status = (error.status_code if isinstance(error, APIError) else None) or 500
    words = {"message": str(error), "type": _KINDS.get(status, "server_error"), "param": None, "code": code}
    if not isinstance(last, AsRead):
        return _named(None, {"error": words})
    number = last.get("sequence_number")  # which Anthropic's events have not
    flat = {} if number is None else {**words, "sequence_number": number + 1}
    return _named("error", {**flat, "type": "error", "error": words})


def _named(name: object, value: Any) -> bytes:
    data = dumps(value)
    for mark, escape in _LINE_ENDS:
        if mark in data:
            data = data.replace(mark, escape)
    named = (
        isinstance(name, str) and name.isprintable() and name != ""
    )  # a provider's own; a line break would be a field
    return (b"event: %b\n" % str(name).encode() if named else b"") + b"data: %b\n\n" % data
