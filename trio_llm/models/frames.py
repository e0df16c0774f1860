"""What vendors put around messages and tools, in tokens, by family of models.

OpenAI's is published. The others were fitted to the usage that providers told for thousands of recorded requests
(`benchmarks/told_tokens.py` measures anew): the factor from tokens of the newest public encoding to the model's own,
what a message and a request take besides, and what their tools do.
"""

from __future__ import annotations

import re
from typing import Final

import attrs


@attrs.frozen
class Frame:
    """Tokens around the content of one family's requests."""

    factor: float = 1.0
    """The model's own tokens on one of the encoding that it is counted by."""
    a_message: float = 4.0
    """Beside its content: role and marks."""
    a_request: float = 3.0
    """What the answer begins with, or a prompt that the vendor adds."""
    a_call: float = 6.0
    """A tool call in a message, beside name and arguments."""
    calls_together: float = 0.0
    """Several tool calls in one message."""
    named_results: bool = False
    """Whether a tool's result has the name of its tool, where that was the only call of its message."""
    the_tools: float = 9.0
    """If there are any."""
    tools_factor: float = 1.0
    as_typescript: bool = True
    """Whether tools are shown to the model as TypeScript, as OpenAI does; as JSON otherwise."""


def _as_json(texts: tuple[float, float, float], tools_factor: float, the_tools: float) -> Frame:
    """A frame whose tools are counted as JSON; `texts` are factor, message and request."""
    factor, a_message, a_request = texts
    return Frame(factor, a_message, a_request, the_tools=the_tools, tools_factor=tools_factor, as_typescript=False)


OPENAI: Final = Frame(calls_together=20, named_results=True)
"""Three for a message and one for its role, three for the answer.

Source: OpenAI cookbook, "How to count tokens with tiktoken", 2026-11. What calls take is found by their usage.
"""
_REASONING: Final = attrs.evolve(OPENAI, a_request=2, a_call=10)
FRAMES: Final[tuple[tuple[re.Pattern[str], Frame], ...]] = (
    (re.compile(r"gpt-oss"), Frame(a_message=5, a_request=64, the_tools=27, tools_factor=0.9)),
    (re.compile(r"^gpt-[5-9][\d.]*-chat"), OPENAI),
    (re.compile(r"^o\d|^gpt-[5-9]"), _REASONING),
    (re.compile(r"^(chatgpt|gpt)-"), OPENAI),
    (re.compile(r"claude"), _as_json((1.0, 1, 6), 1.75, 410)),
    (re.compile(r"gem(ini|ma)"), Frame(1.0, 0, 0, 17, the_tools=-12, tools_factor=0.87)),
    (re.compile(r"[mp]i[sx]tral|magistral|codestral|devstral|ministral"), _as_json((1.02, 2, 1), 0.95, 10)),
    (re.compile(r"deepseek"), _as_json((1.05, 0, 4), 0.95, 220)),
    (re.compile(r"qwen|qwq"), _as_json((1.0, 6, 2), 1.1, 70)),
    (re.compile(r"llama"), _as_json((0.96, 5, 30), 0.7, 130)),
    (re.compile(r"grok"), _as_json((1.2, 1.5, 4), 1.25, 140)),
    (re.compile(r"glm"), _as_json((1.04, 6, -1), 1.0, 90)),
    (re.compile(r"kimi"), _as_json((1.04, 4, 3), 0.95, 30)),
)
"""By the model's name without provider and maker; the first that fits."""
OTHERS: Final = _as_json((0.9, 5, 1.5), 1.0, 90)


def frame_of(name: str) -> Frame:
    """The frame of a model, by its name without provider and maker; without a name OpenAI's."""
    if not name:
        return OPENAI
    return next((frame for pattern, frame in FRAMES if pattern.search(name)), OTHERS)
