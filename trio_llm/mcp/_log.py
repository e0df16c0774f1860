"""What servers write into their logs.

Servers of the protocol of 2026-07-28 write for those questions that say from which level on; older ones are told once,
when they are connected. Source: Model Context Protocol, "Logging", 2025-11-25 and 2026-07-28.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import attrs

from .._runtime import trio

if TYPE_CHECKING:
    import mcp
    from mcp import types

LogLevel: TypeAlias = Literal["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]


@attrs.frozen
class ServerLog:
    """A line of a server's log.

    Example:
        def note(line: trio_llm.mcp.ServerLog) -> None:
            logging.getLogger(line.server).info("%s: %s", line.level, line.data)

        async with trio_llm.mcp.connect(target, on_log=note, log_level="warning") as server:
            print(server.name)
    """

    server: str
    level: LogLevel
    data: Any
    """A text, or anything with a JSON form."""
    logger: str | None = None
    """What writes it, where the server says so."""


OnLog: TypeAlias = Callable[[ServerLog], Awaitable[None] | None]


@attrs.frozen
class LogReader:
    """Hands on what a server writes."""

    on_log: OnLog
    level: LogLevel = attrs.field(validator=attrs.validators.in_(get_args(LogLevel)))
    written_by: Callable[[], str]
    """Gives the server's name."""

    async def read(self, params: types.LoggingMessageNotificationParams) -> None:
        """Hand on a line."""
        done = self.on_log(ServerLog(self.written_by(), params.level, params.data, params.logger))
        if inspect.isawaitable(done):
            await done
        await trio.lowlevel.checkpoint()

    async def begin(self, client: mcp.Client) -> None:
        """Tell a server of the older protocols from which level on to write."""
        from mcp import types
        from mcp.types.version import MODERN_PROTOCOL_VERSIONS

        if client.server_capabilities.logging is None or client.protocol_version in MODERN_PROTOCOL_VERSIONS:
            return
        asked = types.SetLevelRequest(params=types.SetLevelRequestParams(level=self.level))
        await client.session.send_request(asked, types.EmptyResult)
