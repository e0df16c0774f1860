"""What event loops say of a cancellation: who did it, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

_ANYIO_REASON: Final = re.compile(r"; reason: (.*)", re.DOTALL)
_CAUSES: Final[Mapping[Any, str]] = {"deadline": "deadline exceeded"}
"""What Trio calls otherwise than anyio."""


def cancellation_of(error: BaseException) -> dict[str, Any]:
    """Who cancelled and why, as far as the event loop says it: `reason`, `cause`, and `by`, the task that did."""
    facts: dict[str, Any] = {name: getattr(error, name, None) for name in ("reason", "source", "source_task")}
    if facts["source"] is None and error.args:
        found = _ANYIO_REASON.search(str(error.args[0]))
        facts["reason"] = found[1] if found is not None else None
    named = {"reason": facts["reason"], "cause": facts["source"], "by": facts["source_task"]}
    return {name: value for name, value in named.items() if value is not None}


def why_cancelled(error: BaseException | None) -> str | None:
    """Why it was cancelled, in few words: the reason that somebody gave, else what did it; None if nothing says."""
    facts = {} if error is None else cancellation_of(error)
    cause = facts.get("cause")
    told: str | None = facts.get("reason") or _CAUSES.get(cause, cause)
    return told
