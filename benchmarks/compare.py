"""Two revisions of trio_llm, measured in turn: the cost of one over that of the other.

    python compare.py main                        main against the working tree
    python compare.py v0.1 v0.2 --scenarios call-10 stream-10 --loops trio asyncio --rounds 10
    python compare.py main --instructions         counts instead of times; needs valgrind, and no quiet machine
    python compare.py . --against trio_llm-spending          what a purse costs; of others `-observed`, `-otel` ...

The harness is this one for both, so a revision needs the public names that `libraries/ours.py` uses. Both run in
one environment, with the dependencies of the working tree. Git worktrees of the revisions live in a temporary folder.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles
from typing import Final

import environments
import instructions
from libraries import LIBRARIES
from processes import FOLDER, Job, run_client, server
from scenarios import SCENARIOS
from targets import CPU

WORKING_TREE: Final = "."


@contextmanager
def tree(revision: str) -> Iterator[Path]:
    """The files of a revision."""
    if revision == WORKING_TREE:
        yield environments.ROOT
        return
    git = ["git", "-C", str(environments.ROOT), "worktree"]
    with tempfile.TemporaryDirectory(prefix="trio_llm-") as folder:
        path = Path(folder) / "tree"
        subprocess.run([*git, "add", "--quiet", "--detach", str(path), revision], check=True)
        try:
            yield path
        finally:
            subprocess.run([*git, "remove", "--force", str(path)], check=True)


def measure(jobs: tuple[Job, Job], rounds: int) -> list[tuple[float, float]]:
    """The costs of both in every round, in µs. The order changes from round to round.

    Raises:
        RuntimeError: if a client failed.
    """
    pairs: list[tuple[float, float]] = []
    with server() as port:
        for number in range(rounds):
            order = (0, 1) if number % 2 == 0 else (1, 0)
            costs = {place: _cost(jobs[place], port) for place in order}
            pairs.append((costs[0], costs[1]))
            print(f"  round {number + 1}: {costs[0]:,.1f} and {costs[1]:,.1f} µs", file=sys.stderr, flush=True)
    return pairs


def count(jobs: tuple[Job, Job]) -> str:
    """The instructions of a call in both. All is compiled before, or the compiler's would be counted as well."""
    for job in jobs:
        folders = [str(job.tree / "trio_llm"), str(FOLDER)]
        subprocess.run([job.python, "-m", "compileall", "-q", "-x", "environments/", *folders], check=True)
    with server() as port:
        first, second = (instructions.per_call(job, port) for job in jobs)
    return f"{first:,.0f} -> {second:,.0f} instructions, x {second / first:.3f}"


def _cost(job: Job, port: int) -> float:
    run = run_client(job, port)
    if "failure" in run:
        raise RuntimeError(f"{job.tree}: {run['failure']}")
    if run["wrong"] or run["errors"]:
        raise RuntimeError(f"{job.tree}: wrong {run['wrong']}, errors {run['errors']}")
    return float(run[CPU])


def verdict(pairs: list[tuple[float, float]]) -> str:
    """The median ratio, second over first, and the range in which the middle half of the rounds lies."""
    ratios = [second / first for first, second in pairs]
    low, middle, high = quantiles(ratios, n=4) if len(ratios) > 1 else (ratios[0],) * 3
    says = "no difference to be seen" if low <= 1 <= high else "cheaper" if high < 1 else "more expensive"
    first, second = (median(costs) for costs in zip(*pairs, strict=True))
    return f"{first:,.1f} -> {second:,.1f} µs, x {middle:.3f} ({low:.3f} to {high:.3f}): {says}"


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("first", help="a git revision, or . for the working tree")
    parser.add_argument("second", nargs="?", default=WORKING_TREE)
    ours = [name for name in LIBRARIES if name.startswith("trio_llm")]
    parser.add_argument("--library", choices=ours, default="trio_llm")
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=["call-10", "stream-10"], metavar="NAME")
    parser.add_argument("--loops", nargs="+", choices=("trio", "asyncio", "uvloop"), default=["trio"])
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--instructions", action="store_true", help="count instructions in place of time")
    parser.add_argument("--against", choices=ours, metavar="NAME", help="the library of the second, if another one")
    arguments = parser.parse_args()
    if arguments.instructions and not instructions.is_available():
        parser.error("--instructions needs valgrind")
    environments.install("trio_llm")
    with ExitStack() as stack:
        trees = (stack.enter_context(tree(arguments.first)), stack.enter_context(tree(arguments.second)))
        for scenario in arguments.scenarios:
            for loop in arguments.loops:
                job = Job(arguments.library, loop, scenario, environments.python("trio_llm"), trees[0])
                other = replace(job, tree=trees[1], library=arguments.against or job.library)
                jobs = (job, other)
                said = count(jobs) if arguments.instructions else verdict(measure(jobs, arguments.rounds))
                print(f"{scenario} on {loop}: {said}", flush=True)


if __name__ == "__main__":
    main()
