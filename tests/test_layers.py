"""The tree keeps its layers: imports go one way, I/O stays in the engine, files and functions stay small."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "trio_llm"
MODULES = sorted(PACKAGE.rglob("*.py"))

# Which wing may import which; nothing is allowed that does not stand here. A wing may always import itself. What a wing
# offers is all of its modules whose names begin with no underscore.
BASE = {"_types", "_version"}
PURE = BASE | {"_convert", "_framing", "_dialects", "_catalog"}
ENGINE = PURE | {"_runtime", "_credentials", "_transport", "_limits", "_engine"}
CLIENT = ENGINE | {"_combinators", "_client"}
TABLE: dict[str, set[str]] = {
    "_version": set(),
    "_lazy": set(),
    "_runtime": set(),
    "_types": {"_version"},
    "_convert": {"_types"},
    "_framing": {"_types", "_convert"},
    "_dialects": {"_types", "_convert", "_framing"},
    "_catalog": {"_types", "_dialects"},
    "_credentials": {"_types", "_catalog", "_runtime"},
    "_transport": {"_types", "_runtime"},
    "_limits": {"_types", "_runtime"},
    "_engine": ENGINE,
    "_combinators": ENGINE,
    "_client": CLIENT,
    # Rooms, which a user enters by name. They are built on public names; what they take from inside stands here.
    "exceptions": {"_types", "_lazy"},
    "types": {*CLIENT, "_lazy"},
    "providers": {"_types", "_dialects", "_catalog"},
    "transport": {"_types", "_transport"},
    "observe": {"_types", "_engine", "_lazy"},
    "otel": {"_types", "_version", "_runtime", "_engine", "_lazy"},
    "models": {"_types", "_limits", "_lazy", ""},
    "purse": {"_types", "_runtime", "_engine", "_lazy", "models", ""},
    "structured": {"_types", "_convert", "_dialects", "_engine", "_client", "_lazy", "exceptions"},
    "tools": {"_types", "_convert", "_dialects", "_engine", "_runtime", "_client", "_lazy"},
    "testing": {
        *("_types", "_convert", "_framing", "_dialects", "_catalog"),
        *("_transport", "_runtime", "_lazy", "_limits", "_client", "observe", ""),
    },
    "mcp": {"_types", "_version", "_engine", "_runtime", "_lazy", "tools"},
    "_cli": {*CLIENT, "testing", "models", "observe", "exceptions", ""},
    "__main__": {"_cli"},
    "": {
        *CLIENT,
        "_lazy",
        "exceptions",
        "mcp",
        "models",
        "observe",
        "otel",
        "providers",
        "purse",
        "structured",
        "tools",
        "transport",
        "types",
    },
}
# The only upward imports: a typed signature in a wing that imports a room when it is called. Importer and imported.
DOORS: dict[str, set[str]] = {
    "_types.costed": {"models.costs"},
    "_types.request_json": {"_dialects.schema"},  # a class as `response_format` is written down as its schema
    # Methods whose rooms are built on clients.
    "_client.doors": {
        "testing._leaks",  # what a strict client knows of its calls
        "structured._streams",
        *("tools._asking", "tools._events", "tools._loop", "tools._streams", "tools._tool"),
    },
    "_types.mapping": {"_convert.converter"},  # a record is read by the converter
}
# Dialects that take operations over from another's package, because they are defined as that one's: importer, imported.
VARIANTS: dict[str, set[str]] = {
    "bedrock": {"anthropic", "cohere", "openai"},  # a cloud, which hands their makers' replies on as they are
    "bridges": set(),
    "cohere": {"openai"},  # whose reranking is Cohere's own shape, as other vendors have taken it over
    "deepgram": {"openai"},  # whose speech, like OpenAI's, is the bare sound, and errors in one of OpenAI's shapes
    "elevenlabs": {"openai"},  # the same
    "jina": {"openai"},  # whose replies with vectors, and reranking, are in the same shape
    "sagemaker": {"openai", "tgi"},  # which hands on what its containers say
    "vertex": {"anthropic", "gemini", "openai"},  # a cloud, which hands their makers' replies on as they are
    "voyage": {"openai"},  # as Jina
    "watsonx": {"openai"},  # whose chats have its shape, under other names
    "workers_ai": {"openai"},  # whose chats it brings its own into the shape of
}
RUNTIMES = {"trio", "anyio", "asyncio", "sniffio"}
HTTP_CLIENTS = {"httpx", "httpx2"}
# `_limits` names Trio's own CapacityLimiter, which callers may share with a client.
LOOP_AWARE = {"_runtime", "_client.portal", "_limits.settings", "testing", "_cli", "__main__"}
# Data, one row a provider: long by nature.
TABLES = {"_catalog"}
MOST_LINES = 500
MOST_FUNCTION_LINES = 50


def name_of(path: Path) -> str:
    """`_wire.sse` for trio_llm/_wire/sse.py, the empty name for the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def wing_of(module: str) -> str:
    return module.split(".")[0]


