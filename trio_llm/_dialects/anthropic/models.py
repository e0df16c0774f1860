"""What the name of a Claude model tells about the parameters that it takes.

The wire format is one, but generations differ in ways that a request has to know beforehand. Only the name says
which generation it is, so the rules go by its version and never by a list of models that would grow.

Source: Anthropic docs, "Models overview", "Adaptive thinking", "Structured outputs", "Migration guide", "What's new in
Claude Opus 5.5" and "... Sonnet 5.5" (forced tool use, thinking that stays on), "Migrating to Claude 4.5" (sampling),
"Mid-conversation system messages", 2026-11.
"""

from __future__ import annotations

import re
from typing import Final

Version = tuple[int, int]

_FAMILY_FIRST: Final = re.compile(r"claude-[a-z]+-(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")
_NUMBER_FIRST: Final = re.compile(r"claude-(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")
_THINKS_ALWAYS: Final = re.compile(r"claude-(fable|mythos)")
_BEFORE_ALL: Final[Version] = (0, 0)
_AFTER_ALL: Final[Version] = (99, 0)

DEFAULT_MAX_TOKENS: Final = 32_000
"""`max_tokens` where the caller gives none; the wire demands one.

OpenAI's default is "as long as the model allows". This is the most that every model since Claude 4 allows (Opus 4
and 4.1 have the smallest limit), and all of it is only ever an upper bound: unused tokens are not billed.
"""
_SMALL_MAX_TOKENS: Final = 4_096
"""The same for Claude 3 and for models of other vendors that speak this format."""


def version(model: str) -> Version | None:
    """Major and minor version: (4, 5) of `claude-sonnet-4-5-20250929`, (3, 7) of `claude-3-7-sonnet-latest`."""
    found = _FAMILY_FIRST.search(model) or _NUMBER_FIRST.search(model)
    return (int(found[1]), int(found[2] or 0)) if found else None


def thinks_adaptively(model: str) -> bool:
    """Whether thinking is steered by an effort (4.6 and later) and not by a budget of tokens."""
    return _assumed_version(model) >= (4, 6)


def has_structured_output(model: str) -> bool:
    """Whether `output_config.format` is known (Opus 4.1, and all since 4.5)."""
    return _assumed_version(model) >= (4, 1)


def takes_forced_tools(model: str) -> bool:
    """Whether a tool may be demanded. Opus 5.5, Sonnet 5.5 and Fable 5.1 refuse it, and Haiku 5.5 does not say so."""
    return _assumed_version(model) < (5, 1) or "haiku" in model


def refuses_forced_tools(model: str) -> bool:
    """Whether a demand of a tool is surely refused: "type "tool" and "any" are not supported for this model"."""
    return version(model) is not None and not takes_forced_tools(model)


def thought_when_off(model: str) -> str | None:
    """The type of thinking that is the least; None on models that always think: all of Fable and Mythos, Opus 5.5 on.

    Sonnet from 5.5 on may only leave out the thoughts before the answer, and says so where it is told "disabled".
    """
    known = _assumed_version(model)
    if _THINKS_ALWAYS.search(model) or ("opus" in model and known >= (5, 5)):
        return None
    return "between_tools" if "sonnet" in model and known >= (5, 5) else "disabled"


def thinks_beside_forced_tools(model: str) -> bool:
    """Whether a tool may be demanded while the model thinks: from 4.8 on, on the models that take the demand at all."""
    return _assumed_version(model) >= (4, 8)


def has_fixed_sampling(model: str) -> bool:
    """Whether `temperature` and `top_p` are surely refused: models released after Opus 4.6."""
    known = version(model)
    return known is not None and known > (4, 6)


def takes_one_sampling(model: str) -> bool:
    """Whether `temperature` and `top_p` exclude each other: "please use only one", Opus 4.1 to all of 4.6."""
    known = version(model)
    return known is not None and (4, 1) <= known <= (4, 6)


def takes_late_system(model: str) -> bool:
    """Whether `messages` may have turns of the role `system`: Opus 4.8 and what followed it."""
    known = version(model)
    return known is not None and known >= (4, 8)


def default_max_tokens(model: str) -> int:
    """The longest answer to ask for where the caller sets no limit."""
    return DEFAULT_MAX_TOKENS if _assumed_version(model) >= (4, 0) else _SMALL_MAX_TOKENS


def _assumed_version(model: str) -> Version:
    # A Claude without a number is most likely an alias of the newest; other vendors copied the older conventions.
    return version(model) or (_AFTER_ALL if "claude" in model else _BEFORE_ALL)
