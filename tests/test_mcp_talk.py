"""What servers tell besides: logs, other tools than before, and questions to a model that may call tools."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from virtual import client_of, in_virtual_time

pytest.importorskip("mcp")

from mcp import MCPError
from mcp.server.mcpserver import Context, MCPServer, resolve
from mcp.shared.memory import create_client_server_memory_streams
from mcp.shared.message import SessionMessage
from mcp.types import (
    INTERNAL_ERROR,
    METHOD_NOT_FOUND,
    CreateMessageResultWithTools,
    ErrorData,
    JSONRPCError,
    SamplingMessage,
    SetLevelRequestParams,
    SubscriptionsListenRequestParams,
    TextContent,
    Tool,
    ToolChoice,
    ToolResultContent,
    ToolUseContent,
)

from trio_llm._runtime import trio
from trio_llm.mcp import Restart, Sampling, ServerError, ServerLog, connect
from trio_llm.testing import Reply, Simulator, ToolUse

# The package says at each use that logs and questions to models are on their way out of the protocol.
pytestmark = pytest.mark.filterwarnings("ignore::mcp.MCPDeprecationWarning")


def chatty() -> MCPServer[Any]:
    """A server that writes a log, and changes its tools."""
    server: MCPServer[Any] = MCPServer("chatty")

    @server.tool(name="talk")
    async def talk(context: Context[Any, Any]) -> str:
        """Write."""
        await context.log("debug", "too little")
        await context.log("warning", {"shelf": 4}, logger_name="shelves")
        return "said"

    @server.tool(name="grow")
    async def grow(context: Context[Any, Any]) -> str:
        """Get another tool."""

        @server.tool(name="new")
        async def new() -> str:
            return "new"

        await context.notify_tools_changed()  # those who listen
        await context.request_context.session.send_tool_list_changed()  # those of older protocols
        return "grown"

    return server


@asynccontextmanager
async def in_memory(server: MCPServer[Any]) -> AsyncIterator[Any]:
    """A way to a server that writes and reads messages, as over standard streams."""
    lowlevel = server._lowlevel_server

    async def serve(receiving: Any, sending: Any) -> None:
        async with receiving, sending:
            await lowlevel.run(receiving, sending, lowlevel.create_initialization_options())

    async with create_client_server_memory_streams() as (ours, theirs), trio.open_nursery() as nursery:
        nursery.start_soon(serve, *theirs)  # noqa: ASYNC113 - what is sent before waits in the stream
        yield ours
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def older(server: MCPServer[Any]) -> AsyncIterator[Any]:
    """A way to a server that speaks a protocol with a handshake, as all did before 2026: it knows of no other."""

    async def hand_on(receiving: Any, sending: Any, answering: Any) -> None:
        async with receiving, sending, answering:
            async for message in receiving:
                asked = getattr(message, "message", message)
                if getattr(asked, "method", "") == "server/discover":
                    error = ErrorData(code=METHOD_NOT_FOUND, message="no such method")
                    await answering.send(SessionMessage(JSONRPCError(jsonrpc="2.0", id=asked.id, error=error)))
                else:
                    await sending.send(message)

    async with create_client_server_memory_streams() as (ours, theirs), in_memory(server) as (heard, told):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(hand_on, theirs[0], told, theirs[1].clone())
            nursery.start_soon(hand_on, heard, theirs[1], theirs[1].clone())
            yield ours
            nursery.cancel_scope.cancel()


@pytest.mark.parametrize("level", ["debug", "warning", "error"])
@in_virtual_time
async def test_what_a_server_writes_into_its_log_is_told(level: Any) -> None:
    lines: list[ServerLog] = []

    async def note(line: ServerLog) -> None:
        await trio.lowlevel.checkpoint()
        lines.append(line)

    async with connect(chatty(), on_log=note, log_level=level, name="books") as server:
        assert (await server.call("talk")).content == "said"
        await trio.sleep(1)

    warning, debug = ServerLog("books", "warning", {"shelf": 4}, "shelves"), ServerLog("books", "debug", "too little")
    assert lines == {"debug": [debug, warning], "warning": [warning], "error": []}[level]


@in_virtual_time
async def test_a_log_that_nobody_reads_and_a_reader_that_fails_harm_no_call() -> None:
    def fail(line: ServerLog) -> None:
        raise ArithmeticError(line.data)

    for params in ({}, {"on_log": fail}):
        given: Any = params
        async with connect(chatty(), **given) as server:
            assert (await server.call("talk")).content == "said"


@in_virtual_time
async def test_a_server_of_an_older_protocol_is_told_its_level_where_it_has_one() -> None:
    lines: list[ServerLog] = []
    asked: list[str] = []
    server = chatty()

    async def set_level(_: Any, params: SetLevelRequestParams) -> Any:
        await trio.lowlevel.checkpoint()
        asked.append(params.level)
        return {}

    for told in ([], ["notice"]):
        async with connect(lambda: older(server), on_log=lines.append, log_level="notice") as connected:
            assert connected.client is not None
            assert connected.client.protocol_version != "2026-07-28"
            assert (await connected.call("talk")).content == "said"
            await trio.sleep(1)
        assert asked == told
        server._lowlevel_server.add_request_handler("logging/setLevel", SetLevelRequestParams, set_level)
    assert {line.level for line in lines} == {"debug", "warning"}  # this server does not heed it


@pytest.mark.parametrize("way", ["here", "in memory", "older"])
@in_virtual_time
async def test_tools_that_a_server_gets_are_heard_of(way: str) -> None:
    server = chatty()
    ways: dict[str, Any] = {"here": server, "in memory": lambda: in_memory(server), "older": lambda: older(server)}
    async with connect(ways[way]) as connected:
        await connected.call("grow")
        await trio.sleep(1)

        assert {tool.name for tool in connected.tools} == {"talk", "grow", "new"}


@pytest.mark.parametrize(("refused", "heard"), [(2, True), (4, False)])
@in_virtual_time
async def test_who_cannot_listen_any_more_tries_again_so_often_and_the_server_stays(refused: int, heard: bool) -> None:
    server = chatty()
    listens = server._lowlevel_server.get_request_handler("subscriptions/listen")
    assert listens is not None
    tries = 0

    async def listen(context: Any, params: SubscriptionsListenRequestParams) -> Any:
        nonlocal tries
        tries += 1
        if tries <= refused:
            raise MCPError(INTERNAL_ERROR, "the line is dead")
        return await listens.handler(context, params)

    server._lowlevel_server.add_request_handler("subscriptions/listen", SubscriptionsListenRequestParams, listen)
    async with connect(lambda: in_memory(server), restart=Restart(times=3, pause=1)) as connected:
        await connected.call("grow")
        await trio.sleep(30)

        assert ("new" in {tool.name for tool in connected.tools}) == heard
        assert (await connected.call("talk")).content == "said"
    assert tries == min(refused + 1, 4)


LOOK_UP = Tool(name="look_up", description="Look up.", input_schema={"type": "object", "properties": {}})


def asking(messages: list[SamplingMessage], **params: Any) -> MCPServer[Any]:
    """A server that asks a model, and offers it a tool."""
    server: MCPServer[Any] = MCPServer("asking")

    async def ask() -> resolve.Sample:
        return resolve.Sample(messages, max_tokens=9, tools=[LOOK_UP], **params)

    async def think(said: Any) -> str:
        """Think."""
        return json.dumps([block.model_dump(exclude_none=True) for block in said.content_as_list] + [said.stop_reason])

    # Written out, it would be read as a text that knows nothing of this function's names.
    think.__annotations__["said"] = Annotated[CreateMessageResultWithTools, resolve.Resolve(ask)]
    server.tool(name="think")(think)
    return server


HISTORY = [
    SamplingMessage(role="user", content=TextContent(text="Where is it?")),
    SamplingMessage(
        role="assistant",
        content=[
            TextContent(text="Let me see."),
            ToolUseContent(name="look_up", id="id_a", input={"what": "it"}),
            ToolUseContent(name="look_up", id="id_b", input={}),
        ],
    ),
    SamplingMessage(
        role="user",
        content=[
            ToolResultContent(tool_use_id="id_a", content=[TextContent(text="here")]),
            ToolResultContent(tool_use_id="id_b", structured_content={"shelf": 4}),
        ],
    ),
]


def written_call(identifier: str, arguments: str) -> dict[str, Any]:
    return {"id": identifier, "type": "function", "function": {"name": "look_up", "arguments": arguments}}


@in_virtual_time
async def test_a_model_that_a_server_asks_may_call_the_servers_tools() -> None:
    asked: list[Sampling] = []
    replies = [Reply("Well,", tool_calls=[ToolUse("look_up", {"what": "it"}, id="id_c")]), Reply("There.")]
    simulator = Simulator(replies)
    async with client_of(simulator) as client:

        async def sample(question: Sampling) -> Any:
            asked.append(question)
            choice: Any = question.tool_choice
            tools = list(question.tools)
            return await client.completion("openai/gpt-4o", question.messages, tools=tools, tool_choice=choice)

        async with connect(asking(HISTORY, tool_choice=ToolChoice(mode="required")), on_sampling=sample) as server:
            called, said = [json.loads((await server.call("think")).content) for _ in range(2)]

    use = {"type": "tool_use", "name": "look_up", "id": "id_c", "input": {"what": "it"}}
    assert called == [{"type": "text", "text": "Well,"}, use, "toolUse"]
    assert said == [{"type": "text", "text": "There."}, "endTurn"]
    assert asked[0].tool_choice == "required"
    body = simulator.requests[0].json
    assert [one["function"]["name"] for one in body["tools"]] == ["look_up"]
    assert body["messages"] == [
        {"role": "user", "content": "Where is it?"},
        {
            "role": "assistant",
            "content": "Let me see.",
            "tool_calls": [written_call("id_a", '{"what": "it"}'), written_call("id_b", "{}")],
        },
        {"role": "tool", "tool_call_id": "id_a", "content": "here"},
        {"role": "tool", "tool_call_id": "id_b", "content": '{"shelf": 4}'},
    ]


@pytest.mark.parametrize("arguments", ["{", "[1]"])
@in_virtual_time
async def test_a_call_without_an_object_of_arguments_fails_the_question(arguments: str) -> None:
    async with client_of(Simulator(Reply(tool_calls=[ToolUse("look_up", arguments)]))) as client:

        async def sample(question: Sampling) -> Any:
            return await client.completion("openai/gpt-4o", question.messages, tools=list(question.tools))

        async with connect(asking(HISTORY[:1]), on_sampling=sample) as server:
            with pytest.raises(ServerError):
                await server.call("think")


@in_virtual_time
async def test_a_text_answers_a_question_that_offers_tools() -> None:
    async with connect(asking(HISTORY[:1]), on_sampling=lambda _: "here") as server:
        assert json.loads((await server.call("think")).content) == [{"type": "text", "text": "here"}, "endTurn"]


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"on_logs": print}, "connect has no parameter 'on_logs': did you mean 'on_log'"),
        ({"on_log": print, "log_level": "loud"}, "'level' must be in"),
    ],
)
@in_virtual_time
async def test_a_misspelt_parameter_is_refused(params: dict[str, Any], problem: str) -> None:
    with pytest.raises((TypeError, ValueError), match=problem):
        async with connect(chatty(), **params):
            pass
