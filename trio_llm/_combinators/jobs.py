"""What structured-concurrency functions run: jobs, where they come from, and what became of each.

An `Outcome` goes one way. `not_started` until its job is run; `cancelled` from then on, unless it comes to another end;
`ok` or `failed` when it does. Back to `not_started` goes what was given up before a request was sent. `run_job` is the
only one to write it, and writes the end whatever happens, so an outcome can be read at any time.

A `Feed` pulls a job only when one can be started, never after its deadline, and never after its source has failed. That
failure is noted, not raised: what was started ends first. Whoever reads the outcomes is told then, once.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sized
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeGuard, TypeVar

import attrs

from .._engine.call import JobTrace
from .._engine.engine import Engine
from .._engine.groups import group_of, place_calls
from .._engine.nursery import FirstError
from .._engine.stream import Stream
from .._limits.ticket import Crowd
from .._runtime import trio
from .._types.amounts import checked_count
from .._types.chat import ModelResponse
from .._types.errors import ClientClosedError, LLMError, RateLimitError
from .._types.request import AnyRequest
from .._types.shown import html_table, markdown_table, rich_table, text_of

if TYPE_CHECKING:
    from typing_extensions import TypeVar as DefaultTypeVar

    from .._engine.events import Activity

    ResponseT = DefaultTypeVar("ResponseT", default=Any)  # who does not name it means any
else:
    ResponseT = TypeVar("ResponseT")

Job: TypeAlias = AnyRequest | Callable[[], Awaitable[Any]]
"""A request, or an async function without arguments: `partial(agent.run, question)`."""
Jobs: TypeAlias = Iterable[Job] | AsyncIterable[Job]
"""Any number of jobs, at hand or still to come."""
Requests: TypeAlias = Iterable[AnyRequest[ResponseT]] | AsyncIterable[AnyRequest[ResponseT]]
"""Jobs that are all requests: type checkers know what answers them."""
Status = Literal["ok", "failed", "cancelled", "not_started"]
DEFAULT_LIMIT = 100
"""Jobs at the same time, of those that come from an iterator: nobody knows how many there are."""
CLOSING_TIME = 2.0
"""Seconds that a generator of jobs, or a stream that somebody else made, may take to close."""


@attrs.define
class Timings:
    """When what happened to one item, in seconds since the whole began. None where it did not get that far.

    Example:
        outcome = (await client.fan_out(requests))[0]
        print(outcome.timings.ended - outcome.timings.started, "seconds")
    """

    started: float | None = None
    admitted: float | None = None
    """When the last attempt got its slot."""
    first_content: float | None = None
    """Streamed items: when the first content arrived."""
    ended: float | None = None


@attrs.define
class Outcome(Generic[ResponseT]):
    """What became of one job. Its parameter is what answers a request; for functions it is anything.

    Example:
        for outcome in await client.fan_out(requests):
            print(outcome.index, outcome.status, outcome.error or outcome.response.choices[0].message.content)
    """

    index: int
    """Its place among the jobs."""
    request: Job
    """The job: a request, or a function."""
    status: Status = "not_started"
    """`cancelled` is what was begun and given up, `not_started` what there was no time to send a request for."""
    response: ResponseT | None = None
    """The response of an item that is ok; streamed ones folded into a whole. A function's result."""
    error: Exception | None = None
    """Why it failed: an `LLMError`, or whatever a function raised. Who ended it, or did not let it start."""
    partial: ModelResponse | None = None
    """What a streamed item had received when it failed or was cancelled."""
    attempts: int = 0
    """Requests sent."""
    timings: Timings = attrs.Factory(Timings)
    accepted: bool | None = None
    """Of a race: what `accept` said of the response, True where there is no `accept`; None if it was not judged."""
    others: tuple[Outcome[ResponseT], ...] = attrs.field(default=(), repr=False)
    """A winner's rivals, in the order of the jobs."""

    def _rows(self) -> list[tuple[str, ...]]:
        said = self.error if self.error is not None else self.response or self.partial
        started, ended = self.timings.started, self.timings.ended
        shown = "" if said is None else str(said) if self.error is not None else text_of(said)
        facts = (self.index, self.status, getattr(self.request, "model", "function"), self.attempts)
        time = "" if started is None or ended is None else f"{ended - started:.3g}"
        return [("index", "status", "model", "attempts", "seconds", ""), (*map(str, facts), time, shown)]

    def _repr_html_(self) -> str:
        return html_table(self._rows())

    def _repr_markdown_(self) -> str:
        return markdown_table(self._rows())

    def __rich__(self) -> Any:
        return rich_table(self._rows())


def check_limit(limit: int | None) -> None:
    """Raises `ValueError` for a limit that lets nothing through, and `TypeError` for one that is no number."""
    if limit is not None:
        checked_count(limit, "limit")


def is_request(job: object) -> TypeGuard[AnyRequest]:
    """Whether it is a request of some kind, and not a function."""
    return isinstance(job, AnyRequest)


def check_jobs(jobs: object) -> None:
    """Raise `TypeError` if what should be jobs cannot be gone through, or is a text."""
    if not isinstance(jobs, AsyncIterable | Iterable) or isinstance(jobs, str | bytes):
        raise TypeError(f"requests must be a list of requests, or another iterable, not {type(jobs).__name__}")


