"""A simulated provider's decisions: from a request to the reply that it gets, without waiting.

In this order, of which the first that has something to say decides: a path that there is not, or not with this method;
what a strict provider refuses; a key that is no account's; a model that is gone, or too small for the question; an
outage. None of these takes an action of the script. Then the script's action, changed by the fault plan. A request
beyond the rate limits leaves its action to the next.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from .._types.http import HTTPRequest, Origin
from ._actions import Action, Disconnect, Failure, Reply
from ._answering import answer_of
from ._conditions import Conditions
from ._faults import FaultPlan, Moment, apply_fault
from ._ledger import Ledger, RecordedRequest
from ._limits import RateGate, RateLimits
from ._pace import Times
from ._reading import Arrival, read
from ._script_reader import DEFAULT, ScriptReader
from ._timeline import ScriptedReply, schedule
from ._wires._limited import limited
from ._wires._model import STREAMS, Answer, Memory, ReplyBody
from ._writing import Writing

_MOST_KEPT: Final = 10_000
"""Answers that nobody has looked at yet; a simulator may run for long."""


class Gates:
    """The buckets of a provider: one gate for all, or one an account."""

    def __init__(self, limits: RateLimits, accounts: Mapping[str, RateLimits]) -> None:
        self._all = RateGate(limits)
        self._accounts = {key: RateGate(own) for key, own in accounts.items()}

    def of(self, record: RecordedRequest) -> RateGate:
        """The gate of a request's account."""
        return self._accounts.get(record.account, self._all)

    def knows(self, record: RecordedRequest) -> bool:
        """Whether a request comes with the key of an account. Where no accounts were given, every request does."""
        return not self._accounts or record.account in self._accounts


class Decider:
    """Script, faults and limits of one provider, and how far they have got."""

    def __init__(
        self, script: ScriptReader, faults: FaultPlan, gates: Gates, ledger: Ledger, world: Conditions
    ) -> None:
        self._script = script
        self._faults = faults
        self._gates = gates
        self._ledger = ledger
        self._world = world
        self._kept: OrderedDict[str, Answer] = OrderedDict()

    def decide(self, request: HTTPRequest, now: float, origin: Origin | None = None) -> ScriptedReply:
        """Everything that will happen to this request."""
        arrival = read(request, self._ledger.next_number(), origin)
        record = arrival.record
        record.started = now
        self._ledger.requests.append(record)
        action = self._refusal(arrival) or self._troubled(record)
        if action is not None:
            return self._told(arrival, action, None)
        scripted = self._scripted(arrival)
        record.fault = self._faults.strike(Moment(record.number, now, record.account, record.model))
        action = apply_fault(record.fault, scripted)
        answer = self._answer(arrival, action) if isinstance(action, Reply) else None
        wait = self._gates.of(record).admit(now, answer.usage.total_tokens if answer else 0)
        if wait:
            self._ledger.refused += 1
            self._script.put_back(scripted)
            action, answer = self._limited(arrival, wait), None
        return self._told(arrival, action, answer)

    def _refusal(self, arrival: Arrival) -> Failure | None:
        record, endpoint, strict = arrival.record, arrival.endpoint, self._world.strict
        if arrival.allowed:
            allowed = ", ".join(arrival.allowed)
            return Failure(405, f"{record.method} is not allowed: {record.path}", headers={"allow": allowed})
        if endpoint is None:
            return Failure(404, f"no such endpoint: {record.path}")
        if not self._gates.knows(record):
            return Failure(401, "the key is not valid", code="invalid_api_key" if record.account else None)
        refusal = strict.complaint(record, endpoint) if strict is not None else None
        return refusal or self._world.refusal(record)

    def _troubled(self, record: RecordedRequest) -> Action | None:
        trouble = self._world.trouble(record)
        if trouble is None:
            return None
        record.fault = trouble
        return apply_fault(trouble, DEFAULT)

    def _scripted(self, arrival: Arrival) -> Action:
        assert arrival.endpoint is not None
        looks = arrival.endpoint.memory is Memory.LOOKS
        return DEFAULT if looks else self._script.next(arrival.record)

    def _limited(self, arrival: Arrival, wait: float) -> Failure:
        record, family = arrival.record, arrival.endpoint.family.name if arrival.endpoint else ""
        return limited(family, record.model, self._gates.of(record).tightest(), wait)

    def _answer(self, arrival: Arrival, reply: Reply) -> Answer:
        """What is answered: something new, or what an earlier request began."""
        record, memory = arrival.record, arrival.endpoint.memory if arrival.endpoint else Memory.NONE
        named = record.prompt.last or record.prompt.query.get("id", "")
        if memory is Memory.LOOKS and named in self._kept:
            return self._kept[named]
        answer = answer_of(record, reply, self._world.seed, self._world.most_tokens(record))
        if memory is Memory.BEGINS:
            self._kept[answer.id] = answer
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return answer

    def _told(self, arrival: Arrival, action: Action, answer: Answer | None) -> ScriptedReply:
        record, world = arrival.record, self._world
        if isinstance(action, Reply) and answer is None:
            answer = self._answer(arrival, action)
        if isinstance(action, Disconnect):
            return ScriptedReply(record, None, action.latency, cause=action.cause)
        if answer is not None:
            record.usage, record.finish_reason = answer.usage, answer.finish_reason
            record.said, record.called = "".join(answer.text), answer.tool_calls
        if isinstance(action, Failure):
            record.retry_after = action.retry_after
        model = world.models.get(record.model)
        if model is not None:
            record.prices = (model.prompt_price, model.answer_price)
        self._ledger.bill(record)
        return self._played(record, Writing(action, answer, arrival.endpoint))

    def _played(self, record: RecordedRequest, written: Writing) -> ScriptedReply:
        action, world = written.action, self._world
        body = written.body(record)
        record.status = written.status
        calendar = None if world.epoch is None else world.epoch + record.started + action.clock_jump
        head = written.head(record, body, written.limits(record, self._gates.of(record).states(), calendar))
        times = self._times(record, written, body)
        pieces, ending = schedule(body.events, action, written.family.keep_alive, times.gap)
        return ScriptedReply(record, head, times.first, [] if record.method == "HEAD" else pieces, ending)

    def _times(self, record: RecordedRequest, written: Writing, body: ReplyBody) -> Times:
        """When the head leaves, and what is between two events. What the script says comes before the usual pace."""
        action, world = written.action, self._world
        usual, slow = world.pace.times(f"{world.seed}:pace:{record.number}"), world.slowness(record)
        first, gap = action.latency or usual.first, usual.gap
        if action.gap:
            gap = lambda: action.gap  # noqa: E731  # what is named here is the kind of thing that a pace has
        elif written.answer is not None and body.content_type not in STREAMS:
            first += sum(gap() for _ in range(written.answer.usage.completion_tokens))  # all its tokens are awaited
        reading = 0.0 if action.read_rate is None else len(record.body) / action.read_rate
        return Times(first * slow + reading, lambda: gap() * slow)
