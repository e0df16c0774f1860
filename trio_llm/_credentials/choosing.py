"""Which credential a call carries: the caller's, else the environment's, else what one of the row's sources gives.

Nothing is asked here. What asks, and what signs, is imported when a call needs it: most carry a text in a header.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING

import attrs

from .._catalog.auth import Auth, AuthScheme, HeaderKey, QueryKey, SigV4, TokenExchange
from .._catalog.provider import Provider, ServerKind, Service
from .._types.errors import AuthenticationError
from .._types.http import Origin
from .._types.request import CallOptions
from .._types.tokens import TokenSource
from .variables import filled

if TYPE_CHECKING:
    from .sources import Source

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@attrs.frozen
class Chosen:
    """The credential of a call: a text in headers, or a source that each attempt asks, or none."""

    account: Hashable = attrs.field(repr=False)
    """What tells its account from others: the source, never what it gives."""
    headers: tuple[tuple[str, str], ...] = attrs.field(default=(), repr=False)
    """The credential itself, where it is a text in a header: the same for every attempt."""
    source: Source | None = attrs.field(default=None, repr=False)
    auth: Auth = AuthScheme.BEARER
    """Where goes what the source gives."""
    region: str = ""
    """Of a signature."""


def choose_credential(
    service: Service, options: CallOptions, variables: Mapping[str, str], origin: Origin, *, may_have: bool
) -> Chosen:
    """The credential of a call to an origin; `may_have` says whether one that is not the caller's may go there.

    Raises:
        AuthenticationError: if a key is needed and there is none that may go there.
    """
    row, settings = service.row, dict(options.settings or ())
    if options.api_key is not None:
        return _given(service, options.api_key, variables)
    if (name := next((name for name in row.token_variables if settings.get(name)), None)) is not None:
        return _text(service, row.token_auth, settings[name], hash(settings[name]))
    if settings and (found := _from_sources(row, variables, settings)) is not None:
        return found
    if not may_have:
        return _without_environment(row, variables, origin)
    for names, auth in ((row.key_variables, service.auth), (row.token_variables, row.token_auth)):
        if (name := next((name for name in names if variables.get(name)), None)) is not None:
            return _text(service, auth, variables[name], name)
    if (found := _from_sources(row, variables, None)) is not None:
        return found
    if row.server is ServerKind.REMOTE and origin.host not in LOOPBACK:
        raise AuthenticationError(_no_key(row), llm_provider=row.name)
    return Chosen(None)


def key_headers(auth: Auth, key: str) -> tuple[tuple[str, str], ...]:
    """The header that carries a key; none for an empty key, and for one that goes elsewhere.

    Raises:
        AuthenticationError: if the key has characters that no header can carry. It is not shown.
    """
    place = auth.value if isinstance(auth, AuthScheme) else auth
    if not key or not isinstance(place, HeaderKey):
        return ()
    if key != key.strip():
        raise AuthenticationError("the key has white space around it, as the last line of a file has: strip it")
    if not key.isascii() or not key.isprintable():
        raise AuthenticationError("the key has characters that no header can carry")
    return ((place.name, place.prefix + key),)


def _given(service: Service, key: str | TokenSource, variables: Mapping[str, str]) -> Chosen:
    """The caller's own key."""
    row = service.row
    if isinstance(key, TokenSource):
        from .sources import CallableSource

        return _asked(CallableSource(key), row.callable_auth or service.auth, variables)
    if key.startswith("os.environ/"):  # as LiteLLM's router and its proxy's files have it
        told = (
            "api_key names a variable, which is not looked up: give os.environ[...], or set the provider's own variable"
        )
        raise AuthenticationError(told, llm_provider=row.name)
    exchange = next((value for value in row.sources if isinstance(value, TokenExchange)), None)
    if exchange is not None and key:
        from .clouds import exchange_source

        return _asked(exchange_source(exchange, key, hash(key), variables), exchange.auth, variables)
    return _text(service, service.auth, key, hash(key))


def _text(service: Service, auth: Auth, key: str, account: Hashable) -> Chosen:
    if isinstance(auth, QueryKey) and key:
        from .sources import FixedSource

        return _asked(FixedSource(key, account), auth, {})
    try:
        return Chosen(account, key_headers(auth, key))
    except AuthenticationError as error:
        error.llm_provider = service.row.name
        raise


def _asked(source: Source, auth: Auth, variables: Mapping[str, str]) -> Chosen:
    region = filled(auth.region, variables) if isinstance(auth, SigV4) else ""
    return Chosen(source.identity, (), source, auth, region)


def _from_sources(row: Provider, variables: Mapping[str, str], settings: Mapping[str, str] | None) -> Chosen | None:
    if not row.sources:
        return None
    from .clouds import first_source

    found = first_source(row.sources, variables, settings)
    return None if found is None else _asked(found[1], found[0].auth, variables)


def _no_key(row: Provider) -> str:
    names = " or ".join(filter(str.isupper, row.key_variables + row.token_variables))
    message = f"no key: pass api_key or set {names}" if names else "no key: pass api_key"
    if not row.sources:
        return message
    from .clouds import source_hints

    return "; ".join([message, *source_hints(row.sources)])


def _without_environment(row: Provider, variables: Mapping[str, str], origin: Origin) -> Chosen:
    """No credential, for an address that may not have the environment's."""
    if row.server is not ServerKind.REMOTE:
        return Chosen(None)
    names = row.key_variables + row.token_variables
    held = next((name for name in names if variables.get(name)), None)
    reason = f"{held} was not issued for {origin}" if held else f"no key for {origin}"
    message = f"{reason}: pass api_key (an empty text sends none)"
    raise AuthenticationError(message, llm_provider=row.name)
