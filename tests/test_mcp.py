"""Servers of the Model Context Protocol: what they offer, what they may ask, and how they go, in virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import attrs
import pytest
from hypothesis import given, strategies as st
from virtual import client_of, in_virtual_time

pytest.importorskip("mcp")

from mcp.server.mcpserver import Context, MCPServer, resolve
from mcp.server.mcpserver.exceptions import ToolError
from mcp.shared.memory import create_client_server_memory_streams
from mcp.types import (
    CreateMessageResult,
    ImageContent,
    InputRequiredResult,
    SamplingMessage,
    TextContent,
    ToolAnnotations,
)
from pydantic import BaseModel

from trio_llm._runtime import trio
from trio_llm.exceptions import LLMError
from trio_llm.mcp import (
    HTTP,
    Command,
    Elicitation,
    Restart,
    Sampling,
    Server,
    ServerError,
    ServerLostError,
    ServerProgress,
    connect,
    connect_all,
    merged_tools,
)
from trio_llm.mcp._naming import LONGEST, told_apart
from trio_llm.testing import Reply, Simulator, ToolUse, cancel_at_every_step
from trio_llm.tools import ToolProgress

MODEL = "openai/gpt-4o"
QUESTION = [{"role": "user", "content": "Go."}]


class Seat(BaseModel):
    """What the user is asked for."""

    row: int


async def ask_seat() -> resolve.Elicit[Seat]:
    return resolve.Elicit("Which row?", Seat)


async def ask_model() -> resolve.Sample:
    said = SamplingMessage(role="user", content=TextContent(text="A haiku."))
    return resolve.Sample([said], max_tokens=9, system_prompt="Be brief.", temperature=0.5)


def library(name: str = "library") -> MCPServer[Any]:
    """A server with a tool of each kind."""
    server: MCPServer[Any] = MCPServer(name, instructions="Be quiet.")
    add_tools(server, name)
    add_questions(server)

    @server.resource("shelf://a")
    def shelf() -> str:
        """The first shelf."""
        return "Ada"

    @server.resource("shelf://picture", mime_type="image/png")
    def picture() -> bytes:
        """A picture."""
        return b"ABC"

    @server.prompt()
    def review(book: str) -> str:
        """Review a book."""
        return f"Review {book}."

    return server


def add_tools(server: MCPServer[Any], name: str) -> None:

    @server.tool(name="search")
    async def search(words: str, context: Context[Any, Any]) -> str:
        """Search the shelves."""
        for step in range(3):
            await context.report_progress(step, 3, f"shelf {step}")
            await trio.sleep(1)
        return f"{name}: {words}"

    @server.tool(name="fail")
    async def fail() -> str:
        """Fail."""
        raise ToolError("no such shelf")

    @server.tool(name="look.up", annotations=ToolAnnotations(read_only_hint=True))
    async def look() -> Any:
        """Look."""
        return [ImageContent(data="QUJD", mime_type="image/png"), "a cat"]


def add_questions(server: MCPServer[Any]) -> None:
    @server.tool(name="book")
    async def book(seat: Annotated[Seat, resolve.Resolve(ask_seat)]) -> str:
        """Book a seat."""
        return f"row {seat.row}"

    @server.tool(name="write")
    async def write(said: Annotated[CreateMessageResult, resolve.Resolve(ask_model)]) -> str:
        """Write."""
        return f"{said.model}: {getattr(said.content, 'text', '')}"

    @server.tool(name="never_enough")
    async def never_enough() -> InputRequiredResult:
        """Ask again and again."""
        return InputRequiredResult(input_requests=None, request_state="again")


@attrs.define
class Wire:
    """A way to a server in memory, which breaks in either of the ways that the package's own ways do."""

    server: MCPServer[Any] = attrs.Factory(library)
    opened: int = 0
    refused: int = 0
    """Connections that are refused, from the second one on."""
    ways: dict[str, Callable[[], None]] = attrs.Factory(dict[str, Callable[[], None]])

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Any]:
        self.opened += 1
        if 1 < self.opened <= 1 + self.refused:
            raise ConnectionRefusedError("nobody is there")
        # As over HTTP: the block ends with a group. As with a program: there is nothing more to read.
        broken, serving = trio.Event(), trio.CancelScope()
        self.ways = {"group": broken.set, "end": serving.cancel}
        server = self.server._lowlevel_server

        async def fall() -> None:
            await broken.wait()
            raise ConnectionResetError("the line is dead")

        async def serve(receiving: Any, sending: Any) -> None:
            async with receiving, sending:
                with serving:
                    await server.run(receiving, sending, server.create_initialization_options())

        async with create_client_server_memory_streams() as (ours, theirs), trio.open_nursery() as nursery:
            nursery.start_soon(fall)
            nursery.start_soon(serve, *theirs)  # noqa: ASYNC113 - what is sent before waits in the stream
            yield ours
            nursery.cancel_scope.cancel()


