"""Chunks of a stream put together into the response that a whole reply would have been.

What has been folded stays folded: each chunk is looked at once. A response costs what it is long, however many chunks
it came in. Every response is made anew, and shares nothing that a later chunk changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from .chat import (
    ChatAudio,
    ChoiceLogprobs,
    Choices,
    CustomCall,
    Delta,
    FunctionCall,
    Message,
    ModelResponse,
    ModelResponseStream,
    Seam,
    StreamingChoices,
    TokenLogprob,
    ToolCall,
)

if TYPE_CHECKING:
    from .text_completions import TextChoices, TextCompletionResponse

ChunkT = TypeVar("ChunkT")
ChunkT_contra = TypeVar("ChunkT_contra", contravariant=True)
ResponseT = TypeVar("ResponseT")
ResponseT_co = TypeVar("ResponseT_co", covariant=True)

_FRAGMENTED = ("text", "summary")


class Folding(Protocol[ChunkT_contra, ResponseT_co]):
    """Chunks being put together one by one."""

    def add(self, chunk: ChunkT_contra, /) -> None:
        """Take the next chunk."""

    def response(self) -> ResponseT_co:
        """What they amount to so far."""


class FoldedSoFar(Generic[ChunkT, ResponseT]):
    """The response to a list of chunks that grows: those that were folded before are not looked at again."""

    def __init__(self, folding: Folding[ChunkT, ResponseT]) -> None:
        self._folding = folding
        self._taken = 0

    def response(self, chunks: Sequence[ChunkT]) -> ResponseT:
        """What the chunks amount to; the list is the same each time, or one that begins with it."""
        self.take(chunks)
        return self._folding.response()

    def take(self, chunks: Sequence[ChunkT]) -> None:
        """Fold the chunks that are new."""
        for place in range(self._taken, len(chunks)):
            self._folding.add(chunks[place])
        self._taken = len(chunks)

    def go_on(self, chunk: ChunkT) -> None:
        """Fold a chunk that stands in no list, and go on with a new list after it."""
        self._folding.add(chunk)
        self._taken = 0


def fold(folding: Folding[ChunkT, ResponseT], chunks: Iterable[ChunkT]) -> ResponseT:
    """The response that chunks amount to, by a folding that has seen none."""
    for chunk in chunks:
        folding.add(chunk)
    return folding.response()


def fold_chunks(chunks: Iterable[ModelResponseStream]) -> ModelResponse:
    """The response that the chunks of a chat amount to. Fragments of a tool call share its `index`."""
    return fold(ChatFolding(), chunks)


class ChatFolding:
    """The `Folding` of a chat."""

    def __init__(self) -> None:
        self._head: dict[str, Any] = {}
        self._extra: dict[str, Any] = {}
        self._open_choices: dict[int, _OpenChoice] = {}

    def add(self, chunk: ModelResponseStream) -> None:
        """Take the next chunk. After a seam that restarts, nothing before it counts."""
        if isinstance(chunk, Seam):
            if chunk.kind == "restart":
                self._head, self._extra, self._open_choices = {}, {}, {}
            return
        _take_head(self._head, self._extra, chunk)
        for fragment in chunk.choices:
            index = fragment.index
            if index not in self._open_choices:
                self._open_choices[index] = _OpenChoice()
            self._open_choices[index].add(fragment)

    def response(self) -> ModelResponse:
        """What they amount to so far."""
        choices = [self._open_choices[index].close(index) for index in sorted(self._open_choices)]
        return ModelResponse(choices=choices, model_extra=dict(self._extra) or None, **self._head)


class TextFolding:
    """The `Folding` of a text completion."""

    def __init__(self) -> None:
        self._head: dict[str, Any] = {}
        self._extra: dict[str, Any] = {}
        self._open_choices: dict[int, _OpenText] = {}

    def add(self, chunk: TextCompletionResponse) -> None:
        """Take the next chunk."""
        _take_head(self._head, self._extra, chunk)
        for fragment in chunk.choices:
            index = fragment.index
            if index not in self._open_choices:
                self._open_choices[index] = _OpenText()
            self._open_choices[index].add(fragment)

    def response(self) -> TextCompletionResponse:
        """What they amount to so far."""
        from .text_completions import TextCompletionResponse  # an operation's types are imported when it is first used

        choices = [self._open_choices[index].close(index) for index in sorted(self._open_choices)]
        return TextCompletionResponse(choices=choices, model_extra=dict(self._extra) or None, **self._head)


_HEAD = ("id", "created", "model", "system_fingerprint", "service_tier")


def _take_head(
    head: dict[str, Any], extra: dict[str, Any], chunk: ModelResponseStream | TextCompletionResponse
) -> None:
    known = chunk.field_names
    for name in _HEAD:
        if name not in head and name in known and (value := getattr(chunk, name)):
            head[name] = value
    if (usage := chunk.usage) is not None:
        head["usage"] = usage
    if more := chunk.model_extra:
        extra |= more


class _Text:
    """A text in pieces; None as long as there is none."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def add(self, piece: str | None) -> None:
        if piece is not None:
            self._pieces.append(piece)

    def joined(self) -> str | None:
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else None


