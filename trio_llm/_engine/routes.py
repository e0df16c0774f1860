"""Where requests go: row, model, operation, address, credential and account, worked out once for each combination.

A route is found in one way straight through: `resolve` finds the row of a model string, `Provider.service` reads what
the row says of the operation and the model, `destination` adds address and credential, and the account is that of the
credential's source. What was worked out is remembered by everything that it depends on; the environment is read for
every call.

An account lives as long as somebody holds it: a remembered route, a call, or, while it has something to remember
itself (calls in flight or in line, a pause, a rate that is used up), the list of the restless. When the remembered
routes are many they are all forgotten, and with them the accounts that are at rest: their next call begins a new one,
which is the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

import attrs

from .._catalog.provider import Provider, ServerKind, Service
from .._catalog.resolving import resolve
from .._credentials.destinations import Destination, destination, variables_that_matter
from .._dialects.contract import Dialect, Endpoint, StreamEndpoint
from .._dialects.quirks import CacheMarks, Quirks
from .._limits.account import Account
from .._limits.settings import Limits
from .._types.request import CallOptions
from .._version import USER_AGENT
from .operation import Operation

if TYPE_CHECKING:
    from .._credentials.held import Credential, HeldSecret
    from .._credentials.sources import AskingFunction
    from .._limits.statistics import AccountStatistics

MOST_REMEMBERED: Final = 1_000
"""Routes kept: programs use a few models and keys, and one that makes them up should not grow for ever."""
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_COMMON_HEADERS: Final = (("user-agent", USER_AGENT), ("accept", "*/*"))
AccountKey = tuple[Any, ...]


@attrs.frozen
class Route:
    """One way to one operation of a provider's model."""

    provider: str
    model: str
    lane: str
    """What the provider counts the model's limits by, within the account."""
    quirks: Quirks
    dialect: Dialect
    endpoint: Endpoint[Any, Any] | None
    stream_endpoint: StreamEndpoint[Any, Any] | None
    destination: Destination
    headers: tuple[tuple[str, str], ...] = attrs.field(repr=False)
    """What every request on it carries beside the dialect's own headers."""
    account: Account
    credential: Credential | None = None
    """What signs its attempts, where the headers do not carry the key already."""
    owns: Callable[[str], bool] = attrs.field(default=lambda _: False, eq=False, repr=False)
    """Whether a host is the provider's."""
    _targets: dict[str, str] = attrs.field(init=False, factory=dict, eq=False, repr=False)

    def target(self, path: str) -> str:
        """What stands in the request line for a path of the dialect's, which has a few."""
        found = self._targets.get(path)
        if found is None:
            found = self.destination.target(path, self.model)
            if len(self._targets) >= MOST_REMEMBERED:  # some dialects write what was asked into the path
                self._targets.clear()
            self._targets[path] = found
        return found


