"""Public names that are loaded when they are first used, as anyio does it (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def public_names(
    module: str, homes: Mapping[str, str], elsewhere: str | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """`__getattr__`, `__dir__` and `__all__` of a public module.

    Args:
        module: its name.
        homes: modules beside it, or within it if it is a package, and the names that each defines, separated by
            spaces; the empty module to submodules.
        elsewhere: a submodule with names that are found here too, without being listed.
    """
    package = sys.modules[module].__spec__.parent  # type: ignore[union-attr]  # it is being imported
    modules = {name: home for home, names in homes.items() for name in names.split()}
    names = sorted(modules)

    def load(name: str) -> Any:
        if name not in modules:
            return _found_elsewhere(name)
        home = import_module(f".{modules[name] or name}", package)
        value = getattr(home, name) if modules[name] else home
        setattr(sys.modules[module], name, value)
        return value

    def _found_elsewhere(name: str) -> Any:
        if elsewhere is not None and not name.startswith("_"):
            other = import_module(f".{elsewhere}", package)
            if name in other.__all__:
                return getattr(other, name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return load, lambda: names, names
