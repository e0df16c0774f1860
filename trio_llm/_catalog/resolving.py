"""How a model string finds its row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from .._types.errors import BadRequestError
from .._types.http import Origin, split_url
from .absent import ABSENT
from .provider import Provider

_UNKNOWN_HOST: Final = "custom_openai"
_HALF: Final = re.compile("[\ud800-\udfff]")


class Catalog(Mapping[str, Provider]):
    """Rows by name, in order. Aliases are found too, but neither counted nor listed.

    Example:
        print(len(catalog_with()), "mistral" in catalog_with())
    """

    def __init__(self, rows: Iterable[Provider]) -> None:
        """A row takes the place of an earlier one of the same name; a name goes before an alias.

        Raises:
            TypeError: for what is no row.
        """
        self._rows = {_checked(row).name: row for row in rows}
        self._rows = {name: self._rows[name] for name in sorted(self._rows)}
        self._found = {alias: row for row in self._rows.values() for alias in row.aliases} | self._rows

    def __getitem__(self, name: str) -> Provider:
        return self._found[name]

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def by_every_name(self) -> dict[str, Provider]:
        """A dictionary of one's own of names and aliases."""
        return dict(self._found)


def _checked(row: object) -> Provider:
    if not isinstance(row, Provider):
        raise TypeError(f"a catalogue is made of Provider rows, not {row!r}")
    return row


def resolve(
    model: str, rows: Mapping[str, Provider], *, provider: str | None = None, api_base: str | None = None
) -> tuple[Provider, str]:
    """The row of a model string and the name by which its provider knows the model.

    `provider` names the row where the string does not. With `api_base`, a name that has no row belongs to the row
    whose host that is, or is taken for a model behind an OpenAI-compatible host that no row knows. An empty string is
    a request that names no model; its row has to be named by `provider`.

    Raises:
        BadRequestError: if no row fits; the message names the nearest.
    """
    if not isinstance(model, str):  # nothing checks the types of a program that runs
        raise BadRequestError(f"model must be text like 'openai/gpt-4o', not {type(model).__name__}")
    if _HALF.search(model):  # it may stand in an address, which can hold no such thing
        raise BadRequestError(f"model has half a character: {model!a:.60}")
    row, name = _find(model, rows, provider, api_base)
    if row.models and name not in row.models:
        known = " or ".join(repr(f"{row.name}/{one}") for one in row.models)
        raise BadRequestError(f"{row.name} has no model {name!r}: write {known}", llm_provider=row.name, model=model)
    return row, f"{row.model_home}{name}" if row.model_home and name and "/" not in name else name


def _find(model: str, rows: Mapping[str, Provider], provider: str | None, api_base: str | None) -> tuple[Provider, str]:
    prefix, slash, rest = model.partition("/")
    if provider is not None:
        if provider not in rows:
            raise BadRequestError(_unknown_provider(provider, rows), model=model)
        row = rows[provider]
        return row, rest if slash and prefix in (provider, row.name) else model
    if slash and prefix in rows:
        return rows[prefix], rest
    if not model and api_base is None:
        raise BadRequestError("the request names no model: say by custom_llm_provider whom to ask")
    if (maker := _maker(model, rows)) is not None:
        return maker, model
    if api_base is not None:
        return _row_at(api_base, rows, model), model
    raise BadRequestError(_unknown_provider(prefix, rows) if slash else _unknown_model(model, rows), model=model)


def _maker(model: str, rows: Mapping[str, Provider]) -> Provider | None:
    """The row whose models are named so, prefix or not."""
    return next((row for row in rows.values() if row.bare_names and re.match(row.bare_names, model)), None)


def _row_at(api_base: str, rows: Mapping[str, Provider], model: str) -> Provider:
    host = _origin(api_base).host
    # The first condition is there because it is fast, and nearly always false.
    found = next((row for row in rows.values() if host in row.base_url and row.owns(host)), None)
    if found is None and _UNKNOWN_HOST not in rows:
        raise BadRequestError(_unknown_model(model, rows), model=model)
    return found or rows[_UNKNOWN_HOST]


def _origin(url: str) -> Origin:
    try:
        return split_url(url)[0]
    except ValueError as error:
        raise BadRequestError(str(error)) from None


def _unknown_provider(name: str, rows: Mapping[str, Provider]) -> str:
    if name in ABSENT:
        return f"{name} has no row here: {ABSENT[name]}"
    nearest = _nearest(name.strip().lower(), rows)
    hint = f"did you mean {nearest!r}? " if nearest else ""
    return f"unknown provider {name!r}: {hint}{_how_to_write(rows)}"


def _unknown_model(model: str, rows: Mapping[str, Provider]) -> str:
    if (row := _namesake(model, rows)) is not None:
        return f"unknown provider: write {f'{row.name}/{model}'!r} for {row.name}'s model ({_how_to_write(rows)})"
    nearest = _nearest(model, rows, likeness=0.8)  # models are seldom called as providers are
    hint = f"did you mean {nearest!r}? " if nearest else ""
    return f"unknown provider for the model {model!r}: {hint}{_how_to_write(rows)}"


def _namesake(model: str, rows: Mapping[str, Provider]) -> Provider | None:
    """The row whose name is the beginning of the model's, as in `mistral-large-latest`."""
    word = re.match(r"[a-z]+", model.lower())
    return rows.get(word[0]) if word else None


def _nearest(name: str, rows: Mapping[str, Provider], likeness: float = 0.6) -> str | None:
    from difflib import get_close_matches  # only on the way to an error

    return next(iter(get_close_matches(name, rows, n=1, cutoff=likeness)), None)


def _how_to_write(rows: Mapping[str, Provider]) -> str:
    few = f"; the rows given are {', '.join(sorted(rows))}" if len(rows) < 10 else ""
    return f"write the model as 'provider/name', or give api_base for a host of your own{few}"
