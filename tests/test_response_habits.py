"""Every response class has the habits of pydantic's models, without pydantic; and pydantic takes it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, get_args, get_origin

import attrs
import pytest
from fastapi import Body, FastAPI
from fastapi.testclient import TestClient
from hypothesis import given, settings, strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from trio_llm._types import (
    chat,
    embeddings,
    images,
    moderations,
    reranking,
    spoken,
    text_completions,
    transcriptions,
    usage,
)
from trio_llm._types.chat import Choices, Message, ModelResponse, ModelResponseStream, StreamingChoices
from trio_llm._types.dumping import DumpOptions
from trio_llm._types.embeddings import Embedding, EmbeddingResponse
from trio_llm._types.mapping import Record
from trio_llm._types.usage import Usage

MODULES = (chat, embeddings, images, moderations, reranking, spoken, text_completions, transcriptions, usage)
CLASSES = sorted(
    {
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Record)
        and value is not Record
        # Generic ones are made of others, never read from a reply.
        and not getattr(value, "__parameters__", ())
    },
    key=lambda cls: cls.__name__,
)
RESPONSE = ModelResponse(
    "r1",
    5,
    "m",
    choices=[Choices("stop", 0, Message("Hi", model_extra={"mood": "fine"}))],
    usage=Usage(1, 2, 3),
    model_extra={"provider": "Acme"},
)
every_class = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)

texts = st.text(st.characters(codec="utf-8"), max_size=5)
plain_values = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | texts | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    int: st.integers(-(2**53), 2**53),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    bytes: st.binary(max_size=5),
    Any: plain_values,
}


@cache
def values(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a field's type."""
    if kind in PLAIN:
        return PLAIN[kind]
    if isinstance(kind, type) and issubclass(kind, Record):
        return st.deferred(lambda: records(kind))  # type: ignore[arg-type]  # classes have a hash
    if get_origin(kind) is list:
        return st.lists(values(get_args(kind)[0]), max_size=2)
    if get_origin(kind) is dict:
        return st.dictionaries(texts, plain_values, max_size=2)
    kinds = get_args(kind)
    if type(None) in kinds:
        return st.none() | values(next(one for one in kinds if one is not type(None)))
    return st.lists(PLAIN[float], max_size=3)  # a vector


@cache
def records(cls: Any) -> st.SearchStrategy[Record]:
    """Objects of a class, with fields beside the documented ones."""
    hints = [field for field in attrs.fields(attrs.resolve_types(cls)) if field.init]
    fields = {field.alias: field.type for field in hints if field.name != "model_extra"}
    recursive = {name for name, kind in fields.items() if cls in get_args(kind) or cls.__name__ in str(kind)}
    known = {name: values(kind) for name, kind in fields.items() if name not in recursive}
    extra = st.dictionaries(texts.filter(lambda name: name not in cls.field_names), plain_values, max_size=1)
    return st.builds(cls, **known, model_extra=extra.map(lambda fields: fields or None))


@every_class
@settings(max_examples=12)
@given(data=st.data())
def test_a_record_comes_back_whole_from_its_own_json(cls: type[Record], data: st.DataObject) -> None:
    record = data.draw(records(cls))  # type: ignore[arg-type]  # classes have a hash

    assert cls.model_validate_json(record.model_dump_json()) == record
    assert cls.model_validate(record.model_dump()) == record


@every_class
def test_an_empty_record_dumps_its_documented_fields(cls: type[Record]) -> None:
    made = cls()

    assert [*made.model_dump()] == [*cls.field_names]
    assert made.dict() == made.to_dict() == made.json() == made.model_dump()


def test_nested_objects_are_built_from_dictionaries() -> None:
    plain: dict[str, Any] = RESPONSE.model_dump()
    provider = plain.pop("provider")
    built = ModelResponse(**plain, model_extra={"provider": provider})

    assert built == RESPONSE
    assert type(built.choices[0].message) is Message
    mixed: Any = [Choices("stop"), {"finish_reason": "length", "message": {"content": "x"}}]
    assert ModelResponse(choices=mixed).choices == [Choices("stop"), Choices("length", 0, Message("x"))]
    wrong: Any = {"index": "x"}
    with pytest.raises(ValueError, match=r"ModelResponse: expected a whole number, got 'x' @ \$\.choices\[0\]\.index"):
        ModelResponse(choices=[wrong])


def choice(number: int) -> Choices:
    return Choices("stop", number, Message(f"text {number}"))


Plain = dict[str, Any]
ALL_INDEXES = {"choices": [{"index": 0}, {"index": 1}]}
OPTIONS: list[tuple[DumpOptions, Callable[[Plain], object]]] = [
    ({"include": {"id", "usage"}}, lambda p: set(p) == {"id", "usage"}),
    ({"exclude": {"choices"}}, lambda p: "choices" not in p and "usage" in p),
    ({"exclude": {"usage": {"total_tokens": True}}}, lambda p: "total_tokens" not in p["usage"]),
    ({"include": {"choices": {"__all__": {"index"}}}}, lambda p: p == ALL_INDEXES),
    ({"include": {"choices": {1: {"message": {"role"}}}}}, lambda p: len(p["choices"]) == 1),
    ({"exclude": {"choices": {0}}}, lambda p: [one["index"] for one in p["choices"]] == [1]),
    ({"exclude": {"choices": {0: ...}}}, lambda p: [one["index"] for one in p["choices"]] == [1]),
    ({"exclude_none": True}, lambda p: "system_fingerprint" not in p and "role" in p["choices"][0]["message"]),
    ({"exclude_defaults": True}, lambda p: p["choices"][1]["message"] == {"content": "text 1"}),
    ({"exclude_unset": True}, lambda p: "object" not in p and "model" in p),
    ({"by_alias": True, "round_trip": True, "warnings": False, "mode": "json"}, lambda p: "object" in p),
]