@in_virtual_time
async def test_a_server_has_tools_resources_and_prompts() -> None:
    async with connect(library()) as server:
        told = {tool.name: (tool.commits, tool.description) for tool in server.tools}
        output = await server.call("look.up")
        prompts = await server.prompts()
        filled = await server.prompt("review", {"book": "Emma"})
        uris = {one.uri for one in await server.resources()}
        read = [await server.read(uri) for uri in ("shelf://a", "shelf://picture")]
        with pytest.raises(ServerError) as missing:
            await server.read("shelf://z")

    assert server.name == "library"
    assert told["search"] == (True, "Search the shelves.")
    assert told["look_up"] == (False, "Look.")
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}
    assert output.content == [picture, {"type": "text", "text": "a cat"}]
    assert [prompt.name for prompt in prompts] == ["review"]
    assert filled == [{"role": "user", "content": "Review Emma."}]
    assert uris == {"shelf://a", "shelf://picture"}
    assert read == [[{"type": "text", "text": "Ada"}], [picture]]
    assert missing.value.server == "library"
    assert missing.value.code is not None


@in_virtual_time
async def test_a_model_calls_the_tools_of_a_server_and_hears_of_their_progress_and_failures() -> None:
    uses = [ToolUse("search", {"words": "whales"}), ToolUse("fail"), ToolUse("search", {"wrong": 1})]
    async with connect(library()) as server, client_of(Simulator([Reply(tool_calls=uses), Reply("end")])) as client:
        started = trio.current_time()
        async with client.stream_tools(MODEL, QUESTION, server.tools) as run:
            events = [event async for event in run]
        taken = trio.current_time() - started

    assert taken == pytest.approx(3)
    first, second, third = (message["content"] for message in run.messages[2:5])
    assert first == "library: whales"
    assert second == "Error: ServerError: Error executing tool fail: no such shelf"
    assert third.startswith("Error: ServerError: ")
    assert [event.value for event in events if isinstance(event, ToolProgress)] == [
        ServerProgress(step, 3, f"shelf {step}") for step in range(3)
    ]
    assert isinstance(run.steps[0].results[1].error, ServerError)
    assert run.steps[0].results[0].value == {"result": "library: whales"}


@in_virtual_time
async def test_a_call_that_is_cancelled_leaves_the_server_usable() -> None:
    async with connect(library()) as server:
        with trio.move_on_after(1.5):
            await server.call("search", {"words": "whales"})
        assert (await server.call("search", {"words": "cats"})).content == "library: cats"


@in_virtual_time
async def test_names_that_two_servers_share_get_their_servers_in_front() -> None:
    async with connect_all({"old": library("x"), "new": library("y")}) as servers:
        names = {tool.name for tool in servers.tools}
        assert names == {tool.name for tool in merged_tools(servers["old"], servers["new"])}
        found = {tool.name: tool for tool in servers.tools}
        outputs = [await found[name](words="cats") for name in ("old__search", "new__search")]

    assert len(servers) == 2
    assert [*servers] == ["old", "new"]
    assert len(names) == 12
    assert [output.content for output in outputs] == ["x: cats", "y: cats"]


NAMES = st.text("ab_-./é", max_size=70)


@given(st.lists(st.tuples(NAMES, NAMES), max_size=12))
def test_names_are_told_apart_fit_providers_and_are_kept_where_nothing_clashes(named: list[tuple[str, str]]) -> None:
    told = told_apart(named)

    assert len(set(told)) == len(named)
    assert all(1 <= len(name) <= LONGEST and name.replace("_", "a").replace("-", "a").isalnum() for name in told)
    assert all(name.isascii() for name in told)
    originals = [name for _, name in named]
    for (_, name), other in zip(named, told, strict=True):
        if originals.count(name) == 1 and name in told:
            assert other == name or name in told[: told.index(other)]


@in_virtual_time
async def test_what_a_server_asks_in_a_call_is_answered_by_the_program() -> None:
    asked: list[Any] = []

    async def fill(question: Elicitation) -> dict[str, int]:
        asked.append(question)
        await trio.sleep(1)
        return {"row": 4}

    def sample(question: Sampling) -> str:
        asked.append(question)
        return "a haiku"

    async with connect(library(), on_elicitation=fill, on_sampling=sample) as server:
        assert (await server.call("book")).content == "row 4"
        assert (await server.call("write")).content == "unknown: a haiku"

    seat, haiku = asked
    assert (seat.server, seat.message, [*seat.schema["properties"]]) == ("library", "Which row?", ["row"])
    assert haiku.messages == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "A haiku."}]
    assert (haiku.max_tokens, haiku.temperature, haiku.server) == (9, 0.5, "library")


