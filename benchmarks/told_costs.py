"""How near computed costs come to those that providers tell: `python benchmarks/told_costs.py FOLDER`.

FOLDER has recorded exchanges, one file `PROVIDER.jsonl.gz` each, with one JSON object a line: `id`, `operation`,
`request.body_text`, `response.status`, `response.headers`, `response.body_text`. What a reply tells of its cost is
withheld from the computation. Every exchange that differs by more than 1 % is listed with the reason.

A reason is found in what OpenRouter tells of the parts of a cost. The prices that it charged, for a million tokens of
prompt and answer, stand beside those that are known. Where they multiply the tokens to the told cost, the amounts are
right and the price was not known at that time; the rest is the price of something that the reply does not count.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import httpx2 as httpx
import trio

import trio_llm
from trio_llm.models import Cost, Quantities
from trio_llm.models.costs import cost_of_quantities, told_cost
from trio_llm.models.facts import prices_of
from trio_llm.models.hosts import seller_of

ROWS = {
    "avian": "avian",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "vercel": "vercel_ai_gateway",
    "venice": "venice",
    "xai": "xai",
}
QUESTION = [{"role": "user", "content": "x"}]
CALL = {"api_key": "not a key of anybody", "api_base": "http://127.0.0.1/v1"}
AGREES, ROUNDED = "agrees", "as near as the provider rounds"


@attrs.frozen
class Told:
    """One exchange whose reply tells its cost."""

    id: str
    row: str
    asked: str
    response: Any
    usd: float

    @property
    def at(self) -> datetime | None:
        created = self.response.created or 0
        return datetime.fromtimestamp(created, UTC) if created > 1.6e9 else None

    @property
    def sellers(self) -> Iterator[tuple[str, str]]:
        """Under which rows and names a price is looked for."""
        for name in dict.fromkeys((self.asked, self.response.model or self.asked)):
            yield seller_of(self.row, name, self.response.get("provider"))


def exchanges(folder: Path, provider: str) -> Iterator[dict[str, Any]]:
    with gzip.open(folder / f"{provider}.jsonl.gz", "rt") as lines:
        for line in lines:
            exchange = json.loads(line)
            is_chat = exchange.get("operation") in ("chat", "chat_stream") and exchange["response"]["status"] < 300
            if is_chat and '"cost' in (exchange["response"].get("body_text") or ""):
                yield exchange


async def read(exchange: dict[str, Any]) -> Any:
    reply = exchange["response"]
    headers = {"content-type": reply["headers"].get("content-type", "application/json")}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, content=reply["body_text"].encode()))
    retry = trio_llm.RetryPolicy(attempts=1)
    async with httpx.AsyncClient(transport=transport) as http, trio_llm.Client(http_client=http, retry=retry) as client:
        if exchange["operation"] == "chat":
            return await client.completion("openai/x", QUESTION, **CALL)
        async with client.stream("openai/x", QUESTION, **CALL) as stream:
            async for _ in stream:
                pass
            return stream.response


def computed(told: Told) -> Cost:
    quantities, service = Quantities.of_usage(told.response.usage, told.row), told.response.get("service_tier")
    costs = (cost_of_quantities(quantities, *seller, service=service, at=told.at) for seller in told.sellers)
    return next((cost for cost in costs if cost.usd is not None), Cost(None, reason="no price is known"))


def verdict(told: Told, cost: Cost) -> str:
    if cost.usd is not None and abs(cost.usd - told.usd) <= 0.01 * told.usd:
        return AGREES
    if is_rounded(told.response.usage.get("cost"), cost):
        return ROUNDED
    details = told.response.usage.get("cost_details") or {}
    tokens = sum(details.get(f"upstream_inference_{part}_cost") or 0 for part in ("prompt", "completions"))
    if tokens < 0.99 * told.usd:
        used = told.response.usage.get("server_tool_use_details") or {}
        what = "an answer of another model, by a tool" if used.get("tool_calls_executed") else "reading a document"
        return f"something beside its tokens: {what}"
    return "no price known" if cost.usd is None else "another price than the known one"


def is_rounded(told: Any, cost: Cost) -> bool:
    """Whether Perplexity's parts of a cost are ours, rounded to a thousandth of a dollar each."""
    if not isinstance(told, dict) or cost.usd is None:
        return False
    requests = sum(usd for part, usd in cost.parts.items() if part.startswith("request"))
    ours = {"input_tokens_cost": cost.parts.get("input", 0), "output_tokens_cost": cost.parts.get("output", 0)}
    rounded = {name: round(usd, 3) for name, usd in {**ours, "request_cost": requests}.items()}
    return all(abs(usd - told.get(name, 0)) < 1e-9 for name, usd in rounded.items())


def charged(told: Told) -> str:
    """The prices that a gateway says it charged, and the known ones, for a million tokens of prompt and answer."""
    details, usage = told.response.usage.get("cost_details") or {}, told.response.usage
    counts = (("prompt", usage.prompt_tokens), ("completions", usage.completion_tokens))
    rates = [
        f"{details.get(f'upstream_inference_{part}_cost', 0) / count * 1e6:.4g}" for part, count in counts if count
    ]
    known = (prices_of(*seller, told.at) for seller in told.sellers)
    prices = next((price for price in known if price is not None), None)
    listed = [f"{prices.rates.get(part, 0) * 1e6:.4g}" for part in ("input", "output")] if prices else ["none"]
    return f"charged {'/'.join(rates)}, known {'/'.join(listed)}"


async def told_exchanges(folder: Path) -> list[tuple[str, Told]]:
    found: list[tuple[str, Told]] = []
    for provider, row in ROWS.items():
        for exchange in exchanges(folder, provider):
            try:
                response = await read(exchange)
            except trio_llm.LLMError:
                continue
            usd = told_cost(response)
            if usd is not None and response.usage is not None:
                asked = json.loads(exchange["request"]["body_text"]).get("model")
                found.append((provider, Told(exchange["id"], row, asked, response, usd)))
    return found  # noqa: ASYNC910 - there may be nothing to read


async def main(folder: Path) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for provider, told in await told_exchanges(folder):
        cost = computed(told)
        kind = verdict(told, cost)
        counts[provider, kind] += 1
        if kind not in (AGREES, ROUNDED):
            host, day = told.response.get("provider"), told.at and told.at.date()
            figures = f"told {told.usd:g}, computed {cost.usd and round(cost.usd, 9)}; {charged(told)}"
            print(f"{told.id} {told.asked} by {host}, {day}: {kind}; {figures}; {cost.reason}")
    for (provider, kind), number in sorted(counts.items()):
        print(f"{provider}: {kind}: {number}")


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]))
