"""The charges of a purse, in the order in which their attempts ended.

Theory of operation. A purse that lives for days has millions of charges, and nobody reads most of them. So one that is
plain (see `_charges`) is a row of numbers in one array of bytes. All others are objects, in a line of their own; a row
that belongs to no rates keeps the place of each. `Charge` objects are made when somebody reads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from struct import Struct, error
from typing import Final

from ..models.rates import PlainCharge, Rates
from ._charges import Charge

_ROW: Final = Struct("<iiqqdqq")
"""Number of its rates; of their service; tokens of prompt and answer; USD; tokens of cache and of reasoning."""
_SIZE: Final = _ROW.size
_OTHER: Final = _ROW.pack(-1, 0, 0, 0, 0.0, 0, 0)
_pack: Final = _ROW.pack


class Bill:
    """Charges in their order, few bytes each."""

    __slots__ = ("_numbers", "_others", "_rates", "_rows")

    def __init__(self) -> None:
        self._rows = bytearray()
        self._others: deque[Charge] = deque()
        self._rates: list[Rates] = []
        self._numbers: dict[Rates, int] = {}

    def add(self, charge: Charge) -> None:
        """One more charge, of any kind."""
        self._others.append(charge)
        self._rows += _OTHER

    def add_plain(self, charge: PlainCharge) -> None:
        """One more that is plain."""
        rates, service, *numbers = charge
        number = self._numbers.get(rates)
        if number is None:
            number = self._numbers[rates] = len(self._rates)
            self._rates.append(rates)
        place = 0 if service is None else rates.services.index(service)
        try:
            self._rows += _pack(number, place, *numbers)
        except error:  # a number that no provider means
            self.add(Charge.of_plain(charge))

    def pop_first(self) -> Charge:
        """Take the oldest off it."""
        number, *numbers = _ROW.unpack_from(self._rows)
        del self._rows[:_SIZE]
        return self._others.popleft() if number < 0 else self._plain(number, *numbers)

    def __len__(self) -> int:
        return len(self._rows) // _SIZE

    def __iter__(self) -> Iterator[Charge]:
        others = iter(self._others)
        for number, *numbers in _ROW.iter_unpack(self._rows):
            yield next(others) if number < 0 else self._plain(number, *numbers)

    def _plain(self, number: int, place: int, prompt: int, answer: int, *rest: float) -> Charge:
        usd, cached, reasoning = rest
        rates = self._rates[number]
        return Charge.of_plain((rates, rates.services[place], prompt, answer, usd, int(cached), int(reasoning)))
