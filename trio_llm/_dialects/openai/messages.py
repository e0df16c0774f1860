"""Chat messages on their way out, in OpenAI's shape.

Source: OpenAI API reference, "Create chat completion", parameter `messages`, 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..._convert import json as _json
from ..._convert.narrow import as_objects, is_object
from ..._types.dumping import ReplyDict
from ..._types.errors import UnsupportedParamsError
from ..history import arguments_object, function_of, results_after_calls, said_by
from ..quirks import CacheMarks, CallIdRule, MessageSchema, Quirks
from ..tool_calls import is_whole_object
from .parts import sendable_parts, with_media_shown, with_own_ids

_MESSAGE_FIELDS: Final = frozenset({"role", "content", "name", "tool_calls", "function_call", "refusal", "audio"})
_CALL_FIELDS: Final = frozenset({"id", "type", "function", "custom"})

_ANSWERS_ONLY: Final = frozenset(
    {
        "annotations",
        "images",
        "provider_specific_fields",
        "reasoning",
        "reasoning_content",
        "reasoning_details",
        "thinking_blocks",
    }
)
"""Fields that only answers have: a dictionary has them because it was copied from one."""
_REFUSED: Final = _ANSWERS_ONLY - {"annotations"}
"""Those of them that OpenAI refuses in a request."""
_OURS: Final = frozenset({"images", "provider_specific_fields", "thinking_blocks"})
"""Those of them that no provider of this format has: a dictionary has them because it was copied from our answer."""
_OF_OTHERS: Final = frozenset({"cache_control", "is_error"})
"""Fields that some other format has."""
_SIGNED: Final = "extra_content"
"""Google's signatures of thoughts, wherever its models are asked in this format: calls are refused without them."""
_THINKING: Final = "reasoning_content"
_THOUGHT_AS: Final = (_THINKING, "reasoning", "reasoning_details")
_OURS_IN_CALLS: Final = frozenset({"provider_specific_fields"})
_SAID: Final = frozenset({"refusal", "audio"})
"""Fields that have the model's words where there is no content."""
_OF_RESULTS: Final = frozenset({"name", "is_error"})
"""Fields of results that others want, and whose meaning the rest of the conversation has as well."""
_IS_DUMP: Final = frozenset({"content", "provider_specific_fields", "reasoning_content", "tool_calls", "refusal"})
"""Fields that a dictionary has, null or not, if it is all that `model_dump()` gave."""
_PLAIN: Final = frozenset({"role", "content", "name", "refusal", "prefix"})
"""Fields of an answer in which nothing has to change."""
_BARE_ROLES: Final = frozenset({"assistant", "system", "user"})
_SPEAKS: Final = frozenset({"tool_calls", "function_call", "audio", "refusal"})
"""What an answer may have in place of content."""


def sendable_messages(messages: Sequence[Mapping[str, Any]], quirks: Quirks, *, drop: bool) -> list[Mapping[str, Any]]:
    """The messages as their provider takes them.

    Raises:
        UnsupportedParamsError: for fields and content parts that the provider refuses; `drop` leaves them out.
    """
    if all(map(_is_bare, messages)):
        return [*messages]
    roles = {message["role"] for message in messages}
    has_results = "tool" in roles
    ordered = results_after_calls(messages) if has_results else messages
    made = [sendable_message(message, quirks) for message in ordered]
    if has_results and not quirks.media_in_results:
        made = with_media_shown(made)
    if quirks.text_only_roles:
        made = [_joined(message) if message["role"] in quirks.text_only_roles else message for message in made]
    if quirks.call_ids is not CallIdRule.ANY and (has_results or "assistant" in roles):
        made = [with_own_ids(message, quirks.call_ids) for message in made]
    if quirks.attachments_as_text:
        made = [_with_plain_attachments(message) for message in made]
    if quirks.message_schema is None:
        return made
    refused: list[str] = []
    fitted = [
        _fitted(message, f"messages[{place}]", quirks.message_schema, refused) for place, message in enumerate(made)
    ]
    if refused and not drop:
        raise UnsupportedParamsError(f"cannot express {', '.join(refused)}; drop_params=True leaves it out")
    return fitted


