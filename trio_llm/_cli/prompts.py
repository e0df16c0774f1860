"""From a file of prompts to chat requests."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

import attrs

from .._types.chat import ChatParams, ChatRequest
from .._types.errors import LLMError
from .errors import CommandError
from .reading import PromptRecord, read_records

_CALL_OPTIONS: Final = ("max_tokens", "temperature", "timeout", "num_retries", "api_base")
_KINDS: Final[Mapping[str, tuple[type, str]]] = {
    "model": (str, "text"),
    "prompt": (str, "text"),
    "messages": (list, "a list"),
}
"""What this module looks into, and so has to be of its kind. The rest is the request's to judge, or the provider's."""


@attrs.frozen
class PromptLine:
    """One line of the file."""

    place: str
    """The file and the number of the line, for error messages."""
    request: ChatRequest
    id: object = None
    """The line's own name for itself."""
    text: str | None = None
    """What it asked, where it was a text."""
    messages: list[Any] | None = None
    """What it asked, where it was a conversation."""


@attrs.frozen
class Defaults:
    """What holds for every prompt that does not say otherwise."""

    models: Sequence[str]
    """Each is asked every prompt that names none."""
    system: str | None
    parameters: Mapping[str, Any]


def defaults_of(arguments: Namespace, models: Sequence[str]) -> Defaults:
    """The options that the commands `fanout` and `chat` share."""
    given = {name: getattr(arguments, name) for name in _CALL_OPTIONS}
    return Defaults(models, arguments.system, {name: value for name, value in given.items() if value is not None})


def read_prompts(path: str, form: str | None, defaults: Defaults) -> list[PromptLine]:
    """The prompts of a file, or of stdin for `-`; each as often as there are models, unless it names its own.

    Raises:
        CommandError: if it cannot be read, or a record is no prompt.
    """
    return [
        _prompt(record, model, defaults) for record in read_records(path, form) for model in _models(record, defaults)
    ]


def _models(record: PromptRecord, defaults: Defaults) -> Sequence[str]:
    if "model" in record.fields:
        return [record.fields["model"]]
    if not defaults.models:
        raise CommandError(f"{record.place} has no model: name one with --model")
    return defaults.models


def _prompt(record: PromptRecord, model: str, defaults: Defaults) -> PromptLine:
    given, place = dict(record.fields), record.place
    for name, (kind, words) in _KINDS.items():
        if name in given and not isinstance(given[name], kind):
            raise CommandError(f"{place}: {name} must be {words}, not {type(given[name]).__name__}")
    identity = given.pop("id", None)
    given.pop("model", None)
    messages = list(_messages(given, defaults.system))
    given.pop("stream", None)  # every prompt is streamed
    params = cast("ChatParams", {**defaults.parameters, **given})
    try:
        request = ChatRequest(model, messages, stream=True, **params)
    except LLMError as error:
        raise CommandError(f"{place}: {error}") from error
    return PromptLine(place, request, identity, record.fields.get("prompt"), record.fields.get("messages"))


def _messages(given: dict[str, Any], system: str | None) -> Iterator[Any]:
    messages: list[Any] | None = given.pop("messages", None)
    if messages is None:
        messages = [{"role": "user", "content": given.pop("prompt")}]
    if system is not None and not any(map(_is_system, messages)):
        yield {"role": "system", "content": system}
    yield from messages


def _is_system(message: Any) -> bool:
    return isinstance(message, Mapping) and cast("Mapping[str, Any]", message).get("role") == "system"
