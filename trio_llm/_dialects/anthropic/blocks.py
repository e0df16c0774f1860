"""Content blocks of an answer, as deltas in OpenAI's shape.

Whole and streamed replies take the same way: a block begins, may grow, and ends; in a whole reply it begins
complete. What OpenAI's shape can hold goes to its place. An answer with anything else, or in another order than a
request would repeat it, is also handed out block by block in `provider_specific_fields["content_blocks"]`, in order
and unchanged, as the provider wants it back with the next request.

Source: Anthropic API reference, "Create a Message" and "Streaming Messages", 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import attrs

from ..._convert import json as _json
from ..._convert.converter import structure
from ..._convert.making import maker
from ..._convert.narrow import as_mapping, json_text
from ..._types.chat import Annotation, CustomCall, Delta, FunctionCall, ToolCall, URLCitation
from ..._types.mapping import ANSWER, Record
from ..tool_calls import ConversationIds, is_whole_object

Block = dict[str, Any]

_PLACES: Final[Mapping[str, int]] = {"thinking": 0, "redacted_thinking": 0, "text": 1, "tool_use": 2}
"""Kinds of block that OpenAI's shape has a place for, in the order in which a request repeats them."""
_OTHER_TEXTS: Final = ("", "output_text")
"""Types that gateways give to blocks of text."""
_CALL_FIELDS: Final = frozenset({"type", "id", "name", "input"})


@attrs.define
class WireBlock(Record):
    """The fields of content blocks that are read here, of whatever kind."""

    type: str = attrs.field(default="", metadata=ANSWER)
    text: str | None = attrs.field(default=None, metadata=ANSWER)
    thinking: str | None = None
    signature: str | None = None
    id: str | None = attrs.field(default=None, metadata=ANSWER)
    name: str | None = attrs.field(default=None, metadata=ANSWER)
    citations: list[dict[str, Any]] | None = None


@attrs.define
class WireDelta(Record):
    """What a block, or the message at its end, grows by; which fields it has goes by its type."""

    type: str = attrs.field(default="", metadata=ANSWER)
    text: str = attrs.field(default="", metadata=ANSWER)
    thinking: str = ""
    signature: str = ""
    partial_json: str = attrs.field(default="", metadata=ANSWER)
    citation: dict[str, Any] | None = None
    stop_reason: str | None = None


@attrs.frozen
class ToolNames:
    """Tools whose calls are more than a call."""

    answer: str | None = None
    """The tool whose input is the answer's text."""
    custom: frozenset[str] = frozenset()
    """Tools that take free text."""


@attrs.define
class _SoFar:
    """What of the answer has been seen."""

    ids: ConversationIds
    text: int = 0
    """Characters of text."""
    calls: int = 0
    answers: int = 0
    """Calls of the tool whose input is the answer's text."""

    def show(self, text: str) -> Delta | None:
        """Text of the answer as a delta."""
        self.text += len(text)
        return maker(Delta)(content=text) if text else None


class _BegunBlock:
    """A block that has begun, of a kind without a place in OpenAI's shape."""

    def __init__(self, block: Block, so_far: _SoFar) -> None:
        self.block = block
        if isinstance(block.get("input"), str):  # some gateways write it as JSON text
            block["input"] = _from_text(block["input"])
        self.so_far = so_far
        self.begins_at = so_far.text
        self.number = so_far.calls
        self.fragments: list[str] = []
        self._size = 0
        self.has_ended = False

    def begin(self) -> Delta | None:
        """What the block holds when it begins."""
        return None

    def grow(self, delta: WireDelta) -> Delta | None:
        """What a delta adds. One without input grows the fields that it names, as `compaction_delta` does."""
        if delta.partial_json:
            if self._is_said_again(delta.partial_json):
                return None
            self.fragments.append(delta.partial_json)
            self._size += len(delta.partial_json)
            return self.grow_input(delta.partial_json)
        told = {"text": delta.text, "thinking": delta.thinking, "signature": delta.signature}
        for name, more in {**told, **(delta.model_extra or {})}.items():
            if more:
                self.block[name] = _grown(self.block.get(name), more)
        return None

    def _is_said_again(self, text: str) -> bool:
        """Whether a fragment is the whole input once more, as gateways send it behind its fragments."""
        return len(text) == self._size and self.is_whole and text == "".join(self.fragments)

    def grow_input(self, fragment: str) -> Delta | None:
        """What a fragment of the input's JSON text adds."""
        return None

    def end(self) -> Delta:
        """What was held back until the block is complete."""
        self.complete_input()
        return Delta()

    def complete_input(self) -> None:
        """Put the input's fragments together. Text that is no JSON was cut off by the answer's limit."""
        text = "".join(self.fragments)
        if text:
            self.block["input"] = _from_text(text)

    @property
    def is_whole(self) -> bool:
        """Whether the input so far is a whole JSON object."""
        return is_whole_object("".join(self.fragments))

    def input_text(self) -> str:
        """The input as JSON text, where it came whole."""
        given = self.block.get("input") or {}
        return given if isinstance(given, str) else json_text(given)

    def append(self, field: str, more: str) -> None:
        """Append to a text of the block."""
        if more:
            self.block[field] = (self.block.get(field) or "") + more


