"""Messages as Gemini's turns.

Source: Gemini API reference, "Content", "FunctionCall" and "FunctionResponse"; guides "Function calling" and
"Thought signatures"; 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any, Final, cast

from ..._convert import json as _json
from ..._convert.narrow import an_object, is_object
from ..._types.errors import BadRequestError
from ..history import arguments_object, function_of, results_after_calls, said_by
from .media import Part, media_part, resolution
from .models import ModelFamily

Message = Mapping[str, Any]

_SYSTEM_ROLES: Final = ("system", "developer")
_TEXT_FIELDS: Final = ("text", "refusal")
_RESULT = "output"
"""The key under which the service looks for a function's result, where the response is not an object of its own."""
_ERROR = "error"
"""The key under which it looks for what went wrong. Source: Gemini API reference, "FunctionResponse", 2026-11."""


def system_instruction(messages: Sequence[Message]) -> Part | None:
    """The system messages that begin the conversation: the wire has one place for them, before it.

    One that comes later stays in its place, as the user's: to move it would change the beginning of the prompt, and
    with it all that is cached.
    """
    parts = [
        part
        for number, message in enumerate(takewhile(_is_system, messages))
        for part in _spoken_parts(message, f"messages[{number}]")
    ]
    return {"parts": parts} if parts else None


def _is_system(message: Message) -> bool:
    return message["role"] in _SYSTEM_ROLES


def turns(messages: Sequence[Message], family: ModelFamily) -> list[dict[str, Any]]:
    """The conversation as turns of user and model, messages that follow each other on one side put together.

    Raises:
        BadRequestError: if a message cannot be read; the text begins with its place, as `messages[2]`.
    """
    return _Conversation(family).take(list(results_after_calls(messages)))


class _Conversation:
    """The turns so far, and the names of the calls whose results may follow."""

    def __init__(self, family: ModelFamily) -> None:
        self._family = family
        self._turns: list[dict[str, Any]] = []
        self._names: dict[str, str] = {}
        self._media: list[Part] = []
        """What tools returned beside text, on its way to the turn behind their results."""

    def take(self, messages: Sequence[Message]) -> list[dict[str, Any]]:
        begins = sum(1 for _ in takewhile(_is_system, messages))
        for number, message in enumerate(messages[begins:], begins):
            if message["role"] != "tool":
                self._show_media()
            self._message(message, f"messages[{number}]")
        self._show_media()
        return self._turns

    def _show_media(self) -> None:
        if self._media:  # a turn of its own: beside the results of parallel calls it is refused
            self._turns.append({"role": "user", "parts": self._media})
            self._media = []

    def _message(self, message: Message, where: str) -> None:
        role = message["role"]
        if role == "user":
            self._add("user", self._user_parts(message, where))
        elif role == "assistant":
            self._add("model", self._model_parts(message, where))
        elif role in ("tool", "function"):
            self._add("user", self._result_parts(message, where))
        elif role in _SYSTEM_ROLES:
            self._add("user", _spoken_parts(message, where))
        else:
            raise BadRequestError(f"{where}: unknown role {role!r}")

    def _add(self, role: str, parts: list[Part]) -> None:
        if not parts:
            return  # a turn without parts is refused
        if self._turns and self._turns[-1]["role"] == role:
            self._turns[-1]["parts"] += parts
        else:
            self._turns.append({"role": role, "parts": parts})

    def _user_parts(self, message: Message, where: str) -> list[Part]:
        content = message.get("content")
        if isinstance(content, str):
            return [{"text": content}] if content else []
        parts = [self._content_part(part, place) for part, place in _listed(content, f"{where}.content")]
        return [part for part in parts if part.get("text") != ""]  # which the model's servers refuse

    def _content_part(self, part: Any, where: str) -> Part:
        if (spoken := _spoken(part)) is not None:
            return {"text": spoken}
        media = media_part(part, where) if is_object(part) else None
        if media is None:
            raise BadRequestError(f"{where}: unknown content part {part!r:.80}")
        if self._family.part_resolution and (level := resolution(part)):
            media["mediaResolution"] = level
        return media

    def _model_parts(self, message: Message, where: str) -> list[Part]:
        fields = _own_fields(message)
        parts: list[Part] = [*fields.get("parts", ()), *_signed_text(message, fields, where)]
        parts += [self._own_image(image, f"{where}.images") for image in message.get("images") or ()]
        calls = [self._call(call, place) for call, place in _listed(message.get("tool_calls"), f"{where}.tool_calls")]
        if function := message.get("function_call"):
            calls.append({"functionCall": _function_call(function, f"{where}.function_call")})
        if calls and self._family.foreign_signature:
            calls[0].setdefault("thoughtSignature", self._family.foreign_signature)
        return parts + calls

    def _own_image(self, image: Any, where: str) -> Part:
        part = self._content_part(image, where)
        if signature := image.get("thought_signature"):
            part["thoughtSignature"] = signature
        return part

    def _call(self, call: Any, where: str) -> Part:
        made = _function_call(function_of(an_object(call, where), where), where)
        if identifier := call.get("id"):
            self._names[identifier] = made["name"]
            made["id"] = identifier
        signature = _own_fields(call).get("thought_signature")
        return {"functionCall": made} | ({"thoughtSignature": signature} if signature else {})

    def _result_parts(self, message: Message, where: str) -> list[Part]:
        identifier = message.get("tool_call_id")
        if message["role"] == "tool" and not identifier:
            raise BadRequestError(f"{where}.tool_call_id is missing")
        name = self._names.get(identifier or "") or message.get("name")
        if not name:
            raise BadRequestError(f"{where}: no earlier tool call has the tool_call_id {identifier!r}")
        content = message.get("content")
        parts = self._user_parts(message, where) if content else []
        spoken = "".join(part["text"] for part in parts if "text" in part)
        response: Part = {"name": name, "response": _result(spoken, failed=bool(message.get("is_error")))}
        if identifier:
            response["id"] = identifier
        media = [part for part in parts if "text" not in part]
        if media and self._family.nested_media and all("inlineData" in part for part in media):
            response["parts"] = [{"inlineData": part["inlineData"]} for part in media]
        else:
            self._media += media
        return [{"functionResponse": response}]


