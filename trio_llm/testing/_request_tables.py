"""The rules of endpoints whose requests the package's own types describe, and of all others by `_vendor_fields`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from ._request_rules import RequestRules, between
from ._vendor_fields import RULES_OF_OTHERS

_OPENAI_ROLES: Final = ("system", "assistant", "user", "function", "tool", "developer")


@cache
def rules_of(endpoint: str) -> RequestRules | None:
    """What the endpoint of that name takes; None where nothing is known but that a body is JSON."""
    found = _TABLE.get(endpoint)
    return found() if found is not None else RULES_OF_OTHERS.get(endpoint)


def _chat() -> RequestRules:
    from .._types.chat.request import CHAT_PARAMETERS

    known = CHAT_PARAMETERS | {"messages", "metadata", "model", "stream"} | renamed_parameters()
    return RequestRules(("model", "messages"), known, "messages", _OPENAI_ROLES)


@cache
def renamed_parameters() -> frozenset[str]:
    """The names that vendors of OpenAI's wire have given to its parameters, by the rows of the catalogue."""
    from .._catalog import CATALOG

    quirks = [row.quirks for row in CATALOG.values()]
    quirks += [departure.quirks for row in CATALOG.values() for _, departure in row.families if departure.quirks]
    return frozenset(name for one in quirks for name in one.renamed.values())


def _responses() -> RequestRules:
    from .._types.responses_api.request import RESPONSES_PARAMETERS

    known = RESPONSES_PARAMETERS | {"input", "model", "stream"}
    return RequestRules(("model",), known, "input", ("user", "assistant", "system", "developer"))


def _of_anthropic(required: tuple[str, ...], known: frozenset[str]) -> RequestRules:
    return RequestRules(
        required, known, "messages", ("user", "assistant", "system"), bounds={"temperature": between(0, 1)}
    )


def _messages() -> RequestRules:
    from .._types.messages_api.request import MESSAGES_PARAMETERS

    known = MESSAGES_PARAMETERS | {"max_tokens", "messages", "model", "output_format", "stream"}
    return _of_anthropic(("model", "max_tokens", "messages"), known)


def _embeddings() -> RequestRules:
    from .._types.embeddings import EMBEDDING_PARAMETERS

    return RequestRules(("model", "input"), EMBEDDING_PARAMETERS | {"input", "model", "user"})


def _completions() -> RequestRules:
    from .._types.text_completions import TEXT_COMPLETION_PARAMETERS

    return RequestRules(
        ("model", "prompt"), TEXT_COMPLETION_PARAMETERS | {"model", "prompt", "stream"} | renamed_parameters()
    )


def _images() -> RequestRules:
    from .._types.images import IMAGE_PARAMETERS

    return RequestRules(("prompt",), IMAGE_PARAMETERS | {"model", "prompt", "stream"})


def _speech() -> RequestRules:
    from .._types.spoken import SPEECH_PARAMETERS

    return RequestRules(("model", "input"), SPEECH_PARAMETERS | {"input", "model", "stream_format", "voice"})


def _counted_messages() -> RequestRules:
    from .._types.messages_api.request import MESSAGES_PARAMETERS

    known = MESSAGES_PARAMETERS | {"messages", "model", "output_format"}
    return _of_anthropic(("model", "messages"), known)


def _invoked_messages() -> RequestRules:
    """Anthropic's where a cloud serves it: the model stands in the path."""
    from .._types.messages_api.request import MESSAGES_PARAMETERS

    known = MESSAGES_PARAMETERS | {"anthropic_beta", "anthropic_version", "max_tokens", "messages", "stream"}
    return _of_anthropic(("anthropic_version", "max_tokens", "messages"), known)


_TABLE: Final[Mapping[str, Callable[[], RequestRules]]] = {
    "openai.chat": _chat,
    "openai.responses": _responses,
    "openai.embeddings": _embeddings,
    "openai.completions": _completions,
    "openai.images": _images,
    "openai.speech": _speech,
    "anthropic.messages": _messages,
    "anthropic.count_tokens": _counted_messages,
    "bedrock.invoke_claude": _invoked_messages,
    "vertex.claude": _invoked_messages,
}
"""By the names of endpoints. The types of an operation are imported when it is first asked for."""
