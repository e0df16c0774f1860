"""The package's combinators as a program uses them, and variants of them with one mistake each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from trio_llm import AllFailedError, ChatRequest, Client, LLMError, Outcome, tee
from trio_llm._runtime import trio

Accept = Callable[[Any], bool]


def text_of(chunk: Any) -> str:
    return chunk.choices[0].delta.content or ""


class Combinators:
    """Each returns plain values; errors are those of the package."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def race(self, requests: Sequence[ChatRequest], accept: Accept) -> Any:
        """The first response that is accepted. Raises `AllFailedError`."""
        return (await self.client.race(requests, accept)).response

    async def hedge(self, request: ChatRequest, after: float) -> Any:
        """The first response of two copies. Raises `AllFailedError`."""
        return (await self.client.hedge(request, after=after)).response

    async def cascade(self, requests: Sequence[ChatRequest], accept: Accept) -> Any:
        """The response of the first request whose response is accepted. Raises `AllFailedError`."""
        return (await self.client.cascade(requests, accept)).response

    async def fan_out(self, requests: Sequence[ChatRequest], limit: int, deadline: float) -> list[Outcome]:
        """An outcome for each."""
        return await self.client.fan_out(requests, limit=limit, deadline=deadline)

    async def merge(self, requests: Mapping[str, ChatRequest]) -> dict[str, str]:
        """What each stream has said. Raises the error of the first that breaks."""
        said = dict.fromkeys(requests, "")
        async with self.client.merge(requests) as events:
            async for name, chunk in events:
                said[name] += text_of(chunk)
        return said

    async def tee(self, request: ChatRequest, pauses: Sequence[float]) -> list[str | LLMError]:
        """What each reader has heard, who pauses after each piece; or the error that it got."""
        heard: list[str | LLMError] = [""] * len(pauses)
        stream = await self.client.call(request)
        async with tee(stream, len(pauses), lag=4) as readers, trio.open_nursery() as nursery:
            for place, reader in enumerate(readers):
                nursery.start_soon(self.listen, place, reader, pauses[place], heard)
        return heard

    async def listen(self, place: int, reader: Any, pause: float, heard: list[Any]) -> None:
        try:
            async for chunk in reader:
                heard[place] += text_of(chunk)
                await trio.sleep(pause)
        except LLMError as error:
            heard[place] = error


class RacesToTheEnd(Combinators):
    async def race(self, requests: Sequence[ChatRequest], accept: Accept) -> Any:
        responses: list[Any] = []

        async def run(request: ChatRequest) -> None:
            try:
                responses.append(await self.client.call(request))
            except LLMError:
                return

        async with trio.open_nursery() as nursery:
            for request in requests:
                nursery.start_soon(run, request)
        good = [response for response in responses if accept(response)]
        if not good:
            raise AllFailedError("nobody", ())
        return good[0]


async def first_end(client: Client, requests: Sequence[ChatRequest]) -> Any:
    ended: list[Any] = []

    async def run(request: ChatRequest) -> None:
        try:
            ended.append(await client.call(request))
        except LLMError as error:
            ended.append(error)
        nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        for request in requests:
            nursery.start_soon(run, request)
    if isinstance(ended[0], LLMError):
        raise ended[0]
    return ended[0]


class LetsAFailureWinTheRace(Combinators):
    async def race(self, requests: Sequence[ChatRequest], accept: Accept) -> Any:
        response = await first_end(self.client, requests)
        if not accept(response):
            raise AllFailedError("nobody", ())
        return response


class RacesWithoutAJudge(Combinators):
    async def race(self, requests: Sequence[ChatRequest], accept: Accept) -> Any:
        return (await self.client.race(requests)).response


class RacesWithTheFirstOnly(Combinators):
    async def race(self, requests: Sequence[ChatRequest], accept: Accept) -> Any:
        return await super().race(requests[:1], accept)


class LetsAFailureEndTheHedge(Combinators):
    async def hedge(self, request: ChatRequest, after: float) -> Any:
        ended: list[Any] = []

        async def run(wait: float) -> None:
            await trio.sleep(wait)
            try:
                ended.append(await self.client.call(request))
            except LLMError as error:
                ended.append(error)
            nursery.cancel_scope.cancel()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(run, 0)
            nursery.start_soon(run, after)
        if isinstance(ended[0], LLMError):
            raise ended[0]
        return ended[0]


