"""Functions as tools: their schema, their arguments, and what a model is told of their results."""

from __future__ import annotations

import dataclasses
import enum
import threading
from functools import partial
from typing import Annotated, Any, Literal, TypedDict

import anyio
import attrs
import pytest
from virtual import client_of, in_virtual_time

from trio_llm.testing import Reply, Simulator, ToolUse
from trio_llm.tools import Tool, ToolContext, tool
from trio_llm.tools._results import content_of, failure_text

MODEL = "openai/gpt-4o"
QUESTION = [{"role": "user", "content": "Go."}]


class Unit(enum.Enum):
    METRE = "m"
    FOOT = "ft"


@attrs.frozen
class Place:
    """Where."""

    city: str


@dataclasses.dataclass
class Span:
    days: int = 1


class Filter(TypedDict):
    word: str


@tool
async def search(  # noqa: PLR0917 - as many as a model has to give
    place: Place,
    words: list[Filter],
    unit: Unit = Unit.METRE,
    span: Span | None = None,
    order: Literal["near", "cheap"] = "near",
    most: Annotated[int, "at most so many"] = 5,
) -> str:
    """Find rooms.

    Only free ones.

    Args:
        place: where to look,
            by its name.
        unit: how lengths are told.

    Returns:
        place: is no argument.
    """
    return f"{place.city} {words} {unit} {span} {order} {most}"


def test_the_schema_of_a_tool_comes_from_signature_and_docstring() -> None:
    definition = search.definition["function"]
    properties = definition["parameters"]["properties"]

    assert (definition["name"], definition["description"]) == ("search", "Find rooms.\n\nOnly free ones.")
    assert definition["strict"] is True
    assert definition["parameters"]["required"] == ["place", "words", "unit", "span", "order", "most"]
    assert properties["place"]["description"] == "where to look, by its name."
    assert properties["unit"]["anyOf"] == [
        {"type": "string", "enum": ["m", "ft"], "description": "how lengths are told."},
        {"type": "null"},
    ]
    assert properties["words"]["items"]["properties"] == {"word": {"type": "string"}}
    assert properties["most"]["anyOf"][0]["description"] == "at most so many"


def test_what_strict_mode_cannot_say_is_not_strict_and_then_defaults_may_be_left_out() -> None:
    @tool
    async def note(fields: dict[str, str], title: str = "") -> None:
        """Take note."""

    assert "strict" not in note.definition["function"]
    assert note.definition["function"]["parameters"]["required"] == ["fields"]
    assert note.read('{"fields": {"a": "b"}}') == {"fields": {"a": "b"}}


def test_arguments_are_read_as_the_types_of_the_function_and_null_leaves_the_default() -> None:
    arguments = (
        '{"place": {"city": "Oslo"}, "words": [], "unit": "ft", "span": {"days": 2}, "order": null, "most": null}'
    )

    assert search.read(arguments) == {
        "place": Place("Oslo"),
        "words": [],
        "unit": Unit.FOOT,
        "span": Span(2),
    }


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ('{"words": []}', "the field 'place' is missing"),
        ('{"place": {"city": 1}, "words": []}', r"expected text, got 1 @ \$\.place\.city"),
        ('{"place": {"city": "x"}, "words": [], "order": "far"}', "expected one of 'near', 'cheap', got 'far'"),
        ('{"place": {"city"', "it is not JSON"),
        ("[]", "expected an object"),
    ],
)
def test_arguments_that_do_not_fit_say_what_is_wrong(arguments: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        search.read(arguments)


@in_virtual_time
async def test_a_tool_can_be_called_as_the_function_that_it_was() -> None:
    assert await search(Place("Oslo"), []) == "Oslo [] Unit.METRE None near 5"


def test_a_tool_is_named_and_described_as_one_likes() -> None:
    @tool(name="look-up", description="Look.", commits=True, timeout=3)
    def look(key: str) -> str:
        """Something else."""
        return key

    assert (look.name, look.description, look.commits, look.timeout) == ("look-up", "Look.", True, 3)


def test_functions_that_cannot_be_described_are_refused() -> None:
    def many(*values: int) -> None:
        """Take many."""

    with pytest.raises(TypeError, match="a model gives each argument by its name"):
        tool(many)
    with pytest.raises(TypeError, match="give it a name="):
        tool(lambda: None)


def test_the_context_is_no_argument_of_the_models() -> None:
    @tool
    async def work(context: ToolContext, size: int) -> None:
        """Work."""

    assert [*work.parameters["properties"]] == ["size"]


PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}


@pytest.mark.parametrize(
    ("value", "content"),
    [
        ("text", "text"),
        (None, ""),
        (7, "7"),
        ([1, "é"], '[1, "é"]'),
        (Place("Oslo"), '{"city": "Oslo"}'),
        ([Place("Oslo")], '[{"city": "Oslo"}]'),
        ({"unit": Unit.FOOT}, '{"unit": "ft"}'),
        (PART, [PART]),
        ([{"type": "text", "text": "a"}, PART], [{"type": "text", "text": "a"}, PART]),
    ],
)
def test_results_are_told_as_text_parts_or_json(value: Any, content: Any) -> None:
    assert content_of(value) == content


def test_what_a_model_is_told_of_a_failure_is_bounded() -> None:
    assert len(failure_text("x" * 1_000_000)) < 2_100


@in_virtual_time
async def test_a_wrong_call_and_a_failing_tool_are_told_to_the_model() -> None:
    @tool
    async def fail(text: str) -> object:
        """Fail."""
        if text == "odd":
            return object()
        raise LookupError(text * 3_000)

    calls = [ToolUse("fail", {"text": "x"}), ToolUse("fail", {}), ToolUse("nothing"), ToolUse("fail", {"text": "odd"})]
    simulator = Simulator([Reply(tool_calls=calls), Reply("ok")])
    async with client_of(simulator) as client:
        run = await client.run_tools(MODEL, QUESTION, [fail])

    failed, misfit, unknown, odd = (message["content"] for message in simulator.requests[-1].json["messages"][2:])
    assert failed.startswith("Error: LookupError: xxx")
    assert len(failed) < 2_100
    assert misfit == "Error: the arguments do not fit: the field 'text' is missing @ $.text"
    assert unknown == "Error: there is no tool 'nothing'; there are: fail"
    assert odd.startswith("Error: TypeError: ")
    assert isinstance(run.steps[0].results[0].error, LookupError)


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_synchronous_tools_run_in_worker_threads_and_at_most_so_many(backend: str) -> None:
    here, both, running, seen = threading.get_ident(), threading.Barrier(2), set[int](), list[int]()

    @tool
    def wait(number: int) -> int:
        """Wait for another one."""
        running.add(number)
        both.wait(timeout=10)  # only two at the same time get past this
        seen.append(len(running))
        both.wait(timeout=10)
        running.discard(number)
        assert threading.get_ident() != here
        return number

    async def scenario() -> None:
        calls = [ToolUse("wait", {"number": number}) for number in range(6)]
        async with client_of(Simulator([Reply(tool_calls=calls), Reply("ok")])) as client:
            run = await client.run_tools(MODEL, QUESTION, [wait], max_parallel=2)
        assert [result.value for result in run.steps[0].results] == [0, 1, 2, 3, 4, 5]

    anyio.run(partial(scenario), backend=backend)
    assert max(seen) <= 3
    assert isinstance(wait, Tool)
