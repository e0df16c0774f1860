"""Chunks put together into the response that a whole reply would have been."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, strategies as st

from trio_llm._types.chat import (
    Annotation,
    ChatAudio,
    ChoiceLogprobs,
    Choices,
    CustomCall,
    Delta,
    FunctionCall,
    Message,
    ModelResponse,
    ModelResponseStream,
    StreamingChoices,
    TokenLogprob,
    ToolCall,
)
from trio_llm._types.folding import ChatFolding, FoldedSoFar, fold_chunks
from trio_llm._types.usage import Usage


def chunk(delta: Delta, finish_reason: str | None = None, index: int = 0) -> ModelResponseStream:
    return ModelResponseStream(choices=[StreamingChoices(finish_reason, index, delta)])


def message_of(*deltas: Delta) -> Message:
    return fold_chunks(map(chunk, deltas)).choices[0].message


def call(index: int, *, name: str | None = None, arguments: str = "", identifier: str | None = None) -> ToolCall:
    return ToolCall(identifier, function=FunctionCall(name, arguments), index=index)


def test_no_chunks_make_an_empty_response() -> None:
    assert fold_chunks([]) == ModelResponse()


@given(st.lists(st.text(max_size=3), min_size=1), st.lists(st.text(max_size=3), min_size=1))
def test_texts_are_joined_whatever_their_pieces(answer: list[str], thinking: list[str]) -> None:
    deltas = [Delta(reasoning_content=piece) for piece in thinking] + [Delta(content=piece) for piece in answer]

    message = message_of(*deltas)

    assert (message.content, message.reasoning_content) == ("".join(answer), "".join(thinking))


def test_a_text_that_never_came_is_none_and_an_empty_one_is_empty() -> None:
    message = message_of(Delta(content=""), Delta())

    assert (message.content, message.refusal) == ("", None)


def test_the_head_is_that_of_the_first_chunk_that_has_one() -> None:
    chunks = [
        ModelResponseStream(id=None, model_extra={"provider": "A", "citations": []}),
        ModelResponseStream("a", 1, "m", service_tier="flex"),
        ModelResponseStream("b", 2, "n", system_fingerprint="f", model_extra={"citations": ["x"]}),
    ]

    folded = fold_chunks(chunks)

    assert (folded.id, folded.created, folded.model) == ("a", 1, "m")
    assert (folded.system_fingerprint, folded.service_tier, folded.object) == ("f", "flex", "chat.completion")
    assert folded.model_extra == {"provider": "A", "citations": ["x"]}


def test_the_last_usage_counts() -> None:
    chunks = [ModelResponseStream(usage=Usage(1, 1, 2)), ModelResponseStream(usage=Usage(1, 5, 6)), chunk(Delta())]

    assert fold_chunks(chunks).usage == Usage(1, 5, 6)


def test_answers_are_kept_apart_and_in_order() -> None:
    chunks = [chunk(Delta("b"), index=1), chunk(Delta("a")), chunk(Delta("B"), "length", 1), chunk(Delta("A"), "stop")]

    assert fold_chunks(chunks).choices == [
        Choices("stop", 0, Message("aA")),
        Choices("length", 1, Message("bB")),
    ]


def test_fragments_of_tool_calls_are_joined_by_their_index() -> None:
    message = message_of(
        Delta(tool_calls=[call(0, name="f", identifier="c1")]),
        Delta(tool_calls=[call(1, name="g", identifier="c2"), call(0, arguments='{"a":')]),
        Delta(tool_calls=[call(1, arguments="{}"), call(0, arguments="1}")]),
    )

    assert message.tool_calls == [
        ToolCall("c1", function=FunctionCall("f", '{"a":1}')),
        ToolCall("c2", function=FunctionCall("g", "{}")),
    ]


def test_what_the_provider_wants_back_with_a_call_is_kept() -> None:
    first = ToolCall("c", function=FunctionCall("f"), index=0, provider_specific_fields={"a": 1})
    second = ToolCall(index=0, provider_specific_fields={"b": 2}, model_extra={"extra_content": {}})

    (joined,) = message_of(Delta(tool_calls=[first]), Delta(tool_calls=[second])).tool_calls or []

    assert joined.provider_specific_fields == {"a": 1, "b": 2}
    assert joined.model_extra == {"extra_content": {}}


def test_custom_calls_and_legacy_functions_are_joined() -> None:
    first = ToolCall("c", "custom", custom=CustomCall("sql", "SELECT "), index=0)
    second = ToolCall(custom=CustomCall(None, "1"), index=0)
    custom = message_of(Delta(tool_calls=[first]), Delta(tool_calls=[second]))
    legacy = message_of(Delta(function_call=FunctionCall("f", "{")), Delta(function_call=FunctionCall(arguments="}")))

    assert custom.tool_calls == [ToolCall("c", "custom", custom=CustomCall("sql", "SELECT 1"))]
    assert legacy.function_call == FunctionCall("f", "{}")


def test_lists_grow_and_provider_fields_stand_side_by_side() -> None:
    message = message_of(
        Delta(
            annotations=[Annotation()], thinking_blocks=[{"thinking": "a"}], provider_specific_fields={"x": [1], "y": 1}
        ),
        Delta(annotations=[Annotation("file")], images=[{"url": "u"}], provider_specific_fields={"x": [2], "y": 2}),
    )

    assert message.annotations == [Annotation(), Annotation("file")]
    assert message.thinking_blocks == [{"thinking": "a"}]
    assert message.images == [{"url": "u"}]
    assert message.provider_specific_fields == {"x": [1, 2], "y": 2}


def test_sound_is_joined_with_its_transcript() -> None:
    message = message_of(
        Delta(audio=ChatAudio("a", transcript="Good ")),
        Delta(audio=ChatAudio(data="QUJD")),
        Delta(audio=ChatAudio(data="REVG", transcript="day", expires_at=9)),
    )

    assert message.audio == ChatAudio("a", "QUJDREVG", 9, "Good day")


def test_log_probabilities_are_put_together() -> None:
    def part(content: list[TokenLogprob] | None, refusal: list[TokenLogprob] | None = None) -> ModelResponseStream:
        return ModelResponseStream(choices=[StreamingChoices(logprobs=ChoiceLogprobs(content, refusal))])

    a, b = TokenLogprob("a", -1.0), TokenLogprob("b", -2.0)

    folded = fold_chunks([part([a]), part([b]), part(None)])

    assert folded.choices[0].logprobs == ChoiceLogprobs([a, b])
    assert fold_chunks([part(None, [a]), part(None, [b])]).choices[0].logprobs == ChoiceLogprobs(None, [a, b])


def test_log_probabilities_of_the_thinking_are_put_together_too() -> None:
    parts = [ChoiceLogprobs(model_extra={"reasoning_content": [{"token": token}]}) for token in "ab"]
    chunks = [ModelResponseStream(choices=[StreamingChoices(logprobs=part)]) for part in parts]

    joined = fold_chunks(chunks).choices[0].logprobs

    assert joined == ChoiceLogprobs(model_extra={"reasoning_content": [{"token": "a"}, {"token": "b"}]})


def test_fields_that_vendors_add_to_an_answer_are_kept() -> None:
    fragment = StreamingChoices("stop", 0, Delta("x"), model_extra={"native_finish_reason": "eos", "message": {}})

    (choice,) = fold_chunks([ModelResponseStream(choices=[fragment])]).choices

    assert choice.model_extra == {"native_finish_reason": "eos"}
    assert choice.message == Message("x")


def detail(kind: str, index: int | None = 0, **fields: str) -> dict[str, object]:
    return {"type": kind, "index": index, **fields}


@pytest.mark.parametrize(
    ("fragments", "joined"),
    [
        ([detail("t", text="a"), detail("t", text="b")], [detail("t", text="ab")]),
        ([detail("t", text="a"), detail("t", signature="s")], [detail("t", text="a", signature="s")]),
        ([detail("s", summary="a"), detail("e", data="d")], [detail("s", summary="a"), detail("e", data="d")]),
        ([detail("t", text="a"), detail("t", 1, text="b")], [detail("t", text="a"), detail("t", 1, text="b")]),
        ([detail("e", data="a"), detail("e", data="b")], [detail("e", data="a"), detail("e", data="b")]),
        ([detail("t", None, text="a"), detail("t", None, text="b")], [detail("t", None, text=text) for text in "ab"]),
        ([1, detail("t", text="a"), 2], [1, detail("t", text="a"), 2]),
    ],
)
def test_fragments_of_a_vendors_list_are_joined_where_type_and_index_say_so(
    fragments: list[object], joined: list[object]
) -> None:
    deltas = [Delta(model_extra={"reasoning_details": [fragment]}) for fragment in fragments]
    before = copy.deepcopy(deltas)

    assert message_of(*deltas).model_extra == {"reasoning_details": joined}
    assert deltas == before


deltas = st.builds(
    Delta,
    st.none() | st.text(max_size=2),
    role=st.none() | st.just("assistant"),
    tool_calls=st.none()
    | st.lists(st.builds(call, st.integers(0, 1), name=st.none() | st.just("f"), arguments=st.just("1"))),
    function_call=st.none() | st.builds(FunctionCall, st.none(), st.just("{")),
    thinking_blocks=st.none() | st.just([{"thinking": "a"}]),
    audio=st.none() | st.builds(ChatAudio, data=st.none() | st.just("QUJD")),
    provider_specific_fields=st.none() | st.just({"x": [1], "y": 2}),
    model_extra=st.none() | st.sampled_from([{"reasoning_details": [detail("t", text="a")]}, {"citations": ["u"]}]),
)
streams = st.lists(
    st.builds(
        lambda delta, reason, index, logprobs: ModelResponseStream(
            choices=[StreamingChoices(reason, index, delta, logprobs)]
        ),
        deltas,
        st.none() | st.just("stop"),
        st.integers(0, 1),
        st.none() | st.just(ChoiceLogprobs([TokenLogprob("a", -1.0)])),
    ),
    max_size=8,
)


@given(streams)
def test_a_response_that_is_looked_at_after_each_chunk_is_that_of_the_chunks_so_far(
    chunks: list[ModelResponseStream],
) -> None:
    growing = FoldedSoFar(ChatFolding())
    seen = [(growing.response(chunks[:end]), end) for end in range(len(chunks) + 1)]

    # Compared at the end only: what was handed out must not change with what comes after it.
    assert [response for response, _ in seen] == [fold_chunks(chunks[:end]) for _, end in seen]


def test_looking_at_the_response_after_each_chunk_folds_each_chunk_once() -> None:
    class Counting:
        added = 0

        def add(self, chunk: int) -> None:
            self.added += 1

        def response(self) -> int:
            return self.added

    folding = Counting()
    growing = FoldedSoFar(folding)

    assert [growing.response(range(end)) for end in range(100)] == list(range(100))
    assert folding.added == 99


def test_of_a_vendors_plain_field_the_last_value_counts() -> None:
    message = message_of(Delta(model_extra={"channel": "a"}), Delta("x"), Delta(model_extra={"channel": "b"}))

    assert message.model_extra == {"channel": "b"}
