"""Chat responses whose answers have been read into a type of the caller's.

What was read is no part of the reply: it is found by name, and not dumped. A message goes back to its provider as text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, cast

import attrs

from ..mapping import ANSWER
from .response import Choices, Message, ModelResponse

T = TypeVar("T")


@attrs.define
class ParsedMessage(Message, Generic[T]):
    """The model's message, and what its text says.

    Example:
        response = await client.completion(model, messages, response_format=Weather)
        print(response.choices[0].message.parsed)
    """

    parsed: T | None = attrs.field(default=None, init=False, eq=False)
    """The answer as the type that was asked for; None where the model calls tools instead of answering."""

    @classmethod
    def read_nested(cls, name: str, value: Any) -> Any:
        """See `Record.read_nested`. What was read already stays as it is."""
        return value if name == "parsed" else super().read_nested(name, value)


@attrs.define
class ParsedChoices(Choices, Generic[T]):
    """One answer, read.

    Example:
        print(response.choices[0].message.parsed)
    """

    message: ParsedMessage[T] = attrs.field(factory=ParsedMessage[T], metadata=ANSWER)


@attrs.define
class ParsedResponse(ModelResponse, Generic[T]):
    """The reply to a chat call whose `response_format` was a type.

    Example:
        >>> response = await client.completion(model, messages, response_format=Person)
        >>> response.parsed.name
        'Ada'
    """

    choices: list[ParsedChoices[T]] = attrs.field(factory=list, metadata=ANSWER)  # type: ignore[assignment]  # nobody adds

    @property
    def parsed(self) -> T:
        """The first answer as the type that was asked for.

        Raises:
            ValueError: if the model calls tools instead of answering.
        """
        message = self.choices[0].message
        if message.tool_calls:
            raise ValueError("the model did not answer: it calls tools")
        return cast("T", message.parsed)

    @classmethod
    def of(cls, response: ModelResponse, read: Callable[[Choices], T | None]) -> Self:
        """A response with each of its answers read."""
        made = cls(**{**_fields(response), "choices": [_parsed_choice(one, read(one)) for one in response.choices]})
        made.receipt = response.receipt
        return made


def _parsed_choice(choice: Choices, parsed: T | None) -> ParsedChoices[T]:
    message = ParsedMessage[T](**_fields(choice.message))
    message.parsed = parsed
    return ParsedChoices(**{**_fields(choice), "message": message})


def _fields(record: Message | Choices | ModelResponse) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in attrs.fields(type(record)) if field.init}
