"""The test suite of combinators, as their author would write it before knowing of any mistake."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import rule

from trio_llm import AllFailedError, ChatRequest, LLMError
from trio_llm._runtime import trio
from trio_llm.testing import RecordedRequest, RequestOutcome, strategies

from .combinators import Combinators

NAMES: Final = ("one", "two", "three", "four", "five")
COUNT: Final = st.integers(1, 3)
AFTER: Final = 1.0
DEADLINE: Final = 30.0
MOMENT: Final = 1e-6


def request(name: str, **params: Any) -> ChatRequest:
    return ChatRequest("openai/any", [{"role": "user", "content": name}], **params)


def has_text(response: Any) -> bool:
    return bool(response.choices[0].message.content)


class CombinatorMachine(strategies.ProviderMachine):
    """Compares what comes out with what the provider has said, and when."""

    kind: type[Combinators]

    def __init__(self) -> None:
        super().__init__()
        self.made = self.kind(self.client)
        self.asked = 0
        self.began = self.ended = 0.0

    def timed(self, function: Callable[..., Awaitable[Any]], *args: Any) -> tuple[Any, list[RecordedRequest]]:
        """What comes of it, and what was asked."""

        async def run() -> Any:
            self.began = trio.current_time()
            try:
                return await function(*args)
            finally:
                self.ended = trio.current_time()

        result = self.tried(run)
        requests = [*self.simulator.requests[self.asked :]]
        self.asked += len(requests)
        return result, requests

    @rule(count=COUNT)
    def race(self, count: int) -> None:
        names = NAMES[:count]
        result, requests = self.timed(self.made.race, [request(name) for name in names], has_text)
        good = [one for one in requests if is_answered(one) and one.said]
        self.look_at_the_winner(result, good)
        if good:
            assert self.ended <= min(ended(one) for one in good) + MOMENT, "it waits for those that have lost"
        is_free = not any(one.status == 429 for one in self.simulator.requests)  # after those the line starts gently
        if is_free and self.began < self.ended:
            assert {one.text for one in requests} == {*names}

    @rule()
    def hedge(self) -> None:
        result, requests = self.timed(self.made.hedge, request("one", num_retries=0), AFTER)
        self.look_at_the_winner(result, [one for one in requests if is_answered(one)])
        first, *others = requests
        if first.started == self.began:
            is_late = first.outcome is RequestOutcome.CLIENT_GONE or ended(first) > self.began + AFTER + MOMENT
            assert [other.started - self.began for other in others] == ([AFTER] if is_late else [])

    @rule(count=COUNT)
    def cascade(self, count: int) -> None:
        jobs = [request(name, num_retries=0) for name in NAMES[:count]]
        result, requests = self.timed(self.made.cascade, jobs, has_text)
        self.look_at_the_winner(result, [one for one in requests if is_answered(one) and one.said])
        for earlier, later in pairwise(requests):
            assert ended(earlier) <= later.started

    def look_at_the_winner(self, result: Any, good: list[RecordedRequest]) -> None:
        if isinstance(result, LLMError):
            assert isinstance(result, AllFailedError), result
            assert not good, good
        else:
            assert (result.choices[0].message.content or "") in [one.said for one in good], (result, good)

    @rule(count=st.integers(0, 5), limit=st.integers(1, 3))
    def fan_out(self, count: int, limit: int) -> None:
        jobs = [request(name) for name in NAMES[:count]]
        outcomes, requests = self.timed(self.made.fan_out, jobs, limit, DEADLINE)
        assert [outcome.request for outcome in outcomes] == jobs
        assert self.ended - self.began <= DEADLINE + MOMENT
        for one in requests:
            assert sum(other.started <= one.started < ended(other) for other in requests) <= limit
        for name, outcome in zip(NAMES, outcomes, strict=False):
            said = [one.said for one in requests if one.text == name and is_answered(one)]
            assert (outcome.status == "ok") == bool(said), (outcome, said)

    @rule(count=COUNT)
    def merge(self, count: int) -> None:
        names = NAMES[:count]
        said, requests = self.timed(self.made.merge, {name: request(name) for name in names})
        if not isinstance(said, LLMError):
            assert said == {name: self.said_last(requests, name) for name in names}

    @rule(pauses=st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=3))
    def tee(self, pauses: list[float]) -> None:
        heard, requests = self.timed(self.made.tee, request("one", stream=True), pauses)
        if isinstance(heard, LLMError):
            return
        if any(isinstance(one, LLMError) for one in heard):
            assert all(isinstance(one, LLMError) for one in heard), heard
        else:
            assert heard == [self.said_last(requests, "one")] * len(pauses)

    def said_last(self, requests: list[RecordedRequest], name: str) -> str:
        return [one for one in requests if one.text == name][-1].said


def is_answered(one: RecordedRequest) -> bool:
    """Whether a client can have the answer."""
    return one.outcome is RequestOutcome.FINISHED and one.finish_reason is not None


def ended(one: RecordedRequest) -> float:
    """When it was over."""
    assert one.ended is not None
    return one.ended


def suite(kind: type[Combinators]) -> type[strategies.ProviderMachine]:
    """A machine that uses combinators."""
    return type("CombinatorMachine", (CombinatorMachine,), {"kind": kind})
