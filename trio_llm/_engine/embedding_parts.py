"""Embedding calls with more inputs than their provider takes at once: several requests, one response.

A few workers take the parts in order, each one after the other. The first error is kept, and cancels all workers. The
response is made only if every part has its own, so that no vector is ever missing in the middle.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs

from .._runtime import trio
from .._types.embeddings import EmbeddingRequest, EmbeddingResponse
from .._types.errors import APIError
from .._types.receipt import Receipt
from .._types.usage import Usage
from .nursery import BareNursery

MOST_AT_ONCE: Final = 16
"""Requests of one call under way at the same time. The client's limits may let through fewer."""
Receive = Callable[[EmbeddingRequest], Awaitable[EmbeddingResponse]]


def parts_of(request: EmbeddingRequest, most_inputs: int | None) -> list[EmbeddingRequest]:
    """The requests that a call with too many inputs is sent as; empty where one will do."""
    if most_inputs is None:
        return []
    items = request.input
    if isinstance(items, str | Mapping) or len(items) <= most_inputs or isinstance(items[0], int):
        return []
    starts = range(0, len(items), most_inputs)
    return [request.with_input(items[start : start + most_inputs]) for start in starts]


async def receive_parts(parts: Sequence[EmbeddingRequest], receive: Receive) -> EmbeddingResponse:
    """The response to all parts as if they had been one request.

    Raises:
        APIError: the first part's that failed; the others are cancelled.
    """
    work = _Work(parts, receive)
    async with BareNursery() as nursery:
        for _ in range(min(len(parts), MOST_AT_ONCE)):
            nursery.start_soon(work.run, nursery.cancel_scope)
    if work.failure is not None:
        raise work.failure
    return joined(work.responses)


class _Work:
    def __init__(self, parts: Sequence[EmbeddingRequest], receive: Receive) -> None:
        self.responses: list[Any] = [None] * len(parts)
        self.failure: APIError | None = None
        self._waiting: Iterator[tuple[int, EmbeddingRequest]] = iter(enumerate(parts))
        self._receive = receive

    async def run(self, all_workers: trio.CancelScope) -> None:
        """Receive one part after the other, as long as there are any and none has failed."""
        for number, part in self._waiting:
            try:
                self.responses[number] = await self._receive(part)
            except APIError as error:
                self.failure = self.failure or error
                all_workers.cancel(reason="another part of the call failed")
                return


def joined(responses: Sequence[EmbeddingResponse]) -> EmbeddingResponse:
    """Vectors one after the other, numbered anew; the counts of tokens added up."""
    data = [vector for response in responses for vector in response.data]
    for index, vector in enumerate(data):
        vector.index = index
    first = responses[0]
    usages = [response.usage for response in responses if response.usage is not None]
    whole = EmbeddingResponse(
        data, first.model, first.object, _sum(usages) if usages else None, model_extra=first.model_extra
    )
    whole.receipt = _joined_receipt([response.receipt for response in responses if response.receipt is not None])
    return whole


def _joined_receipt(receipts: Sequence[Receipt]) -> Receipt | None:
    """The first part's, from the first request to the last reply."""
    if not receipts:
        return None
    ends = [receipt.ended for receipt in receipts if receipt.ended is not None]
    return attrs.evolve(receipts[0], sent=min(receipt.sent for receipt in receipts), ended=max(ends, default=None))


def _sum(usages: Sequence[Usage]) -> Usage:
    prompt = sum(usage.prompt_tokens for usage in usages)
    completion = sum(usage.completion_tokens for usage in usages)
    return Usage(prompt, completion, sum(usage.total_tokens for usage in usages))
