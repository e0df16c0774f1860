"""Replies that nobody wrote down: texts of some length, thinking and tool calls, drawn by a seed."""

from __future__ import annotations

from random import Random
from typing import Final

import attrs

from ._actions import Reply
from ._answering import draw_call
from ._ledger import RecordedRequest
from ._pace import Constant, Distribution

_WORDS: Final = (
    *("a", "and", "answer", "any", "be", "because", "call", "can", "case", "each", "first", "for", "from", "given"),
    *("has", "in", "is", "it", "last", "model", "more", "most", "of", "one", "or", "rest", "says", "so", "than"),
    *("that", "the", "then", "they", "this", "to", "two", "what", "where", "which", "with", "word"),
)
_share = attrs.validators.and_(attrs.validators.ge(0.0), attrs.validators.le(1.0))


@attrs.frozen(kw_only=True)
class Generative:
    """A script that makes answers up. The same seed and the same question have the same answer.

    A question that has to be answered with a schema or a tool is answered with that.

    Example:
        Simulator(Generative(words=LogNormal(80, 0.6), calls=0.3, seed=7))
    """

    words: Distribution = attrs.field(factory=lambda: Constant(20))
    """How many words an answer has; rounded, and at least one."""
    thinking: float = attrs.field(default=0.0, validator=_share)
    """Share of the answers that begin with thinking, half as long as the answer."""
    calls: float = attrs.field(default=0.0, validator=_share)
    """Share of the questions with tools that are answered by calling one, with arguments that fit."""
    seed: int = 0

    def __call__(self, record: RecordedRequest) -> Reply:
        """The answer to a request."""
        prompt = record.prompt
        random = Random(f"{self.seed}:{prompt.last}:{len(prompt.texts)}")
        thoughts = self._text(random, 0.5) if random.random() < self.thinking else ""
        if prompt.schema is not None or prompt.choice not in ("auto", "none"):
            return Reply(reasoning=thoughts)
        if prompt.tools and prompt.choice == "auto" and random.random() < self.calls:
            return Reply(tool_calls=[draw_call(random.choice(prompt.tools), random)], reasoning=thoughts)
        return Reply(self._text(random, 1.0), reasoning=thoughts)

    def _text(self, random: Random, share: float) -> str:
        count = max(1, round(self.words.draw(random) * share))
        words = [random.choice(_WORDS) for _ in range(count)]
        return f"{' '.join(words).capitalize()}."