class _TextBlock(_BegunBlock):
    def begin(self) -> Delta | None:
        return self.so_far.show(self.block.get("text") or "")

    def grow(self, delta: WireDelta) -> Delta | None:
        if delta.citation is not None:
            self.block["citations"] = [*(self.block.get("citations") or ()), delta.citation]
        self.append("text", delta.text)
        return self.so_far.show(delta.text)

    def end(self) -> Delta:
        given: list[Block] = self.block.get("citations") or []
        if not given:
            return maker(Delta)()
        # Annotations know web addresses only. The provider's citations are beside them, where LiteLLM has them.
        cited = [_annotation(one, self.begins_at, self.so_far.text) for one in given if one.get("url")]
        return Delta(annotations=cited or None, provider_specific_fields={"citations": [given]})


class _ThinkingBlock(_BegunBlock):
    def begin(self) -> Delta | None:
        text = self.block.get("thinking")
        return Delta(reasoning_content=text) if text else None

    def grow(self, delta: WireDelta) -> Delta | None:
        self.append("signature", delta.signature)
        self.append("thinking", delta.thinking)
        return maker(Delta)(reasoning_content=delta.thinking) if delta.thinking else None

    def end(self) -> Delta:
        return Delta(thinking_blocks=[self.block])


class _CallBlock(_BegunBlock):
    """A call of one of the caller's functions."""

    def begin(self) -> Delta | None:
        self.so_far.calls += 1
        self.block["id"] = self.so_far.ids.take(self.block.get("id"))
        extra = {name: value for name, value in self.block.items() if name not in _CALL_FIELDS and value is not None}
        call = self.call(self.block.get("name"), "")
        call.id, call.provider_specific_fields = self.block["id"], extra or None
        return Delta(tool_calls=[call])

    def call(self, name: str | None, text: str) -> ToolCall:
        return ToolCall(function=FunctionCall(name, text), index=self.number)

    def grow_input(self, fragment: str) -> Delta | None:
        return Delta(tool_calls=[self.call(None, fragment)])

    def end(self) -> Delta:
        self.complete_input()
        return Delta() if self.fragments else Delta(tool_calls=[self.call(None, self.input_text())])


class _CustomCallBlock(_CallBlock):
    """A call of a tool that takes free text. The text is JSON text until it is complete, so it is held back."""

    def call(self, name: str | None, text: str) -> ToolCall:
        return ToolCall(type="custom", custom=CustomCall(name, text), index=self.number)

    def grow_input(self, fragment: str) -> Delta | None:
        return None

    def end(self) -> Delta:
        self.complete_input()
        given = self.block.get("input") or ""
        text = as_mapping(given).get("input", given)
        return Delta(tool_calls=[self.call(None, text if isinstance(text, str) else json_text(text))])


class _AnswerBlock(_BegunBlock):
    """A call of the tool whose input is the answer's text. Handed back to the model it is text as well."""

    def begin(self) -> Delta | None:
        self.so_far.answers += 1
        return None

    def grow_input(self, fragment: str) -> Delta | None:
        return self.so_far.show(fragment)

    def end(self) -> Delta:
        text = "".join(self.fragments) or self.input_text()
        self.block = {"type": "text", "text": text}
        return Delta() if self.fragments else self.so_far.show(text) or Delta()


_KINDS: Final[Mapping[str, type[_BegunBlock]]] = {
    "text": _TextBlock,
    "thinking": _ThinkingBlock,
    "redacted_thinking": _ThinkingBlock,
    "tool_use": _CallBlock,
}


_GROWN_BY: Final[tuple[tuple[str, type[_BegunBlock], Block | None], ...]] = (
    ("partial_json", _BegunBlock, None),
    ("text", _TextBlock, {"type": "text"}),
    ("thinking", _ThinkingBlock, {"type": "thinking"}),
)
"""What a delta has that belongs to a block that is not open: the kind that it grows, and how one begins, if it may."""


