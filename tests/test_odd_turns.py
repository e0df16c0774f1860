"""Turns that were received, or written by a program, and go out to every wire: nothing of them is lost or refused."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from trio_llm import APIError, BadRequestError, Client
from trio_llm.testing import RawReply, Simulator, run_in_virtual_time

MODELS = [
    "openai/any", "openai/responses/any", "anthropic/claude-any", "gemini/gemini-any", "bedrock/anthropic.claude-any",
    "cohere/any", "ollama/any", "mistral/any", "groq/any", "cerebras/any", "openrouter/any/any", "deepseek/any",
    "hosted_vllm/any", "litellm_proxy/any",
]  # fmt: skip
KEYS = {
    **{f"{name}_API_KEY": "any" for name in ("OPENAI", "ANTHROPIC", "GEMINI", "COHERE", "MISTRAL", "GROQ")},
    **{f"{name}_API_KEY": "any" for name in ("CEREBRAS", "OPENROUTER", "DEEPSEEK", "LITELLM_PROXY")},
    **{"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_REGION": "us-east-1"},
    **{"HOSTED_VLLM_API_BASE": "http://127.0.0.1:1/v1", "LITELLM_PROXY_API_BASE": "http://127.0.0.1:1"},
}
HI: Any = {"role": "user", "content": "Hi"}
every_model = pytest.mark.parametrize("model", MODELS)


def body_of(model: str, *turns: Any) -> Any:
    """The body that a conversation makes. Raises what is raised before anything is sent."""

    async def asked() -> bytes:
        simulator = Simulator(lambda _: RawReply(b"{}"))
        async with Client(transport=simulator, variables=KEYS) as client:
            try:
                await client.completion(model, [HI, *turns], num_retries=0)
            except APIError:
                if not simulator.requests:
                    raise
        return simulator.requests[0].body

    return json.loads(run_in_virtual_time(asked))


def call(arguments: Any, identifier: str = "t1") -> Any:
    made = {"id": identifier, "type": "function", "function": {"name": "find", "arguments": arguments}}
    return {"role": "assistant", "content": None, "tool_calls": [made]}


def result(content: Any = "found", identifier: str = "t1", **more: Any) -> Any:
    return {"role": "tool", "tool_call_id": identifier, "content": content, **more}


def strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in strings(one)]


def values_of(value: Any, *names: str) -> list[Any]:
    """All values of these names, wherever they are."""
    if isinstance(value, list):
        return [found for item in value for found in values_of(item, *names)]
    if not isinstance(value, dict):
        return []
    own = [value[name] for name in names if name in value]
    return own + [found for item in value.values() for found in values_of(item, *names)]


SPOKEN: list[Any] = [
    {"content": None, "refusal": "I will not."},
    {"content": "", "refusal": "I will not."},
    {"content": [{"type": "refusal", "refusal": "I will not."}]},
]
SOUND = {"content": None, "audio": {"id": "a", "data": "QQ==", "transcript": "I will not.", "expires_at": 1}}


@every_model
@pytest.mark.parametrize("answer", SPOKEN)
def test_a_refusal_goes_back_in_its_words(model: str, answer: Any) -> None:
    assert "I will not." in strings(body_of(model, {"role": "assistant", **answer}, HI))


@every_model
def test_what_was_spoken_aloud_goes_back_in_its_words(model: str) -> None:
    found = strings(body_of(model, {"role": "assistant", **SOUND}, HI))

    assert "I will not." in found or "a" in found  # the server still has the sound


@every_model
@pytest.mark.parametrize("arguments", ["", None, "{}", "null"])
def test_calls_without_arguments_have_an_empty_object(model: str, arguments: Any) -> None:
    found = values_of(body_of(model, call(arguments), result()), "arguments", "input", "args")

    assert found[-1] in ({}, "{}") or (arguments == "null" and found[-1] == "null")


@every_model
@pytest.mark.parametrize("arguments", ['{"a": NaN}', '{"a": 1e999}', '{"a": "b', "[1]", '{"a": "\\ud800"}'])
def test_any_arguments_that_a_model_writes_can_go_back(model: str, arguments: str) -> None:
    assert values_of(body_of(model, call(arguments), result()), "arguments", "input", "args")


@every_model
def test_arguments_as_an_object_are_taken(model: str) -> None:
    found = values_of(body_of(model, call({"a": 1}), result()), "arguments", "input", "args")[-1]

    assert (json.loads(found) if isinstance(found, str) else found) == {"a": 1}


LONG = "call|fc_1:\u00fc/" + "x" * 90
FORMS = {
    "openai/any": re.compile("(?s).{1,40}"),
    "openai/responses/any": re.compile("(?s).{1,64}"),
    "anthropic/claude-any": re.compile("[a-zA-Z0-9_-]+"),
    "bedrock/anthropic.claude-any": re.compile("[a-zA-Z0-9_-]{1,64}"),
    "mistral/any": re.compile("[a-zA-Z0-9]{9}"),
}
ID_NAMES = ("id", "tool_call_id", "call_id", "tool_use_id", "toolUseId")


@pytest.mark.parametrize("model", FORMS)
@settings(max_examples=15)
@given(identifiers=st.lists(st.text(min_size=1, max_size=80) | st.just(LONG), min_size=2, max_size=2, unique=True))
def test_ids_from_elsewhere_fit_and_stay_apart(model: str, identifiers: list[str]) -> None:
    turns = [turn for one in identifiers for turn in (call("{}", one), result("found", one))]
    found = values_of(body_of(model, *turns), *ID_NAMES)

    assert all(map(FORMS[model].fullmatch, found))
    assert found[0] == found[1] != found[2] == found[3]


@every_model
def test_calls_of_tools_that_take_free_text_can_go_back(model: str) -> None:
    custom = {"id": "t1", "type": "custom", "custom": {"name": "shell", "input": "ls"}}
    found = strings(body_of(model, {"role": "assistant", "content": None, "tool_calls": [custom]}, result()))

    assert "shell" in found
    assert "ls" in found or '{"input":"ls"}' in found


@every_model
@pytest.mark.parametrize("content", ["", None, [], [""]])
def test_results_that_say_nothing_are_a_text(model: str, content: Any) -> None:
    body = body_of(model, call("{}"), result(content))
    last = next((turn for turn in reversed(body.get("messages", ())) if turn.get("role") == "tool"), None)

    assert last is None or last["content"] in ("", [{"type": "text", "text": ""}])
    assert [] not in values_of(body, "output")


@every_model
@pytest.mark.parametrize("content", [["found", " it"], [{"type": "text", "text": "found"}, " it"]])
def test_texts_in_a_list_are_texts(model: str, content: Any) -> None:
    body = body_of(model, call("{}"), result(content), {"role": "user", "content": content})
    found = [text for text in strings(body) if "found" in text]

    assert len(found) == 2
    lists = [value for value in values_of(body, "content", "output", "parts") if isinstance(value, list)]
    assert not [item for value in lists for item in value if isinstance(item, str)]


@every_model
def test_what_went_wrong_in_a_tool_goes_back(model: str) -> None:
    body = body_of(model, call("{}"), result("no such lamp", is_error=True))

    assert "no such lamp" in strings(body)
    assert ("is_error" in str(body)) == model.startswith("anthropic")
    assert model != "gemini/gemini-any" or values_of(body, "error") == ["no such lamp"]


@every_model
def test_numbers_that_json_does_not_have_may_be_in_a_result(model: str) -> None:
    assert any("NaN" in text for text in strings(body_of(model, call("{}"), result('{"a": NaN}'))))


@pytest.mark.parametrize("model", ["openai/responses/any", "anthropic/claude-any", "bedrock/any", "cohere/any"])
def test_a_call_without_an_id_is_refused_before_anything_is_sent(model: str) -> None:
    with pytest.raises(BadRequestError, match="has no id"):
        body_of(model, call("{}", None), result("found", None))  # type: ignore[arg-type]


@pytest.mark.parametrize("model", ["anthropic/claude-any", "gemini/gemini-any", "bedrock/any"])
def test_a_role_that_nobody_knows_is_refused_before_anything_is_sent(model: str) -> None:
    with pytest.raises(BadRequestError, match="role"):
        body_of(model, {"role": "narrator", "content": "Meanwhile"})


def test_gemini_is_sent_no_empty_texts() -> None:
    turns = [{"role": "user", "content": ""}, {"role": "user", "content": [{"type": "text", "text": ""}, "there"]}]
    assert "" not in values_of(body_of("gemini/gemini-any", *turns), "text")


@every_model
def test_empty_lists_of_calls_of_a_copied_answer_are_left_out(model: str) -> None:
    answer = {"role": "assistant", "content": "x", "tool_calls": [], "annotations": []}
    assert [] not in values_of(body_of(model, answer, HI), "tool_calls")


def test_an_empty_list_that_a_provider_takes_is_sent_as_it_was_written() -> None:
    answer = {"role": "assistant", "content": "x", "annotations": []}
    assert body_of("openai/gpt-any", answer, HI)["messages"][1] == answer
    assert "annotations" not in body_of("groq/any", answer, HI)["messages"][1]
