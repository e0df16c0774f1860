"""Who an answer is: OpenAI's `id`, `model` and `created`, on every reply and on every chunk.

What the provider says stays. What it says once, at the beginning of a stream, is repeated. What it does not say is the
model that was asked for, and an id and a time that are made here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from operator import attrgetter
from typing import Any, Final

from .._dialects.contract import WireCall
from .._types.mapping import Record

_NAMES: Final = ("id", "model", "created")
_UNSAID: Final = (None, "", 0)
"""What some servers say in place of nothing."""
_PREFIXES: Final[Mapping[str, str]] = {
    "completion": "chatcmpl-",
    "moderation": "modr-",
    "rerank": "rerank-",
    "text_completion": "cmpl-",
}
"""Of ids that are made here, by operation; as OpenAI's, where it has any."""


@cache
def _names_of(cls: type[Any]) -> tuple[str, ...]:
    # Those that go back to their provider as they came are left as they are.
    known = cls.field_names if issubclass(cls, Record) and not cls.goes_back else ()
    return tuple(name for name in _NAMES if name in known)


@cache
def _said_by(cls: Any) -> Callable[[Any], tuple[Any, ...]]:
    """Reads what answers of a class say of themselves: most say all of it, and there is nothing to fill in."""
    names = _names_of(cls)
    return attrgetter(*names) if len(names) > 1 else lambda answer: tuple(getattr(answer, name) for name in names)


def identify(call: WireCall[Any], answer: object) -> None:
    """Fill in what a whole reply does not say."""
    kind: Any = type(answer)
    if not all(_said_by(kind)(answer)):  # which takes a third of what looking for None does
        for name in _names_of(kind):
            if getattr(answer, name) in _UNSAID:
                setattr(answer, name, _made(call, name))


def _made(call: WireCall[Any], name: str) -> Any:
    if name == "model":
        return call.model
    return call.fresh.time() if name == "created" else call.fresh.id(_PREFIXES.get(call.request.operation, ""))


class Identity:
    """What the parts of one streamed answer have in common."""

    __slots__ = ("_call", "_held", "_last")

    def __init__(self, call: WireCall[Any]) -> None:
        self._call = call
        self._held: dict[str, Any] = {}
        """What was said first, or made here."""
        self._last: tuple[Any, ...] | None = None
        """What the part before said, if that was all there is to say."""

    def settle(self, answer: object) -> None:
        """Fill in what a reply or chunk does not say."""
        kind: Any = type(answer)
        said = _said_by(kind)(answer)
        if said == self._last:
            return  # all of it, and the same as the one before
        for name, value in zip(_names_of(kind), said, strict=True):
            if value in _UNSAID:
                if name not in self._held:
                    if value is not None and not getattr(answer, "choices", True):
                        continue  # Azure's first chunk judges the prompt, and the next one says who answers
                    self._held[name] = _made(self._call, name)
                setattr(answer, name, self._held[name])
            elif name not in self._held:
                self._held[name] = value
        self._last = said if all(value not in _UNSAID for value in said) else None

    def settle_all(self, answers: Iterable[object]) -> None:
        """The same for each of several."""
        for answer in answers:
            self.settle(answer)
