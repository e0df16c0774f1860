"""Content parts of messages on their way out, what tools returned beside text, and the ids of calls.

Source: OpenAI API reference, "Create chat completion" (content parts; role tool takes text only) and guide "Prompt
caching" (`prompt_cache_breakpoint`); OpenRouter, "Prompt caching" (`cache_control`); Mistral, "Function calling" (ids
of nine letters or digits); 2026-11.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ..._convert.narrow import is_object
from ..media_names import named_right
from ..quirks import CacheMarks, CallIdRule, Quirks

Message = Mapping[str, Any]

_MARKS: Final = ("cache_control", "prompt_cache_breakpoint")
_MARK_OF: Final[Mapping[CacheMarks, tuple[str, Mapping[str, Any]]]] = {
    CacheMarks.CACHE_CONTROL: ("cache_control", {"type": "ephemeral"}),
    CacheMarks.BREAKPOINT: ("prompt_cache_breakpoint", {"mode": "explicit"}),
}
_HINT: Final = "format"
"""The media type of an image or a file, which Gemini wants where an address does not tell it."""
_SHOWN: Final = "What the tool returned beside text, for the call with the id "
_NINE: Final = re.compile("[a-zA-Z0-9]{9}")
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_MOST: Final = 40


def sendable_parts(parts: list[Any], quirks: Quirks) -> list[Any]:
    """Content parts with what every provider wants: texts and images as objects, and marks that it knows."""
    return [_sendable(part, quirks) if is_object(part) else _text_part(part) for part in parts]


def _text_part(part: Any) -> Any:
    return {"type": "text", "text": part} if isinstance(part, str) else part


def _sendable(part: Mapping[str, Any], quirks: Quirks) -> Mapping[str, Any]:
    if any(part.get(mark) for mark in _MARKS):
        part = with_mark(part, quirks.cache_marks)
    kind = part.get("type")
    if kind not in ("image_url", "file"):
        return part
    media = part.get(kind)
    media = {"url": media} if isinstance(media, str) and kind == "image_url" else media
    if not is_object(media):
        return part
    if (url := named_right(media.get("url"))) != media.get("url"):
        media = {**media, "url": url}
    if _HINT in media and (quirks.closed_schema or quirks.message_schema is not None):
        media = {name: value for name, value in media.items() if name != _HINT}
    return part if media is part.get(kind) else {**part, kind: media}


def with_mark(holder: Mapping[str, Any], marks: CacheMarks) -> Mapping[str, Any]:
    """The part, or the tool, with the mark that its cache reaches so far in the provider's own word, or without."""
    bare = {name: value for name, value in holder.items() if name not in _MARKS}
    if marks is CacheMarks.NONE or not any(holder.get(mark) for mark in _MARKS):
        return bare
    word, usual = _MARK_OF[marks]
    return {**bare, word: holder.get(word) or usual}


def with_media_shown(messages: Iterable[Message]) -> list[Message]:
    """The messages with tools' results as text; what else they have is in a user's message behind the results."""
    made: list[Message] = []
    shown: list[Any] = []
    for message in messages:
        if message["role"] != "tool" and shown:
            made.append({"role": "user", "content": shown})
            shown = []
        content = message.get("content")
        if message["role"] != "tool" or not isinstance(content, list) or all(map(_is_text, content)):
            made.append(message)
            continue
        shown.append({"type": "text", "text": f"{_SHOWN}{message.get('tool_call_id')}:"})
        shown += [part for part in content if not _is_text(part)]
        texts = [part for part in content if _is_text(part)]
        made.append({**message, "content": texts or "The result follows in the next message of the user."})
    return [*made, {"role": "user", "content": shown}] if shown else made


def _is_text(part: Any) -> bool:
    return not is_object(part) or part.get("type") == "text"


def with_own_ids(message: Message, form: CallIdRule) -> Message:
    """The message with ids of calls that the provider takes."""
    identifier, calls = message.get("tool_call_id"), message.get("tool_calls")
    if identifier is None and not calls:
        return message
    made = dict(message)
    if isinstance(identifier, str):
        made["tool_call_id"] = own_id(identifier, form)
    if calls:
        made["tool_calls"] = [
            {**call, "id": own_id(call["id"], form)} if isinstance(call.get("id"), str) else call for call in calls
        ]
    return made


def own_id(identifier: str, form: CallIdRule) -> str:
    """An id in the provider's form: the same one wherever it fits, else always the same other one."""
    if form is CallIdRule.AT_MOST_40:
        return identifier if len(identifier) <= _MOST else f"call_{_digest(identifier)[:24]}"
    if _NINE.fullmatch(identifier):
        return identifier
    number = int(_digest(identifier), 16)
    return "".join(_DIGITS[number // len(_DIGITS) ** place % len(_DIGITS)] for place in range(9))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