@in_virtual_time
async def test_a_model_of_ours_answers_a_servers_question() -> None:
    async with client_of(Simulator(Reply("a haiku"))) as client:

        async def sample(question: Sampling) -> Any:
            return await client.completion(MODEL, question.messages, max_tokens=question.max_tokens)

        async with connect(library(), on_sampling=sample) as server:
            assert (await server.call("write")).content == "gpt-4o: a haiku"


@pytest.mark.parametrize("refusal", [None, False, LookupError("nobody is at home")])
@in_virtual_time
async def test_a_question_that_is_declined_or_fails_fails_its_call_and_no_other(refusal: Any) -> None:
    def fill(_: Elicitation) -> Any:
        if refusal:
            raise refusal
        return refusal

    async with connect(library(), on_elicitation=fill) as server:
        with pytest.raises(ServerError) as caught:
            await server.call("book")
        assert (await server.call("search", {"words": "cats"})).content == "library: cats"
    if refusal:
        assert "LookupError: nobody is at home" in str(caught.value)


@in_virtual_time
async def test_a_server_may_ask_only_so_much_in_one_call() -> None:
    async with connect(library(), on_elicitation=lambda _: {"row": 1}, max_inputs=0) as server:
        with pytest.raises(ServerError, match="more than 0 rounds"):
            await server.call("book")
        with pytest.raises(ServerError, match="more than 0 rounds"):
            await server.call("never_enough")


@pytest.mark.parametrize("how", ["group", "end"])
@in_virtual_time
async def test_a_server_that_goes_is_an_error_of_its_calls_and_is_connected_again(how: str) -> None:
    wire = Wire()
    uses = [ToolUse("search", {"words": "whales"}), ToolUse("other", {})]
    simulator = Simulator([Reply(tool_calls=uses), Reply(tool_calls=uses[:1]), Reply("end")])

    async def other() -> str:
        await trio.sleep(1.5)
        wire.ways[how]()
        await trio.sleep(5)
        return "done"

    async with connect(wire, restart=Restart(pause=2)) as server, client_of(simulator) as client:
        run = await client.run_tools(MODEL, QUESTION, [*server.tools, other])

    lost, done = run.steps[0].results
    assert isinstance(lost.error, ServerLostError)
    assert "the server library has gone while it was asked" in str(lost.content)
    assert lost.seconds == pytest.approx(1.5)
    assert done.content == "done"
    assert run.steps[1].results[0].content == "library: whales"
    assert wire.opened == 2


@pytest.mark.parametrize("how", ["group", "end"])
@in_virtual_time
async def test_whoever_comes_while_a_server_is_connected_again_waits_for_it(how: str) -> None:
    wire = Wire(refused=2)
    async with connect(wire, restart=Restart(times=3, pause=1)) as server:
        started = trio.current_time()
        wire.ways[how]()
        await trio.sleep(0.1)
        output = await server.call("search", {"words": "cats"})
        assert output.content == "library: cats"
        # One second, two and four, and the three that the search takes.
        assert trio.current_time() - started == pytest.approx(10)


@pytest.mark.parametrize("how", ["group", "end"])
@in_virtual_time
async def test_whoever_was_told_that_a_server_has_gone_may_ask_again_at_once(how: str) -> None:
    wire = Wire()

    async def end() -> None:
        await trio.sleep(0.5)
        wire.ways[how]()

    async with connect(wire, restart=Restart(pause=1)) as server, trio.open_nursery() as nursery:
        nursery.start_soon(end)
        with pytest.raises(ServerLostError, match="has gone while it was asked"):
            await server.call("search", {"words": "cats"})
        assert (await server.call("search", {"words": "cats"})).content == "library: cats"


