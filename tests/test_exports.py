"""Public names: all there, each at home in the public module that shows it."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest

import trio_llm

PUBLIC_MODULES = [
    "trio_llm",
    "trio_llm.exceptions",
    "trio_llm.mcp",
    "trio_llm.models",
    "trio_llm.observe",
    "trio_llm.otel",
    "trio_llm.providers",
    "trio_llm.purse",
    "trio_llm.structured",
    "trio_llm.testing",
    "trio_llm.tools",
    "trio_llm.transport",
    "trio_llm.types",
]

PACKAGE = Path(trio_llm.__file__).parent
MOST_NAMES = 120
"""Beside the functions of operations, of which there are two each."""


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
def test_the_source_of_a_class_is_found(module_name: str, name: str) -> None:
    value = getattr(importlib.import_module(module_name), name)
    if inspect.isclass(value) and not is_exception(value):
        source = Path(inspect.getsourcefile(value) or "").read_text()

        assert f"class {value.__name__}" in source


def is_exception(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, BaseException)


@exports
def test_an_error_says_that_it_lives_among_the_exceptions(module_name: str, name: str) -> None:
    value = getattr(importlib.import_module(module_name), name)
    if is_exception(value) and module_name != "trio_llm.testing":
        assert value.__module__ in PUBLIC_MODULES


def test_the_package_shows_no_more_names_than_can_be_looked_through() -> None:
    listed = set(dir(trio_llm))
    of_operations = {name for name in listed if f"a{name}" in listed} | {name for name in listed if name[1:] in listed}

    assert len(listed - of_operations) <= MOST_NAMES


def test_secondary_classes_are_found_in_the_package_without_being_listed() -> None:
    assert trio_llm.types.Choices is getattr(trio_llm, "Choices")  # noqa: B009 - type checkers do not know it there
    assert "Choices" not in dir(trio_llm)
    assert set(dir(trio_llm)).isdisjoint(dir(trio_llm.types))
    with pytest.raises(AttributeError, match="module 'trio_llm' has no attribute 'Nothing'"):
        getattr(trio_llm, "Nothing")  # noqa: B009


def test_no_module_bears_the_name_of_a_public_function() -> None:
    functions = {name for name in dir(trio_llm) if inspect.isfunction(getattr(trio_llm, name))}
    modules = {path.parent.name if path.stem == "__init__" else path.stem for path in PACKAGE.rglob("*.py")}

    assert not functions & modules


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
