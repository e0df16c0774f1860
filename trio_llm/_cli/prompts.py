"""From a file of prompts to chat requests."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from numbers import Real
from typing import Any, Final, cast

import attrs

from .._convert import json as _json
from .._types.chat import ChatParams, ChatRequest
from .._types.errors import LLMError
from .errors import CommandError

_CALL_OPTIONS: Final = ("max_tokens", "temperature", "timeout", "num_retries", "api_base")
# What the engine calculates with or looks into, and so has to be of its type. The rest is the provider's to judge.
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "model": (str,),
    "prompt": (str,),
    "messages": (list,),
    "timeout": (Real,),
    "num_retries": (int,),
    "api_key": (str,),
    "api_base": (str,),
    "base_url": (str,),
    "custom_llm_provider": (str,),
    "extra_headers": (dict,),
    "extra_body": (dict,),
}


@attrs.frozen
class Prompt:
    """One line of the file."""

    place: str
    """The file and the number of the line, for error messages."""
    request: ChatRequest
    id: object = None
    """The line's own name for itself, in JSON lines."""


@attrs.frozen
class Defaults:
    """What holds for every prompt that does not say otherwise."""

    model: str | None
    system: str | None
    parameters: Mapping[str, Any]


def defaults_of(arguments: Namespace) -> Defaults:
    """The options that the commands `fanout` and `chat` share."""
    given = {name: getattr(arguments, name) for name in _CALL_OPTIONS}
    return Defaults(
        arguments.model, arguments.system, {name: value for name, value in given.items() if value is not None}
    )


def read_prompts(source: str, defaults: Defaults) -> list[Prompt]:
    """The prompts of a file, or of stdin for `-`.

    Raises:
        CommandError: if it cannot be read, or a line is none.
    """
    name = "stdin" if source == "-" else source
    lines = [(f"{name}, line {number}", line) for number, line in enumerate(_read(source).splitlines(), 1)]
    lines = [(place, line.strip()) for place, line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        raise CommandError(f"{name} has no prompts")
    objects = source.endswith((".jsonl", ".ndjson")) or lines[0][1].startswith("{")
    return [_prompt(place, _fields(place, line) if objects else {"prompt": line}, defaults) for place, line in lines]


def _read(source: str) -> str:
    try:
        if source == "-":
            return sys.stdin.read()
        with open(source, encoding="utf-8-sig") as file:
            return file.read()
    except OSError as error:
        raise CommandError(f"cannot read {source}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"cannot read {source}: it is not UTF-8 text (byte {error.start})") from error


def _fields(place: str, line: str) -> dict[str, Any]:
    try:
        value = _json.loads(line)
    except ValueError as error:
        raise CommandError(f"{place} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise CommandError(f"{place} is not a JSON object")
    fields = cast("dict[str, Any]", value)
    if ("prompt" in fields) == ("messages" in fields):
        raise CommandError(f'{place} needs either "prompt" or "messages"')
    for name, types in _TYPES.items():
        if name in fields and (not isinstance(fields[name], types) or isinstance(fields[name], bool)):
            raise CommandError(f"{place}: {name} is not a {types[0].__name__.lower()}")
    return fields


def _prompt(place: str, fields: dict[str, Any], defaults: Defaults) -> Prompt:
    given = dict(fields)
    identity, model = given.pop("id", None), given.pop("model", defaults.model)
    if model is None:
        raise CommandError(f"{place} has no model: name one with --model")
    messages = list(_messages(given, defaults.system))
    given.pop("stream", None)  # every prompt is streamed
    params = cast("ChatParams", {**defaults.parameters, **given})
    try:
        return Prompt(place, ChatRequest(model, messages, stream=True, **params), identity)
    except LLMError as error:
        raise CommandError(f"{place}: {error}") from error


def _messages(given: dict[str, Any], system: str | None) -> Iterator[Any]:
    messages: list[Any] | None = given.pop("messages", None)
    if messages is None:
        messages = [{"role": "user", "content": given.pop("prompt")}]
    if system is not None and not any(map(_is_system, messages)):
        yield {"role": "system", "content": system}
    yield from messages


def _is_system(message: Any) -> bool:
    return isinstance(message, Mapping) and cast("Mapping[str, Any]", message).get("role") == "system"
