"""The gates of a client, which each attempt passes behind the limits of its account.

What was entered is left, in whatever way the attempt ends: also where a later gate refuses, or the wait for it is
cancelled. Gates are left in the opposite order, the account's slot last.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
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

    __slots__ = (
        "_admission",
        "_call",
        "_entered",
        "_gates",
        "at",
        "departure",
        "learns",
        "received",
        "response",
        "usage",
    )

    def __init__(self, admission: Admission, call: RunningCall, gates: Sequence[Gate], departure: Departure) -> None:
        self._admission = admission
        self._call = call
        self._gates = gates
        self.departure = departure
        self._entered: list[tuple[Gate, object]] = []
        """The gates that were passed, and what each gave."""
        self.at = admission.at
        """When it left the line of its account."""
        self.learns = admission.learns
        """Whether the account wants to know the headers of the reply."""
        self.usage: Usage | None = None
        """What the reply said was used. It is for the account as well, as is all that the attempt notes."""
        self.received = 0
        """Chunks of the answer that arrived."""
        self.response: object = None
        """A response that came whole."""

    def learn(self, head: ReplyHead) -> None:
        """Take note of a reply's headers."""
        self._admission.learn(head)

    def pass_nowait(self) -> bool:
        """Enter those gates that were not entered yet. False if one has to be waited for; the rest is for `pass_all`.

        If one refuses, everything is left again.
        """
        try:
            for gate in self._gates[len(self._entered) :]:
                entered = gate.enter_nowait(self.departure)
                if entered is None:
                    return False
                self._entered.append((gate, entered))
        except BaseException as error:
            self.leave(error)
            raise
        return True

    async def pass_all(self) -> None:
        """The same, with waiting. Cancelled meanwhile, everything is left again."""
        while not self.pass_nowait():
            gate = self._gates[len(self._entered)]
            try:
                entered = await gate.enter(self.departure)
            except BaseException as error:
                self.leave(error)
                raise
            self._entered.append((gate, entered))

    def leave(self, error: BaseException | None) -> None:
        """Leave without a `with` block. `error` is what ended the attempt, if any did."""
        admission = self._admission
        admission.usage, admission.received = self.usage, self.received
        try:
            self._leave_gates(Learnt(error, self.usage, self.received, self._call.head, self.response))
        finally:
            admission.leave(error)

    def _leave_gates(self, learnt: Learnt) -> None:
        while self._entered:
            gate, entered = self._entered.pop()
            try:
                gate.leave(entered, learnt)
            except BaseException:
                self._leave_gates(learnt)  # the others are left all the same
                raise

    def __enter__(self) -> GatedAdmission:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.leave(error)
