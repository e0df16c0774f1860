"""Thinking, and what depends on it: the limit of the answer, and sampling.

`reasoning_effort` steers models from 4.6 on by `output_config.effort` with adaptive thinking, and older ones by a
budget. `thinking` is Anthropic's own parameter; where it is given, it decides, and an effort is only sent beside
adaptive thinking. `max_tokens` counts thinking and answer together: a limit that the budget would use up is
taken as the answer's and raised by the budget.

Source: Anthropic docs, "Extended thinking", "Adaptive thinking" and "Effort", 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..._convert.narrow import a_number, an_object, as_mapping
from ..._types.chat import ChatRequest
from ..._types.errors import BadRequestError, UnsupportedParamsError
from ..contract import WireCall
from .models import (
    default_max_tokens,
    has_fixed_sampling,
    refuses_forced_tools,
    takes_one_sampling,
    thinks_adaptively,
    thinks_beside_forced_tools,
    thought_when_off,
)

BUDGETS: Final[Mapping[str, int]] = {
    "minimal": 1_024,
    "low": 1_024,
    "medium": 2_048,
    "high": 4_096,
    "xhigh": 8_192,
    "max": 16_384,
}
"""Tokens of thinking for each effort. 1,024 is the least that Anthropic allows; low to high are LiteLLM's."""

_EFFORTS: Final[Mapping[str, str]] = {name: name for name in BUDGETS} | {"minimal": "low"}
_ADAPTIVE: Final[Mapping[str, Any]] = {"type": "adaptive", "display": "summarized"}
"""Models after 4.6 hide their thinking unless asked."""
_WITH_EFFORT: Final = ("adaptive", "between_tools")
_OTHER: Final[Mapping[str, str]] = {"temperature": "top_p", "top_p": "temperature"}
_LEAST_TOP_P: Final = 0.95
"""The least `top_p` that goes together with thinking."""


def thinking_fields(call: WireCall[ChatRequest], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """`thinking` and `output_config.effort`.

    Raises:
        BadRequestError: for an effort that does not exist.
        UnsupportedParamsError: for a budget that the model does not take, and for no thinking where it always thinks;
            `drop_params` leaves them out.
    """
    given, effort = parameters.get("thinking"), _effort(parameters.get("reasoning_effort"))
    thinking = _given(call, given) if given is not None else _thinking(call, effort)
    fields: dict[str, Any] = {} if thinking is None else {"thinking": dict(thinking)}
    if effort in _EFFORTS and thinking is not None and thinking.get("type") in _WITH_EFFORT:
        fields["output_config"] = {"effort": _EFFORTS[effort]}
    return fields


def _given(call: WireCall[ChatRequest], given: object) -> Mapping[str, Any] | None:
    thinking = an_object(given, "thinking")
    if thinking.get("type") == "enabled" and has_fixed_sampling(call.model):  # what refuses one, refuses the other
        refuse(call, "cannot express a budget of thinking: this model wants thinking={'type': 'adaptive'}")
        return _ADAPTIVE
    return _off(call) if thinking == {"type": "disabled"} else thinking


def _effort(given: object) -> str:
    """The effort's name, "default" if none is given. OpenAI's `summary` beside it asks for what is always there."""
    effort = given if isinstance(given, str) else an_object(given or {}, "reasoning_effort").get("effort")
    if effort is None:
        return "default"
    if not isinstance(effort, str) or effort not in {*_EFFORTS, "none", "default"}:
        raise BadRequestError(f"reasoning_effort {effort!r} is not known: none, default, {', '.join(_EFFORTS)}")
    return effort


def _thinking(call: WireCall[ChatRequest], effort: str) -> Mapping[str, Any] | None:
    if effort == "default":
        return None
    if effort == "none":
        return _off(call)
    if thinks_adaptively(call.model):
        return _ADAPTIVE
    return {"type": "enabled", "budget_tokens": BUDGETS[effort]}


def _off(call: WireCall[ChatRequest]) -> Mapping[str, Any] | None:
    least = thought_when_off(call.model)
    if least is None:
        refuse(call, "cannot express that there be no thinking: this model always thinks, and an effort says how much")
        return None
    return {"type": least}


def is_thinking(fields: Mapping[str, Any]) -> bool:
    """Whether the fields of a request have the model think."""
    return as_mapping(fields.get("thinking")).get("type") in ("enabled", "adaptive")


def may_demand(call: WireCall[ChatRequest]) -> bool:
    """Whether a demand of a tool goes to the model.

    Raises:
        UnsupportedParamsError: where it is surely refused, unless it may be dropped.
    """
    if not refuses_forced_tools(call.model):
        return True
    refuse(call, "cannot express a tool_choice that demands a call: this model takes 'auto' and 'none'")
    return False


def settle_forced_tool(call: WireCall[ChatRequest], fields: dict[str, Any]) -> None:
    """Take thinking out of the fields of a request that demands a tool, on models of which only one can be wanted.

    Raises:
        UnsupportedParamsError: unless it may be dropped.
    """
    if is_thinking(fields) and not thinks_beside_forced_tools(call.model):
        refuse(call, "cannot express thinking beside a tool that has to be called, as response_format may need one")
        del fields["thinking"]


def max_tokens(call: WireCall[ChatRequest], parameters: Mapping[str, Any], thinking: Mapping[str, Any] | None) -> int:
    """The limit of thinking and answer together, above the budget of thinking."""
    given = parameters.get("max_completion_tokens", parameters.get("max_tokens"))
    limit = default_max_tokens(call.model) if given is None else int(a_number(given, "max_tokens"))
    budget = int(a_number((thinking or {}).get("budget_tokens") or 0, "thinking.budget_tokens"))
    return limit + budget if 0 < limit <= budget else limit


def sampling_fields(call: WireCall[ChatRequest], parameters: Mapping[str, Any], *, thinks: bool) -> dict[str, Any]:
    """`temperature` and `top_p`, where the model takes them.

    Raises:
        UnsupportedParamsError: for values that it surely refuses, unless they may be dropped.
    """
    fields: dict[str, Any] = {}
    fixed, one = has_fixed_sampling(call.model), takes_one_sampling(call.model)
    for name, allowed in (("temperature", _temperature_problem), ("top_p", _top_p_problem)):
        value = parameters.get(name)
        if value is None or (one and value == 1 and parameters.get(_OTHER[name]) is not None):
            continue
        problem = allowed(a_number(value, name), thinks=thinks, fixed=fixed)
        if problem is None and one and fields:
            problem = "this model takes it or temperature, not both"
        if problem is None:
            fields[name] = value
        else:
            refuse(call, f"cannot express {name}={value}: {problem}")
    return fields


def _temperature_problem(value: float, *, thinks: bool, fixed: bool) -> str | None:
    if value == 1:
        return None
    if fixed:
        return "this model has no temperature"
    if thinks:
        return "with thinking it is always 1"
    return "it ends at 1" if value > 1 else None


def _top_p_problem(value: float, *, thinks: bool, fixed: bool) -> str | None:
    if fixed and value < 0.99:
        return "this model has no top_p"
    return f"with thinking it begins at {_LEAST_TOP_P}" if thinks and value < _LEAST_TOP_P else None


def refuse(call: WireCall[ChatRequest], problem: str) -> None:
    """Raise `UnsupportedParamsError`, unless the caller wants such things dropped."""
    if not call.request.options.drop_params:
        raise UnsupportedParamsError(f"{problem}; drop_params=True leaves it out", model=call.model)