@pytest.mark.parametrize(("options", "holds"), OPTIONS)
def test_a_dump_takes_pydantics_options(options: DumpOptions, holds: Callable[[dict[str, Any]], object]) -> None:
    response = ModelResponse("r", 1, "m", choices=[choice(0), choice(1)], usage=Usage(1, 2, 3))

    assert holds(response.model_dump(**options))
    assert holds(json.loads(response.model_dump_json(**options)))


def test_an_option_that_pydantic_does_not_have_is_refused() -> None:
    wrong: Any = {"exclude_nones": True}
    with pytest.raises(TypeError, match="model_dump has no option 'exclude_nones'"):
        RESPONSE.model_dump(**wrong)


def test_bytes_are_base64_text_in_json_alone() -> None:
    speech = spoken.SpeechResponse(b"\xff\x00")

    assert speech.model_dump() == {"content": b"\xff\x00"}
    assert speech.model_dump_json() == '{"content":"/wA="}'
    assert spoken.SpeechResponse.model_validate_json(speech.model_dump_json()) == speech


def test_a_copy_can_differ_and_can_be_deep() -> None:
    shallow, deep = RESPONSE.model_copy(update={"model": "n", "new": 1}), RESPONSE.copy(deep=True)

    assert (shallow.model, shallow["new"], shallow.choices is RESPONSE.choices) == ("n", 1, True)
    assert (RESPONSE.model, "new" in RESPONSE) == ("m", False)
    assert deep == RESPONSE
    assert deep.choices[0] is not RESPONSE.choices[0]


def test_validation_takes_records_and_other_libraries_models() -> None:
    class Foreign(BaseModel):
        content: str = "Hi"
        role: str = "assistant"

    assert ModelResponse.model_validate(RESPONSE) is RESPONSE
    assert Message.model_validate(Foreign()) == Message("Hi")
    wrong: object
    for wrong in ([], "text", None, 3):
        with pytest.raises(ValueError, match="ModelResponse: expected an object"):
            ModelResponse.model_validate(wrong)
    with pytest.raises(ValueError, match="Expecting"):
        ModelResponse.model_validate_json("{")


class Row(BaseModel):
    """What a program keeps."""

    response: ModelResponse
    chunks: list[ModelResponseStream] = []
    vector: Embedding | None = None


def test_pydantic_takes_a_response_as_a_field() -> None:
    row = Row(response=RESPONSE, chunks=[ModelResponseStream("c")], vector=Embedding([0.5]))

    assert row.response is RESPONSE
    assert Row.model_validate_json(row.model_dump_json()) == row
    assert Row.model_validate(row.model_dump()) == row
    assert row.model_dump(include={"response": {"usage"}}) == {"response": {"usage": RESPONSE.usage.model_dump()}}  # type: ignore[union-attr]
    assert "system_fingerprint" not in row.model_dump(exclude_none=True)["response"]
    with pytest.raises(ValidationError, match=r"expected a whole number, got 'x' @ \$\.choices\[0\]\.index"):
        Row.model_validate({"response": {"choices": [{"index": "x"}]}})


@every_class
def test_pydantic_describes_a_record(cls: type[Record]) -> None:
    schema = TypeAdapter(cls).json_schema()

    assert (schema["title"], schema["type"], set(schema["properties"])) == (
        cls.__name__,
        "object",
        set(cls.field_names),
    )


def test_fastapi_takes_a_response_as_a_return_type_and_as_a_body() -> None:
    app = FastAPI()

    @app.get("/")
    async def give() -> ModelResponse:
        return RESPONSE

    @app.post("/")
    async def take(response: Annotated[ModelResponse, Body()]) -> EmbeddingResponse:
        return EmbeddingResponse([Embedding([float(response.choices[0].index)])])

    with TestClient(app) as client:
        given = client.get("/").json()
        taken = client.post("/", json=given).json()
        described = client.get("/openapi.json").json()["paths"]["/"]["get"]["responses"]["200"]

    assert ModelResponse.model_validate(given) == RESPONSE
    assert taken["data"][0]["embedding"] == [0.0]
    assert described["content"]["application/json"]["schema"]


def test_a_repr_is_short_and_says_what_it_is() -> None:
    long = ModelResponse("r", choices=[choice(number) for number in range(9)])
    long.choices[0].message.content = "x" * 10_000

    assert repr(RESPONSE).startswith(
        "ModelResponse(id='r1', created=5, model='m', choices=[Choices(finish_reason='stop',"
    )
    assert f"content='{'x' * 60}'… (10000)" in repr(long)
    assert "… (9)]" in repr(long)
    assert len(repr(long)) < 400
    assert repr(StreamingChoices()) == "StreamingChoices(delta=Delta())"


def test_numbers_that_are_not_finite_survive() -> None:
    token = chat.TokenLogprob("a", -math.inf)

    assert chat.TokenLogprob.model_validate_json(token.model_dump_json()) == token
