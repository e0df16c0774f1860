"""Tokens of a conversation: texts, and what vendors put around messages, calls and tools.

OpenAI renders tools as TypeScript for its models. What the rendering looks like was found out by others from the usage
of many calls, and is written down here as they found it (hmarr/openai-chat-tokens, 2023).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from .frames import Frame, frame_of
from .image_tokens import image_tokens
from .tokenizers import Counting

_A_NAME: Final = 1
_SYSTEM_WITH_TOOLS: Final = -4
"""Tools and the system's message share one frame."""
_UNDESCRIBED_TOOL: Final = -1
"""A tool none of whose parameters is described takes one token less than its rendering."""
_A_FORCED_CALL: Final = 7


def message_tokens(counting: Counting, model: str, messages: Iterable[Mapping[str, Any]]) -> float:
    """Tokens of messages, without what comes once in a request.

    Args:
        counting: how the model's texts are counted.
        model: its name without provider and maker.
        messages: of a chat.
    """
    frame = frame_of(model)
    total, only_calls = 0.0, dict[str, str]()
    for message in messages:
        total += _one(counting, model, frame, message)
        calls = [*(message.get("tool_calls") or ())]
        if len(calls) > 1:
            total += frame.calls_together
        elif calls:
            only_calls[str(calls[0].get("id"))] = str((calls[0].get("function") or {}).get("name"))
        if frame.named_results and message.get("role") == "tool":
            name = only_calls.get(str(message.get("tool_call_id")))
            total += 0 if name is None else counting.count(name) - _A_NAME
    return total


def conversation_tokens(
    counting: Counting,
    model: str,
    messages: Sequence[Mapping[str, Any]],
    tools: Sequence[Mapping[str, Any]] = (),
    tool_choice: Any = None,
) -> float:
    """Tokens of a whole request: messages, tools and the beginning of the answer."""
    frame = frame_of(model)
    total = message_tokens(counting, model, messages) + frame.a_request
    functions = [tool.get("function", tool) for tool in tools]
    if functions:
        total += frame.the_tools + frame.tools_factor * _tools(counting, frame, functions, tools)
        if frame.as_typescript and any(message.get("role") in ("system", "developer") for message in messages):
            total += _SYSTEM_WITH_TOOLS
    if isinstance(tool_choice, Mapping):
        total += _A_FORCED_CALL + counting.count(str((tool_choice.get("function") or {}).get("name", "")))
    return total


def _tools(
    counting: Counting, frame: Frame, functions: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
) -> float:
    if not frame.as_typescript:
        return len(counting.tokenizer.encode(json.dumps(list(tools))))
    undescribed = sum(_UNDESCRIBED_TOOL for function in functions if _is_undescribed(function.get("parameters") or {}))
    return len(counting.tokenizer.encode("\n".join(_rendered(functions)))) + undescribed


def _is_undescribed(parameters: Mapping[str, Any]) -> bool:
    properties = parameters.get("properties")
    return bool(properties) and "description" not in json.dumps(properties)


def _one(counting: Counting, model: str, frame: Frame, message: Mapping[str, Any]) -> float:
    total = frame.a_message + _content(counting, model, message.get("content"))
    name = message.get("name")
    if name and not (frame.named_results and message.get("role") == "tool"):
        total += counting.count(str(name)) + _A_NAME
    calls = list(message.get("tool_calls") or ())
    if call := message.get("function_call"):
        calls.append({"function": call})
    for call in calls:
        function = call.get("function") or {}
        total += (
            frame.a_call + counting.count(function.get("name")) + counting.count(_compact(function.get("arguments")))
        )
    return total


def _content(counting: Counting, model: str, content: Any) -> float:
    if content is None or isinstance(content, str):
        return counting.count(content)
    total, texts = 0.0, list[str]()
    for part in content if isinstance(content, Iterable) else ():
        if not isinstance(part, Mapping):
            continue
        image = part.get("image_url")
        if image is not None:
            url, detail = (image, "auto") if isinstance(image, str) else (image.get("url", ""), image.get("detail"))
            total += image_tokens(model, url, detail or "auto")
        elif isinstance(text := part.get("text"), str):
            texts.append(text)
    # The texts of a message are joined before they are cut into tokens.
    return total + counting.count("".join(texts))


def _compact(arguments: Any) -> str | None:
    """Arguments of a call as models are shown them: without white space between."""
    if not isinstance(arguments, str):
        return None
    try:
        return json.dumps(json.loads(arguments), separators=(",", ":"), ensure_ascii=False)
    except ValueError:
        return arguments


def _rendered(functions: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    yield "namespace functions {"
    yield ""
    for function in functions:
        if description := function.get("description"):
            yield f"// {description}"
        parameters = function.get("parameters") or {}
        if parameters.get("properties"):
            yield f"type {function.get('name')} = (_: {{"
            yield from _properties(parameters, 0)
            yield "}) => any;"
        else:
            yield f"type {function.get('name')} = () => any;"
        yield ""
    yield "} // namespace functions"


def _properties(schema: Mapping[str, Any], indent: int) -> Iterator[str]:
    required = schema.get("required") or ()
    margin = " " * indent
    for name, value in (schema.get("properties") or {}).items():
        if not isinstance(value, Mapping):
            continue
        if (description := value.get("description")) and indent < 2:
            yield f"{margin}// {description}"
        yield f"{margin}{name}{'' if name in required else '?'}: {_type(value, indent)},"


def _type(schema: Mapping[str, Any], indent: int) -> str:
    if choices := schema.get("enum"):
        return " | ".join(json.dumps(choice, ensure_ascii=False) for choice in choices)
    kind = schema.get("type")
    if kind == "object":
        return "\n".join(["{", *_properties(schema, indent + 2), "}"])
    if kind == "array":
        items = schema.get("items")
        return f"{_type(items, indent)}[]" if isinstance(items, Mapping) and items else "any[]"
    if isinstance(kind, list):
        return " | ".join(_type({**schema, "type": one}, indent) for one in kind)
    return {"integer": "number"}.get(kind, kind) if isinstance(kind, str) else "any"
