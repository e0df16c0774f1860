"""`trio-llm models`: the catalogue."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping

from .._catalog import CATALOG
from .._catalog.provider import Provider, Server, dialect_name
from .._credentials.variables import environment
from .table import GAP, aligned
from .terminal import BOLD, standard_screen

_TITLES = ("provider", "format", "base URL", "key", "documentation")


def run(arguments: Namespace) -> int:
    """Print the rows that contain the filter's text; 1 if there are none."""
    wanted = arguments.filter.lower()
    rows = [row for row in CATALOG.values() if wanted in " ".join(_cells(row, {})).lower()]
    variables, screen = environment(), standard_screen()
    if arguments.json:
        screen.write(json.dumps([_record(row, variables) for row in rows], indent=2) + "\n")
    elif rows:
        title, *lines = [GAP.join(row) for row in aligned([_TITLES, *(_cells(row, variables) for row in rows)])]
        screen.write("\n".join([screen.style(title, BOLD), *lines]) + "\n")
    return 0 if rows else 1


def _cells(row: Provider, variables: Mapping[str, str]) -> list[str]:
    return [row.name, _format(row), row.base_url, _key(row, variables), row.documentation]


def _format(row: Provider) -> str:
    return dialect_name(row.wire)


def _key(row: Provider, variables: Mapping[str, str]) -> str:
    if not row.key_variables:
        return "none needed"
    held = _variable_in_use(row, variables)
    if held is not None:
        return f"{held} (set)"
    return row.key_variables[0] + ("" if row.server is Server.REMOTE else " (optional)")


def _variable_in_use(row: Provider, variables: Mapping[str, str]) -> str | None:
    return next((name for name in row.key_variables if variables.get(name)), None)


def _record(row: Provider, variables: Mapping[str, str]) -> dict[str, object]:
    return {
        "provider": row.name,
        "format": _format(row),
        "base_url": row.base_url,
        "base_url_variables": row.base_url_variables,
        "key_variables": row.key_variables,
        "key_set": _variable_in_use(row, variables) is not None,
        "key_needed": row.server is Server.REMOTE,
        "documentation": row.documentation,
    }
