"""`trio-llm models`: the providers of the catalogue, and what is known of their models.

Facts about models come from the extra `models`. Where it is not installed, the providers are listed all the same.
"""

from __future__ import annotations

import json
import re
from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence

from .._catalog import CATALOG
from .._catalog.provider import Provider, ServerKind, dialect_name
from .._credentials.variables import environment
from .errors import CommandError
from .table import GAP, aligned
from .terminal import BOLD, Screen, standard_screen

_MODEL_TITLES = ("model", "context", "answer", "$/M in", "$/M out")
_LONGEST_URL = 64
_TITLES = ("provider", "format", "base URL", "key", "documentation")


def run(arguments: Namespace) -> int:
    """Print the providers or models that contain the filter's text; 1 if there are none."""
    if arguments.provider is not None:
        if arguments.provider not in CATALOG:
            raise CommandError(f"no such provider: {arguments.provider}; `trio-llm models` lists them")
        return _show_models(_models_of(CATALOG[arguments.provider], arguments.filter), arguments, standard_screen())
    wanted = arguments.filter.lower()
    rows = [row for row in CATALOG.values() if wanted in " ".join(_cells(row, {})).lower()]
    variables, screen = environment(), standard_screen()
    if arguments.json and rows:
        screen.write(json.dumps([_record(row, variables) for row in rows], indent=2) + "\n")
        return 0
    if rows:
        _write_table(screen, _TITLES, [_cells(row, variables) for row in rows])
    try:
        models = [name for row in CATALOG.values() for name in _models_of(row, wanted)] if wanted else []
    except CommandError:  # the extra is not installed, and nobody asked for it by name
        return 0 if rows else 1
    if rows and models:
        screen.write("\n")
    if not wanted:
        screen.write("\n`trio-llm models PROVIDER` lists the models of one.\n")
        return 0
    return 0 if rows and not models else _show_models(models, arguments, screen)


def _models_of(row: Provider, wanted: str) -> list[str]:
    from ..models.facts import list_models

    try:
        known = list_models(row.name)
    except ModuleNotFoundError as error:
        raise CommandError(str(error)) from error
    return [name for name in known or [f"{row.name}/{model}" for model in row.models] if wanted.lower() in name.lower()]


def _show_models(names: list[str], arguments: Namespace, screen: Screen) -> int:
    facts = [_model_record(name) for name in names]
    if arguments.json:
        screen.write(json.dumps(facts, indent=2) + "\n")
    elif facts:
        _write_table(screen, _MODEL_TITLES, [[_shown(value) for value in record.values()] for record in facts])
    return 0 if facts else 1


def _model_record(name: str) -> dict[str, str | float | None]:
    from ..models.facts import UnknownModelError, get_model_info

    try:
        info = get_model_info(name)
    except UnknownModelError:
        return {"model": name, "context": None, "answer": None, "input_price": None, "output_price": None}
    prices = (info.input_cost_per_token, info.output_cost_per_token)
    per_million = [None if price is None else round(price * 1e6, 6) for price in prices]
    return {
        "model": name,
        "context": info.max_input_tokens,
        "answer": info.max_output_tokens,
        "input_price": per_million[0],
        "output_price": per_million[1],
    }


def _shown(value: str | float | None) -> str:
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _write_table(screen: Screen, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    title, *lines = [GAP.join(row) for row in aligned([titles, *rows])]
    screen.write("\n".join([screen.style(title, BOLD), *lines]) + "\n")


def _cells(row: Provider, variables: Mapping[str, str]) -> list[str]:
    return [row.name, _format(row), _short(row.base_url), _key(row, variables), row.documentation]


def _short(base_url: str) -> str:
    """An address for a table: one variable for each place, and no more of it than leaves room for the rest."""
    shown = re.sub(r"\{([^}]*)\}", lambda place: f"{{{_told_variable(place[1].split('|'))}}}", base_url)
    return shown if len(shown) <= _LONGEST_URL else f"{shown[: _LONGEST_URL - 1]}…"


def _told_variable(alternatives: list[str]) -> str:
    """The first that the environment can have. Lower case is an argument of a call."""
    return next((name for name in alternatives if name.isupper()), alternatives[0])


def _format(row: Provider) -> str:
    return dialect_name(row.wire)


def _key(row: Provider, variables: Mapping[str, str]) -> str:
    if not row.key_variables:
        return "none needed"
    held = _variable_in_use(row, variables)
    if held is not None:
        return f"{held} (set)"
    return row.key_variables[0] + ("" if row.server is ServerKind.REMOTE else " (optional)")


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
        "key_needed": row.server is ServerKind.REMOTE,
        "documentation": row.documentation,
    }
