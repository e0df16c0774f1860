"""The bytes of a reply: the first that say something, the next, all of them, or what comes of an error in time.

Whoever reads has to close the reply, but for `finish`, which does. `Counted` notes a piece for observers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

from .._convert import json as _json
from .._dialects.contract import StreamDecoder
from .._runtime import trio
from .._transport import Reply, TransportError
from .._types.http import ReplyHead

MAX_REPLY_SIZE = 1 << 28
"""Bytes that a whole reply may have."""
MAX_ERROR_SIZE = 1 << 20
"""Bytes of an error reply that are read; the rest says nothing more."""
DRAIN_TIME = 0.25
"""Seconds to wait for the end of a body whose last event has been read, so that its connection can be used again."""
LAST_WORDS_TIME = 10.0
"""Seconds in all to wait for what follows a complete answer."""
_BEFORE_LIMITS = 0.01
"""Seconds by which that ends before a limit of the call's would."""
ERROR_BODY_TIME = 5.0
"""Seconds to wait for the body of an error reply."""
_COMMENTS = re.compile(rb"(?::[^\r\n]*[\r\n]\s*)+")
"""Comments of an event stream that have ended, and the blank lines behind them."""

Counted: TypeAlias = Callable[[bytes], bytes]
"""Gives back the piece that it notes."""


async def read_beginning(reply: Reply, counted: Counted) -> bytes:
    """The first bytes that say something: servers keep a connection alive with line breaks and comments."""
    data = counted(await reply.read())
    if not _is_text(reply.head):
        return data
    while data and (said := data.lstrip())[:1] in (b"", b":") and len(data) <= MAX_ERROR_SIZE:
        comments = _COMMENTS.match(said)
        rest = said[comments.end() :] if comments is not None else said
        if comments is not None and rest[:1] not in (b"", b":"):
            return rest
        more = counted(await reply.read())
        data = rest + more
        if not more:
            break
    return data


def _is_text(head: ReplyHead) -> bool:
    kind = head.headers.get("content-type", "")
    return not kind or "json" in kind or kind.startswith("text/")


class LastWords:
    """The pieces of a stream behind its first, up to what follows a complete answer: usage, a marker, or nothing.

    Behind a complete answer nothing is missing. A connection that breaks there ends it, and so does one that stays open
    and says no more, as some servers leave it: after a while, or just before a time limit makes an error of it.
    """

    def __init__(self, reply: Reply, decoder: StreamDecoder[Any], counted: Counted) -> None:
        self._reply = reply
        self._decoder = decoder
        self._counted = counted
        self._patience = LAST_WORDS_TIME

    async def read_on(self) -> bytes:
        """The next bytes; none at the end.

        Raises:
            TransportError: if the connection breaks before the answer is complete.
        """
        if not self._decoder.complete:
            return self._counted(await self._reply.read())
        began = trio.current_time()  # a slow reader costs no patience
        end = min(began + self._patience, trio.current_effective_deadline() - _BEFORE_LIMITS)
        with suppress(TransportError), trio.CancelScope(deadline=end):
            data = await self._reply.read()
            self._patience -= trio.current_time() - began
            return self._counted(data)
        return b""


def is_whole(head: ReplyHead, data: bytes) -> bool:
    """Whether JSON came where a stream was asked for: gateways do that, and errors with status 200.

    The bytes tell, for servers that do so label either as the other. Sound may begin with any byte.
    """
    return _is_text(head) and data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


async def finish(reply: Reply) -> bytes:
    """The body, or as much of an error's as comes in time; the reply is closed."""
    try:
        return await (read_body(reply, b"") if reply.head.status < 300 else read_error(reply))
    finally:
        await reply.aclose()  # it waits for nothing


async def read_body(reply: Reply, beginning: bytes) -> bytes:
    """The whole body, whose beginning has been read. A connection that breaks behind a JSON document costs nothing."""
    pieces, size = [beginning], len(beginning)
    try:
        while size <= MAX_REPLY_SIZE and (data := await reply.read()):
            pieces.append(data)
            size += len(data)
    except TransportError:
        if not _is_document(b"".join(pieces)):
            raise
    if size > MAX_REPLY_SIZE:
        raise TransportError(f"the reply is longer than {MAX_REPLY_SIZE} bytes")
    return b"".join(pieces)


def _is_document(body: bytes) -> bool:
    if not body.rstrip().endswith((b"}", b"]")):
        return False
    try:
        return isinstance(_json.loads(body), dict | list)
    except ValueError:
        return False


async def read_error(reply: Reply) -> bytes:
    """What comes of an error's body in a short time, broken off or not; its status says enough without the rest."""
    pieces: list[bytes] = []
    with suppress(TransportError), trio.move_on_after(ERROR_BODY_TIME):
        while sum(map(len, pieces)) <= MAX_ERROR_SIZE and (data := await reply.read()):
            pieces.append(data)
    return b"".join(pieces)


async def drain(reply: Reply) -> None:
    """Read what follows a stream's last frame, for the connection to be used again. One that breaks now is not."""
    with suppress(TransportError), trio.move_on_after(DRAIN_TIME):
        while await reply.read():
            pass
