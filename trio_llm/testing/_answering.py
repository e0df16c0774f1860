"""From what a request asks and what the script says to the model's answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from json import JSONDecoder
from random import Random
from typing import Any, Final

import attrs

from .._convert import json as _json
from .._types.usage import CompletionTokensDetails, Usage
from ._actions import Reply, ToolUse
from ._ledger import RecordedRequest
from ._prompt import OfferedTool, Prompt
from ._values import draw_value
from ._wires._model import Answer, arguments_text, fields, fragments, words

_ANY_OBJECT: Final = {"type": "object"}
_TOLD: Final = re.compile("JSON schema", re.IGNORECASE)


def answer_of(record: RecordedRequest, reply: Reply, seed: int, most: int | None = None) -> Answer:
    """The answer to a request, of `most` tokens at most.

    Without a text and calls of its own, a reply calls a tool where the request says that one has to be called, gives
    an object where it has a schema, and else echoes. What is drawn depends on the seed and on what was asked, not on
    the order of the requests: the same question has the same answer.
    """
    prompt = _with_told_schema(record.prompt)
    used = reply.tool_calls or _demanded_calls(prompt, reply, seed)
    text = _default_text(prompt, used, seed) if reply.text is None else _fragments(reply.text)
    ended = _until_stop(text, prompt.stop)
    limits = [limit for limit in (prompt.max_tokens if reply.text is None else None, most) if limit is not None]
    kept = ended[: min(limits, default=None)]
    calls = tuple(attrs.evolve(call, id=call.id or f"call_{record.number}_{place}") for place, call in enumerate(used))
    reasoning = _fragments(reply.reasoning)
    finish = reply.finish_reason or _finish_reason(calls, cut=len(kept) < len(ended))
    called = [word for call in calls for word in (call.name, *words(arguments_text(call)))]
    usage = reply.usage or _usage(prompt, reasoning, [*kept, *called])
    echoed = reply.text is None and prompt.schema is None and not used
    return Answer(str(record.number), prompt.model or "simulated", kept, reasoning, calls, finish, usage, echoed)


def _with_told_schema(prompt: Prompt) -> Prompt:
    """The question with the schema that it tells in words, behind `JSON schema`, where it is asked for no other."""
    if prompt.schema not in (None, _ANY_OBJECT):
        return prompt
    for text in prompt.texts:
        found = _TOLD.search(text)
        if found is not None and (schema := _schema_in(text[found.end() :])) is not None:
            return attrs.evolve(prompt, schema=schema)
    return prompt


def _schema_in(text: str) -> Mapping[str, Any] | None:
    try:
        value, _ = JSONDecoder().raw_decode(text[text.index("{") :])
    except ValueError:
        return None
    return fields(value) if fields(value).keys() & {"type", "properties", "$ref", "anyOf", "enum"} else None


def _demanded_calls(prompt: Prompt, reply: Reply, seed: int) -> tuple[ToolUse, ...]:
    if reply.text is not None or prompt.choice in ("auto", "none"):
        return ()
    random = _random(prompt, seed)
    offered = [tool for tool in prompt.tools if prompt.choice in ("required", tool.name)]
    return (draw_call(random.choice(offered), random),) if offered else ()


def draw_call(tool: OfferedTool, random: Random) -> ToolUse:
    """A call of a tool whose arguments fit."""
    return ToolUse(tool.name, draw_value({"type": "object", **tool.parameters}, random))


def _random(prompt: Prompt, seed: int) -> Random:
    return Random(f"{seed}:{prompt.last}:{prompt.schema}:{prompt.tools}")


def _default_text(prompt: Prompt, calls: Iterable[ToolUse], seed: int) -> tuple[str, ...]:
    if calls:
        return ()
    if prompt.schema is not None:
        return tuple(fragments(_json.dumps(draw_value(prompt.schema, _random(prompt, seed))).decode()))
    return _fragments(f"echo: {prompt.last}" if prompt.last else "Hello from the simulator.")


def _fragments(text: str | Iterable[str]) -> tuple[str, ...]:
    return tuple(words(text) if isinstance(text, str) else text)


def _until_stop(text: tuple[str, ...], stop: tuple[str, ...]) -> tuple[str, ...]:
    """The fragments before the first text that ends the answer."""
    whole = "".join(text)
    ends = [place for one in stop if one and (place := whole.find(one)) >= 0]
    if not ends:
        return text
    left, kept = min(ends), list[str]()
    for fragment in text:
        if left <= 0:
            break
        kept.append(fragment[:left])
        left -= len(fragment)
    return tuple(kept)


def _finish_reason(calls: tuple[ToolUse, ...], *, cut: bool) -> str:
    if calls:
        return "tool_calls"
    return "length" if cut else "stop"


def _usage(prompt: Prompt, reasoning: tuple[str, ...], said: list[str]) -> Usage:
    asked = prompt.size
    answered = len(reasoning) + len(said)
    details = CompletionTokensDetails(reasoning_tokens=len(reasoning)) if reasoning else None
    return Usage(asked, answered, asked + answered, completion_tokens_details=details)
