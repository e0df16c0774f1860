"""What a strict simulated provider refuses, and in whose words.

What a request may have is read from the package's own typed parameters, for wires that have OpenAI's or Anthropic's
names, and from the tables below for the others. A wire whose vendor passes over what it does not know is not stricter
here. Values are looked at as far as the vendors' descriptions give them a type and bounds.

Sources, 2026-11: OpenAI API reference ("Error codes"); Anthropic API reference ("Errors"); Gemini API reference
(`google.rpc.BadRequest`); Amazon Bedrock API reference (`ValidationException`); Cohere docs ("Errors").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import attrs

from .._convert import json as _json
from ._actions import Failure
from ._wires._forms import form_fields
from ._wires._model import SimulatedOperation, objects

if TYPE_CHECKING:
    from ._description import Description
    from ._ledger import RecordedRequest


def frozen_names(names: Iterable[str]) -> frozenset[str]:
    """A set of names, from any collection of them."""
    return frozenset(names)


@attrs.frozen(kw_only=True)
class Strictness:
    """What a simulated provider looks at before it answers. Bodies that are no JSON are refused in any case.

    Example:
        Simulator(conditions=Conditions(strict=Strictness()))
    """

    messages: bool = True
    """Empty conversations, and roles that the wire has not."""
    parameters: bool = True
    """Parameters that the wire has not, that are missing, and values that are out of bounds."""
    extra: frozenset[str] = attrs.field(default=frozenset(), converter=frozen_names)
    """Parameters that are taken although the wire has them not: a vendor's own."""
    description: Description | None = None
    """An OpenAPI description that requests have to fit as well."""

    def complaint(self, record: RecordedRequest, endpoint: SimulatedOperation) -> Failure | None:
        """Why a request is refused; None if it is fine."""
        words = _WORDS.get(endpoint.family.name, _PLAIN)
        failures = self._complaints(record, endpoint, words)
        return next((Failure(words.status, *failure) for failure in failures), None)

    def _complaints(self, record: RecordedRequest, endpoint: SimulatedOperation, words: _Words) -> Iterator[tuple[str]]:
        if endpoint.method != "POST":
            return
        if (problem := _problem_of_json(record)) is not None:
            yield (words.json(problem),)
        rules = _rules(endpoint.name)
        if rules is not None:
            complaints = [
                *(rules.about_messages(record.json, words) if self.messages else ()),
                *(rules.about_parameters(record.json, words, self.extra) if self.parameters else ()),
            ]
            yield from ((complaint,) for complaint in complaints)
        if self.description is not None:
            about = self.description.complaint(record.method, record.path, record.json)
            yield from ((complaint,) for complaint in [about] if complaint is not None)


def _problem_of_json(record: RecordedRequest) -> str | None:
    kind = record.headers.get("content-type", "application/json")
    if "json" not in kind or form_fields(kind, record.body) is not None or not record.body:
        return None
    try:
        value = _json.loads(record.body)
    except ValueError as error:
        return str(error)
    return None if isinstance(value, dict) else "the body is no object"


@attrs.frozen
class _Words:
    """How one vendor puts it."""

    json: Callable[[str], str]
    missing: Callable[[str], str]
    unknown: Callable[[str], str]
    empty: Callable[[str], str]
    role: Callable[[str, int, str, tuple[str, ...]], str]
    """Field, place, what it is, what it could be."""
    value: Callable[[str, str], str]
    """Field and what is expected."""
    status: int = 400


def _quoted(names: tuple[str, ...]) -> str:
    *first, last = (f"'{name}'" for name in names)
    return f"{', '.join(first)} and {last}" if first else last