class _Fields:
    """Fields side by side; lists that come more than once are put together, other values replaced."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def add(self, fields: dict[str, Any] | None) -> None:
        for name, value in (fields or {}).items():
            held = self._values.get(name)
            if isinstance(held, list) and isinstance(value, list):
                held.extend(value)
            else:
                self._values[name] = _own(value)

    def joined(self) -> dict[str, Any] | None:
        return {name: _own(value) for name, value in self._values.items()} or None


def _own(value: Any) -> Any:
    return [*value] if isinstance(value, list) else value


class _Extra:
    """Undocumented fields of all fragments: lists put together, else the last value.

    Some vendors repeat the whole message so far in every fragment; it has been put together already.
    """

    def __init__(self, documented: tuple[str, ...]) -> None:
        self._documented = documented
        self._values: dict[str, Any] = {}
        self._mixed: set[str] = set()
        """Fields that were no list once."""

    def add(self, extra: dict[str, Any] | None) -> None:
        for name, value in (extra or {}).items():
            if name in self._documented:
                continue
            if not isinstance(value, list) or name in self._mixed:
                self._mixed.add(name)
                self._values[name] = value
                continue
            held = self._values.setdefault(name, [])
            for item in value:
                if held and _continues(held[-1], item):
                    held[-1] = _extended(held[-1], item)
                else:
                    held.append(item)

    def joined(self) -> dict[str, Any] | None:
        return {name: value if name in self._mixed else [*value] for name, value in self._values.items()} or None


def _continues(held: Any, item: Any) -> bool:
    """Whether an item is a fragment of the one before: OpenRouter's `reasoning_details` come in such pieces."""
    if not isinstance(held, dict) or not isinstance(item, dict) or item.get("index") is None:
        return False
    same = all(held.get(name) == item.get(name) for name in ("type", "index"))
    return same and any(name in held for name in _FRAGMENTED)