@in_virtual_time
async def test_a_server_of_this_process_that_falls_is_lost_as_any_other() -> None:
    async def fall() -> None:
        await trio.sleep(2)
        raise RuntimeError("out of paper")

    @asynccontextmanager
    async def printing(_: Any) -> AsyncIterator[None]:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fall)
            yield None
            nursery.cancel_scope.cancel()

    printer: MCPServer[None] = MCPServer("printer", lifespan=printing)

    @printer.tool()
    async def print_it() -> None:
        """Print."""
        await trio.sleep(60)

    async with connect(printer, restart=Restart(times=0)) as server:
        with pytest.raises(ServerLostError, match="RuntimeError: out of paper"):
            await server.call("print_it")
        assert trio.current_time() < 60


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("target", "name"),
    [
        (Command("no-such-program-anywhere", ["-y"]), "no-such-program-anywhere"),
        ("http://127.0.0.1:9/mcp?key=secret", "http://127.0.0.1:9/mcp"),
        (HTTP("http://127.0.0.1:9/mcp?key=secret"), "http://127.0.0.1:9/mcp"),
    ],
    ids=["program", "address", "http"],
)
async def test_a_server_that_was_never_there_is_told_by_its_place(target: Any, name: str) -> None:
    with pytest.raises(ServerLostError) as caught:
        async with connect(target):
            raise AssertionError("connected")

    assert caught.value.server == name
    assert f"the server {name} cannot be reached" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.anyio
async def test_a_command_that_was_written_as_text_is_refused_with_how_to_write_it() -> None:
    with pytest.raises(ValueError, match=r"a program is Command\('npx', \['-y', 'files'\]\)"):
        async with connect("npx -y files"):
            raise AssertionError("connected")


@pytest.mark.parametrize("how", ["group", "end"])
@in_virtual_time
async def test_a_server_that_stays_away_fails_its_calls_at_once_and_the_block_goes_on(how: str) -> None:
    wire = Wire(refused=99)
    async with connect(wire, restart=Restart(times=1, pause=1)) as server:
        wire.ways[how]()
        await trio.sleep(5)
        with pytest.raises(ServerLostError, match="cannot be reached: ConnectionRefusedError: nobody") as caught:
            await server.call("search", {"words": "cats"})
        assert isinstance(caught.value.__cause__, ConnectionRefusedError)
    assert wire.opened == 2


@in_virtual_time
async def test_a_server_that_cannot_be_reached_is_one_error_at_the_head_of_the_block() -> None:
    with pytest.raises(ServerLostError, match="nobody is there"):
        async with connect(Wire(opened=1, refused=1), name="away"):
            raise AssertionError("it was entered")
    with pytest.raises(TypeError, match="a server is an address"):
        client = connect(42)  # type: ignore[arg-type]
        async with client:
            raise AssertionError("it was entered")


@in_virtual_time
async def test_a_server_that_does_not_answer_in_time_is_lost() -> None:
    @asynccontextmanager
    async def silent() -> AsyncIterator[Any]:
        await trio.sleep_forever()
        yield None

    with pytest.raises(ServerLostError, match="it has not answered within 7 seconds"):
        async with connect(silent, name="silent", start_timeout=7):
            raise AssertionError("it was entered")
    assert trio.current_time() >= 7


@in_virtual_time
async def test_after_its_block_a_server_answers_nobody_and_those_who_ask_are_told() -> None:
    failures: list[LLMError] = []

    async def ask(server: Server) -> None:
        try:
            await server.call("search", {"words": "cats"})
        except ServerLostError as error:
            failures.append(error)

    async with trio.open_nursery() as nursery:
        async with connect(library()) as server:
            nursery.start_soon(ask, server)  # noqa: ASYNC111 - what it gets when the block is left is the subject
            await trio.sleep(1)
    await ask(server)
    assert len(failures) == 2
    assert "the block of the server library was left" in str(failures[1])


@in_virtual_time
async def test_tools_that_a_server_adds_are_found() -> None:
    library_of_one = library()
    async with connect(library_of_one) as server:
        assert "add" not in {tool.name for tool in server.tools}

        @library_of_one.tool(name="add")
        async def add() -> str:
            """Add."""
            return "added"

        await server.refresh()
        assert "add" in {tool.name for tool in server.tools}


def test_what_keeps_secrets_does_not_show_them() -> None:
    shown = repr([HTTP("https://a/b", headers={"Authorization": "Bearer x"}), Command("a", environment={"KEY": "x"})])

    assert "Bearer" not in shown
    assert "KEY" not in shown


def test_nothing_is_left_wherever_it_is_cancelled() -> None:
    server = library()

    @asynccontextmanager
    async def opened() -> AsyncIterator[Wire]:
        await trio.lowlevel.checkpoint()
        yield Wire(server)

    async def scenario(wire: Wire) -> None:
        async with connect(wire, restart=Restart(times=0)) as server:
            await server.call("look.up")
            await trio.sleep(0.1)
            wire.ways["group"]()
            await trio.sleep(0.1)

    async def again(wire: Wire) -> None:
        await trio.lowlevel.checkpoint()
        assert wire.opened == 1

    report = cancel_at_every_step(scenario, open_context=opened, after=again)

    assert min(report.steps.values()) >= 2
