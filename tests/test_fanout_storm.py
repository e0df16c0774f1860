"""Fan-outs of many calls: over real sockets with every kind of fault, and for hours in virtual time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import pytest
from virtual import ask

from trio_llm import Client, Limits, Outcome, RetryPolicy
from trio_llm._runtime import trio
from trio_llm.testing import (
    COMMON_FAULTS,
    FaultPlan,
    RecordedRequest,
    Reply,
    RequestOutcome,
    Simulator,
    running_server,
)

ITEMS = 500
DEADLINE = 1.5
# Without the refusal that makes the whole account pause, which leaves few calls to look at.
FAULTS = FaultPlan.seeded(7, rate=0.2, kinds=COMMON_FAULTS[1:])


def act(request: RecordedRequest) -> Reply:
    latency = 0.02 * (int(request.text) % 40)
    return Reply(["a ", "b ", "c"], latency=latency, gap=0.01 if request.stream else 0)


@pytest.fixture(name="server")
def _served() -> Iterator[tuple[Simulator, str]]:
    simulator = Simulator(act, faults=FAULTS)
    with running_server(simulator) as base_url:
        yield simulator, base_url


@pytest.mark.anyio
async def test_five_hundred_calls_with_faults_and_a_deadline_over_real_sockets(server: tuple[Simulator, str]) -> None:
    simulator, base_url = server
    requests = [ask(str(number), stream=number % 3 == 0, timeout=60) for number in range(ITEMS)]
    variables = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": f"{base_url}/v1"}
    retry, lag = RetryPolicy(attempts=2, first_pause=0.05), Lag()
    async with Client(variables=variables, retry=retry, limits=Limits(max_in_flight=64)) as client:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lag.measure)
            began = trio.current_time()
            outcomes = await client.fan_out(requests, limit=64, deadline=DEADLINE)
            overrun = trio.current_time() - began - DEADLINE
            nursery.cancel_scope.cancel()
        (account,) = client.statistics().accounts.values()
        assert (account.in_flight, account.waiting) == (0, 0)
        await trio.sleep(0.2)  # what was on its way has arrived by then
        sent = len(simulator.requests)
        await trio.sleep(0.3)
        assert len(simulator.requests) == sent
    assert overrun < 0.15 + lag.seconds
    assert [outcome.index for outcome in outcomes] == list(range(ITEMS))
    counts = Counter(outcome.status for outcome in outcomes)
    assert sum(counts.values()) == ITEMS
    assert counts["ok"] > 0  # how many come to which end depends on the machine
    for outcome in outcomes:
        assert (outcome.status == "ok") == (outcome.response is not None)
        assert (outcome.status == "failed") <= (outcome.error is not None)
        assert outcome.timings.started is None or outcome.timings.started < DEADLINE
        assert (outcome.attempts == 0) == (outcome.status == "not_started")
    kept_all_that_finished(simulator, outcomes, margin=0.1 + 3 * lag.seconds)


class Lag:
    """How late the event loop is, on a machine that has other things to do as well."""

    seconds = 0.0

    async def measure(self) -> None:
        """Until cancelled."""
        while True:
            began = trio.current_time()
            await trio.sleep(0.01)
            self.seconds = max(self.seconds, trio.current_time() - began - 0.01)


def kept_all_that_finished(simulator: Simulator, outcomes: list[Outcome], margin: float) -> None:
    """Whatever the server had finished in time to be read, and without a fault, is there."""
    start = min(request.started for request in simulator.requests)
    finished = {
        int(request.text)
        for request in simulator.requests
        if request.outcome is RequestOutcome.FINISHED
        and FAULTS.fault(request.number) is None
        and (request.ended or 0) - start < DEADLINE - margin
    }
    assert finished <= {outcome.index for outcome in outcomes if outcome.status == "ok"}
    assert len(finished) > 60 or margin > 0.4


# In a process of its own: this one may be counting lines, which costs more than the calls do.
TWO_THOUSAND = """
import time
from trio_llm import ChatRequest, Client, Limits, Timeouts
from trio_llm._runtime import trio
from trio_llm.testing import Reply, Simulator, run_in_virtual_time

simulator = Simulator(Reply(latency=30))
request = ChatRequest("openai/gpt-4o", [{"role": "user", "content": "Hello"}])

async def run():
    limits, timeouts = Limits(max_in_flight=50), Timeouts(total=None)
    keys = {"OPENAI_API_KEY": "k"}
    async with Client(transport=simulator, variables=keys, limits=limits, timeouts=timeouts) as client:
        began = trio.current_time()
        outcomes = await client.fan_out([request] * 2_000)
        assert {outcome.status for outcome in outcomes} == {"ok"}
        return trio.current_time() - began

began = time.process_time()
virtual = run_in_virtual_time(run)
print(virtual, simulator.statistics().peak, time.process_time() - began)
"""


def test_two_thousand_calls_of_half_a_minute_take_no_time() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    command = [sys.executable, "-c", TWO_THOUSAND]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=50)
    virtual, peak, spent = map(float, done.stdout.split())

    assert virtual == pytest.approx(2_000 / 50 * 30)
    assert peak == 50
    assert spent < 5  # seconds; 0.9 on a quiet machine, and the calls last 60,000