def _is_bare(message: Mapping[str, Any]) -> bool:
    """Whether a message is a text and nothing else, which every provider takes as it is: nearly all are."""
    return (
        type(message) is dict
        and len(message) == 2
        and type(message.get("content")) is str
        and message["role"] in _BARE_ROLES
    )


def _with_plain_attachments(message: Mapping[str, Any]) -> Mapping[str, Any]:
    content = message.get("content")
    return (
        {**message, "content": [_plain_attachment(part) for part in content]} if isinstance(content, list) else message
    )


def _plain_attachment(part: Any) -> Any:
    match part:
        case {"type": "input_audio", "input_audio": {"data": data}}:
            return {"type": "input_audio", "input_audio": data}
        case {"type": "file", "file": {"file_id": file_id}}:
            return {"type": "file", "file_id": file_id}
        case {"type": "file", "file": {"file_data": data, **rest}}:
            named = {"document_name": rest["filename"]} if rest.get("filename") else {}
            return {"type": "document_url", "document_url": data, **named}
        case _:
            return part


def _fitted(message: Mapping[str, Any], where: str, schema: MessageSchema, refused: list[str]) -> Mapping[str, Any]:
    """What the schema has of a message. What else says something is added to `refused`."""
    fields = schema.fields.get(message["role"])
    if fields is None:
        return message
    kept: dict[str, Any] = {}
    for name, value in message.items():
        if name in ("role", "content") or name in fields:
            kept[name] = value
        elif name in _SAID and value and said_by(message) == said_by({name: value}):
            kept["content"] = said_by(message)
        elif value and not _is_redundant(message, name):
            refused.append(f"{where}.{name}")
    if isinstance(kept.get("content"), list):
        kept["content"] = _fitted_parts(kept["content"], where, schema, refused) or ""
    if any("custom" in call for call in as_objects(kept.get("tool_calls"))):
        kept["tool_calls"] = [_as_function(call) for call in kept["tool_calls"]]
    return kept


def _as_function(call: Mapping[str, Any]) -> Mapping[str, Any]:
    """A call of a tool that takes free text, for those who have no such tools."""
    if not call.get("custom"):
        return call
    function = function_of(call, "tool_calls")
    text = _json.dumps(function["arguments"]).decode()
    return {"id": call.get("id"), "type": "function", "function": {**function, "arguments": text}}


def _is_redundant(message: Mapping[str, Any], name: str) -> bool:
    # The call that a tool's message refers to has the tool's name, too.
    return name in _ANSWERS_ONLY or (message["role"] == "tool" and name in _OF_RESULTS)


def _fitted_parts(parts: list[Any], where: str, schema: MessageSchema, refused: list[str]) -> list[Any]:
    kept: list[Any] = []
    for place, part in enumerate(parts):
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind is None or kind in schema.part_types:
            kept.append(part)
        elif kind == "refusal":
            kept.append({"type": "text", "text": part.get("refusal")})
        else:
            refused.append(f"{where}.content[{place}] of type {kind!r}")
    return kept


def sendable_message(message: Mapping[str, Any], quirks: Quirks) -> Mapping[str, Any]:
    """The message as its provider takes it; the caller's own object wherever nothing has to change.

    Dictionaries that the caller wrote keep every field, as vendors have fields of their own; only nulls, empty lists of
    calls and what this package adds to answers are left out. A response's message keeps the fields of the request
    schema, and those that the vendor wants back.
    """
    if message["role"] == "assistant" and (isinstance(message, ReplyDict) or message.keys() >= _IS_DUMP):
        made = _reply(message, quirks)
    elif _is_ready(message, quirks):
        return message
    else:
        made = _written(message, quirks)
    if quirks.system_role is not None and made["role"] == "developer":
        made["role"] = quirks.system_role
    if isinstance(made.get("content"), list):
        made["content"] = sendable_parts(made["content"], quirks) or ""  # an empty list is refused
    elif made["role"] == "tool" and made.get("content") is None:
        made["content"] = ""  # as is null
    if calls := made.get("tool_calls"):
        made["tool_calls"] = [_sendable_call(call, quirks) for call in calls]
        if quirks.thought_before_calls and not any(made.get(name) for name in _THOUGHT_AS):
            made[_THINKING] = quirks.thought_before_calls
    for name, other in quirks.also_named.items():
        if name in made:
            made.setdefault(other, made[name])
    return made


