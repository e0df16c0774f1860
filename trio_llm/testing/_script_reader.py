"""How far a script has got.

A function is asked for each request. Of a sequence each request takes the next action, in the order of arrival; behind
the last comes `then`, or an error. An action is used when its request was answered by it: what was refused before that
puts it back, and the next request gets it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import Any, Final

from ._actions import Action, Disconnect, Failure, RawReply, Reply
from ._ledger import RecordedRequest
from ._script import Script, ScriptExhaustedError

DEFAULT: Final = Reply()
"""What is answered where the script says nothing."""
_END: Final[Any] = object()


_ACTIONS: Final = (Reply, Failure, RawReply, Disconnect)


def _wrong(action: object) -> str:
    instead = f": write Reply({action!r:.60})" if isinstance(action, str) else ""
    return f"a script consists of Reply, Failure, RawReply and Disconnect, not of {action!r:.60}{instead}"


def _checked(action: object) -> Action:
    if action is None:
        return DEFAULT
    if not isinstance(action, _ACTIONS):
        raise TypeError(_wrong(action))
    return action


class ScriptReader:
    """The scripted actions, one for each request; `then` is for all behind the last. Without it there may be none."""

    def __init__(self, script: Script, then: Action | None) -> None:
        self._then = then
        self._function: Callable[[RecordedRequest], Action | None] | None = None
        self._actions: Iterator[Action | None] = iter(())
        if isinstance(script, _ACTIONS):
            self._actions = repeat(script)
        elif isinstance(script, str | bytes):  # whose letters would be taken for actions
            raise TypeError(_wrong(script))
        elif callable(script):
            self._function = script
        else:
            self._actions = iter(script)
            if script == () and then is None:
                self._then = DEFAULT  # no script at all

    def next(self, record: RecordedRequest) -> Action:
        """What to do with this request.

        Raises:
            ScriptExhaustedError: if the script has nothing for it.
            TypeError: if it has something else than an action.
        """
        if self._function is not None:
            return _checked(self._function(record))
        action = next(self._actions, _END)
        if action is not _END:
            return _checked(action)
        if self._then is None:
            raise ScriptExhaustedError(record)
        return self._then

    def put_back(self, action: Action) -> None:
        """A refused request has not used its action; the next one gets it."""
        self._actions = chain([action], self._actions)
