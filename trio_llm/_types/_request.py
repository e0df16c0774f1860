"""What every request has in common: the split of keyword arguments into parameters and options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

import attrs

from .._errors import UnsupportedParamsError


class ControlParams(TypedDict, total=False):
    """Keyword arguments that every function takes and that say how the call is made."""

    timeout: float | None
    num_retries: int | None
    api_key: str | None
    api_base: str | None
    base_url: str | None
    api_version: str | None
    custom_llm_provider: str | None
    extra_headers: Mapping[str, str] | None
    extra_body: Mapping[str, Any] | None
    drop_params: bool | None
    priority: int | None


@attrs.frozen
class CallOptions:
    """How a call is made, apart from what it asks."""

    timeout: float | None = None
    """The call's deadline in seconds from its start: waiting, attempts and pauses included."""
    num_retries: int | None = None
    """Attempts after the first; None leaves it to the client's policy."""
    api_key: str | None = attrs.field(default=None, repr=False)
    api_base: str | None = None
    """Base URL in place of the provider's own."""
    api_version: str | None = None
    custom_llm_provider: str | None = None
    """The provider's name, where `model` has no prefix."""
    extra_headers: Mapping[str, str] | None = attrs.field(default=None, repr=False)
    extra_body: Mapping[str, Any] | None = None
    """Fields that are merged into the JSON body as they are, nested objects key by key."""
    drop_params: bool = False
    """Leave out parameters that the provider cannot express, in place of an error."""
    priority: int = 0
    """Place in the line for the client's limits: higher goes first."""


NO_OPTIONS = CallOptions()
_CONTROLS = frozenset(ControlParams.__annotations__)


def split_arguments(arguments: Mapping[str, Any], known: frozenset[str]) -> tuple[dict[str, Any], CallOptions]:
    """Keyword arguments as (parameters, options). None means not given.

    Raises:
        UnsupportedParamsError: for a name that is neither, with the nearest one that is.
    """
    parameters: dict[str, Any] = {}
    controls: dict[str, Any] = {}
    for name, value in arguments.items():
        if name in known:
            if value is not None:
                parameters[name] = value
        elif name in _CONTROLS:
            if value is not None:
                controls[name] = value
        else:
            raise UnsupportedParamsError(_unknown(name, known))
    return parameters, _options(controls) if controls else NO_OPTIONS


def _options(controls: dict[str, Any]) -> CallOptions:
    if (base_url := controls.pop("base_url", None)) is not None:
        controls["api_base"] = base_url  # LiteLLM lets base_url win where both are given
    return CallOptions(**controls)


def _unknown(name: str, known: frozenset[str]) -> str:
    from difflib import get_close_matches  # only on the way to an error

    nearest = get_close_matches(name, known | _CONTROLS, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else "a field of the provider's own goes into extra_body"
    return f"unknown parameter {name!r}: {hint}"
