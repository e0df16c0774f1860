"""The matrix: every library, loop and scenario, one after the other, in turn.

    python run.py                          the quick profile, about ten minutes a round
    python run.py --profile full           everything, five rounds, more than an hour
    python run.py --scenarios call-10 stream-10 --libraries raw trio_llm --rounds 5

Installs what is missing into `.environments/`, writes `results/PROFILE.json`, `.md` and the plots.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import environments
from libraries import LIBRARIES
from plots import bars, lines
from processes import FOLDER, Job, run_client, server
from scenarios import QUICK, SCENARIOS
from summary import medians, tables, verdicts

RESULTS: Final = FOLDER / "results"
_ROUNDS: Final = {"quick": 1, "full": 5}


def jobs(libraries: list[str], scenarios: list[str], *, full: bool) -> Iterator[Job]:
    """One round of the matrix: for each scenario the libraries in turn, so that a slow minute is slow for all."""
    for name in scenarios:
        scenario = SCENARIOS[name]
        for library in libraries:
            entry = LIBRARIES[library]
            most = entry.most_in_flight if full else entry.quick_in_flight
            if scenario.kind not in entry.kinds or scenario.in_flight > most:
                continue
            shown = entry.loops if full else entry.loops[: 2 if library == "trio_llm" else 1]
            for loop in shown:
                yield Job(library, loop, name, environments.python(entry.environment), environments.ROOT)


def machine() -> dict[str, Any]:
    """What it was measured on."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def revision() -> str:
    """The commit that was measured, and whether the tree differed from it."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    done = subprocess.run(command, cwd=environments.ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def play(planned: list[Job]) -> Iterator[dict[str, Any]]:
    """Run the clients against one server, telling what happens on stderr."""
    with server() as port:
        for number, job in enumerate(planned, 1):
            run = run_client(job, port)
            cost = run.get("failure") or f"{run['cpu_us_per_call']:12,.1f} µs a call"
            where = f"{job.scenario:16} {job.library:16} {job.loop:8}"
            print(f"{number:4}/{len(planned)}  {where} {cost}", file=sys.stderr, flush=True)
            yield run


def write(result: dict[str, Any]) -> None:
    """Write the result, its tables and its plots."""
    RESULTS.mkdir(exist_ok=True)
    name, measured = result["profile"], medians(result["runs"])
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
    (RESULTS / f"{name}.md").write_text(tables(result))
    for scenario in dict.fromkeys(run["scenario"] for run in result["runs"]):
        if any("failure" not in cell for key, cell in measured.items() if key[2] == scenario):
            (RESULTS / f"{name}-{scenario}.svg").write_text(bars(scenario, measured))
    for family in ("call", "delayed"):
        picture = lines(family, measured)
        if picture is not None:
            (RESULTS / f"{name}-{family}.svg").write_text(picture)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--profile", choices=_ROUNDS, default="quick")
    parser.add_argument("--libraries", nargs="+", choices=LIBRARIES, metavar="NAME", help=f"of {', '.join(LIBRARIES)}")
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, metavar="NAME", help=f"of {', '.join(SCENARIOS)}")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--name", help="of the files in results/, instead of the profile's")
    return parser.parse_args()


def main() -> None:
    """Install, measure, write."""
    arguments = _arguments()
    full = arguments.profile == "full"
    libraries = arguments.libraries or list(LIBRARIES)
    scenarios = arguments.scenarios or list(SCENARIOS if full else QUICK)
    rounds = arguments.rounds or _ROUNDS[arguments.profile]
    needed = dict.fromkeys(LIBRARIES[library].environment for library in libraries)
    for name in needed:
        environments.install(name)
    result: dict[str, Any] = {
        "profile": arguments.name or arguments.profile,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "revision": revision(),
        "rounds": rounds,
        "versions": {name: environments.versions(name) for name in needed},
    }
    planned = [job for _ in range(rounds) for job in jobs(libraries, scenarios, full=full)]
    runs = result["runs"] = list(play(planned))
    result["targets"] = verdicts(medians(runs))
    write(result)
    print(tables(result))


if __name__ == "__main__":
    main()
