"""Where a call goes and what may go there with it: the address of a service, and the choice of its credential.

All of it is decided at once, from a row, the call's options and the variables, and nothing is asked: a key that is
missing stops the call here, before a byte leaves. A credential that has to be asked for (a callable, a cloud's tokens,
a signature) is only chosen here; `held` asks for it when an attempt is about to leave.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from contextlib import suppress
from urllib.parse import quote

import attrs

from .._catalog.addresses import Paths, joined, template_variables
from .._catalog.provider import Provider, Service
from .._types.errors import BadRequestError
from .._types.http import Origin, split_url
from .._types.request import CallOptions
from .choosing import LOOPBACK, Chosen, choose_credential
from .variables import filled, first_set, missing_parts


@attrs.frozen
class Destination:
    """Where one call goes, and the credentials that may go there."""

    origin: Origin
    base_path: str
    account: tuple[str, str, Hashable] = attrs.field(repr=False)
    """What limits are counted by: provider, base URL, and what tells one source of secrets from another."""
    paths: Paths
    version: str | None = None
    """API version in the query."""
    chosen: Chosen = attrs.field(default=Chosen(None), repr=False)
    """The credential that may go there."""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The credential as headers, where it is a text and the same for every attempt."""
        return self.chosen.headers

    def target(self, path: str, model: str) -> str:
        """What stands in the request line for a dialect's path."""
        placed = joined(
            self.base_path.removesuffix(self.paths.instead_of), self.paths.place(path, model, self.base_path)
        )
        if self.version is None:
            return placed
        return f"{placed}{'&' if '?' in placed else '?'}api-version={quote(self.version, safe='')}"


def destination(service: Service, options: CallOptions, variables: Mapping[str, str]) -> Destination:
    """The address and credentials of a call.

    The key is `api_key`, else the first of the row's variables, else what one of the row's sources gives. What is not
    the caller's own goes only to the vendor's own hosts, to an address that the environment itself names, and to this
    machine. What the base URL lacks, such as a project, is looked for in the credentials themselves.

    Raises:
        AuthenticationError: if a key is needed and there is none that may go there.
        BadRequestError: if the base URL is none, or a part of it is missing.
    """
    row = service.row
    if options.settings or service.variables:
        variables = {**variables, **service.variables, **dict(options.settings or ())}
    of_key = _of_key(service, options, variables)
    if row.sources and not of_key and missing_parts(service.base_url, variables):
        from .clouds import parts_of_addresses

        variables = {**variables, **parts_of_addresses(row.sources, variables)}
    named = first_set(row.base_url_variables, variables)
    given = options.api_base or named
    base_url = given or _template_filled(service, variables) or of_key
    if not base_url:
        raise BadRequestError(_no_address(service, variables), llm_provider=row.name)
    origin, path = _split(base_url, row)
    if given and not path and not row.whole_addresses:
        path = _usual_path(service, variables)
    may_have = options.api_base is None or _may_have_key(row, origin, named or _template_filled(service, variables))
    chosen = choose_credential(service, options, variables, origin, may_have=may_have)
    paths, version = _surface(service, options, variables)
    home = f"{origin}{path}" if given or service.base_url == row.base_url else filled(row.base_url, variables)
    account = (row.name, home, chosen.account)
    return Destination(origin, path, account, paths, version, chosen)


def variables_that_matter(service: Service, options: CallOptions) -> tuple[str, ...]:
    """The variables on which the destination of a call depends. Reading one costs more than looking up a route."""
    row = service.row
    if options.api_key is None:
        return row.key_variables + row.token_variables + service.address_variables + _of_sources(row)
    if options.api_base is None or row.sources:
        return service.address_variables + _of_sources(row)
    return service.versioning.variables if service.versioning and options.api_version is None else ()


def _of_sources(row: Provider) -> tuple[str, ...]:
    if not row.sources:
        return ()
    from .clouds import source_variables

    return source_variables(row.sources)


def _split(url: str, row: Provider) -> tuple[Origin, str]:
    try:
        return split_url(url)
    except ValueError as error:
        raise BadRequestError(str(error), llm_provider=row.name) from None


def _template_filled(service: Service, variables: Mapping[str, str]) -> str:
    """The row's own base URL; empty if the environment leaves a part of it open."""
    if missing_parts(service.base_url, variables):
        return ""
    url = filled(service.base_url, variables)
    for made, called in service.row.renamed_hosts.items():
        scheme, _, rest = url.partition("://")
        host, slash, path = rest.partition("/")
        if host == made:
            return f"{scheme}://{called}{slash}{path}"
    return url


def _of_key(service: Service, options: CallOptions, variables: Mapping[str, str]) -> str:
    """The base URL for a key that stands for all that the usual one lacks; empty where there is no key."""
    row = service.row
    keyed = first_set(row.key_variables, variables) if options.api_key is None else isinstance(options.api_key, str)
    return row.keyed_base_url if keyed and service.base_url == row.base_url else ""


def _usual_path(service: Service, variables: Mapping[str, str]) -> str:
    """The path of the row's own base URL, for an address that has none."""
    path = service.base_url.partition("://")[2].partition("/")[2]
    if missing_parts(path, variables):
        raise BadRequestError(_no_address(service, variables), llm_provider=service.row.name)
    return f"/{filled(path, variables)}" if path else ""


def _no_address(service: Service, variables: Mapping[str, str]) -> str:
    row = service.row
    lacking = [names for names in template_variables(service.base_url) if not first_set(names, variables)]
    arguments = " and ".join(dict.fromkeys(names[0] for names in lacking if names[0].islower()))
    parts = " and ".join(missing_parts(service.base_url, variables))
    whole = " or ".join(row.base_url_variables)
    return (
        f"{row.name} has an address for each account: give {arguments + ', or ' if arguments else ''}api_base, "
        f"or set {parts + ', or ' if parts else ''}{whole}"
    )


def _surface(service: Service, options: CallOptions, variables: Mapping[str, str]) -> tuple[Paths, str | None]:
    """The paths that an API version means, and the version for the query."""
    rule = service.versioning
    if rule is None:
        return service.paths, None
    version = options.api_version or first_set(rule.variables, variables) or rule.default
    dated = version is not None and version[:1].isdecimal()
    return rule.dated if dated else service.paths, version


def _may_have_key(row: Provider, origin: Origin, usual: str) -> bool:
    """Whether an address that the caller gave may have a key that the caller did not give."""
    if origin.host in LOOPBACK:
        return True
    return origin.scheme == "https" and (row.owns(origin.host) or _is_at(origin, usual))


def _is_at(origin: Origin, base_url: str) -> bool:
    with suppress(ValueError):  # what the environment holds may be no URL, and is not what is being called
        return split_url(base_url)[0].host == origin.host
    return False
