"""Where servers are, and how a connection to one begins."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs

if TYPE_CHECKING:
    import httpx2
    from mcp.client import Transport
    from mcp.client._transport import TransportStreams
    from mcp.server import Server as LowLevelServer
    from mcp.server.mcpserver import MCPServer

INSTALL = 'pip install "trio-llm[mcp]"'
LONGEST_READ = 300.0
"""Seconds between two bytes of a server over HTTP. The deadline of a call comes first, as a rule."""


@attrs.frozen
class Command:
    """A server that is a program. It is started, spoken to over its standard streams, and ended with the block.

    Example:
        files = trio_llm.mcp.Command("npx", ["-y", "@modelcontextprotocol/server-filesystem", "/srv"])
    """

    command: str
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] | None = attrs.field(default=None, repr=False)
    """Variables beside the few that every program gets, such as PATH and HOME."""
    directory: str | None = None
    """Where it runs; by default where this program does."""


@attrs.frozen
class HTTP:
    """A server at an address, over streamable HTTP. A text is enough where no headers are needed.

    Example:
        tickets = trio_llm.mcp.HTTP("https://example.com/mcp", headers={"Authorization": "Bearer ..."})
    """

    url: str
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)
    """Sent to this address and to no other."""
    client: Callable[[], httpx2.AsyncClient] | None = attrs.field(default=None, repr=False)
    """Makes the HTTP client of one connection, where proxies or certificates need one; `headers` are then its own."""


Target: TypeAlias = "str | Command | HTTP | MCPServer[Any] | LowLevelServer[Any] | Callable[[], Transport]"
"""Where a server is: an address, a program, a server of this process, or what makes a transport of `mcp`."""


def check_target(target: Target) -> None:
    """Check that there can be a connection to a target.

    Raises:
        ImportError: where the extra is not installed.
        TypeError: for what is no target.
        ValueError: for a text that is no address.
    """
    try:
        import_module("mcp")
    except ImportError as error:
        raise ImportError(f"servers of the Model Context Protocol need the package mcp: {INSTALL}") from error
    if not (isinstance(target, str | Command | HTTP) or _is_here(target) or callable(target)):
        raise TypeError(f"a server is an address, a Command, an HTTP or a server of this process, not {target!r}")
    if isinstance(target, str) and not target.startswith(("http://", "https://")):
        program, *arguments = target.split() or [""]
        raise ValueError(f"{target!r} is no http or https address: a program is Command({program!r}, {arguments!r})")


def place_of(target: Target) -> str:
    """Where a server is, for errors before it has told its name; an address without its query, which may hold a key."""
    match target:
        case str(url) | HTTP(url):
            return url.partition("?")[0]
        case Command(command):
            return command
        case _:
            return getattr(target, "name", None) or "unnamed"


def client_target(target: Target, ended: Callable[[], None]) -> Any:
    """A target as the package's client takes it, for one connection. `ended` is called when it can bring no more."""
    from mcp.client import stdio

    match target:
        case str():
            return watched(_over_http(HTTP(target)), ended)
        case HTTP():
            return watched(_over_http(target), ended)
        case Command(command, arguments, environment, directory):
            given = None if environment is None else {**environment}
            told = stdio.StdioServerParameters(command=command, args=[*arguments], env=given, cwd=directory)
            return watched(stdio.stdio_client(told), ended)
        case _:
            made: Any = target
            return made if _is_here(target) else watched(made(), ended)


def _is_here(target: Any) -> bool:
    """Whether it is a server of this process."""
    return hasattr(target, "list_tools") or hasattr(target, "lifespan")


@asynccontextmanager
async def _over_http(target: HTTP) -> AsyncIterator[TransportStreams]:
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    timeout = httpx2.Timeout(30.0, read=LONGEST_READ)
    made = httpx2.AsyncClient(headers={**target.headers}, timeout=timeout) if target.client is None else target.client()
    async with made, streamable_http_client(target.url, http_client=made) as streams:
        yield streams


@asynccontextmanager
async def watched(
    transport: AbstractAsyncContextManager[TransportStreams], ended: Callable[[], None]
) -> AsyncIterator[TransportStreams]:
    """A transport that tells when its server says nothing any more: the package's client does not."""
    async with transport as (receiving, sending):
        yield _Watched(receiving, ended), sending


class _Watched:
    """A stream of messages from a server, as the package reads it."""

    def __init__(self, stream: Any, ended: Callable[[], None]) -> None:
        self._stream = stream
        self._ended = ended

    @property
    def last_context(self) -> Any:
        """Of whoever has sent the last message."""
        return getattr(self._stream, "last_context", None)

    async def receive(self) -> Any:
        return await self._stream.receive()

    async def aclose(self) -> None:
        await self._stream.aclose()

    def __aiter__(self) -> _Watched:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._stream.__anext__()
        except StopAsyncIteration:
            self._ended()
            raise

    async def __aenter__(self) -> _Watched:
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *failure: Any) -> None:
        await self._stream.__aexit__(*failure)
