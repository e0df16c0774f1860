"""A simulated provider's decisions: from a request to the reply that it gets, without waiting."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import Any, Final

import attrs

from .._types.http import HTTPRequest, Origin, ReplyHead
from ._answering import answer_of
from ._faults import FaultPlan, apply_fault
from ._ledger import Ledger, RecordedRequest
from ._limits import RateGate
from ._reading import Arrival, read
from ._script import Action, Disconnect, Failure, RawReply, Reply, Script, ScriptExhaustedError
from ._timeline import ScriptedReply, schedule
from ._wires import _openai
from ._wires._model import STREAMS, Answer, Body, Endpoint, Event, Family, Memory, whole

_DEFAULT: Final = Reply()
_END: Final[Any] = object()
_MOST_KEPT: Final = 10_000
"""Answers that nobody has looked at yet; a simulator may run for long."""


class Decider:
    """Script, faults and limits of one provider, and how far they have got."""

    def __init__(self, script: ScriptReader, faults: FaultPlan, gate: RateGate, ledger: Ledger) -> None:
        self._script = script
        self._faults = faults
        self._gate = gate
        self._seed = 0
        self._ledger = ledger
        self._kept: OrderedDict[str, Answer] = OrderedDict()

    def decide(self, request: HTTPRequest, now: float, origin: Origin | None = None) -> ScriptedReply:
        """Everything that will happen to this request."""
        arrival = read(request, self._ledger.next_number(), origin)
        record, endpoint = arrival.record, arrival.endpoint
        record.started = now
        self._ledger.requests.append(record)
        scripted = self._scripted(arrival)
        action = apply_fault(self._faults.fault(record.number), scripted)
        answer = self._answer(arrival, action) if isinstance(action, Reply) else None
        wait = self._gate.admit(now, answer.usage.total_tokens if answer else 0)
        if wait:
            self._ledger.refused += 1
            self._script.put_back(scripted)
            refusal = Failure(429, "rate limit reached", code="rate_limit_exceeded", retry_after=wait)
            action, answer = refusal, None
        if isinstance(action, Disconnect):
            return ScriptedReply(record, None, action.latency)
        record.usage = answer.usage if answer else None
        return self._reply(record, _Written(action, answer, endpoint))

    def _scripted(self, arrival: Arrival) -> Action:
        record, endpoint = arrival.record, arrival.endpoint
        if arrival.allowed:
            allowed = ", ".join(arrival.allowed)
            return Failure(405, f"{record.method} is not allowed: {record.path}", headers={"allow": allowed})
        if endpoint is None:
            return Failure(404, f"no such endpoint: {record.path}")
        return _DEFAULT if endpoint.memory is Memory.LOOKS else self._script.next(record)

    def _answer(self, arrival: Arrival, reply: Reply) -> Answer:
        """What is answered: something new, or what an earlier request began."""
        record, memory = arrival.record, arrival.endpoint.memory if arrival.endpoint else Memory.NONE
        if memory is Memory.LOOKS and (
            begun := self._kept.get(record.prompt.last or record.prompt.query.get("id", ""))
        ):
            return begun
        answer = answer_of(record, reply, self._seed)
        if memory is Memory.BEGINS:
            self._kept[answer.id] = answer
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return answer

    def _reply(self, record: RecordedRequest, written: _Written) -> ScriptedReply:
        action, family = written.action, written.family
        status, body, headers = written.content(record)
        record.status = status
        headers["x-request-id"] = f"simulated-{record.number}"
        headers |= family.limit_headers(self._gate.states())
        if body.content_type not in STREAMS:
            headers["content-length"] = str(sum(len(event.data) for event in body.events))
        pieces, ending = schedule(body.events, action, family.keep_alive)
        head = ReplyHead(status, {"content-type": body.content_type, **headers})
        return ScriptedReply(record, head, action.latency, pieces, ending)


@attrs.frozen
class _Written:
    """An action about to be put into bytes."""

    action: Reply | Failure | RawReply
    answer: Answer | None
    endpoint: Endpoint | None

    @property
    def family(self) -> Family:
        """Whose words to use; OpenAI's for a path that nobody knows."""
        return self.endpoint.family if self.endpoint else _openai.OPENAI

    def content(self, record: RecordedRequest) -> tuple[int, Body, dict[str, str]]:
        """Status, body and the headers that belong to the action."""
        action = self.action
        if isinstance(action, Failure):
            return action.status, whole(self.family.error(action)), _failure_headers(action)
        if isinstance(action, RawReply):
            pieces = [action.body] if isinstance(action.body, bytes) else action.body
            return action.status, Body(action.content_type, [Event(piece) for piece in pieces]), dict(action.headers)
        assert self.endpoint is not None
        assert self.answer is not None
        body = self.endpoint.write(record.prompt, self.answer)
        return 200, _with_error(body, action, self.family), dict(body.headers)


def _with_error(body: Body, action: Reply, family: Family) -> Body:
    if action.error_at is None or body.content_type not in STREAMS:
        return body
    error = Event(family.error_event(Failure(529, "simulated overload")))
    return attrs.evolve(body, events=[*body.events[: action.error_at], error])


def _failure_headers(failure: Failure) -> dict[str, str]:
    headers = dict(failure.headers)
    if failure.retry_after is not None:
        headers.setdefault("retry-after", f"{math.ceil(failure.retry_after)}")
        headers.setdefault("retry-after-ms", f"{math.ceil(failure.retry_after * 1000)}")
    return headers


class ScriptReader:
    """The scripted actions, one for each request; `then` is for all behind the last. Without it there may be none."""

    def __init__(self, script: Script, then: Action | None) -> None:
        self._then = then
        self._function: Callable[[RecordedRequest], Action | None] | None = None
        self._actions: Iterator[Action | None] = iter(())
        if isinstance(script, Reply | Failure | RawReply | Disconnect):
            self._actions = repeat(script)
        elif callable(script):
            self._function = script
        else:
            self._actions = iter(script)
            if script == () and then is None:
                self._then = _DEFAULT  # no script at all

    def next(self, record: RecordedRequest) -> Action:
        """What to do with this request.

        Raises:
            ScriptExhaustedError: if the script has nothing for it.
        """
        if self._function is not None:
            return self._function(record) or _DEFAULT
        action = next(self._actions, _END)
        if action is not _END:
            return action or _DEFAULT
        if self._then is None:
            raise ScriptExhaustedError(record)
        return self._then

    def put_back(self, action: Action) -> None:
        """A refused request has not used its action; the next one gets it."""
        self._actions = chain([action], self._actions)
