"""Decisions in OpenAI's shape: yes or no, a choice, a score about an input ("Create decision", 2026-11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeAlias, TypedDict, Unpack

import attrs

from .mapping import ANSWER, Record
from .receipt import Received
from .request import AnyRequest, CallOptions, ControlParams, checked_model, split_arguments
from .usage import Usage

DecisionInput: TypeAlias = str | Sequence[Mapping[str, Any]]
"""What the questions are about: a text, or messages, tool calls and their outputs in order."""
DecisionQuestions: TypeAlias = Sequence[Mapping[str, Any]]
"""Questions: each has a `type`, `instructions`, and a `name` if its answer is to be found by one."""


class DecisionModelParams(TypedDict, total=False):
    """OpenAI's parameters beside the input and the questions."""

    prompt_cache_key: str | None
    prompt_cache_options: Mapping[str, Any] | None
    safety_identifier: str | None


class DecisionParams(DecisionModelParams, ControlParams, total=False):
    """Every keyword argument of a decision beside `model`, `input` and `questions`."""


DECISION_PARAMETERS = frozenset(DecisionModelParams.__annotations__)


@attrs.frozen(init=False)
class DecisionRequest(AnyRequest["DecisionResponse"]):
    """Questions about one input, as a value.

    Example:
        response = await client.call(DecisionRequest("openai/some-model", "some text", questions))
    """

    operation: ClassVar[str] = "decisions"

    model: str
    input: DecisionInput
    questions: DecisionQuestions
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(
        self, model: str, input: DecisionInput, questions: DecisionQuestions, **params: Unpack[DecisionParams]
    ) -> None:
        parameters, options = split_arguments(params, DECISION_PARAMETERS)
        self.__attrs_init__(checked_model(model), input, questions, parameters, options)


@attrs.define
class DecisionProbability(Record):
    """How likely one of the choices, or one of the levels, is.

    Example:
        print([(each.label, each.probability) for each in response.answers[0].probabilities])
    """

    probability: float = 0.0
    """From 0 to 1."""
    value: Any = None
    """The choice, a text or a truth value; or the number of the level."""
    label: str | None = None
    """The level's name."""


@attrs.define
class DecisionAnswer(Record):
    """What was decided about one question. Which fields have a value follows from `type`.

    Example:
        answer = response.answers[0]
        print(answer.name, answer.choice, answer.confidence)
    """

    type: str = attrs.field(default="", metadata=ANSWER)
    """`predicate`, `choice` or `score`; `refusal` where the model does not answer this one."""
    name: str | None = None
    """The question's name."""
    probability: float | None = attrs.field(default=None, metadata=ANSWER)
    """How likely the statement of a predicate is true, from 0 to 1."""
    choice: Any = attrs.field(default=None, metadata=ANSWER)
    """What was chosen; a text and a truth value are different choices."""
    score: float | None = attrs.field(default=None, metadata=ANSWER)
    """The expected number of the level, counted from 0; it lies between two of them."""
    confidence: float | None = None
    """How sure the model is of a choice or a score, from 0 to 1."""
    probabilities: list[DecisionProbability] | None = None
    """Every choice or level with its probability."""


@attrs.define
class DecisionResponse(Received, Record):
    """The answers, in the order of the questions.

    Example:
        response = await client.call(DecisionRequest("openai/some-model", "some text", questions))
        print(response.answers[0].probability)
    """

    answers: list[DecisionAnswer] = attrs.field(factory=list[DecisionAnswer], metadata=ANSWER)
    model: str | None = None
    usage: Usage | None = None
