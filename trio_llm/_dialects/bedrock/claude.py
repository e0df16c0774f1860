"""What Claude takes in a Converse request: how much it thinks, and with that its limit and its sampling.

The rules are Anthropic's own; only the places of the fields are Bedrock's.

Source: Amazon Bedrock user guide, "Adaptive thinking" and "Extended thinking", 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ..._types.chat import ChatRequest
from ..anthropic.models import thinks_adaptively
from ..anthropic.thinking import is_thinking, max_tokens, sampling_fields, settle_forced_tool, thinking_fields
from ..contract import WireCall

_NAMES: Final = re.compile(r"(^|[./])(anthropic\.)?claude")
_OFF: Final = ("none", "disable")


def is_claude(model: str) -> bool:
    """Whether a model is Anthropic's, as far as its name tells."""
    return _NAMES.search(model) is not None


def claude_thinking(call: WireCall[ChatRequest], given: Mapping[str, Any], *, forced: bool) -> dict[str, Any]:
    """The fields of Anthropic's own request that say how much to think; none where nothing was said.

    Raises:
        BadRequestError: for an effort that does not exist.
        UnsupportedParamsError: beside a tool that is demanded, which is `forced`, and for no thinking where the model
            always thinks, unless it may be dropped.
    """
    if given.get("thinking") is None and given.get("reasoning_effort") in _OFF:
        # From Opus 5 on models think unless they are told not to. Older ones may not know the word.
        return thinking_fields(call, {"reasoning_effort": "none"}) if thinks_adaptively(call.model) else {}
    fields = thinking_fields(call, given)
    if forced:
        settle_forced_tool(call, fields)
    return fields


def claude_inference(
    call: WireCall[ChatRequest], given: Mapping[str, Any], thinking: Mapping[str, Any]
) -> dict[str, Any]:
    """The limit and the sampling that go together with the thinking, by Converse's names.

    Raises:
        UnsupportedParamsError: for values that the model surely refuses, unless they may be dropped.
    """
    sampling = sampling_fields(call, given, thinks=is_thinking(thinking))
    limited = any(given.get(name) is not None for name in ("max_tokens", "max_completion_tokens"))
    return {
        "maxTokens": max_tokens(call, given, thinking.get("thinking")) if limited else None,
        "temperature": sampling.get("temperature"),
        "topP": sampling.get("top_p"),
    }
