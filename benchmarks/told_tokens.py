"""How near `token_counter` comes to the usage that providers tell: `python benchmarks/told_tokens.py FOLDER`.

FOLDER has recorded exchanges as `told_costs.py` reads them. Prints the table of docs/money.md: for each family of
models the number of exchanges, how many are counted exactly, and the median and the 90th percentile of the error.
"""

from __future__ import annotations

import gzip
import json
import re
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import trio_llm

FAMILIES = (
    ("OpenAI, open models", r"gpt-oss"),
    ("OpenAI, reasoning models", r"(^|/)(o\d|gpt-5)"),
    ("OpenAI, others", r"(^|/)(chatgpt|gpt-)"),
    ("Claude", r"claude"),
    ("Gemini, Gemma", r"gem(ini|ma)"),
    ("Mistral", r"mistral|mixtral|magistral|codestral|devstral|pixtral|ministral"),
    ("Llama", r"llama"),
    ("Qwen", r"qwen|qwq"),
    ("DeepSeek", r"deepseek"),
    ("Grok", r"grok"),
    ("GLM", r"glm"),
    ("Kimi", r"kimi"),
    ("Command", r"command|aya"),
    ("others", r""),
)
Kind = str


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


def kind_of(request: dict[str, Any]) -> Kind:
    if re.search(r'"(image_url|input_audio|file|document|video_url)"', json.dumps(request["messages"])):
        return "with attachments"
    if request.get("tools") or request.get("functions"):
        return "with tools"
    return "text"


def exchanges(folder: Path) -> Iterator[tuple[dict[str, Any], int]]:
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt") as lines:
            for line in lines:
                exchange = json.loads(line)
                if exchange.get("operation") not in ("chat", "chat_stream") or exchange["response"]["status"] >= 300:
                    continue
                try:
                    request = json.loads(exchange["request"]["body_text"])
                except (TypeError, ValueError):
                    continue
                # What a schema in `response_format` takes is not counted.
                formed = isinstance(request, dict) and isinstance(request.get("response_format"), dict)
                if isinstance(request, dict) and request.get("messages") and not formed and (count := told(exchange)):
                    yield {**request, "id": exchange["id"]}, count


def main(folder: Path, shown: str = "") -> None:
    errors: dict[tuple[str, Kind], list[float]] = defaultdict(list)
    for request, real in exchanges(folder):
        model = str(request.get("model") or "")
        family = next(name for name, pattern in FAMILIES if re.search(pattern, model.lower()))
        tools = request.get("tools") or request.get("functions") or ()
        counted = trio_llm.token_counter(
            model, messages=request["messages"], tools=tools, tool_choice=request.get("tool_choice")
        )
        errors[family, kind_of(request)].append(counted / real - 1)
        if shown and family.startswith(shown) and counted != real:
            print(request["id"], model, kind_of(request), "counted", counted, "told", real)
    print("| models | requests | exchanges | exact | median error | 90 % within | on the whole |")
    print("|---|---|---|---|---|---|---|")
    for (family, kind), found in sorted(errors.items()):
        if len(found) < 10:
            continue
        sizes = sorted(map(abs, found))
        exact = sum(size == 0 for size in sizes) / len(sizes)
        middle, most = statistics.median(sizes), sizes[int(0.9 * (len(sizes) - 1))]
        bias = statistics.median(found)
        print(f"| {family} | {kind} | {len(found)} | {exact:.0%} | {middle:.1%} | {most:.0%} | {bias:+.1%} |")
    print(sum(map(len, errors.values())), "exchanges")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
