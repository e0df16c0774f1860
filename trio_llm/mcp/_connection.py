"""One connection to a server: kept by a task of its own, and made again by policy.

Theory of operation. The package's client is a block. What breaks it differs: over HTTP a request that fails cancels the
whole block and leaves it as a group, over standard streams only the requests fail. So the block lies in a task of its
own, the *keeper*, and whoever asks does so from another task, in a scope that ends with the connection. Over every
transport alike a server that goes is then a `ServerLostError` of those who were asking it.

    STARTING -> UP          the first handshake is done
    STARTING -> LOST        it failed: whoever connects is told why
    UP -> RESTARTING        the connection has ended; those who were asking are told, and are not asked for again
    RESTARTING -> UP        who has come meanwhile goes on
    RESTARTING -> LOST      the policy allows no more: from now on asking fails at once
    any -> CLOSED           the block was left
"""

from __future__ import annotations

import enum
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs

from .._engine.nursery import BareNursery
from .._runtime import trio
from ._errors import ServerError, ServerLostError

if TYPE_CHECKING:
    import mcp
    import mcp.types

    from ._log import LogReader

T = TypeVar("T")
CLOSING: Final = 5.0
"""Seconds for a server to take its leave."""
MOST_PAGES: Final = 100
"""Pages of one list that are read."""
_FORGOTTEN: Final = "Session terminated"
"""What the package says of a server over HTTP that was started anew and knows nothing of the session."""


@attrs.frozen
class Restart:
    """How often a connection is made again. What was under way when it ended is never asked for again.

    Example:
        async with trio_llm.mcp.connect(target, restart=trio_llm.mcp.Restart(times=0)) as server:
            print(server.tools)
    """

    times: int = 3
    """Restarts in `within` seconds; 0 for none."""
    within: float = 60.0
    pause: float = 0.5
    """Seconds before the first of them; each further one waits twice as long."""

    def pause_before(self, ends: Sequence[float], now: float) -> float | None:
        """Seconds until the next restart, by the times of all ends of the connection. None if there is to be none."""
        recent = sum(now - end <= self.within for end in ends)
        return None if recent > self.times else self.pause * 2.0 ** (recent - 1)


class State(enum.Enum):
    STARTING = "starting"
    UP = "up"
    RESTARTING = "restarting"
    LOST = "lost"
    CLOSED = "closed"


