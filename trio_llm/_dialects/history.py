"""What earlier turns need before any dialect can write them: results behind their calls, and arguments as an object.

Source: OpenAI API reference, "Create chat completion" (tool messages follow the message with their calls); Anthropic
docs, "Tool use" (results come first in the turn after the calls) and "Fine-grained tool streaming" (how to hand back
input that is no JSON); Gemini API guide "Function calling" (results follow the turn of the calls); 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from .._convert import json as _json
from .._convert.narrow import is_object

Message = Mapping[str, Any]

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
    return value if is_object(value) else {_NO_JSON: arguments}


def _read(text: str) -> Any:
    for read in (_json.loads, json.JSONDecoder(strict=False).decode):
        try:
            return read(text)
        except ValueError:
            continue
    return None
