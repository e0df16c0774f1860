"""Answers as types: read, checked, asked for again, and growing while they are written."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import pickle
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import attrs
import pydantic
import pytest
from hypothesis import given, strategies as st
from virtual import ask, assert_nothing_left, client_of, in_virtual_time

from trio_llm import BadRequestError, ChatRequest, Client, Timeout
from trio_llm._convert.answers import UnfitError, fit, read_json
from trio_llm._dialects.schema import response_format_dict
from trio_llm._runtime import trio
from trio_llm.exceptions import AnswerValidationError
from trio_llm.observe import AttemptSent, CallEnded, Event
from trio_llm.structured._streams import _Growth
from trio_llm.testing import AtEvent, RawReply, Reply, RequestOutcome, Simulator, ToolUse, cancel_at_every_step
from trio_llm.tools import ToolRunError

MODEL = "openai/gpt-4o"
QUESTION = [{"role": "user", "content": "Who?"}]


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@attrs.frozen
class Person:
    name: str
    born: int
    likes: Colour | None = None


@dataclasses.dataclass
class Place:
    city: str
    distances: dict[str, float] = dataclasses.field(default_factory=dict)


class Sighting(TypedDict):
    bird: Annotated[str, "in Latin"]
    count: NotRequired[int]


class Inner(pydantic.BaseModel):
    bird: str


class Model(pydantic.BaseModel):
    name: str
    inner: list[Inner] = []


class Birds(pydantic.RootModel[list[Inner]]):
    """A pydantic model of a bare value."""


class Counts(pydantic.RootModel[dict[str, int]]):
    """Another, which is an object with free keys."""


@attrs.frozen
class Tree:
    value: int
    children: list[Tree]


FITTING: list[tuple[Any, Any, Any]] = [
    (Person, {"name": "Ada", "born": 1815, "likes": "red"}, Person("Ada", 1815, Colour.RED)),
    (Person, {"name": "Ada", "born": 1815.0}, Person("Ada", 1815)),
    (Place, {"city": "Oslo", "distances": {"Rome": 2000}}, Place("Oslo", {"Rome": 2000.0})),
    (Sighting, {"bird": "Parus major"}, {"bird": "Parus major"}),
    (Model, {"name": "x", "inner": [{"bird": "b"}]}, Model(name="x", inner=[Inner(bird="b")])),
    (Birds, [{"bird": "b"}], Birds([Inner(bird="b")])),
    (Counts, {"heron": 2}, Counts({"heron": 2})),
    (Tree, {"value": 1, "children": [{"value": 2, "children": []}]}, Tree(1, [Tree(2, [])])),
    (list[Person], [{"name": "Ada", "born": 1}], [Person("Ada", 1)]),
    (Person | Place, {"city": "Oslo"}, Place("Oslo")),
    (Literal["yes", "no"], "no", "no"),
    (Colour, "blue", Colour.BLUE),
    (list[Person | Place | None], [{"name": "A", "born": 1}, None], [Person("A", 1), None]),
    (datetime.date, "2026-11-28", datetime.date(2026, 11, 28)),
    (set[int], [1, 2], {1, 2}),
    (int | str, "7", "7"),
]
UNFIT: list[tuple[Any, Any, str]] = [
    (Person, {"name": "Ada"}, r"the field 'born' is missing"),
    (Person, {"name": "Ada", "born": "1815"}, r"expected a whole number, got '1815' @ \$\.born"),
    (Person, {"name": "Ada", "born": True}, r"expected a whole number, got True @ \$\.born"),
    (Person, {"name": 5, "born": 1}, r"expected text, got 5 @ \$\.name"),
    (Person, ["Ada"], r"expected an object, got \['Ada'\]"),
    (Person, {"name": "A", "born": 1, "likes": "green"}, r"expected one of 'red', 'blue', got 'green'"),
    (list[Person], {"name": "Ada"}, "expected a list"),
    (list[Person], [{"name": "A", "born": 1}, {"name": "B", "born": None}], r"got None @ \$\[1\]\.born"),
    (Literal[1, 2], True, "expected one of 1, 2, got True"),
    (Person | Place, {}, "none of the allowed types fits: as Place: .*city.*, or as Person: .*name"),
    (Model, {"inner": []}, "name"),
    (Sighting, {"bird": "b", "count": "x"}, r"expected a whole number, got 'x' @ \$\.count"),
    (Sighting, {"count": 1}, "the field 'bird' is missing"),
    (list[int], [str(number) for number in range(9)], "; and 4 more"),
]


@pytest.mark.parametrize(("kind", "value", "made"), FITTING)
def test_what_fits_is_read_as_its_type(kind: Any, value: Any, made: Any) -> None:
    assert fit(value, kind) == made
    assert type(fit(value, kind)) is type(made)


@pytest.mark.parametrize(("kind", "value", "problem"), UNFIT)
def test_what_does_not_fit_says_what_is_wrong_and_where(kind: Any, value: Any, problem: str) -> None:
    with pytest.raises(UnfitError, match=problem) as caught:
        fit(value, kind)
    assert len(str(caught.value)) < 2_000


@pytest.mark.parametrize("text", ['{"a": 1}', ' {"a": 1}\n', '```json\n{"a": 1}\n```', '```\n{"a": 1}```'])
def test_a_fence_around_an_answer_is_passed_over(text: str) -> None:
    assert read_json(text) == {"a": 1}


@pytest.mark.parametrize(("kind", "value", "made"), FITTING)
def test_the_schema_of_a_type_is_that_of_an_object(kind: Any, value: Any, made: Any) -> None:
    described = response_format_dict(kind)["json_schema"]

    assert described["schema"]["type"] == "object"
    assert described["name"].isidentifier()
    if not isinstance(value, Mapping):
        assert [*described["schema"]["properties"]] == ["value"]


def said(value: Any) -> str:
    return json.dumps(value if isinstance(value, dict) else {"value": value})


WIRES = {
    "openai/gpt-4o": lambda value: Reply(said(value)),
    "gemini/gemini-2.5-flash": lambda value: Reply(said(value)),
    "anthropic/claude-opus-4-6": lambda value: Reply(said(value)),
    "anthropic/claude-3-5-haiku": lambda value: Reply(tool_calls=[ToolUse("json_answer", json.loads(said(value)))]),
}


@pytest.mark.parametrize("model", WIRES)
@in_virtual_time
async def test_every_type_is_answered_on_every_wire(model: str) -> None:
    simulator = Simulator([WIRES[model](value) for _, value, _ in FITTING])
    async with client_of(simulator) as client:
        for kind, _, made in FITTING:
            response = await client.completion(model, QUESTION, response_format=kind)
            assert response.parsed == response.choices[0].message.parsed == made


ADA = {"name": "Ada", "born": 1815}
WRONG = Reply('{"name": "Ada", "born": "?"}', latency=1)
RIGHT = Reply(json.dumps(ADA), latency=1)


class Notes:
    wants = (AttemptSent, CallEnded)

    def __init__(self) -> None:
        self.events: list[Any] = []

    def observe(self, event: Event) -> None:
        self.events.append(event)


@in_virtual_time
async def test_an_answer_that_does_not_fit_raises_with_the_answer() -> None:
    async with client_of(Simulator([WRONG])) as client:
        with pytest.raises(AnswerValidationError, match=r"expected a whole number, got '\?' @ \$\.born") as caught:
            await client.completion(MODEL, QUESTION, response_format=Person)

    assert caught.value.partial.choices[0].message.content == '{"name": "Ada", "born": "?"}'
    assert caught.value.partial.usage.total_tokens > 0
    assert caught.value.attempts == 1
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@in_virtual_time
async def test_a_repair_shows_the_model_what_was_wrong_and_is_part_of_the_same_call() -> None:
    notes, simulator = Notes(), Simulator([WRONG, WRONG, RIGHT])
    async with client_of(simulator, observers=[notes]) as client:
        started = trio.current_time()
        response = await client.completion(MODEL, QUESTION, response_format=Person, max_repairs=2)

        assert response.parsed == Person("Ada", 1815)
        assert trio.current_time() - started == pytest.approx(3)
    assert [type(event) for event in notes.events] == [AttemptSent] * 3 + [CallEnded]
    assert response.usage == notes.events[-1].usage
    assert response.usage
    assert response.usage.completion_tokens == 4 + 4 + 4
    *_, answer, told = simulator.requests[-1].json["messages"]
    assert answer == {"role": "assistant", "content": '{"name": "Ada", "born": "?"}'}
    assert "got '?' @ $.born" in told["content"]
    assert "max_repairs" not in simulator.requests[0].json


@in_virtual_time
async def test_repairs_end_after_so_many_and_the_error_has_the_usage_of_all() -> None:
    simulator = Simulator(WRONG)
    async with client_of(simulator) as client:
        with pytest.raises(AnswerValidationError) as caught:
            await client.extract(Person, "Ada was born in 1815", model=MODEL)

    assert len(simulator.requests) == 3
    assert caught.value.partial.usage.completion_tokens == 12


@in_virtual_time
async def test_the_deadline_of_a_call_holds_for_its_repairs_and_keeps_the_answer() -> None:
    simulator = Simulator(WRONG)
    async with client_of(simulator) as client:
        with pytest.raises(Timeout) as caught:
            await client.completion(MODEL, QUESTION, response_format=Person, max_repairs=9, timeout=2.5)
        assert_nothing_left(client, simulator)

    assert len(simulator.requests) == 3
    assert caught.value.partial.usage.completion_tokens == 8


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (Reply('{"name": "Ad', finish_reason="length"), "raise max_tokens"),
        (Reply(""), "it is empty"),
        (Reply("I do not know."), "it is not JSON"),
    ],
)
@in_virtual_time
async def test_what_is_no_answer_is_not_taken_for_one(reply: Reply, problem: str) -> None:
    async with client_of(Simulator([reply])) as client:
        with pytest.raises(AnswerValidationError, match=problem):
            await client.completion(MODEL, QUESTION, response_format=Person)


@in_virtual_time
async def test_an_answer_that_was_cut_off_is_not_asked_for_again() -> None:
    simulator = Simulator(Reply('{"name": "Ad', finish_reason="length"))
    async with client_of(simulator) as client:
        with pytest.raises(AnswerValidationError):
            await client.extract(Person, "x", model=MODEL)

    assert len(simulator.requests) == 1


@in_virtual_time
async def test_a_model_that_calls_tools_has_not_answered() -> None:
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
    async with client_of(Simulator(Reply(tool_calls=[ToolUse("look")]))) as client:
        response = await client.completion(MODEL, QUESTION, response_format=Person, tools=[tool])

    assert response.choices[0].message.parsed is None
    with pytest.raises(ValueError, match="it calls tools"):
        _ = response.parsed


@in_virtual_time
async def test_what_was_read_is_not_sent_back_and_not_dumped() -> None:
    simulator = Simulator([RIGHT, Reply("ok")])
    async with client_of(simulator) as client:
        response: Any = await client.completion(MODEL, QUESTION, response_format=Person)
        message = response.choices[0].message
        await client.completion(MODEL, [*QUESTION, message, *QUESTION])

    assert "parsed" not in json.dumps(response.model_dump())
    assert simulator.requests[-1].json["messages"][1] == {"role": "assistant", "content": json.dumps(ADA)}
    assert pickle.loads(pickle.dumps(response)).parsed == message.parsed == Person("Ada", 1815)
    assert response.llm_provider == "openai"


@in_virtual_time
async def test_fan_outs_read_answers_and_fallbacks_follow_what_does_not_fit() -> None:
    simulator = Simulator([RIGHT, WRONG, RIGHT])
    async with client_of(simulator) as client:
        request = ask("x", response_format=Person, fallbacks=["anthropic/claude-opus-4-6"])
        outcomes: Any = await client.fan_out([request, request], limit=1)

    assert [outcome.response.parsed for outcome in outcomes] == [Person("Ada", 1815)] * 2
    assert len(simulator.requests) == 3


@pytest.mark.parametrize("repairs", [-1, 1.5, "2"])
def test_repairs_are_a_number(repairs: Any) -> None:
    with pytest.raises(BadRequestError, match="max_repairs must be a whole number"):
        ChatRequest(MODEL, QUESTION, max_repairs=repairs)


@pytest.mark.parametrize(
    "text",
    [
        'Here is what [1] says: {"name": "Ada", "born": 1815} I hope it helps {}.',
        'Sure!\n```json\n{"name": "Ada", "born": 1815}\n```\nAnything else?',
    ],
)
@in_virtual_time
async def test_words_around_an_answer_are_passed_over(text: str) -> None:
    async with client_of(Simulator(Reply([text[:20], text[20:]]))) as client:
        response = await client.completion(MODEL, QUESTION, response_format=Person)
        async with client.stream_object(Person, MODEL, QUESTION) as stream:
            async for _ in stream:
                pass

    assert response.parsed == stream.parsed == Person("Ada", 1815)


@pytest.mark.parametrize("text", ["nothing", "a set {1, 2}", '{"name": "Ada"', "{" * 5_000])
@in_virtual_time
async def test_words_without_an_answer_are_none(text: str) -> None:
    async with client_of(Simulator(Reply(text))) as client:
        with pytest.raises(AnswerValidationError, match="it is not JSON"):
            await client.completion(MODEL, QUESTION, response_format=Person)


@in_virtual_time
async def test_a_stream_is_not_repaired_and_says_so() -> None:
    simulator = Simulator(Reply("{}"))
    async with client_of(simulator) as client:
        with pytest.raises(BadRequestError, match="max_repairs: a streamed answer is not asked for again"):
            async with client.stream_object(Person, MODEL, QUESTION, max_repairs=1):
                pass
    assert not simulator.requests


@pytest.mark.parametrize("streamed", [False, True])
@in_virtual_time
async def test_the_last_answer_of_a_run_of_tools_is_read(streamed: bool) -> None:
    async def look() -> str:
        """Look."""
        await trio.lowlevel.checkpoint()
        return "Ada"

    async def run(client: Client) -> Any:
        if not streamed:
            return (await client.run_tools(MODEL, QUESTION, [look], response_format=Person)).response
        async with client.stream_tools(MODEL, QUESTION, [look], response_format=Person) as stream:
            async for _ in stream:
                pass
        return stream.response

    called = Reply(tool_calls=[ToolUse("look")])
    replies = [called, Reply('{"name": "Ada", "born": 1815}'), called, Reply('{"name": "Ada"}')]
    async with client_of(Simulator(replies)) as client:
        assert (await run(client)).parsed == Person("Ada", 1815)
        with pytest.raises(ToolRunError, match="the field 'born' is missing") as caught:
            await run(client)
    assert isinstance(caught.value.__cause__, AnswerValidationError)
    assert caught.value.partial.choices[0].message.content == '{"name": "Ada"}'


@in_virtual_time
async def test_an_object_grows_and_is_checked_at_its_end() -> None:
    simulator = Simulator(Reply(['{"name": "A', 'da", "bo', 'rn": 1815', "}"], gap=1))
    async with client_of(simulator) as client:
        async with client.stream_object(Person, MODEL, QUESTION) as stream:
            seen = [dict(partial) async for partial in stream]
            with pytest.raises(StopAsyncIteration):
                await anext(stream)

    assert seen == [{"name": "A"}, {"name": "Ada"}, {"name": "Ada"}, {"name": "Ada", "born": 1815}]
    assert stream.parsed == Person("Ada", 1815)
    assert stream.response.usage is not None


@in_virtual_time
async def test_a_list_comes_item_by_item_each_as_soon_as_it_is_complete() -> None:
    pieces = ['So: {"value": [{"name": "A", "born": 1', '}, {"name": "B", "born": 2}, {"na']
    pieces += ['me": "C", "born": 3}]}\nDone.']
    async with client_of(Simulator(Reply(pieces, gap=1))) as client:
        async with client.stream_object(list[Person], MODEL, QUESTION) as people:
            started = trio.current_time()
            seen = [(person.name, trio.current_time() - started) async for person in people]

    assert [(name, round(at)) for name, at in seen] == [("A", 1), ("B", 1), ("C", 2)]
    assert people.items == [Person("A", 1), Person("B", 2), Person("C", 3)]


@in_virtual_time
async def test_an_answer_that_begins_anew_grows_anew() -> None:
    broken, whole = Reply(['{"name": "Au', "gus"], cut_at=AtEvent(3)), Reply(['{"name": "Ada"', ', "born": 1815}'])
    async with client_of(Simulator([broken, whole]), attempts=2) as client:
        async with client.stream_object(Person, MODEL, QUESTION, on_break="restart") as stream:
            seen = [dict(value) async for value in stream]

    assert seen == [{"name": "Au"}, {"name": "Augus"}, {"name": "Ada"}, {"name": "Ada", "born": 1815}]
    assert stream.parsed == Person("Ada", 1815)


@in_virtual_time
async def test_a_list_that_begins_anew_gives_its_items_anew() -> None:
    broken, whole = Reply(['{"value": [1, 2, ', "3"], cut_at=AtEvent(3)), Reply(['{"value": [4, ', "5]}"])
    async with client_of(Simulator([broken, whole]), attempts=2) as client:
        async with client.stream_object(list[int], MODEL, QUESTION, on_break="restart") as stream:
            seen = [(stream.restarts, item) async for item in stream]

    assert seen == [(0, 1), (0, 2), (1, 4), (1, 5)]
    assert stream.items == [4, 5]


@in_virtual_time
async def test_a_stream_that_has_enough_stops_its_provider() -> None:
    simulator = Simulator(Reply(['{"value": [', *['{"name": "A", "born": 1}, '] * 50], gap=1))
    async with client_of(simulator) as client:
        async with client.stream_object(list[Person], MODEL, QUESTION, until=lambda them: len(them) == 2) as people:
            assert len([person async for person in people]) == 2
            assert people.stopped
            await trio.sleep(0.001)
            assert_nothing_left(client, simulator)
        async with client.stream_object(Person, MODEL, QUESTION, until=lambda _: True) as stream:
            assert len([partial async for partial in stream]) == 1
        with pytest.raises(ValueError, match="not complete"):
            _ = stream.parsed

    assert {request.outcome for request in simulator.requests} == {RequestOutcome.CLIENT_GONE}


@pytest.mark.parametrize(
    ("kind", "reply", "problem"),
    [
        (Person, Reply(['{"name": "Ada"', "}"]), "the field 'born' is missing"),
        (Person, Reply(['{"name": ', "Ada}"]), "it is not JSON"),
        (Person, Reply(['{"name": ', '"A'], finish_reason="length"), "raise max_tokens"),
        (Person, Reply("I refuse"), "not complete"),
        (list[Person], Reply('{"value": [{"name": 1, "born": 2}]}'), "expected text, got 1"),
        (list[Person], Reply('{"value": [{"name": "A", "born": 2}'), "not complete"),
    ],
)
@in_virtual_time
async def test_a_stream_that_does_not_fit_raises_with_what_came(kind: Any, reply: Reply, problem: str) -> None:
    async with client_of(Simulator(reply)) as client:
        with pytest.raises(AnswerValidationError, match=problem) as caught:
            async with client.stream_object(kind, MODEL, QUESTION) as stream:
                async for _ in stream:
                    pass

    assert caught.value.partial.choices[0].message.content


def growth_seconds(length: int, chunks: int) -> float:
    text = json.dumps({"value": [{"name": "x" * 900, "born": 1}] * (length // 1_000)})
    size = len(text) // chunks + 1
    best = float("inf")
    for _ in range(3):
        growth = _Growth(list[Person])
        started = time.process_time()
        for at in range(0, len(text), size):
            growth.feed(text[at : at + size])
            _ = growth.value
        best = min(best, time.process_time() - started)
        assert growth.finished
    return best / len(text)


def test_a_long_object_costs_at_most_twice_as_much_per_byte_as_a_short_one() -> None:
    assert growth_seconds(2_000_000, 20_000) <= 2 * growth_seconds(20_000, 200)


VALUES = st.recursive(st.integers() | st.text() | st.none(), st.lists, max_leaves=8)


@given(items=st.lists(VALUES), cut=st.integers(1, 5))
def test_a_growing_list_gives_each_item_once_and_in_order(items: list[Any], cut: int) -> None:
    text, growth, seen = json.dumps({"value": items}), _Growth(list[Any]), list[Any]()
    for at in range(0, len(text), cut):
        growth.feed(text[at : at + cut])
        seen += growth.items
        growth.items.clear()

    assert seen == items


async def repaired(client: Client) -> None:
    await client.extract(Person, "x", model=MODEL)


async def grown(client: Client) -> None:
    async with client.stream_object(list[Person], MODEL, QUESTION) as people:
        async for _ in people:
            await trio.lowlevel.checkpoint()


SCRIPTS: dict[Any, list[Reply]] = {
    repaired: [WRONG, RIGHT],
    grown: [Reply(['{"value": [{"name": "A", ', '"born": 1}', "]}"], gap=1)],
}


@pytest.mark.parametrize("scenario", SCRIPTS)
def test_nothing_is_left_wherever_it_is_cancelled(scenario: Any) -> None:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Client]:
        async with client_of(Simulator([*SCRIPTS[scenario], *[Reply("again")] * 3])) as client:
            yield client

    report = cancel_at_every_step(scenario, open_context=opened, after=lambda client: client.call(ask("again")))

    assert min(report.steps.values()) >= 2


def answers(*choices: tuple[str, str | None, str]) -> RawReply:
    """A reply with such texts, refusals and reasons why they end."""
    found = [
        {"index": index, "message": {"content": content, "refusal": refusal}, "finish_reason": reason}
        for index, (content, refusal, reason) in enumerate(choices)
    ]
    return RawReply(json.dumps({"choices": found}).encode())


@pytest.mark.parametrize(
    ("reply", "problem", "requests"),
    [
        (answers(("?", None, "stop")), "it is not JSON", 3),
        (answers(("", "I must not", "stop")), "the model refused: I must not", 1),
        (answers(("?", None, "length")), "raise max_tokens", 1),
        (answers((json.dumps(ADA), None, "stop"), ("?", None, "stop")), "it is not JSON", 1),
        (answers((json.dumps(ADA), None, "stop"), ("?", None, "length")), "raise max_tokens", 1),
    ],
    ids=["no JSON", "refused", "cut off", "one of two", "one of two, cut off"],
)
@in_virtual_time
async def test_an_answer_is_asked_for_again_where_that_may_mend_it(reply: Any, problem: str, requests: int) -> None:
    simulator = Simulator(reply)
    async with client_of(simulator) as client:
        with pytest.raises(AnswerValidationError, match=problem) as caught:
            await client.completion(MODEL, QUESTION, response_format=Person, max_repairs=2)

    assert len(simulator.requests) == requests
    assert ("raise max_tokens" in str(caught.value)) is (problem == "raise max_tokens")