class ServerConnection:
    """A server, as whoever asks it sees it."""

    def __init__(
        self, name: str | None, opened: Callable[[ServerConnection], mcp.Client], restart: Restart, start_timeout: float
    ) -> None:
        self.name: str = name or ""
        """As it was given, or what the server calls itself; where it is, until it has said so."""
        self.state: State = State.STARTING
        self.listed: list[mcp.types.Tool] = []
        """The server's tools, as it told them last."""
        self.log: LogReader | None = None
        """Who is told of what the server writes into its log."""
        self.client: mcp.Client | None = None
        """The package's client, while the connection is up."""
        self._has_name = name is not None
        self._opened = opened
        self._restart = restart
        self._start_timeout = start_timeout
        self._cause: Exception | None = None
        self._asking: set[trio.CancelScope] = set()
        self._moved = trio.Event()
        self._news = trio.Event()
        self._is_over = self._is_stale = self._is_left = False

    async def keep(self) -> None:
        """Hold the connection until the block is left, or the policy allows no more."""
        ends: list[float] = []
        while True:
            self._cause = await self._live()
            for scope in self._asking:
                scope.cancel()
            now = trio.current_time()
            ends.append(now)
            pause = None if self.state is State.STARTING else self._restart.pause_before(ends, now)
            if pause is None or self._is_left:
                self._move(State.CLOSED if self._is_left else State.LOST)
                return
            self._move(State.RESTARTING)
            await trio.sleep(pause)

    async def ask(self, act: Callable[[mcp.Client], Awaitable[T]]) -> T:
        """Ask the server something, when it is there.

        Raises:
            ServerError: if it refuses.
            ServerLostError: if it goes meanwhile, or has gone.
        """
        from mcp import MCPError
        from mcp.types import CONNECTION_CLOSED

        client = await self.up()
        with trio.CancelScope() as scope:
            self._asking.add(scope)
            try:
                return await act(client)
            except MCPError as error:
                if error.code != CONNECTION_CLOSED and error.message != _FORGOTTEN:
                    raise ServerError(error.message, self.name, error.code) from error
                self._cause = error
                if self.client is client:
                    self.end()
            except (RuntimeError, ValueError) as error:  # an answer that is none, or questions without end
                raise ServerError(str(error), self.name) from error
            finally:
                self._asking.discard(scope)
        raise self._lost("has gone while it was asked")

    def end(self) -> None:
        """Note that this connection can bring nothing more. Whoever asks from now on waits for the next one."""
        self._is_over, self.client = True, None
        self._news.set()

    async def leave(self) -> None:
        """Take leave of the server, if there is one."""
        self._is_left = True
        with trio.move_on_after(CLOSING):
            while self.state is State.UP:
                self.end()
                await self._moved.wait()

    def close(self) -> None:
        """Tell everybody who still asks, or will, that the block was left."""
        self._is_left = True
        for scope in self._asking:
            scope.cancel()
        self._move(State.CLOSED)

    def note_stale(self) -> None:
        """Note that the server has other tools now."""
        self._is_stale = True
        self._news.set()

    async def list_tools(self, client: mcp.Client) -> None:
        """Ask what tools there are."""
        if client.server_capabilities.tools is not None:
            self.listed = await pages(client.list_tools, "tools")

    async def _live(self) -> Exception | None:
        """One connection from beginning to end. Gives why it ended."""
        self._is_over = self._is_stale = False
        starting = trio.CancelScope(deadline=trio.current_time() + self._start_timeout)
        try:
            with starting:
                async with self._opened(self) as client:
                    await self._greet(client)
                    starting.deadline = math.inf
                    self.client, self._cause = client, None
                    self._move(State.UP)
                    async with BareNursery() as nursery:
                        nursery.start_soon(self._listen, client)
                        await self._stay(client)
                        nursery.cancel_scope.cancel(reason="the connection has ended")
        except BaseExceptionGroup as group:
            return _mishap(group)
        except Exception as error:  # noqa: BLE001 - whoever asks is told, and the server started anew by policy
            return error
        finally:
            self.client = None
        if starting.cancelled_caught:
            return TimeoutError(f"it has not answered within {self._start_timeout:g} seconds")
        return self._cause

    async def _greet(self, client: mcp.Client) -> None:
        if client.server_info is not None and not self._has_name:
            self.name = client.server_info.name
        if self.log is not None:
            await self.log.begin(client)
        await self.list_tools(client)

    async def _stay(self, client: mcp.Client) -> None:
        while not self._is_over:
            await self._news.wait()
            self._news = trio.Event()
            if self._is_stale and not self._is_over:
                self._is_stale = False
                await self.list_tools(client)

    async def _listen(self, client: mcp.Client) -> None:
        """Hear of changes of the tools, from servers of the stateless protocol: they tell those who listen."""
        from mcp import MCPError
        from mcp.client.subscriptions import SubscriptionLost
        from mcp.types.version import MODERN_PROTOCOL_VERSIONS

        tools = client.server_capabilities.tools
        if client.protocol_version not in MODERN_PROTOCOL_VERSIONS or tools is None or not tools.list_changed:
            return
        ends: list[float] = []
        while True:
            try:
                async with client.listen(tools_list_changed=True) as subscription:
                    self.note_stale()  # what has changed meanwhile was told to nobody
                    async for _ in subscription:
                        self.note_stale()
                return  # the server has nothing more to tell
            except (MCPError, SubscriptionLost, TimeoutError):
                ends.append(trio.current_time())
            pause = self._restart.pause_before(ends, ends[-1])
            if pause is None:
                return  # whoever wants to know asks by `refresh`
            await trio.sleep(pause)

    async def up(self) -> mcp.Client:
        """The package's client, when the connection is up.

        Raises:
            ServerLostError: if it will not be.
        """
        while self.client is None:
            if self.state is State.CLOSED or self._is_left:
                raise ServerLostError(f"the block of the server {self.name} was left", self.name)
            if self.state is State.LOST:
                raise self._lost("cannot be reached")
            await self._moved.wait()
        return self.client

    def _lost(self, what: str) -> ServerLostError:
        cause = f": {type(self._cause).__name__}: {self._cause}" if self._cause is not None else ""
        error = ServerLostError(f"the server {self.name} {what}{cause}", self.name)
        error.__cause__ = self._cause
        return error

    def _move(self, state: State) -> None:
        self.state = state
        self._moved.set()
        self._moved = trio.Event()


def _mishap(group: BaseExceptionGroup[BaseException]) -> Exception:
    """The first error of a connection's block. A cancellation or an interrupt among them goes on."""
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        mishaps = found.exceptions
        found = next((one for one in mishaps if not isinstance(one, Exception)), mishaps[0])
    if not isinstance(found, Exception):
        raise found
    return found


async def pages(ask: Callable[..., Awaitable[Any]], field: str) -> list[Any]:
    """All items of a list that a server gives page by page."""
    found: list[Any] = []
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await ask(cursor=cursor)
        found += getattr(page, field)
        cursor = page.next_cursor
        if cursor is None:
            break
    return found
