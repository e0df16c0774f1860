"""What a simulated provider is like, beside what its script says: models, accounts, outages, pace, strictness."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

import attrs

from ._actions import Failure, Fault
from ._ledger import RecordedRequest
from ._limits import RateLimits
from ._pace import Pace
from ._strictness import Strictness, frozen_names

_share = attrs.validators.and_(attrs.validators.ge(0.0), attrs.validators.le(1.0))
_UNAVAILABLE: Final = Failure(503, "the service is unavailable")
_AT_ONCE: Final = Pace()
_positive = attrs.validators.optional(attrs.validators.gt(0))


@attrs.frozen(kw_only=True)
class SimulatedModel:
    """One model of a simulated provider's.

    Example:
        Conditions(models={"gpt-4o": SimulatedModel(context_window=128_000, prompt_price=2.5, answer_price=10)})
    """

    context_window: int | None = attrs.field(default=None, validator=_positive)
    """Tokens of question and answer together; a longer question is refused, a longer answer ends there."""
    most_answer_tokens: int | None = attrs.field(default=None, validator=_positive)
    """Tokens of an answer where nobody asks for fewer."""
    retires_at: float = math.inf
    """When it is gone, on the running clock."""
    prompt_price: float = 0.0
    """For a million tokens of questions."""
    answer_price: float = 0.0
    """For a million tokens of answers that were delivered."""


@attrs.frozen(kw_only=True)
class Outage:
    """A time in which a provider fails, or a brown-out, in which it fails some and is slow with the rest.

    Example:
        Conditions(outages=[Outage(start=60, end=120), Outage(start=300, share=0.2, slower=4.0)])
    """

    start: float = 0.0
    """When it begins, on the running clock."""
    end: float = math.inf
    fault: Fault = _UNAVAILABLE
    share: float = attrs.field(default=1.0, validator=_share)
    """Of the requests, how many meet it."""
    slower: float = attrs.field(default=1.0, validator=attrs.validators.ge(1.0))
    """How many times as long everything else takes."""
    models: frozenset[str] = attrs.field(default=frozenset(), converter=frozen_names)
    """The models that it is about; all, where none is named."""

    def covers(self, record: RecordedRequest) -> bool:
        """Whether a request arrives in it, for one of its models."""
        return self.start <= record.started < self.end and (not self.models or record.model in self.models)


@attrs.frozen(kw_only=True)
class Conditions:
    """What a simulated provider is like beside its script. Times are those of the running clock, in seconds.

    Example:
        Simulator(conditions=Conditions(seed=7, pace=Pace(first=LogNormal(0.4, 0.5)), outages=[Outage(end=60)]))
    """

    seed: int = 0
    """What everything that is drawn by chance depends on."""
    pace: Pace = _AT_ONCE
    models: Mapping[str, SimulatedModel] = attrs.field(factory=dict[str, SimulatedModel])
    """Models by name. Others are there as well, without limits and prices, unless it is strict."""
    accounts: Mapping[str, RateLimits] = attrs.field(factory=dict[str, RateLimits], repr=False)
    """Accounts by key, each with buckets of its own. If there are any, another key is refused with 401."""
    outages: Sequence[Outage] = ()
    strict: Strictness | None = None
    """What it refuses; None takes every request as far as it makes sense."""
    epoch: float | None = None
    """Seconds since 1970 at the zero of the running clock. Without it nothing is told that needs a calendar."""

    def trouble(self, record: RecordedRequest) -> Fault | None:
        """What the provider's state makes of a request: an outage's fault, or None."""
        for number, outage in enumerate(self.outages):
            if outage.covers(record) and Random(f"{self.seed}:outage:{number}:{record.number}").random() < outage.share:
                return outage.fault
        return None

    def slowness(self, record: RecordedRequest) -> float:
        """How many times as long as usual it takes."""
        return max((outage.slower for outage in self.outages if outage.covers(record)), default=1.0)

    def refusal(self, record: RecordedRequest) -> Failure | None:
        """Why a model does not answer a question: it is gone, not there, or the question is too long for it."""
        model = self.models.get(record.model)
        if model is None:
            unknown = self.strict is not None and bool(self.models) and bool(record.model)
            return _no_model(record) if unknown else None
        if record.started >= model.retires_at:
            return _no_model(record, "has been retired")
        asked = record.prompt.size
        if model.context_window is not None and asked > model.context_window:
            message = (
                f"This model's maximum context length is {model.context_window} tokens. However, your messages "
                f"resulted in {asked} tokens. Please reduce the length of the messages."
            )
            return Failure(400, message, code="context_length_exceeded")
        return None

    def most_tokens(self, record: RecordedRequest) -> int | None:
        """How many tokens an answer may have, beside what the request allows."""
        model = self.models.get(record.model)
        if model is None:
            return None
        room = None if model.context_window is None else model.context_window - record.prompt.size
        limits = [limit for limit in (room, model.most_answer_tokens) if limit is not None]
        return min(limits, default=None)


def _no_model(record: RecordedRequest, what: str = "does not exist") -> Failure:
    return Failure(404, f"The model `{record.model}` {what} or you do not have access to it.", code="model_not_found")