def _own_fields(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an earlier reply put where OpenAI's shape has no place."""
    fields = value.get("provider_specific_fields")
    return fields if is_object(fields) else {}


def _listed(value: Any, where: str) -> list[tuple[Any, str]]:
    """The items of a list with their places; nothing for None."""
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise BadRequestError(f"{where} must be a list, not {type(value).__name__}")
    items = cast("Sequence[Any]", value)
    return [(item, f"{where}[{number}]") for number, item in enumerate(items)]


def _spoken(part: Any) -> str | None:
    """The text of a content part, None if it is none."""
    if isinstance(part, str):
        return part
    kind = part.get("type") if is_object(part) else None
    text = part.get(kind) if kind in _TEXT_FIELDS else None
    return text if isinstance(text, str) else None


def _spoken_parts(message: Message, where: str) -> list[Part]:
    """The content of a message that may only consist of text, as one part each; empty ones are left out."""
    content = message.get("content")
    if isinstance(content, str):
        return [{"text": content}] if content else []
    parts: list[Part] = []
    for part, place in _listed(content, f"{where}.content"):
        spoken = _spoken(part)
        if spoken is None:
            raise BadRequestError(f"{place}: {message['role']} messages take text content only")
        if spoken:
            parts.append({"text": spoken})
    return parts


def _signed_text(message: Message, fields: Mapping[str, Any], where: str) -> list[Part]:
    """What the model said, with the signatures that it put on it.

    Signatures came on single parts, which the message holds as one text: the last signature goes on the text, the
    others on empty parts before it, as a stream has them.
    """
    spoken = "".join(part["text"] for part in _spoken_parts(message, where)) or str(said_by(message) or "")
    *before, last = fields.get("thought_signatures") or (None,)
    parts: list[Part] = [{"text": "", "thoughtSignature": signature} for signature in before]
    if last:
        parts.append({"text": spoken, "thoughtSignature": last})
    elif spoken:
        parts.append({"text": spoken})
    return parts


def _function_call(function: Mapping[str, Any], where: str) -> dict[str, Any]:
    name = function.get("name")
    if not name:
        raise BadRequestError(f"{where}.function.name is missing")
    return {"name": name, "args": arguments_object(function.get("arguments"))}


def _result(spoken: str, *, failed: bool) -> dict[str, Any]:
    """A function's result, which has to be an object."""
    if failed:
        return {_ERROR: spoken}
    try:
        value = _json.loads(spoken)
        _json.dumps(value)
    except ValueError:  # plain text, or with numbers that JSON does not have
        value = None
    return dict(value) if is_object(value) else {_RESULT: spoken}
