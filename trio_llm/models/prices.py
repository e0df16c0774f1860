"""What a call costs by its quantities: pure arithmetic over a table of rates.

A rate belongs to a part of the call. The parts do not overlap: tokens that were read from a cache are no plain input
tokens, although `Usage` counts them among `prompt_tokens`. A part without a rate of its own is counted by the rate of
the next larger one, as vendors do: reasoning as output, audio input as input (`WIDER_PARTS`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from .._types.usage import Usage

WIDER_PARTS: Final[Mapping[str, str]] = {
    "cache_audio_read": "cache_read",
    "cache_image_read": "cache_read",
    "cache_read": "input",
    "cache_write": "input",
    "cache_write_1h": "cache_write",
    "input_audio": "input",
    "input_image": "input",
    "input_video": "input",
    "output_audio": "output",
    "output_citation": "output",
    "output_image": "output",
    "output_reasoning": "output",
}
"""The part whose rate counts where a part has none of its own."""
TOKENS: Final = frozenset({*WIDER_PARTS, *WIDER_PARTS.values()})
"""The parts that are tokens."""


@attrs.frozen
class Quantities:
    """How much of each part a call used: tokens by part, and whatever else is paid for (`request`, `web_search` ...).

    Example:
        >>> Quantities({"input": 1_000, "output": 200, "web_search": 1})
    """

    amounts: Mapping[str, float]

    @classmethod
    def of_usage(cls, usage: Usage, row: str = "") -> Quantities:
        """The tokens of a usage, each in one part only, and what else of it is paid for.

        Args:
            usage: in OpenAI's meaning, as every response of this package has it.
            row: whose it is. Some count the tokens of reasoning beside those of the answer.
        """
        if usage.model_extra and isinstance(billed := usage.get("billed_units"), Mapping):
            return cls.of_tokens(*(_count(billed.get(name)) for name in _BILLED))
        prompt, completion = usage.prompt_tokens_details, usage.completion_tokens_details
        parts: dict[str, float] = {
            "cache_read": (prompt and prompt.cached_tokens) or 0,
            "cache_write": (prompt and prompt.cache_creation_tokens) or 0,
            "input_audio": (prompt and prompt.audio_tokens) or 0,
            "input_image": (prompt and prompt.image_tokens) or 0,
            "output_audio": (completion and completion.audio_tokens) or 0,
            "output_image": (completion and completion.image_tokens) or 0,
            "output_reasoning": (completion and completion.reasoning_tokens) or 0,
        }
        if parts["cache_read"]:
            _add_cached(parts, usage)
        # What was cached may itself have been audio or a picture, and is paid once.
        _keep_within(parts, usage.prompt_tokens - _sum(parts, _READ), ("input_image", "input_audio", "cache_write"))
        parts["input"] = max(0, usage.prompt_tokens - _sum(parts, (*_READ, "cache_write", *_INPUTS)))
        if row in REASONING_BESIDE:
            parts["output"] = max(0, usage.completion_tokens - _sum(parts, _OUTPUTS[:-1]))
        else:
            # OpenRouter at times counts more reasoning than completion, and charges the completion.
            _keep_within(parts, usage.completion_tokens, ("output_image", "output_audio", "output_reasoning"))
            parts["output"] = max(0, usage.completion_tokens - _sum(parts, _OUTPUTS))
        if usage.model_extra:
            _add_beside(parts, usage, row)
        return cls({part: amount for part, amount in parts.items() if amount})

    @classmethod
    def of_tokens(cls, prompt: float, answer: float) -> Quantities:
        """Plain tokens of a prompt and of an answer."""
        return cls({part: count for part, count in (("input", prompt), ("output", answer)) if count})

    @property
    def prompt_tokens(self) -> float:
        """All tokens of the prompt: by these the tiers of a price are chosen."""
        return _sum(self.amounts, ("input", *_READ, "cache_write", "cache_write_1h", *_INPUTS))

    @property
    def answer_tokens(self) -> float:
        """All tokens of the answer."""
        return _sum(self.amounts, ("output", *_OUTPUTS))

    def with_more(self, **amounts: float) -> Quantities:
        """The same with other things that are paid for, such as `web_search=2`."""
        return Quantities({**self.amounts, **amounts})


def _count(value: Any) -> float:
    return value if isinstance(value, int | float) else 0


_BILLED: Final = ("input_tokens", "output_tokens")
"""Cohere charges fewer tokens than its models read, for its own prompt is free. Cohere docs, "Pricing", 2026-11."""
_READ: Final = ("cache_read", "cache_audio_read", "cache_image_read")
_INPUTS: Final = ("input_audio", "input_image", "input_video")
_OUTPUTS: Final = ("output_audio", "output_image", "output_reasoning")


REASONING_BESIDE: Final = frozenset({"perplexity", "vercel_ai_gateway"})
"""Whose usage counts reasoning beside `completion_tokens`, and charges both.

