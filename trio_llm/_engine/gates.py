"""The gates of a client, which each attempt passes behind the limits of its account.

What was entered is left, in whatever way the attempt ends: also where a later gate refuses, or the wait for it is
cancelled. Gates are left in the opposite order, the account's slot last.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Final

from .._limits.account import Admission
from .._types.http import ReplyHead
from .._types.usage import Usage
from .call import RunningCall
from .seams import Departure, Gate, Learnt

_ambient: Final[ContextVar[tuple[Gate, ...]]] = ContextVar("trio_llm gates of a task", default=())


def ambient_gates() -> tuple[Gate, ...]:
    """The gates of this task, which its calls pass behind those of their client, whichever that is."""
    return _ambient.get()


@contextmanager
def gates_beneath(gate: Gate) -> Generator[None, None, None]:
    """For the length of a block, calls of this task and of tasks that it starts pass one more gate."""
    token = _ambient.set((*_ambient.get(), gate))
    try:
        yield
    finally:
        _ambient.reset(token)


class GatedAdmission:
    """An account's admission together with what the gates gave: used in the same way, for the same `with` block."""

    def __init__(self, admission: Admission, call: RunningCall) -> None:
        self._admission = admission
        self._call = call
        self._stack = ExitStack()
        self._stack.push(admission)
        self._learnt = Learnt()

    @property
    def at(self) -> float:
        """When it left."""
        return self._admission.at

    @property
    def learns(self) -> bool:
        """Whether the account wants to know the headers of the reply."""
        return self._admission.learns

    def learn(self, head: ReplyHead) -> None:
        """Take note of a reply's headers."""
        self._admission.learn(head)

    @property
    def usage(self) -> Usage | None:
        """What the reply said was used. It is for the account as well, as is all that the attempt notes."""
        return self._admission.usage

    @usage.setter
    def usage(self, usage: Usage | None) -> None:
        self._admission.usage = self._learnt.usage = usage

    @property
    def received(self) -> int:
        """Chunks of the answer that arrived."""
        return self._admission.received

    @received.setter
    def received(self, received: int) -> None:
        self._admission.received = self._learnt.received = received

    def learn_response(self, response: object) -> None:
        """Take note of a response that came whole."""
        self._learnt.response = response

    async def pass_all(self, gates: Sequence[Gate], departure: Departure) -> None:
        """Enter the gates one after the other. If one refuses, everything is left again."""
        try:
            for gate in gates:
                entered = gate.enter_nowait(departure)
                if entered is None:
                    entered = await gate.enter(departure)
                self._stack.callback(gate.leave, entered, self._learnt)
        except BaseException as error:
            self.leave(error)
            raise

    def leave(self, error: BaseException | None) -> None:
        """Leave without a `with` block. `error` is what ended the attempt, if any did."""
        self.__exit__(None if error is None else type(error), error, None if error is None else error.__traceback__)

    def __enter__(self) -> GatedAdmission:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._learnt.error = error
        self._learnt.head = self._call.head
        self._stack.__exit__(kind, error, traceback)
