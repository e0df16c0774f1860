"""How near computed costs come to those that providers tell: `python benchmarks/told_costs.py FOLDER`.

FOLDER has recorded exchanges, one file `PROVIDER.jsonl.gz` each, with one JSON object a line: `id`, `operation`,
`request.body_text`, `response.status`, `response.headers`, `response.body_text`. What a reply tells of its cost is
withheld from the computation. Every exchange that differs by more than 1 % is printed.
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

import httpx2 as httpx
import trio

import trio_llm
from trio_llm.models import Cost, Quantities
from trio_llm.models.costs import cost_of_quantities, told_cost

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


def computed(response: Any, row: str, asked: str) -> Cost:
    at = datetime.fromtimestamp(response.created, UTC) if (response.created or 0) > 1.6e9 else None
    quantities, service = Quantities.of_usage(response.usage, row), response.get("service_tier")
    cost = cost_of_quantities(quantities, row, response.model or asked, service=service, at=at)
    return cost if cost.usd is not None else cost_of_quantities(quantities, row, asked, service=service, at=at)


def verdict(told: float, cost: Cost, response: Any) -> str:
    if cost.usd is None:
        return "no price"
    if abs(cost.usd - told) <= 0.01 * told:
        return "agrees"
    parts = response.usage.get("cost")
    coarse = isinstance(parts, dict) and abs(cost.usd - told) <= 0.001  # each of two parts by half a thousandth
    return "as near as the provider rounds" if coarse else "differs"


async def main(folder: Path) -> None:  # noqa: ASYNC910 - there may be nothing to read
    counts: Counter[tuple[str, str]] = Counter()
    for provider, row in ROWS.items():
        for exchange in exchanges(folder, provider):
            try:
                response = await read(exchange)
            except trio_llm.LLMError:
                continue
            told = told_cost(response)
            if told is None or response.usage is None:
                continue
            asked = json.loads(exchange["request"]["body_text"]).get("model")
            cost = computed(response, row, asked)
            found = verdict(told, cost, response)
            counts[provider, found] += 1
            if found in ("differs", "no price"):
                print(exchange["id"], asked, f"told {told:g}", f"computed {cost.usd}", cost.reason)
    for (provider, found), number in sorted(counts.items()):
        print(f"{provider}: {found}: {number}")


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]))
