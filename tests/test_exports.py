"""Public names: all there, each at home in the public module that shows it."""

from __future__ import annotations

import importlib
import inspect

import pytest

PUBLIC_MODULES = [
    "trio_llm",
    "trio_llm.exceptions",
    "trio_llm.providers",
    "trio_llm.testing",
    "trio_llm.transport",
    "trio_llm.types",
]


def names(module_name: str) -> list[str]:
    return list(importlib.import_module(module_name).__all__)


exports = pytest.mark.parametrize(
    ("module_name", "name"), [(module, name) for module in PUBLIC_MODULES for name in names(module)]
)


@pytest.mark.parametrize("module_name", PUBLIC_MODULES)
def test_a_public_module_lists_each_name_once_and_in_order(module_name: str) -> None:
    listed = names(module_name)

    assert listed == sorted(set(listed))


@exports
def test_every_listed_name_exists(module_name: str, name: str) -> None:
    assert hasattr(importlib.import_module(module_name), name)


@exports
def test_a_class_or_function_says_it_lives_where_it_is_exported(module_name: str, name: str) -> None:
    value = getattr(importlib.import_module(module_name), name)
    if inspect.isclass(value) or inspect.isfunction(value):
        # An error may be shown by the package as well as by `exceptions`; its home is one of the two.
        assert value.__module__ in PUBLIC_MODULES


@exports
def test_a_class_or_function_has_a_docstring(module_name: str, name: str) -> None:
    value = getattr(importlib.import_module(module_name), name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert inspect.getdoc(value)


@pytest.mark.parametrize("module_name", PUBLIC_MODULES)
def test_a_public_module_shows_no_name_that_it_does_not_list(module_name: str) -> None:
    module = importlib.import_module(module_name)
    shown = {name for name in dir(module) if not name.startswith("_") and not inspect.ismodule(getattr(module, name))}

    assert shown - {"annotations"} <= set(names(module_name))
