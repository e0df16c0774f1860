"""Lets state machines that know nothing of a program's mistake look for it; see `make planted`.

Each program is looked at `--runs` times, with other random numbers each time, and once more as in CI, where Hypothesis
draws the same examples every time. The default budget of examples holds.
"""

from __future__ import annotations

import argparse
import gc
import re
import sys
import warnings
from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any

import attrs
from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from planted import (
    agent_suite,
    agents,
    batch_suite,
    batches,
    combinator_suite,
    combinators,
    first_sight,
    service_suite,
    services,
)

Machine = type[RuleBasedStateMachine]
# Without the phase that explains a failure, which traces every line.
BUDGET = settings(
    max_examples=100,
    stateful_step_count=50,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    report_multiple_bugs=False,
)
SUITES: list[tuple[Callable[[Any], Machine], Any, tuple[Any, ...]]] = [
    (agent_suite.suite, agents.Agent, agents.MISTAKEN),
    (service_suite.suite, services.ChatService, services.MISTAKEN),
    (batch_suite.suite, batches.Batch, batches.MISTAKEN),
    (combinator_suite.suite, combinators.Combinators, combinators.MISTAKEN),
    (first_sight.suite, first_sight.is_careful, first_sight.MISTAKEN),
]


@attrs.frozen
class Found:
    """A failure, and the smallest steps to it."""

    steps: list[str]
    error: BaseException
    shrunk: bool


def search(machine: Machine, *, derandomize: bool = False, shrinking: bool = True) -> Found | None:
    """What a machine finds within the budget."""
    phases = BUDGET.phases if shrinking else [Phase.generate]
    try:
        run_state_machine_as_test(machine, settings=settings(BUDGET, derandomize=derandomize, phases=phases))
    except Exception as error:  # noqa: BLE001  # whatever a mistake leads to
        return Found(steps_of(error), error, shrinking)
    finally:
        gc.collect()
    return None


def steps_of(error: BaseException) -> list[str]:
    """The rules that were run, as Hypothesis tells them."""
    lines = "\n".join(getattr(error, "__notes__", ())).splitlines()
    return [line for line in lines if re.search(r"state\.(?!teardown|nothing_is_held)", line)]


def main() -> bool:
    """Look for all mistakes. Whether each was found every time, and none where there is none."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1, help="with random numbers; what these find is not shrunk")
    parser.add_argument("--only", default="", help="a part of the names of programs")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # streams are forgotten on purpose
    good, steps = True, list[float]()
    for suite, sound, mistaken in SUITES:
        for program in [one for one in (sound, *mistaken) if options.only in one.__name__]:
            began = process_time()
            runs = [search(suite(program), shrinking=False) for _ in range(options.runs)]
            runs.append(search(suite(program), derandomize=True))
            found = [one for one in runs if one is not None]
            counts = [len(one.steps) for one in found if one.shrunk]
            print(f"{program.__name__}: found {len(found)} of {len(runs)}, in CI {runs[-1] is not None}, ", end="")
            print(f"steps {counts}, {(process_time() - began) / len(runs):.1f} s a search", flush=True)
            if program is sound and found:
                report(found[0])
            good = good and len(found) == (0 if program is sound else len(runs))
            steps += [median(counts)] if counts and program is not sound else []
    if steps:
        print(f"{len(steps)} mistakes found, {median(steps)} steps in the median")
    return good


def report(found: Found) -> None:
    """A failure, with its steps."""
    print(*getattr(found.error, "__notes__", ()), repr(found.error), sep="\n")


if __name__ == "__main__":
    sys.exit(not main())
