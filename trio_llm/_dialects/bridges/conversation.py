"""Input items of the Responses API as chat messages.

What the model said in one turn (its thinking, its words, its calls) is several items there and one message here.
Items that the bridge made carry what the chat reply had beside that, in `chat_fields`: signatures, blocks and details
that the provider wants back as they were.

Source: OpenAI API reference, "Create a model response", parameter `input`, and "Create chat completion", parameter
`messages`, 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from ..._convert.narrow import a_list, an_object, as_mapping
from ..._types.dumping import ReplyDict
from ..._types.errors import BadRequestError

CHAT_FIELDS: Final = "chat_fields"
Item = Mapping[str, Any]


class Conversation:
    """Chat messages being made from items. What has no form there is noted in `refused`, by its place."""

    def __init__(self) -> None:
        self.messages: list[Mapping[str, Any]] = []
        self.refused: list[str] = []
        self._turn: dict[str, Any] = {}
        """The model's own message that is being put together; empty between turns."""

    def add_all(self, items: str | Sequence[Item] | None) -> None:
        """Take an input."""
        if isinstance(items, str):
            self.messages.append({"role": "user", "content": items})
            return
        for place, item in enumerate(items or ()):
            where = f"input[{place}]"
            kind = an_object(item, where).get("type") or ("message" if "role" in item else None)
            take = _TAKE.get(kind)
            if take is None:
                self.refused.append(f"{where} of type {kind!r}")
            else:
                take(self, item, where)
        self._close_turn()

    def _close_turn(self) -> None:
        if self._turn:
            calls = self._turn.pop("tool_calls", None)
            made = {"role": "assistant", "content": self._turn.pop("content", None), **self._turn}
            if calls:
                made["tool_calls"] = calls
            self.messages.append(ReplyDict(made) if len(made) > 2 + bool(calls) else made)
            self._turn = {}

    def _say(self, message: Mapping[str, Any]) -> None:
        self._close_turn()
        self.messages.append(message)

    def take_message(self, item: Item, where: str) -> None:
        """A message of anybody's."""
        role, content = item.get("role"), item.get("content")
        if not isinstance(role, str):
            raise BadRequestError(f"{where} has no role")
        if role != "assistant":
            self._say({"role": role, "content": self._content(content, f"{where}.content")})
            return
        if "content" in self._turn or "tool_calls" in self._turn:
            self._close_turn()
        self._keep_fields(item)
        parts = [] if isinstance(content, str) else a_list(content, f"{where}.content")
        texts = [content] if isinstance(content, str) else []
        for place, part in parts:
            match an_object(part, place):
                case {"type": "output_text" | "input_text" | "text", "text": str(text)}:
                    texts.append(text)
                case {"type": "refusal", "refusal": str(refusal)}:
                    self._turn["refusal"] = refusal
                case other:
                    self.refused.append(f"{place} of type {other.get('type')!r}")
        self._turn["content"] = "".join(texts)

    def take_reasoning(self, item: Item, where: str) -> None:
        """The model's thinking: its text as chat has it. Without text, and not made by the bridge, it has no form."""
        if self._turn:
            self._close_turn()
        self._keep_fields(item)
        shown = [*a_list(item.get("content"), f"{where}.content")] or [*a_list(item.get("summary"), f"{where}.summary")]
        text = "".join(as_mapping(part).get("text") or "" for _, part in shown)
        if text:
            self._turn["reasoning_content"] = text
        elif CHAT_FIELDS not in item:
            self.refused.append(f"{where}, whose thinking only its own provider can read")

    def take_call(self, item: Item, where: str) -> None:
        """A call of a function, or of a tool that takes free text."""
        if not isinstance(item.get("name"), str):
            raise BadRequestError(f"{where} has no name")
        self._keep_fields(item)
        call: dict[str, Any] = {"id": item.get("call_id")}
        if item["type"] == "custom_tool_call":
            call |= {"type": "custom", "custom": {"name": item["name"], "input": item.get("input") or ""}}
        else:
            function = {"name": item["name"], "arguments": item.get("arguments") or ""}
            call |= {"type": "function", "function": function}
        beside = as_mapping(item.get("call_fields"))
        self._turn.setdefault("tool_calls", []).append(ReplyDict({**call, **beside}) if beside else call)

    def take_output(self, item: Item, where: str) -> None:
        """What a call came to."""
        output = item.get("output")
        content = output if isinstance(output, str) else self._content(output, f"{where}.output")
        self._say({"role": "tool", "tool_call_id": item.get("call_id"), "content": content})

    def _keep_fields(self, item: Item) -> None:
        self._turn |= as_mapping(item.get(CHAT_FIELDS))

    def _content(self, content: object, where: str) -> Any:
        if isinstance(content, str):
            return content
        parts = [made for place, part in a_list(content, where) for made in self._part(an_object(part, place), place)]
        return parts[0]["text"] if len(parts) == 1 and set(parts[0]) == {"type", "text"} else parts

    def _part(self, part: Item, where: str) -> Iterable[dict[str, Any]]:
        kind = part.get("type")
        make = _PARTS.get(kind)
        made = make(part) if make is not None else None
        if made is None:
            self.refused.append(f"{where} of type {kind!r}")
            return ()
        return (made,)


def _text(part: Item) -> dict[str, Any]:
    rest = {name: value for name, value in part.items() if name not in ("type", "text", "annotations", "logprobs")}
    return {"type": "text", "text": part.get("text") or "", **rest}


def _image(part: Item) -> dict[str, Any] | None:
    if not isinstance(part.get("image_url"), str):
        return None
    detail = {"detail": part["detail"]} if part.get("detail") else {}
    return {"type": "image_url", "image_url": {"url": part["image_url"], **detail}}


def _file(part: Item) -> dict[str, Any] | None:
    named = {"filename": part["filename"]} if part.get("filename") else {}
    if part.get("file_data"):
        return {"type": "file", "file": {"file_data": part["file_data"], **named}}
    identifier = part.get("file_id") or part.get("file_url")
    return {"type": "file", "file": {"file_id": identifier, **named}} if identifier else None


def _as_it_is(part: Item) -> dict[str, Any]:
    return dict(part)


_PARTS: Final[Mapping[Any, Callable[[Item], dict[str, Any] | None]]] = {
    "input_text": _text,
    "output_text": _text,
    "text": _text,
    "input_image": _image,
    "input_file": _file,
    "input_audio": _as_it_is,
    # Parts of chat's own, which callers who come from there may have.
    "image_url": _as_it_is,
    "file": _as_it_is,
}
_TAKE: Final[Mapping[Any, Callable[[Conversation, Item, str], None]]] = {
    "message": Conversation.take_message,
    "reasoning": Conversation.take_reasoning,
    "function_call": Conversation.take_call,
    "custom_tool_call": Conversation.take_call,
    "function_call_output": Conversation.take_output,
    "custom_tool_call_output": Conversation.take_output,
}
