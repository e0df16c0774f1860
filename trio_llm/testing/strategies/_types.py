"""Strategies for the package's public classes, so that `from_type` draws valid ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from hypothesis import strategies as st

from ..._client.client import Client
from ..._limits.settings import Limits
from ..._types.chat import ChatRequest, Message, ModelResponse, ModelResponseStream
from ..._types.embeddings import EmbeddingRequest
from ..._types.http import HTTPRequest
from ..._types.usage import Usage
from .._actions import Delivery, Disconnect, Failure, RawReply, Reply, ToolUse
from .._faults import FaultPlan
from .._limits import RateLimits
from .._simulator import Simulator
from .._virtual_time import run_in_virtual_time
from ._conversations import encoded, requests
from ._replies import deliveries, fault_plans, replies, tool_uses
from ._schedules import limits, rate_limits
from ._texts import said
from ._wires import wire_replies

T = TypeVar("T")

_HI: Final[list[Any]] = [{"role": "user", "content": "Hi"}]


def from_type(kind: type[T]) -> st.SearchStrategy[T]:
    """Values of a class: Hypothesis' `from_type`, which from then on knows this package's public classes.

    Nothing is registered before this, or `register_types`, is called. Classes of one's own that have fields of these
    can be drawn as well.

        @given(response=strategies.from_type(ModelResponse))
        def test_my_log_line(response): ...
    """
    register_types()
    return st.from_type(kind)


def register_types() -> None:
    """Tell Hypothesis how to draw this package's public classes, for `st.from_type` and `@given(...)` by annotation.

    Idempotent.

        strategies.register_types()
        values = st.from_type(ChatRequest)
    """
    for kind, strategy in _STRATEGIES.items():
        st.register_type_strategy(kind, strategy())


def _responses() -> st.SearchStrategy[ModelResponse]:
    """Responses as a client gives them, because they are made by one."""
    return replies().map(lambda reply: run_in_virtual_time(_response, reply))


async def _response(reply: Reply) -> ModelResponse:
    async with Client(transport=Simulator(reply)) as client:
        response: ModelResponse = await client.completion("openai/simulated", _HI)
        return response


def _chunks() -> st.SearchStrategy[ModelResponseStream]:
    streams = replies().map(lambda reply: run_in_virtual_time(_chunks_of, reply))
    return streams.filter(bool).flatmap(st.sampled_from)


async def _chunks_of(reply: Reply) -> list[ModelResponseStream]:
    async with Client(transport=Simulator(reply)) as client, client.stream("openai/simulated", _HI) as stream:
        return [chunk async for chunk in stream]


def _usages() -> st.SearchStrategy[Usage]:
    counts = st.integers(0, 10_000)
    return st.tuples(counts, counts).map(lambda two: Usage(two[0], two[1], two[0] + two[1]))


def _failures() -> st.SearchStrategy[Failure]:
    return st.builds(
        Failure,
        st.sampled_from([400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503, 529]),
        said(),
        retry_after=st.none() | st.sampled_from([0.0, 1.0, 60.0]),
    )


def _embedding_requests() -> st.SearchStrategy[EmbeddingRequest]:
    inputs = st.lists(said(), min_size=1, max_size=3)
    return inputs.map(lambda texts: EmbeddingRequest("openai/simulated", texts))


_STRATEGIES: Final[Mapping[type[Any], Callable[[], st.SearchStrategy[Any]]]] = {
    ChatRequest: requests,
    EmbeddingRequest: _embedding_requests,
    ModelResponse: _responses,
    Message: lambda: _responses().map(lambda response: response.choices[0].message),
    ModelResponseStream: _chunks,
    Usage: _usages,
    HTTPRequest: lambda: requests().map(encoded),
    Limits: limits,
    RateLimits: rate_limits,
    Reply: replies,
    Failure: _failures,
    RawReply: wire_replies,
    Disconnect: lambda: st.builds(Disconnect, st.sampled_from([0.0, 1.0])),
    Delivery: lambda: deliveries(complete=False),
    ToolUse: tool_uses,
    FaultPlan: fault_plans,
}