def checked_job(job: object) -> Job:
    """The job, if it is one.

    Raises:
        TypeError: if it is none; for a coroutine it says what to write instead.
    """
    if is_request(job) or callable(job):
        return job
    if isinstance(job, Awaitable):
        getattr(job, "close", bool)()  # else Python warns that it was never awaited, on top of the error
        raise TypeError("a job is called when its turn has come: give the function, as partial(function, ...)")
    raise TypeError(f"a job is a request or an async function without arguments, not {type(job).__name__}")


class Feed:
    """The jobs of one function, numbered as they are pulled: only when one can be started, and none after the deadline.

    A collection gives all its outcomes; of an iterator, what was not pulled has none. An async generator is closed
    in the end.
    """

    def __init__(self, jobs: Jobs, deadline: float) -> None:
        self.outcomes: list[Outcome] = []
        """Of every job of a collection, or of all that were pulled."""
        self.failure: FirstError = FirstError()
        """What the iterator raised. Nothing more is pulled then."""
        self._deadline = deadline
        self._following: AsyncIterator[Job] | None = None
        self._waiting: Iterator[Outcome] = iter(())
        self._lock = trio.Lock()
        check_jobs(jobs)
        if isinstance(jobs, AsyncIterable):
            self._following = aiter(jobs)
        elif isinstance(jobs, Sized):
            self.outcomes = [Outcome(index, checked_job(job)) for index, job in enumerate(jobs)]
            self._waiting = iter(self.outcomes)
        else:
            self._waiting = map(self._numbered, jobs)

    def workers(self, limit: int | None) -> int:
        """How many tasks it takes to run all of them, `limit` at a time."""
        if self._following is not None or not self.outcomes:
            return limit or DEFAULT_LIMIT
        return min(len(self.outcomes), limit or len(self.outcomes))

    async def next(self) -> Outcome | None:
        """The next job to start; None if there is none, or no time for it."""
        await trio.lowlevel.checkpoint()
        if self.failure.noted or trio.current_time() >= self._deadline:
            return None
        try:
            if self._following is not None:
                return await self._follow(self._following)
            return next(self._waiting, None)
        except StopAsyncIteration:
            return None
        except Exception as error:  # noqa: BLE001 - raised after what had been started
            self.failure.note(error)
            return None

    async def _follow(self, jobs: AsyncIterator[Job]) -> Outcome:
        async with self._lock:
            return self._numbered(await anext(jobs))

    def _numbered(self, job: Job) -> Outcome:
        outcome = Outcome(len(self.outcomes), checked_job(job))
        self.outcomes.append(outcome)
        return outcome

    async def aclose(self) -> None:
        """Close an async generator, whether it was exhausted or not."""
        close = getattr(self._following, "aclose", None)
        if close is not None:
            with trio.CancelScope(deadline=trio.current_time() + CLOSING_TIME, shield=True):
                await close()


async def run_job(
    engine: Engine, outcome: Outcome, began: float, crowd: Crowd | None = None, group: Activity | None = None
) -> None:
    """Run the job of one outcome and write down what becomes of it, cancellation included.

    `crowd` is the fan-out that it is a part of: its requests then wait until they are no longer refused. `group` is
    what observers know it as a part of, if there are any.
    """
    if group is not None:
        place_calls(group, outcome.index)
    trace = JobTrace(crowd)
    outcome.status = "cancelled"  # unless it comes to another end
    outcome.timings.started = trio.current_time() - began
    try:
        outcome.response = await _received(engine, outcome, trace)
        outcome.status = "ok"
    except ClientClosedError as error:  # not its own failure: somebody ended it
        outcome.error, outcome.partial = error, error.partial
    except LLMError as error:
        # The client's own limits refuse what could not be sent before the deadline: that is no failure of a provider's.
        # What a function has sent, nobody knows: it was begun.
        refused = isinstance(error, RateLimitError) and not trace.attempts and is_request(outcome.request)
        outcome.status, outcome.error = "not_started" if refused else "failed", error
        outcome.partial = getattr(error, "partial", None) or outcome.partial
    except Exception as error:  # noqa: BLE001 - a fault in one job must not cost the others their paid results
        outcome.status, outcome.error = "failed", error
    finally:
        _note_times(outcome, trace, began)


async def _received(engine: Engine, outcome: Outcome, trace: JobTrace) -> Any:
    job = outcome.request
    if is_request(job):
        if getattr(job, "stream", False):
            return await _read_whole(Stream(*await engine.open_stream(job, trace)), outcome)
        return await engine.receive(job, trace)
    with group_of(engine.watch, "job") as group:
        if group is not None:
            place_calls(group)
        result = await job()  # type: ignore[operator]  # what is no request was checked to be a function
        return await _read_whole(result, outcome) if isinstance(result, Stream) else result


async def _read_whole(stream: Stream[Any, Any], outcome: Outcome) -> Any:
    async with aclosing(stream):  # a cancellation may come between two reads
        try:
            while await stream.next_batch():
                pass
        except BaseException:
            folded = stream.response
            outcome.partial = folded if isinstance(folded, ModelResponse) else None
            raise
    return stream.response


def _note_times(outcome: Outcome, trace: JobTrace, began: float) -> None:
    call, timings = trace.call, outcome.timings
    if outcome.status == "cancelled" and not trace.attempts and not callable(outcome.request):
        outcome.status = "not_started"  # it was still waiting for its slot: nothing was sent
    timings.ended = trio.current_time() - began
    if call is None:
        return
    outcome.attempts = call.attempts
    if call.admitted is not None:
        timings.admitted = call.admitted - began
    if call.first_content is not None:
        timings.first_content = call.first_content - began
