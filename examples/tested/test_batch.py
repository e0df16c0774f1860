"""The batch job against limits, outages, deadlines, a recording, and every order of its tasks."""

from pathlib import Path

import anyio
from batch import Summary, summarise
from hypothesis import given, strategies as st
from hypothesis.stateful import rule

from trio_llm import Client
from trio_llm.testing import (
    FaultPlan,
    Lab,
    Outages,
    RateLimits,
    Reply,
    Simulator,
    explore_schedules,
    lab,
    replay,
    run_in_virtual_time,
    strategies,
)

CASSETTE = Path(__file__).parent / "cassettes" / "batch.jsonl"
DOCUMENTS = [f"document {number}" for number in range(12)]


async def test_a_provider_that_limits_its_rate_is_waited_for(virtual_time: object, anyio_backend: str) -> None:
    provider = Simulator(Reply("short", latency=1), limits=RateLimits(requests_per_minute=6))
    async with Client(transport=provider) as client:
        assert await summarise(client, DOCUMENTS) == [Summary(one, "short") for one in DOCUMENTS]


async def test_at_the_deadline_it_returns_what_it_has(virtual_time: object, anyio_backend: str) -> None:
    async with Client(transport=Simulator(Reply("short", latency=10))) as client:
        summaries = await summarise(client, DOCUMENTS, deadline=15)
        assert anyio.current_time() == 15
    assert [one.document for one in summaries] == DOCUMENTS
    assert [one.text for one in summaries].count("short") == 8


async def test_a_recording_is_understood(virtual_time: object, anyio_backend: str) -> None:
    # This one is of a simulated provider; `trio-llm serve --record FILE --upstream URL` records a real one.
    async with Client(transport=replay(CASSETTE, speed="recorded")) as client:
        summaries = await summarise(client, DOCUMENTS[:3])
        assert anyio.current_time() > 1
    assert [one.text for one in summaries] == ["The first.", "The second.", None]
    assert summaries[2].problem == "the answer is no summary: length"


@given(plan=strategies.fault_plans(), count=st.integers(0, 6))
def test_every_document_has_its_summary_or_its_problem(plan: FaultPlan, count: int) -> None:
    async def scenario() -> None:
        async with Client(transport=Simulator(faults=plan)) as client:
            for number, one in enumerate(await summarise(client, DOCUMENTS[:count])):
                assert one.document == DOCUMENTS[number]
                assert one.problem or one.text == f"echo: Summarise: {one.document}"

    run_in_virtual_time(scenario)


class BatchMachine(strategies.ProviderMachine):
    """One client for many batches."""

    @rule(documents=st.lists(strategies.said(), max_size=5), deadline=st.sampled_from([1.0, 600.0]))
    def work(self, documents: list[str], deadline: float) -> None:
        summaries = self.run(_summarise, self.client, documents, deadline)
        assert [one.document for one in summaries] == documents
        said = {request.said for request in self.simulator.requests}
        assert all(one.problem or one.text in said for one in summaries)


async def _summarise(client: Client, documents: list[str], deadline: float) -> list[Summary]:
    return await summarise(client, documents, deadline=deadline)


class BatchMachineOnAsyncio(BatchMachine):
    """The same on the other loop."""

    backend = "asyncio"


TestBatch = BatchMachine.TestCase
TestBatchOnAsyncio = BatchMachineOnAsyncio.TestCase


def test_no_order_of_tasks_mixes_documents_up() -> None:
    async def scenario() -> None:
        async with Client(transport=Simulator()) as client:
            summaries = await summarise(client, DOCUMENTS[:3])
            assert [one.text for one in summaries] == [f"echo: Summarise: {one}" for one in DOCUMENTS[:3]]

    explore_schedules(scenario, runs=10)


def test_a_night_with_outages_ends_with_every_summary() -> None:
    async def nightly(world: Lab) -> None:
        async with world.client("batch") as client:
            for _ in range(4):
                summaries = await summarise(client, DOCUMENTS)
                assert all(one.text or "we are down" in str(one.problem) for one in summaries)
                await anyio.sleep(7_200)

    down = Outages.drawn(seed=1, count=3, within=8 * 3_600, longest=600)
    lab({"openai": Simulator(Reply("short", latency=2), faults=down)}, seed=7).run(nightly)
