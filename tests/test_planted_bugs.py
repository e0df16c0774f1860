"""Suites that know nothing of a mistake find it, shrink it to a few steps, and let sound programs pass.

A sample of the mistakes is looked for here, `make planted` looks for all of them.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from planted import agents, batches, first_sight, services
from planted_search import SUITES, search

SAMPLE = [
    agents.RepeatsTheFirstId,
    services.HasOneHistoryForAll,
    batches.DropsWhatFailed,
]
QUICK = settings(max_examples=3, stateful_step_count=12, deadline=None, derandomize=True)
SUITE_OF = {program: suite for suite, sound, mistaken in SUITES for program in (sound, *mistaken)}


@pytest.mark.parametrize("program", SAMPLE, ids=lambda program: program.__name__)
def test_a_planted_mistake_is_found(program: Any) -> None:
    assert search(SUITE_OF[program](program), derandomize=True, shrinking=False)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # streams are forgotten on purpose
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_planted_mistake_is_shrunk_to_the_step_that_makes_it() -> None:
    found = search(first_sight.suite(first_sight.keeps_a_stream), derandomize=True)

    assert found is not None
    assert len(found.steps) == 1


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
@pytest.mark.parametrize(("suite", "sound", "_"), SUITES, ids=[sound.__name__ for _, sound, _ in SUITES])
def test_a_sound_program_passes_on_both_loops(suite: Any, sound: Any, _: Any, backend: str) -> None:
    machine = type("Machine", (suite(sound),), {"backend": backend})

    run_state_machine_as_test(machine, settings=QUICK)


def test_there_are_more_than_forty() -> None:
    assert sum(len(mistaken) for *_, mistaken in SUITES) > 60
