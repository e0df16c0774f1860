"""What the catalogue knows, as LiteLLM's functions tell it. They send nothing and print nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, TypedDict, TypeVar

from .._catalog import CATALOG
from .._catalog.provider import Provider, ServerKind, needed_variables
from .._catalog.resolving import resolve
from .._credentials.clouds import first_source
from .._credentials.variables import environment, first_set, missing_parts
from .._dialects.contract import Endpoint, WireCall
from .._dialects.quirks import Quirks
from .._types.chat import CHAT_PARAMETERS, ChatRequest
from .._types.embeddings import EmbeddingRequest
from .._types.errors import APIError, BadRequestError

RequestT = TypeVar("RequestT", ChatRequest, EmbeddingRequest)
RequestType: TypeAlias = Literal["chat_completion", "embeddings"]
_FUNCTION: Final = {"name": "f", "parameters": {"type": "object"}}
_CHAT_SAMPLES: Final[Mapping[str, Any]] = MappingProxyType(
    {
        **dict.fromkeys(CHAT_PARAMETERS, "low"),
        **dict.fromkeys(("frequency_penalty", "presence_penalty", "temperature", "top_p"), 0.5),
        **dict.fromkeys(("max_completion_tokens", "max_tokens", "seed", "top_logprobs"), 5),
        **dict.fromkeys(("logprobs", "parallel_tool_calls", "store"), True),
        "audio": {"voice": "alloy", "format": "wav"},
        "function_call": "auto",
        "functions": [_FUNCTION],
        "logit_bias": {"1": 1},
        "metadata": {},
        "modalities": ["text"],
        "n": 1,
        "prediction": {"type": "content", "content": "x"},
        "response_format": {"type": "json_object"},
        "service_tier": "auto",
        "stream_options": {},
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "tool_choice": "auto",
        "tools": [{"type": "function", "function": _FUNCTION}],
        "web_search_options": {},
    }
)
"""A value of each parameter, to be tried on a dialect."""
_NEEDED_BESIDE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "audio": ("modalities",),
        "function_call": ("functions",),
        "parallel_tool_calls": ("tools",),
        "tool_choice": ("tools",),
        "top_logprobs": ("logprobs",),
    }
)
_EMBEDDING_SAMPLES: Final[Mapping[str, Any]] = MappingProxyType(
    {"dimensions": 256, "encoding_format": "float", "user": "u"}
)


class EnvironmentReport(TypedDict):
    """What `validate_environment` finds.

    Example:
        report = trio_llm.validate_environment("openai/gpt-4o")
        print(report["missing_keys"])
    """

    keys_in_environment: bool
    """Whether a call could be made."""
    missing_keys: list[str]
    """The variables that would have to be set."""


def get_llm_provider(
    model: str, custom_llm_provider: str | None = None, api_base: str | None = None, api_key: str | None = None
) -> tuple[str, str, str | None, str | None]:
    """Where a model string leads: the model's name, the provider's, the key that was given, and the base URL if known.

    A key of the environment is not told: it leaves this package towards its provider alone.

        model, provider, key, base_url = trio_llm.get_llm_provider("groq/llama-3.3-70b-versatile")

    Raises:
        BadRequestError: if no provider fits; the message names the nearest.
    """
    row, name = resolve(model, CATALOG, provider=custom_llm_provider, api_base=api_base)
    variables = environment()
    usual = row.base_url if row.base_url and "{" not in row.base_url else None
    return name, row.name, api_key, api_base or first_set(row.base_url_variables, variables) or usual


def validate_environment(
    model: str | None = None, api_key: str | None = None, api_base: str | None = None
) -> EnvironmentReport:
    """Whether the environment has what a call of this model needs, and if not, what is missing.

    Of a key that has several names, the first is named. A model without a known provider needs nothing known.

        report = trio_llm.validate_environment("openai/gpt-4o")
        print(report["keys_in_environment"], report["missing_keys"])
    """
    try:
        row, _ = resolve(model or "", CATALOG, api_base=api_base)
    except BadRequestError:
        return {"keys_in_environment": False, "missing_keys": []}
    missing = [*_missing_key(row, api_key), *_missing_address(row, api_base)]
    return {"keys_in_environment": not missing, "missing_keys": missing}


def get_valid_models(custom_llm_provider: str | None = None) -> list[str]:
    """The providers that could be called with what the environment has, as patterns such as `groq/*`.

    The catalogue has no list of models: those change weekly, and every name is passed on as it is.

        print(trio_llm.get_valid_models())  # ["groq/*", "openai/*"], as the keys in the environment allow

    Raises:
        BadRequestError: for a provider that is unknown; the message names the nearest.
    """
    asked_for = custom_llm_provider
    rows = CATALOG.values() if asked_for is None else [resolve("any", CATALOG, provider=asked_for)[0]]
    return [f"{row.name}/*" for row in rows if _is_set_up(row)]


def get_supported_openai_params(
    model: str, custom_llm_provider: str | None = None, request_type: RequestType = "chat_completion"
) -> list[str] | None:
    """OpenAI's parameters that a model's provider can be sent, in order; None for an unknown provider.

    A parameter is one of them if the dialect can write it for this provider. What the model makes of it is the
    provider's to say.

        assert "tools" in trio_llm.get_supported_openai_params("claude-sonnet-4-5")
    """
    try:
        row, name = resolve(model, CATALOG, provider=custom_llm_provider)
    except BadRequestError:
        return None
    if request_type == "embeddings":
        service = row.service("embeddings", name)
        return sorted(_writable(service.dialect.embeddings, _embedding_requests(name), service.quirks))
    service = row.service("chat", name)
    dialect, quirks = service.dialect, service.quirks
    found = _writable(dialect.chat, _chat_requests(name, quirks), quirks)
    return sorted([*found, "stream"] if dialect.chat_stream is not None else found)


def _missing_key(row: Provider, api_key: str | None) -> list[str]:
    needed = row.server is ServerKind.REMOTE and api_key is None
    if not needed or _has_secret(row):
        return []
    return [name for name in needed_variables(row) if not environment().get(name)]


def _missing_address(row: Provider, api_base: str | None) -> list[str]:
    variables = environment()
    if api_base is not None or first_set(row.base_url_variables, variables):
        return []
    return missing_parts(row.base_url, variables) if row.base_url else [row.base_url_variables[0]]


def _is_set_up(row: Provider) -> bool:
    if row.server is ServerKind.EMBEDDED:
        return True
    named = () if row.server is ServerKind.REMOTE else row.base_url_variables
    is_known = first_set(named, environment()) is not None or _has_secret(row)
    return is_known and not _missing_address(row, None)


def _has_secret(row: Provider) -> bool:
    """Whether the environment names a secret, or what gives one."""
    variables = environment()
    if first_set(row.key_variables + row.token_variables, variables) is not None:
        return True
    return bool(row.sources) and first_source(row.sources, variables, variables) is not None


def _chat_requests(model: str, quirks: Quirks) -> Iterator[tuple[str, ChatRequest]]:
    for name in CHAT_PARAMETERS:
        sample = {wanted: _sample(wanted, quirks) for wanted in (name, *_NEEDED_BESIDE.get(name, ()))}
        yield name, ChatRequest(model, [{"role": "user", "content": "x"}], **sample)


def _sample(name: str, quirks: Quirks) -> Any:
    return next(iter(quirks.accepted_values.get(name, ())), _CHAT_SAMPLES[name])


def _embedding_requests(model: str) -> Iterator[tuple[str, EmbeddingRequest]]:
    for name, value in _EMBEDDING_SAMPLES.items():
        yield name, EmbeddingRequest(model, "x", **{name: value})


def _writable(
    endpoint: Endpoint[RequestT, Any] | None, requests: Iterable[tuple[str, RequestT]], quirks: Quirks
) -> list[str]:
    """The names of the requests that a dialect can write."""
    return [name for name, request in requests if endpoint is not None and _can_write(endpoint, request, quirks)]


def _can_write(endpoint: Endpoint[RequestT, Any], request: RequestT, quirks: Quirks) -> bool:
    try:
        endpoint.encode(WireCall(request, request.model, quirks))
    except APIError:
        return False
    return True
