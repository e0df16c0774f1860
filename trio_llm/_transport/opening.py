"""The beginning of a stream: handed over by itself, so that its first content does not wait for the rest to be decoded.

A provider that is faster than its reader fills a read with hundreds of events, and with ten such streams the last one's
first word would wait until nine whole answers are decoded. So the first read of a stream of events ends early, after
its first few events; before the rest is handed over, other tasks have their turn. Everything after that comes as it is
read: one turn more a stream, and no copy but of one read.
"""

from __future__ import annotations

from typing import Final

from .._types.http import ReplyHead

FEW_EVENTS: Final = 1_024
"""Bytes after which the next event is the last one of the beginning: some events of a chat, up to its first words."""
_ENDS: Final = (b"\n\n", b"\r\n\r\n")


def split_opening(head: ReplyHead, piece: bytes) -> tuple[bytes, bytes]:
    """The first piece of a body, cut behind its first few events. The rest is empty where it is no long stream."""
    if len(piece) < 2 * FEW_EVENTS:
        return piece, b""
    if not head.headers.get("content-type", "").lower().startswith("text/event-stream"):
        return piece, b""
    for end in _ENDS:
        found = piece.find(end, FEW_EVENTS)
        if found >= 0:
            cut = found + len(end)
            return piece[:cut], piece[cut:]
    return piece, b""
