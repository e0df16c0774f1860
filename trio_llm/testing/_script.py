"""What a simulated provider is told to do with request after request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from ._actions import Action
from ._ledger import RecordedRequest

Script: TypeAlias = "Action | Iterable[Action | None] | Callable[[RecordedRequest], Action | None]"
"""One action for every request; one after the other; or a function of the request. None is the default answer."""


class ScriptExhaustedError(AssertionError):
    """A request for which the script of a `Simulator` has nothing.

    The caller of the transport gets it as it is: it is a mistake of the test, or one request too many of the program's.

        Simulator([Failure(429)])                 # raises it at the second request
        Simulator([Failure(429)], then=Reply())   # echoes from the second on
    """

    def __init__(self, request: RecordedRequest) -> None:
        super().__init__(request)
        self.request = request
        """The request that nothing was scripted for; its `number` counts from 0."""

    def __str__(self) -> str:
        return (
            f"the script has ended before request {self.request.number + 1} ({self.request.path}): script one more "
            "action, or say with then=Reply() that everything behind the script is echoed"
        )
