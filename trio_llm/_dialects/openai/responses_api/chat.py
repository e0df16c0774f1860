"""Chats over the Responses API, for models that have nothing else.

Nothing is stored unless the caller asks for it: a chat is whole in itself. What the provider wants back unaltered
(reasoning, calls of programs) is in the answer's `provider_specific_fields["output_items"]`, and goes back as it came
when the message does.

Source: OpenAI guide "Migrate to the Responses API", 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ...._convert import json as _json
from ...._convert.narrow import a_list, an_object, as_mapping
from ...._types.chat import ChatRequest
from ...._types.dumping import ReplyDict
from ...._types.errors import UnsupportedParamsError
from ...._types.http import HTTPRequest
from ...asked_tools import plain_choice
from ...contract import WireCall
from ...history import id_of, said_by
from ...media_names import named_right
from ...parameters import asked_effort, supported_parameters
from ...quirks import CacheMarks, CallIdRule
from ..known_tools import RESPONSES_TOOLS, known_tools, posted, with_object
from ..parts import own_id, with_mark
from .request import PATH, flat_format

Message = Mapping[str, Any]
OUTPUT_ITEMS: Final = "output_items"
_SAME: Final = (
    "metadata",
    "moderation",
    "parallel_tool_calls",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "temperature",
    "top_logprobs",
    "top_p",
    "user",
)
_EXPRESSIBLE: Final = frozenset(
    {
        *_SAME,
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "reasoning_effort",
        "response_format",
        "store",
        "stream_options",
        "tool_choice",
        "tools",
        "verbosity",
        "web_search_options",
    }
)
_LONGEST_ID: Final = 64
_MARK: Final = "prompt_cache_breakpoint"
_HIDDEN_THINKING: Final = "reasoning.encrypted_content"


def encode_chat(call: WireCall[ChatRequest]) -> HTTPRequest:
    """The request for a whole reply."""
    return posted(call, PATH, _body(call))


def encode_chat_stream(call: WireCall[ChatRequest]) -> HTTPRequest:
    """The request for a streamed reply."""
    return posted(call, PATH, {**_body(call), "stream": True})


def _body(call: WireCall[ChatRequest]) -> dict[str, Any]:
    request = call.request
    given = request.parameters
    drop = request.options.drop_params
    if given.get("n") == 1:
        given = {name: value for name, value in given.items() if name != "n"}  # type: ignore[assignment]
    parameters = supported_parameters(given, call, _EXPRESSIBLE, drop=drop)
    if call.quirks.closed_schema and "tools" in parameters:
        tools = known_tools(parameters["tools"], RESPONSES_TOOLS, drop=drop)
        parameters["tools"] = [_with_object(tool) for tool in tools]
    history = _History(keeps=bool(given.get("store")), marks=call.quirks.cache_marks)
    for place, message in enumerate(request.messages):
        history.add(message, f"messages[{place}]")
    if history.refused and not drop:
        names = ", ".join(history.refused)
        raise UnsupportedParamsError(f"cannot express {names}; drop_params=True leaves it out", model=call.model)
    thinks = "reasoning_effort" in parameters or asked_effort(parameters, call.quirks) != "none"
    return {"model": call.model, "input": history.items, **_renamed(parameters, thinks=thinks)}


def _renamed(given: Mapping[str, Any], *, thinks: bool) -> dict[str, Any]:
    """The parameters under the names of the Responses API."""
    made: dict[str, Any] = {name: given[name] for name in _SAME if name in given}
    made["store"] = given.get("store", False)
    limit = given.get("max_completion_tokens", given.get("max_tokens"))
    if limit is not None:
        made["max_output_tokens"] = limit
    if (effort := given.get("reasoning_effort")) is not None:
        made["reasoning"] = dict(effort) if isinstance(effort, Mapping) else {"effort": effort}
    asked = ((thinks, _HIDDEN_THINKING), (given.get("logprobs"), "message.output_text.logprobs"))
    if included := [name for wanted, name in asked if wanted]:
        made["include"] = included
    text: dict[str, Any] = {}
    if (format_ := given.get("response_format")) is not None:
        text["format"] = flat_format(format_)
    if (verbosity := given.get("verbosity")) is not None:
        text["verbosity"] = verbosity
    if text:
        made["text"] = text
    tools = [_flat_tool(tool) for tool in given.get("tools") or ()]
    if (search := given.get("web_search_options")) is not None:
        tools.append(_search_tool(search))
    if tools:
        made["tools"] = tools
    if (choice := given.get("tool_choice")) is not None:
        made["tool_choice"] = _flat_choice(plain_choice(choice))
    return made


def _with_object(tool: Any) -> Any:
    function = as_mapping(tool).get("function")
    return {**tool, "function": with_object(function)} if isinstance(function, Mapping) else tool


def _flat_tool(tool: Any) -> Any:
    kind = as_mapping(tool).get("type")
    inner = as_mapping(tool).get(kind) if kind in ("function", "custom") else None
    if not isinstance(inner, Mapping):
        return tool
    beside = {name: value for name, value in as_mapping(tool).items() if name not in (kind, "cache_control")}
    return {**beside, **{name: value for name, value in inner.items() if name != "cache_control"}}


def _flat_choice(choice: Any) -> Any:
    match choice:
        case {"type": "allowed_tools", "allowed_tools": {"tools": [*tools], **rest}}:
            return {"type": "allowed_tools", **rest, "tools": [_flat_tool(tool) for tool in tools]}
        case _:
            return _flat_tool(choice)


def _file(file: Message) -> dict[str, Any]:
    """A file by its id, its data, or its address, which other vendors' users write in place of the id."""
    told = {name: value for name, value in file.items() if name != "format"}  # a hint for Gemini
    address = told.get("file_id")
    if isinstance(address, str) and address.startswith(("https://", "http://")):
        told["file_url"] = told.pop("file_id")
    return {"type": "input_file", **told}


