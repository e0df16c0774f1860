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
from .call import RunningCall
from .seams import Gate, Learnt

_ambient: Final[ContextVar[tuple[Gate, ...]]] = ContextVar("trio_llm gates of a task", default=())


ambient_gates: Final = _ambient.get
"""The gates of this task, which its calls pass behind those of their client, whichever that is."""


@contextmanager
def gates_beneath(gate: Gate) -> Generator[None, None, None]:
    """For the length of a block, calls of this task and of tasks that it starts pass one more gate."""
    token = _ambient.set((*_ambient.get(), gate))
    try:
        yield
    finally:
        _ambient.reset(token)


class GatedAdmission(Learnt):
    """An account's admission together with what the gates gave: used in the same way, for the same `with` block.

    Gates see it as the `Departure` of the attempt when they are entered, and as what is `Learnt` of it when they are
    left. It is one object, as every attempt makes it; whoever makes it sets the fields of the departure.
    """

    __slots__ = ("_admission", "_call", "_closed", "_entered", "_gates", "at", "learns")

    def __init__(self, admission: Admission, call: RunningCall, gates: Sequence[Gate]) -> None:
        self._admission = admission
        self._call = call
        self._gates = iter(gates)
        """Those that were not asked yet."""
        self._closed: Gate | None = None
        """The one that has to be waited for."""
        self._entered: list[tuple[Gate, object]] = []
        """The gates that were passed, and what each gave."""
        self.at = admission.at
        """When it left the line of its account, or the last gate if it had to wait there."""
        self.learns = admission.learns
        """Whether the account wants to know the headers of the reply."""
        self.headers = {}
        self.error = self.usage = self.head = self.response = None
        self.received = 0
        self.delivered = []

    def learn(self, head: ReplyHead) -> None:
        """Take note of a reply's headers."""
        self._admission.learn(head)

    def pass_nowait(self) -> bool:
        """Enter those gates that were not entered yet. False if one has to be waited for; the rest is for `pass_all`.

        If one refuses, everything is left again.
        """
        try:
            for gate in self._gates:
                entered = gate.enter_nowait(self)
                if entered is None:
                    self._closed = gate
                    return False
                self._entered.append((gate, entered))
        except BaseException as error:
            self.leave(error)
            raise
        return True

    async def pass_all(self) -> None:
        """The same, with waiting. Cancelled meanwhile, everything is left again."""
        is_through = self._closed is None and self.pass_nowait()
        while not is_through:
            gate, self._closed = self._closed, None
            assert gate is not None
            try:
                entered = await gate.enter(self)
            except BaseException as error:
                self.leave(error)
                raise
            self._entered.append((gate, entered))
            is_through = self.pass_nowait()

    def leave(self, error: BaseException | None) -> None:
        """Leave without a `with` block. `error` is what ended the attempt, if any did."""
        admission = self._admission
        admission.usage, admission.received = self.usage, self.received
        self.error, self.head = error, self._call.head
        try:
            while self._entered:
                gate, entered = self._entered.pop()
                gate.leave(entered, self)
        except BaseException:
            self.leave(error)  # the others are left all the same
            raise
        admission.leave(error)

    def __enter__(self) -> GatedAdmission:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.leave(error)
