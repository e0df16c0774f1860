"""Aleph Alpha's own completions, and the rows whose paths depend on the model."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trio_llm import Client, TextCompletionRequest
from trio_llm._dialects.aleph_alpha import ALEPH_ALPHA
from trio_llm._dialects.contract import ReplyIsError, WireCall
from trio_llm.exceptions import BadRequestError, UnsupportedParamsError
from trio_llm.testing import Simulator

REPLY = {
    "completions": [{"completion": " lies in Sweden.", "finish_reason": "maximum_tokens"}],
    "model_version": "2026-01",
    "num_tokens_prompt_total": 4,
    "num_tokens_generated": 5,
}


def call(prompt: Any = "Söderhamn", **params: Any) -> WireCall[TextCompletionRequest]:
    return WireCall(TextCompletionRequest("pharia-9", prompt, **params), "pharia-9")


def endpoint() -> Any:
    assert ALEPH_ALPHA.text_completion is not None
    return ALEPH_ALPHA.text_completion


def test_a_reply_has_text_reason_and_usage() -> None:
    response = endpoint().decode(call(), json.dumps(REPLY).encode())

    assert (response.choices[0].text, response.choices[0].finish_reason) == (" lies in Sweden.", "length")
    assert (response.usage.prompt_tokens, response.usage.completion_tokens) == (4, 5)
    assert response["model_version"] == "2026-01"


def test_a_reply_without_a_completion_is_an_error() -> None:
    with pytest.raises(ReplyIsError):
        endpoint().decode(call(), b'{"completions": []}')
    with pytest.raises(ReplyIsError, match="Quota"):
        endpoint().decode(call(), b'{"error": "Quota exceeded", "code": "OUT_OF_CREDITS"}')


def test_parameters_go_under_aleph_alphas_names() -> None:
    request = endpoint().encode(call(max_tokens=5, stop="\n", temperature=0.5, extra_body={"top_k": 2}))

    assert request.path == "/complete"
    assert json.loads(request.body) == {
        "model": "pharia-9",
        "prompt": "Söderhamn",
        "maximum_tokens": 5,
        "stop_sequences": ["\n"],
        "temperature": 0.5,
        "top_k": 2,
    }
    with pytest.raises(UnsupportedParamsError, match="suffix"):
        endpoint().encode(call(suffix="a"))
    with pytest.raises(BadRequestError, match="one text"):
        endpoint().encode(call(["a", "b"]))


@pytest.mark.anyio
async def test_predibase_has_a_path_for_each_model_and_each_format() -> None:
    simulator = Simulator()
    variables = {"PREDIBASE_API_TOKEN": "k", "PREDIBASE_TENANT_ID": "t1"}
    async with Client(transport=simulator, variables=variables) as client:
        await client.text_completion("predibase/m", "a")
        await client.completion("predibase/m", [{"role": "user", "content": "Hi"}])

    assert [request.path for request in simulator.requests] == [
        "/t1/deployments/v2/llms/m/generate",
        "/t1/deployments/v2/llms/m/v1/chat/completions",
    ]
