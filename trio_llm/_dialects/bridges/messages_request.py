"""A request of the Messages API as a chat request.

Marks for caches (`cache_control`) go with the parts, the instructions and the tools that have them, for the dialect of
the chat to send where they are understood. So do fields of a tool that Anthropic's reference has and chats do not. What
only Anthropic's own servers can do (its tools, containers, the editing of contexts) cannot be expressed.

Source: Anthropic API reference, "Create a Message", 2026-11.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ..._convert.narrow import a_list, an_object, as_mapping
from ..._types.chat import ChatRequest
from ..._types.dumping import ReplyDict
from ..._types.errors import UnsupportedParamsError
from ..._types.messages_api.request import MessagesRequest
from ..._types.request import changed
from .conversation import CHAT_FIELDS

Block = Mapping[str, Any]
_SAME: Final = ("temperature", "top_p")
_OWN: Final = ("container", "context_management", "inference_geo", "mcp_servers", "top_k")
_CHOICES: Final[Mapping[Any, str]] = {"auto": "auto", "any": "required", "none": "none"}
_OUTPUT: Final = ("effort", "format")
_OF_SEARCHES: Final = ("type", "name", "cache_control", "user_location")
"""What a tool that searches the web may have in a chat."""
_PLACED: Final = ("type", "name", "input_schema", "cache_control")
"""Fields of tools that have a place of their own in chats."""
_EFFORTS: Final = ((4_096, "low"), (16_384, "medium"))
"""Budgets of thinking up to which an effort is meant; LiteLLM draws the lines much the same."""


def chat_request(request: MessagesRequest) -> ChatRequest:
    """The chat request that asks for the same.

    Raises:
        UnsupportedParamsError: for what has no form there; `drop_params` leaves it out.
        BadRequestError: for messages that make no sense.
    """
    parameters = _MessagesParameters(request)
    messages = _Messages(parameters.refused)
    messages.add_system(request.parameters.get("system"))
    for place, message in enumerate(request.messages):
        messages.add(message, f"messages[{place}]")
    if parameters.refused and not request.options.drop_params:
        names = ", ".join(parameters.refused)
        raise UnsupportedParamsError(
            f"cannot express {names} to a provider without the Messages API; drop_params=True leaves it out",
            model=request.model,
        )
    made = ChatRequest(request.model, messages.made, stream=request.stream, **parameters.made)
    return changed(made, options=request.options)


class _MessagesParameters:
    """The parameters under the names of chat. What has no form there is noted in `refused`."""

    def __init__(self, request: MessagesRequest) -> None:
        given = request.parameters
        self.made: dict[str, Any] = {name: given[name] for name in _SAME if name in given}
        self.made["max_tokens"] = request.max_tokens
        self.refused = [name for name in _OWN if given.get(name)]
        self._given = given
        if stops := given.get("stop_sequences"):
            self.made["stop"] = list(stops)
        if user := as_mapping(given.get("metadata")).get("user_id"):
            self.made["user"] = user
        if given.get("service_tier") not in (None, "auto"):
            self.refused.append("service_tier")
        self._take_thinking()
        self._take_output()
        self._take_tools()

    def _take_thinking(self) -> None:
        thinking = as_mapping(self._given.get("thinking"))
        if thinking.get("type") == "enabled":
            budget = thinking.get("budget_tokens") or 0
            self.made["reasoning_effort"] = next((effort for most, effort in _EFFORTS if budget <= most), "high")

    def _take_output(self) -> None:
        output = as_mapping(self._given.get("output_config"))
        if output.get("effort"):
            self.made["reasoning_effort"] = output["effort"]
        self.refused += [f"output_config.{name}" for name, value in output.items() if value and name not in _OUTPUT]
        if format_ := as_mapping(output.get("format")):
            schema = {"name": "answer", "schema": format_.get("schema"), "strict": True}
            self.made["response_format"] = {"type": "json_schema", "json_schema": schema}

    def _take_tools(self) -> None:
        tools: list[Any] = []
        for place, tool in a_list(self._given.get("tools"), "tools"):
            described = an_object(tool, place)
            kind = described.get("type") or "custom"
            if kind == "custom":
                tools.append(_tool(described))
            elif str(kind).startswith("web_search"):
                self._take_search(described, place)
            else:
                self.refused.append(f"{place} of type {kind!r}")
        if tools:
            self.made["tools"] = tools
        choice = as_mapping(self._given.get("tool_choice"))
        if choice.get("disable_parallel_tool_use"):
            self.made["parallel_tool_calls"] = False
        if choice.get("type") == "tool":
            self.made["tool_choice"] = {"type": "function", "function": {"name": choice.get("name")}}
        elif tools and choice:
            kind = choice.get("type")
            self.made["tool_choice"] = _CHOICES.get(kind, "auto") if isinstance(kind, str) else "auto"

    def _take_search(self, tool: Block, where: str) -> None:
        place = {name: value for name, value in as_mapping(tool.get("user_location")).items() if name != "type"}
        located = {"user_location": {"type": "approximate", "approximate": place}} if place else {}
        self.made["web_search_options"] = located
        self.refused += [f"{where}.{name}" for name, value in tool.items() if value and name not in _OF_SEARCHES]


def _tool(tool: Block) -> dict[str, Any]:
    function = {"name": tool.get("name"), "parameters": tool.get("input_schema")}
    function |= {name: value for name, value in tool.items() if name not in _PLACED and value is not None}
    return {"type": "function", "function": function, **_mark(tool)}


def _mark(block: Block) -> dict[str, Any]:
    return {"cache_control": block["cache_control"]} if block.get("cache_control") else {}


class _Messages:
    """Chat messages being made from Anthropic's."""

    def __init__(self, refused: list[str]) -> None:
        self.made: list[Mapping[str, Any]] = []
        self._refused = refused

    def add_system(self, system: object) -> None:
        """Take the system prompt."""
        if isinstance(system, str):
            self.made.append({"role": "system", "content": system})
        elif blocks := [as_mapping(block) for _, block in a_list(system, "system")]:
            parts = [{"type": "text", "text": block.get("text") or "", **_mark(block)} for block in blocks]
            marked = any(map(_mark, blocks))
            self.made.append({"role": "system", "content": parts if marked else _joined(parts)})

    def add(self, message: Block, where: str) -> None:
        """Take the next message. Results of tools come before what else the user says with them."""
        role, content = message["role"], message.get("content")
        if isinstance(content, str):
            self.made.append({"role": role, "content": content})
            return
        blocks = [(place, an_object(block, place)) for place, block in a_list(content, f"{where}.content")]
        if role == "assistant":
            self._add_answer(blocks)
            return
        for place, block in blocks:
            if block.get("type") == "tool_result":
                self._add_result(block, place)
        parts = [
            made for place, block in blocks if block.get("type") != "tool_result" for made in self._part(block, place)
        ]
        if parts:
            alone = len(parts) == 1 and parts[0].keys() == {"type", "text"}
            self.made.append({"role": role, "content": parts[0]["text"] if alone else parts})

    def _add_result(self, block: Block, where: str) -> None:
        content = block.get("content")
        made: Any = content
        if not isinstance(content, str):
            parts = [made for place, one in a_list(content, where) for made in self._part(an_object(one, place), place)]
            made = _joined(parts) if all(part.keys() == {"type", "text"} for part in parts) else parts
        failed = {"is_error": True} if block.get("is_error") else {}
        self.made.append(
            {"role": "tool", "tool_call_id": block.get("tool_use_id"), "content": made, **failed, **_mark(block)}
        )

    def _add_answer(self, blocks: list[tuple[str, Block]]) -> None:
        texts: list[str] = []
        message: dict[str, Any] = {}
        for place, block in blocks:
            message |= as_mapping(block.get(CHAT_FIELDS))
            match block.get("type"):
                case "text":
                    texts.append(block.get("text") or "")
                case "thinking":
                    message["reasoning_content"] = message.get("reasoning_content", "") + (block.get("thinking") or "")
                    _keep_thinking(message, block)
                case "redacted_thinking":
                    _keep_thinking(message, block)
                case "tool_use":
                    message.setdefault("tool_calls", []).append(_call(block))
                case kind:
                    self._refused.append(f"{place} of type {kind!r}")
        made = {"role": "assistant", "content": "".join(texts) if texts else None, **message}
        self.made.append(ReplyDict(made) if set(message) - {"tool_calls"} else made)

    def _part(self, block: Block, where: str) -> Iterable[dict[str, Any]]:
        kind, source = block.get("type"), as_mapping(block.get("source"))
        if kind == "text":
            yield {"type": "text", "text": block.get("text") or "", **_mark(block)}
        elif kind == "image" and (url := _address(source)):
            yield {"type": "image_url", "image_url": {"url": url}, **_mark(block)}
        elif kind == "document" and source.get("type") == "text":
            yield {"type": "text", "text": source.get("data") or "", **_mark(block)}
        elif kind == "document" and (url := _address(source)):
            named = {"filename": block["title"]} if block.get("title") else {}
            where_it_is = "file_data" if url.startswith("data:") else "file_id"
            yield {"type": "file", "file": {where_it_is: url, **named}, **_mark(block)}
        else:
            self._refused.append(f"{where} of type {kind!r}")


def _joined(parts: Iterable[Mapping[str, Any]]) -> str:
    return "\n".join(part["text"] for part in parts)


def _keep_thinking(message: dict[str, Any], block: Block) -> None:
    """Thinking with its proof goes back as it came, unless a whole list of it does."""
    if block.get("signature") or block.get("data"):
        kept = {name: value for name, value in block.items() if name != CHAT_FIELDS}
        message.setdefault("thinking_blocks", [])
        if kept not in message["thinking_blocks"]:
            message["thinking_blocks"] = [*message["thinking_blocks"], kept]


def _call(block: Block) -> dict[str, Any]:
    arguments = json.dumps(block.get("input") or {}, ensure_ascii=False, separators=(",", ":"))
    call = {"id": block.get("id"), "type": "function", "function": {"name": block.get("name"), "arguments": arguments}}
    beside = as_mapping(block.get("call_fields"))
    return ReplyDict({**call, **beside}) if beside else call


def _address(source: Block) -> str | None:
    """Where a file is: an address, its bytes as one, or the provider's id of it."""
    match source.get("type"):
        case "base64":
            return f"data:{source.get('media_type')};base64,{source.get('data')}"
        case "url":
            return source.get("url")
        case "file":
            return source.get("file_id")
    return None