@cache
def imported(module: str, source: str) -> list[str]:
    """Every module that a source text imports, absolutely named, whether at its top or inside a function.

    What only type checkers see counts as well: a name that a layer has to know is a name that it depends on.
    """
    package = ["trio_llm", *filter(None, module.split("."))]
    if module not in PACKAGES:
        package.pop()
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1], *filter(None, [node.module])] if node.level else []
            home = ".".join(base) if node.level else node.module or ""
            # `from . import _x` names the package itself on the way to `_x` only.
            found += {name if is_module(name := f"{home}.{alias.name}") else home for alias in node.names}
    return found


def is_module(name: str) -> bool:
    """Whether a whole name is that of a module of this package."""
    return name.startswith("trio_llm.") and name.removeprefix("trio_llm.") in EXISTING


EXISTING = {name_of(module) for module in MODULES}
PACKAGES = {name_of(module) for module in MODULES if module.name == "__init__.py"}


def own_modules(module: str, source: str) -> Iterator[str]:
    """The modules of this package among those."""
    for name in imported(module, source):
        other = name.removeprefix("trio_llm").removeprefix(".")
        if name.startswith("trio_llm") and other in EXISTING:
            yield other


@cache
def outside_packages(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(name_of(path), path.read_text())}


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text())))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length_without_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    docstring = function.body[0] if ast.get_docstring(function, clean=False) is not None else None
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    return lines - ((docstring.end_lineno or docstring.lineno) - docstring.lineno + 1 if docstring else 0)


def modules_that(fault: Callable[[Path], object]) -> list[str]:
    """The modules of the package that have a fault. One test for all: five hundred tests for a rule cost seconds."""
    return [name_of(path) for path in MODULES if fault(path)]


def forbidden(module: str, source: str) -> set[str]:
    """The modules of other wings that a source text imports and that the table does not allow it."""
    wing = wing_of(module)
    return {
        other
        for other in own_modules(module, source)
        if wing_of(other) != wing
        and (wing_of(other) not in TABLE[wing] or is_inside(other))
        and other not in DOORS.get(module, ())
    }


def is_inside(module: str) -> bool:
    """Whether it is no other wing's business."""
    return any(part.startswith("_") for part in module.split(".")[1:])


def test_a_module_imports_only_what_the_table_allows_its_wing() -> None:
    found = {name_of(path): forbidden(name_of(path), path.read_text()) for path in MODULES}

    assert {module: others for module, others in found.items() if others} == {}


PLANTED = [
    ("_types.request", "from .._engine import call", "_engine.call"),
    ("_types.chat.response", "from ..._convert.converter import read_record", "_convert.converter"),
    ("_convert.json", "import trio_llm._framing.sse_decoder", "_framing.sse_decoder"),
    ("_framing.ndjson", "from trio_llm._dialects import contract", "_dialects.contract"),
    ("_dialects.openai.chat", "from ..._catalog.provider import Provider", "_catalog.provider"),
    ("_catalog.hosts", "def f():\n    from .._credentials import sources", "_credentials.sources"),
    (
        "_limits.settings",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .._engine import engine",
        "_engine.engine",
    ),
    ("_transport.pool", "from .. import _limits", "_limits"),
    ("_engine.call", "from .._client.client import Client", "_client.client"),
    ("_combinators.jobs", "import trio_llm.testing", "testing"),
    ("_client.client", "from ..transport import Transport", "transport"),
    ("exceptions", "from . import Client", ""),
    ("_engine.retry", "from .. import Client", ""),
    ("_limits.line", "def f():\n    import trio_llm", ""),
    # Down, but into what another wing keeps for itself.
    ("_engine.routes", "from .._dialects.gemini import _wire", "_dialects.gemini._wire"),
    ("_cli.serve", "from ..testing._server import serve", "testing._server"),
]


@pytest.mark.parametrize(("module", "statement", "other"), PLANTED, ids=[f"{row[0]}-{row[2]}" for row in PLANTED])
def test_an_upward_import_is_noticed_wherever_it_stands(module: str, statement: str, other: str) -> None:
    parts = PACKAGE.joinpath(*module.split("."))
    source = (parts / "__init__.py" if module in PACKAGES else parts.with_suffix(".py")).read_text()

    assert forbidden(module, source) == set()
    assert other in forbidden(module, f"{source}\n{statement}\n")


def test_every_wing_stands_in_the_table_and_every_door_leads_somewhere() -> None:
    assert {wing_of(module) for module in EXISTING} == set(TABLE)
    for module, others in DOORS.items():
        (path,) = [path for path in MODULES if name_of(path) == module]
        assert others <= set(own_modules(module, path.read_text()))


def test_no_wing_is_above_a_wing_that_is_above_it() -> None:
    """The package itself apart: it has the names of its rooms, and rooms are built on public names."""
    below = {wing: allowed - {wing, ""} for wing, allowed in TABLE.items() if wing}
    while lowest := [wing for wing, allowed in below.items() if allowed.isdisjoint(below)]:
        for wing in lowest:
            del below[wing]

    assert below == {}


