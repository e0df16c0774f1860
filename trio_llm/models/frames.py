"""What vendors put around messages and tools, in tokens, by family of models.

OpenAI's is published. The others are what the chat templates of open models write, and where there is none, what was
fitted to the usage that providers told: to half of thousands of recorded requests. `benchmarks/told_tokens.py` measures
anew, on all of them and on the other half.
"""

from __future__ import annotations

import re
from typing import Final

import attrs


@attrs.frozen
class Tools:
    """Tokens of a request's tools."""

    shown_as: str = "typescript"
    """How the model sees them: a key of `tool_tokens.SHOWN`."""
    base: float = 9.0
    """If there are any."""
    factor: float = 1.0
    forced: float = 0.0
    """Where the request demands a call of one tool."""
    with_system: float = 0.0
    """Where the system has a message too."""
    named_choice: bool = False
    """Whether the name of a demanded tool is repeated."""
    dropped_by_none: bool = False
    """Whether tools are not shown where the request wants no call."""
    required: float = 0.0
    """Where the request demands a call, of whichever tool."""


@attrs.frozen
class Frame:
    """Tokens around the content of one family's requests."""

    user: float = 4.0
    """A user's message, beside its content: role and marks."""
    system: float = 4.0
    answer: float = 4.0
    """A message of the assistant."""
    result: float = 4.0
    """A message of a tool."""
    a_request: float = 3.0
    """What a request begins with, what the answer begins with, and a prompt that the vendor adds."""
    no_system: float = 0.0
    """A prompt that stands in for a system's message."""
    a_call: float = 6.0
    """A tool call in a message, beside name and arguments."""
    calls_together: float = 0.0
    """Several tool calls in one message."""
    named_results: bool = False
    """Whether a tool's result has the name of its tool, where that was the only call of its message."""
    factor: float = 1.0
    """The model's own tokens of a text on one of the encoding that it is counted by."""
    digits_apart: bool = False
    """Whether each digit is a token, where the encoding takes three together."""
    tools: Tools = Tools()


OPENAI: Final = Frame(
    calls_together=20, named_results=True, tools=Tools("typescript with limits", 9, 1.0, 7, -4, named_choice=True)
)
"""Three for a message and one for its role, three for the answer.

Source: OpenAI cookbook, "How to count tokens with tiktoken", 2026-11. What calls take is found by their usage.
"""
_OLD_OPENAI: Final = attrs.evolve(OPENAI, tools=attrs.evolve(OPENAI.tools, shown_as="typescript"))
_O_SERIES: Final = Frame(a_request=2, result=10, a_call=0, tools=Tools("typescript with limits", 9))
_GPT_5: Final = attrs.evolve(_O_SERIES, answer=6, result=14)
"""What the assistant says is on a channel, whose name takes two."""
_GPT_5_ITSELF: Final = attrs.evolve(_GPT_5, tools=Tools("typescript with limits", 91))
"""By chat completions a prompt about channels comes with the tools, which gateways avoid by the responses API."""
_GPT_OSS: Final = Frame(system=7, answer=6, result=15, a_request=63, a_call=0, tools=Tools("typescript", 26, 0.97))


def _roles(user: float, system: float, answer: float, a_request: float) -> Frame:
    """A frame of marks around messages; what a call takes is counted with its result."""
    return Frame(user, system, answer, 20, a_request, a_call=0)


def _claudes(base: float, factor: float, forced: float) -> Tools:
    return Tools("json", base, factor, forced, required=forced)