class Routes:
    """The routes of one client."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        variables: Mapping[str, str],
        limits: Limits,
        post_form: AskingFunction,
    ) -> None:
        self._providers = providers
        self._variables = variables
        self._limits = limits
        self._post_form = post_form
        self._rows: dict[tuple[object, ...], tuple[Provider, str]] = {}
        self._planned: dict[tuple[object, ...], tuple[Service, tuple[str, ...]]] = {}
        """Services, and the variables of the environment that matter to them, by what calls say."""
        self._routes: dict[tuple[object, ...], Route] = {}
        self._fixed: dict[tuple[object, ...], Route] = {}
        """Those in which the environment has no say, by what their calls say."""
        self._accounts: WeakValueDictionary[AccountKey, Account] = WeakValueDictionary()
        self._restless: list[Account] = []
        """Accounts that still held somebody, or held somebody back, when routes were forgotten. It keeps them alive."""
        self._secrets: WeakValueDictionary[AccountKey, HeldSecret] = WeakValueDictionary()

    def row(self, model: str, options: CallOptions) -> tuple[Provider, str]:
        """The row and the bare name of a model."""
        key = (model, options.custom_llm_provider, options.api_base)
        found = self._rows.get(key)
        if found is None:
            found = resolve(model, self._providers, provider=options.custom_llm_provider, api_base=options.api_base)
            self._forget_if_many()
            self._rows[key] = found
        return found

    def find(self, operation: Operation, model: str, options: CallOptions) -> Route | None:
        """The route of a call; None if the embedded model's server has to be asked for its address first.

        Raises:
            AuthenticationError: if there is no key that may be sent there.
        """
        key = (
            operation.field,
            model,
            options.custom_llm_provider,
            options.api_base,
            options.api_key,
            options.api_version,
            options.settings,
        )
        found = self._fixed.get(key)
        return self._find_by_environment(key, operation, model, options) if found is None else found

    def _find_by_environment(
        self, key: tuple[object, ...], operation: Operation, model: str, options: CallOptions
    ) -> Route | None:
        """The route of a call in which the environment has a say: its variables are read anew for every call."""
        planned = self._planned.get(key)
        if planned is None:
            service = self._service(operation, model, options)
            self._forget_if_many()
            planned = self._planned[key] = (service, variables_that_matter(service, options))
        service, names = planned
        if service.row.server is ServerKind.EMBEDDED and options.api_base is None:
            return None
        key_and_values = (key, tuple([self._variables.get(name) for name in names]))
        found = self._routes.get(key_and_values)
        if found is None:
            self._forget_if_many()
            found = self._routes[key_and_values] = self._make(operation, service, options)
            if not names:
                self._fixed[key] = found
        return found

    def at(self, api_base: str, operation: Operation, model: str, options: CallOptions) -> Route:
        """The route to the embedded model's server, which is at `api_base`. Raises as `find` does."""
        found = self.find(operation, model, attrs.evolve(options, api_base=api_base))
        assert found is not None
        return found

    def _service(self, operation: Operation, model: str, options: CallOptions) -> Service:
        row, name = self.row(model, options)
        found = row.service(operation.field, name)
        if operation.bridge is not None and getattr(found.dialect, operation.field) is None:
            found = row.service(operation.bridge.field, name)
        return found

    def _make(self, operation: Operation, service: Service, options: CallOptions) -> Route:
        to = destination(service, options, self._variables)
        account = self._accounts.get(to.account)
        if account is None:
            account = self._accounts[to.account] = Account(self._limits, free=_is_own(service.row, to.origin.host))
        dialect = service.dialect
        return Route(
            provider=service.row.name,
            model=service.model,
            lane=service.lane,
            quirks=_quirks_at(service, to.origin.host),
            dialect=dialect,
            endpoint=operation.endpoint(dialect),
            stream_endpoint=operation.stream_endpoint(dialect),
            destination=to,
            headers=(*_COMMON_HEADERS, *to.headers),
            account=account,
            credential=self._credential(to),
            owns=service.row.owns,
        )

    def _credential(self, to: Destination) -> Credential | None:
        chosen = to.chosen
        if chosen.source is None:
            return None
        from .._credentials.held import Credential, HeldSecret

        held = self._secrets.get(to.account)
        if held is None:
            held = self._secrets[to.account] = HeldSecret(chosen.source, self._post_form)
        return Credential(held, chosen.auth, chosen.region)

    def _forget_if_many(self) -> None:
        remembered: tuple[dict[tuple[object, ...], Any], ...] = (self._rows, self._planned, self._routes, self._fixed)
        if max(map(len, remembered)) >= MOST_REMEMBERED:
            self._restless = [account for account in self._accounts.values() if not account.is_at_rest()]
            for known in remembered:
                known.clear()

    def statistics(self) -> dict[str, AccountStatistics]:
        """Slots of every account, by provider and base URL. Accounts that differ by key only are numbered."""
        found: dict[str, AccountStatistics] = {}
        seen: Counter[str] = Counter()
        for (provider, base_url, _), account in self._accounts.items():
            name = f"{provider} {base_url}"
            seen[name] += 1
            found[name if seen[name] == 1 else f"{name} #{seen[name]}"] = account.statistics()
        return found


def _quirks_at(service: Service, host: str) -> Quirks:
    """The row's quirks; but servers of others that speak the vendor's format may know more fields than the vendor.

    What the vendor does beside answering, they are not taken to do.
    """
    quirks = service.quirks
    if not (quirks.closed_schema or quirks.tool_search) or service.row.owns(host):
        return quirks
    quirks = attrs.evolve(quirks, tool_search=frozenset())
    if not quirks.closed_schema:
        return quirks
    marks = CacheMarks.CACHE_CONTROL if quirks.cache_marks is CacheMarks.NONE else quirks.cache_marks
    return attrs.evolve(quirks, closed_schema=False, cache_marks=marks)


def _is_own(row: Provider, host: str) -> bool:
    """Whether the caller's own machines answer: they have no limits that would have to be felt for."""
    return row.server is not ServerKind.REMOTE or host in _LOOPBACK
