"""What the program told of models, for the whole process.

It is one mapping, which each change replaces as a whole, under a lock. Whoever reads needs none.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Any, Final

import attrs

import trio_llm

from .._types.errors import BadRequestError

BASE_MODEL: Final = "base_model"


@attrs.define
class Registry:
    """Fields of models by their names; each change is made under a lock."""

    models: dict[str, dict[str, Any]] = attrs.Factory(dict)
    """Another object after every change."""
    _lock: Lock = attrs.Factory(Lock)

    def add(self, models: Mapping[str, Mapping[str, Any]]) -> None:
        named = {_named(name): fields for name, fields in models.items()}
        with self._lock:
            self.models = {**self.models, **{name: {**self.models.get(name, {}), **named[name]} for name in named}}

    def get(self, row: str, name: str) -> Mapping[str, Any]:
        """What was told of a row's model; a name without a row counts for every row."""
        held = self.models
        return (held.get(f"{row}/{name}") or held.get(name) or {}) if held else {}

    def all_of(self, row: str, name: str) -> Mapping[str, Any]:
        """The same with what was told of the model that it is, where that is another one."""
        if not self.models:
            return {}
        base, own = self.meant(row, name), self.get(row, name)
        return own if base == (row, name) else {**self.get(*base), **own}

    def meant(self, row: str, name: str) -> tuple[str, str]:
        """The row and the name of the model that a row's model is, where that was told; else its own."""
        base = self.get(row, name).get(BASE_MODEL)
        return (row, name) if base is None else resolved_model(base) or (row, base)


registered: Final = Registry()


def row_and_name(model: str, provider: str | None = None) -> tuple[str, str]:
    """The row of a model, and the model's name there.

    A bare name that leads to no row is of the one for which it was registered, and a row of the program's own is known
    by the models of it that were registered.

    Raises:
        BadRequestError: if no provider fits.
    """
    try:
        name, row, _, _ = trio_llm.get_llm_provider(model, provider)
    except BadRequestError:
        full = model if provider is None or model.startswith(f"{provider}/") else f"{provider}/{model}"
        if full in registered.models and "/" in full:
            row, _, name = full.partition("/")
            return row, name
        registered_for = registered.models.get(model, {}).get("litellm_provider")
        if provider is not None or registered_for is None:
            raise
        name, row, _, _ = trio_llm.get_llm_provider(model, registered_for)
    return row, name


def meant_model(model: str) -> str:
    """The model that a model is, where that was told, as it is written in calls; else itself."""
    if not registered.models or not model:
        return model
    try:
        resolved = row_and_name(model)
    except BadRequestError:
        return model
    meant = registered.meant(*resolved)
    return model if meant == resolved else "/".join(meant)


def _named(model: str) -> str:
    """A name with a row, by the row's first name."""
    resolved = resolved_model(model)
    return model if resolved is None else "/".join(resolved)


def resolved_model(model: str) -> tuple[str, str] | None:
    """The row and the name of a model that is written with its row; None for one without, or of an unknown row."""
    if "/" not in model:
        return None
    try:
        name, row, _, _ = trio_llm.get_llm_provider(model)
    except BadRequestError:
        return None
    return row, name
