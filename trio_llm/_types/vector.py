"""Embedding vectors as they arrive: in four bytes a number, and no Python object until one is read."""

from __future__ import annotations

from array import array
from typing import Any


class Vector:
    """Numbers as the machine holds them, and the list of them once somebody has asked for it.

    The two are not kept in step: who changes the list changes what is dumped and compared, not what `as_array` shows.
    """

    __slots__ = ("_list", "_numbers")

    def __init__(self, numbers: array[Any]) -> None:
        """Takes the array as its own."""
        self._numbers = numbers
        self._list: list[Any] | None = None

    def tolist(self) -> list[Any]:
        """The numbers as a list, the same one each time."""
        if self._list is None:
            self._list = self._numbers.tolist()
        return self._list

    def as_array(self) -> memoryview:
        """The numbers as a view of their memory, read-only: no copy is made."""
        return memoryview(self._numbers).toreadonly()

    def __len__(self) -> int:
        return len(self._numbers)


def packed(numbers: list[Any]) -> Vector:
    """Numbers from JSON, as exact as they were written: whole numbers, or 64-bit floats.

    Raises:
        TypeError: if one is no number.
        OverflowError: if one does not fit.
    """
    if numbers and type(numbers[0]) is int:
        try:
            return Vector(array("q", numbers))
        except TypeError:
            pass  # there are fractions further on, or what is no number, which is said below
    return Vector(array("d", numbers))
