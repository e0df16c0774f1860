"""The two forms of a stream over one owner: pulled by its reader, or pumped by a task of its block (`pumping`).

    owner ──> AttemptSource ──> [one that asks again] ──> Stream        pulled: nothing of ours runs between two pulls
                                                     └──> PumpedStream  pumped: a task reads ahead into a channel

The owner is a private generator (`exchange.receive_stream`). It has slot and reply, and closing it frees both. The
states of a stream:

- *opening*: up to the first content; a failure is an attempt's, and may be retried. `AttemptSource.open` is
  its only way out.
- *flowing*: its reader has chunks. `_patience` is how long it may yet wait for the network until content has to come.
- *cut*: a pull was cancelled, or its client ended the call. Every further read says so.
- *ended*: by its last chunk, by an error, which is raised once, or because it was closed. Nothing is left of it.
- *asked again*: broken, and opened anew by `reasking` or `resuming`, under the same call and the same deadline.

What always holds: no scope or task is open between two pulls. No pull begins after the deadline, whatever a scope
would do. What arrived is kept for the folded response before anybody sees it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import attrs

from .._runtime import trio
from .._types.errors import APIConnectionError, APIError, ClientClosedError
from .._types.folding import FoldedSoFar, Folding
from .._types.receipt import Receipt, Received, request_id_of
from .attempts import CallFrame, out_of_time
from .call import RunningCall
from .timeouts import Timeouts

if TYPE_CHECKING:
    from .events import End


ChunkT = TypeVar("ChunkT")
ResponseT = TypeVar("ResponseT")
ResponseT_co = TypeVar("ResponseT_co", covariant=True)


@attrs.frozen
class ChunkRules(Generic[ChunkT, ResponseT]):
    """What a stream has to know of its chunks."""

    open_folding: Callable[[], Folding[ChunkT, ResponseT]]
    """Makes what puts chunks together into a response."""
    has_content: Callable[[ChunkT], bool]
    """Whether a chunk shows that the answer goes on."""
    is_shown: Callable[[ChunkT], bool]
    """Whether the reader gets to see it; all chunks count for the folded response."""
    keeps: bool = True
    """Whether chunks are kept for the folded response."""
    unfold: Callable[[ResponseT], ChunkT] | None = None
    """A whole response as one chunk, for providers that send one where a stream was asked for."""


class ChunkSource(Protocol[ChunkT, ResponseT_co]):
    """Where the chunks of a stream come from."""

    async def next_batch(self) -> list[ChunkT] | None:
        """The chunks of the next network read that has any; None at the end."""

    @property
    def response(self) -> ResponseT_co:
        """What has arrived, folded."""

    @property
    def deadline(self) -> float:
        """When the whole call has to be over, on the clock of the run. A pull after it raises `Timeout`."""
        ...

    @property
    def receipt(self) -> Receipt | None:
        """What is known of the last reply."""

    async def aclose(self) -> None:
        """Close the connection and free the slot. Idempotent."""


class AttemptSource(Generic[ChunkT, ResponseT]):
    """The chunks of one attempt as they arrive, under its call's limits; keeps all of them for the folded response."""

    def __init__(
        self,
        owner: AsyncGenerator[list[ChunkT], None],
        rules: ChunkRules[ChunkT, ResponseT],
        frame: CallFrame,
        timeouts: Timeouts,
    ) -> None:
        self._owner = owner
        self._rules = rules
        self._frame = frame
        self._timeouts = timeouts
        self.chunks: list[ChunkT] = []
        """All that arrived."""
        self._folded = FoldedSoFar(rules.open_folding())
        # Seconds of waiting for the network that are left until content has to come. A slow reader costs none.
        self._patience = math.inf
        self._has_content = False
        self._pulling: trio.CancelScope | None = None
        self._idle: trio.Event | None = None
        self._cut_read = False
        self.ends_call = False
        """Whether the call is over when this is: once it has been opened, and will not be asked for again."""
        frame.call.follow(self)

    async def open(self) -> list[ChunkT]:
        """Everything up to the first content, so that a failure before it can still be retried."""
        opening: list[ChunkT] = []
        self.chunks += await self._pull()  # the owner's first step ends with its slot, and has no content
        self._patience = self._timeouts.first_content
        while not self._has_content:
            batch = await self.next_batch()
            if batch is None:
                break
            opening += batch
        return opening

    async def next_batch(self) -> list[ChunkT] | None:
        """The shown chunks of the next network read that has any; None at the end.

        Raises:
            Timeout: if a limit ran out. Like every error it carries what had arrived.
            ClientClosedError: if the client ended the stream.
        """
        call = self._frame.call
        try:
            batch = await self._shown_batch()
        except StopAsyncIteration:
            if not call.cut:
                self._over(None)
                return None
            closed = self._labelled(call.closed_error())
            self._over(closed)
            raise closed from None
        except BaseException as error:
            if isinstance(error, APIError):
                self._labelled(error)
            self._over(error)
            raise
        if call.watch is not None:
            call.watch.progress(batch)
        return batch

    def _over(self, error: BaseException | None, *, how: End | None = None) -> None:
        if self.ends_call:
            call = self._frame.call
            response = None if call.watch is None else call.watch.unfolded(lambda: self.partial)
            call.end(error, response, how=how)

    async def _shown_batch(self) -> list[ChunkT]:
        while True:
            batch = await self._pull()
            if self._rules.keeps:
                self.chunks += batch
            if any(map(self._rules.has_content, batch)):
                self._note_content()
            if shown := [chunk for chunk in batch if self._rules.is_shown(chunk)]:
                return shown

    async def _pull(self) -> list[ChunkT]:
        if self._cut_read:
            message = "a read of this stream was cancelled, which ended it; a stream read in a block loses nothing so"
            raise APIConnectionError(message, llm_provider=self._frame.provider, model=self._frame.model)
        call, clock = self._frame.call, self._frame.call.calls.clock
        began = clock()
        if began >= call.deadline:
            # A scope would not do: where data is at hand, nothing of a pull suspends, and no scope can end it.
            await self._close_owner()
            raise out_of_time(self._frame, self._limit_name())
        with call.wait_until(min(began + self._patience, self._frame.call.deadline)) as scope:
            batch = await self._step(scope)
            self._patience -= clock() - began
            return batch
        self._cut_read = False  # ended by a limit, or by whoever closed it
        if call.cut:
            raise call.closed_error()
        if self._idle is not None:
            raise trio.ClosedResourceError("another task closed this stream")
        raise out_of_time(self._frame, self._limit_name())

    async def _step(self, scope: trio.CancelScope) -> list[ChunkT]:
        self._pulling, self._cut_read = scope, True
        try:
            batch = await self._owner.__anext__()
        except trio.Cancelled:
            raise
        except BaseException:
            self._cut_read = False
            raise
        finally:
            self._pulling = None
            self._frame.call.scopes.discard(scope)
            if self._idle is not None:
                self._idle.set()
        self._cut_read = False
        return batch

    def _note_content(self) -> None:
        self._patience = self._timeouts.gap
        self._has_content = True
        call = self._frame.call
        if call.first_content is None:
            call.first_content = trio.current_time()
            if call.watch is not None:
                call.watch.first_content()

    def _limit_name(self) -> str:
        if trio.current_time() >= self._frame.call.deadline:
            return f"the stream did not end within {self._frame.call.timeout:g} s"
        if not self._has_content:
            return f"no content within {self._timeouts.first_content:g} s"
        return f"no further content for {self._timeouts.gap:g} s"

    def _labelled(self, error: APIError) -> APIError:
        error.partial = self.partial or error.partial
        receipt = self.receipt
        if receipt is not None and not error.response_headers:
            error.response_headers, error.request_id = receipt.head.headers, request_id_of(receipt.head.headers)
            error.response_seconds = self._frame.call.calls.clock() - receipt.sent
        return error

    @property
    def deadline(self) -> float:
        """When the whole call has to be over."""
        return self._frame.call.deadline

    @property
    def partial(self) -> Any:
        """What has arrived, folded."""
        return self.response if self.chunks else None

    @property
    def response(self) -> ResponseT:
        """The response that the chunks amount to so far."""
        return self._frame.call.with_receipt(self._folded.response(self.chunks))

    @property
    def receipt(self) -> Receipt | None:
        """What is known of its reply."""
        return self._frame.call.receipt

    async def aclose(self) -> None:
        """Close the connection and free the slot; a read that another task is in ends. Idempotent."""
        if self._pulling is not None:
            self._idle = trio.Event()
            self._pulling.cancel(reason="the stream was closed")
            await self._idle.wait()
        await self._close_owner()
        self._over(None, how="cancelled")

    async def _close_owner(self) -> None:
        self._frame.call.leaving = True
        try:
            await self._owner.aclose()
        finally:
            self._frame.call.leaving = False


