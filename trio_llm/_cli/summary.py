"""What is told of a fan-out when it has ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from statistics import median
from typing import Final

from .._combinators.jobs import Status
from .calls import FanOut, PromptCall
from .errors import tell
from .table import GAP, aligned
from .terminal import BOLD, DIM, GREEN, RED, YELLOW, Screen, clip, harmless, one_line

COLOURS: Final[Mapping[Status, str]] = {"ok": GREEN, "failed": RED, "cancelled": YELLOW, "not_started": DIM}
"""Every status, with its colour."""
_CUT: Final[Mapping[str, str]] = {"length": "cut", "content_filter": "filtered"}
_TITLES: Final = ("#", "outcome", "queued", "first token", "tokens", "tokens/s", "answer")
_NUMBERS: Final = frozenset({0, 2, 3, 4, 5})
_OUTCOME: Final = 1
_LEAST_TEXT: Final = 20
_PREVIEW: Final = 240
"""Characters of an answer that are looked at for one line."""


def write_summary(screen: Screen, fan_out: FanOut) -> None:
    """The table of the calls."""
    screen.write("\n" + _table(screen, fan_out.calls))


def write_texts(screen: Screen, fan_out: FanOut) -> None:
    """The whole answers, each under its title."""
    screen.write("".join(_full_text(screen, call) for call in fan_out.calls))


def write_totals(screen: Screen, fan_out: FanOut) -> None:
    """How many calls came to which end, and how fast it went; where several models were asked, of each as well."""
    models = _models(fan_out.calls)
    screen.write("\n")
    for model in models if len(models) > 1 else ():
        screen.write(f"{model}: {_of_model([call for call in fan_out.calls if call.prompt.request.model == model])}\n")
    screen.write(f"{_totals(fan_out)}\n")


def tell_failures(fan_out: FanOut) -> None:
    """One line on stderr if not every answer is whole."""
    if any(call.status != "ok" or cut(call) for call in fan_out.calls):
        tell(f"trio-llm fanout: {_counts(fan_out.calls)}")


def cut(call: PromptCall) -> str:
    """What broke off an answer that came without an error; nothing if it is whole."""
    return _CUT.get(call.finish_reason or "", "") if call.status == "ok" else ""


def preview(call: PromptCall) -> str:
    """The beginning of the answer, or why there is none."""
    if call.error is not None:
        return one_line(failure(call))
    return one_line(call.text[:_PREVIEW]) or _tools(call)


def failure(call: PromptCall) -> str:
    """What went wrong with a call."""
    return f"{type(call.error).__name__}: {call.error}"


def _tools(call: PromptCall) -> str:
    """The tools that an answer without a text wants to be called."""
    message = call.answer.choices[0].message if call.answer is not None and call.answer.choices else None
    functions = [tool.function for tool in (message.tool_calls if message is not None else None) or ()]
    named = [f"{function.name}({function.arguments})" for function in functions if function is not None]
    return one_line("calls " + ", ".join(named))[:_PREVIEW] if named else ""


def _table(screen: Screen, calls: list[PromptCall]) -> str:
    titles, rows = [*_TITLES], [*map(_row, calls)]
    if len(_models(calls)) > 1:
        titles.insert(-1, "model")
        for call, row in zip(calls, rows, strict=True):
            row.insert(-1, call.prompt.request.model)
    padded = aligned([titles, *rows], _NUMBERS)
    width = max(_LEAST_TEXT, screen.size[0] - 1 - sum(len(cell) + len(GAP) for cell in padded[0][:-1]))
    title, *lines_of_calls = padded
    lines = [screen.style(GAP.join(title), BOLD)]
    for call, row in zip(calls, lines_of_calls, strict=True):
        row[_OUTCOME] = screen.style(row[_OUTCOME], YELLOW if cut(call) else COLOURS[call.status])
        lines.append(GAP.join([*row[:-1], clip(row[-1], width)]).rstrip())
    return "\n".join(lines) + "\n"


def _models(calls: list[PromptCall]) -> list[str]:
    return list(dict.fromkeys(call.prompt.request.model for call in calls))


def _row(call: PromptCall) -> list[str]:
    started, ended = call.started, call.ended
    if started is None or ended is None:
        return [str(call.index), outcome(call), "-", "-", "-", "-", ""]
    first = f"{call.first_content - started:.2f} s" if call.first_content is not None else "-"
    tokens = f"{call.tokens}" if call.usage is not None else f"~{call.chunks}" if call.chunks else "-"
    speed = f"{call.tokens / (ended - started):.1f}" if call.tokens and ended > started else "-"
    return [str(call.index), outcome(call), f"{started:.2f} s", first, tokens, speed, preview(call)]


def outcome(call: PromptCall) -> str:
    """The status in words, and whether the answer is whole."""
    return ", ".join(filter(None, (_words(call.status), cut(call))))


def _words(status: Status) -> str:
    return status.replace("_", " ")


def _full_text(screen: Screen, call: PromptCall) -> str:
    text = call.text if call.text or call.error is None else failure(call)
    title = screen.style(f"#{call.index} {outcome(call)}", BOLD)
    return f"\n{title}\n{harmless(text).strip()}\n"


def _totals(fan_out: FanOut) -> str:
    calls, seconds = fan_out.calls, fan_out.seconds
    tokens = sum(call.tokens for call in calls)
    speed = tokens / seconds if seconds else 0.0
    return (
        f"{_counts(calls)}\n"
        f"{seconds:.2f} s wall time, {tokens} tokens, {speed:.1f} tokens/s overall, at most {fan_out.peak} in flight"
    )


def _counts(calls: list[PromptCall]) -> str:
    counts = Counter(call.status for call in calls)
    outcomes = ", ".join(f"{counts[status]} {_words(status)}" for status in COLOURS)
    broken = Counter(filter(None, map(cut, calls)))
    warnings = "".join(f"; {number} of the answers {word}" for word, number in broken.items())
    return f"{len(calls)} calls: {outcomes}{warnings}"


def _of_model(calls: list[PromptCall]) -> str:
    """One model beside the others: medians, since one slow answer would hide the rest."""
    whole = [call for call in calls if call.status == "ok"]
    times = [call.ended - call.started for call in whole if call.started is not None and call.ended is not None]
    speed = f", {median(times):.2f} s and {median(call.tokens for call in whole):.0f} tokens an answer" if times else ""
    return f"{_counts(calls)}{speed}"
