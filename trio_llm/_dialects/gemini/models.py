"""What sets families of Gemini models apart in a request, as data.

Source: Gemini API guides "Thinking" and "Thought signatures"; "OpenAI compatibility", table of reasoning efforts;
2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import attrs

from ..._convert.narrow import in_address
from ..._types.errors import BadRequestError

_FOREIGN_SIGNATURE = "context_engineering_is_the_way_to_go"
"""The documented signature of calls that another model made, or that were never made."""


@attrs.frozen
class ModelFamily:
    """Models that take the same words."""

    efforts: Mapping[str, Mapping[str, Any]]
    """`thinkingConfig` of every reasoning effort that can be expressed."""
    part_resolution: bool = False
    """Whether every image may have its own resolution; elsewhere the `detail` of an image is only a hint."""
    nested_media: bool = False
    """Whether what a tool returned beside text belongs inside its result; elsewhere it is shown behind the results."""
    foreign_signature: str | None = None
    """The signature that a turn's first call needs where it has none of its own; None where calls need none."""


def _budgets(**tokens: int) -> Mapping[str, Mapping[str, Any]]:
    return {effort: {"thinkingBudget": count} for effort, count in tokens.items()}


def _levels(**levels: str) -> ModelFamily:
    efforts = {effort: {"thinkingLevel": level} for effort, level in levels.items()}
    return ModelFamily(efforts, part_resolution=True, nested_media=True, foreign_signature=_FOREIGN_SIGNATURE)


_BUDGETS: Final = ModelFamily(_budgets(none=0, minimal=1024, low=1024, medium=8192, high=24576, xhigh=24576, max=24576))
# These models cannot stop thinking, so "none" has no row.
_LEVELS: Final = _levels(minimal="MINIMAL", low="LOW", medium="MEDIUM", high="HIGH", xhigh="HIGH", max="HIGH")
_PRO_LEVELS: Final = _levels(minimal="LOW", low="LOW", medium="MEDIUM", high="HIGH", xhigh="HIGH", max="HIGH")
_FIRST_PRO_LEVELS: Final = _levels(minimal="LOW", low="LOW", medium="HIGH", high="HIGH", xhigh="HIGH", max="HIGH")
# The first pattern that matches the beginning of a model's name decides.
_FAMILIES: Final = (
    (re.compile(r"gemini-3-pro"), _FIRST_PRO_LEVELS),
    (re.compile(r"gemini-([3-9]|\d\d)(\.\d+)?-pro"), _PRO_LEVELS),
    (re.compile(r"gemini-([3-9]|\d\d)\b"), _LEVELS),
)
_RESOURCES: Final = ("models/", "tunedModels/", "dynamic/", "endpoints/")
"""Kinds of resource that generate content."""


def family_of(model: str) -> ModelFamily:
    """The family of a model, by its name."""
    name = model.removeprefix("models/")
    return next((family for pattern, family in _FAMILIES if pattern.match(name)), _BUDGETS)


def resource_name(model: str) -> str:
    """`models/gemini-2.5-flash`, of a name with or without its kind."""
    return model if model.startswith(_RESOURCES) else f"models/{model}"


def model_path(model: str, verb: str) -> str:
    """The path of a method of a model, as `/models/gemini-2.5-flash:generateContent`.

    Raises:
        BadRequestError: if the model has no name.
    """
    kind, _, name = resource_name(model).partition("/")
    if not name:
        raise BadRequestError("model is empty")
    return f"/{kind}/{in_address(name, safe='@')}:{verb}"
