"""What the engine asks of whatever moves bytes: two protocols, implemented by each transport."""

from __future__ import annotations

from typing import Protocol

import attrs

from .._types.http import HTTPRequest, Origin, ReplyHead


class TransportError(Exception):
    """The connection failed; nothing is known of the reply. The engine makes it an `APIConnectionError`.

    Its text says what failed and why. It does not name the address, which whoever asked knows.

        raise TransportError("connection refused")

    Args:
        message: what failed, and of what.
        sent: whether some of the request was written. Then the peer may have worked on it, and it is an attempt.
        stale: whether a connection that had been idle ended at once when it was used again, before a byte of a reply.
            The peer had let go of it, most likely, so a pause before the next attempt helps nobody.
        lasting: whether waiting does not mend it: a certificate that is not trusted, a proxy that wants a password.
    """

    def __init__(self, message: str, *, sent: bool = False, stale: bool = False, lasting: bool = False) -> None:
        super().__init__(message)
        self.sent: bool = sent
        self.stale: bool = stale
        self.lasting: bool = lasting


class ReplyError(TransportError):
    """The reply broke off or was no valid HTTP; part of it may have been read, so the request was sent.

    Example:
        raise ReplyError("the connection broke inside the reply")
    """

    def __init__(self, message: str, *, lasting: bool = False) -> None:
        super().__init__(message, sent=True, lasting=lasting)


@attrs.frozen
class TransportStatistics:
    """A snapshot of a transport's connections.

    Example:
        connections = client.statistics().connections
        print(connections.active, connections.idle, connections.waiting)
    """

    active: int
    """Connections that carry an exchange or are being opened."""
    idle: int
    """Open connections that wait for the next exchange."""
    waiting: int = attrs.field(default=0, kw_only=True)
    """Exchanges that wait for a connection, where the transport has a limit of its own."""


class Reply(Protocol):
    """The reply of one exchange. Whoever gets it has to close it; one task at a time reads.

    Example:
        reply = await transport.send(origin, request)
        first = await reply.read()
        await reply.aclose()
    """

    @property
    def head(self) -> ReplyHead:
        """Its status and headers."""
        ...

    def finish_nowait(self) -> bytes | None:
        """All that is left of the decoded body, if its end is here already; else None, and nothing is done.

        Unless it is None the reply is closed, after an error as well.

        Raises:
            ReplyError: as `read` does.
        """
        ...

    async def read(self) -> bytes:
        """The next piece of the decoded body as it arrives, `b""` at its end.

        Raises:
            ReplyError: if the body broke off, was malformed, or passed a limit.
        """
        ...

    async def aclose(self) -> None:
        """Give the connection back if the body was read to its end, else close its socket at once.

        Never blocks for the peer: it may be called in a cancelled scope. Idempotent.
        """


class Transport(Protocol):
    """Sends requests. Belongs to one run of an event loop.

    Example:
        async with Client(transport=Simulator()) as client:  # which is one
            await client.completion("openai/any", messages)
    """

    async def send(self, origin: Origin, request: HTTPRequest) -> Reply:
        """Send one request and wait for the head of its reply.

        It is sent once: what was written is never written again in silence. Cancelling it at any step closes the
        socket. It has no time limit of its own.

        Raises:
            TransportError: if no reply head arrived.
        """
        ...

    async def aclose(self) -> None:
        """Close every connection. Idempotent."""

    def statistics(self) -> TransportStatistics:
        """What is open, for people to look at."""
        ...
