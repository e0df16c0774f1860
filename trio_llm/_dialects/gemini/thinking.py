"""`reasoning_effort` and `thinking` as Gemini's thinking configuration.

Source: Gemini API guide "Thinking", 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._convert.narrow import is_object
from ..._types.errors import BadRequestError, UnsupportedParamsError
from .models import ModelFamily

_DYNAMIC_BUDGET = -1
_OFF: Mapping[str, Any] = {"thinkingBudget": 0}


def thinking_config(parameters: Mapping[str, Any], family: ModelFamily, *, drop: bool) -> dict[str, Any] | None:
    """The configuration that the parameters ask for, None if they ask for none; `thinking` is the more exact one.

    Thoughts are asked for as well wherever the model is to think.

    Raises:
        UnsupportedParamsError: for an effort that the model does not have, unless `drop`.
        BadRequestError: for a `thinking` that is none.
    """
    if "thinking" in parameters:
        config = _from_thinking(parameters["thinking"], family)
        asked = "thinking"
    elif "reasoning_effort" in parameters:
        config = _from_effort(parameters["reasoning_effort"], family)
        asked = "reasoning_effort"
    else:
        return None
    if config is None and not drop:
        known = ", ".join(family.efforts)
        raise UnsupportedParamsError(
            f"cannot express {asked}={parameters[asked]!r}, only efforts {known}; drop_params=True leaves it out"
        )
    return config


def _from_effort(effort: Any, family: ModelFamily) -> dict[str, Any] | None:
    if is_object(effort):
        effort = effort.get("effort")
    if effort in (None, "default", "auto"):
        return {"includeThoughts": True}
    config = family.efforts.get(effort)
    if config is None:
        return None
    return dict(config) if config == _OFF else {**config, "includeThoughts": True}


def _from_thinking(thinking: Mapping[str, Any], family: ModelFamily) -> dict[str, Any] | None:
    kind, budget = thinking.get("type"), thinking.get("budget_tokens")
    if kind == "disabled":
        return _from_effort("none", family)
    if kind == "adaptive":
        return {"thinkingBudget": _DYNAMIC_BUDGET, "includeThoughts": True}
    if kind != "enabled":
        raise BadRequestError(f"thinking.type must be enabled, adaptive or disabled, not {kind!r}")
    return {"includeThoughts": True} if budget is None else {"thinkingBudget": budget, "includeThoughts": True}
