"""In whose words a strict simulated provider refuses a request.

Sources, 2026-11: OpenAI API reference ("Error codes"); Anthropic API reference ("Errors"); Gemini API reference
(`google.rpc.BadRequest`); Amazon Bedrock API reference (`ValidationException`) and its user guide ("Troubleshooting");
Cohere docs ("Errors"); Text Generation Inference (axum's rejections); FastAPI ("Handling Errors").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import attrs


@attrs.frozen
class RefusalWords:
    """How one vendor says what is wrong with a request."""

    json: Callable[[str], str]
    missing: Callable[[str], str]
    unknown: Callable[[str], str]
    empty: Callable[[str], str]
    role: Callable[[str, int, str, tuple[str, ...]], str]
    """Field, place, what it is, what it could be."""
    value: Callable[[str, str], str]
    """Field and what is expected."""
    status: int = 400
    place: Callable[[str, int], str] = lambda name, place: f"{name}[{place}]"
    """What the message is called that stands at a place."""


def _quoted(names: tuple[str, ...]) -> str:
    *first, last = (f"'{name}'" for name in names)
    return f"{', '.join(first)} and {last}" if first else last


_PLAIN: Final = RefusalWords(
    json=lambda problem: f"invalid JSON: {problem}",
    missing=lambda name: f"{name} is required",
    unknown=lambda name: f"unknown field: {name}",
    empty=lambda name: f"{name} must not be empty",
    role=lambda name, place, role, roles: f"{name}[{place}].role: {role!r} is not one of {_quoted(roles)}",
    value=lambda name, expected: f"{name}: expected {expected}",
)
_OF_OPENAI: Final = RefusalWords(
    json=lambda problem: f"We could not parse the JSON body of your request. ({problem})",
    missing=lambda name: f"Missing required parameter: '{name}'.",
    unknown=lambda name: f"Unknown parameter: '{name}'.",
    empty=lambda name: f"Invalid '{name}': empty array. Expected an array with minimum length 1.",
    role=lambda name, place, role, roles: (
        f"Invalid value: '{role}' for '{name}[{place}].role'. Supported values are: {_quoted(roles)}."
    ),
    value=lambda name, expected: f"Invalid value for '{name}': expected {expected}.",
)
_OF_ANTHROPIC: Final = RefusalWords(
    json=lambda problem: f"The request body is not valid JSON: {problem}",
    missing=lambda name: f"{name}: Field required",
    unknown=lambda name: f"{name}: Extra inputs are not permitted",
    empty=lambda name: f"{name}: at least one message is required",
    role=lambda name, place, role, roles: f"{name}.{place}.role: Input should be {_quoted(roles)}, not {role!r}",
    value=lambda name, expected: f"{name}: Input should be {expected}",
    place=lambda name, place: f"{name}.{place}",
)
_OF_GEMINI: Final = RefusalWords(
    json=lambda problem: f"Invalid JSON payload received. {problem}",
    missing=lambda name: f"* GenerateContentRequest.{name}: {name} is not specified",
    unknown=lambda name: f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.',
    empty=lambda name: f"* GenerateContentRequest.{name}: {name} is not specified",
    role=lambda name, place, role, roles: f"Please use a valid role: {', '.join(roles)}.",
    value=lambda name, expected: f"Invalid value at '{name}': expected {expected}",
)
_OF_BEDROCK: Final = attrs.evolve(
    _PLAIN,
    missing=lambda name: f"Value null at '{name}' failed to satisfy constraint: Member must not be null",
    unknown=lambda name: f"extraneous key [{name}] is not permitted",
    empty=lambda name: f"A conversation must start with a user message: '{name}' has none.",
)
_TRY_AGAIN: Final = "please reformat your input and try again."
_OF_INVOKED: Final = attrs.evolve(
    _PLAIN,
    json=lambda problem: f"Malformed input request: {problem}, {_TRY_AGAIN}",
    missing=lambda name: f"Malformed input request: #: required key [{name}] not found, {_TRY_AGAIN}",
    unknown=lambda name: f"Malformed input request: #: extraneous key [{name}] is not permitted, {_TRY_AGAIN}",
)
_OF_TGI: Final = attrs.evolve(
    _PLAIN,
    json=lambda problem: f"Failed to parse the request body as JSON: {problem}",
    missing=lambda name: f"Failed to deserialize the JSON body into the target type: missing field `{name}`",
    status=422,
)
_OF_PYDANTIC: Final = attrs.evolve(_OF_ANTHROPIC, missing=lambda name: f"{name}: Field required", status=422)
"""FastAPI's, which many vendors have."""
_BY_FAMILY: Final[Mapping[str, RefusalWords]] = {
    "openai": _OF_OPENAI,
    "anthropic": _OF_ANTHROPIC,
    "gemini": _OF_GEMINI,
    "bedrock": _OF_BEDROCK,
    "cohere": attrs.evolve(_PLAIN, status=422),
    "tgi": _OF_TGI,
    "bfl": _OF_PYDANTIC,
    "elevenlabs": _OF_PYDANTIC,
    "replicate": attrs.evolve(_PLAIN, missing=lambda name: f"- {name} is required", status=422),
    "ollama": attrs.evolve(_PLAIN, json=lambda problem: problem, missing=lambda name: f"{name} is required"),
}
_BY_ENDPOINT: Final[Mapping[str, RefusalWords]] = {
    "jina.embeddings": _OF_PYDANTIC,
    "vertex.mistral": _OF_PYDANTIC,
    "voyage.embeddings": _PLAIN,
    "voyage.multimodal_embeddings": _PLAIN,
}
_INVOKED: Final = "bedrock.invoke_"


def words_of(endpoint: str, family: str) -> RefusalWords:
    """How the vendor of an endpoint puts it; plainly where nobody knows."""
    if endpoint.startswith(_INVOKED):
        return _OF_INVOKED
    return _BY_ENDPOINT.get(endpoint) or _BY_FAMILY.get(family, _PLAIN)
