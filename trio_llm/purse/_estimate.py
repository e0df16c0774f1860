"""A dry run: what requests will take, before any is sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import attrs

from .._types.request import AnyRequest
from ..models.costs import cost_of_quantities
from ..models.facts import prices_of
from ..models.prices import Quantities
from ..models.rates import BY_TOKEN
from ..models.registered import row_and_name
from ..models.sizes import expected_tokens
from ._expected import PAID, expected_parts

_UNCERTAIN: Final = 0.3
"""By how much the tokens of a prompt, counted by bytes, are off for most texts."""
_SHORT_ANSWER: Final = 0.1
"""Of the expected length: the least that an answer is expected to have."""


@attrs.frozen
class Estimate:
    """What requests will take, before any is sent.

    Example:
        expected = trio_llm.purse.estimate(requests)
        print(expected.low, expected.usd, expected.high)
    """

    requests: int
    prompt_tokens: float
    completion_tokens: float
    """At the limit that each request states for its answer, or what is usual."""
    usd: float
    low: float
    """USD, if prompts are shorter than estimated and answers much shorter than they may be."""
    high: float
    """USD, if prompts are longer than estimated and every answer as long as expected."""
    unpriced: tuple[str, ...]
    """Models without a known price; their requests are in the counts and not in the sums."""


def estimate(requests: Iterable[AnyRequest]) -> Estimate:
    """A dry run: about how many tokens requests have and what they will cost. Nothing is sent.

    Args:
        requests: as for `fan_out`.

    Raises:
        BadRequestError: if no provider fits a model.
        ModuleNotFoundError: without the extra `models`.

    Example:
        >>> trio_llm.purse.estimate([trio_llm.ChatRequest("openai/gpt-5", messages, max_tokens=300)]).usd
        0.0031
    """
    number, prompts, answers = 0, 0.0, 0.0
    sums = [0.0, 0.0, 0.0]
    unpriced: dict[str, None] = {}
    for request in requests:
        number += 1
        prompt, answer = expected_tokens(request)
        prompts, answers = prompts + prompt, answers + answer
        row, bare = row_and_name(request.model, request.options.custom_llm_provider)
        costs = _costs(request, row, bare, (prompt, answer))
        for place, usd in enumerate(costs):
            sums[place] += usd or 0.0
        if None in costs:
            unpriced[request.model] = None
    usd, low, high = sums
    return Estimate(number, prompts, answers, usd, low, high, tuple(unpriced))


def _costs(request: AnyRequest, row: str, name: str, tokens: tuple[float, float]) -> list[float | None]:
    """What a request will cost in USD, at least, and at most; None where nobody says."""
    if request.operation not in BY_TOKEN:
        prices = prices_of(row, name)
        parts = {} if prices is None else expected_parts(request, prices)
        return [sum(parts.values()) if parts or request.operation not in PAID else None] * 3
    prompt, answer = tokens
    cases = (
        tokens,
        (prompt * (1 - _UNCERTAIN), answer * _SHORT_ANSWER),
        (prompt * (1 + _UNCERTAIN), answer),
    )
    return [cost_of_quantities(Quantities.of_tokens(*case), row, name).usd for case in cases]
