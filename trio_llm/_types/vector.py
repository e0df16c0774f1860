"""Embedding vectors, held as the machine holds numbers: four bytes each, and no Python object until one is read."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, Final, cast, overload

_NATIVE_ORDER: Final = "<" if sys.byteorder == "little" else ">"


class Vector(Sequence[float]):
    """Numbers that read like a list of floats and take a tenth of its memory.

    They are 32-bit floats, which is what models compute with; packed vectors of bytes hold integers. `numpy.asarray`
    takes them as they are, without a copy, and so does everything that reads buffers, through `as_array`.
    """

    __slots__ = ("_numbers",)
    __hash__: ClassVar[None]  # type: ignore[assignment]  # equal to lists, which have no hash

    def __init__(self, numbers: Iterable[float] = (), typecode: str = "f") -> None:
        """Copies `numbers`, unless they are an `array` of that typecode, which becomes the vector's own.

        Raises:
            TypeError: if one is no number.
            OverflowError: if one does not fit.
        """
        is_array = isinstance(numbers, array) and numbers.typecode == typecode
        self._numbers: array[Any] = numbers if is_array else array(typecode, numbers)  # type: ignore[assignment]

    def as_array(self) -> memoryview:
        """The numbers as a view of their memory, read-only: no copy is made."""
        return memoryview(self._numbers).toreadonly()

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """How numpy finds the numbers without a copy ("The array interface protocol", version 3)."""
        view = self.as_array()
        order = "|" if view.itemsize == 1 else _NATIVE_ORDER
        kind = "f" if view.format in ("f", "d") else "u" if view.format.isupper() else "i"
        return {"version": 3, "shape": (len(view),), "typestr": f"{order}{kind}{view.itemsize}", "data": view}

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[float]:
        return iter(self._numbers)

    @overload
    def __getitem__(self, index: int) -> float: ...
    @overload
    def __getitem__(self, index: slice) -> Vector: ...
    def __getitem__(self, index: int | slice) -> float | Vector:
        if isinstance(index, slice):
            return Vector(self._numbers[index], self._numbers.typecode)
        number: float = self._numbers[index]
        return number

    def __eq__(self, other: object) -> bool:
        """Equal to the same numbers in a list or tuple, as far as 32 bits can hold them."""
        if isinstance(other, Vector):
            return self._numbers == other._numbers
        if not isinstance(other, list | tuple):
            return False
        items = cast("Sequence[float]", other)
        try:
            return len(items) == len(self) and self._numbers == array(self._numbers.typecode, items)
        except (TypeError, OverflowError):
            return False

    def __repr__(self) -> str:
        shown = ", ".join(f"{number:.6g}" for number in self._numbers[:4])
        return f"<Vector of {len(self)}: [{shown}{', …' if len(self) > 4 else ''}]>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Vector, (self._numbers, self._numbers.typecode)

    def tolist(self) -> list[float]:
        """The numbers as a list of one's own."""
        return self._numbers.tolist()
