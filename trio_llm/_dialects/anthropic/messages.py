"""Messages as a system prompt and turns.

System and developer messages that begin a conversation go to `system`. One that comes later stays in its place, for to
move it would change the beginning of the prompt, and with it all that is cached: as a turn of the role `system` where
the model takes one there, else as a part of the user's. Tool results are part of a user turn, right behind the calls.
Messages of the same role in a row become one turn, and messages without content none. A system prompt alone becomes a
user turn. `name` has no counterpart and is ignored.

An assistant message of an earlier reply is sent back as it was: its thinking with signatures first, or, where the
reply had blocks that OpenAI's shape has no place for, all its blocks as they were. Thinking without a signature,
such as other providers', stays behind: it would be refused. White space at the end of an answer that the model is to
go on with is refused as well.

Source: Anthropic API reference, "Create a Message"; docs "Mid-conversation system messages", "Tool use"
and "Extended thinking" (preserving thinking blocks), 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ..._convert.narrow import an_object, objects
from ..._types.errors import BadRequestError
from ..history import arguments_object, plain_id, results_after_calls, said_by
from .parts import Block, blocks_of, cache_mark

Message = Mapping[str, Any]
Turn = dict[str, Any]

_UNCACHEABLE: Final = ("thinking", "redacted_thinking")
_UNNAMED_CALL: Final = "function_call"
"""Id of a call of before tools had ids (`function_call` and the role `function`)."""


def conversation(messages: Sequence[Message], *, late_system: bool) -> tuple[list[Block], list[Turn]]:
    """The system prompt's blocks, and the turns; `late_system` says whether the model takes system turns among them.

    Raises:
        BadRequestError: for a message that is malformed, or if none has content.
        UnsupportedParamsError: for content that the wire cannot express.
    """
    system: list[Block] = []
    turns: list[Turn] = []
    for number, message in enumerate(results_after_calls(messages)):
        role, blocks = _read(message, f"messages[{number}]")
        _mark(blocks, cache_mark(message))
        if role == "system" and not turns:
            system += blocks
        else:
            _add(turns, role, blocks)
    turns = _placed(turns, late_system=late_system)
    _without_white_end(turns)
    if not turns and system:  # a turn is demanded, and with no one else speaking nothing is lost in rank
        return [], [{"role": "user", "content": system}]
    if not turns:
        raise BadRequestError("messages has no content, so there is nothing to answer")
    return system, turns


def _add(turns: list[Turn], role: str, blocks: list[Block]) -> None:
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"] += blocks
    elif blocks:
        turns.append({"role": role, "content": blocks})


def _placed(turns: list[Turn], *, late_system: bool) -> list[Turn]:
    """The turns with system turns only where they may be: behind the user's, and before the model's or the end."""
    made: list[Turn] = []
    for number, turn in enumerate(turns):
        role, following = turn["role"], turns[number + 1 : number + 2]
        if role == "system":
            fits = made and made[-1]["role"] == "user" and all(one["role"] == "assistant" for one in following)
            role = "system" if late_system and fits else "user"
        _add(made, role, turn["content"])
    return made


def _without_white_end(turns: list[Turn]) -> None:
    """The model goes on with an answer that comes last, and wants it to end in something visible."""
    if turns and turns[-1]["role"] == "assistant" and turns[-1]["content"][-1]["type"] == "text":
        last = turns[-1]["content"][-1]
        turns[-1]["content"][-1] = {**last, "text": last["text"].rstrip()}


def _read(message: Message, where: str) -> tuple[str, list[Block]]:
    """The role that a message has on the wire, and its blocks."""
    match message["role"]:
        case "user":
            return "user", blocks_of(message.get("content"), where)
        case "assistant":
            return "assistant", _assistant(message, where)
        case "tool" | "function":
            return "user", [_tool_result(message, where)]
        case "system" | "developer":
            return "system", _system(message, where)
        case role:
            raise BadRequestError(f"{where} has a role that is not known: {role!r}")


def _mark(blocks: list[Block], cache_control: object) -> None:
    """Put a message's cache marker on its last block that can carry one."""
    if cache_control:
        for block in reversed(blocks):
            if block["type"] not in _UNCACHEABLE:
                block["cache_control"] = cache_control
                return


