"""LangChain's own tests of chat models, over three wires of the simulator: `make langchain`."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from chat_model import ChatTrioLLM
from langchain_core.language_models import BaseChatModel
from langchain_tests.integration_tests import ChatModelIntegrationTests, chat_models
from langchain_tests.unit_tests import ChatModelUnitTests

from trio_llm.testing import RecordedRequest, Reply, Simulator, ToolUse, running_server


def answer(request: RecordedRequest) -> Reply:
    """What a willing model would say: it calls the tool that the question is about, once."""
    body = request.json
    tools = _tools(body)
    named = json.dumps(body.get("tool_choice") or body.get("toolConfig") or {})
    wanted = next((tool for tool in tools if f'"{tool["name"]}"' in named), tools[0] if tools else None)
    has_result = re.search(r'"role": ?"tool"|tool_result|functionResponse', json.dumps(body))
    is_forced = any(word in named for word in ("required", '"any"', "ANY")) or '"name"' in named
    if wanted is None or (has_result and not is_forced):
        return Reply("one two three four five six seven eight nine ten")
    return Reply(tool_calls=[ToolUse(wanted["name"], _arguments(wanted, request.text))])


def _tools(body: Mapping[str, Any]) -> list[Any]:
    listed = body.get("tools") or []
    if listed and "functionDeclarations" in listed[0]:
        listed = listed[0]["functionDeclarations"]
    return [tool.get("function", tool) for tool in listed]


def _arguments(tool: Mapping[str, Any], question: str) -> dict[str, Any]:
    schema = next(
        (tool[key] for key in ("parameters", "input_schema", "parametersJsonSchema") if tool.get(key)),
        {"properties": {}},
    )
    numbers = iter(re.findall(r"\d+", question) or ["3"])
    quoted = iter(re.findall(r"'([^']+)'", question))
    made: dict[str, Any] = {}
    for name, described in schema.get("properties", {}).items():
        kinds = json.dumps(described)
        is_number = re.search(r'"(integer|INTEGER|number)"', kinds)
        made[name] = int(next(numbers, "3")) if is_number else next(quoted, f"some {name}")
    return made


@pytest.fixture(scope="module", autouse=True)
def _provider() -> Iterator[None]:
    with running_server(Simulator(answer)) as url, pytest.MonkeyPatch.context() as patch:
        for name, base in [("OPENAI", f"{url}/v1"), ("ANTHROPIC", url), ("GEMINI", f"{url}/v1beta")]:
            patch.setenv(f"{name}_API_KEY", "k")
            patch.setenv(f"{name}_BASE_URL", base)
        # The tests would fetch their files from the network.
        patch.setattr(chat_models, "_get_base64_from_url", lambda url: base64.b64encode(url.encode()).decode())
        patch.setattr(httpx, "get", lambda url, **_: httpx.Response(200, content=url.encode()))
        yield


class Wire(ChatModelIntegrationTests):
    """What the three have in common."""

    name = ""
    override = ""

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatTrioLLM

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": self.name}

    @property
    def supports_model_override(self) -> bool:
        return bool(self.override)

    @property
    def model_override_value(self) -> str | None:
        return self.override

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def supports_image_inputs(self) -> bool:
        return True

    @property
    def supports_image_tool_message(self) -> bool:
        return True

    @property
    def supports_pdf_inputs(self) -> bool:
        return True

    @property
    def supports_pdf_tool_message(self) -> bool:
        return True


class Hearing(Wire):
    @property
    def supports_audio_inputs(self) -> bool:
        return True


class TestOpenAI(Hearing):
    name = "openai/gpt-5"
    override = "gpt-5-mini"


class TestAnthropic(Wire):
    name = "anthropic/claude-opus-4-6"
    override = "claude-haiku-4-5"

    @property
    def supports_anthropic_inputs(self) -> bool:
        return True


class TestGemini(Hearing):
    name = "gemini/gemini-2.5-flash"
    override = "gemini-2.5-pro"


class TestUnits(ChatModelUnitTests):
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatTrioLLM

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "openai/gpt-5"}


del Wire, Hearing, ChatModelIntegrationTests, ChatModelUnitTests  # none of them is to be run itself