Vercel's own `cost` is both together (recordings of 2026-03, for OpenAI's and Google's models alike). Perplexity lists
the two at prices of their own (Perplexity docs, "Pricing", "Sonar Deep Research", 2026-11).
"""
_BESIDE: Final[Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]] = {
    "": (((("server_tool_use", "web_search_requests")), "web_search"),),
    "perplexity": (
        (("citation_tokens",), "output_citation"),
        (("num_search_queries",), "web_search"),
    ),
    "xai": (
        (("server_side_tool_usage_details", "web_search_calls"), "web_search"),
        (("server_side_tool_usage_details", "x_search_calls"), "x_search"),
        (("server_side_tool_usage_details", "code_interpreter_calls"), "code_execution"),
        (("server_side_tool_usage_details", "file_search_calls"), "storage_search"),
    ),
}
"""What usages count beside tokens of prompt and answer, by row; the empty one is all rows.

Source: Anthropic docs, "Web search tool", "Usage and pricing"; Perplexity docs, "Pricing"; xAI docs, "Tool Usage
Details": 2026-11.
"""


def _add_cached(parts: dict[str, float], usage: Usage) -> None:
    """What of the cached tokens was sound or pictures, which have prices of their own there too.

    Source: Gemini API reference, "UsageMetadata", `cacheTokensDetails`; OpenAI API reference, "The usage object of
    realtime", `cached_tokens_details`; 2026-11.
    """
    prompt, found = usage.prompt_tokens_details, dict[str, float]()
    beside, within = usage.model_extra or {}, (prompt and prompt.model_extra) or {}
    if isinstance(details := beside.get("cacheTokensDetails"), list):
        read = [one for one in details if isinstance(one, Mapping)]
        found = {str(one.get("modality")).lower(): _count(one.get("tokenCount")) for one in read}
    elif isinstance(details := within.get("cached_tokens_details"), Mapping):
        found = {kind: _count(details.get(f"{kind}_tokens")) for kind in ("audio", "image")}
    for kind in ("audio", "image") if found else ():
        # Usages that do not add up are kept within what they have.
        cached = min(found.get(kind, 0), parts["cache_read"])
        if cached > 0:
            parts[f"cache_{kind}_read"] = cached
            parts["cache_read"] -= cached
            parts[f"input_{kind}"] = max(0, parts[f"input_{kind}"] - cached)


def _add_beside(parts: dict[str, float], usage: Usage, row: str) -> None:
    for path, part in (*_BESIDE[""], *_BESIDE.get(row, ())):
        value: Any = usage
        for name in path:
            value = value.get(name) if hasattr(value, "get") else None
        if isinstance(value, int | float):
            parts[part] = value
    size = usage.get("search_context_size")
    if isinstance(size, str):
        parts[f"request_{size}"] = 1
    if parts["cache_write"] and (hour := _kept_an_hour(usage)):
        parts["cache_write_1h"] = hour
        parts["cache_write"] = max(0, parts["cache_write"] - hour)


def _kept_an_hour(usage: Usage) -> float:
    """Tokens that were written to the cache for an hour, where Anthropic or Bedrock tells these apart.

    Source: Anthropic docs, "Prompt caching", "1-hour cache duration"; Bedrock API reference, "CacheDetail", 2026-11.
    """
    kept, details = usage.get("cache_creation"), usage.get("cacheDetails")
    if isinstance(kept, Mapping):
        return _count(kept.get("ephemeral_1h_input_tokens"))
    written = [one for one in details if isinstance(one, Mapping)] if isinstance(details, list) else []
    return sum(_count(one.get("inputTokens")) for one in written if one.get("ttl") == "1h")


def _keep_within(parts: dict[str, float], whole: float, names: tuple[str, ...]) -> None:
    """Take from these parts, the first one first, what they have more than the whole."""
    for name in names:
        parts[name] -= min(parts[name], max(0, _sum(parts, names) - whole))


def _sum(amounts: Mapping[str, float], parts: tuple[str, ...]) -> float:
    return sum(amounts.get(part, 0) for part in parts)


@attrs.frozen
class Tier:
    """Rates for prompts longer than `above` tokens. They then hold for the whole call.

    Example:
        print([(tier.above, tier.rates) for tier in prices.tiers])
    """

    above: int
    rates: Mapping[str, float]


@attrs.frozen
class Prices:
    """The rates of one model in USD for a single unit: a token, a request, a second, a search, an image.

    Example:
        >>> prices = Prices({"input": 2.5e-6, "output": 10e-6})
        >>> prices.parts_of(Quantities({"input": 1_000, "output": 100}))
        {'input': 0.0025, 'output': 0.001}
    """

    rates: Mapping[str, float]
    tiers: tuple[Tier, ...] = ()
    """In rising order of `above`."""
    services: Mapping[str, Mapping[str, float]] = attrs.field(factory=dict[str, Mapping[str, float]])
    """Other rates by service tier: `flex`, `priority`, `batch`. They hold whatever the length, but for these:"""
    service_tiers: Mapping[str, tuple[Tier, ...]] = attrs.field(factory=dict[str, tuple[Tier, ...]])
    """Rates of a service tier for longer prompts, in rising order of `above`."""
    source: str = "given by the caller"

    def rates_for(self, prompt_tokens: float, service: str | None = None) -> Mapping[str, float]:
        """The rates for a prompt of this length at a service tier; None or an unknown one is the usual service."""
        rates = dict(self.rates)
        _add_tiers(rates, self.tiers, prompt_tokens)
        if service is not None and service in self.services:
            rates.update(self.services[service])
            _add_tiers(rates, self.service_tiers.get(service, ()), prompt_tokens)
        return rates

    def with_rates(self, rates: Mapping[str, float], source: str) -> Prices:
        """The same where these rates count before all others, at every length and every service."""
        others = {name: _without(of_service, rates) for name, of_service in self.services.items()}
        tiers = {name: _tiers_without(of_service, rates) for name, of_service in self.service_tiers.items()}
        return Prices({**self.rates, **rates}, _tiers_without(self.tiers, rates), others, tiers, source)

    def parts_of(self, quantities: Quantities, service: str | None = None) -> dict[str, float] | None:
        """USD by part; None if something that was used has no rate here."""
        rates = self.rates_for(quantities.prompt_tokens, service)
        parts: dict[str, float] = {}
        for part, amount in quantities.amounts.items():
            rate = rate_of(rates, part)
            if rate is None:
                return None
            parts[part] = amount * rate
        if "request" in rates and not any(part.startswith("request") for part in parts):
            parts["request"] = rates["request"]
        return parts


def _add_tiers(rates: dict[str, float], tiers: tuple[Tier, ...], prompt_tokens: float) -> None:
    for tier in tiers:
        if prompt_tokens > tier.above:
            rates.update(tier.rates)


def _without(rates: Mapping[str, float], others: Mapping[str, float]) -> dict[str, float]:
    return {part: rate for part, rate in rates.items() if part not in others}


def _tiers_without(tiers: tuple[Tier, ...], others: Mapping[str, float]) -> tuple[Tier, ...]:
    return tuple(Tier(tier.above, _without(tier.rates, others)) for tier in tiers)


def rate_of(rates: Mapping[str, float], part: str) -> float | None:
    """The rate of a part, else that of the next larger one that has a rate."""
    name: str | None = part
    while name is not None:
        if name in rates:
            return rates[name]
        name = WIDER_PARTS.get(name)
    # Some charge the same for a picture of any size and quality.
    if part.startswith("image_") and not any(known.startswith("image_") for known in rates):
        return rates.get("image")
    return None