def _system(message: Message, where: str) -> list[Block]:
    blocks = blocks_of(message.get("content"), where)
    if any(block["type"] != "text" for block in blocks):
        raise BadRequestError(f"{where}: a system message can only hold text")
    return blocks


def _tool_result(message: Message, where: str) -> Block:
    identifier = message.get("tool_call_id") or (_UNNAMED_CALL if message["role"] == "function" else None)
    if not isinstance(identifier, str):
        raise BadRequestError(f"{where} has no tool_call_id")
    block: Block = {"type": "tool_result", "tool_use_id": plain_id(identifier)}
    if content := blocks_of(message.get("content"), where):
        block["content"] = content
    if message.get("is_error"):
        block["is_error"] = True
    return block


def _assistant(message: Message, where: str) -> list[Block]:
    written = blocks_of(message.get("content"), where) or blocks_of(said_by(message), where)
    calls = [*_calls(message, where)]
    if (kept := _kept_blocks(message, written, calls)) is not None:
        return kept
    return [*_thinking(message, where), *written, *calls]


def _thinking(message: Message, where: str) -> Iterable[Block]:
    for _, block in objects(message.get("thinking_blocks"), f"{where}.thinking_blocks"):
        if block.get("signature") or block.get("type") == "redacted_thinking":
            yield dict(block)


def _kept_blocks(message: Message, written: list[Block], calls: list[Block]) -> list[Block] | None:
    """The blocks of an earlier reply, unless the caller has changed its text or its calls since."""
    kept = [block for _, block in objects(_provider_fields(message).get("content_blocks"), "content_blocks")]
    before = "".join(block.get("text", "") for block in kept if block.get("type") == "text")
    now = "".join(block.get("text", "") for block in written)
    ids = [block.get("id") for block in kept if block.get("type") == "tool_use"]
    if not kept or before.strip() != now.strip() or ids != [call["id"] for call in calls]:
        return None
    return [_sent_back(block) for block in kept if block.get("type") != "text" or block.get("text", "").strip()]


def _provider_fields(holder: Message) -> Message:
    return an_object(holder.get("provider_specific_fields") or {}, "provider_specific_fields")


def _sent_back(block: Message) -> Block:
    """A block of a reply as one of a request: fields that say nothing are left out."""
    sent = {name: value for name, value in block.items() if value is not None}
    if "input" in sent:
        sent["input"] = arguments_object(sent["input"])
    if citations := sent.get("citations"):
        sent["citations"] = [_sent_back(citation) for citation in citations]
    return sent


def _calls(message: Message, where: str) -> Iterable[Block]:
    for place, call in objects(message.get("tool_calls"), f"{where}.tool_calls"):
        yield _call(call, place)
    if function := message.get("function_call"):
        yield _call({"id": _UNNAMED_CALL, "function": function}, f"{where}.function_call")


def _call(call: Message, where: str) -> Block:
    identifier = call.get("id")
    if not isinstance(identifier, str):
        raise BadRequestError(f"{where} has no id")
    name, given = _name_and_input(call, where)
    if not isinstance(name, str):
        raise BadRequestError(f"{where} has no name")
    block: Block = {"type": "tool_use", "id": plain_id(identifier), "name": name, "input": given}
    if caller := _provider_fields(call).get("caller"):
        block["caller"] = caller
    if cache_control := call.get("cache_control"):
        block["cache_control"] = cache_control
    return block


def _name_and_input(call: Message, where: str) -> tuple[object, Message]:
    if call.get("custom") is not None:
        custom = an_object(call["custom"], f"{where}.custom")
        return custom.get("name"), {"input": custom.get("input") or ""}
    function = an_object(call.get("function"), f"{where}.function")
    return function.get("name"), arguments_object(function.get("arguments"))
