"""`help()` of every public name says what it does, with an example that is Python."""

from __future__ import annotations

import ast
import inspect
import pydoc
import re
import typing
from doctest import DocTestParser
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from types import UnionType
from typing import Any

import pytest

import trio_llm

ROOMS = sorted(
    f"trio_llm.{path.stem if path.is_file() else path.name}"
    for path in Path(trio_llm.__file__).parent.iterdir()
    if not path.name.startswith("_") and (path.suffix == ".py" or (path / "__init__.py").exists())
)
SECTION = re.compile(r"(Args|Raises|Returns|Yields|Source|Attributes)\b.*:")


def public_things() -> dict[str, Any]:
    """Every public class and function, by its name; of a generic with its types filled in, the class."""
    found: dict[str, Any] = {}
    for room in ("trio_llm", *ROOMS):
        module = import_module(room)
        for name in getattr(module, "__all__", ()):
            thing = getattr(module, name)
            thing = typing.get_origin(thing) or thing
            if (inspect.isclass(thing) or inspect.isroutine(thing)) and thing is not UnionType:
                found.setdefault(f"{room}.{name}", thing)
    return found


PUBLIC = public_things()


def examples(docstring: str) -> list[str]:
    """The indented blocks of a docstring, but those of its sections."""
    blocks: list[list[str]] = [[]]
    in_section = False
    for line in docstring.splitlines():
        if line and not line.startswith(" "):
            in_section = SECTION.match(line) is not None
            blocks.append([])
        elif not in_section:
            blocks[-1].append(line)
    typed = [example.source for example in DocTestParser().get_examples(docstring)]
    return typed + [text for block in blocks if (text := dedent("\n".join(block)).strip("\n"))]


def is_python(text: str) -> bool:
    try:
        compile(text, "example", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError as error:
        return "outside function" in str(error)  # `return` and `yield`
    return True


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_says_what_it_does_with_an_example(name: str) -> None:
    docstring = inspect.getdoc(PUBLIC[name]) or ""

    assert docstring.partition("\n")[0].rstrip().endswith((".", ":", "?")) or "\n" in docstring
    assert any(map(is_python, examples(docstring))), f"the docstring of {name} has no indented example"


@pytest.mark.parametrize(
    "name", ["ChatStream", "ImageStream", "MessageStream", "ResponseStream", "TextStream", "TranscriptionStream"]
)
def test_help_of_a_stream_shows_how_it_is_read(name: str) -> None:
    shown = pydoc.plain(pydoc.render_doc(getattr(trio_llm.types, name)))

    assert "async for chunk in stream" in shown


def test_an_example_is_told_from_a_section() -> None:
    assert examples("Do it.\n\nArgs:\n    x: a number\n\n    f(x)\n") == []
    assert examples("Do it.\n\n    f(x)\n\nRaises:\n    ValueError: never") == ["f(x)"]
    assert not is_python("a line of prose")
