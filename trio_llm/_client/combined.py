"""Many calls at once on the default client of the running event loop, Trio's or asyncio's."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, overload

from .._combinators.completed import Outcomes
from .._combinators.jobs import Job, Jobs, Outcome, Requests, ResponseT
from .._combinators.merging import MergedStream, OnFailure
from .._combinators.racing import Accept
from .._engine.latencies import Quantile
from .._types.request import AnyRequest
from .default import default_client


@overload
async def fan_out(
    jobs: Requests[ResponseT], *, limit: int | None = None, deadline: float | None = None
) -> list[Outcome[ResponseT]]: ...
@overload
async def fan_out(jobs: Jobs, *, limit: int | None = None, deadline: float | None = None) -> list[Outcome]: ...
async def fan_out(jobs: Jobs, *, limit: int | None = None, deadline: float | None = None) -> list[Outcome]:
    """`Client.fan_out` on the default client.

    Example:
        outcomes = await trio_llm.fan_out([ChatRequest("openai/gpt-4o", ask(text)) for text in texts], limit=64)
        print([outcome.status for outcome in outcomes])
    """
    return await (await default_client()).fan_out(jobs, limit=limit, deadline=deadline)


@overload
def as_completed(
    jobs: Requests[ResponseT], *, limit: int | None = None
) -> AbstractAsyncContextManager[Outcomes[ResponseT]]: ...
@overload
def as_completed(jobs: Jobs, *, limit: int | None = None) -> AbstractAsyncContextManager[Outcomes]: ...
@asynccontextmanager
async def as_completed(jobs: Jobs, *, limit: int | None = None) -> AsyncIterator[Outcomes]:
    """`Client.as_completed` on the default client.

    Example:
        async with trio_llm.as_completed(requests, limit=16) as outcomes:
            async for outcome in outcomes:
                print(outcome.index, outcome.status)
    """
    async with (await default_client()).as_completed(jobs, limit=limit) as outcomes:
        yield outcomes


@overload
async def race(jobs: Iterable[AnyRequest[ResponseT]], accept: Accept | None = None) -> Outcome[ResponseT]: ...
@overload
async def race(jobs: Iterable[Job], accept: Accept | None = None) -> Outcome: ...
async def race(jobs: Iterable[Job], accept: Accept | None = None) -> Outcome:
    """`Client.race` on the default client.

    Example:
        outcome = await trio_llm.race([first_request, second_request])
        print(outcome.index, outcome.response.choices[0].message.content)
    """
    return await (await default_client()).race(jobs, accept)


@overload
async def hedge(
    job: AnyRequest[ResponseT], *, after: float | Quantile = 1.0, copies: int = 2, budget: float | None = None
) -> Outcome[ResponseT]: ...
@overload
async def hedge(
    job: Job, *, after: float | Quantile = 1.0, copies: int = 2, budget: float | None = None
) -> Outcome: ...
async def hedge(job: Job, *, after: float | Quantile = 1.0, copies: int = 2, budget: float | None = None) -> Outcome:
    """`Client.hedge` on the default client.

    Example:
        outcome = await trio_llm.hedge(request, after=0.8, copies=2)
        print(outcome.response.choices[0].message.content)
    """
    return await (await default_client()).hedge(job, after=after, copies=copies, budget=budget)


@overload
async def cascade(
    jobs: Iterable[AnyRequest[ResponseT]], accept: Accept | None = None, *, after: float | None = None
) -> Outcome[ResponseT]: ...
@overload
async def cascade(jobs: Iterable[Job], accept: Accept | None = None, *, after: float | None = None) -> Outcome: ...
async def cascade(jobs: Iterable[Job], accept: Accept | None = None, *, after: float | None = None) -> Outcome:
    """`Client.cascade` on the default client.

    Example:
        outcome = await trio_llm.cascade([cheap_request, better_request], accept=is_good_enough)
    """
    return await (await default_client()).cascade(jobs, accept, after=after)


@asynccontextmanager
async def merge(
    jobs: Mapping[str, Job | AsyncIterable[Any]], *, buffer: int = 8, on_failure: OnFailure = "raise"
) -> AsyncIterator[MergedStream]:
    """`Client.merge` on the default client.

    Example:
        async with trio_llm.merge({"gpt": first_request, "claude": second_request}) as events:
            async for name, chunk in events:
                print(name, chunk.choices[0].delta.content)
    """
    async with (await default_client()).merge(jobs, buffer=buffer, on_failure=on_failure) as events:
        yield events
