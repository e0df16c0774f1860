"""A small batch job, and its variants with one mistake each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs

from trio_llm import Client, LLMError, RateLimitError
from trio_llm._runtime import trio


class LateError(Exception):
    """There was no time for an item."""


@attrs.frozen
class Result:
    """What became of an item."""

    item: str
    text: str | None = None
    error: Exception | None = None


class Batch:
    """Asks about every item, a few at a time, and keeps what it has for the next run."""

    limit: Final = 3
    deadline: Final = 60.0

    def __init__(self, client: Client, transport: Any) -> None:
        self.client = client
        self.transport = transport
        self.done: dict[str, str] = {}
        self.locks: dict[str, trio.Lock] = {}
        self.tokens = 0
        self.limiter = trio.CapacityLimiter(self.limit)

    async def run(self, items: Sequence[str]) -> list[Result]:
        """A result for each item, in their order. Never raises."""
        results: dict[int, Result] = {}
        with trio.move_on_after(self.deadline):
            await self.work(items, results)
        return [results.get(place, Result(item, error=LateError())) for place, item in enumerate(items)]

    async def work(self, items: Sequence[str], results: dict[int, Result]) -> None:
        async with trio.open_nursery() as nursery:
            for place, item in enumerate(items):
                nursery.start_soon(self.one, place, item, results)

    async def one(self, place: int, item: str, results: dict[int, Result]) -> None:
        async with self.locks.setdefault(item, trio.Lock()), self.limiter:
            if item not in self.done:
                try:
                    self.done[item] = await self.ask(item)
                except LLMError as error:
                    results[place] = Result(item, error=error)
                    return
            results[place] = Result(item, self.done[item])

    async def ask(self, item: str) -> str:
        response = await self.client.completion("openai/any", [{"role": "user", "content": item}])
        self.count(response)
        return response.choices[0].message.content or ""

    def count(self, response: Any) -> None:
        self.tokens += response.usage.total_tokens


class DropsWhatFailed(Batch):
    async def run(self, items: Sequence[str]) -> list[Result]:
        return [result for result in await super().run(items) if result.error is None]


class ReturnsInTheOrderInWhichItemsEnd(Batch):
    async def run(self, items: Sequence[str]) -> list[Result]:
        results: dict[int, Result] = {}
        with trio.move_on_after(self.deadline):
            await self.work(items, results)
        late = [Result(item, error=LateError()) for place, item in enumerate(items) if place not in results]
        return [*results.values(), *late]


class BeginsAgainWhenOneFails(Batch):
    async def run(self, items: Sequence[str]) -> list[Result]:
        results = await super().run(items)
        if any(isinstance(result.error, LLMError) for result in results):
            self.done.clear()
            results = await super().run(items)
        return results


class CountsTheTokensOfWhatIsKnownAgain(Batch):
    async def one(self, place: int, item: str, results: dict[int, Result]) -> None:
        await super().one(place, item, results)
        if results[place].text is not None:
            self.tokens += len(item.split()) if item in self.done else 0


class CountsAFailureAsAToken(Batch):
    async def ask(self, item: str) -> str:
        try:
            return await super().ask(item)
        except LLMError:
            self.tokens += 1
            raise


class HasNoDeadline(Batch):
    deadline: Final = 1_000_000.0  # type: ignore[misc]


class KeepsResultsAtTheEndOnly(Batch):
    async def one(self, place: int, item: str, results: dict[int, Result]) -> None:
        async with self.limiter:
            try:
                results[place] = Result(item, self.done[item] if item in self.done else await self.ask(item))
            except LLMError as error:
                results[place] = Result(item, error=error)

    async def run(self, items: Sequence[str]) -> list[Result]:
        results = await super().run(items)
        self.done |= {result.item: result.text for result in results if result.text is not None}
        return results


class AsksAllAtOnce(Batch):
    limit: Final = 10_000  # type: ignore[misc]


class StopsAtTheFirstFailure(Batch):
    async def one(self, place: int, item: str, results: dict[int, Result]) -> None:
        async with self.limiter:
            if item not in self.done:
                self.done[item] = await self.ask(item)
            results[place] = Result(item, self.done[item])


class StopsAtTheFirstFailureInSilence(Batch):
    async def work(self, items: Sequence[str], results: dict[int, Result]) -> None:
        for place, item in enumerate(items):
            await self.one(place, item, results)
            if results[place].error is not None:
                break


class OpensAClientForEachTry(Batch):
    async def ask(self, item: str) -> str:
        for pause in (0.5, 1.0, 2.0):
            own = Client(transport=self.transport)  # which has not heard how long the others have to wait
            try:
                response = await own.completion("openai/any", [{"role": "user", "content": item}], num_retries=0)
            except RateLimitError:
                await trio.sleep(pause)
            else:
                self.count(response)
                return response.choices[0].message.content or ""
        return await super().ask(item)


class AsksAboutTheLastItemOnly(Batch):
    async def work(self, items: Sequence[str], results: dict[int, Result]) -> None:
        async def one(place: int) -> None:
            await self.one(place, item, results)

        async with trio.open_nursery() as nursery:
            for place, item in enumerate(items):  # noqa: B007
                nursery.start_soon(one, place)


class LosesItemsThatComeTwice(Batch):
    async def run(self, items: Sequence[str]) -> list[Result]:
        return [*{result.item: result for result in await super().run(items)}.values()]


class CannotDoNothing(Batch):
    async def run(self, items: Sequence[str]) -> list[Result]:
        results = await super().run(items)
        return [results[0], *results[1:]]


class LosesAllWhenItIsLate(Batch):
    async def run(self, items: Sequence[str]) -> list[Result]:
        results = await super().run(items)
        late = [result for result in results if isinstance(result.error, LateError)]
        return [Result(item, error=LateError()) for item in items] if late else results


class TakesItsCancellationForAFailure(Batch):
    async def ask(self, item: str) -> str:
        try:
            return await super().ask(item)
        except LLMError:
            raise
        except BaseException:  # noqa: BLE001, ASYNC103
            return ""  # noqa: ASYNC104


class GivesAnEmptyTextForAFailure(Batch):
    async def ask(self, item: str) -> str:
        try:
            return await super().ask(item)
        except LLMError:
            return ""


MISTAKEN: Final[tuple[type[Batch], ...]] = tuple(Batch.__subclasses__())