_CLAUDE: Final = attrs.evolve(_roles(3, 1, 3, 4), factor=1.02)
_CLAUDE_3_5: Final = attrs.evolve(_CLAUDE, factor=1.08, tools=_claudes(303, 1.04, 0))
_CLAUDE_4: Final = attrs.evolve(_CLAUDE, result=57, tools=_claudes(303, 1.04, 12))
_CLAUDE_4_5: Final = attrs.evolve(_CLAUDE, factor=1.05, result=50, tools=_claudes(485, 1.15, 91))
_CLAUDE_4_7: Final = attrs.evolve(_CLAUDE, factor=1.35, result=50, tools=_claudes(300, 1.5, 121))
"""Since 4.7 a text has about 30 % more tokens. Anthropic docs, "Token counting", 2026-11, and recordings to Opus 5."""
_GEMINI: Final = attrs.evolve(_roles(0, 0, 0, 0), digits_apart=True)
_GEMINI_3: Final = attrs.evolve(_GEMINI, a_request=1, result=25, tools=Tools("functions", 0, 1.2))
_GEMMA: Final = attrs.evolve(_roles(5, 1, 5, 4), digits_apart=True, tools=Tools("functions", 0))
_MISTRAL: Final = attrs.evolve(_roles(2, 2, 1, 1), result=5, digits_apart=True, tools=Tools("json", 5))
_DEEPSEEK: Final = _roles(1, 0, 2, 3)
_LLAMA: Final = attrs.evolve(_roles(5, 5, 5, 5), tools=Tools("indented json", 85))
_LLAMA_3: Final = attrs.evolve(
    _LLAMA, system=0, result=10, a_request=30, tools=Tools("indented json", 48, dropped_by_none=True)
)
_QWEN: Final = attrs.evolve(_roles(5, 5, 5, 3), digits_apart=True, tools=Tools("json", 82, dropped_by_none=True))
_QWEN_THINKING: Final = attrs.evolve(_QWEN, a_request=5, result=23, tools=Tools("json", 74, 1.05))
_GROK: Final = _roles(4, 4, 4, 2)
_GLM: Final = attrs.evolve(_roles(2, 2, 2, 3), result=18, digits_apart=True)
_KIMI: Final = attrs.evolve(_roles(4, 4, 4, 3), tools=Tools("json", 4, 1.03))
_KIMI_AT_GROQ: Final = attrs.evolve(_KIMI, no_system=18, result=28, tools=Tools("json", 4, 1.03, 12, -8))
_Row = tuple[str, str, Frame]
FRAMES: Final[tuple[tuple[re.Pattern[str], re.Pattern[str], Frame], ...]] = tuple(
    (re.compile(row), re.compile(name), frame)
    for row, name, frame in (
        ("", r"gpt-oss", _GPT_OSS),
        ("", r"^gpt-5-chat", OPENAI),
        (r"^(openai|azure)?$", r"^gpt-[5-9]", _GPT_5_ITSELF),
        ("", r"^(o4|gpt-[5-9])", _GPT_5),
        ("", r"^o\d", _O_SERIES),
        ("", r"^gpt-(4(-0|-32|$)|3)", _OLD_OPENAI),
        ("", r"^(chatgpt|gpt-)", OPENAI),
        ("", r"claude.*opus-4[.-]7", attrs.evolve(_CLAUDE_4_7, tools=_claudes(636, 1.5, 129))),
        ("", r"claude.*opus-(4[.-][89]|[5-9])", attrs.evolve(_CLAUDE_4_7, tools=_claudes(266, 1.5, 121))),
        ("", r"claude.*sonnet-[5-9]", attrs.evolve(_CLAUDE_4_7, tools=_claudes(335, 1.5, 121))),
        ("", r"claude.*(4[.-][7-9]|[a-z]-[5-9])", _CLAUDE_4_7),
        ("", r"claude.*4[.-][56]", _CLAUDE_4_5),
        ("", r"claude-(3[.-]7|sonnet-4|opus-4)", _CLAUDE_4),
        ("", r"claude-3[.-]5-sonnet", _CLAUDE_3_5),
        ("", r"claude-3-opus", attrs.evolve(_CLAUDE, tools=_claudes(530, 0.98, -249))),
        ("", r"claude", attrs.evolve(_CLAUDE, tools=_claudes(264, 0.98, 99))),
        (r"^gemini$", r"gemini-2\.5", attrs.evolve(_GEMINI, result=25, tools=Tools("functions", 0))),
        (r"^gemini$", r"gemini-([3-9]|[a-z-]+-latest)", _GEMINI_3),
        ("", r"gemini-(1|2\.0)", attrs.evolve(_GEMINI, result=13, tools=Tools("words", 1, 1.16))),
        ("", r"gemini", attrs.evolve(_GEMINI, result=1, tools=Tools("words", 0, 1.3))),
        ("", r"gemma-?4", attrs.evolve(_GEMMA, system=5, a_request=8)),
        ("", r"gemma", _GEMMA),
        ("", r"(mistral-small|magistral-small)-latest", attrs.evolve(_MISTRAL, a_request=13)),
        ("", r"[mp]i[sx]tral|magistral|codestral|devstral|ministral|voxtral", _MISTRAL),
        ("", r"r1-distill", attrs.evolve(_DEEPSEEK, a_request=5, tools=Tools("functions", 82))),
        (r"^groq$", r"llama-?4", attrs.evolve(_LLAMA, tools=Tools("json", 640, dropped_by_none=True))),
        ("", r"llama-?4", attrs.evolve(_LLAMA, tools=Tools("json", 540, dropped_by_none=True))),
        (r"^groq$", r"llama-?3[.-][1-9]", attrs.evolve(_LLAMA_3, tools=Tools("json", 137, 0.8, dropped_by_none=True))),
        ("", r"llama-?3[.-][1-9]", _LLAMA_3),
        ("", r"llama", _LLAMA),
        (
            "",
            r"qwen3[.-]8",
            attrs.evolve(_QWEN, a_request=43, tools=Tools("json", -37, 0.95, dropped_by_none=True)),
        ),
        ("", r"qwen3[.-][5-9]", attrs.evolve(_QWEN_THINKING, tools=Tools("json", 187, 1.15))),
        ("", r"qwen.*thinking", _QWEN_THINKING),
        ("", r"qwen-?3-coder", attrs.evolve(_QWEN, result=28, tools=Tools("json", 195, 1.15, -51))),
        ("", r"qwen-?2", attrs.evolve(_QWEN, no_system=22)),
        ("", r"qwen|qwq", _QWEN),
        (
            r"^deepseek$",
            r"deepseek",
            attrs.evolve(_DEEPSEEK, result=47, tools=Tools("functions", 219, 1.35, 2, dropped_by_none=True)),
        ),
        (
            "",
            r"deepseek-v4",
            attrs.evolve(_DEEPSEEK, result=47, tools=Tools("functions", 219, 1.35, 2, dropped_by_none=True)),
        ),
        ("", r"deepseek.*r1|mai-ds-r1", attrs.evolve(_DEEPSEEK, a_request=4, tools=Tools("functions", 95, 1.1))),
        (
            "",
            r"deepseek",
            attrs.evolve(_DEEPSEEK, result=7, tools=Tools("functions", 108, 1.04, 18, dropped_by_none=True)),
        ),
        (r"^azure", r"grok", attrs.evolve(_roles(4, 0, 6, -4), result=18, tools=Tools("json", 120, 1.15))),
        ("", r"grok-2", attrs.evolve(_GROK, result=32, tools=Tools("functions", 71, 1.01, 20))),
        ("", r"grok-3-mini", attrs.evolve(_GROK, result=32, a_request=3, tools=Tools("functions", 230, 0.96))),
        ("", r"grok-3", attrs.evolve(_GROK, result=32, tools=Tools("functions", 208, 0.96, -118))),
        ("", r"grok", attrs.evolve(_GROK, a_request=3, tools=Tools("functions", 283, 1.27))),
        ("", r"glm-5\.[2-9]", attrs.evolve(_GLM, result=24, a_request=11, tools=Tools("json", 68, 1.15))),
        ("", r"glm-5", attrs.evolve(_GLM, result=24, a_request=2, tools=Tools("json", 77, 1.15))),
        ("", r"glm-4\.5v", attrs.evolve(_GLM, a_request=5, tools=Tools("json", 97, 0.97))),
        ("", r"glm", attrs.evolve(_GLM, tools=Tools("functions", 98, 1.35))),
        ("", r"kimi-k2[.-][5-9]", attrs.evolve(_KIMI, result=55, a_request=4, tools=Tools("json", -13, 0.95))),
        (r"^moonshot$", r"kimi", _KIMI),
        (r"^(groq|huggingface)$", r"kimi", _KIMI_AT_GROQ),
        ("", r"kimi", attrs.evolve(_KIMI, no_system=18)),
        ("", r"mimo", attrs.evolve(_roles(0, 0, 5, 251), result=34, tools=Tools("json", 173, 1.15))),
        ("", r"^sonar", _GEMINI),
        ("", r"hermes-4", attrs.evolve(_roles(5, 5, 5, 60), tools=Tools("functions", 105, 1.35))),
        ("", r"palmyra", attrs.evolve(_roles(5, 5, 5, 28), tools=Tools("json", 80, 1.15))),
    )
)
"""By the row, where it matters, and by the model's name without provider and maker; the first that fits."""
OTHERS: Final = attrs.evolve(_roles(5, 5, 5, 2), tools=Tools("functions", 95, 1.15))


def frame_of(model: str) -> Frame:
    """The frame of a model, named as in a call; without a name OpenAI's."""
    if not model:
        return OPENAI
    row, slash, _ = model.lower().partition("/")
    bare = model.rpartition("/")[2].lower()
    fitting = (frame for on, name, frame in FRAMES if on.search(row if slash else "") and name.search(bare))
    return next(fitting, OTHERS)