def _extended(held: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    fragments = {name: (held.get(name) or "") + (item[name] or "") for name in _FRAGMENTED if name in item}
    return {**held, **item, **fragments}


class _OpenText:
    """One continuation being put together."""

    def __init__(self) -> None:
        from .text_completions import TextChoices

        self._text = _Text()
        self._logprobs = _Fields()
        self._extra = _Extra(TextChoices.field_names)
        self._finish_reason: str | None = None

    def add(self, fragment: TextChoices) -> None:
        self._text.add(fragment.text)
        self._finish_reason = fragment.finish_reason or self._finish_reason
        self._logprobs.add(fragment.logprobs)
        self._extra.add(fragment.model_extra)

    def close(self, index: int) -> TextChoices:
        from .text_completions import TextChoices

        text = self._text.joined() or ""
        return TextChoices(self._finish_reason, index, text, self._logprobs.joined(), model_extra=self._extra.joined())


_TEXTS = ("content", "reasoning_content", "refusal")
_LISTS = ("thinking_blocks", "annotations", "images")


class _OpenChoice:
    """One answer being put together."""

    def __init__(self) -> None:
        self._role: str | None = None
        self._texts: dict[str, list[str]] = {}
        self._lists: dict[str, list[Any]] = {}
        self._calls: dict[int, list[ToolCall]] = {}
        self._function: list[FunctionCall] = []
        self._audio: _OpenAudio | None = None
        self._fields: _Fields | None = None
        self._extra: _Extra | None = None
        self._message_extra: _Extra | None = None
        self._finish_reason: str | None = None
        self._logprobs: _OpenLogprobs | None = None

    def add(self, fragment: StreamingChoices) -> None:
        self._finish_reason = fragment.finish_reason or self._finish_reason
        if (logprobs := fragment.logprobs) is not None:
            self._logprobs = self._logprobs or _OpenLogprobs()
            self._logprobs.add(logprobs)
        if extra := fragment.model_extra:
            self._extra = self._extra or _Extra(Choices.field_names)
            self._extra.add(extra)
        self._take(fragment.delta)

    def _take(self, delta: Delta) -> None:
        self._role = delta.role or self._role
        for name in _TEXTS:
            if (piece := getattr(delta, name)) is not None:
                self._texts.setdefault(name, []).append(piece)
        for call in delta.tool_calls or ():
            self._calls.setdefault(call.index or 0, []).append(call)
        if (function := delta.function_call) is not None:
            self._function.append(function)
        for name in _LISTS:
            if added := getattr(delta, name):
                self._lists.setdefault(name, []).extend(added)
        if (audio := delta.audio) is not None:
            self._audio = self._audio or _OpenAudio()
            self._audio.add(audio)
        if fields := delta.provider_specific_fields:
            self._fields = self._fields or _Fields()
            self._fields.add(fields)
        if extra := delta.model_extra:
            self._message_extra = self._message_extra or _Extra(Message.field_names)
            self._message_extra.add(extra)

    def close(self, index: int) -> Choices:
        named: dict[str, Any] = {name: _joined_text(pieces) for name, pieces in self._texts.items()}
        named |= {name: [*items] for name, items in self._lists.items()}
        message = Message(
            tool_calls=[_joined_call(self._calls[number]) for number in sorted(self._calls)] or None,
            function_call=_joined_function(self._function) if self._function else None,
            audio=_joined(self._audio),
            provider_specific_fields=_joined(self._fields),
            model_extra=_joined(self._message_extra),
            **named,
        )
        message.role = self._role or message.role
        return Choices(self._finish_reason, index, message, _joined(self._logprobs), model_extra=_joined(self._extra))


class _Joins(Protocol[ResponseT_co]):
    def joined(self) -> ResponseT_co: ...


def _joined(parts: _Joins[ResponseT] | None) -> ResponseT | None:
    return None if parts is None else parts.joined()


def _joined_text(pieces: list[str]) -> str:
    """The text that the pieces amount to, which takes their place in the list."""
    if len(pieces) > 1:
        pieces[:] = ["".join(pieces)]
    return pieces[0]


def _joined_call(fragments: list[ToolCall]) -> ToolCall:
    """The call that the fragments amount to, which takes their place in the list."""
    joined = ToolCall(type=fragments[0].type)
    functions = [fragment.function for fragment in fragments if fragment.function is not None]
    customs = [fragment.custom for fragment in fragments if fragment.custom is not None]
    for fragment in fragments:
        joined.id = fragment.id or joined.id  # the provider's own may come late, in place of one that was made up
        joined.model_extra = joined.model_extra or fragment.model_extra
        if fragment.provider_specific_fields:
            joined.provider_specific_fields = {
                **(joined.provider_specific_fields or {}),
                **fragment.provider_specific_fields,
            }
    if customs:
        name = "".join(custom.name for custom in customs if custom.name) or None
        joined.type, joined.custom = "custom", CustomCall(name, "".join(custom.input for custom in customs))
    else:
        joined.function = _joined_function(functions)
    fragments[:] = [joined]
    return joined


def _joined_function(fragments: list[FunctionCall]) -> FunctionCall:
    name = "".join(fragment.name for fragment in fragments if fragment.name) or None  # some servers cut names as well
    joined = FunctionCall(name, "".join(fragment.arguments for fragment in fragments))
    fragments[:] = [joined]
    return joined


class _OpenAudio:
    """Spoken output being put together."""

    def __init__(self) -> None:
        self._id: str | None = None
        self._expires_at: int | None = None
        self._data = _Text()
        self._transcript = _Text()

    def add(self, audio: ChatAudio) -> None:
        self._id = self._id or audio.id
        self._expires_at = audio.expires_at or self._expires_at
        self._data.add(audio.data)
        self._transcript.add(audio.transcript)

    def joined(self) -> ChatAudio:
        return ChatAudio(self._id, self._data.joined() or None, self._expires_at, self._transcript.joined() or None)


class _OpenLogprobs:
    """Log probabilities being put together."""

    def __init__(self) -> None:
        self._content: list[TokenLogprob] = []
        self._refusal: list[TokenLogprob] = []
        self._extra = _Extra(ChoiceLogprobs.field_names)

    def add(self, logprobs: ChoiceLogprobs) -> None:
        self._content.extend(logprobs.content or ())
        self._refusal.extend(logprobs.refusal or ())
        self._extra.add(logprobs.model_extra)

    def joined(self) -> ChoiceLogprobs:
        extra = self._extra.joined()
        return ChoiceLogprobs([*self._content] or None, [*self._refusal] or None, model_extra=extra)
