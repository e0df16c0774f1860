"""Chunks of a stream put together into the response that a whole reply would have been."""

from __future__ import annotations

from collections.abc import Iterable

from ._types.chat import (
    ChatAudio,
    ChoiceLogprobs,
    Choices,
    CustomCall,
    Delta,
    FunctionCall,
    Message,
    ModelResponse,
    ModelResponseStream,
    StreamingChoices,
    ToolCall,
)


def fold_chunks(chunks: Iterable[ModelResponseStream]) -> ModelResponse:
    """The response that the chunks amount to so far. Fragments of a tool call share its `index`."""
    folded = ModelResponse()
    open_choices: dict[int, _OpenChoice] = {}
    for chunk in chunks:
        _take_head(folded, chunk)
        for fragment in chunk.choices:
            open_choices.setdefault(fragment.index, _OpenChoice()).add(fragment)
    folded.choices = [open_choices[index].close(index) for index in sorted(open_choices)]
    return folded


def _take_head(folded: ModelResponse, chunk: ModelResponseStream) -> None:
    for name in ("id", "created", "model", "system_fingerprint", "service_tier"):
        if getattr(folded, name) is None:
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
        self.finish_reason: str | None = None
        self.logprobs: ChoiceLogprobs | None = None

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
            self.logprobs = _joined_logprobs(self.logprobs, fragment.logprobs)
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
        return Choices(self.finish_reason, index, message, self.logprobs)


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
    if delta.model_extra:
        message.model_extra = _joined_fields(message.model_extra or {}, delta.model_extra)


def _joined_fields(held: dict[str, object], added: dict[str, object]) -> dict[str, object]:
    """Fields side by side; lists that both have are put together, other values replaced."""
    joined = dict(held)
    for name, value in added.items():
        before = joined.get(name)
        joined[name] = [*before, *value] if isinstance(before, list) and isinstance(value, list) else value
    return joined


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


def _joined_logprobs(held: ChoiceLogprobs | None, added: ChoiceLogprobs) -> ChoiceLogprobs:
    if held is None:
        return added
    return ChoiceLogprobs(
        [*(held.content or ()), *(added.content or ())] or None,
        [*(held.refusal or ()), *(added.refusal or ())] or None,
    )