class BlockReader:
    """Turns the blocks of one answer into deltas. Blocks that are open at the same time are told apart by index.

    Gateways that write this format number as they please, forget to begin or to end a block, and end calls early. What
    grows a block that is not open grows the open one of its kind, else begins one. Input of a call that nobody began is
    lost: nobody knows what was called.
    """

    def __init__(self, tools: ToolNames, ids: ConversationIds) -> None:
        self._tools = tools
        self._so_far = _SoFar(ids)
        self._open: dict[int, _BegunBlock] = {}
        self._given_ids: dict[str, _BegunBlock] = {}
        self._ended_early: dict[int, _BegunBlock] = {}
        """Blocks that ended before their input was whole."""
        self.has_lost_input = False
        """Whether input came for which there is no call."""
        self.says_something = False
        """Whether there was any block that holds something."""
        self._furthest = 0
        self._out_of_shape = False
        self._unsent: list[Block] = []

    @property
    def has_answered(self) -> bool:
        """Whether the tool was called whose input is the answer's text."""
        return self._so_far.answers > 0

    @property
    def has_calls(self) -> bool:
        """Whether the caller has tools to run."""
        return self._so_far.calls > 0

    def begin(self, index: int, block: Mapping[str, Any]) -> Iterator[Delta]:
        """A block begins, with whatever it holds already.

        Raises:
            ConversionError: if a field has the wrong type.
        """
        known = structure(block, WireBlock)
        if (going_on := self._going_on(known)) is not None:
            self._open[index] = going_on
            return
        if index in self._open:
            yield from self.end(index)
        checked = {**block, **dict(known.items())}  # still with the nulls that it came with
        self._open[index] = opened = self._kind(known)(checked, self._so_far)
        if known.id:
            self._given_ids[known.id] = opened
        self.says_something = self.says_something or known.type != "text" or bool(known.text)
        if (delta := opened.begin()) is not None:
            yield delta

    def _going_on(self, block: WireBlock) -> _BegunBlock | None:
        """The open call that a block with the same id goes on with."""
        same = self._given_ids.get(block.id or "")
        return same if same is not None and same in self._open.values() and not same.is_whole else None

    def grow(self, index: int, delta: WireDelta) -> Iterable[Delta]:
        """A block grows."""
        opened = self._open.get(index)
        return self._grow_other(index, delta) if opened is None else self._grown(opened, delta)

    def _grown(self, opened: _BegunBlock, delta: WireDelta) -> Iterable[Delta]:
        self.says_something = True
        grown = opened.grow(delta)
        return () if grown is None else (grown,)

    def _grow_other(self, index: int, delta: WireDelta) -> Iterator[Delta]:
        """A block grows that is not open: the open one of the delta's kind, else one that begins here."""
        for field, kind, beginning in _GROWN_BY:
            if getattr(delta, field):
                opened = self._reopened(index) or self._last(kind)
                if opened is None and beginning is not None:
                    yield from self.begin(index, beginning)
                    opened = self._open[index]
                if opened is None:
                    self.has_lost_input = True
                else:
                    yield from self._grown(opened, delta)
                return

    def _reopened(self, index: int) -> _BegunBlock | None:
        """The block of an index that ended before its input was whole, open once more."""
        block = self._ended_early.pop(index, None)
        if block is not None:
            self._open[index] = block
        return block

    def _last(self, kind: type[_BegunBlock]) -> _BegunBlock | None:
        """The block of a kind that was opened last, of those that are open. Of any kind means: one with an input."""
        texts = (_TextBlock, _ThinkingBlock)
        fits = [
            one
            for one in self._open.values()
            if isinstance(one, kind) and (kind is not _BegunBlock or not isinstance(one, texts))
        ]
        return fits[-1] if fits else None

    def end_all(self) -> Iterator[Delta]:
        """No more comes: blocks whose end was forgotten are complete."""
        for index in list(self._open):
            yield from self.end(index)

    def end(self, index: int) -> Iterator[Delta]:
        """A block is complete. One that is not open has ended already."""
        opened = self._open.pop(index, None)
        if opened is None or opened in self._open.values():
            return
        if opened.fragments and not opened.is_whole:
            self._ended_early[index] = opened
        delta = opened.end()
        if not opened.has_ended and (kept := self._kept(opened.block)):
            delta.provider_specific_fields = {**(delta.provider_specific_fields or {}), "content_blocks": kept}
        opened.has_ended = True
        if delta.keys():
            yield delta

    def _kind(self, block: WireBlock) -> type[_BegunBlock]:
        kind = _KINDS.get(block.type, _BegunBlock)
        if block.type in _OTHER_TEXTS and block.text is not None:
            return _TextBlock
        if kind is not _CallBlock:
            return kind
        if block.name is not None and block.name == self._tools.answer:
            return _AnswerBlock
        return _CustomCallBlock if block.name in self._tools.custom else kind

    def _kept(self, block: Block) -> list[Block] | None:
        """The blocks to hand out as they are: none until one turns up that has no place, then all."""
        self._unsent.append(block)
        place = _PLACES.get(block.get("type", ""))
        if place is None or place < self._furthest or block.get("citations"):
            self._out_of_shape = True
        else:
            self._furthest = place
        if not self._out_of_shape:
            return None
        kept, self._unsent = self._unsent, []
        return kept


def _grown(held: Any, more: Any) -> Any:
    """A field of a block after a delta: text and lists grow, anything else is told anew."""
    if type(held) is type(more) and isinstance(more, str | list):
        return held + more
    return more


def _from_text(text: str) -> Any:
    """An input that came as JSON text, as it is where that is none."""
    try:
        return _json.loads(text)
    except ValueError:
        return text


def _annotation(citation: Block, start: int, end: int) -> Annotation:
    return Annotation(url_citation=URLCitation(citation.get("url"), citation.get("title"), start, end))