def _search_tool(options: Mapping[str, Any]) -> dict[str, Any]:
    place = as_mapping(options.get("user_location"))
    made = {name: value for name, value in options.items() if name != "user_location" and value is not None}
    if place:
        made["user_location"] = {"type": "approximate", **as_mapping(place.get("approximate", place))}
    return {"type": "web_search", **made}


def _own_id(holder: Message, name: str, where: str) -> str:
    """The id of a call as OpenAI takes it. Its own ids fit."""
    identifier = id_of(holder, name, where)
    return identifier if len(identifier) <= _LONGEST_ID else own_id(identifier, CallIdRule.AT_MOST_40)


class _History:
    """Input items being made from messages. What has no form there is noted in `refused`, by its place."""

    def __init__(self, *, keeps: bool, marks: CacheMarks = CacheMarks.NONE) -> None:
        self.items: list[Any] = []
        self.refused: list[str] = []
        self._marks = marks
        self._keeps = keeps
        """Whether the provider stores what it answers, and so knows reasoning by its id alone."""
        self._custom: set[Any] = set()
        """Ids of calls of tools that take free text."""

    def add(self, message: Message, where: str) -> None:
        """Take the next message."""
        role = message["role"]
        if role == "assistant":
            self._add_answer(message, where)
        elif role == "tool":
            call_id = _own_id(message, "tool_call_id", where)
            kind = "custom_tool_call_output" if call_id in self._custom else "function_call_output"
            output = self._content(message.get("content"), f"{where}.content")
            self.items.append({"type": kind, "call_id": call_id, "output": output})
        elif role in ("user", "system", "developer"):
            if message.get("name"):
                self.refused.append(f"{where}.name")
            self.items.append({"role": role, "content": self._content(message.get("content"), f"{where}.content")})
        else:
            self.refused.append(f"{where} of role {role!r}")

    def _add_answer(self, message: Message, where: str) -> None:
        own = as_mapping(message.get("provider_specific_fields")).get(OUTPUT_ITEMS)
        if isinstance(message, ReplyDict) and isinstance(own, list):
            for item in own:
                if self._keeps or item.get("type") != "reasoning" or item.get("encrypted_content"):
                    self.items.append(item)
            self._custom |= {item.get("call_id") for item in own if item.get("type") == "custom_tool_call"}
            return
        if message.get("function_call"):
            self.refused.append(f"{where}.function_call")
        if refusal := message.get("refusal"):
            self.items.append({"role": "assistant", "content": [{"type": "refusal", "refusal": refusal}]})
        words = message.get("content") or (None if refusal else said_by(message))
        if words:
            self._add_words(words, f"{where}.content")
        for place, call in a_list(message.get("tool_calls"), f"{where}.tool_calls"):
            self._add_call(an_object(call, place), place)

    def _add_words(self, content: object, where: str) -> None:
        texts = [content] if isinstance(content, str) else []
        for place, part in a_list(None if texts else content, where):
            match an_object(part, place):
                case {"type": "text", "text": str(text)} | {"type": "refusal", "refusal": str(text)}:
                    texts.append(text)
                case other:
                    self.refused.append(f"{place} of type {other.get('type')!r}")
        self.items.append({"role": "assistant", "content": "".join(texts)})

    def _add_call(self, call: Message, where: str) -> None:
        identifier, custom = _own_id(call, "id", where), call.get("custom")
        function = as_mapping(call.get("function"))
        if custom is not None:
            self._custom.add(identifier)
            made = {"type": "custom_tool_call", "name": custom.get("name"), "input": custom.get("input") or ""}
        else:
            arguments = function.get("arguments") or "{}"
            if not isinstance(arguments, str):
                arguments = _json.dumps(arguments).decode()
            made = {"type": "function_call", "name": function.get("name"), "arguments": arguments}
        self.items.append({**made, "call_id": identifier})

    def _content(self, content: object, where: str) -> Any:
        if content is None or isinstance(content, str):
            return content or ""
        parts = [
            ({"type": "text", "text": part} if isinstance(part, str) else part, place)
            for place, part in a_list(content, where)
        ]
        made = [self._marked_part(an_object(part, place), place) for part, place in parts]
        return [part for part in made if part is not None] or ""

    def _marked_part(self, part: Message, where: str) -> Any:
        made, marked = self._part(part, where), with_mark(part, self._marks)
        mark = marked.get(_MARK)
        return {**made, _MARK: mark} if mark is not None and made is not None else made

    def _part(self, part: Message, where: str) -> Any:
        match part:
            case {"type": "text", "text": text}:
                return {"type": "input_text", "text": text}
            case {"type": "image_url", "image_url": image}:
                described = image if isinstance(image, Mapping) else {"url": image}
                detail = {"detail": described["detail"]} if described.get("detail") else {}
                return {"type": "input_image", "image_url": named_right(described.get("url")), **detail}
            case {"type": "file", "file": file} if isinstance(file, Mapping):
                return _file(file)
            case {"type": "input_audio" | "input_text" | "input_image" | "input_file"}:
                return part
            case _:
                self.refused.append(f"{where} of type {part.get('type')!r}")
                return None
