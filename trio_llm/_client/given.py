"""What a client is made with: taken as it is meant, or refused by name before anything is opened.

None is as good as not given, for every option.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._catalog import CATALOG, catalog_with
from .._catalog.provider import Provider
from .._credentials.variables import WithMadeUpKeys, environment


def check_kinds(*given: tuple[object, type[Any]]) -> None:
    """Raises `TypeError` for what is not of its class."""
    for value, kind in given:
        if value is not None and not isinstance(value, kind):
            raise TypeError(f"expected trio_llm.{kind.__name__}(...), not {value!r:.60}")


def check_transport(transport: object, http_client: object) -> None:
    """Raises `TypeError` for what moves no bytes, and where two are given."""
    if transport is None:
        return
    if http_client is not None:
        raise TypeError("give a client http_client or transport, not both: a transport takes its place")
    if isinstance(transport, type):
        raise TypeError(f"transport must be an object: give {transport.__name__}(...), not the class")
    if not (hasattr(transport, "send") and hasattr(transport, "aclose")):
        raise TypeError(f"transport must have send and aclose, which {type(transport).__name__} has not")


def rows_of(providers: Mapping[str, Provider] | Iterable[Provider] | None) -> Mapping[str, Provider]:
    """The catalogue of a client.

    Raises:
        TypeError: for what is no row, or no list of them.
    """
    if isinstance(providers, Mapping):
        for name, row in providers.items():
            if not isinstance(row, Provider):
                raise TypeError(f"providers: {name!r} must be a Provider row, not {type(row).__name__}")
        return providers
    if isinstance(providers, Provider):
        raise TypeError(f"providers must be a list of rows, as [{providers.name}], or a mapping of them, not one row")
    own = all_of("providers", providers)
    return catalog_with(*own) if own else CATALOG


def variables_of(variables: Mapping[str, str] | None, transport: object) -> Mapping[str, str]:
    """What a client takes for its environment.

    Raises:
        TypeError: for what is no mapping of texts; values are not shown, for keys are among them.
    """
    given: Any = variables
    if given is None:
        made_up = getattr(transport, "needs_no_key", False)
        return WithMadeUpKeys(environment(), CATALOG.values()) if made_up else environment()
    if not isinstance(given, Mapping):
        raise TypeError(f"variables must be a mapping of names to text, not {type(given).__name__}")
    for name, value in given.items():
        if not isinstance(name, str) or not isinstance(value, str | None):
            raise TypeError(f"variables: name and value of {name!r} must be text, not {type(value).__name__}")
    return given


def all_of(name: str, given: object) -> tuple[Any, ...]:
    """What is in a list of several.

    Raises:
        TypeError: for what is no list.
    """
    if given is None:
        return ()
    if not isinstance(given, Iterable) or isinstance(given, str | bytes):
        raise TypeError(f"{name} must be a list, not {type(given).__name__}")
    return tuple(given)