_PLAIN: Final = _Words(
    json=lambda problem: f"invalid JSON: {problem}",
    missing=lambda name: f"{name} is required",
    unknown=lambda name: f"unknown field: {name}",
    empty=lambda name: f"{name} must not be empty",
    role=lambda name, place, role, roles: f"{name}[{place}].role: {role!r} is not one of {_quoted(roles)}",
    value=lambda name, expected: f"{name}: expected {expected}",
)
_OF_OPENAI: Final = _Words(
    json=lambda problem: f"We could not parse the JSON body of your request. ({problem})",
    missing=lambda name: f"Missing required parameter: '{name}'.",
    unknown=lambda name: f"Unknown parameter: '{name}'.",
    empty=lambda name: f"Invalid '{name}': empty array. Expected an array with minimum length 1.",
    role=lambda name, place, role, roles: (
        f"Invalid value: '{role}' for '{name}[{place}].role'. Supported values are: {_quoted(roles)}."
    ),
    value=lambda name, expected: f"Invalid value for '{name}': expected {expected}.",
)
_OF_ANTHROPIC: Final = _Words(
    json=lambda problem: f"The request body is not valid JSON: {problem}",
    missing=lambda name: f"{name}: Field required",
    unknown=lambda name: f"{name}: Extra inputs are not permitted",
    empty=lambda name: f"{name}: at least one message is required",
    role=lambda name, place, role, roles: f"{name}.{place}.role: Input should be {_quoted(roles)}, not {role!r}",
    value=lambda name, expected: f"{name}: Input should be {expected}",
)
_OF_GEMINI: Final = _Words(
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
_WORDS: Final[Mapping[str, _Words]] = {
    "openai": _OF_OPENAI,
    "anthropic": _OF_ANTHROPIC,
    "gemini": _OF_GEMINI,
    "bedrock": _OF_BEDROCK,
    "cohere": attrs.evolve(_PLAIN, status=422),
}


@attrs.frozen
class _Rules:
    """What one endpoint takes."""

    required: tuple[str, ...]
    known: frozenset[str] | None
    """Every field of a request; None where the vendor passes over what it does not know."""
    conversation: str = ""
    """The field of the messages; empty where there are none."""
    roles: tuple[str, ...] = ()

    def about_messages(self, body: Mapping[str, Any], words: _Words) -> Iterator[str]:
        """What is wrong with the conversation."""
        given = body.get(self.conversation)
        if not self.conversation or isinstance(given, str):
            return
        if given is not None and not given:
            yield words.empty(self.conversation)
        for place, message in enumerate(objects(given)):
            role = message.get("role")
            if role is not None and role not in self.roles:
                yield words.role(self.conversation, place, str(role), self.roles)

    def about_parameters(self, body: Mapping[str, Any], words: _Words, extra: frozenset[str]) -> Iterator[str]:
        """What is wrong with the fields."""
        yield from (words.missing(name) for name in self.required if body.get(name) is None)
        if self.known is not None:
            yield from (words.unknown(name) for name in body if name not in self.known and name not in extra)
        for name, (fits, expected) in _VALUES.items():
            if (value := body.get(name)) is not None and not fits(value):
                yield words.value(name, expected)


def _between(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


_VALUES: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "frequency_penalty": (_between(-2, 2), "a number from -2 to 2"),
    "max_completion_tokens": (_count, "a whole number above 0"),
    "max_output_tokens": (_count, "a whole number above 0"),
    "max_tokens": (_count, "a whole number above 0"),
    "n": (_count, "a whole number above 0"),
    "presence_penalty": (_between(-2, 2), "a number from -2 to 2"),
    "stream": (lambda value: isinstance(value, bool), "a boolean"),
    "temperature": (_between(0, 2), "a number from 0 to 2"),
    "tools": (lambda value: isinstance(value, list), "an array"),
    "top_p": (_between(0, 1), "a number from 0 to 1"),
}
"""What values have to be, under the names that most wires share."""
_OPENAI_ROLES: Final = ("system", "assistant", "user", "function", "tool", "developer")
_GEMINI_FIELDS: Final = frozenset(
    {
        *("cachedContent", "contents", "generationConfig", "labels", "model", "safetySettings", "serviceTier", "store"),
        *("systemInstruction", "system_instruction", "toolConfig", "tools"),
    }
)
_CONVERSE_FIELDS: Final = frozenset(
    {
        *("additionalModelRequestFields", "additionalModelResponseFieldPaths", "guardrailConfig", "inferenceConfig"),
        *("messages", "outputConfig", "performanceConfig", "promptVariables", "requestMetadata", "serviceTier"),
        *("system", "toolConfig"),
    }
)
_COHERE_FIELDS: Final = frozenset(
    {
        *("citation_options", "documents", "frequency_penalty", "k", "logprobs", "max_tokens", "messages", "model"),
        *("p", "presence_penalty", "priority", "response_format", "safety_mode", "seed", "stop_sequences", "stream"),
        *("strict_tools", "temperature", "thinking", "tool_choice", "tools"),
    }
)


@cache
def _rules(endpoint: str) -> _Rules | None:
    """What the endpoint of that name takes; None where nothing is known but that a body is JSON."""
    found = _TABLE.get(endpoint)
    return found() if found is not None else None


def _chat() -> _Rules:
    from .._types.chat.request import CHAT_PARAMETERS

    known = CHAT_PARAMETERS | {"messages", "metadata", "model", "stream"} | renamed_parameters()
    return _Rules(("model", "messages"), known, "messages", _OPENAI_ROLES)


@cache
def renamed_parameters() -> frozenset[str]:
    """The names that vendors of OpenAI's wire have given to its parameters, by the rows of the catalogue."""
    from .._catalog import CATALOG

    quirks = [row.quirks for row in CATALOG.values()]
    quirks += [departure.quirks for row in CATALOG.values() for _, departure in row.families if departure.quirks]
    return frozenset(name for one in quirks for name in one.renamed.values())


def _responses() -> _Rules:
    from .._types.responses_api.request import RESPONSES_PARAMETERS

    known = RESPONSES_PARAMETERS | {"input", "model", "stream"}
    return _Rules(("model",), known, "input", ("user", "assistant", "system", "developer"))


def _messages() -> _Rules:
    from .._types.messages_api.request import MESSAGES_PARAMETERS

    known = MESSAGES_PARAMETERS | {"max_tokens", "messages", "model", "output_format", "stream"}
    return _Rules(("model", "max_tokens", "messages"), known, "messages", ("user", "assistant", "system"))


def _embeddings() -> _Rules:
    from .._types.embeddings import EMBEDDING_PARAMETERS

    return _Rules(("model", "input"), EMBEDDING_PARAMETERS | {"input", "model", "user"})


def _completions() -> _Rules:
    from .._types.text_completions import TEXT_COMPLETION_PARAMETERS

    return _Rules(
        ("model", "prompt"), TEXT_COMPLETION_PARAMETERS | {"model", "prompt", "stream"} | renamed_parameters()
    )


def _images() -> _Rules:
    from .._types.images import IMAGE_PARAMETERS

    return _Rules(("prompt",), IMAGE_PARAMETERS | {"model", "prompt", "stream"})


def _speech() -> _Rules:
    from .._types.spoken import SPEECH_PARAMETERS

    return _Rules(("model", "input"), SPEECH_PARAMETERS | {"input", "model", "stream_format", "voice"})


_TABLE: Final[Mapping[str, Callable[[], _Rules]]] = {
    "openai.chat": _chat,
    "openai.responses": _responses,
    "openai.embeddings": _embeddings,
    "openai.completions": _completions,
    "openai.images": _images,
    "openai.speech": _speech,
    "openai.moderations": lambda: _Rules(("input",), frozenset({"input", "model"})),
    "anthropic.messages": _messages,
    "gemini.chat": lambda: _Rules(("contents",), _GEMINI_FIELDS, "contents", ("user", "model", "function")),
    "bedrock.converse": lambda: _Rules(("messages",), _CONVERSE_FIELDS, "messages", ("user", "assistant", "system")),
    "cohere.chat": lambda: _Rules(
        ("model", "messages"), _COHERE_FIELDS, "messages", ("user", "assistant", "system", "tool")
    ),
    "ollama.chat": lambda: _Rules(("model",), None, "messages", ("user", "assistant", "system", "tool")),
}
"""By the names of endpoints. The types of an operation are imported when it is first asked for."""
