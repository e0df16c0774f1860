"""Ten types and five tools, and what is sent for each of them to the providers that differ.

`python tests/structured_requests.py > tests/fixtures/structured_golden.json` writes the golden file; read its diff.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Annotated, Any, Literal, TypedDict

import attrs
import trio

from trio_llm import Client, RetryPolicy
from trio_llm.exceptions import AnswerValidationError
from trio_llm.testing import Reply, Simulator
from trio_llm.tools import ToolContext, tool

MODELS: Mapping[str, str] = {
    "openai": "openai/gpt-4.1",
    "responses": "openai/gpt-4.1",
    "anthropic": "anthropic/claude-sonnet-4-5",
    "anthropic, older": "anthropic/claude-3-5-haiku-latest",
    "gemini": "gemini/gemini-2.5-flash",
    "mistral": "mistral/mistral-large-latest",
    "groq": "groq/llama-3.3-70b-versatile",
    "deepseek": "deepseek/deepseek-chat",
    "ollama": "ollama/llama3.2",
    "bedrock": "bedrock/anthropic.claude-3-5-sonnet-20241022-v2:0",
    "cohere": "cohere/command-a-03-2025",
}
VARIABLES = {
    **{f"{name}_API_KEY": "k" for name in ("OPENAI", "ANTHROPIC", "GEMINI", "MISTRAL", "GROQ", "DEEPSEEK", "COHERE")},
    "AWS_BEARER_TOKEN_BEDROCK": "k",
    "AWS_REGION": "eu-north-1",
}


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@attrs.frozen
class Person:
    """Somebody."""

    name: Annotated[str, "given name first"]
    born: int | None = None


@dataclasses.dataclass
class Team:
    people: list[Person]
    founded: datetime.date
    colour: Colour


class Place(TypedDict, total=False):
    city: str
    metres: float


@attrs.frozen
class Branch:
    label: str
    branches: list[Branch]


@attrs.frozen
class Free:
    """With keys of its own."""

    counts: dict[str, int]
    more: Any = None


@attrs.frozen
class Circle:
    kind: Literal["circle"]
    radius: float


@attrs.frozen
class Square:
    kind: Literal["square"]
    side: float


TYPES: Mapping[str, Any] = {
    "attrs": Person,
    "dataclass": Team,
    "typed dictionary": Place,
    "recursive": Branch,
    "free keys": Free,
    "list": list[Person],
    "union": Circle | Square,
    "literal": Literal["yes", "no"],
    "enum": Colour,
    "nested list": list[list[int]],
}


@tool
async def none() -> None:
    """Do nothing."""


@tool
async def simple(city: str, days: int = 1) -> str:
    """Tell the weather.

    Args:
        city: its English name.
    """
    return f"{city} {days}"


@tool
async def nested(team: Team, where: Place | None = None) -> None:
    """Move a team."""


@tool
async def free(fields: dict[str, Any], context: ToolContext) -> None:
    """Take what comes."""


@tool(name="choose-one")
async def choose(shape: Circle | Square, colours: list[Colour], how: Literal["fast", "slow"] = "fast") -> None:
    """Choose."""


TOOLS: list[Callable[..., Any]] = [none, simple, nested, free, choose]
QUESTION = [{"role": "user", "content": "Who?"}]


async def bodies() -> dict[str, dict[str, Any]]:
    """The bodies that are sent, by provider, and by type or the tools."""
    simulator = Simulator(Reply("{}"))
    made: dict[str, dict[str, Any]] = {}
    async with Client(transport=simulator, variables=VARIABLES, retry=RetryPolicy(attempts=1)) as client:
        for name, model in MODELS.items():
            for kind, one in TYPES.items():
                sent = len(simulator.requests)
                # The answer fits none of the types, which is not the question here.
                with suppress(AnswerValidationError):
                    if name == "responses":
                        await client.responses(QUESTION, model, text_format=one)
                    else:
                        await client.completion(model, QUESTION, response_format=one)
                assert len(simulator.requests) == sent + 1
                made.setdefault(name, {})[kind] = simulator.requests[-1].json
            over: Any = "responses" if name == "responses" else "chat"
            await client.run_tools(model, QUESTION, TOOLS, over=over)
            made[name]["tools"] = simulator.requests[-1].json
    return made


if __name__ == "__main__":
    json.dump(trio.run(bodies), sys.stdout, indent=1, sort_keys=True, ensure_ascii=False)
    sys.stdout.write("\n")