def _written(message: Mapping[str, Any], quirks: Quirks) -> dict[str, Any]:
    """A caller's dictionary without what says nothing, and without what only this package puts into answers."""
    foreign = _REFUSED if quirks.closed_schema else _OURS
    made = {
        quirks.renamed.get(name, name) if name in quirks.reply_fields else name: value
        for name, value in message.items()
        if (value is not None or name == "content") and (name not in foreign or name in quirks.reply_fields)
    }
    if not made.get("tool_calls"):
        made.pop("tool_calls", None)
    if made["role"] == "tool":
        made.pop("is_error", None)  # Anthropic's word; the result itself says what went wrong
    audio = made.get("audio") if quirks.message_schema is None else None
    if isinstance(audio, Mapping) and message["role"] == "assistant":
        made["audio"] = {"id": audio.get("id")}
    if quirks.cache_marks is not CacheMarks.CACHE_CONTROL:
        made.pop("cache_control", None)
    if made["role"] == "assistant" and made.get("content") is None and not _SPEAKS.intersection(made):
        made["content"] = ""
    return made


def _is_ready(message: Mapping[str, Any], quirks: Quirks) -> bool:
    if type(message) is not dict:
        return False
    role = message["role"]
    if role == "developer" or isinstance(message.get("content"), list) or not _OF_OTHERS.isdisjoint(message):
        return False
    if role == "assistant" and not _PLAIN.issuperset(message):
        return False
    if None not in message.values():
        return True
    if role in ("assistant", "tool"):
        return False
    return all(value is not None or name == "content" for name, value in message.items())


def _reply(message: Mapping[str, Any], quirks: Quirks) -> dict[str, Any]:
    """A response's message as a request's; its tool calls are marked as a response's, too."""
    message = {name: value for name, value in message.items() if value is not None}
    kept = {name: message[name] for name in message if name in _MESSAGE_FIELDS}
    kept |= {quirks.renamed.get(name, name): value for name, value in message.items() if name in quirks.reply_fields}
    if _SIGNED in message and _takes_more(quirks):
        kept[_SIGNED] = message[_SIGNED]
    if kept.get("annotations") == []:
        del kept["annotations"]
    audio = kept.get("audio") if quirks.message_schema is None else None
    if isinstance(audio, Mapping):
        kept["audio"] = {"id": audio.get("id")}  # the server still has the sound
    if calls := kept.pop("tool_calls", None):
        kept["tool_calls"] = [ReplyDict(call) for call in calls]
    if not _SPEAKS.intersection(kept) and "content" not in kept:
        kept["content"] = ""
    return kept


def _takes_more(quirks: Quirks) -> bool:
    return not quirks.closed_schema and quirks.message_schema is None


def _sendable_call(call: Any, quirks: Quirks) -> Any:
    if not is_object(call):
        return call
    kept = _CALL_FIELDS | quirks.reply_fields | ({_SIGNED} if _takes_more(quirks) else set())
    made = {
        name: value
        for name, value in call.items()
        if value is not None and (name in kept if isinstance(call, ReplyDict) else name not in _OURS_IN_CALLS)
    }
    function = made.get("function")
    arguments = function.get("arguments") if is_object(function) else "{}"
    if is_object(function) and (not isinstance(arguments, str) or not arguments):  # an empty text is no JSON
        made["function"] = {**function, "arguments": _json.dumps(arguments).decode() if arguments else "{}"}
    elif quirks.reads_calls and is_object(function) and not is_whole_object(str(arguments)):
        made["function"] = {**function, "arguments": _json.dumps(arguments_object(arguments)).decode()}
    return made


def _joined(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message with its text parts as one text. One with parts of another kind stays, for the provider to judge."""
    content = message.get("content")
    if not isinstance(content, list) or not all(isinstance(part, Mapping) and "text" in part for part in content):
        return message
    return {**message, "content": "\n".join(part["text"] for part in content)}
