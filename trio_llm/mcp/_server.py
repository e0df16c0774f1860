"""Servers as a program sees them, and the blocks in which they are connected."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, TypedDict, Unpack, cast

import attrs

from .._engine.nursery import BareNursery
from .._runtime import trio
from .._version import __version__
from ..tools import Tool, ToolContext, ToolOutput
from ._connection import Restart, ServerConnection, pages
from ._content import content_of, messages_of, resource_part
from ._errors import ServerError
from ._inputs import Inputs, OnElicitation, OnSampling
from ._log import LogLevel, LogReader, OnLog
from ._naming import plain_name, renamed
from ._targets import Target, check_target, client_target, place_of

if TYPE_CHECKING:
    import mcp
    from mcp import types

_CONTEXT: Final = "\0context"
"""What no argument of a tool can be called."""
MOST_PROGRESS: Final = 64
"""Reports of progress that wait for whoever reads them; more are passed over."""


class ServerParams(TypedDict, total=False):
    """Every keyword argument of `connect` beside the target.

    Example:
        params: trio_llm.mcp.ServerParams = {"name": "files", "start_timeout": 10}
        async with trio_llm.mcp.connect(target, **params) as server:
            print(server.name)
    """

    name: str
    """What the server is called where names clash, and in errors; by default what it calls itself."""
    restart: Restart
    """When the connection is made again; by default at most three times a minute."""
    on_elicitation: OnElicitation | None
    """Answers what the server asks the user: an object of the schema, True where a page was opened, None to decline."""
    on_sampling: OnSampling | None
    """Answers what the server asks a model: with a text, or with a response."""
    on_log: OnLog | None
    """Told of what the server writes into its log. What it raises is logged by the package `mcp`, and lost."""
    log_level: LogLevel
    """From which level on, by default `info`."""
    roots: Sequence[str]
    """Addresses, `file:///...`, in which the server is told to work."""
    max_inputs: int
    """Questions that a server may ask in one call, by default 10."""
    start_timeout: float
    """Seconds until it must have answered, by default 60."""


@attrs.frozen
class ServerProgress:
    """How far a tool of a server is: the `value` of a `ToolProgress`.

    Example:
        if isinstance(event, trio_llm.tools.ToolProgress) and isinstance(event.value, trio_llm.mcp.ServerProgress):
            print(event.value.progress, "of", event.value.total)
    """

    progress: float
    total: float | None = None
    message: str | None = None


OnProgress = Callable[[ServerProgress], Any]


class Server:
    """A connected server. Made by `connect`; after its block every question to it is a `ServerLostError`.

    Example:
        async with trio_llm.mcp.connect(target) as server:
            run = await client.run_tools(model, messages, tools=server.tools)
    """

    def __init__(self, connection: ServerConnection, inputs: Inputs) -> None:
        self._connection = connection
        self._inputs = inputs

    @property
    def name(self) -> str:
        """What it is called."""
        return self._connection.name

    @property
    def tools(self) -> list[Tool[..., Any]]:
        """Its tools, as it told them last. One that it calls neither read-only nor idempotent commits."""
        owned = ((self.name, self._tool(one)) for one in self._connection.listed)
        return renamed(owned)

    @property
    def client(self) -> mcp.Client | None:
        """The package's own client, for what this class does not have; None while there is no connection."""
        return self._connection.client

    @property
    def instructions(self) -> str | None:
        """What the server says about its use."""
        return self.client.instructions if self.client is not None else None

    async def call(
        self, name: str, arguments: Mapping[str, Any] | None = None, *, on_progress: OnProgress | None = None
    ) -> ToolOutput:
        """Call a tool by the name that the server gives it. A cancelled call is cancelled at the server too.

        Raises:
            ServerError: if the tool fails.
            ServerLostError: if the server goes meanwhile.
        """

        async def told(progress: float, total: float | None, message: str | None) -> None:
            if on_progress is not None:
                on_progress(ServerProgress(progress, total, message))
            await trio.lowlevel.checkpoint()

        self._inputs.begin_call()
        result: types.CallToolResult = await self._connection.ask(
            lambda client: client.call_tool(name, {**(arguments or {})}, progress_callback=on_progress and told)
        )
        content = content_of(result.content)
        if result.is_error:
            said = content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
            raise ServerError(said or f"the tool {name} has failed", self.name)
        structured = result.structured_content
        return ToolOutput(content if result.content else structured, content if structured is None else structured)

    async def resources(self) -> list[types.Resource]:
        """What can be read, in the package's own words."""
        return await self._connection.ask(lambda client: pages(client.list_resources, "resources"))

    async def resource_templates(self) -> list[types.ResourceTemplate]:
        """Forms of addresses that can be read."""
        return await self._connection.ask(lambda client: pages(client.list_resource_templates, "resource_templates"))

    async def read(self, uri: str) -> list[Mapping[str, Any]]:
        """Read a resource: content parts, for the content of a message.

        Raises:
            ServerError: if there is none.
        """
        self._inputs.begin_call()
        found: types.ReadResourceResult = await self._connection.ask(lambda client: client.read_resource(uri))
        return [resource_part(one) for one in found.contents]

    async def prompts(self) -> list[types.Prompt]:
        """The prompts that there are, with their arguments."""
        return await self._connection.ask(lambda client: pages(client.list_prompts, "prompts"))

    async def prompt(self, name: str, arguments: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """Fill in a prompt: messages, for a chat call.

        Raises:
            ServerError: if there is none, or an argument is missing.
        """
        self._inputs.begin_call()
        found: types.GetPromptResult = await self._connection.ask(
            lambda client: client.get_prompt(name, {**(arguments or {})})
        )
        return messages_of(found.messages)

    async def refresh(self) -> None:
        """Ask for the tools again. Where a server says that they have changed, this is done without being asked."""
        await self._connection.ask(self._connection.list_tools)

    def _tool(self, listed: types.Tool) -> Tool[..., Any]:
        async def call(**given: Any) -> ToolOutput:
            context: ToolContext | None = given.pop(_CONTEXT, None)
            if context is None:
                return await self.call(listed.name, given)
            return await self._reporting(listed.name, given, context)

        hints = listed.annotations
        return Tool(
            call,
            plain_name(listed.name),
            listed.description or listed.title or "",
            listed.input_schema,
            strict=False,
            commits=not (hints is not None and (hints.read_only_hint or hints.idempotent_hint)),
            read=_arguments,
            context=_CONTEXT,
        )

    async def _reporting(self, name: str, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutput:
        """Call a tool whose reports of progress go to the run's events. A slow reader of them does not hold it up."""
        sender, receiver = trio.open_memory_channel[ServerProgress](MOST_PROGRESS)

        def note(progress: ServerProgress) -> None:
            # One that is passed over is made good by the next.
            with suppress(trio.WouldBlock, trio.ClosedResourceError):
                sender.send_nowait(progress)

        async def hand_on() -> None:
            with receiver:
                async for progress in receiver:
                    await context.report(progress)

        async with BareNursery() as nursery:
            nursery.start_soon(hand_on)
            with sender:
                output = await self.call(name, arguments, on_progress=note)
                # The last report may have come in the same moment; the task that brings it has not run yet.
                await trio.lowlevel.checkpoint()
        return output


def _arguments(written: Any) -> dict[str, Any]:
    """What a model wrote. The server itself checks it by the schema."""
    if not isinstance(written, dict):
        raise ValueError("they are no object")  # noqa: TRY004 - the model is told, as of every other misfit
    return cast("dict[str, Any]", written)


def merged_tools(*servers: Server) -> list[Tool[..., Any]]:
    """The tools of several servers. Where two have the same name, both get their server's in front: `web__search`.

    Example:
        tools = trio_llm.mcp.merged_tools(files, web)
        run = await client.run_tools(model, messages, tools=tools)
    """
    return renamed((server.name, tool) for server in servers for tool in server.tools)


class Servers(Mapping[str, Server]):
    """Several connected servers, by their names. Made by `connect_all`.

    Example:
        async with trio_llm.mcp.connect_all({"files": files, "web": "https://example.com/mcp"}) as servers:
            run = await client.run_tools(model, messages, tools=servers.tools)
    """

    def __init__(self, servers: Mapping[str, Server]) -> None:
        self._servers = servers

    @property
    def tools(self) -> list[Tool[..., Any]]:
        """The tools of all. Where two have the same name, both get their server's in front: `web__search`."""
        return renamed((server.name, tool) for server in self._servers.values() for tool in server.tools)

    def __getitem__(self, name: str) -> Server:
        return self._servers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._servers)

    def __len__(self) -> int:
        return len(self._servers)


@asynccontextmanager
async def connect(target: Target, **params: Unpack[ServerParams]) -> AsyncIterator[Server]:
    """Connect a server for the length of a block. Leaving it takes leave of the server, and ends its program.

    A server that goes is an error of its own tools, over every transport; by `restart` it is connected again.

    Example:
        async with trio_llm.mcp.connect("https://example.com/mcp", name="tickets") as server:
            print([tool.name for tool in server.tools])

    Args:
        target: an address, a `Command`, an `HTTP`, or a server of this process.
        params: those of `ServerParams`.

    Raises:
        ImportError: without the extra `mcp`.
        TypeError: for what is no target.
        ValueError: for a text that is no address.
        ServerLostError: if the server cannot be reached.
    """
    connection, inputs = _connection(target, params)
    async with _kept([connection]):
        yield Server(connection, inputs)


@asynccontextmanager
async def connect_all(targets: Mapping[str, Target], **params: Unpack[ServerParams]) -> AsyncIterator[Servers]:
    """Connect several servers at once, for the length of a block.

    Example:
        async with trio_llm.mcp.connect_all({"files": files, "web": "https://example.com/mcp"}) as servers:
            print(len(servers), [tool.name for tool in servers.tools])

    Args:
        targets: what `connect` takes, by the names of the servers.
        params: those of `ServerParams`, for all of them.

    Raises:
        ServerLostError: if one of them cannot be reached.
    """
    made = {name: _connection(target, {**params, "name": name}) for name, target in targets.items()}
    async with _kept([connection for connection, _ in made.values()]):
        yield Servers({name: Server(*parts) for name, parts in made.items()})


def _connection(target: Target, params: ServerParams) -> tuple[ServerConnection, Inputs]:
    check_target(target)
    for name in params.keys() - ServerParams.__annotations__.keys():
        nearest = get_close_matches(name, ServerParams.__annotations__, n=1)
        raise TypeError(f"connect has no parameter {name!r}" + (f": did you mean {nearest[0]!r}?" if nearest else ""))
    inputs = Inputs(
        params.get("max_inputs", 10), params.get("on_elicitation"), params.get("on_sampling"), params.get("roots", ())
    )
    restart, timeout = params.get("restart") or Restart(), params.get("start_timeout", 60.0)
    connection = ServerConnection(params.get("name"), lambda made: _open(target, inputs, made), restart, timeout)
    connection.name = params.get("name") or place_of(target)
    inputs.asked_by = lambda: connection.name
    on_log = params.get("on_log")
    if on_log is not None:
        connection.log = LogReader(on_log, params.get("log_level", "info"), lambda: connection.name)
    return connection, inputs


def _open(target: Target, inputs: Inputs, connection: ServerConnection) -> mcp.Client:
    given = client_target(target, connection.end)
    import mcp
    from mcp import types

    async def hear(message: Any) -> None:
        await trio.lowlevel.checkpoint()
        if isinstance(message, types.ToolListChangedNotification):
            connection.note_stale()

    return mcp.Client(
        given,
        client_info=types.Implementation(name="trio-llm", version=__version__),
        elicitation_callback=inputs.elicit if inputs.on_elicitation is not None else None,
        sampling_callback=inputs.sample if inputs.on_sampling is not None else None,
        sampling_capabilities=types.SamplingCapability(tools=types.SamplingToolsCapability()),
        logging_callback=connection.log.read if connection.log is not None else None,
        log_level=connection.log.level if connection.log is not None else None,
        list_roots_callback=inputs.list_roots if inputs.roots else None,
        message_handler=hear,
        input_required_max_rounds=inputs.most,
    )


@asynccontextmanager
async def _kept(connections: Sequence[ServerConnection]) -> AsyncIterator[None]:
    try:
        async with BareNursery() as nursery:
            for connection in connections:
                nursery.start_soon(connection.keep)
            for connection in connections:
                await connection.up()
            yield
            async with BareNursery() as leaving:
                for connection in connections:
                    leaving.start_soon(connection.leave)
            nursery.cancel_scope.cancel(reason="the block of the servers was left")
    finally:
        for connection in connections:
            connection.close()