class NeverHedges(Combinators):
    async def hedge(self, request: ChatRequest, after: float) -> Any:
        return (await self.client.hedge(request, after=math.inf)).response


class HedgesAtOnce(Combinators):
    async def hedge(self, request: ChatRequest, after: float) -> Any:
        return (await self.client.hedge(request, after=0)).response


class TakesTheLastOfACascade(Combinators):
    async def cascade(self, requests: Sequence[ChatRequest], accept: Accept) -> Any:
        try:
            return await super().cascade(requests[:-1], accept)
        except AllFailedError:
            return await self.client.call(requests[-1])


class StopsTheCascadeAtAnError(Combinators):
    async def cascade(self, requests: Sequence[ChatRequest], accept: Accept) -> Any:
        for request in requests:
            response = await self.client.call(request)
            if accept(response):
                return response
        raise AllFailedError("nobody", ())


class CascadesAllAtOnce(Combinators):
    async def cascade(self, requests: Sequence[ChatRequest], accept: Accept) -> Any:
        return await self.race(requests, accept)


class FansOutInTheOrderOfEnds(Combinators):
    async def fan_out(self, requests: Sequence[ChatRequest], limit: int, deadline: float) -> list[Outcome]:
        outcomes = await super().fan_out(requests, limit, deadline)
        return sorted(outcomes, key=lambda outcome: outcome.timings.ended or math.inf)


class FansOutWithoutALimit(Combinators):
    async def fan_out(self, requests: Sequence[ChatRequest], limit: int, deadline: float) -> list[Outcome]:
        return await self.client.fan_out(requests, deadline=deadline)


class FansOutWithoutADeadline(Combinators):
    async def fan_out(self, requests: Sequence[ChatRequest], limit: int, deadline: float) -> list[Outcome]:
        return await self.client.fan_out(requests, limit=limit)


class LosesWhatWasNotStarted(Combinators):
    async def fan_out(self, requests: Sequence[ChatRequest], limit: int, deadline: float) -> list[Outcome]:
        outcomes = await super().fan_out(requests, limit, deadline)
        return [outcome for outcome in outcomes if outcome.status != "not_started"]


class MergesWithoutErrors(Combinators):
    async def merge(self, requests: Mapping[str, ChatRequest]) -> dict[str, str]:
        said = dict.fromkeys(requests, "")
        async with self.client.merge(requests, on_failure="drop") as events:
            async for name, chunk in events:
                said[name] += text_of(chunk)
        return said


class MergesUntilTheFirstEnds(Combinators):
    async def merge(self, requests: Mapping[str, ChatRequest]) -> dict[str, str]:
        said = dict.fromkeys(requests, "")
        async with self.client.merge(requests) as events:
            async for name, chunk in events:
                said[name] += text_of(chunk)
                if chunk.choices[0].finish_reason:
                    break
        return said


class MergesIntoOne(Combinators):
    async def merge(self, requests: Mapping[str, ChatRequest]) -> dict[str, str]:
        said = dict.fromkeys(requests, "")
        async with self.client.merge(requests) as events:
            async for _, chunk in events:
                said[next(iter(said))] += text_of(chunk)
        return said


class DropsWhatASlowReaderMisses(Combinators):
    async def tee(self, request: ChatRequest, pauses: Sequence[float]) -> list[str | LLMError]:
        heard: list[str | LLMError] = [""] * len(pauses)
        stream = await self.client.call(request)
        async with tee(stream, len(pauses), lag=4, on_slow="drop") as readers, trio.open_nursery() as nursery:
            for place, reader in enumerate(readers):
                nursery.start_soon(self.listen, place, reader, pauses[place], heard)
        return heard


class TellsTheFirstReaderAloneOfAnError(Combinators):
    async def listen(self, place: int, reader: Any, pause: float, heard: list[Any]) -> None:
        await super().listen(place, reader, pause, heard)
        if place and isinstance(heard[place], LLMError):
            heard[place] = ""


MISTAKEN: Final[tuple[type[Combinators], ...]] = tuple(Combinators.__subclasses__())
