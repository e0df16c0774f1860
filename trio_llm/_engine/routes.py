"""Where requests go: row, model, address, credentials and account, worked out once for each combination."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

import attrs

from .._catalog.provider import Provider, Server, resolve
from .._credentials.destinations import Destination, destination, variables_that_matter
from .._dialects.contract import Dialect, Quirks
from .._limits.account import Account
from .._limits.settings import Limits
from .._types.request import CallOptions
from .._version import USER_AGENT

K = TypeVar("K")
T = TypeVar("T")

MOST_REMEMBERED: Final = 1_000
"""Routes kept: programs use a few models and keys, and one that makes them up should not grow for ever."""
_COMMON_HEADERS: Final = (("user-agent", USER_AGENT), ("accept", "*/*"))


@attrs.frozen
class Route:
    """One way to a provider's model."""

    provider: str
    model: str
    quirks: Quirks
    dialect: Dialect
    destination: Destination
    headers: tuple[tuple[str, str], ...] = attrs.field(repr=False)
    """What every request on it carries beside the dialect's own headers."""
    account: Account
    _targets: dict[str, str] = attrs.field(init=False, factory=dict, eq=False, repr=False)

    def target(self, path: str) -> str:
        """What stands in the request line for a path of the dialect's, which has a few."""
        found = self._targets.get(path)
        if found is None:
            # Some dialects write what was asked into the path.
            found = _remember(self._targets, path, self.destination.target(path, self.model))
        return found


class Routes:
    """The routes of one client. The environment is read for every call, the rest remembered."""

    def __init__(self, providers: Mapping[str, Provider], variables: Mapping[str, str], limits: Limits) -> None:
        self._providers = providers
        self._variables = variables
        self._limits = limits
        self._rows: dict[tuple[object, ...], tuple[Provider, str]] = {}
        self._routes: dict[tuple[object, ...], Route] = {}
        self._fixed: dict[tuple[object, ...], Route] = {}
        """Those in which the environment has no say, by what their calls say."""
        self.accounts: dict[tuple[str, str, int], Account] = {}

    def row(self, model: str, options: CallOptions) -> tuple[Provider, str]:
        """The row and the bare name of a model."""
        key = (model, options.custom_llm_provider, options.api_base)
        found = self._rows.get(key)
        if found is None:
            made = resolve(model, self._providers, provider=options.custom_llm_provider, api_base=options.api_base)
            found = _remember(self._rows, key, made)
        return found

    def find(self, model: str, options: CallOptions) -> Route | None:
        """The route of a call; None if the embedded model's server has to be asked for its address first.

        Raises:
            AuthenticationError: if there is no key that may be sent there.
        """
        key = (model, options.custom_llm_provider, options.api_base, options.api_key, options.api_version)
        found = self._fixed.get(key)
        if found is None:
            row, name = self.row(model, options)
            if row.server is Server.EMBEDDED and options.api_base is None:
                return None
            found = self.to_row(row, name, options)
            if not variables_that_matter(row, options):
                _remember(self._fixed, key, found)
        return found

    def to_row(self, row: Provider, model: str, options: CallOptions) -> Route:
        """The route to a row's model. Raises as `find` does."""
        names = variables_that_matter(row, options)
        values = tuple([self._variables.get(name) for name in names]) if names else ()
        key = (row.name, model, options.api_base, options.api_key, options.api_version, values)
        found = self._routes.get(key)
        return _remember(self._routes, key, self._make(row, model, options)) if found is None else found

    def _make(self, row: Provider, model: str, options: CallOptions) -> Route:
        to = destination(row, options, self._variables)
        account = self.accounts.get(to.account)
        if account is None:
            account = self.accounts[to.account] = Account(self._limits)
        return Route(row.name, model, row.quirks_of(model), row.dialect, to, (*_COMMON_HEADERS, *to.headers), account)


def _remember(known: dict[K, T], key: K, value: T) -> T:
    if len(known) >= MOST_REMEMBERED:
        known.clear()
    known[key] = value
    return value
