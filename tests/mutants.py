"""Mutation tests of the engine, the limits and the combinators: `make mutants`.

Draws 200 of the changes that `mutations` finds in these three wings, and runs each against the tests that reach it.
At least 95 % have to be killed, that is, to make a test fail. The others have to stand in `surviving_mutants.toml`,
with the reason why they change nothing that anyone could notice. The draw is the same each time; `--seed` has others.

    python tests/mutants.py --only limits/windows.py --count 1000     # all of one module
    python tests/mutants.py --only "Bucket.wait" --reuse --show       # and what the tests say

How it works. Nothing is written to the source tree. First the tests run once under coverage, in processes of their own,
which tells what each test reaches and how long it takes. Then this process, which has loaded every library but not the
package, forks for each mutant. In the fork an import hook gives the one module its changed tree. Then pytest runs a
few tests that reach the change and little else, and the others that reach it if none failed. A mutant with which they
take far too long is killed as well. `--reuse` takes what the last run found out about the tests.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import re
import resource
import signal
import sys
import time
import tomllib
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType
from typing import Any, Final

import attrs
import pytest
from coverage import Coverage
from mutations import Mutant, draw, mutants_of, mutated

ROOT: Final = Path(__file__).parent.parent
PACKAGE: Final = ROOT / "trio_llm"
MEASURED: Final = ROOT / ".mutants.json"
LISTED: Final = ROOT / "tests" / "surviving_mutants.toml"
WINGS: Final = ("_engine", "_limits", "_combinators")
TESTS: Final = (
    # The limits.
    *("account", "adaptive", "buckets", "estimate", "lane", "limits_simulated", "pace"),
    *("ratelimit_headers", "stream_limits", "ticket", "windows", "fanout_limits", "time_in_line"),
    # The combinators.
    *("cascade", "completed", "fanout", "hedge", "merge", "odd_jobs", "outcome_types", "race", "tee"),
    # The engine.
    *("attempts", "beginnings", "batch", "bridge_responses", "chat_over_responses", "client", "count_tokens"),
    *("credentials", "drain", "embeddings", "endpoint_cancellation", "endpoint_functions", "ends_of_replies"),
    *("fallbacks", "four_seams", "identity", "images", "keys", "keys_in_errors", "local_calls", "local_responses"),
    *("messages", "moderation", "observers", "odd_values", "opening", "operations", "polling", "provider"),
    *("receipts", "register", "request_values", "rerank", "responses", "responses_background", "retry", "routes"),
    *("run", "seams", "shown", "speech", "stream", "structured_cancellation", "structured_output", "sync"),
    *("testing_faults", "testing_simulator", "text_completion", "told_schema", "tool_calls", "transcription"),
    *("asking_for_tokens", "failures_reach_readers", "last_words", "nursery_cancellation", "polling_loops"),
    *("stated_numbers", "vendor_rules", "whole_replies_of_nothing", "withheld_keys"),
)
"""The test modules of these wings: what runs in virtual time or is pure. The others start processes or servers."""
LIBRARIES: Final = (
    *("anyio", "attrs", "cattrs", "coverage", "httptools", "httpx", "hypothesis", "orjson", "trio.testing", "trustme"),
    *("anyio._backends._asyncio", "anyio._backends._trio", "anyio.pytest_plugin", "hypothesis.stateful", "pydantic"),
)
"""Loaded once, for all forks."""
SLOWEST: Final = 4.0
"""Seconds of a test beyond which it is left out: too much for so many runs."""
LONGEST: Final = 20.0
"""Seconds after which a test of a mutant has failed."""
LONGEST_MEASURED: Final = 120.0
"""The same for a test that is measured, however slow the machine is. One that is interrupted may leave a lock held, for
which the end of its runner waits."""
AT_FIRST: Final = 20
"""Tests that a mutant meets before all others: most need no more."""
AT_MOST: Final = 120.0
"""Seconds of tests, as they were measured, that one mutant may cost."""
SHARE: Final = 0.95


@attrs.frozen
class Reach:
    """What the tests reach, and how long they take."""

    seconds: dict[str, float]
    """By test, of those that passed."""
    tests: dict[str, dict[int, list[str]]]
    """By module and line."""
    breadth: Counter[str] = attrs.field(init=False)
    """Lines of the three wings, by test."""

    @breadth.default
    def _breadth(self) -> Counter[str]:
        return Counter(test for lines in self.tests.values() for tests in lines.values() for test in tests)

    def of(self, mutant: Mutant) -> list[str]:
        """The tests that may see a change; those that reach least come first, as they are about what they reach."""
        by_line = self.tests.get(mutant.path, {})
        found = {test for line in mutant.lines[1:] or mutant.lines for test in by_line.get(line, ())}
        found = found or {test for line in mutant.lines for test in by_line.get(line, ())}
        if not found:  # it runs at import only
            found = {test for tests in by_line.values() for test in tests} | self._naming(mutant)
        return self._affordable(sorted(found & self.seconds.keys(), key=lambda test: (self.breadth[test], test)))

    def _naming(self, mutant: Mutant) -> set[str]:
        """The tests of modules that name the class which is changed: what attrs writes for it is no line of it."""
        name = mutant.text.removeprefix(f"{mutant.path} ").partition(":")[0].partition(".")[0]
        files = {test.partition("::")[0] for test in self.seconds} if name != "module" else set[str]()
        naming = {file for file in files if re.search(rf"\b{name}\b", (ROOT / file).read_text())}
        return {test for test in self.seconds if test.partition("::")[0] in naming}

    def _affordable(self, tests: list[str]) -> list[str]:
        chosen: list[str] = []
        spent = 0.0
        for test in tests:
            spent += self.seconds[test]
            if chosen and spent > AT_MOST:
                break
            chosen.append(test)
        return chosen


# In forks: pytest with one module changed, or under coverage.


class _Hook(MetaPathFinder):
    """Gives one module of the package its changed code."""

    def __init__(self, mutant: Mutant) -> None:
        path = PACKAGE / mutant.path
        self._name = ".".join([PACKAGE.name, *Path(mutant.path).with_suffix("").parts]).removesuffix(".__init__")
        code = compile(mutated(mutant), str(path), "exec")

        class Loader(SourceFileLoader):
            def get_code(self, fullname: str) -> CodeType:
                return code

        self._loader = Loader(self._name, str(path))

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        return spec_from_file_location(fullname, self._loader.path, loader=self._loader)


class _Chosen:
    """Runs these tests alone, in this order."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._places = {test: place for place, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self._places), key=lambda item: self._places[item.nodeid]
        )