DIALECTS = {path.parent.name for path in (PACKAGE / "_dialects").glob("*/__init__.py")}


def dialect_of(module: str) -> str | None:
    """The dialect to which a module belongs; None for what several share, and for what is no dialect's at all."""
    parts = module.split(".")
    alone = len(parts) == 2 and parts[-1] in VARIANTS
    return parts[1] if parts[0] == "_dialects" and len(parts) > 1 and (parts[1] in DIALECTS or alone) else None


def test_no_dialect_imports_the_package_of_another() -> None:
    def does(path: Path) -> bool:
        own = dialect_of(name_of(path))
        others = {dialect_of(other) for other in own_modules(name_of(path), path.read_text())} - {None, own}
        # What several dialects share is nobody's package, and imports none.
        return wing_of(name_of(path)) == "_dialects" and not others <= VARIANTS.get(own or "", set())

    assert modules_that(does) == []


def test_everything_up_to_the_catalogue_does_no_input_or_output() -> None:
    outside = RUNTIMES | HTTP_CLIENTS | {"socket", "ssl", "threading", "subprocess"}

    assert modules_that(lambda path: wing_of(name_of(path)) in PURE and outside_packages(path) & outside) == []


def test_only_its_adapter_imports_httpx() -> None:
    allowed = {"_transport.httpx_adapter", "mcp._targets"}  # the latter for the package mcp, which speaks it

    assert modules_that(lambda path: name_of(path) not in allowed and outside_packages(path) & HTTP_CLIENTS) == []


def test_only_the_runtime_and_the_synchronous_twins_know_which_loop_runs() -> None:
    def knows(path: Path) -> bool:
        aware = not LOOP_AWARE.isdisjoint({name_of(path), wing_of(name_of(path))})
        return not aware and not outside_packages(path).isdisjoint(RUNTIMES)

    assert modules_that(knows) == []


def test_only_the_credentials_read_the_environment() -> None:
    reading = re.compile(r"\b(os\.environ|os\.getenv|getenv\(|from os import environ)")

    assert set(modules_that(lambda path: reading.search(path.read_text()))) <= {
        name_of(path) for path in MODULES if wing_of(name_of(path)) == "_credentials"
    }


def test_no_file_is_longer_than_can_be_read_in_one_sitting() -> None:
    def is_long(path: Path) -> bool:
        return wing_of(name_of(path)) not in TABLES and len(path.read_text().splitlines()) > MOST_LINES

    assert modules_that(is_long) == []


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{name_of(path)}.{function.name}"
        for path in MODULES
        for function in functions(path)
        if length_without_docstring(function) > MOST_FUNCTION_LINES
    ]

    assert long == []


# Classes that share a name, with the reason why one of them cannot have another.
NAMESAKES = {
    "Reply": "what comes over HTTP, to a transport; in a script of the simulator, the public name of what comes",
}


def test_a_name_of_a_class_stands_for_one_thing() -> None:
    homes: dict[str, list[str]] = {}
    for path in MODULES:
        for node in nodes(path):
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(name_of(path))

    assert {name for name, modules in homes.items() if len(modules) > 1} == set(NAMESAKES)


def test_no_global_is_written_after_import() -> None:
    def writes(path: Path) -> bool:
        return any(isinstance(node, ast.Global) for node in nodes(path))

    assert modules_that(writes) == []


@cache
def needed(module: str, source: str) -> set[str]:
    """The other modules without which this one says nothing: not the rooms to which it has doors."""
    rooms = {door for door in DOORS.get(module, ()) if not door.startswith("_")}
    # The package itself has the names of its rooms, and rooms are built on public names.
    return set(own_modules(module, source)) - rooms - {module, ""}


def in_circles(sources: Mapping[str, str]) -> set[str]:
    """The modules that import themselves through others, and those that need one of them."""
    waiting = {module: needed(module, source) for module, source in sources.items()}
    # From the bottom up, until only those are left that wait for each other.
    while lowest := [module for module, others in waiting.items() if others.isdisjoint(waiting)]:
        for module in lowest:
            del waiting[module]
    return set(waiting)


SOURCES = {name_of(path): path.read_text() for path in MODULES}


def test_no_modules_import_each_other_in_a_circle() -> None:
    """What only type checkers see counts, and what is imported inside a function."""
    assert in_circles(SOURCES) == set()


@pytest.mark.parametrize(
    ("module", "statement"),
    [
        ("_limits.buckets", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .line import Line"),
        ("_types.request", "def f():\n    from .chat import request"),
        ("_types.mapping", "from .chat.response import Message"),
        ("_convert.json", "from ._fields import x\nfrom .converter import load"),
        ("_transport.pool", "import trio_llm._transport.native"),
        ("mcp._naming", "from ._server import Server"),
        ("_transport", "from .native import NativeTransport"),
    ],
)
def test_a_circle_is_noticed_wherever_it_stands(module: str, statement: str) -> None:
    assert module in in_circles({**SOURCES, module: f"{SOURCES[module]}\n{statement}\n"})