class EndingSource(Generic[ChunkT, ResponseT]):
    """A source of several streams, over which the call is over when it is."""

    def __init__(self, source: ChunkSource[ChunkT, ResponseT], call: RunningCall) -> None:
        self._source = source
        self._call = call
        call.follow(self)

    async def next_batch(self) -> list[ChunkT] | None:
        """What its source gives; at its end or error the call ends."""
        try:
            batch = await self._source.next_batch()
        except BaseException as error:
            self._over(error)
            raise
        if batch is None:
            await self._source.aclose()  # the last connection may have more to say
            self._over(None)
        return batch

    def _over(self, error: BaseException | None, *, how: End | None = None) -> None:
        watch = self._call.watch
        self._call.end(error, None if watch is None else watch.unfolded(lambda: self.response), how=how)

    @property
    def response(self) -> ResponseT:
        """What has arrived, folded."""
        return self._call.with_receipt(self._source.response)

    @property
    def receipt(self) -> Receipt | None:
        """What is known of the last reply."""
        return self._call.receipt

    @property
    def partial(self) -> Any:
        """The same as `response`, under the name that a drain asks for."""
        return self.response

    @property
    def deadline(self) -> float:
        """When the whole call has to be over."""
        return self._source.deadline

    async def aclose(self) -> None:
        """Close its source, and end the call. Idempotent."""
        await self._source.aclose()
        self._over(None, how="cancelled")


