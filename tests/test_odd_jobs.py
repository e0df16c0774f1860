"""What is no job, no list of jobs or no judge is said before anything is sent, by every function that takes jobs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from virtual import ask, client_of, in_virtual_time

from trio_llm import Client, Quantile
from trio_llm.testing import Simulator

Taking = Callable[[Client, Any], Awaitable[object]]


async def as_completed(client: Client, jobs: Any) -> None:
    async with client.as_completed(jobs) as outcomes:
        async for _ in outcomes:
            pass


async def merge(client: Client, jobs: Any) -> None:
    async with client.merge({str(number): job for number, job in enumerate(jobs)}) as events:
        async for _ in events:
            pass


MANY: dict[str, Taking] = {
    "fan_out": lambda client, jobs: client.fan_out(jobs),
    "race": lambda client, jobs: client.race(jobs),
    "cascade": lambda client, jobs: client.cascade(jobs),
    "as_completed": as_completed,
}
EACH: dict[str, Taking] = {
    **MANY,
    "merge": merge,
    "hedge": lambda client, jobs: client.hedge(jobs[-1]),
    "hedge by quantile": lambda client, jobs: client.hedge(jobs[-1], after=Quantile(0.5)),
}


async def refuses(taking: Taking, jobs: Any, words: str) -> None:
    simulator = Simulator()
    async with client_of(simulator) as client:
        with pytest.raises(TypeError, match=words):
            await taking(client, jobs)
    assert simulator.requests == []


@pytest.mark.parametrize("name", MANY)
@pytest.mark.parametrize(("jobs", "kind"), [("openai/gpt-4o", "str"), (b"bytes", "bytes"), (5, "int"), (None, "None")])
@in_virtual_time
async def test_what_is_no_list_of_jobs_is_refused(name: str, jobs: Any, kind: str) -> None:
    await refuses(MANY[name], jobs, f"requests must be a list of requests, or another iterable, not {kind}")


@pytest.mark.parametrize("name", ["race", "cascade"])
@in_virtual_time
async def test_one_request_in_place_of_a_list_is_refused(name: str) -> None:
    await refuses(MANY[name], ask("x"), "requests must be a list of requests, .* not ChatRequest")


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize(("job", "kind"), [("Hello", "str"), (5, "int"), ({"model": "m"}, "dict"), (None, "NoneType")])
@in_virtual_time
async def test_what_is_no_job_is_refused(name: str, job: Any, kind: str) -> None:
    await refuses(EACH[name], [ask("x"), job], f"a job is a request or an async function .*, not {kind}")


@pytest.mark.parametrize("name", EACH)
@in_virtual_time
async def test_a_call_that_was_begun_already_is_no_job_and_warns_of_nothing(name: str) -> None:
    async def job() -> None:
        raise AssertionError

    await refuses(EACH[name], [ask("x"), job()], "give the function, as partial")


@pytest.mark.parametrize("name", ["race", "cascade"])
@pytest.mark.parametrize("judge", ["yes", True, 0.5])
@in_virtual_time
async def test_what_is_no_judge_is_refused(name: str, judge: Any) -> None:
    await refuses(
        lambda client, jobs: getattr(client, name)(jobs, judge),
        [ask("x")],
        f"accept must be a function of the response, not {type(judge).__name__}",
    )


@pytest.mark.parametrize("name", ["race", "cascade"])
@in_virtual_time
async def test_nothing_is_nothing_to_choose_from(name: str) -> None:
    async with client_of(Simulator()) as client:
        with pytest.raises(ValueError, match="nothing to choose from: no jobs"):
            await MANY[name](client, [])
        assert await client.fan_out([]) == []
        await as_completed(client, [])


@pytest.mark.parametrize("jobs", ["text", 5, None, [("a", ask("x"))]])
@in_virtual_time
async def test_what_is_merged_has_names(jobs: Any) -> None:
    async with client_of(Simulator()) as client:
        with pytest.raises(TypeError, match=f"a mapping of names to requests or streams, not {type(jobs).__name__}"):
            async with client.merge(jobs):
                pytest.fail("the block must not begin")
