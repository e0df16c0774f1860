"""The test suite of a batch job, as its author would write it before knowing of any mistake."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import rule

from trio_llm import LLMError
from trio_llm._runtime import trio
from trio_llm.testing import RecordedRequest, RequestOutcome, strategies

from .batches import Batch, LateError

ITEMS: Final = st.lists(st.sampled_from([f"item {letter}" for letter in "abcdefgh"]) | strategies.said(), max_size=6)


class BatchMachine(strategies.ProviderMachine):
    """Knows what was answered."""

    kind: type[Batch]

    def __init__(self) -> None:
        super().__init__()
        self.batch = self.kind(self.client, self.simulator)
        self.asked = 0
        self.known: dict[str, str] = {}
        self.tokens = 0

    @rule(items=ITEMS)
    def work(self, items: list[str]) -> None:
        results = self.tried(self.timed, items)
        self.examine()
        assert isinstance(results, list)
        assert [result.item for result in results] == items
        for result in results:
            if result.text is None:
                assert isinstance(result.error, LLMError | LateError), result
                assert result.item not in self.known or items.count(result.item) > 1, result
            else:
                assert result.text == self.known.get(result.item), (result, self.known)
        assert self.batch.tokens == self.tokens, (self.batch.tokens, self.tokens)

    @rule(items=ITEMS, seconds=st.sampled_from([0.1, 7.0, 31.0]))
    def work_and_leave(self, items: list[str], seconds: float) -> None:
        self.left_after(seconds, self.batch.run, items)
        self.examine()
        self.tokens = self.batch.tokens

    async def timed(self, items: list[str]) -> Any:
        began = trio.current_time()
        results = await self.batch.run(items)
        assert trio.current_time() - began <= Batch.deadline + 0.001
        return results

    def examine(self) -> None:
        """What was asked."""
        assert self.simulator.statistics().peak <= Batch.limit
        requests = self.simulator.requests[self.asked :]
        self.asked += len(requests)
        for request in requests:
            assert request.text not in self.known, f"{request.text!r} is known"
            if is_answer(request):
                self.known[request.text] = request.said
                self.tokens += request.usage.total_tokens if request.usage is not None else 0
        for refused in requests:
            if refused.retry_after and refused.ended is not None:
                until = refused.ended + refused.retry_after - 0.01
                assert not (early := [one for one in requests if refused.ended < one.started < until]), early


def is_answer(request: RecordedRequest) -> bool:
    """Whether a client can have it; what is garbled and what is no reply of a model's has no finish reason."""
    return request.outcome is RequestOutcome.FINISHED and request.finish_reason is not None


def suite(kind: type[Batch]) -> type[strategies.ProviderMachine]:
    """A machine that runs a batch."""
    return type("BatchMachine", (BatchMachine,), {"kind": kind})
