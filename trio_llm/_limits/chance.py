"""Whether refusals are about a lane's rate at all, or come by chance: a provider that is busy may refuse any request.

Against a limit, going more slowly makes refusals rarer. Against chance it does not, and a rate that is cut with each
of them would go down without end. So where many in a row come before the rate has even got back to what was measured,
the lane tries the opposite. While that makes them no more frequent it goes on, for nobody is the worse for it.
"""

from __future__ import annotations

from typing import Final

SHARE: Final = 0.9
"""The share of a measured rate at which requests leave at first."""
_FASTER: Final = 2.0
"""The same, where refusals come by chance."""
_DECREASE: Final = 0.7
"""What a refusal leaves of a rate where nothing can be measured anew."""
_PATIENCE: Final = 5
"""Early refusals in a row after which going faster is tried."""
_EXPLAINED: Final = 2
"""Early refusals that one which came later than the rate was measured outweighs."""
_LASTING: Final = 10
"""Refusals by chance after which it was right to try."""
_LEARNING: Final = 0.1
"""What the newest count between two refusals adds to their mean."""
_FEW: Final = 0.4
"""The share of the usual number below which refusals seem to have become more frequent."""
_DOUBTS: Final = 1.6
"""So many usual numbers have to be missing until that is believed."""


class Chance:
    """What the refusals of a lane with a known rate have told."""

    def __init__(self) -> None:
        self.rules = False
        """Whether they come by chance, as far as is known."""
        self._patience = _PATIENCE
        self._refused = 0
        """Refusals in a row that were early, or since chance rules."""
        self._usual = 0.0
        """Requests that are allowed between two of them, on average."""
        self._missing = 0.0
        """By how many fewer were allowed of late than one would think."""

    @property
    def share(self) -> float:
        """What part of a measured rate to go on at."""
        return _FASTER if self.rules else SHARE

    @property
    def decrease(self) -> float:
        """What part of its rate to go on at where nothing can be measured."""
        return 1.0 if self.rules else _DECREASE

    def refused(self, allowed: float, lanes: int, *, early: bool) -> None:
        """A request was refused. `allowed`: how many were not, since the last that was, by so many lanes.

        `early`: requests had not yet left at the rate again which the last refusals had shown.
        """
        if self.rules:
            self._refused += 1
            self._doubt(allowed)
        elif not early:
            self._refused = max(0, self._refused - _EXPLAINED)
        elif allowed:  # else the pause may just have been too short
            self._refused += 1
            self._usual += (allowed - self._usual) / self._refused
            if self._refused >= self._patience * lanes**2:
                self.rules, self._refused, self._missing = True, 0, 0.0

    def _doubt(self, allowed: float) -> None:
        self._missing = max(0.0, self._missing + _FEW * self._usual - allowed)
        if self._missing > _DOUBTS * self._usual:
            self.rules = False
            self._patience = _PATIENCE if self._refused > _LASTING else self._patience + _PATIENCE
            self._refused = 0
        else:
            self._usual += _LEARNING * (allowed - self._usual)
