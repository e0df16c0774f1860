"""What the environment says. The only reader of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from .._catalog.addresses import template_variables
from .._catalog.provider import Provider, needed_variables

_MADE_UP: Final = "simulated"


def environment() -> Mapping[str, str]:
    """The process's environment, read at each call."""
    return os.environ


def first_set(names: Iterable[str], variables: Mapping[str, str]) -> str | None:
    """The value of the first variable that is set; an empty one counts as not set."""
    return next((variables[name] for name in names if variables.get(name)), None)


def missing_parts(template: str, variables: Mapping[str, str]) -> list[str]:
    """The variables that a template needs and that are not set; of alternatives, the first of the environment's."""
    missing = [names for names in template_variables(template) if not first_set(names, variables)]
    return list(dict.fromkeys(next((name for name in names if name.isupper()), names[0]) for names in missing))


def filled(template: str, variables: Mapping[str, str]) -> str:
    """A template with the values of its variables; places without one are empty."""
    if "{" not in template:
        return template
    return re.sub(r"\{([^}]*)\}", lambda found: _part(found[1].split("|"), variables), template)


def _part(names: list[str], variables: Mapping[str, str]) -> str:
    usual = names.pop()[1:] if names[-1].startswith("=") else ""
    # Hosts are often kept with their scheme: DATABRICKS_HOST and WATSONX_URL are, in their vendors' own documents.
    return (first_set(names, variables) or usual).removeprefix("https://").strip("/")


def proxies_wanted(variables: Mapping[str, str]) -> bool:
    """Whether the environment asks for a proxy."""
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    return any(variables.get(name) or variables.get(name.lower()) for name in names)


class WithMadeUpKeys(Mapping[str, str]):
    """Variables in which a key that nobody has set is made up: for providers that are simulated."""

    def __init__(self, held: Mapping[str, str], rows: Iterable[Provider]) -> None:
        """`held` is what is really set, and goes before."""
        unset = (row for row in rows if first_set(row.key_variables + row.token_variables, held) is None)
        self._held = held
        self._made_up = {name: _MADE_UP for row in unset for name in needed_variables(row)}

    def __getitem__(self, name: str) -> str:
        made_up = self._made_up.get(name)
        return self._held[name] if made_up is None else self._held.get(name) or made_up

    def __iter__(self) -> Iterator[str]:
        return iter({**self._made_up, **self._held})

    def __len__(self) -> int:
        return len({**self._made_up, **self._held})
