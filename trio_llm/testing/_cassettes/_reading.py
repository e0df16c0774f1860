"""Cassettes of any kind, read from their files."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from ._tape import TapedExchange, is_tape, read_exchanges


def read_tape(path: str | PathLike[str]) -> list[TapedExchange]:
    """The exchanges of a cassette in the order of their requests; also of a file of VCR.py's.

    Raises:
        ValueError: if it is neither.
    """
    text = Path(path).read_text(encoding="utf-8")
    if is_tape(text):
        return sorted(read_exchanges(text, str(path)), key=lambda exchange: exchange.started)
    from ._vcr import read_vcr

    return read_vcr(text, str(path))
