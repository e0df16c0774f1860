"""Tests of LLM code without a network, a key or a wall clock.

`Simulator` is a provider in memory that does as it is told; `serve` and `running_server` put it on a real port.
`FaultPlan` makes it fail, `RateLimits` makes it refuse. `record` and `replay` keep what a provider once said, with its
times. `run_in_virtual_time` lets hours pass in no time. `cancel_at_every_step` proves that a scenario leaves nothing
behind, wherever it is cancelled. The module `trio_llm.testing.strategies` has Hypothesis strategies for all of this,
and needs the extra `testing`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import strategies as strategies
    from ._actions import (
        Action as Action,
        AtByte as AtByte,
        AtEvent as AtEvent,
        Cause as Cause,
        Delivery as Delivery,
        Disconnect as Disconnect,
        Failure as Failure,
        Fault as Fault,
        RawReply as RawReply,
        Reply as Reply,
        ToolUse as ToolUse,
    )
    from ._apps import (
        AppReply as AppReply,
        call_app as call_app,
        opened_app as opened_app,
    )
    from ._bombs import (
        gzip_bomb as gzip_bomb,
        nesting_bomb as nesting_bomb,
    )
    from ._cancellation import (
        CancellationReport as CancellationReport,
        StepOptions as StepOptions,
        cancel_at_every_step as cancel_at_every_step,
    )
    from ._cassettes._forwarding import (
        serve_recording as serve_recording,
    )
    from ._cassettes._matching import (
        StaleCassetteError as StaleCassetteError,
    )
    from ._cassettes._playing import (
        Player as Player,
        replay as replay,
    )
    from ._cassettes._recording import (
        Recorder as Recorder,
        record as record,
    )
    from ._comparing import (
        DifferenceError as DifferenceError,
        said_by as said_by,
        same_however_split as same_however_split,
        same_on_providers as same_on_providers,
        same_streamed_and_whole as same_streamed_and_whole,
        same_with_a_retry as same_with_a_retry,
    )
    from ._conditions import (
        Conditions as Conditions,
        Outage as Outage,
        SimulatedModel as SimulatedModel,
    )
    from ._description import (
        Description as Description,
    )
    from ._exploring import (
        ScheduleError as ScheduleError,
        ScheduleReport as ScheduleReport,
        explore_schedules as explore_schedules,
    )
    from ._faults import (
        COMMON_FAULTS as COMMON_FAULTS,
        FaultPlan as FaultPlan,
        Moment as Moment,
        shrink as shrink,
    )
    from ._generative import (
        Generative as Generative,
    )
    from ._lab import (
        Invariant as Invariant,
        InvariantError as InvariantError,
        Lab as Lab,
        Outages as Outages,
        lab as lab,
    )
    from ._leaks import (
        LeakError as LeakError,
    )
    from ._ledger import (
        RecordedRequest as RecordedRequest,
        RequestOutcome as RequestOutcome,
        SimulatorStatistics as SimulatorStatistics,
    )
    from ._limits import (
        RateLimits as RateLimits,
    )
    from ._pace import (
        Constant as Constant,
        Distribution as Distribution,
        LogNormal as LogNormal,
        Normal as Normal,
        Pace as Pace,
        Sampled as Sampled,
        Times as Times,
    )
    from ._prompt import (
        OfferedTool as OfferedTool,
        Prompt as Prompt,
    )
    from ._quiescence import (
        quiescent as quiescent,
    )
    from ._script import (
        Script as Script,
        ScriptExhaustedError as ScriptExhaustedError,
    )
    from ._script_file import (
        read_script as read_script,
    )
    from ._server import (
        Servable as Servable,
        running_server as running_server,
        serve as serve,
    )
    from ._simulator import (
        Simulator as Simulator,
    )
    from ._stepping import (
        DeadlockError as DeadlockError,
        StartedTask as StartedTask,
        SteppedLoop as SteppedLoop,
    )
    from ._strictness import (
        Strictness as Strictness,
    )
    from ._timeline import (
        Ending as Ending,
        Piece as Piece,
        ScriptedReply as ScriptedReply,
    )
    from ._virtual_time import (
        run_in_virtual_time as run_in_virtual_time,
    )
else:
    from .._lazy import public_names

    __getattr__, __dir__, __all__ = public_names(
        __name__,
        {
            "": "strategies",
            "_apps": "AppReply call_app opened_app",
            "_cancellation": "CancellationReport StepOptions cancel_at_every_step",
            "_cassettes._forwarding": "serve_recording",
            "_cassettes._matching": "StaleCassetteError",
            "_cassettes._playing": "Player replay",
            "_cassettes._recording": "Recorder record",
            "_actions": "Action AtByte AtEvent Cause Delivery Disconnect Failure Fault RawReply Reply ToolUse",
            "_bombs": "gzip_bomb nesting_bomb",
            "_conditions": "Conditions Outage SimulatedModel",
            "_description": "Description",
            "_comparing": "DifferenceError said_by same_however_split same_on_providers same_streamed_and_whole"
            " same_with_a_retry",
            "_exploring": "ScheduleError ScheduleReport explore_schedules",
            "_faults": "COMMON_FAULTS FaultPlan Moment shrink",
            "_generative": "Generative",
            "_lab": "Invariant InvariantError Lab Outages lab",
            "_leaks": "LeakError",
            "_ledger": "RecordedRequest RequestOutcome SimulatorStatistics",
            "_limits": "RateLimits",
            "_pace": "Constant Distribution LogNormal Normal Pace Sampled Times",
            "_prompt": "OfferedTool Prompt",
            "_quiescence": "quiescent",
            "_script": "Script ScriptExhaustedError",
            "_script_file": "read_script",
            "_server": "Servable running_server serve",
            "_simulator": "Simulator",
            "_stepping": "DeadlockError StartedTask SteppedLoop",
            "_strictness": "Strictness",
            "_timeline": "Ending Piece ScriptedReply",
            "_virtual_time": "run_in_virtual_time",
        },
    )
