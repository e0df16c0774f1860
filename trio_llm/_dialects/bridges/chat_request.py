"""A Responses request as a chat request.

What needs the provider's memory, or tools of the provider's own, cannot be expressed.

Source: OpenAI guide "Migrate to the Responses API", 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..._convert.narrow import as_mapping
from ..._types.chat import ChatRequest
from ..._types.errors import UnsupportedParamsError
from ..._types.request import changed
from ..._types.responses_api.request import ResponsesRequest
from .conversation import Conversation

_SAME: Final = (
    "metadata",
    "parallel_tool_calls",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "temperature",
    "top_p",
    "user",
)
_MEMORY: Final = (
    "background",
    "background_options",
    "context_management",
    "conversation",
    "max_tool_calls",
    "moderation",
    "previous_response_id",
    "prompt",
    "prompt_cache_options",
)
"""What only a provider that keeps responses, and runs tools, can do."""
_HOSTED: Final = frozenset(
    {
        "apply_patch",
        "code_interpreter",
        "computer",
        "computer_use_preview",
        "file_search",
        "image_generation",
        "local_shell",
        "mcp",
        "namespace",
        "programmatic_tool_calling",
        "shell",
        "tool_search",
    }
)
"""Tools of OpenAI's own. Those of other vendors are handed on for their dialect to judge."""
_OF_SEARCHES: Final = ("type", "search_context_size", "user_location")
"""What a tool that searches the web may have in a chat."""
_LOGPROBS: Final = "message.output_text.logprobs"
_IMPLIED: Final = frozenset({"reasoning.encrypted_content", _LOGPROBS})
"""What `include` may name: what a provider without memory wants back comes in any case."""


def chat_request(request: ResponsesRequest) -> ChatRequest:
    """The chat request that asks for the same.

    Raises:
        UnsupportedParamsError: for what has no form there; `drop_params` leaves it out.
        BadRequestError: for items that make no sense.
    """
    conversation = Conversation()
    if instructions := request.parameters.get("instructions"):
        conversation.messages.append({"role": "system", "content": instructions})
    conversation.add_all(request.input)
    parameters = _ChatParameters(request.parameters)
    refused = conversation.refused + parameters.refused
    if refused and not request.options.drop_params:
        names = ", ".join(refused)
        raise UnsupportedParamsError(
            f"cannot express {names} to a provider without the Responses API; drop_params=True leaves it out",
            model=request.model,
        )
    made = ChatRequest(request.model, conversation.messages, stream=request.stream, **parameters.made)
    return changed(made, options=request.options)


class _ChatParameters:
    """The parameters under the names of chat."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.made: dict[str, Any] = {name: given[name] for name in _SAME if name in given}
        self.refused = [name for name in _MEMORY if given.get(name)]
        self._given = given
        if (limit := given.get("max_output_tokens")) is not None:
            self.made["max_tokens"] = limit
        if given.get("store"):
            self.refused.append("store")
        if given.get("truncation") not in (None, "disabled"):
            self.refused.append("truncation")
        self._take_reasoning()
        self._take_text()
        self._take_tools()
        self._take_logprobs()

    def _take_reasoning(self) -> None:
        reasoning = as_mapping(self._given.get("reasoning"))
        if (effort := reasoning.get("effort")) is not None:
            self.made["reasoning_effort"] = effort
        # A summary is what a provider gives that does not show its thinking; others show it in any case.
        known = ("effort", "summary", "generate_summary")
        self.refused += [f"reasoning.{name}" for name, value in reasoning.items() if value and name not in known]

    def _take_text(self) -> None:
        text = as_mapping(self._given.get("text"))
        if "text_format" in self._given:
            self.made["response_format"] = self._given["text_format"]
        elif (format_ := as_mapping(text.get("format"))) and format_.get("type") != "text":
            self.made["response_format"] = _nested_format(format_)
        if text.get("verbosity") is not None:
            self.made["verbosity"] = text["verbosity"]
        self.refused += [f"text.{name}" for name in text if name not in ("format", "verbosity")]

    def _take_tools(self) -> None:
        tools: list[Any] = []
        for place, tool in enumerate(self._given.get("tools") or ()):
            kind = as_mapping(tool).get("type")
            if str(kind).startswith("web_search"):
                self.made["web_search_options"] = _search_options(tool)
                beyond = [name for name, value in as_mapping(tool).items() if value and name not in _OF_SEARCHES]
                self.refused += [f"tools[{place}].{name}" for name in beyond]
            elif kind in _HOSTED:
                self.refused.append(f"tools[{place}] of type {kind!r}")
            else:
                tools.append(_nested_tool(tool) if kind in ("function", "custom") else tool)
        if tools:
            self.made["tools"] = tools
        if (choice := self._given.get("tool_choice")) is not None and (tools or choice not in ("auto", "none")):
            self._take_choice(choice)

    def _take_choice(self, choice: Any) -> None:
        match choice:
            case str():
                self.made["tool_choice"] = choice
            case {"type": "function" | "custom" as kind, "name": name}:
                self.made["tool_choice"] = {"type": kind, kind: {"name": name}}
            case {"type": "allowed_tools", "tools": [*tools], **rest}:
                allowed = {**rest, "tools": [_nested_tool(tool) for tool in tools]}
                self.made["tool_choice"] = {"type": "allowed_tools", "allowed_tools": allowed}
            case _:
                self.refused.append(f"tool_choice {choice!r:.60}")

    def _take_logprobs(self) -> None:
        include = self._given.get("include") or ()
        self.refused += [f"include {name!r}" for name in include if name not in _IMPLIED]
        if (number := self._given.get("top_logprobs")) is not None:
            self.made["top_logprobs"] = number
        if number is not None or _LOGPROBS in include:
            self.made["logprobs"] = True


def _nested_format(format_: Mapping[str, Any]) -> dict[str, Any]:
    kind, described = format_.get("type"), {name: value for name, value in format_.items() if name != "type"}
    return {"type": kind, "json_schema": described} if kind == "json_schema" else dict(format_)


def _nested_tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    kind = tool["type"]
    if kind in tool:  # in chat's shape already
        return dict(tool)
    return {"type": kind, kind: {name: value for name, value in tool.items() if name != "type" and value is not None}}


def _search_options(tool: Mapping[str, Any]) -> dict[str, Any]:
    options = {name: tool[name] for name in ("search_context_size",) if tool.get(name) is not None}
    if place := as_mapping(tool.get("user_location")):
        inner = {name: value for name, value in place.items() if name != "type"}
        options["user_location"] = {"type": "approximate", "approximate": inner}
    return options
