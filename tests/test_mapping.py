"""The dictionary habits of response classes."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest

from trio_llm._convert.converter import structure
from trio_llm._types.chat import Choices, FunctionCall, Message, ModelResponse, ToolCall
from trio_llm._types.usage import Usage

REPLY: dict[str, Any] = {
    "id": "r1",
    "provider": "Acme",
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi", "mood": "fine"}}
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3, "prompt_tokens_details": {}},
}


@pytest.fixture
def response() -> ModelResponse:
    return structure(REPLY, ModelResponse)


def test_attributes_and_keys_name_the_same_values(response: ModelResponse) -> None:
    assert response.choices[0].message.content == response["choices"][0]["message"]["content"] == "Hi"
    assert response.get("usage") is response.usage


def test_documented_fields_that_were_left_out_are_none(response: ModelResponse) -> None:
    assert response.system_fingerprint is None
    assert response["system_fingerprint"] is None
    assert "system_fingerprint" not in response


def test_fields_that_the_vendor_added_are_read_by_name_and_by_key(response: ModelResponse) -> None:
    assert getattr(response, "provider") == response["provider"] == response.get("provider") == "Acme"  # noqa: B009
    assert "provider" in response


def test_what_does_not_exist_is_an_error_or_the_default(response: ModelResponse) -> None:
    with pytest.raises(AttributeError, match="'ModelResponse' object has no attribute 'nothing'"):
        getattr(response, "nothing")  # noqa: B009
    with pytest.raises(KeyError, match="nothing"):
        response["nothing"]
    assert response.get("nothing") is None
    assert response.get("nothing", 1) == 1
    assert response.get("created", 5) == 5
    assert "nothing" not in response


def test_a_value_is_set_by_key(response: ModelResponse) -> None:
    response["model"] = "m"
    response["seen"] = True

    assert response.model == "m"
    assert response["seen"] is True
    assert response.model_extra == {"provider": "Acme", "seen": True}


def test_it_unpacks_like_a_dictionary_of_what_is_there(response: ModelResponse) -> None:
    assert dict(response) == {**response} == dict(response.items())
    assert list(response) == response.keys() == ["id", "object", "choices", "usage", "provider"]


def test_the_dump_is_plain_json(response: ModelResponse) -> None:
    plain = response.model_dump(exclude_none=True)

    assert plain["choices"][0]["message"] == {"content": "Hi", "role": "assistant", "mood": "fine"}
    assert plain["provider"] == "Acme"
    assert json.loads(response.model_dump_json()) == response.json() == response.model_dump()
    assert response.model_dump()["system_fingerprint"] is None
    assert "\n" in response.model_dump_json(indent=2)


def test_the_dump_reaches_into_dictionaries_and_tuples() -> None:
    message = Message(provider_specific_fields={"calls": (ToolCall("c", function=FunctionCall("f", "{}")),)})

    assert message.model_dump(exclude_none=True)["provider_specific_fields"] == {
        "calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    }


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_a_copy_is_equal(response: ModelResponse, duplicate: Any) -> None:
    assert duplicate(response) == response


def test_the_repr_shows_no_undocumented_fields(response: ModelResponse) -> None:
    assert "Acme" not in repr(response)
    assert repr(Usage(1, 2, 3)).startswith("Usage(prompt_tokens=1")


def test_choices_do_not_share_their_message() -> None:
    assert Choices().message is not Choices().message
