"""Keys and addresses: the only reader of the environment, and the place that keeps a key with its provider."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from urllib.parse import quote

import attrs

from .._catalog.provider import AuthScheme, Paths, Provider, Server, template_variables
from .._types.errors import AuthenticationError, BadRequestError
from .._types.http import Origin, split_url
from .._types.request import CallOptions

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
    paths: Paths
    version: str | None = None
    """API version in the query."""

    def target(self, path: str, model: str) -> str:
        """What stands in the request line for a dialect's path."""
        placed = self.base_path + self.paths.place(path, model, self.base_path)
        if self.version is None:
            return placed
        return f"{placed}{'&' if '?' in placed else '?'}api-version={quote(self.version, safe='')}"


def destination(row: Provider, options: CallOptions, variables: Mapping[str, str]) -> Destination:
    """The address and credentials of a call.

    The key is `api_key`, else the first of the row's variables. A key from the environment goes only to the
    vendor's own hosts, to an address that the environment itself names, and to this machine.

    Raises:
        AuthenticationError: if a key is needed and there is none that may go there.
        BadRequestError: if the base URL is none, or a part of it is missing.
    """
    usual = _usual_base_url(row, variables)
    base_url = options.api_base or usual
    if base_url is None:
        raise BadRequestError(_no_address(row, variables), llm_provider=row.name)
    try:
        origin, path = split_url(base_url)
    except ValueError as error:
        raise BadRequestError(str(error), llm_provider=row.name) from None
    if options.api_key is not None:
        scheme, key = row.auth, options.api_key
    elif options.api_base is None or _may_have_key(row, origin, usual):
        scheme, key = _environment_key(row, origin, variables)
    else:
        scheme, key = row.auth, _no_environment_key(row, origin, variables)
    paths, version = _surface(row, options, variables)
    account = (row.name, f"{origin}{path}", hash(key))
    return Destination(origin, path, _credentials(row, scheme, key), account, paths, version)


def variables_that_matter(row: Provider, options: CallOptions) -> tuple[str, ...]:
    """The variables on which the destination of a call depends. Reading one costs more than looking up a route."""
    if options.api_key is None:
        return row.key_variables + row.token_variables + row.address_variables
    if options.api_base is None:
        return row.address_variables
    return row.versioning.variables if row.versioning and options.api_version is None else ()


def first_set(names: Iterable[str], variables: Mapping[str, str]) -> str | None:
    """The value of the first variable that is set; an empty one counts as not set."""
    return next((variables[name] for name in names if variables.get(name)), None)


def missing_parts(row: Provider, variables: Mapping[str, str]) -> list[str]:
    """The variables that the row's own base URL needs and that are not set; of alternatives, the first."""
    return [names[0] for names in template_variables(row.base_url) if not first_set(names, variables)]


def _usual_base_url(row: Provider, variables: Mapping[str, str]) -> str | None:
    """The base URL where the caller gives none; None if the environment leaves a part of it open."""
    named = first_set(row.base_url_variables, variables)
    if named is not None or "{" not in row.base_url:
        return named or row.base_url or None
    if missing_parts(row, variables):
        return None
    return re.sub(r"\{([^}]*)\}", lambda found: _part(found[1].split("|"), variables), row.base_url)


def _part(names: list[str], variables: Mapping[str, str]) -> str:
    # Hosts are often kept with their scheme: DATABRICKS_HOST and WATSONX_URL are, in their vendors' own documents.
    return (first_set(names, variables) or "").removeprefix("https://").strip("/")


def _no_address(row: Provider, variables: Mapping[str, str]) -> str:
    parts = " and ".join(missing_parts(row, variables))
    whole = " or ".join(row.base_url_variables)
    return (
        f"{row.name} has an address for each account: give api_base, or set {parts + ', or ' if parts else ''}{whole}"
    )


def _surface(row: Provider, options: CallOptions, variables: Mapping[str, str]) -> tuple[Paths, str | None]:
    """The paths that an API version means, and the version for the query."""
    rule = row.versioning
    if rule is None:
        return row.paths, None
    version = options.api_version or first_set(rule.variables, variables) or rule.default
    dated = version is not None and version[:1].isdecimal()
    return rule.dated if dated else row.paths, version


def _environment_key(row: Provider, origin: Origin, variables: Mapping[str, str]) -> tuple[AuthScheme, str]:
    """The key for an address that may have it."""
    if key := first_set(row.key_variables, variables):
        return row.auth, key
    if token := first_set(row.token_variables, variables):
        return AuthScheme.BEARER, token
    if row.server is Server.REMOTE and origin.host not in _LOOPBACK:
        names = " or ".join(row.key_variables + row.token_variables)
        raise AuthenticationError(f"no key: pass api_key or set {names}", llm_provider=row.name)
    return row.auth, ""


def _no_environment_key(row: Provider, origin: Origin, variables: Mapping[str, str]) -> str:
    """No key at all, for an address that may not have the environment's."""
    if row.server is Server.REMOTE:
        held = next((name for name in row.key_variables + row.token_variables if variables.get(name)), None)
        reason = f"{held} was not issued for {origin}" if held else f"no key for {origin}"
        message = f"{reason}: pass api_key (an empty text sends none)"
        raise AuthenticationError(message, llm_provider=row.name)
    return ""


def _may_have_key(row: Provider, origin: Origin, usual: str | None) -> bool:
    if origin.host in _LOOPBACK:
        return True
    return origin.scheme == "https" and (row.owns(origin.host) or (usual is not None and _is_at(origin, usual)))


def _is_at(origin: Origin, base_url: str) -> bool:
    with suppress(ValueError):  # what the environment holds may be no URL, and is not what is being called
        return split_url(base_url)[0].host == origin.host
    return False


def _credentials(row: Provider, scheme: AuthScheme, key: str) -> tuple[tuple[str, str], ...]:
    if not key:
        return ()
    if not key.isascii() or not key.isprintable() or key != key.strip():
        raise AuthenticationError("the key has characters that no header can carry", llm_provider=row.name)
    name, prefix = scheme.value
    return ((name, prefix + key),)


def proxies_wanted(variables: Mapping[str, str]) -> bool:
    """Whether the environment asks for a proxy."""
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    return any(variables.get(name) or variables.get(name.lower()) for name in names)
