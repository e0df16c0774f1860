"""Heads of replies that are no longer good HTTP, and that servers send: brought into the form that llhttp reads.

Nothing here is done for a head that llhttp takes. Source: RFC 9112, 5.2 (folded lines), 6.3 (lengths), 2026-11.
"""

from __future__ import annotations

import re
from typing import Final

_MENDABLE: Final = re.compile(r"(?i)whitespace after header value|content-length|transfer-encoding")
"""What llhttp says of the heads that can be mended."""
_FOLD: Final = re.compile(rb"[ \t]*\r\n[ \t]+")


def is_mendable(complaint: str) -> bool:
    """Whether another form of the head may be what llhttp takes."""
    return _MENDABLE.search(complaint) is not None


def mended_head(head: bytes) -> tuple[bytes, bool]:
    """A head with each field on one line, and one way to tell where the body ends; and whether it had told two.

    Equal lengths are one length. Beside chunks a length says nothing.
    """
    first, *lines = _FOLD.sub(b" ", head).split(b"\r\n")
    lengths = [line for line in lines if _name(line) == b"content-length"]
    others = [line for line in lines if _name(line) != b"content-length"]
    if lengths and any(_name(line) == b"transfer-encoding" for line in others):
        return b"\r\n".join((first, *others)), True
    values = {value.strip() for line in lengths for value in line.partition(b":")[2].split(b",")}
    if len(values) == 1:
        lengths = [b"content-length: " + values.pop()]
    return b"\r\n".join((first, *others, *lengths)), False


def _name(line: bytes) -> bytes:
    return line.partition(b":")[0].lower()
