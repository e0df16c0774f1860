"""Moderation in OpenAI's shape ("Create moderation", 2026-11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeAlias, Unpack

import attrs

from .costed import Costed
from .mapping import ANSWER, Record
from .receipt import Received
from .request import AnyRequest, CallOptions, ControlParams, checked_list, checked_model, split_arguments
from .usage import Usage

ModerationInput: TypeAlias = str | Sequence[str] | Sequence[Mapping[str, Any]]
"""One text, several texts, or content parts."""


@attrs.frozen(init=False)
class ModerationRequest(AnyRequest["ModerationResponse"]):
    """One moderation call as a value. There are no parameters beside the input and the model.

    Example:
        outcomes = await client.fan_out([ModerationRequest(text, "openai/omni-moderation-latest") for text in texts])
    """

    operation: ClassVar[str] = "moderation"

    model: str
    input: ModerationInput
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(self, input: ModerationInput, model: str, **params: Unpack[ControlParams]) -> None:
        parameters, options = split_arguments(params, frozenset())
        if not isinstance(input, str):
            checked_list(input, "input")
        self.__attrs_init__(checked_model(model), input, parameters, options)


@attrs.define
class Moderation(Record):
    """The verdict on one input. The names of the categories are the provider's.

    Example:
        verdict = response.results[0]
        print(verdict.flagged, verdict.categories)
    """

    flagged: bool = attrs.field(default=False, metadata=ANSWER)
    """Whether any category applies."""
    categories: dict[str, Any] = attrs.Factory(dict[str, Any])
    category_scores: dict[str, Any] = attrs.Factory(dict[str, Any])
    category_applied_input_types: dict[str, Any] | None = None


@attrs.define
class ModerationResponse(Costed, Received, Record):
    """The reply to a moderation call: verdicts in the order of the input.

    Example:
        response = await trio_llm.amoderation("some text", "openai/omni-moderation-latest")
        print(response.results[0].flagged, response.results[0].category_scores)
    """

    id: str | None = None
    model: str | None = None
    results: list[Moderation] = attrs.field(factory=list[Moderation], metadata=ANSWER)
    usage: Usage | None = None
