"""The tree keeps its layers: imports go one way, I/O stays in the engine, files and functions stay small."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "trio_llm"
MODULES = sorted(PACKAGE.rglob("*.py"))

# Lowest first. A module belongs to the layer that has the first part of its name, and may import from its own layer and
# from those below. What is in none is the engine: a new module of a lower layer is of no use there until it is listed.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("_errors", "_types", "_headers", "_http", "_json", "_version"),
    ("_wire", "_convert", "_structuring", "_schema", "_fold"),
    ("_dialect", "_dialects"),
    ("_provider", "_catalog", "_auth"),
    (),
    ("", "exceptions", "testing", "_cli", "__main__"),
)
CATALOGUE = 3
ENGINE = 4
RUNTIMES = {"trio", "anyio", "asyncio", "sniffio"}
HTTP_CLIENTS = {"httpx", "httpx2"}
# `_limits` names Trio's own CapacityLimiter, which callers may share with a client.
LOOP_AWARE = {"_runtime", "_sync", "_portal", "_limits", "testing", "_cli", "__main__"}
# Data, one row a provider: long by nature.
TABLES = {"_catalog"}
MOST_LINES = 500
MOST_FUNCTION_LINES = 50


def name_of(path: Path) -> str:
    """`_wire.sse` for trio_llm/_wire/sse.py, the empty name for the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer_of(module: str) -> int:
    top = module.split(".")[0]
    return next((index for index, names in enumerate(LAYERS) if top in names), ENGINE)


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, absolutely named, whether at its top or inside a function.

    What only type checkers see counts as well: a name that a layer has to know is a name that it depends on.
    """
    package = ["trio_llm", *name_of(path).split(".")] if name_of(path) else ["trio_llm"]
    if path.name != "__init__.py":
        package.pop()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1], *filter(None, [node.module])] if node.level else []
            source = ".".join(base) if node.level else node.module or ""
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)


def own_modules(path: Path) -> Iterator[str]:
    existing = {name_of(module) for module in MODULES}
    for name in imported(path):
        module = name.removeprefix("trio_llm").removeprefix(".")
        if name.startswith("trio_llm") and module in existing:
            yield module


def outside_packages(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(path)}


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length_without_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    docstring = function.body[0] if ast.get_docstring(function, clean=False) is not None else None
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    return lines - ((docstring.end_lineno or docstring.lineno) - docstring.lineno + 1 if docstring else 0)


every_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: name_of(path) or "trio_llm")


@every_module
def test_a_module_imports_only_from_its_own_layer_and_below(path: Path) -> None:
    layer = layer_of(name_of(path))
    # `from . import _x` names the package itself on the way to `_x`; that is no dependency.
    upwards = {module for module in own_modules(path) if module and layer_of(module) > layer}

    assert not upwards


@every_module
def test_everything_below_the_catalogue_does_no_input_or_output(path: Path) -> None:
    if layer_of(name_of(path)) >= CATALOGUE:
        return
    assert outside_packages(path).isdisjoint(RUNTIMES | HTTP_CLIENTS | {"socket", "ssl", "threading", "subprocess"})


@every_module
def test_only_its_adapter_imports_httpx(path: Path) -> None:
    if name_of(path) == "_transport.httpx_adapter":
        return
    assert outside_packages(path).isdisjoint(HTTP_CLIENTS)


@every_module
def test_only_the_runtime_and_the_synchronous_twins_know_which_loop_runs(path: Path) -> None:
    if name_of(path).split(".")[0] in LOOP_AWARE:
        return
    assert outside_packages(path).isdisjoint(RUNTIMES)


@every_module
def test_only_auth_reads_the_environment(path: Path) -> None:
    if name_of(path) == "_auth":
        return
    assert not re.search(r"\b(os\.environ|os\.getenv|getenv\(|from os import environ)", path.read_text())


@every_module
def test_no_file_is_longer_than_can_be_read_in_one_sitting(path: Path) -> None:
    if name_of(path) in TABLES:
        return
    assert len(path.read_text().splitlines()) <= MOST_LINES


@every_module
def test_no_function_is_longer_than_a_screen(path: Path) -> None:
    long = {
        function.name: length_without_docstring(function)
        for function in functions(path)
        if length_without_docstring(function) > MOST_FUNCTION_LINES
    }

    assert not long


@every_module
def test_no_global_is_written_after_import(path: Path) -> None:
    tree = ast.parse(path.read_text())

    assert not [node.names for node in ast.walk(tree) if isinstance(node, ast.Global)]
