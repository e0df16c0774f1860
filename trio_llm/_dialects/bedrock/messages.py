"""A conversation as Converse has it: instructions apart, turns of user and assistant that alternate.

Results of tools are part of the user's turn that follows their calls. Instructions that come late stay in their place,
as words of the user. Thinking goes back as it came, with its signature.

Source: Amazon Bedrock user guide, "Carry out a conversation with the Converse API operations", 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..._convert import json as _json
from ..._convert.narrow import a_list, an_object, as_list, as_mapping
from ..._types.errors import BadRequestError
from ..history import arguments_object, function_of, id_of, plain_id, results_after_calls, said_by
from .media import Block, blocks_of, cache_point

_INSTRUCTING: Final = ("system", "developer")
_ROLES: Final = (*_INSTRUCTING, "user", "assistant", "tool", "function")
_LONGEST_ID: Final = 64
_MOST_OF_A_TOOL_RESULT: Final = ("text", "image", "document", "video", "json", "searchResult")


def conversation(messages: Sequence[Mapping[str, Any]]) -> tuple[list[Block], list[dict[str, Any]]]:
    """The instructions, and the turns.

    Raises:
        BadRequestError: for content that the wire cannot carry; the message names its place.
    """
    system: list[Block] = []
    turns: list[dict[str, Any]] = []
    for number, message in enumerate(results_after_calls(messages)):
        where, role = f"messages[{number}]", str(message["role"])
        if role not in _ROLES:
            raise BadRequestError(f"{where} has a role that is not known: {role!r}")
        if role in _INSTRUCTING and not turns:
            system += [*blocks_of(message.get("content"), f"{where}.content"), *cache_point(message)]
            continue
        speaker = "assistant" if role == "assistant" else "user"
        blocks = _blocks(message, role, where)
        if turns and turns[-1]["role"] == speaker:
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": speaker, "content": blocks})
    return system, turns


def _blocks(message: Mapping[str, Any], role: str, where: str) -> list[Block]:
    if role == "assistant":
        return _answered(message, where)
    if role in ("tool", "function"):
        return [_result(message, where), *cache_point(message)]
    return [*blocks_of(message.get("content"), f"{where}.content"), *cache_point(message)]


def _answered(message: Mapping[str, Any], where: str) -> list[Block]:
    blocks = [_thought(as_mapping(block)) for block in as_list(message.get("thinking_blocks"))]
    blocks += blocks_of(said_by(message), f"{where}.content")
    for place, call in a_list(message.get("tool_calls"), f"{where}.tool_calls"):
        blocks.append(_use(an_object(call, place), place))
    if (function := message.get("function_call")) is not None:
        blocks.append(_use({"id": as_mapping(function).get("name"), "function": function}, where))
    return [*blocks, *cache_point(message)]


def _thought(block: Mapping[str, Any]) -> Block:
    if block.get("type") == "redacted_thinking":
        return {"reasoningContent": {"redactedContent": block.get("data")}}
    signed = {"signature": block["signature"]} if block.get("signature") else {}
    return {"reasoningContent": {"reasoningText": {"text": block.get("thinking", ""), **signed}}}


def _use(call: Mapping[str, Any], where: str) -> Block:
    function = function_of(call, where)
    return {
        "toolUse": {
            "toolUseId": plain_id(id_of(call, "id", where), _LONGEST_ID),
            "name": function.get("name"),
            "input": dict(arguments_object(function.get("arguments"))),
        }
    }


def _result(message: Mapping[str, Any], where: str) -> Block:
    content = [
        block
        for block in blocks_of(message.get("content"), f"{where}.content")
        if not block.keys().isdisjoint(_MOST_OF_A_TOOL_RESULT)
    ]
    name = "tool_call_id" if message["role"] == "tool" else "name"
    result: Block = {
        "toolUseId": plain_id(id_of(message, name, where), _LONGEST_ID),
        "content": content or [{"text": "(no output)"}],
    }
    if message.get("is_error"):
        result["status"] = "error"
    return {"toolResult": result}


def used_tools(turns: Sequence[Mapping[str, Any]]) -> list[str]:
    """The names of the tools that a conversation has used, each once."""
    uses = [block["toolUse"]["name"] for turn in turns for block in turn["content"] if "toolUse" in block]
    return [*dict.fromkeys(str(name) for name in uses)]


def has_results(turns: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a conversation has calls or results of tools: then Bedrock wants to be told of tools."""
    return any("toolUse" in block or "toolResult" in block for turn in turns for block in turn["content"])


def schema_text(schema: Mapping[str, Any]) -> str:
    """A JSON schema as text, which is what the output configuration takes."""
    return _json.dumps(schema).decode()
