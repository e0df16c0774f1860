"""Public names that are loaded when they are first used, as anyio does it (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any, Final

_EXTRAS: Final = {"hypothesis": "testing", "opentelemetry": "otel"}
"""Packages without which a whole module cannot be imported, and the extras that install them."""


class NoSettings(ModuleType):
    """A module that answers an assignment of one of LiteLLM's settings with what to write instead."""

    def __setattr__(self, name: str, value: object) -> None:
        # The import system sets submodules, many of them before anything could explain.
        if not isinstance(value, ModuleType) and (refusal := _absences(self.__name__).missing_setting(name)):
            raise AttributeError(refusal, name=name, obj=self)
        super().__setattr__(name, value)


def _absences(package: str) -> Any:
    return import_module("._types.litellm_names", package)


def _imported(home: str, package: str | None, wanted: str) -> ModuleType:
    """A module of the package. If an extra is missing, the error tells how to install it."""
    try:
        return import_module(home, package)
    except ModuleNotFoundError as error:
        lacking = (error.name or "").partition(".")[0]
        if lacking not in _EXTRAS:
            raise
        how = f'pip install "trio-llm[{_EXTRAS[lacking]}]"'
        raise ModuleNotFoundError(f"{wanted} needs the package {lacking}: {how}", name=lacking) from None


def public_names(
    module: str, homes: Mapping[str, str], elsewhere: str | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """`__getattr__`, `__dir__` and `__all__` of a public module.

    Args:
        module: its name.
        homes: modules beside it, or within it if it is a package, and the names that each defines, separated by
            spaces; the empty module to submodules.
        elsewhere: a submodule with names that are found here too, without being listed. The module that has one is
            the package itself, which also says what to use in place of LiteLLM's names.
    """
    package = sys.modules[module].__spec__.parent  # type: ignore[union-attr]  # it is being imported
    modules = {name: home for home, names in homes.items() for name in names.split()}
    names = sorted(modules)

    def load(name: str) -> Any:
        if name not in modules:
            return _found_elsewhere(name)
        home = _imported(f".{modules[name] or name}", package, f"{module}.{name}")
        value = getattr(home, name) if modules[name] else home
        vars(sys.modules[module])[name] = value
        return value

    def _found_elsewhere(name: str) -> Any:
        if elsewhere is not None and not name.startswith("_"):
            other = import_module(f".{elsewhere}", package)
            if name in other.__all__:
                return getattr(other, name)
        if elsewhere is not None and name[:2] != "__" and (refusal := _absences(module).missing_name(name)):
            if sys._getframe(2).f_globals["__name__"] == "importlib._bootstrap":  # from module import name
                raise ImportError(refusal, name=name)
            raise AttributeError(refusal, name=name, obj=sys.modules[module])
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    if elsewhere is not None:
        sys.modules[module].__class__ = NoSettings
    return load, lambda: names, names
