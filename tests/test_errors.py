"""Exceptions: their tree, their text, and what they carry."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator

import pytest

from trio_llm._types import errors as _errors
from trio_llm._types.chat import ModelResponse
from trio_llm._types.errors import (
    APIConnectionError,
    APIError,
    BudgetExceededError,
    InternalServerError,
    LLMError,
    RateLimitError,
    ServiceUnavailableError,
    Timeout,
    UnsupportedParamsError,
    class_for_status,
)


def subclasses(cls: type[LLMError]) -> Iterator[type[LLMError]]:
    yield cls
    for below in cls.__subclasses__():
        yield from subclasses(below)


EVERY_CLASS = sorted(set(subclasses(LLMError)), key=lambda cls: cls.__name__)


@pytest.mark.parametrize("cls", EVERY_CLASS)
def test_the_picture_at_the_top_of_the_module_shows_every_class(cls: type[LLMError]) -> None:
    assert f" {cls.__name__}\n" in f"{_errors.__doc__}" or f" {cls.__name__} " in f"{_errors.__doc__}"


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (400, "BadRequestError"),
        (401, "AuthenticationError"),
        (402, "APIError"),
        (403, "PermissionDeniedError"),
        (404, "NotFoundError"),
        (408, "Timeout"),
        (409, "APIError"),
        (413, "APIError"),
        (422, "UnprocessableEntityError"),
        (429, "RateLimitError"),
        (500, "InternalServerError"),
        (502, "InternalServerError"),
        (503, "ServiceUnavailableError"),
        (529, "ServiceUnavailableError"),
    ],
)
def test_the_status_decides_the_class(status: int, name: str) -> None:
    assert class_for_status(status).__name__ == name


def test_the_text_says_who_answered_what() -> None:
    error = RateLimitError("slow down", "groq", "llama-3", request_id="req-1", attempts=1)

    assert str(error) == "groq/llama-3 answered 429: slow down (request id req-1)"
    assert repr(error) == "RateLimitError('groq/llama-3 answered 429: slow down (request id req-1)')"
    assert error.message == "slow down"


def test_the_text_of_a_failure_in_a_reply_that_was_no_error_says_so() -> None:
    error = RateLimitError("slow down", "groq", "llama-3", attempts=1, reply_status=200)

    assert str(error) == "groq/llama-3 failed after status 200: slow down"


def test_the_text_leaves_out_what_is_not_known() -> None:
    assert str(APIConnectionError("reset")) == "reset"
    assert str(APIConnectionError("reset", "groq")) == "groq: reset"
    assert str(BudgetExceededError("spent")) == "spent"


def test_nobody_answered_where_nothing_was_sent_or_the_time_ran_out() -> None:
    assert str(UnsupportedParamsError("no tools", "groq")) == "groq: no tools"
    assert str(Timeout("3 s have passed", "groq", attempts=2)) == "groq: 3 s have passed"


def test_a_status_is_the_classes_own_unless_the_reply_had_another() -> None:
    assert RateLimitError("x").status_code == 429
    assert InternalServerError("x", status_code=502).status_code == 502
    assert APIConnectionError("x").status_code is None


def test_a_timeout_is_a_timeout_error_of_python_too() -> None:
    with pytest.raises(TimeoutError):
        raise Timeout("3 s have passed")


def test_an_unavailable_service_is_not_taken_for_an_internal_error() -> None:
    assert not issubclass(ServiceUnavailableError, InternalServerError)


@pytest.mark.parametrize("cls", [cls for cls in EVERY_CLASS if issubclass(cls, APIError)])
@pytest.mark.parametrize("duplicate", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_a_copy_carries_the_same(cls: type[APIError], duplicate: object) -> None:
    error = cls("m", "p", "n", request_id="r", retry_after=1.5, partial=ModelResponse("id"), attempts=3)

    again = duplicate(error)  # type: ignore[operator] # either of two functions

    assert type(again) is cls
    assert vars(again) == vars(error)
    assert again.partial == ModelResponse("id")


def test_errors_are_told_apart_by_identity() -> None:
    assert APIError("x") != APIError("x")
    assert len({APIError("x"), APIError("x")}) == 2
