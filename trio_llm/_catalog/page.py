"""The catalogue as a page of the documentation: `python -m trio_llm._catalog.page > docs/providers.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Final

import attrs

from .._dialects.contract import Dialect
from .._dialects.quirks import Answers
from . import CATALOG
from .absent import ABSENT
from .provider import OPERATIONS, Provider, ServerKind, dialect_name, needed_variables

_INTRODUCTION = """# Providers

Written by `python -m trio_llm._catalog.page > docs/providers.md`; a test keeps it in step with the catalogue.

Write a model as `prefix/name`: `groq/llama-3.3-70b-versatile`. A key is taken from the first variable that is set, and
sent to the provider's own hosts only. Every base URL can be replaced, by `api_base` or by a variable: unless the table
says otherwise, the prefix in capitals with `_BASE_URL` or `_API_BASE`. `{NAME}` in a base URL stands for an environment
variable, `{NAME|OTHER}` for the first of several that is set.

Any other OpenAI-compatible host works without a row: `custom_openai/name` with `api_base`. A row of your own goes to
`Client(providers=[...])` or `register_provider(...)`; [contributing](contributing.md) shows one.

| prefix | also | base URL | key | wire | documentation |
|---|---|---|---|---|---|
"""


_OPERATIONS_INTRODUCTION = """
## Provider by operation

In which wire format an operation is sent to a provider; an empty cell is one that its wire format does not have. With
"over" it is translated into a chat, and its answer back.
Whether a vendor offers what can be sent is the vendor's to say. Families of models that depart from their row stand
below it.

"""
_ANSWERS_INTRODUCTION = """
## Answers by a schema

A `response_format` with a schema is given to the provider, as a schema or as a tool that it has to call, except for
these. They are told in words. What any of them answers to a type is checked here.

| prefix | what is done |
|---|---|
"""
_SEARCH_INTRODUCTION = """
## Tools found by search

Deferred tools of a [run](tools.md#guiding-a-run) are looked for by the provider itself where these models are asked so;
elsewhere by a tool of this package.

| prefix | models | by |
|---|---|---|
"""
_ABSENT_INTRODUCTION = """
## Prefixes of LiteLLM without a row

| prefix | why, and what to write instead |
|---|---|
"""

_BRIDGED: Final = ("responses", "messages")
"""Operations that chats answer where a wire does not have them."""


def markdown(rows: Iterable[Provider]) -> str:
    """The page, one line a row."""
    rows = list(rows)
    lines = (f"| {' | '.join(_cells(row))} |\n" for row in rows)
    absent = (f"| `{name}` | {reason} |\n" for name, reason in sorted(ABSENT.items()) if name not in CATALOG)
    told = (
        f"| `{row.name}` | {answers.value} |\n" for row in rows if (answers := row.quirks.answers) != Answers.SCHEMA
    )
    found = (
        f"| `{row.name}` | `{_shown(pattern)}` | {', '.join(sorted(departure.tool_search))} |\n"
        for row in rows
        for pattern, departure in row.families
        if departure.tool_search
    )
    page = [_INTRODUCTION, *lines, *_by_operation(rows), _ANSWERS_INTRODUCTION, *told]
    page += [_SEARCH_INTRODUCTION, *found, _ABSENT_INTRODUCTION, *absent]
    return "".join(page)


def _by_operation(rows: Iterable[Provider]) -> Iterator[str]:
    """The second table: what each row, and each of its families with a dialect of its own, has."""
    operations = [field.name for field in attrs.fields(Dialect) if field.name in OPERATIONS]
    yield _OPERATIONS_INTRODUCTION
    yield f"| prefix | {' | '.join(name.replace('_', ' ') for name in operations)} |\n"
    yield "|---" * (len(operations) + 1) + "|\n"
    for row in rows:
        yield _operation_line(f"`{row.name}`", row, operations)
        for pattern, departure in row.families:
            if departure.dialects:
                shown = f"`{row.name}`, `{_shown(pattern)}`"
                yield _operation_line(
                    shown, attrs.evolve(row, dialects={**row.dialects, **departure.dialects}), operations
                )


def _shown(pattern: str) -> str:
    return pattern.replace("|", "\\|")


def _operation_line(name: str, row: Provider, operations: Iterable[str]) -> str:
    cells = [_dialect_of(row, operation) for operation in operations]
    return f"| {name} | {' | '.join(cells)} |\n"


def _dialect_of(row: Provider, operation: str) -> str:
    dialect = row.service(operation).dialect
    if getattr(dialect, operation) is not None:
        return dialect.name
    chat = row.service("chat").dialect
    return f"over {chat.name}" if operation in _BRIDGED and chat.chat is not None else ""


def _cells(row: Provider) -> list[str]:
    return [
        f"`{row.name}`",
        _codes(row.aliases),
        _address(row),
        _key(row),
        dialect_name(row.wire),
        f"[page]({row.documentation})",
    ]


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _address(row: Provider) -> str:
    if row.server is ServerKind.EMBEDDED:
        return "in this process"
    address = f"`{row.base_url}`".replace("|", "\\|") if row.base_url else ""
    usual = Provider(name=row.name, base_url="", documentation=row.documentation).base_url_variables
    named = "" if row.base_url_variables == usual else _codes(row.base_url_variables)
    return " or ".join(filter(None, (address, named)))


def _key(row: Provider) -> str:
    keys = filter(str.isupper, row.key_variables + row.token_variables)
    names = _codes(keys) or " and ".join(f"`{name}`" for name in needed_variables(row)) or "none"
    return names if row.server is ServerKind.REMOTE or names == "none" else f"{names} (if any)"


if __name__ == "__main__":
    sys.stdout.write(markdown(CATALOG.values()))
