"""What only LiteLLM has is answered with what to use instead, and costs nothing before that."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from typing import Any

import httpx
import pytest

import trio_llm
from trio_llm import ChatRequest, EmbeddingRequest, UnsupportedParamsError
from trio_llm._types import litellm_names

MESSAGES = [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize(
    ("name", "substitute"),
    [
        ("Router", "fallbacks"),
        ("stream_chunk_builder", "stream.response"),
        ("acreate_file", "own SDK"),
        ("drop_params", "drop_params=True"),
        ("utils", "trio_llm.types"),
        ("run_tool_loop", "client.run_tools"),
        ("BudgetManager", "trio_llm.spending"),
        ("JSONSchemaValidationError", "AnswerValidationError"),
    ],
)
def test_a_name_of_litellms_is_answered_with_a_sentence(name: str, substitute: str) -> None:
    with pytest.raises(AttributeError, match=substitute) as caught:
        getattr(trio_llm, name)

    assert repr(name) in str(caught.value)
    assert not hasattr(trio_llm, name)


def test_an_import_of_such_a_name_fails_with_the_sentence() -> None:
    with pytest.raises(ImportError, match=r"trio_llm has no 'Router' as LiteLLM has: give `fallbacks"):
        from trio_llm import Router  # type: ignore[attr-defined]  # noqa: F401


def test_an_import_of_any_other_name_fails_as_it_always_does() -> None:
    with pytest.raises(ImportError, match="cannot import name 'Rooter'"):
        from trio_llm import Rooter  # type: ignore[attr-defined]  # noqa: F401


@pytest.mark.parametrize("name", ["drop_params", "api_key", "success_callback", "set_verbose", "num_retries"])
def test_an_assignment_of_a_setting_is_refused_with_what_to_write(name: str) -> None:
    with pytest.raises(AttributeError, match="no settings as LiteLLM has"):
        setattr(trio_llm, name, True)

    assert name not in vars(trio_llm)


def test_any_other_name_may_be_set_and_submodules_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trio_llm, "acompletion", 7)
    monkeypatch.setattr(trio_llm, "my_own", 8, raising=False)

    assert (vars(trio_llm)["acompletion"], vars(trio_llm)["my_own"]) == (7, 8)
    assert sys.modules["trio_llm._types"] is vars(trio_llm)["_types"]


@pytest.mark.parametrize(
    ("name", "substitute"),
    [
        ("mock_response", "Simulator"),
        ("max_retries", "num_retries="),
        ("headers", "extra_headers"),
        ("tags", "metadata"),
        ("success_callback", "observers"),
        ("top_k", "extra_body"),
    ],
)
@pytest.mark.parametrize("request_of", [lambda **given: ChatRequest("m", MESSAGES, **given), EmbeddingRequest])
def test_a_keyword_of_litellms_is_refused_with_what_to_write(request_of: Any, name: str, substitute: str) -> None:
    with pytest.raises(UnsupportedParamsError, match=substitute) as caught:
        request_of(**{"model": "m", "input": "x"} if request_of is EmbeddingRequest else {}, **{name: "x"})

    assert str(caught.value).startswith(repr(name))


@pytest.mark.parametrize(
    ("name", "substitute"),
    [("_hidden_params", "response.cost"), ("_response_ms", "response_seconds"), ("_response_headers", "headers")],
)
def test_an_attribute_of_litellms_responses_is_answered_with_what_to_read(name: str, substitute: str) -> None:
    response = trio_llm.ModelResponse()
    with pytest.raises(AttributeError, match=substitute) as caught:
        getattr(response, name)

    assert (caught.value.name, caught.value.obj) == (name, response)
    assert not hasattr(response, name)


def test_a_name_that_is_here_is_not_among_those_that_are_not() -> None:
    known = {*dir(trio_llm), *dir(trio_llm.types)}

    assert not [name for _, names in litellm_names.NAMES for name in names.split() if name in known]


def test_what_a_sentence_tells_to_use_exists() -> None:
    tables = (litellm_names.NAMES, litellm_names.SETTINGS, litellm_names.KEYWORDS, litellm_names.ATTRIBUTES)
    told = {
        word
        for table in tables
        for sentence, _ in table
        for word in re.findall(r"[\w.]+(?=\()|trio_llm[\w.]+", sentence)
    }

    assert len(told) > 15
    homes: dict[str, Any] = {"trio_llm": trio_llm, "client": trio_llm.Client, "httpx": httpx}
    for word in told:
        first, *rest = word.rstrip(".").split(".")
        found = homes.get(first) or getattr(trio_llm, first)
        for name in rest:
            found = getattr(found, name) if hasattr(found, name) else import_module(f"{found.__name__}.{name}")


@pytest.mark.parametrize("table", ["names", "settings", "keywords", "attributes"])
def test_each_name_stands_in_its_table_once(table: str) -> None:
    listed = [name for _, names in getattr(litellm_names, table.upper()) for name in names.split()]

    assert len(listed) == len(set(listed))


def test_no_keyword_of_a_chat_is_among_those_that_are_refused() -> None:
    from trio_llm._types.chat import ChatParams

    assert not [name for name in ChatParams.__annotations__ if litellm_names.missing_keyword(name)]


def test_the_table_is_not_read_before_something_is_missing() -> None:
    code = (
        "import sys, trio_llm; trio_llm.acompletion, trio_llm.Client, trio_llm.types.Choices;"
        "assert 'trio_llm._types.litellm_names' not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", code], check=True)
