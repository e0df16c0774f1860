"""A machine that knows nothing of a program finds its mistake, and shrinks it to a few steps.

A sample of the mistakes is looked for here; `python -m tests.test_planted_bugs` looks for all of them.
"""

from __future__ import annotations

import re
import sys
from statistics import median
from time import process_time

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import rule, run_state_machine_as_test
from planted_bugs import (
    BUGS,
    KEPT,
    Bug,
    joins_pieces_without_looking,
    keeps_a_stream,
    trusts_that_there_is_text,
)

from trio_llm import LLMError
from trio_llm.testing import strategies

# The default budget of examples; without the phase that explains a failure, which traces every line.
BUDGET = settings(max_examples=100, deadline=None, database=None, phases=[Phase.generate, Phase.shrink])


def steps_to(bug: Bug) -> list[str] | None:
    """The steps of the smallest program that shows the mistake; None if it is not found."""

    class Machine(strategies.ProviderMachine):
        @rule(text=strategies.said())
        def ask(self, text: str) -> None:
            said = self.tried(bug, self.client, text)
            assert isinstance(said, str | list | LLMError)

    try:
        run_state_machine_as_test(Machine, settings=BUDGET)
    except Exception as error:  # noqa: BLE001  # whatever the mistake leads to
        lines = "\n".join(getattr(error, "__notes__", ())).splitlines()
        return [line for line in lines if re.search(r"state\.(?!teardown|nothing_is_held)", line)]
    finally:
        KEPT.clear()
    return None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # streams are forgotten on purpose
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(
    "bug", [trusts_that_there_is_text, keeps_a_stream, joins_pieces_without_looking], ids=lambda bug: bug.__name__
)
def test_a_planted_mistake_is_found_and_shrunk(bug: Bug) -> None:
    steps = steps_to(bug)

    assert steps is not None
    assert len(steps) <= 3


if __name__ == "__main__":
    counts: list[int] = []
    for planted in BUGS:
        began = process_time()
        found = steps_to(planted)
        counts.append(99 if found is None else len(found))
        shown = "NOT FOUND" if found is None else f"{len(found)} steps"
        print(f"{planted.__name__}: {shown}, {process_time() - began:.1f} s", flush=True)
    print(f"{sum(count < 99 for count in counts)} of {len(BUGS)} found, {median(counts)} steps in the median")
    sys.exit(any(count == 99 for count in counts))
