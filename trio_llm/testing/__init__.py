"""Tests of LLM code without a network, a key or a wall clock.

`Simulator` is a provider in memory that does as it is told; `serve` and `running_server` put it on a real port.
`FaultPlan` makes it fail, `RateLimits` makes it refuse. `run_in_virtual_time` lets hours pass in no time.
`cancel_at_every_step` proves that a scenario leaves nothing behind, wherever it is cancelled. The module
`trio_llm.testing.strategies` has Hypothesis strategies for all of this, and needs the extra `testing`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._cancellation import CancellationReport, LeakError, StepOptions, cancel_at_every_step
from ._faults import COMMON_FAULTS, Fault, FaultPlan
from ._ledger import Outcome, RecordedRequest, SimulatorStatistics
from ._limits import RateLimits
from ._script import Action, AtByte, AtEvent, Delivery, Disconnect, Failure, RawReply, Reply, Script, ToolUse
from ._server import running_server, serve
from ._simulator import Simulator
from ._timeline import Ending, Piece, ScriptedReply
from ._virtual_time import run_in_virtual_time

if TYPE_CHECKING:
    from . import strategies as strategies

__all__ = [
    "COMMON_FAULTS",
    "Action",
    "AtByte",
    "AtEvent",
    "CancellationReport",
    "Delivery",
    "Disconnect",
    "Ending",
    "Failure",
    "Fault",
    "FaultPlan",
    "LeakError",
    "Outcome",
    "Piece",
    "RateLimits",
    "RawReply",
    "RecordedRequest",
    "Reply",
    "Script",
    "ScriptedReply",
    "Simulator",
    "SimulatorStatistics",
    "StepOptions",
    "ToolUse",
    "cancel_at_every_step",
    "run_in_virtual_time",
    "running_server",
    "serve",
]


def __getattr__(name: str) -> Any:
    # Hypothesis is an extra, and takes longer to import than everything else here.
    if name == "strategies":
        from importlib import import_module

        return import_module(f"{__name__}.strategies")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
