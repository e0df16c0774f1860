"""Watching calls, and reaching into them: the events of calls, and the protocols of a client's four seams.

class Slow:
    wants = (CallEnded,)

    def observe(self, event: Event) -> None:
        if event.at - event.activity.started > 10:
            print(event.activity.request.model, "took its time")

async with trio_llm.Client(observers=[Slow(), trio_llm.observe.Log()]) as client:

Some observers are ready to use: `Log`, `JSONLines`, `Progress`, `Statistics`, `Trace` and `CacheWatch`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._engine.events import (
        Activity as Activity,
        AttemptFailed as AttemptFailed,
        AttemptSent as AttemptSent,
        CallEnded as CallEnded,
        CallFellBack as CallFellBack,
        CallStarted as CallStarted,
        CallWaiting as CallWaiting,
        ContestWon as ContestWon,
        Event as Event,
        FirstContent as FirstContent,
        GroupEnded as GroupEnded,
        GroupStarted as GroupStarted,
        StreamProgress as StreamProgress,
        StreamSeam as StreamSeam,
    )
    from .._engine.seams import (
        Departure as Departure,
        Gate as Gate,
        Learnt as Learnt,
        Observer as Observer,
        Responder as Responder,
        TargetChooser as TargetChooser,
        Targets as Targets,
    )
    from ._cache_watch import (
        CachedShareCollapsed as CachedShareCollapsed,
        CacheWatch as CacheWatch,
    )
    from ._json_lines import (
        JSONLines as JSONLines,
    )
    from ._log import (
        Log as Log,
    )
    from ._progress import (
        Progress as Progress,
    )
    from ._statistics import (
        CallStatistics as CallStatistics,
        Figures as Figures,
        Statistics as Statistics,
    )
    from ._trace import (
        Trace as Trace,
    )
else:
    from .._lazy import public_names

    __getattr__, __dir__, __all__ = public_names(
        __name__,
        {
            "._engine.events": (
                "Activity AttemptFailed AttemptSent CallEnded CallFellBack CallStarted CallWaiting ContestWon Event "
                "FirstContent GroupEnded GroupStarted StreamProgress StreamSeam"
            ),
            "._engine.seams": "Departure Gate Learnt Observer Responder TargetChooser Targets",
            "_cache_watch": "CacheWatch CachedShareCollapsed",
            "_json_lines": "JSONLines",
            "_log": "Log",
            "_progress": "Progress",
            "_statistics": "CallStatistics Figures Statistics",
            "_trace": "Trace",
        },
    )
