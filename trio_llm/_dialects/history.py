"""What earlier turns need before any dialect can write them: results behind their calls, and arguments as an object.

Source: OpenAI API reference, "Create chat completion" (tool messages follow the message with their calls); Anthropic
docs, "Tool use" (results come first in the turn after the calls) and "Fine-grained tool streaming" (how to hand back
input that is no JSON); Gemini API guide "Function calling" (results follow the turn of the calls); 2026-11.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from .._convert import json as _json
from .._convert.narrow import an_object, as_mapping, is_object
from .._types.errors import BadRequestError

Message = Mapping[str, Any]

BEGINNING: Final = "The conversation begins."
"""What the user says where a provider demands that the user begins, and nobody but the model has spoken."""
_FOREIGN_IN_ID: Final = re.compile(r"[^a-zA-Z0-9_-]")
_NO_JSON: Final = "INVALID_JSON"
"""The key under which Anthropic wants input back that is no JSON; the others have no word for it."""


def results_after_calls(messages: Sequence[Message]) -> Sequence[Message]:
    """The messages with every tool's result right behind the message that called it, in the order given.

    What was said while a tool ran, by the user or by the program, comes behind the results. Every provider wants it so.
    Results whose call is not there stay where they are. The same object comes back where nothing has to be moved.
    """
    if "tool" not in [message["role"] for message in messages]:
        return messages
    placed: list[list[Message]] = []
    results: dict[str, list[Message]] = {}
    for message in messages:
        identifier = message.get("tool_call_id") if message["role"] == "tool" else None
        if isinstance(identifier, str) and identifier in results:
            results[identifier].append(message)
            continue
        behind: list[Message] = []
        placed += [[message], behind]
        for called in _call_ids(message):
            results[called] = behind
    ordered = [message for group in placed for message in group]
    moved = any(new is not old for new, old in zip(ordered, messages, strict=True))
    return ordered if moved else messages


def _call_ids(message: Message) -> list[str]:
    calls = message.get("tool_calls") if message["role"] == "assistant" else None
    found = [call.get("id") for call in calls or () if is_object(call)]
    return [identifier for identifier in found if isinstance(identifier, str)]


def arguments_object(arguments: object) -> Mapping[str, Any]:
    """The arguments of a call as an object, which is all that some wires take.

    A model's arguments may be no JSON: cut off by the answer's limit, or with line breaks inside a text. The latter are
    read; the former, and what is no object, come back under a key that says what they are, so that the conversation
    goes on.
    """
    if is_object(arguments):
        return arguments
    if arguments is None or (isinstance(arguments, str) and not arguments.strip()):
        return {}
    value = _read(arguments) if isinstance(arguments, str) else arguments
    if value is None and arguments == "null":  # some models write that for "no arguments"
        return {}
    return value if is_object(value) and not (value is not arguments and _has_no_json(value)) else {_NO_JSON: arguments}


def said_by(message: Message) -> object:
    """The content of an answer, or the words in which the model refused one, or what it spoke aloud."""
    return message.get("content") or message.get("refusal") or as_mapping(message.get("audio")).get("transcript")


def function_of(call: Message, where: str) -> Message:
    """The function that a call calls. A tool that takes free text is one whose only argument is the text.

    Raises:
        BadRequestError: if the call has neither.
    """
    custom = call.get("custom")
    if custom is not None and not call.get("function"):
        custom = an_object(custom, f"{where}.custom")
        return {"name": custom.get("name"), "arguments": {"input": custom.get("input") or ""}}
    return an_object(call.get("function"), f"{where}.function")


def id_of(holder: Message, name: str, where: str) -> str:
    """The id of a call, or of the call that a result is of.

    Raises:
        BadRequestError: if there is none.
    """
    identifier = holder.get(name)
    if not isinstance(identifier, str) or not identifier:
        raise BadRequestError(f"{where} has no {name}")
    return identifier


def plain_id(identifier: str, most: int | None = None) -> str:
    """An id of letters, digits, hyphens and underscores, of so many at most. Different ids stay different."""
    plain = _FOREIGN_IN_ID.sub("_", identifier)
    if plain == identifier and plain and (most is None or len(plain) <= most):
        return identifier
    told = f"_{hashlib.sha256(identifier.encode('utf-8', 'replace')).hexdigest()[:8]}"
    return plain[: None if most is None else most - len(told)] + told


def _has_no_json(value: object) -> bool:
    """Whether there is something in a decoded value that cannot be written: NaN and the infinities."""
    try:
        _json.dumps(value)
    except ValueError:
        return True
    return False


def _read(text: str) -> Any:
    for read in (_json.loads, json.JSONDecoder(strict=False).decode):
        try:
            return read(text)
        except ValueError:
            continue
    return None
