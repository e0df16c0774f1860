"""Tokens of a conversation: texts, and what vendors put around messages, calls and tools."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from .frames import Frame, frame_of
from .image_tokens import image_tokens
from .tokenizers import Counting, bare_name
from .tool_tokens import tool_tokens

_A_NAME: Final = 1
_SYSTEMS: Final = ("system", "developer")
_BLOCKS: Final = frozenset({"document", "search_result", "thinking", "tool_result", "tool_use"})


def message_tokens(counting: Counting, model: str, messages: Iterable[Mapping[str, Any]]) -> float:
    """Tokens of messages, without what comes once in a request.

    Args:
        counting: how the model's texts are counted.
        model: as in a call.
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
    with_system = any(message.get("role") in _SYSTEMS for message in messages)
    total = message_tokens(counting, model, messages) + frame.a_request + (0 if with_system else frame.no_system)
    return total + tool_tokens(counting, frame, tools, tool_choice, with_system=with_system)


def _one(counting: Counting, model: str, frame: Frame, message: Mapping[str, Any]) -> float:
    role = message.get("role")
    content = message.get("content")
    total = _marks(frame, role) + _content(counting, model, content)
    if results := _results(content):
        # Results of the Messages API stand in a user's message, which need not have anything else.
        has_more = results < sum(1 for _ in content or ())
        total += results * frame.result - (0 if has_more else frame.user)
    name = message.get("name")
    if name and role != "tool":
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


def _results(content: Any) -> int:
    if not isinstance(content, list):
        return 0
    return sum(isinstance(part, Mapping) and part.get("type") == "tool_result" for part in content)


def _marks(frame: Frame, role: Any) -> float:
    if role in _SYSTEMS:
        return frame.system
    return {"assistant": frame.answer, "tool": frame.result, "function": frame.result}.get(role, frame.user)


def _content(counting: Counting, model: str, content: Any) -> float:
    if content is None or isinstance(content, str):
        return counting.count(content)
    total, texts = 0.0, list[str]()
    for part in content if isinstance(content, Iterable) else ():
        if not isinstance(part, Mapping):
            continue
        picture = _picture_of(part)
        if picture is not None:
            total += image_tokens(bare_name(model), *picture)
        elif isinstance(text := part.get("text"), str):
            texts.append(text)
        elif part.get("type") in _BLOCKS:
            total += _block(counting, model, part)
    # The texts of a message are joined before they are cut into tokens.
    return total + counting.count("".join(texts))


def _picture_of(part: Mapping[str, Any]) -> tuple[str, str] | None:
    """The address of a picture and its detail, in OpenAI's shapes and in Anthropic's; None of what is no picture."""
    kind, given = part.get("type"), part.get("image_url")
    if given is None and kind not in ("image", "input_image"):
        return None
    if isinstance(given, Mapping):
        return str(given.get("url") or ""), str(given.get("detail") or "auto")
    source = part.get("source")
    if isinstance(source, Mapping):
        data = source.get("data")
        return f"data:{source.get('media_type')};base64,{data}" if isinstance(data, str) else "", "auto"
    return str(given or ""), str(part.get("detail") or "auto")


def _block(counting: Counting, model: str, block: Mapping[str, Any]) -> float:
    """A block of the Messages API, in which calls, results, thoughts and documents stand among the texts."""
    source = block.get("source")
    if block.get("type") == "document" and isinstance(source, Mapping):
        said = source.get("data") if source.get("type") == "text" else source.get("content")
        named = "".join(str(block.get(name) or "") for name in ("title", "context"))
        return counting.count(named) + _content(counting, model, said)
    called = counting.count(str(block.get("name") or "")) if block.get("type") == "tool_use" else 0.0
    arguments = _compact(json.dumps(block["input"])) if block.get("input") else None
    thought = block.get("thinking")
    said = counting.count(thought if isinstance(thought, str) else None)
    return called + counting.count(arguments) + said + _content(counting, model, block.get("content"))


def _compact(arguments: Any) -> str | None:
    """Arguments of a call as models are shown them: without white space between."""
    if not isinstance(arguments, str):
        return None
    try:
        return json.dumps(json.loads(arguments), separators=(",", ":"), ensure_ascii=False)
    except ValueError:
        return arguments
