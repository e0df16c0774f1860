"""Requests as values: what is given, what is refused, what a response's message becomes."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import attrs
import pytest

from trio_llm import Client
from trio_llm._types.chat import ChatRequest, FunctionCall, Message, ToolCall
from trio_llm._types.dumping import ReplyDict
from trio_llm._types.embeddings import EmbeddingRequest
from trio_llm._types.errors import BadRequestError, UnsupportedParamsError
from trio_llm._types.images import ImageRequest
from trio_llm._types.request import NO_OPTIONS

HELLO = [{"role": "user", "content": "Hello"}]


class ForeignMessage:
    """A message of another library, with pydantic's method."""

    def model_dump(self, *, exclude_none: bool) -> dict[str, Any]:
        return {"role": "assistant", "content": "Hi"} if exclude_none else {}


def test_parameters_and_options_are_told_apart_and_none_is_not_given() -> None:
    request = ChatRequest("openai/gpt-4", HELLO, temperature=0.5, seed=None, timeout=3, extra_body={"a": 1})

    assert request.parameters == {"temperature": 0.5}
    assert (request.options.timeout, request.options.extra_body) == (3, {"a": 1})
    assert request.stream is False


def test_a_request_without_options_shares_the_empty_ones() -> None:
    assert ChatRequest("m", HELLO, timeout=None, stream=None).options is NO_OPTIONS


def test_base_url_is_another_name_of_api_base_and_wins() -> None:
    request = ChatRequest("m", HELLO, api_base="http://a", base_url="http://b")

    assert request.options.api_base == "http://b"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("temprature", "did you mean 'temperature'?"),
        ("timout", "did you mean 'timeout'?"),
        ("qqqqqq", "a field of the provider's own goes into extra_body"),
    ],
)
def test_an_unknown_parameter_is_refused_with_the_nearest_name(name: str, hint: str) -> None:
    with pytest.raises(UnsupportedParamsError) as caught:
        ChatRequest("m", HELLO, **{name: 1})  # type: ignore[arg-type] # the mistake is the point

    assert str(caught.value) == f"unknown parameter {name!r}: {hint}"


@pytest.mark.parametrize(
    ("messages", "problem"),
    [
        ("Hello", "messages must be a list of messages, not str"),
        (b"Hello", "messages must be a list of messages, not bytes"),
        ({"role": "user"}, "messages must be a list of messages, not dict"),
        ([], "messages is empty: there is nothing to answer"),
        ([{"role": "user"}, {"content": "x"}], "messages[1] has no role"),
        ([{"role": 1}], "messages[0] has no role"),
        (["Hello"], "a message must be a mapping, not str"),
        ([{"role": "assistant", "tool_calls": [3]}], "a tool call must be a mapping, not int"),
    ],
)
def test_messages_that_are_none_are_refused(messages: Any, problem: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        ChatRequest("m", messages)

    assert str(caught.value) == problem


def test_dictionaries_of_the_caller_are_kept_as_they_are() -> None:
    frozen = MappingProxyType({"role": "user", "content": "x"})
    with_calls = {"role": "assistant", "tool_calls": [{"id": "c"}]}

    request = ChatRequest("m", iter([HELLO[0], frozen, with_calls]))

    assert [id(message) for message in request.messages] == [id(HELLO[0]), id(frozen), id(with_calls)]


@pytest.mark.parametrize("message", [Message("Hi"), ForeignMessage()])
def test_a_message_of_a_response_is_dumped_and_marked(message: Any) -> None:
    (plain,) = ChatRequest("m", [message]).messages

    assert isinstance(plain, ReplyDict)
    assert plain == {"role": "assistant", "content": "Hi"}


def test_tool_calls_of_a_response_may_be_put_into_a_dictionary() -> None:
    call = ToolCall("c", function=FunctionCall("f", "{}"))
    message = {"role": "assistant", "content": None, "tool_calls": (call, {"id": "d"})}

    (plain,) = ChatRequest("m", [message]).messages

    assert plain["tool_calls"] == [
        {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}},
        {"id": "d"},
    ]
    assert isinstance(plain["tool_calls"][0], ReplyDict)
    assert message["tool_calls"] == (call, {"id": "d"})


def test_a_request_cannot_be_changed() -> None:
    request = ChatRequest("m", HELLO)

    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        request.model = "other"  # type: ignore[misc] # the mistake is the point


def test_keys_stay_out_of_reprs() -> None:
    request = ChatRequest("m", HELLO, api_key="secret-1", extra_headers={"authorization": "secret-2"})

    assert "secret" not in repr(request)


def test_embedding_and_image_requests_split_their_arguments_too() -> None:
    embedding = EmbeddingRequest("m", ["a", "b"], dimensions=3, num_retries=0)
    image = ImageRequest("a fox", "m", size="64x64", drop_params=True)

    assert (embedding.input, embedding.parameters, embedding.options.num_retries) == (["a", "b"], {"dimensions": 3}, 0)
    assert (image.prompt, image.parameters, image.options.drop_params) == ("a fox", {"size": "64x64"}, True)


class HTTPTimeout:
    """As httpx has it."""

    connect, read, write, pool = 5.0, 30, None, 5


@pytest.mark.parametrize(("given", "seconds"), [("30", 30.0), (HTTPTimeout(), 30), (2, 2), (None, None)])
def test_a_time_limit_may_be_text_or_another_librarys(given: Any, seconds: float | None) -> None:
    assert ChatRequest("m", HELLO, timeout=given).options.timeout == seconds


@pytest.mark.parametrize("given", ["soon", "-1", object(), -1, True])
def test_what_is_no_time_limit_is_refused(given: Any) -> None:
    with pytest.raises(BadRequestError, match="timeout must be a number of seconds, 0 or more, not"):
        ChatRequest("m", HELLO, timeout=given)


def test_an_argument_of_none_is_not_given_even_if_there_is_no_such_name() -> None:
    unknown: Any = {"nobody_knows_it": None}

    assert ChatRequest("m", HELLO, **unknown).parameters == {}


def test_a_model_that_is_none_is_refused() -> None:
    model: Any
    for model, kind in ((None, "NoneType"), (3, "int"), (["m"], "list")):
        for make in (lambda: ChatRequest(model, HELLO), lambda: EmbeddingRequest(model, "x")):  # noqa: B023
            with pytest.raises(BadRequestError, match=f"model must be text such as 'openai/gpt-4o', not {kind}"):
                make()


@pytest.mark.parametrize(("name", "kind"), [("limits", "Limits"), ("retry", "RetryPolicy"), ("timeouts", "Timeouts")])
def test_a_client_says_what_its_settings_have_to_be(name: str, kind: str) -> None:
    wrong: Any = {name: 30}
    with pytest.raises(TypeError, match=rf"expected trio_llm\.{kind}\(\.\.\.\), not 30"):
        Client(**wrong)
