"""A reply that is here already: what caches, cassettes and tests answer with."""

from __future__ import annotations

from .._types.http import ReplyHead
from . import ReplyError


class WholeReply:
    """A reply with its body in memory. Implements `Reply`.

        WholeReply(ReplyHead(200, {"content-type": "application/json"}), b'{"ok": true}')

    Args:
        head: status and headers, their names in lower case.
        body: decoded, so that the headers have no `content-encoding`.
    """

    def __init__(self, head: ReplyHead, body: bytes) -> None:
        self.head: ReplyHead = head
        self._body: bytes | None = body

    def finish_nowait(self) -> bytes:
        """See `Reply.finish_nowait`."""
        body = self._open_body()
        self._body = None
        return body

    async def read(self) -> bytes:
        """See `Reply.read`. It comes in one piece."""
        body = self._open_body()
        self._body = b""
        return body

    async def aclose(self) -> None:
        """See `Reply.aclose`."""
        self._body = None

    def _open_body(self) -> bytes:
        if self._body is None:
            raise ReplyError("the reply is closed")
        return self._body
