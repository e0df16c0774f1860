"""Instructions of a call, counted by valgrind: the same on a busy machine as on a quiet one, to about one in 200.

They leave out the kernel and say nothing of caches; for two revisions of the same code that hardly matters.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from typing import Final

from processes import Job, run_command

_FEW: Final = 400
"""Both numbers are so large that the warm-up, a part of them, is the same for both."""
_MANY: Final = 600
_TOTAL: Final = re.compile(r"Collected : (\d+)")
_VALGRIND: Final = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")


def is_available() -> bool:
    """Whether valgrind is installed."""
    return shutil.which("valgrind") is not None


def per_call(job: Job, port: int) -> float:
    """The instructions of one call: those of many calls less those of few, so that start and end cancel out.

    Raises:
        RuntimeError: if a run failed.
    """
    few, many = (_total(job, port, calls) for calls in (_FEW, _MANY))
    return (many - few) / (_MANY - _FEW)


def _total(job: Job, port: int, calls: int) -> int:
    counted = replace(job, prefix=_VALGRIND, options=("--calls", str(calls), "--seconds", "600"))
    done = run_command(counted, port)
    found = _TOTAL.search(done.stderr)
    if done.returncode or found is None:
        raise RuntimeError(done.stderr[-500:])
    return int(found[1])
