"""Which demands of a tool a model of Bedrock takes, and which sampling.

Source: Amazon Bedrock API reference, "ToolChoice"; langchain-ai/langchain-aws, `supports_tool_choice_values`;
BerriAI/litellm#42725 and NousResearch/hermes-agent#111043 for sampling; 2026-09.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..._types.chat import ChatRequest
from ..anthropic.thinking import may_demand, refuse
from ..contract import WireCall
from .claude import is_claude
from .thoughts import is_gpt

_UNDEMANDING: Final = re.compile(
    r"(^|[./])(meta\.llama|cohere\.command|ai21\.|amazon\.titan|mistral\.(mistral-(small|7b)|mixtral))"
)
"""Models whose calls cannot be demanded: "This model doesn't support the toolConfig.toolChoice.any field"."""
_NAMES_NONE: Final = re.compile(r"(^|[./])mistral\.mistral-large-24")
"""Models that take a demand of any tool, but not of one."""
_FIXED: Final = re.compile(r"(^|[./])xai\.grok-(4\.[4-9]|[5-9])")


def has_fixed_sampling(model: str) -> bool:
    """Whether `temperature` and `topP` are refused: "This model doesn't support the temperature field"."""
    return is_gpt(model) or _FIXED.search(model) is not None


def takes_demands(model: str) -> bool:
    """Whether some call may be demanded."""
    return _UNDEMANDING.search(model) is None


def taken_choice(
    call: WireCall[ChatRequest], chosen: Mapping[str, Any] | None, tools: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any] | None:
    """The choice of a tool in the way that the model takes it.

    Raises:
        UnsupportedParamsError: where it demands what cannot be demanded, unless that may be dropped.
    """
    if chosen is None:
        return None
    if not takes_demands(call.model):
        if "auto" not in chosen:
            refuse(call, "cannot express a tool_choice that demands a call: this model chooses itself")
        return None
    if "tool" in chosen and len(tools) == 1 and _NAMES_NONE.search(call.model):
        return {"any": {}}
    if "auto" not in chosen and is_claude(call.model) and not may_demand(call):
        return {"auto": {}}
    return chosen


def answer_choice(model: str, *, alone: bool, name: str) -> dict[str, Any] | None:
    """The choice that has a model call the tool whose input is its answer, or one of the caller's."""
    if not takes_demands(model):
        return None
    return {"tool": {"name": name}} if alone and not _NAMES_NONE.search(model) else {"any": {}}
