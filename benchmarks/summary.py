"""Runs to medians, and medians to the tables that a person reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from statistics import median
from typing import Any, Final

from targets import CPU, TARGETS, Measured

_NUMBERS: Final = (
    CPU,
    "calls_per_second",
    "p50_ms",
    "p99_ms",
    "first_p50_ms",
    "peak_kb",
    "kb_per_call_in_flight",
    "import_cpu_seconds",
    "bytes_per_event",
)


_COLUMNS: Final = (
    "CPU µs a call",
    "calls/s",
    "p50 ms",
    "p99 ms",
    "first chunk p50 ms",
    "peak MB",
    "kB a call in flight",
    "faults",
)


def medians(runs: Iterable[dict[str, Any]]) -> Measured:
    """The rounds of each library, loop and scenario put together; those that failed say why."""
    grouped: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for run in runs:
        grouped[run["library"], run["loop"], run["scenario"]].append(run)
    return {key: _median(group) for key, group in grouped.items()}


def _median(group: list[dict[str, Any]]) -> dict[str, Any]:
    good = [run for run in group if "failure" not in run]
    if not good:
        return {"failure": group[0]["failure"]}
    made: dict[str, Any] = {}
    for number in _NUMBERS:
        values = [run[number] for run in good if run.get(number) is not None]
        made[number] = median(values) if values else None
    costs = [run[CPU] for run in good]
    made["cpu_spread"] = [min(costs), max(costs)]
    made["faults"] = sum(run["wrong"] + sum(run["errors"].values()) + (not run["survives"]) for run in good)
    return made


def verdicts(measured: Measured) -> list[dict[str, Any]]:
    """Every target that can be judged."""
    found: list[dict[str, Any]] = []
    for target in TARGETS:
        value = target.value(measured)
        if value is not None:
            found.append({"target": target.says, "value": value, "met": target.is_met(value)})
    return found


def tables(result: dict[str, Any]) -> str:
    """A result as Markdown: where and what, the targets, and a table for each scenario."""
    measured = medians(result["runs"])
    scenarios = list(dict.fromkeys(scenario for _, _, scenario in measured))
    parts = [_heading(result), _targets(result["targets"])]
    parts += [_scenario(scenario, measured) for scenario in scenarios]
    return "\n\n".join(parts) + "\n"


def _heading(result: dict[str, Any]) -> str:
    machine = result["machine"]
    installed = [
        f"- `{name}`: {', '.join(f'{package} {version}' for package, version in found.items())}"
        for name, found in result["versions"].items()
    ]
    return "\n".join(
        [
            f"# Profile `{result['profile']}`, {result['date']}",
            "",
            f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}; "
            f"load {machine['load']} before the run; trio_llm at `{result['revision']}`; {result['rounds']} round(s).",
            "",
            "Environments:",
            "",
            *installed,
        ]
    )


def _targets(judged: list[dict[str, Any]]) -> str:
    rows = [f"| {row['target']} | {row['value']:.2f} | {'yes' if row['met'] else '**no**'} |" for row in judged]
    return "\n".join(["| target | measured | met |", "|---|---:|---|", *rows])


def _scenario(scenario: str, measured: Measured) -> str:
    rows = [(key, found) for key, found in measured.items() if key[2] == scenario]
    rows.sort(key=lambda row: row[1].get(CPU) or float("inf"))
    titles = f"| library | loop | {' | '.join(_COLUMNS)} |"
    line = "|---|---" + "|---:" * len(_COLUMNS) + "|"
    return "\n".join([f"## {scenario}", "", titles, line, *map(_row, rows)])


def _row(row: tuple[tuple[str, str, str], dict[str, Any]]) -> str:
    (library, loop, _), found = row
    if "failure" in found:
        return f"| {library} | {loop} | {found['failure']} |" + " |" * (len(_COLUMNS) - 1)
    low, high = found["cpu_spread"]
    spread = f" ({low:,.0f} to {high:,.0f})" if high > low else ""
    cells = [
        library,
        loop,
        f"{found[CPU]:,.0f}{spread}",
        f"{found['calls_per_second']:,.0f}",
        *[_number(found[name]) for name in ("p50_ms", "p99_ms", "first_p50_ms")],
        f"{found['peak_kb'] / 1024:,.0f}",
        f"{found['kb_per_call_in_flight']:.1f}",
        str(found["faults"]),
    ]
    return f"| {' | '.join(cells)} |"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}"
