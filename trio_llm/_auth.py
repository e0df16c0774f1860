"""Keys and addresses: the only reader of the environment, and the place that keeps a key with its provider."""

from __future__ import annotations

import os
from collections.abc import Mapping

import attrs

from ._errors import AuthenticationError, BadRequestError
from ._http import Origin, split_url
from ._provider import Provider, Server
from ._types._request import CallOptions

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def environment() -> Mapping[str, str]:
    """The process's environment, read at each call."""
    return os.environ


@attrs.frozen
class Destination:
    """Where one call goes, and the credentials that may go there."""

    origin: Origin
    base_path: str
    headers: tuple[tuple[str, str], ...] = attrs.field(repr=False)
    """Credentials as headers."""
    account: tuple[str, str, int] = attrs.field(repr=False)
    """What limits are counted by: provider, base URL, and a hash of the key."""


def destination(row: Provider, options: CallOptions, variables: Mapping[str, str]) -> Destination:
    """The address and credentials of a call.

    The key is `api_key`, else the first of the row's variables. A key from the environment goes only to the
    vendor's own hosts, to an address that the environment itself names, and to this machine.

    Raises:
        AuthenticationError: if a key is needed and there is none that may go there.
        BadRequestError: if the base URL is none.
    """
    from_environment = next((variables[name] for name in row.base_url_variables if variables.get(name)), None)
    base_url = options.api_base or from_environment or row.base_url
    try:
        origin, path = split_url(base_url)
    except ValueError as error:
        raise BadRequestError(str(error), llm_provider=row.name) from None
    key = options.api_key
    if key is None:
        trusted = options.api_base is None or _may_have_key(row, origin, from_environment)
        key = _environment_key(row, variables, origin, trusted)
    account = (row.name, f"{origin}{path}", hash(key))
    return Destination(origin, path, _credentials(row, key), account)


def _environment_key(row: Provider, variables: Mapping[str, str], origin: Origin, trusted: bool) -> str:
    key = next((variables[name] for name in row.key_variables if variables.get(name)), "")
    if key and trusted:
        return key
    if row.server is not Server.REMOTE or (not key and origin.host in _LOOPBACK):
        return ""
    if key:
        raise AuthenticationError(
            f"{row.key_variables[0]} was not issued for {origin}: pass api_key for that host (an empty text sends none)",
            llm_provider=row.name,
        )
    names = " or ".join(row.key_variables)
    raise AuthenticationError(f"no key: pass api_key or set {names}", llm_provider=row.name)


def _may_have_key(row: Provider, origin: Origin, from_environment: str | None) -> bool:
    own = {split_url(row.base_url)[0].host, *row.alternative_hosts}
    if from_environment is not None:
        own.add(split_url(from_environment)[0].host)
    return origin.host in _LOOPBACK or (origin.host in own and origin.scheme == "https")


def _credentials(row: Provider, key: str) -> tuple[tuple[str, str], ...]:
    if not key:
        return ()
    if not key.isascii() or not key.isprintable() or key != key.strip():
        raise AuthenticationError("the key has characters that no header can carry", llm_provider=row.name)
    name, prefix = row.auth.value
    return ((name, prefix + key),)


def proxies_wanted(variables: Mapping[str, str]) -> bool:
    """Whether the environment asks for a proxy."""
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    return any(variables.get(name) or variables.get(name.lower()) for name in names)