class Ready(Generic[ChunkT]):
    """An awaitable with its result at hand. Chunks of one network read cost no trip through the scheduler."""

    __slots__ = ("_chunk",)

    def __init__(self, chunk: ChunkT) -> None:
        self._chunk = chunk

    def __await__(self) -> Generator[None, None, ChunkT]:
        return self._chunk
        yield


class Stream(Received, Generic[ChunkT, ResponseT]):
    """A streamed reply that its reader pulls: no task, scope or nursery is alive between two pulls.

    It may be read by one task at a time, any task, and closes itself when it is exhausted, fails or is
    cancelled. A cancelled read ends it; inside `async with client.stream(...)` a cancelled read loses nothing.

        stream = await client.completion(model, messages, stream=True)
        async for chunk in stream:
            print(chunk.choices[0].delta.content or "", end="")
        print(stream.response.usage)
    """

    def __init__(self, source: ChunkSource[ChunkT, ResponseT], opening: list[ChunkT]) -> None:
        self._source = source
        self._ready = deque(opening)
        self._reading = False
        self._ended = False

    def __aiter__(self) -> Stream[ChunkT, ResponseT]:
        return self

    def __anext__(self) -> Awaitable[ChunkT]:
        if self._ready:
            return Ready(self._ready.popleft())
        return self._next()

    async def _next(self) -> ChunkT:
        if self._reading:
            raise trio.BusyResourceError("another task is reading this stream")
        if self._ended:
            raise StopAsyncIteration
        self._reading = True
        try:
            batch = await self._source.next_batch()
        except Exception as error:
            self._ended = not isinstance(error, ClientClosedError)  # an error is raised once; a client stays closed
            raise
        finally:
            self._reading = False
        if batch is None:
            self._ended = True
            raise StopAsyncIteration
        self._ready.extend(batch)
        return self._ready.popleft()

    async def next_batch(self) -> list[ChunkT]:
        """The chunks of the next network read, or those at hand; an empty list at the end."""
        batch = self._take_ready()
        if batch:
            await trio.lowlevel.checkpoint()
            return batch
        try:
            return [await self._next(), *self._take_ready()]
        except StopAsyncIteration:
            return []

    def _take_ready(self) -> list[ChunkT]:
        ready, self._ready = list(self._ready), deque()
        return ready

    @property
    def deadline(self) -> float:
        """When it has to be over, in seconds on the clock of the run. A read of the network after it raises."""
        return self._source.deadline

    @property
    def response(self) -> ResponseT:
        """What has arrived, folded into a whole response; complete, usage included, once the stream has ended."""
        return self._source.response

    @property
    def receipt(self) -> Receipt | None:
        """What is known of the reply that it came in."""
        return self._source.receipt

    async def aclose(self) -> None:
        """End the stream: the connection is closed, the provider stops. Idempotent."""
        self._ended = True
        self._ready.clear()
        await self._source.aclose()

    async def __aenter__(self) -> Stream[ChunkT, ResponseT]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()
