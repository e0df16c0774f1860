"""One library, one scenario, one line of JSON.

    python client.py trio_llm call-10 --loop trio --port 1234

Runs in the environment of that library; `run.py` starts it there.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import platform
import pstats
import resource
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from libraries import LIBRARIES
from loops import make_loop
from measure import measure
from scenarios import SCENARIOS, Scenario


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("library", choices=LIBRARIES)
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("--loop", choices=("trio", "asyncio", "uvloop"), default="asyncio")
    parser.add_argument("--port", type=int, required=True, help="where server.py listens")
    parser.add_argument("--core", type=int, help="run on this core only")
    parser.add_argument("--calls", type=int, help="instead of the scenario's number")
    parser.add_argument("--in-flight", type=int, help="instead of the scenario's number")
    parser.add_argument("--seconds", type=float, help="instead of the scenario's number")
    parser.add_argument("--profile", metavar="ORDER", help="print a profile of the calls to stderr, sorted by ORDER")
    return parser.parse_args()


def _scenario(arguments: argparse.Namespace) -> Scenario:
    scenario = SCENARIOS[arguments.scenario]
    return replace(
        scenario,
        calls=arguments.calls or scenario.calls,
        in_flight=arguments.in_flight or scenario.in_flight,
        seconds=arguments.seconds or scenario.seconds,
    )


def _prepare(core: int | None) -> None:
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> None:
    """Measure, and print the result."""
    arguments = _arguments()
    _prepare(arguments.core)
    began, cpu = time.perf_counter(), time.process_time()
    opener = LIBRARIES[arguments.library].open()
    imported = {"import_seconds": time.perf_counter() - began, "import_cpu_seconds": time.process_time() - cpu}
    loop, profile = make_loop(arguments.loop), cProfile.Profile(time.process_time) if arguments.profile else None
    address = f"http://127.0.0.1:{arguments.port}"

    async def program() -> dict[str, Any]:
        return await measure(opener, loop, _scenario(arguments), address, profile or nullcontext())

    measured = loop.run(program)
    named = {"library": arguments.library, "loop": arguments.loop, "scenario": arguments.scenario}
    print(json.dumps({**named, **measured, **imported, "python": platform.python_version()}), flush=True)
    if profile is not None:
        pstats.Stats(profile, stream=sys.stderr).sort_stats(arguments.profile).print_stats(60)
    # Libraries with threads or finalisers of their own may hang here, and nothing is left to lose.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
