"""What an endpoint takes: fields that are required and known, roles of a conversation, bounds of values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import attrs

from ._refusal_words import RefusalWords
from ._wires._model import fields, objects


@attrs.frozen
class Bounds:
    """What a value has to be."""

    fit: Callable[[Any], bool]
    expected: str
    """In words."""


@attrs.frozen
class RequestRules:
    """What one endpoint takes."""

    required: tuple[str, ...] = ()
    known: frozenset[str] | None = None
    """Every field of a request; None where the vendor passes over what it does not know."""
    conversation: str = ""
    """The field of the messages; empty where there are none."""
    roles: tuple[str, ...] = ()
    inner: Mapping[str, frozenset[str]] = attrs.field(factory=dict[str, frozenset[str]], kw_only=True)
    """Every field of objects inside, by their names in the request."""
    bounds: Mapping[str, Bounds] = attrs.field(factory=dict[str, Bounds], kw_only=True)
    """Of values, where they are not those of most wires."""
    of_form: bool = attrs.field(default=False, kw_only=True)
    """Whether requests are forms, in which every value is a text."""

    def about_messages(self, body: Mapping[str, Any], words: RefusalWords) -> Iterator[str]:
        """What is wrong with the conversation."""
        given = body.get(self.conversation)
        if not self.conversation or isinstance(given, str):
            return
        if given is not None and not given:
            yield words.empty(self.conversation)
        for place, message in enumerate(objects(given)):
            role = message.get("role")
            if role is None and self.conversation == _MESSAGES:
                yield words.missing(f"{words.place(self.conversation, place)}.role")
            if role is not None and role not in self.roles:
                yield words.role(self.conversation, place, str(role), self.roles)

    def about_parameters(self, body: Mapping[str, Any], words: RefusalWords, extra: frozenset[str]) -> Iterator[str]:
        """What is wrong with the fields."""
        yield from (words.missing(name) for name in self.required if body.get(name) is None)
        if self.known is not None:
            yield from (words.unknown(name) for name in body if name not in self.known and name not in extra)
        yield from self._about_values(body, words, "")
        for outer, known in self.inner.items():
            inside = fields(body.get(outer))
            yield from (words.unknown(f"{outer}.{name}") for name in inside if name not in known and name not in extra)
            yield from self._about_values(inside, words, f"{outer}.")

    def _about_values(self, given: Mapping[str, Any], words: RefusalWords, path: str) -> Iterator[str]:
        for name, value in () if self.of_form else given.items():
            bounds = self.bounds.get(name) or _USUAL.get(name)
            if bounds is not None and value is not None and not bounds.fit(value):
                yield words.value(f"{path}{name}", bounds.expected)


def between(low: float, high: float) -> Bounds:
    """A number that is neither smaller nor larger."""
    return Bounds(
        lambda value: isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high,
        f"a number from {low} to {high}",
    )


_MESSAGES: Final = "messages"
"""Where every one has a role; elsewhere there are items of other kinds, or it is understood."""
_COUNT: Final = Bounds(
    lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 1, "a whole number above 0"
)
_USUAL: Final[Mapping[str, Bounds]] = {
    "candidateCount": _COUNT,
    "frequency_penalty": between(-2, 2),
    "maxOutputTokens": _COUNT,
    "maxTokens": _COUNT,
    "max_completion_tokens": _COUNT,
    "max_output_tokens": _COUNT,
    "max_tokens": _COUNT,
    "n": _COUNT,
    "presence_penalty": between(-2, 2),
    "stream": Bounds(lambda value: isinstance(value, bool), "a boolean"),
    "temperature": between(0, 2),
    "tools": Bounds(lambda value: isinstance(value, list), "an array"),
    "topP": between(0, 1),
    "top_p": between(0, 1),
}
"""What values have to be, under the names that most wires share."""
