"""Requests as JSON and back, and the fingerprint that tells what is asked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import attrs
import pytest
from hypothesis import given, settings, strategies as st

from trio_llm import (
    AuthenticationError,
    ChatRequest,
    EmbeddingRequest,
    ImageEditRequest,
    ImageRequest,
    ImageVariationRequest,
    Message,
    MessagesRequest,
    ModerationRequest,
    RerankRequest,
    ResponsesRequest,
    SpeechRequest,
    TextCompletionRequest,
    TokenSource,
    TranscriptionRequest,
)
from trio_llm._types.dumping import ReplyDict
from trio_llm._types.request import AnyRequest
from trio_llm.types import (
    CancelResponseRequest,
    CompactResponseRequest,
    CountTokensRequest,
    DecisionRequest,
    DeleteResponseRequest,
    FunctionCall,
    GetResponseRequest,
    InputItemsRequest,
    ToolCall,
)

KEY = "sk-key-0123456789"
HELLO = [{"role": "user", "content": "Hi"}]
ITEMS = [{"type": "message", "role": "user", "content": "Hi"}]
FILE = ("a.png", b"\x00bytes", "image/png")
# One of each kind: the arguments beside its parameters, and some parameters.
KINDS: dict[type[AnyRequest], tuple[dict[str, Any], list[str]]] = {
    CancelResponseRequest: ({"response_id": "r"}, []),
    ChatRequest: ({"messages": HELLO}, ["temperature", "tools", "parallel_tool_calls", "logit_bias", "user", "stop"]),
    CompactResponseRequest: ({"input": ITEMS}, ["instructions"]),
    CountTokensRequest: ({"messages": HELLO}, ["tools", "thinking"]),
    DecisionRequest: ({"input": "x", "questions": [{"type": "predicate", "instructions": "?"}]}, []),
    DeleteResponseRequest: ({"response_id": "r"}, []),
    EmbeddingRequest: ({"input": ["a", "b"]}, ["dimensions", "encoding_format"]),
    GetResponseRequest: ({"response_id": "r"}, ["include", "starting_after"]),
    ImageEditRequest: ({"image": [FILE, FILE], "prompt": "p", "mask": FILE}, ["size"]),
    ImageRequest: ({"prompt": "p"}, ["n", "size"]),
    ImageVariationRequest: ({"image": FILE}, ["n"]),
    InputItemsRequest: ({"response_id": "r"}, ["limit", "after"]),
    MessagesRequest: ({"messages": HELLO, "max_tokens": 9}, ["system", "metadata", "tools"]),
    ModerationRequest: ({"input": ["a"]}, []),
    RerankRequest: ({"query": "q", "documents": ["a", {"text": "b"}]}, ["top_n", "return_documents"]),
    ResponsesRequest: ({"input": ITEMS}, ["instructions", "tools", "store", "reasoning"]),
    SpeechRequest: ({"input": "x", "voice": {"id": "v"}}, ["speed"]),
    TextCompletionRequest: ({"prompt": ["a"]}, ["suffix", "echo"]),
    TranscriptionRequest: ({"file": FILE}, ["language", "temperature"]),
}
texts = st.text(max_size=5)
scalars = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | texts
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))
controls = st.fixed_dictionaries(
    {},
    optional={
        "timeout": st.floats(0, 100),
        "num_retries": st.integers(0, 5),
        "api_base": texts,
        "extra_headers": st.dictionaries(texts.map("x-{}".format), texts, max_size=2),
        "extra_body": st.dictionaries(texts, values, max_size=2),
        "drop_params": st.booleans(),
        "priority": st.integers(-3, 3),
        "vertex_location": texts,
        "fallbacks": st.lists(texts | st.fixed_dictionaries({"model": texts}), max_size=2),
    },
)


@st.composite
def requests(draw: st.DrawFn, /, **more: Any) -> AnyRequest:
    kind: Any = draw(st.sampled_from(list(KINDS)))
    own, names = KINDS[kind]
    parameters = draw(st.dictionaries(st.sampled_from(names), values, max_size=3)) if names else {}
    for name in {"tools", "functions"}.intersection(parameters):
        parameters[name] = [{"name": parameters[name]}]
    if draw(st.booleans()) and any(field.name == "stream" for field in attrs.fields(kind)):
        parameters["stream"] = draw(st.booleans())
    made: AnyRequest = kind(model=draw(texts), **own, **{**parameters, **draw(controls), **more})
    return made


def in_json(request: AnyRequest) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(json.dumps(request.to_dict(), allow_nan=False))
    return written


@settings(max_examples=100)
@given(requests())
def test_a_request_comes_back_from_json_as_it_was(request: AnyRequest) -> None:
    form = in_json(request)
    back = AnyRequest.from_dict(form)

    assert back == request
    assert type(back) is type(request)
    assert type(request).from_dict(form) == back
    assert back.to_dict() == form == request.to_dict()
    assert back.fingerprint() == request.fingerprint()


@settings(max_examples=40)
@given(st.data())
def test_no_key_is_in_the_form_and_what_had_one_comes_back_without_it(data: st.DataObject) -> None:
    places = {
        "api_key": st.just(KEY) | st.just(TokenSource(lambda: KEY)) | st.just(lambda: KEY),
        "extra_headers": st.just({"Authorization": f"Bearer {KEY}", "x-trace": "7"}),
        "aws_secret_access_key": st.just(KEY),
        "azure_ad_token": st.just(KEY),
        "vertex_credentials": st.just({"private_key": KEY}),
        "fallbacks": st.just(
            [
                "m",
                {"model": "n", "api_key": KEY},
                {"model": "n", "api_key": lambda: KEY},
                ChatRequest("c", HELLO, api_key=KEY),
            ]
        ),
    }
    place = data.draw(st.sampled_from(list(places)))
    request = data.draw(requests(**{place: data.draw(places[place])}))
    form = in_json(request)
    back = AnyRequest.from_dict(form)

    assert KEY not in json.dumps(form)
    assert back.to_dict() == form
    source: Any = back.options.api_key if place != "fallbacks" else (back.options.fallbacks or ())[1]["api_key"]  # type: ignore[index]
    with pytest.raises(AuthenticationError, match="with_api_key"):
        source.ask()
    assert back.with_api_key("another").options.api_key == "another"


HOW: dict[str, Any] = {
    "api_key": KEY,
    "timeout": 3,
    "num_retries": 2,
    "extra_headers": {"x-trace": "7"},
    "drop_params": True,
    "priority": 4,
    "fallbacks": ["n"],
    "aws_secret_access_key": KEY,
}


@settings(max_examples=40)
@given(requests(), st.sampled_from(list(HOW)))
def test_how_a_call_is_made_does_not_change_its_fingerprint(request: AnyRequest, name: str) -> None:
    form = {**request.to_dict(), name: HOW[name]}

    assert AnyRequest.from_dict(form).fingerprint() == request.fingerprint()


@settings(max_examples=40)
@given(requests(), st.randoms(use_true_random=False))
def test_the_order_of_fields_does_not_change_a_fingerprint(request: AnyRequest, random: Any) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, Mapping):
            names = list(value)
            random.shuffle(names)
            return {name: shuffled(value[name]) for name in names}
        return [shuffled(item) for item in value] if isinstance(value, list) else value

    assert AnyRequest.from_dict(shuffled(request.to_dict())).fingerprint() == request.fingerprint()


@settings(max_examples=40)
@given(requests(), requests())
def test_requests_that_ask_something_else_have_other_fingerprints(one: AnyRequest, other: AnyRequest) -> None:
    def asked(request: AnyRequest) -> dict[str, Any]:
        how = {*HOW, "metadata"}
        return {name: value for name, value in request.to_dict().items() if name not in how}

    if asked(one) != asked(other):
        assert one.fingerprint() != other.fingerprint()


@pytest.mark.parametrize(
    "change",
    [
        {"model": "n"},
        {"temperature": 0.5},
        {"parallel_tool_calls": False},
        {"stream": True},
        {"api_base": "http://127.0.0.1"},
        {"messages": [*HELLO, *HELLO]},
        {"extra_body": {"a": 1}},
    ],
)
def test_what_is_asked_changes_a_fingerprint(change: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"model": "m", "messages": HELLO}

    assert ChatRequest(**{**arguments, **change}).fingerprint() != ChatRequest(**arguments).fingerprint()


def test_numbers_count_by_their_value_and_names_of_fields_as_text() -> None:
    one = ChatRequest("m", HELLO, temperature=1, logit_bias={5: 2})  # type: ignore[dict-item]
    other = ChatRequest("m", HELLO, temperature=1.0, logit_bias={"5": 2.0})

    assert one.fingerprint() == other.fingerprint()


def test_the_form_and_the_fingerprint_are_those_of_every_release() -> None:
    request = ChatRequest("openai/m", HELLO, temperature=0, stream=True, timeout=3, aws_region_name="eu")

    assert request.to_dict() == {
        "operation": "completion",
        "model": "openai/m",
        "messages": HELLO,
        "stream": True,
        "temperature": 0,
        "timeout": 3,
        "aws_region_name": "eu",
    }
    assert request.fingerprint() == "6243a88862aa6f32cf1e7399d1d0778f6eb47c8450e9b89190a47d540781dea2"


def test_a_message_of_a_response_is_still_one_when_it_comes_back() -> None:
    call = ToolCall("c", function=FunctionCall("f", "{}"))
    messages: list[Any] = [HELLO[0], Message("Yes"), {"role": "assistant", "tool_calls": [call]}]
    request = ChatRequest("m", messages)
    back = ChatRequest.from_dict(in_json(request))

    assert back == request
    assert [isinstance(message, ReplyDict) for message in back.messages] == [False, True, False]
    assert type(back.messages[2]["tool_calls"][0]) is ReplyDict
    assert ChatRequest("m", [*map(dict, request.messages)]).fingerprint() == request.fingerprint()


@attrs.frozen
class City:
    name: str


def test_a_class_is_written_down_as_its_schema() -> None:
    request = ChatRequest("m", HELLO, response_format=City)

    assert in_json(request)["response_format"]["json_schema"]["name"] == "City"


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        ({"tools": [{"a": object()}]}, r"tools\[0\]\.a"),
        ({"temperature": float("nan")}, "temperature"),
        ({"stop": b"x"}, "stop"),
    ],
)
def test_what_has_no_json_form_is_named(parameters: Any, path: str) -> None:
    with pytest.raises(TypeError, match=f"^{path} has no JSON form"):
        ChatRequest("m", HELLO, **parameters).to_dict()


@pytest.mark.parametrize("form", [{}, {"operation": "nothing"}, {"operation": []}])
def test_a_form_of_no_request_is_refused(form: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a request has an operation"):
        AnyRequest.from_dict(form)


def test_a_form_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="this is a ChatRequest, not a EmbeddingRequest"):
        EmbeddingRequest.from_dict(ChatRequest("m", HELLO).to_dict())


def test_a_process_that_has_used_no_operation_yet_reads_every_kind() -> None:
    code = (
        "import sys; from trio_llm import ChatRequest;"
        "print(ChatRequest.__mro__[1].from_dict(eval(sys.argv[1])).fingerprint())"
    )
    request = RerankRequest("m", "q", ["a"])
    run = subprocess.run(
        [sys.executable, "-c", code, repr(request.to_dict())], capture_output=True, text=True, check=True
    )

    assert run.stdout.strip() == request.fingerprint()


def test_every_kind_of_request_is_tested_here() -> None:
    assert {kind.__name__ for kind in AnyRequest.__subclasses__()} <= {kind.__name__ for kind in KINDS}
