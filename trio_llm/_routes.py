"""Where requests go: row, model, address, credentials and account, worked out once for each combination."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs

from ._account import Account
from ._auth import Destination, destination
from ._dialect import Dialect, Quirks
from ._limits import Limits
from ._provider import Provider, resolve
from ._types._request import CallOptions
from ._version import USER_AGENT

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


class Routes:
    """The routes of one client. The environment is read for every call, the rest remembered."""

    def __init__(self, providers: Mapping[str, Provider], variables: Mapping[str, str], limits: Limits) -> None:
        self._providers = providers
        self._variables = variables
        self._limits = limits
        self._routes: dict[tuple[object, ...], Route] = {}
        self.accounts: dict[tuple[str, str, int], Account] = {}

    def row(self, model: str, options: CallOptions) -> tuple[Provider, str]:
        """The row and the bare name of a model."""
        return resolve(model, self._providers, provider=options.custom_llm_provider, api_base=options.api_base)

    def find(self, row: Provider, model: str, options: CallOptions) -> Route:
        """The route of a call.

        Raises:
            AuthenticationError: if there is no key that may be sent there.
        """
        get = self._variables.get
        named = row.key_variables + row.token_variables if options.api_key is None else ()
        key = (
            row.name,
            model,
            options.api_base,
            options.api_key,
            options.api_version,
            *[get(name) for name in named + row.address_variables],
        )
        found = self._routes.get(key)
        if found is None:
            if len(self._routes) >= MOST_REMEMBERED:
                self._routes.clear()
            found = self._routes[key] = self._make(row, model, options)
        return found

    def _make(self, row: Provider, model: str, options: CallOptions) -> Route:
        to = destination(row, options, self._variables)
        account = self.accounts.get(to.account)
        if account is None:
            account = self.accounts[to.account] = Account(self._limits)
        return Route(row.name, model, row.quirks_of(model), row.dialect, to, (*_COMMON_HEADERS, *to.headers), account)
