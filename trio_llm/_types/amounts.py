"""Numbers that a program states: taken for what they are worth, and refused by name if they are none.

Whatever has a value as a number counts as one, whichever library it is from: a `Decimal`, a fraction, one of NumPy's.
A text does not, and neither does a truth value.
"""

from __future__ import annotations

import math
import operator
from typing import Any


def as_number(value: object) -> object:
    """It as a float, if it has such a value; else as it is."""
    if isinstance(value, bool | int | float) or not hasattr(type(value), "__float__"):
        return value
    given: Any = value
    try:
        return float(given)
    except (TypeError, ValueError):  # an array, a signal among the decimals
        return value


def checked_number(value: object, name: str, wanted: str = "a number") -> float:
    """A number; it may be infinite.

    Raises:
        TypeError: if it is none; the message says what was `wanted`.
        ValueError: if it is NaN, with which nothing compares.
    """
    number = as_number(value)
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise TypeError(f"{name} must be {wanted}, not {type(value).__name__}")
    if math.isnan(number):
        raise ValueError(f"{name} must be {wanted}, not {value!r}")
    return number


def checked_amount(value: object, name: str, wanted: str = "a number") -> float:
    """A number that is not negative; raises as `checked_number` does."""
    number = checked_number(value, name, wanted)
    if number < 0:
        raise ValueError(f"{name} must be {wanted}, 0 or more, not {value!r}")
    return number


def checked_seconds(value: object, name: str) -> float:
    """A length of time in seconds; raises as `checked_amount` does."""
    return checked_amount(value, name, "a number of seconds")


def checked_time_left(value: object, name: str) -> float:
    """Seconds that are left of some time: none where a program reckoned fewer. Raises as `checked_number` does."""
    return max(0.0, checked_number(value, name, "a number of seconds"))


def checked_count(value: object, name: str, least: int = 1) -> int:
    """A whole number.

    Raises:
        TypeError: if it is none.
        ValueError: if it is less than `least`.
    """
    try:
        number = operator.index(value)  # type: ignore[arg-type]  # what has none is the error
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise TypeError(f"{name} must be a whole number, not {type(value).__name__}")
    if number < least:
        raise ValueError(f"{name} must be at least {least}, not {number}")
    return number