class _Timer:
    """Notes which test reaches what, and its seconds."""

    def __init__(self, coverage: Coverage) -> None:
        self._coverage = coverage
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._coverage.switch_context(item.nodeid)
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed or report.skipped:
            self.seconds[report.nodeid] = float("inf")
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration


def _pytest(files: Sequence[str], plugin: object, *options: str, timeout: float) -> int:
    # The libraries are loaded before pytest could rewrite the assertions of one of them.
    loaded = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
    bare = ("-q", "-p", "no:cacheprovider", "-p", "no:cov", "-p", "no:faulthandler")
    limit = (f"--timeout={timeout:g}", "--timeout-method=signal")
    return int(pytest.main([*loaded, *bare, *limit, *options, *files], plugins=[plugin]))


def _sources() -> str:
    """What the lines that are reached stand in, in short: a run that was measured with other lines is worth nothing."""
    files = [file for wing in WINGS for file in sorted((PACKAGE / wing).rglob("*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def measure(names: Sequence[str], part: Path) -> int:
    """Run test modules once, and write down what each test reaches."""
    coverage = Coverage(data_file=None, source=[str(PACKAGE / wing) for wing in WINGS], config_file=False)
    timer = _Timer(coverage)
    coverage.start()
    files = [f"tests/test_{name}.py" for name in names]
    if _pytest(files, timer, timeout=LONGEST_MEASURED) > 1:  # a test that fails is left out
        raise RuntimeError("the tests did not run")
    coverage.stop()
    data, reached = coverage.get_data(), []
    for file in data.measured_files():
        path = Path(file).relative_to(PACKAGE).as_posix()
        for line, tests in data.contexts_by_lineno(file).items():
            reached += [(path, line, test) for test in sorted(filter(None, tests))]
    seconds = {test: spent for test, spent in timer.seconds.items() if spent < SLOWEST}
    part.write_text(json.dumps({"sources": _sources(), "seconds": seconds, "reached": reached}))
    return 0


def measure_all(names: Sequence[str], jobs: int) -> None:
    """Run test modules once, shared by so many processes."""
    parts = [MEASURED.with_suffix(f".{job}.json") for job in range(jobs)]
    processes = [
        _fork(partial(measure, names[job::jobs], part), show=True) for job, part in enumerate(parts) if names[job::jobs]
    ]
    if any([os.waitpid(process, 0)[1] for process in processes]):
        sys.exit("the tests could not be measured")
    found = [json.loads(part.read_text()) for part in parts[: len(processes)]]
    for part in parts[: len(processes)]:
        part.unlink()
    seconds = {test: spent for part in found for test, spent in part["seconds"].items()}
    reached = [where for part in found for where in part["reached"]]
    MEASURED.write_text(json.dumps({"sources": found[0]["sources"], "seconds": seconds, "reached": reached}))


def measured() -> Reach:
    """What was written down, if it still holds."""
    found = json.loads(MEASURED.read_text())
    if found["sources"] != _sources():
        sys.exit("the wings have changed since the tests were measured: leave out --reuse")
    tests: dict[str, dict[int, list[str]]] = {}
    for path, line, test in found["reached"]:
        tests.setdefault(path, {}).setdefault(line, []).append(test)
    return Reach(found["seconds"], tests)


def _fork(work: Callable[[], int], *, show: bool) -> int:
    process = os.fork()
    if process:
        return process
    status = 3
    try:
        if not show:
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
        status = work()
    except BaseException:  # noqa: BLE001, ASYNC103 - a fork must not go on as if it were the process that was started
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def _run(mutant: Mutant, tests: Sequence[str]) -> int:
    # A change may make a loop endless that keeps what it makes.
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    sys.meta_path.insert(0, _Hook(mutant))
    files = dict.fromkeys(test.partition("::")[0] for test in tests)
    return _pytest(list(files), _Chosen(tests), "-x", "--no-header", timeout=LONGEST)


# In the process that was started.


@attrs.define
class Trial:
    """A mutant, and how it fares."""

    mutant: Mutant
    tests: list[str]
    done: int = 0
    """Tests that it has survived."""
    until: float = 0.0
    began: float = 0.0
    verdict: str = ""

    def next_tests(self) -> list[str]:
        """Those that it meets next."""
        return self.tests[:AT_FIRST] if self.done == 0 else self.tests[self.done :]

    def judged(self, code: int) -> None:
        """What pytest's exit says of it: an end, or that it goes on."""
        tests = self.next_tests()
        if code == pytest.ExitCode.NO_TESTS_COLLECTED:
            raise RuntimeError(f"none of {tests} was found; measure anew, without --reuse")
        if code == pytest.ExitCode.OK:
            self.done += len(tests)
            self.verdict = "SURVIVED" if self.done == len(self.tests) else ""
        else:
            self.verdict = "too long" if code == -signal.SIGKILL else "killed"


def judge(mutants: Sequence[Mutant], reach: Reach, *, jobs: int, show: bool) -> Iterator[Trial]:
    """Try every mutant, a few at a time, each when its verdict is known."""
    waiting = [Trial(mutant, reach.of(mutant)) for mutant in reversed(mutants)]
    running: dict[int, Trial] = {}

    def start(trial: Trial) -> None:
        tests = trial.next_tests()
        patience = 30 + 5 * sum(reach.seconds[test] for test in tests)
        trial.until = time.monotonic() + patience
        running[_fork(lambda: _run(trial.mutant, tests), show=show)] = trial

    while waiting or running:
        while waiting and len(running) < jobs:
            trial = waiting.pop()
            trial.began = time.monotonic()
            if trial.tests:
                start(trial)
            else:
                trial.verdict = "no test"
                yield trial
        time.sleep(0.02)
        for process, trial in list(running.items()):
            ended, status = os.waitpid(process, os.WNOHANG)
            if not ended:
                if time.monotonic() > trial.until:
                    os.kill(process, signal.SIGKILL)
                continue
            del running[process]
            trial.judged(os.waitstatus_to_exitcode(status))
            if trial.verdict:
                yield trial
            else:
                start(trial)


def report(trials: Sequence[Trial], reasons: dict[str, str]) -> bool:
    """The table by wing, the survivors with their reasons, and whether that is good enough."""
    by_wing: defaultdict[str, Counter[bool]] = defaultdict(Counter)
    alive = [trial for trial in trials if trial.verdict in ("SURVIVED", "no test")]
    for trial in trials:
        by_wing[trial.mutant.path.partition("/")[0]][trial in alive] += 1
    print("\nwing            mutants  killed")
    for wing, counts in sorted(by_wing.items()):
        print(f"{wing:<16}{counts.total():>7}{counts[False]:>8}")
    killed = len(trials) - len(alive)
    print(f"{'all':<16}{len(trials):>7}{killed:>8}  {killed / len(trials):.1%}")
    unexplained = [trial for trial in alive if trial.mutant.text not in reasons]
    for trial in sorted(alive, key=lambda trial: trial.mutant.text):
        print(f"\n{trial.mutant.text}\n  {reasons.get(trial.mutant.text, 'NO REASON GIVEN')}")
    for text in sorted({trial.mutant.text for trial in trials if trial not in alive} & reasons.keys()):
        print(f"\nno longer survives, take it from the list: {text}")
    return not unexplained and killed >= SHARE * len(trials)


def main() -> None:
    """Measure, draw, try and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--only", default="", help="a part of the texts of those to draw from")
    parser.add_argument("--tests", nargs="+", default=TESTS, help="modules, without `test_`, to run instead of all")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--reuse", action="store_true")
    parser.add_argument("--show", action="store_true", help="show what pytest says")
    options = parser.parse_args()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))  # whatever else is installed
    os.environ["CI"] = "yes"  # examples of Hypothesis are the same each time then
    for library in LIBRARIES:
        importlib.import_module(library)
    began = time.monotonic()
    if not (options.reuse and MEASURED.exists()):
        measure_all(options.tests, options.jobs)
    reach = measured()
    paths = [file.relative_to(PACKAGE).as_posix() for wing in WINGS for file in sorted((PACKAGE / wing).rglob("*.py"))]
    mutants = [mutant for path in paths for mutant in mutants_of(PACKAGE, path) if options.only in mutant.text]
    drawn = draw(mutants, options.count, options.seed)
    print(f"{len(drawn)} of {len(mutants)} mutants; measured in {time.monotonic() - began:.0f} s", flush=True)
    trials = []
    for trial in judge(drawn, reach, jobs=options.jobs, show=options.show):
        trials.append(trial)
        print(f"{trial.verdict:<9}{time.monotonic() - trial.began:6.1f} s {trial.mutant.text}", flush=True)
    good = report(trials, tomllib.loads(LISTED.read_text()) if LISTED.exists() else {})
    print(f"\n{time.monotonic() - began:.0f} s in all")
    sys.exit(not good)


if __name__ == "__main__":
    main()
