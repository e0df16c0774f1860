"""Public names that are loaded when they are first used, as anyio does it (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
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
            value.__module__ = package
        setattr(sys.modules[package], name, value)
        return value

    return load, lambda: names, names
