"""`trio-llm trace`: a trace as a page, a picture, or what Perfetto opens."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Final

from ..observe import Trace
from .errors import CommandError
from .files import open_new

_SUFFIXES: Final[Mapping[str, str]] = {"html": ".html", "svg": ".svg", "perfetto": ".perfetto.json"}


def run(arguments: Namespace) -> int:
    """Draw the trace, and say where."""
    try:
        trace = Trace.load(arguments.file)
        drawn = {form: _drawing(trace, form, arguments.file)() for form in arguments.formats or ["html", "svg"]}
    except OSError as error:
        raise CommandError(f"cannot read {arguments.file}: {error.strerror}") from error
    except ValueError as error:
        raise CommandError(str(error)) from error
    base = arguments.output or str(PurePath(arguments.file).with_suffix(""))
    for form, text in drawn.items():
        path = base + _SUFFIXES[form]
        with open_new(path, overwrite=arguments.overwrite) as file:
            file.write(text.encode())
        print(path, file=sys.stdout)
    return 0


def _drawing(trace: Trace, form: str, name: str) -> Callable[[], str]:
    ways: Mapping[str, Callable[[], str]] = {
        "html": lambda: trace.as_html(PurePath(name).name),
        "svg": trace.as_svg,
        "perfetto": trace.as_perfetto,
    }
    return ways[form]
