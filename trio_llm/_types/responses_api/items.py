"""What a response consists of: items, and the parts of a message.

Items of kinds that are not documented here are `OutputItem`s whose fields are found by their names.

Source: OpenAI API reference, "The response object", field `output`, 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import attrs

from ..as_read import AsRead, Nested, one_of, read_each


@attrs.define
class ContentPart(AsRead):
    """A part of a message or of a reasoning item. `type` says which; fields of other kinds are found by their names.

    Example:
        print([part.text for part in response.output[0].content])
    """

    type: str = ""
    text: str | None = None


@attrs.define
class OutputText(ContentPart):
    """Text of the model's.

    Example:
        texts = [part.text for part in message.content if isinstance(part, OutputText)]
    """

    type: str = "output_text"
    annotations: list[dict[str, Any]] | None = None
    """Citations of addresses, files and places in files."""
    logprobs: list[dict[str, Any]] | None = None


@attrs.define
class OutputRefusal(ContentPart):
    """The model's words for not answering.

    Example:
        refusals = [part.refusal for part in message.content if isinstance(part, OutputRefusal)]
    """

    type: str = "refusal"
    refusal: str | None = None


def read_part(value: Any) -> Any:
    """The part of a message that a JSON object is."""
    if not isinstance(value, Mapping):
        return value
    return one_of(_PARTS, value, ContentPart).read(value)


_PARTS: Final[Mapping[Any, type[ContentPart]]] = {"output_text": OutputText, "refusal": OutputRefusal}


@attrs.define
class OutputItem(AsRead):
    """One item of a response. `type` says which kind; fields that have no place here are found by their names.

    It can be sent back as it is, in the `input` of the next request, and goes as it came: what providers sign or
    encrypt stays what it was.

        print([item.type for item in response.output])
    """

    type: str = ""
    id: str | None = None
    status: str | None = None
    """`in_progress`, `completed`, `incomplete`, or a word of the kind's own."""


@attrs.define
class OutputMessage(OutputItem):
    """A message of the model's.

    Example:
        texts = [part.text for item in response.output if isinstance(item, OutputMessage) for part in item.content]
    """

    type: str = "message"
    role: str = "assistant"
    content: list[Any] = attrs.Factory(list)
    """Parts: `OutputText`, `OutputRefusal`, or a `ContentPart` of another kind."""
    phase: str | None = None
    """`commentary` or `final_answer`, where the model tells them apart."""

    nested: ClassVar[Nested] = {"content": read_each(read_part)}


@attrs.define
class ReasoningItem(OutputItem):
    """The model's thinking: a summary, its text, or a form of it that only the provider can read.

    Example:
        thoughts = [item.summary for item in response.output if isinstance(item, ReasoningItem)]
    """

    type: str = "reasoning"
    summary: list[Any] = attrs.Factory(list)
    """Parts of type `summary_text`."""
    content: list[Any] | None = None
    """Parts of type `reasoning_text`, where the provider shows them."""
    encrypted_content: str | None = None
    """With `include=["reasoning.encrypted_content"]`; sent back, it makes up for the provider's memory."""

    nested: ClassVar[Nested] = {"summary": read_each(read_part), "content": read_each(read_part)}


@attrs.define
class FunctionCallItem(OutputItem):
    """A call of one of the caller's functions.

    Example:
        calls = [(item.name, item.arguments) for item in response.output if isinstance(item, FunctionCallItem)]
    """

    type: str = "function_call"
    call_id: str | None = None
    """What the function's output refers to."""
    name: str | None = None
    arguments: str = ""
    """JSON text."""
    namespace: str | None = None
    caller: dict[str, Any] | None = None
    """Who calls: the model itself, or a program of its own; sent back with the output."""


@attrs.define
class CustomToolCallItem(OutputItem):
    """A call of one of the caller's tools that take free text.

    Example:
        calls = [(item.name, item.input) for item in response.output if isinstance(item, CustomToolCallItem)]
    """

    type: str = "custom_tool_call"
    call_id: str | None = None
    name: str | None = None
    input: str = ""
    namespace: str | None = None
    caller: dict[str, Any] | None = None


@attrs.define
class CompactionItem(OutputItem):
    """A conversation so far in a form that only the provider can read; it takes the place of what it was made from.

    Example:
        history = [item for item in response.output if isinstance(item, CompactionItem)]
    """

    type: str = "compaction"
    encrypted_content: str | None = None


ITEMS: Final[Mapping[Any, type[OutputItem]]] = {
    "message": OutputMessage,
    "reasoning": ReasoningItem,
    "function_call": FunctionCallItem,
    "custom_tool_call": CustomToolCallItem,
    "compaction": CompactionItem,
}
"""Classes by `type`; what has none is an `OutputItem`."""


def read_item(value: Any) -> Any:
    """The item that a JSON object is."""
    if not isinstance(value, Mapping):
        return value
    return one_of(ITEMS, value, OutputItem).read(value)
