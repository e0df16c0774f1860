"""The loop: ask the model, run its tools, tell it the results, until it answers without calling any.

Theory of operation. A run is a sequence of rounds under one deadline. A round is one answer of the model's and one
nursery with its tools. It is *asking* while the model writes, when tools that can be repeated may begin already; then
*complete*, when all others do. The history grows in two places: the model's message when the answer is complete, and
the results, in the order of the calls, when the nursery has closed, whichever way. So a history that ends in calls
without results is one that was cut, and a run that is given such a history begins by making those calls.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

import attrs

from .._engine.nursery import BareNursery
from .._runtime import trio
from .._types.errors import BadRequestError
from ._asking import Round, planned
from ._errors import ToolRunError, ToolRunTimeout
from ._events import Finished, RoundEnded, Step, ToolRun
from ._forms import Over, Pending, Question, form_of
from ._results import WrittenCall
from ._search import ToolSearch
from ._tool import Tool, ToolLike, as_tool
from ._turn import RunSlots, Sink, Turn

if TYPE_CHECKING:
    from .._client.client import Client


@attrs.frozen
class Asked:
    """What a run is asked for."""

    client: Client
    model: str
    messages: Iterable[Any]
    tools: Iterable[ToolLike]
    params: Mapping[str, Any]
    over: Over = "chat"


class Loop:
    """One run of tools."""

    def __init__(self, asked: Asked, sink: Sink, *, streamed: bool) -> None:
        self.run: ToolRun[Any] = ToolRun([*asked.messages])
        self._form, self._over = form_of(asked.over), asked.over
        self._client, self._model = asked.client, asked.model
        self._plan, self._params = planned(asked.params)
        self._tools: list[ToolLike] = [as_tool(one) for one in asked.tools]
        self._search = ToolSearch(self._plan.deferred)
        self._is_ours = True
        self._sink = sink
        self._streamed = streamed
        most = self._plan.max_parallel
        self._slots = RunSlots(trio.CapacityLimiter(most), trio.CapacityLimiter(most), self._client.group)

    async def run_to_end(self) -> ToolRun[Any]:
        """Run all rounds.

        Raises:
            ToolRunError: if it cannot go on; what has been done is in it.
        """
        deadline = self._plan.deadline
        try:
            with (
                self._client.group("tools", {"model": self._model}),
                trio.move_on_after(math.inf if deadline is None else deadline),
            ):
                await self._rounds()
                return self.run
        except ToolRunError:
            raise
        except Exception as error:
            raise ToolRunError.of(error, self.run) from error
        raise ToolRunTimeout.of(TimeoutError(f"the tools had not ended within {deadline:g} seconds"), self.run)

    async def _rounds(self) -> None:
        _named([*self._tools, *self._search.hidden])
        left_open = self._form.pending(self.run.messages)
        if self._search.hidden:
            self._search.remember(self._calls_before(left_open))
        if left_open is not None:
            await self._finish(left_open)
        for number in count(1):
            if number > self._plan.max_rounds:
                cause = ValueError(f"the model still calls tools after {number - 1} rounds: raise max_rounds")
                raise ToolRunError.of(cause, self.run)
            self._take_steering()
            with self._client.group("round", {"number": number}):
                step = await self._round(await self._prepared(number))
            await self._sink(RoundEnded(number, step))
            is_stopped = self._plan.until is not None and self._plan.until(self.run)
            has_more = step.results or self._form.goes_on(step.response) or self._take_steering()
            if is_stopped or not has_more:
                break
        await self._sink(Finished(self.run))

    def _take_steering(self) -> bool:
        """Take what the program has to say meanwhile into the history; whether there was anything."""
        taken = False
        while self._plan.steer is not None:
            try:
                said = self._plan.steer.receive_nowait()
            except (trio.WouldBlock, trio.EndOfChannel, trio.ClosedResourceError):
                break
            self.run.messages.append({"role": "user", "content": said} if isinstance(said, str) else said)
            taken = True
        return taken

    async def _prepared(self, number: int) -> Round:
        by_us = self._searches(Question(self._model, self.run.messages, self._params))
        tools = [*self._tools, *self._search.told(by_us=by_us)]
        prepared = Round(number, self._model, self.run.messages, tools, {**self._params})
        if self._plan.before_round is not None:
            done = self._plan.before_round(prepared)
            if inspect.isawaitable(done):
                await done
            self.run.messages = prepared.messages
            still_by_us = self._searches(Question(prepared.model, prepared.messages, prepared.params))
            if still_by_us != by_us:
                by_us, prepared.tools = still_by_us, self._search.moved(prepared.tools, to_us=still_by_us)
        self._is_ours = by_us
        return prepared

    def _searches(self, question: Question) -> bool:
        """Whether deferred tools are looked for here, and not by the provider."""
        if self._plan.search is not None or not self._search.hidden:
            return self._plan.search != "provider"
        if question.has_fallbacks:
            return True  # whoever is asked in the end may have no search
        try:
            return self._over not in self._client.quirks_of(self._form.request(question)).tool_search
        except BadRequestError:
            return True  # a group of models; and what is wrong is said when it is asked

    def _calls_before(self, left_open: Pending | None) -> list[WrittenCall]:
        """All calls of the history that have results."""
        made = [call for message in self.run.messages for call in self._form.made(message)]
        if left_open is not None:
            made[len(made) - len(left_open.calls) :] = [
                call for call, answer in zip(left_open.calls, left_open.answered, strict=True) if answer is not None
            ]
        return made

    async def _round(self, prepared: Round) -> Step[Any]:
        form = self._form
        tools = [as_tool(one) for one in prepared.tools]
        deferred = [] if self._is_ours else self._search.hidden
        turn = Turn(prepared.number, _named([*tools, *deferred]), self._plan, self._slots, self._sink)
        definitions = [form.definition(one) if isinstance(one, Tool) else one for one in tools]
        if deferred:
            definitions += form.searched([form.definition(one) for one in deferred])
        params = {**prepared.params, **({"tools": definitions} if definitions else {})}
        response: Any = None
        try:
            async with BareNursery() as nursery:
                question = Question(prepared.model, prepared.messages, params)
                response = await self._answer(question, turn, nursery)
                self.run.messages += form.said(response)
                is_cut = form.is_cut(response)
                for call in form.calls(response):
                    turn.begin(nursery, call, is_cut=is_cut)
            await turn.settle()
        finally:
            if response is not None:
                results = [result for result in turn.results() if result is not None]
                self.run.messages += form.answers([form.answer(result) for result in results])
                self.run.steps.append(Step(response, tuple(results)))
        return self.run.steps[-1]

    async def _answer(self, question: Question, turn: Turn, nursery: trio.Nursery) -> Any:
        if not self._streamed:
            return await self._form.ask(self._client, question)
        reader = self._form.reader()
        # An answer that begins anew after a break would find tools of the one that was given up.
        may_begin = question.params.get("on_break", "raise") == "raise"
        async with self._form.open(self._client, question) as stream:
            async for event in stream:
                for call in reader.calls(event):
                    if may_begin:
                        turn.begin_early(nursery, call)
                for told in reader.told(event):
                    await self._sink(told)
            return self._form.read(stream.response, question)

    async def _finish(self, left_open: Pending) -> None:
        """Make the calls that an earlier run has left open, and put their results into their places."""
        tools = [*self._tools, *self._search.told(by_us=True), *self._search.hidden]
        turn = Turn(0, _named([*map(as_tool, tools)]), self._plan, self._slots, self._sink)
        try:
            async with BareNursery() as nursery:
                for call, answer in zip(left_open.calls, left_open.answered, strict=True):
                    if answer is None:
                        turn.begin(nursery, call)
            await turn.settle()
        finally:
            made = turn.results()
            told, new = [*left_open.answered], iter(made)
            for place, answer in enumerate(told):
                result = next(new, None) if answer is None else None
                told[place] = answer if result is None else self._form.answer(result)
            self.run.messages[left_open.start :] = self._form.answers([one for one in told if one is not None])
            self.run.steps.append(Step(None, tuple(result for result in made if result is not None)))


def _named(tools: Sequence[ToolLike]) -> dict[str, Tool[..., Any]]:
    named: dict[str, Tool[..., Any]] = {}
    for one in tools:
        if isinstance(one, Tool):
            if one.name in named:
                raise ValueError(f"two tools have the name {one.name!r}: give one of them a name=")
            named[one.name] = one
    return named
