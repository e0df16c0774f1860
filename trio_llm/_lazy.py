"""Public names that are loaded when they are first used, as anyio does it (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any


def public_names(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """`__getattr__`, `__dir__` and `__all__` of a package.

    `homes` maps each module to the names that it defines, separated by spaces; the empty module to submodules.
    A class or function that is loaded says from then on that it lives in the package.
    """
    modules = {name: module for module, names in homes.items() for name in names.split()}
    names = sorted(modules)

    def load(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home = import_module(f".{modules[name] or name}", package)
        value = getattr(home, name) if modules[name] else home
        if getattr(value, "__module__", "").startswith(f"{package}._"):
            _resolve_fields(value)
            value.__module__ = package
        setattr(sys.modules[package], name, value)
        return value

    return load, lambda: names, names


def _resolve_fields(value: Any) -> None:
    """The types of a class's fields are looked up in the module that it names: while that is still its own."""
    import attrs  # whoever has a class to show has imported it

    if attrs.has(value):
        with suppress(NameError):  # exceptions, whose fields nobody converts, refer to types that they do not import
            attrs.resolve_types(value)
