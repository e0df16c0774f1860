"""Replies that are small on the wire and large for who reads them."""

from __future__ import annotations

import gzip
from typing import Final

from ._actions import RawReply

_MEMBER: Final = 1_000_000
"""Bytes that one member of a gzip bomb becomes."""


def gzip_bomb(size: int = 1_000_000_000) -> RawReply:
    """A reply of a kilobyte a megabyte that becomes `size` bytes of spaces when it is decompressed.

    It is decompressed piece by piece, in memory as on a port, as far as the client reads.

    Example:
        Simulator(gzip_bomb(50_000_000))
    """
    member = gzip.compress(b" " * _MEMBER, mtime=0)
    return RawReply(member * max(1, size // _MEMBER), headers={"content-encoding": "gzip"})


def nesting_bomb(depth: int = 100_000) -> RawReply:
    """A reply of lists inside lists, which is valid JSON that many readers take a stack frame a level for.

    Example:
        Simulator(nesting_bomb(10_000))
    """
    return RawReply(b"[" * depth + b"]" * depth)
