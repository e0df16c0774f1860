"""Whether the messages of a conversation belong together, as providers demand it of OpenAI's shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def problems_of_turns(messages: object) -> Iterator[str]:
    """What is wrong with a conversation of OpenAI's shape, in words; nothing of what has another shape.

    Each call of a tool has one result, which follows before anybody else speaks.
    Source: OpenAI API reference, "Create chat completion", `messages`, as of 2026-11.
    """
    waiting: list[Any] = []
    given = messages if isinstance(messages, list) else []
    for place, message in enumerate(given):
        if not isinstance(message, Mapping):
            continue
        role = message.get("role")
        if role == "tool":
            identity = message.get("tool_call_id")
            if identity in waiting:
                waiting.remove(identity)
            else:
                yield f"messages[{place}]: the result of {identity!r}, which no call before it waits for"
            continue
        if waiting:
            yield f"messages[{place}]: {role} speaks while calls wait for their results: {waiting}"
        waiting = [call.get("id") for call in _calls(message)]
        if len({*waiting}) < len(waiting):
            yield f"messages[{place}]: two calls have the same id: {waiting}"
    if waiting:
        yield f"the calls {waiting} have no results"


def _calls(message: Mapping[Any, Any]) -> Iterable[Mapping[Any, Any]]:
    given = message.get("tool_calls")
    return [call for call in given if isinstance(call, Mapping)] if isinstance(given, list) else []
