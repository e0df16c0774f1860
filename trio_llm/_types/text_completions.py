"""Text completions in OpenAI's shape ("Create completion", legacy, 2026-11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeAlias, TypedDict, Unpack

import attrs

from .costed import Costed
from .mapping import ANSWER, Record
from .receipt import Received
from .request import AnyRequest, CallOptions, ControlParams, checked_list, checked_model, split_arguments
from .shown import Shown
from .usage import Usage

TextPrompt: TypeAlias = str | Sequence[str] | Sequence[int] | Sequence[Sequence[int]]
"""One text, several texts, one text as token ids, or several."""


class TextCompletionModelParams(TypedDict, total=False):
    """OpenAI's parameters ("Create completion", legacy, 2026-11)."""

    best_of: int | None
    echo: bool | None
    frequency_penalty: float | None
    logit_bias: Mapping[str, float] | None
    logprobs: int | None
    max_tokens: int | None
    n: int | None
    presence_penalty: float | None
    seed: int | None
    stop: str | Sequence[str] | None
    stream_options: Mapping[str, Any] | None
    suffix: str | None
    temperature: float | None
    top_p: float | None
    user: str | None


class TextCompletionParams(TextCompletionModelParams, ControlParams, total=False):
    """Every keyword argument of a text completion beside `model`, `prompt` and `stream`."""


TEXT_COMPLETION_PARAMETERS = frozenset(TextCompletionModelParams.__annotations__)


@attrs.frozen(init=False)
class TextCompletionRequest(AnyRequest["TextCompletionResponse"]):
    """One text completion as a value.

    Example:
        response = await client.call(TextCompletionRequest("openai/gpt-3.5-turbo-instruct", "Once upon a time"))
    """

    operation: ClassVar[str] = "text_completion"

    model: str
    prompt: TextPrompt
    stream: bool
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(
        self,
        model: str,
        prompt: TextPrompt,
        *,
        stream: bool | None = False,
        **params: Unpack[TextCompletionParams],
    ) -> None:
        parameters, options = split_arguments(params, TEXT_COMPLETION_PARAMETERS)
        if not isinstance(prompt, str):
            checked_list(prompt, "prompt")
        self.__attrs_init__(checked_model(model), prompt, bool(stream), parameters, options)


@attrs.define
class TextChoices(Record):
    """One continuation of the prompt; in a stream a fragment of the continuation numbered `index`.

    Example:
        print(response.choices[0].text, response.choices[0].finish_reason)
    """

    finish_reason: str | None = None
    index: int = attrs.field(default=0, metadata=ANSWER)
    text: str = attrs.field(default="", metadata=ANSWER)
    logprobs: dict[str, Any] | None = None
    """Lists side by side: `tokens`, `token_logprobs`, `top_logprobs`, `text_offset`."""


@attrs.define
class TextCompletionResponse(Costed, Shown, Received, Record):
    """The reply to a text completion, or one chunk of it.

    Example:
        response = await trio_llm.atext_completion("openai/gpt-3.5-turbo-instruct", "Once upon a time")
        print(response.choices[0].text)
    """

    id: str | None = None
    created: int | None = None
    """Seconds since 1970."""
    model: str | None = None
    object: str = "text_completion"
    choices: list[TextChoices] = attrs.field(factory=list[TextChoices], metadata=ANSWER)
    usage: Usage | None = None
    system_fingerprint: str | None = None
