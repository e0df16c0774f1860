"""What is sent for ten types and five tools stays what the providers' own descriptions of their wires allow.

The bodies of the golden file were checked against those descriptions (2026-11), but for Cohere's, which has none: its
bodies are as they were written here, and nothing of Cohere's was asked.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from structured_requests import MODELS, TYPES, bodies
from virtual import in_virtual_time

GOLDEN = Path(__file__).parent / "fixtures" / "structured_golden.json"


@in_virtual_time
async def test_the_bodies_for_types_and_tools_are_those_that_were_checked() -> None:
    made = json.loads(json.dumps(await bodies()))

    assert made == json.loads(GOLDEN.read_text())


# Where a schema stands in a body; None where it is told in words.
PLACES: dict[str, list[str] | None] = {
    "openai": ["response_format", "json_schema", "schema"],
    "responses": ["text", "format", "schema"],
    "anthropic": ["output_config", "format", "schema"],
    "gemini": ["generationConfig", "responseJsonSchema"],
    "mistral": ["response_format", "json_schema", "schema"],
    "groq": ["response_format", "json_schema", "schema"],
    "deepseek": None,
    "ollama": ["format"],
    "cohere": ["response_format", "json_schema"],
}


def test_every_provider_is_looked_at() -> None:
    golden = json.loads(GOLDEN.read_text())

    assert set(golden) == set(MODELS)
    assert all(set(kinds) == {*TYPES, "tools"} for kinds in golden.values())


@pytest.mark.parametrize("name", PLACES)
def test_a_schema_stands_where_the_provider_looks_for_it(name: str) -> None:
    body: Any = json.loads(GOLDEN.read_text())[name]["attrs"]
    place = PLACES[name]
    if place is None:
        assert '"born"' in body["messages"][0]["content"]
        return
    for step in place:
        body = body[step]

    assert [*body["properties"]] == ["name", "born"] or set(body["properties"]) == {"name", "born"}
