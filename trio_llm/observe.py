"""Watching calls, and reaching into them: the events of calls, and the protocols of a client's four seams.

class Slow:
    wants = (CallEnded,)

    def observe(self, event: Event) -> None:
        if event.at - event.activity.started > 10:
            print(event.activity.request.model, "took its time")

async with trio_llm.Client(observers=[Slow()]) as client:
"""

from __future__ import annotations

from ._engine.events import (
    Activity,
    AttemptFailed,
    AttemptSent,
    CallEnded,
    CallFellBack,
    CallStarted,
    CallWaiting,
    Event,
    FirstContent,
    GroupEnded,
    GroupStarted,
    StreamProgress,
    StreamSeam,
)
from ._engine.seams import Departure, Gate, Learnt, Observer, Responder, TargetChooser, Targets

__all__ = [
    "Activity",
    "AttemptFailed",
    "AttemptSent",
    "CallEnded",
    "CallFellBack",
    "CallStarted",
    "CallWaiting",
    "Departure",
    "Event",
    "FirstContent",
    "Gate",
    "GroupEnded",
    "GroupStarted",
    "Learnt",
    "Observer",
    "Responder",
    "StreamProgress",
    "StreamSeam",
    "TargetChooser",
    "Targets",
]
