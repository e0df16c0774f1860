"""How near `token_counter` comes to the usage that providers tell: `python benchmarks/told_tokens.py FOLDER`.

FOLDER has recorded exchanges as `told_costs.py` reads them. Prints the table of docs/money.md: for each family of
models the number of exchanges, how many are counted exactly, and the median and the 90th percentile of the error. The
last column is the median of the half of the requests to which, for other vendors than OpenAI, the tokens around tools
were not fitted.
A second argument prints each exchange of the families whose name begins so that is not counted exactly.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

import trio_llm
from trio_llm.models.image_tokens import size_of

FAMILIES = (
    ("OpenAI, open models", r"gpt-oss"),
    ("OpenAI, reasoning models", r"(^|/)(o\d|gpt-5)"),
    ("OpenAI, others", r"(^|/)(chatgpt|gpt-)"),
    ("Claude", r"claude"),
    ("Gemini", r"gemini"),
    ("Gemma", r"gemma"),
    ("Mistral", r"mistral|mixtral|magistral|codestral|devstral|pixtral|ministral|voxtral"),
    ("Llama", r"llama"),
    ("Qwen", r"qwen|qwq"),
    ("DeepSeek", r"deepseek|mai-ds-r1"),
    ("Grok", r"grok"),
    ("GLM", r"glm"),
    ("Kimi", r"kimi"),
    ("MiMo", r"mimo"),
    ("Sonar", r"(^|/)sonar"),
    ("Command", r"command|aya"),
    ("others", r""),
)
ROWS = {"moonshotai": "moonshot", "google": "gemini", "together": "together_ai", "fireworks": "fireworks_ai"}
"""Names of files that differ from those of rows."""
Kind = str


@attrs.frozen
class Told:
    """One request, and how many tokens its provider says it had."""

    id: str
    model: str
    body: dict[str, Any]
    tokens: int

    @property
    def tools(self) -> Any:
        return self.body.get("tools") or self.body.get("functions") or []

    @property
    def is_unseen(self) -> bool:
        """Whether nothing was fitted to it: the same request is always in the same half."""
        text = json.dumps([self.body["messages"], self.tools], sort_keys=True)
        return bool(int(hashlib.sha256(text.encode()).hexdigest(), 16) % 2)

    @property
    def counted(self) -> int:
        choice = self.body.get("tool_choice")
        return trio_llm.token_counter(self.model, messages=self.body["messages"], tools=self.tools, tool_choice=choice)


def usages(body: str) -> Iterator[Any]:
    for line in [body] if body.lstrip().startswith("{") and "\ndata:" not in body else body.splitlines():
        try:
            value = json.loads(line.removeprefix("data:"))
        except ValueError:
            continue
        if isinstance(value, dict):
            yield value.get("usage")


def told(exchange: dict[str, Any]) -> int | None:
    counts = [usage.get("prompt_tokens") for usage in usages(exchange["response"].get("body_text") or "") if usage]
    return next((count for count in reversed(counts) if count), None)


def kind_of(body: dict[str, Any]) -> Kind:
    parts = [part for message in body["messages"] for part in message.get("content") or () if isinstance(part, dict)]
    attached = [part for part in parts if part.get("type") != "text"]
    if attached:
        images = [part.get("image_url") for part in attached]
        addresses = [image.get("url", "") if isinstance(image, dict) else image or "" for image in images]
        return "with pictures" if all(size_of(address) for address in addresses) else "with what has no known size"
    return "with tools" if body.get("tools") or body.get("functions") else "text"


def model_of(provider: str, exchange: dict[str, Any], body: dict[str, Any]) -> str:
    """As in a call; of a deployment without a name, the model that answered."""
    in_path = re.search(r"/ai/run/([^?]+)", exchange["request"].get("url") or "")
    in_reply = re.search(r'"model"\s*:\s*"([^"]+)"', exchange["response"].get("body_text") or "")
    name = body.get("model") or (in_path and in_path.group(1)) or (in_reply and in_reply.group(1)) or ""
    return f"{ROWS.get(provider, provider)}/{name}"


def exchanges(folder: Path) -> Iterator[Told]:
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt") as lines:
            for line in lines:
                exchange = json.loads(line)
                if exchange.get("operation") not in ("chat", "chat_stream") or exchange["response"]["status"] >= 300:
                    continue
                try:
                    body = json.loads(exchange["request"]["body_text"])
                except (TypeError, ValueError):
                    continue
                # What a schema in `response_format` takes is not counted.
                formed = isinstance(body, dict) and isinstance(body.get("response_format"), dict)
                if isinstance(body, dict) and body.get("messages") and not formed and (count := told(exchange)):
                    yield Told(
                        exchange["id"], model_of(path.name.removesuffix(".jsonl.gz"), exchange, body), body, count
                    )


def row_of(family: str, kind: Kind, found: list[tuple[float, bool]]) -> str:
    sizes = sorted(abs(error) for error, _ in found)
    exact = sum(size == 0 for size in sizes) / len(sizes)
    middle, most = statistics.median(sizes), sizes[int(0.9 * (len(sizes) - 1))]
    bias = statistics.median(error for error, _ in found)
    others = [abs(error) for error, is_unseen in found if is_unseen]
    unseen = f"{statistics.median(others):.1%}" if others and not family.startswith("OpenAI") else ""
    return f"| {family} | {kind} | {len(sizes)} | {exact:.0%} | {middle:.1%} | {most:.0%} | {bias:+.1%} | {unseen} |"


def main(folder: Path, shown: str = "") -> None:
    errors: dict[tuple[str, Kind], list[tuple[float, bool]]] = defaultdict(list)
    for one in exchanges(folder):
        family = next(name for name, pattern in FAMILIES if re.search(pattern, one.model.partition("/")[2].lower()))
        kind, counted = kind_of(one.body), one.counted
        errors[family, kind].append((counted / one.tokens - 1, one.is_unseen))
        if shown and family.startswith(shown) and counted != one.tokens:
            print(one.id, one.model, kind, "counted", counted, "told", one.tokens)
    print("| models | requests | exchanges | exact | median error | 90 % within | on the whole | unseen half |")
    print("|---|---|---|---|---|---|---|---|")
    for (family, kind), found in sorted(errors.items()):
        if len(found) >= 10:
            print(row_of(family, kind, found))
    print(sum(map(len, errors.values())), "exchanges")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
