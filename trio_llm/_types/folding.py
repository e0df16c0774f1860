"""Chunks of a stream put together into the response that a whole reply would have been."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

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
    ToolCall,
)

if TYPE_CHECKING:
    from .text_completions import TextChoices, TextCompletionResponse

_FRAGMENTED = ("text", "summary")


def fold_chunks(chunks: Iterable[ModelResponseStream]) -> ModelResponse:
    """The response that the chunks amount to so far. Fragments of a tool call share its `index`."""
    folding = ChatFolding()
    for chunk in chunks:
        folding.add(chunk)
    return folding.response()


class ChatFolding:
    """Chunks being put together one by one, for those who look at the response after each."""

    def __init__(self) -> None:
        self._folded = ModelResponse()
        self._open_choices: dict[int, _OpenChoice] = {}

    def add(self, chunk: ModelResponseStream) -> None:
        """Take the next chunk. After a seam that restarts, nothing before it counts."""
        if isinstance(chunk, Seam):
            if chunk.kind == "restart":
                self._folded, self._open_choices = ModelResponse(), {}
            return
        _take_head(self._folded, chunk)
        for fragment in chunk.choices:
            self._open_choices.setdefault(fragment.index, _OpenChoice()).add(fragment)

    def response(self) -> ModelResponse:
        """What they amount to so far. The next chunk changes it."""
        choices = self._open_choices
        self._folded.choices = [choices[index].close(index) for index in sorted(choices)]
        return self._folded


def fold_text_chunks(chunks: Iterable[TextCompletionResponse]) -> TextCompletionResponse:
    """The text completion that the chunks amount to so far."""
    from .text_completions import TextCompletionResponse  # an operation's types are imported when it is first used

    folded = TextCompletionResponse()
    fragments: dict[int, list[TextChoices]] = {}
    for chunk in chunks:
        _take_head(folded, chunk)
        for fragment in chunk.choices:
            fragments.setdefault(fragment.index, []).append(fragment)
    folded.choices = [_joined_text(index, fragments[index]) for index in sorted(fragments)]
    return folded


def _joined_text(index: int, fragments: list[TextChoices]) -> TextChoices:
    from .text_completions import TextChoices

    joined = TextChoices(None, index, "".join(fragment.text for fragment in fragments))
    extra: dict[str, list[Any]] = {}
    for fragment in fragments:
        joined.finish_reason = fragment.finish_reason or joined.finish_reason
        if fragment.logprobs is not None:
            joined.logprobs = _joined_fields(joined.logprobs or {}, fragment.logprobs)
        _gather(extra, fragment.model_extra)
    joined.model_extra = _joined_extra(extra, TextChoices.field_names)
    return joined


_HEAD = ("id", "created", "model", "system_fingerprint", "service_tier")


def _take_head(
    folded: ModelResponse | TextCompletionResponse, chunk: ModelResponseStream | TextCompletionResponse
) -> None:
    for name in folded.field_names:
        if name in _HEAD and getattr(folded, name) is None:
            setattr(folded, name, getattr(chunk, name))
    if chunk.usage is not None:
        folded.usage = chunk.usage
    if chunk.model_extra:
        folded.model_extra = {**(folded.model_extra or {}), **chunk.model_extra}


class _OpenChoice:
    """One answer being put together."""

    def __init__(self) -> None:
        self.text: dict[str, list[str]] = {"content": [], "reasoning_content": [], "refusal": []}
        self.calls: dict[int, list[ToolCall]] = {}
        self.function: list[FunctionCall] = []
        self.message = Message()
        self.extra: dict[str, list[Any]] = {}
        self.message_extra: dict[str, list[Any]] = {}
        self.finish_reason: str | None = None
        self.logprobs: list[ChoiceLogprobs] = []

    def add(self, fragment: StreamingChoices) -> None:
        delta = fragment.delta
        for name, pieces in self.text.items():
            if (piece := getattr(delta, name)) is not None:
                pieces.append(piece)
        for call in delta.tool_calls or ():
            self.calls.setdefault(call.index or 0, []).append(call)
        if delta.function_call is not None:
            self.function.append(delta.function_call)
        self.finish_reason = fragment.finish_reason or self.finish_reason
        if fragment.logprobs is not None:
            self.logprobs.append(fragment.logprobs)
        _gather(self.extra, fragment.model_extra)
        _gather(self.message_extra, delta.model_extra)
        _take_rest(self.message, delta)

    def close(self, index: int) -> Choices:
        message = self.message
        for name, pieces in self.text.items():
            if pieces:
                setattr(message, name, "".join(pieces))
        if self.calls:
            message.tool_calls = [_joined_call(self.calls[number]) for number in sorted(self.calls)]
        if self.function:
            message.function_call = _joined_function(self.function)
        message.model_extra = _joined_extra(self.message_extra, Message.field_names)
        extra = _joined_extra(self.extra, Choices.field_names)
        return Choices(self.finish_reason, index, message, _joined_logprobs(self.logprobs), model_extra=extra)


def _take_rest(message: Message, delta: Delta) -> None:
    message.role = delta.role or message.role
    for name in ("thinking_blocks", "annotations", "images"):
        if added := getattr(delta, name):
            setattr(message, name, [*(getattr(message, name) or ()), *added])
    if delta.audio is not None:
        message.audio = _joined_audio(message.audio, delta.audio)
    if delta.provider_specific_fields:
        message.provider_specific_fields = _joined_fields(
            message.provider_specific_fields or {}, delta.provider_specific_fields
        )


def _joined_fields(held: dict[str, Any], added: dict[str, Any]) -> dict[str, Any]:
    """Fields side by side; lists that both have are put together, other values replaced."""
    joined = dict(held)
    for name, value in added.items():
        before = joined.get(name)
        joined[name] = [*before, *value] if isinstance(before, list) and isinstance(value, list) else value
    return joined


def _gather(held: dict[str, list[Any]], extra: dict[str, Any] | None) -> None:
    for name, value in (extra or {}).items():
        held.setdefault(name, []).append(value)


def _joined_extra(gathered: dict[str, list[Any]], documented: tuple[str, ...]) -> dict[str, Any] | None:
    """Undocumented fields of all fragments: lists put together, else the last value.

    Some vendors repeat the whole message so far in every fragment; it has been put together already.
    """
    return {name: _joined_values(values) for name, values in gathered.items() if name not in documented} or None


def _joined_values(values: list[Any]) -> Any:
    if not all(isinstance(value, list) for value in values):
        return values[-1]
    joined: list[Any] = []
    for item in (item for value in values for item in value):
        if joined and _continues(joined[-1], item):
            _extend(joined[-1], item)
        else:
            joined.append(dict(item) if isinstance(item, dict) else item)
    return joined


def _continues(held: Any, item: Any) -> bool:
    """Whether an item is a fragment of the one before: OpenRouter's `reasoning_details` come in such pieces."""
    if not isinstance(held, dict) or not isinstance(item, dict) or item.get("index") is None:
        return False
    same = all(held.get(name) == item.get(name) for name in ("type", "index"))
    return same and any(name in held for name in _FRAGMENTED)


