"""Tool calls of streams: fragments numbered anyhow come together, and ids never repeat within a conversation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from trio_llm._dialects.contract import WireCall
from trio_llm._dialects.openai import OPENAI
from trio_llm._dialects.tool_calls import ConversationIds, is_whole_object
from trio_llm._types.chat import ChatRequest
from trio_llm._types.folding import fold_chunks

Fragment = dict[str, Any]
Made = list[tuple[str | None, str | None, str]]


def folded(*fragments: Fragment, messages: Any = ({"role": "user", "content": "Hi"},)) -> Made:
    """The calls (id, name, arguments) that fragments, each in a chunk of its own, amount to."""
    assert OPENAI.chat_stream is not None
    decoder = OPENAI.chat_stream.open_decoder(WireCall(ChatRequest("m", messages), "m"))
    chunks = []
    for fragment in fragments:
        choice = {"index": 0, "delta": {"tool_calls": [fragment]}, "finish_reason": None}
        chunks += decoder.feed(f"data: {json.dumps({'id': 'r', 'choices': [choice]})}\n\n".encode())
    ending = {"id": "r", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    chunks += decoder.feed(f"data: {json.dumps(ending)}\n\ndata: [DONE]\n\n".encode())
    assert decoder.failure is None
    made: Made = []
    for call in fold_chunks(chunks).choices[0].message.tool_calls or []:
        assert call.function is not None
        made.append((call.id, call.function.name, call.function.arguments))
    return made


def piece(text: str | None = None, name: str | None = None, **more: Any) -> Fragment:
    function = {key: value for key, value in (("name", name), ("arguments", text)) if value is not None}
    return {**more, "function": function}


ARGUMENTS = st.dictionaries(st.text(max_size=3), st.integers(0, 9) | st.text(max_size=4), min_size=1, max_size=3)
CALLS = st.lists(st.tuples(st.sampled_from(["find", "get_weather", "get_time"]), ARGUMENTS), min_size=1, max_size=4)


def split(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def as_openai(number: int, name: str, pieces: list[str]) -> list[Fragment]:
    return [piece("", name, id=f"id{number}", index=number), *(piece(text, index=number) for text in pieces)]


def one_index_for_all(number: int, name: str, pieces: list[str]) -> list[Fragment]:
    return [piece("", name, id=f"id{number}", index=0), *(piece(text, index=0) for text in pieces)]


def without_index(number: int, name: str, pieces: list[str]) -> list[Fragment]:
    return [piece("", name, id=f"id{number}"), *(piece(text) for text in pieces)]


def all_repeated(number: int, name: str, pieces: list[str]) -> list[Fragment]:
    return [piece(text, name, id=f"id{number}", index=number) for text in ["", *pieces]]


def rising_index(number: int, name: str, pieces: list[str]) -> list[Fragment]:
    head = piece("", name, id=f"id{number}", index=100 * number)
    return [head, *(piece(text, id=f"id{number}", index=100 * number + at) for at, text in enumerate(pieces, 1))]


def arguments_under_the_next_index(number: int, name: str, pieces: list[str]) -> list[Fragment]:
    return [
        piece("", name, id=f"id{number}", index=2 * number),
        *(piece(text, index=2 * number + 1) for text in pieces),
    ]


def late_id(number: int, name: str, pieces: list[str]) -> list[Fragment]:
    first, *others = ["", *pieces]
    return [piece(first, name, index=number), *(piece(text, id=f"id{number}", index=number) for text in others)]


def whole_and_nameless_index(number: int, name: str, pieces: list[str]) -> list[Fragment]:
    return [piece("".join(pieces), name, id=f"id{number}")]


def no_id_at_all(number: int, name: str, pieces: list[str]) -> list[Fragment]:
    first, *others = pieces
    return [piece(first, name, index=0), *(piece(text, index=0) for text in others)]


def empty_object_first(number: int, name: str, pieces: list[str]) -> list[Fragment]:
    head, *rest = as_openai(number, name, pieces)
    return [piece("{}", name, id=head["id"], index=number), *rest]


def whole_again_at_the_end(number: int, name: str, pieces: list[str]) -> list[Fragment]:
    return [*as_openai(number, name, pieces), piece("".join(pieces), index=number)]


def whole_again_with_its_name(number: int, name: str, pieces: list[str]) -> list[Fragment]:
    return [*as_openai(number, name, pieces), piece("".join(pieces), name, id=f"id{number}", index=number)]


def whole_again_as_json_text(number: int, name: str, pieces: list[str]) -> list[Fragment]:
    whole = json.dumps("".join(pieces))
    return [*as_openai(number, name, pieces), piece(whole, name, id=f"id{number}", index=number)]


def name_in_pieces(number: int, name: str, pieces: list[str]) -> list[Fragment]:
    head = piece("", name[:3], id=f"id{number}", index=number)
    return [head, piece("", name[3:], index=number), *(piece(text, index=number) for text in pieces)]


def name_in_pieces_beside_arguments(number: int, name: str, pieces: list[str]) -> list[Fragment]:
    first, *others = pieces
    if not others:
        return as_openai(number, name, pieces)
    head = piece(first, name[:3], id=f"id{number}", index=number)
    second, *others = others
    return [head, piece(second, name[3:], index=number), *(piece(text, index=number) for text in others)]


def name_growing(number: int, name: str, pieces: list[str]) -> list[Fragment]:
    head = piece("", name[:3], id=f"id{number}", index=number)
    return [head, *(piece(text, name, id=f"id{number}", index=number) for text in pieces)]


def an_id_for_every_fragment(number: int, name: str, pieces: list[str]) -> list[Fragment]:
    head, *rest = as_openai(number, name, pieces)
    return [head, *({**fragment, "id": f"id{number}-{at}"} for at, fragment in enumerate(rest))]


HABITS = [
    as_openai, one_index_for_all, without_index, all_repeated, rising_index, arguments_under_the_next_index, late_id,
    whole_and_nameless_index, no_id_at_all, empty_object_first, whole_again_at_the_end, whole_again_with_its_name,
    whole_again_as_json_text, name_in_pieces, name_in_pieces_beside_arguments, name_growing, an_id_for_every_fragment,
]  # fmt: skip


@pytest.mark.parametrize("habit", HABITS)
@settings(max_examples=60)
@given(calls=CALLS, size=st.integers(1, 6))
def test_fragments_come_together_whatever_the_habit_of_the_vendor(habit: Any, calls: Any, size: int) -> None:
    texts = [json.dumps(arguments) for _, arguments in calls]
    told = [
        habit(number, name, split(text, size))
        for number, ((name, _), text) in enumerate(zip(calls, texts, strict=True))
    ]
    made = folded(*(fragment for group in told for fragment in group))

    assert [(name, text) for _, name, text in made] == [
        (name, text) for (name, _), text in zip(calls, texts, strict=True)
    ]
    if habit is not no_id_at_all:
        assert [identifier for identifier, _, _ in made] == [f"id{number}" for number in range(len(calls))]
    assert len({identifier for identifier, _, _ in made}) == len(calls)


def test_parallel_calls_may_take_turns() -> None:
    heads = [piece("", "f", id="a", index=0), piece("", "g", id="b", index=1)]
    halves = [piece('{"x"', index=0), piece('{"y"', index=1), piece(":1}", index=0), piece(":2}", index=1)]
    assert folded(*heads, *halves) == [("a", "f", '{"x":1}'), ("b", "g", '{"y":2}')]


def test_calls_without_arguments_under_one_index_are_told_apart_by_their_names() -> None:
    assert [name for _, name, _ in folded(piece("", "f", index=0), piece("", "g", index=0))] == ["f", "g"]


def test_a_name_that_is_repeated_with_nothing_else_begins_no_call() -> None:
    assert folded(piece("{}", "f", id="a", index=0), piece("", "f", index=0)) == [("a", "f", "{}")]


@pytest.mark.parametrize("closing", ["{}", " {} "])
def test_an_empty_object_that_nothing_follows_is_all_there_is(closing: str) -> None:
    assert [text.strip() for _, _, text in folded(piece(closing, "find", id="a", index=0))] == ["{}"]
    two = folded(piece("{}", "find", id="a", index=0), piece('{"x":1}', "find", id="b", index=0))
    assert [text for _, _, text in two] == ["{}", '{"x":1}']


def test_an_empty_object_is_not_lost_where_no_finish_reason_comes() -> None:
    assert OPENAI.chat_stream is not None
    decoder = OPENAI.chat_stream.open_decoder(WireCall(ChatRequest("m", [{"role": "user", "content": "Hi"}]), "m"))
    choice = {"index": 0, "delta": {"tool_calls": [piece("{}", "find", id="a", index=0)]}}
    chunks = decoder.feed(f"data: {json.dumps({'choices': [choice]})}\n\ndata: [DONE]\n\n".encode())
    calls = fold_chunks(chunks).choices[0].message.tool_calls or []

    assert [call.function and call.function.arguments for call in calls] == ["{}"]


@pytest.mark.parametrize("given_id", ["a", "", None, 7])
def test_an_id_that_an_earlier_turn_has_is_replaced(given_id: Any) -> None:
    earlier = [
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "a", "content": "ok"},
    ]
    ((identifier, _, _),) = folded(piece("{}", "f", id=given_id, index=0), messages=earlier)
    assert identifier not in ("a", "", None)


@given(st.lists(st.sampled_from(["a", "b", "", None]), max_size=8), st.sampled_from(["r", None]))
def test_ids_never_repeat_and_are_short_enough_for_everyone(given_ids: list[str | None], reply_id: str | None) -> None:
    ids = ConversationIds([{"role": "assistant", "tool_calls": [{"id": "a"}]}])
    made = [ids.take(one, reply_id) for one in given_ids]

    assert len({*made, "a"}) == len(made) + 1
    assert all(0 < len(one) <= 40 for one in made)


@pytest.mark.parametrize(
    ("text", "whole"),
    [("{}", True), ('{"a": 1}\n', True), ("{", False), ("[1]", False), ("", False), ('{"a": "}', False)],
)
def test_only_an_object_to_its_end_is_whole(text: str, whole: bool) -> None:
    assert is_whole_object(text) is whole


# Several calls in the arguments of one


@pytest.mark.parametrize(
    "fragments",
    [
        [piece('{"a":1}{"a":2}', "f", id="x", index=0)],
        [piece('{"a":1}', "f", id="x", index=0), piece('{"a":2}', index=0)],
        [
            piece("", "f", id="x", index=1),
            piece('{"a":1}', index=1),
            piece("", "f", id="x", index=1),
            piece('{"a":2}', index=1),
        ],
        [piece('{"a":', "f", id="x", index=0), piece('1} {"a"', index=0), piece(":2}", index=0)],
        [piece('{"a":1}\n{"a":1}{"a":2}', "f", id="x")],
        [piece("{}", "f", id="x", index=0), piece('{"a":1}{"a":2}', index=0)],
    ],
)
def test_objects_one_after_another_are_calls_of_the_same_function(fragments: list[Fragment]) -> None:
    first, second = folded(*fragments)

    assert first == ("x", "f", '{"a":1}')
    assert second[0] not in (None, "", "x")
    assert (second[1], second[2].strip()) == ("f", '{"a":2}')


@given(CALLS, st.integers(1, 9))
def test_calls_of_one_function_come_apart_wherever_their_text_was_cut(calls: Any, size: int) -> None:
    wanted = list(dict.fromkeys(json.dumps(arguments) for _, arguments in calls))
    fragments = [piece("", "f", id="x", index=0), *(piece(text, index=0) for text in split("".join(wanted), size))]

    assert [(name, text) for _, name, text in folded(*fragments)] == [("f", text) for text in wanted]


def whole_calls(*texts: str) -> Made:
    assert OPENAI.chat is not None
    calls = [
        {"id": f"x{at}", "type": "function", "function": {"name": "f", "arguments": text}}
        for at, text in enumerate(texts)
    ]
    body = {"choices": [{"index": 0, "message": {"content": None, "tool_calls": calls}, "finish_reason": "tool_calls"}]}
    request = WireCall(ChatRequest("m", [{"role": "user", "content": "Hi"}]), "m")
    message = OPENAI.chat.decode(request, json.dumps(body).encode()).choices[0].message
    return [
        (call.id, call.function.name, call.function.arguments) for call in message.tool_calls or [] if call.function
    ]


def test_whole_calls_come_apart_as_well() -> None:
    made = whole_calls('{"a":1}{"a":"}{"}\n{"a":1}', "{}", '{}{"b":1}')

    assert [text for _, _, text in made] == ['{"a":1}', '{"a":"}{"}', "{}", '{"b":1}']
    assert len({identifier for identifier, _, _ in made}) == 4
    for text in ('{"a":1}{"a":', '{"a":"}{"}', '{"a":1}{"a":2} and more', '["}{"]'):
        assert [arguments for _, _, arguments in whole_calls(text)] == [text]