def _extend(held: dict[str, Any], item: dict[str, Any]) -> None:
    for name, value in item.items():
        held[name] = (held.get(name) or "") + (value or "") if name in _FRAGMENTED else value


def _joined_call(fragments: list[ToolCall]) -> ToolCall:
    joined = ToolCall(type=fragments[0].type)
    functions = [fragment.function for fragment in fragments if fragment.function is not None]
    customs = [fragment.custom for fragment in fragments if fragment.custom is not None]
    for fragment in fragments:
        joined.id = joined.id or fragment.id
        joined.model_extra = joined.model_extra or fragment.model_extra
        if fragment.provider_specific_fields:
            joined.provider_specific_fields = {
                **(joined.provider_specific_fields or {}),
                **fragment.provider_specific_fields,
            }
    if customs:
        name = next((custom.name for custom in customs if custom.name), None)
        joined.type, joined.custom = "custom", CustomCall(name, "".join(custom.input for custom in customs))
    else:
        joined.function = _joined_function(functions)
    return joined


def _joined_function(fragments: list[FunctionCall]) -> FunctionCall:
    name = next((fragment.name for fragment in fragments if fragment.name), None)
    return FunctionCall(name, "".join(fragment.arguments for fragment in fragments))


def _joined_audio(held: ChatAudio | None, added: ChatAudio) -> ChatAudio:
    if held is None:
        return added
    return ChatAudio(
        held.id or added.id,
        (held.data or "") + (added.data or "") or None,
        added.expires_at or held.expires_at,
        (held.transcript or "") + (added.transcript or "") or None,
    )


def _joined_logprobs(fragments: list[ChoiceLogprobs]) -> ChoiceLogprobs | None:
    if not fragments:
        return None
    extra: dict[str, list[Any]] = {}
    for fragment in fragments:
        _gather(extra, fragment.model_extra)
    content = [token for fragment in fragments for token in fragment.content or ()]
    refusal = [token for fragment in fragments for token in fragment.refusal or ()]
    joined_extra = _joined_extra(extra, ChoiceLogprobs.field_names)
    return ChoiceLogprobs(content or None, refusal or None, model_extra=joined_extra)
