"""Sources as rows name them, made into what can be asked. A vendor's library is imported when a row first needs it."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Mapping
from importlib.util import find_spec
from typing import Any, Final

import attrs

from .._catalog.addresses import every_variable
from .._catalog.auth import AwsCredentials, EntraCredentials, GoogleCredentials, SecretSource, TokenExchange
from .._types.errors import AuthenticationError, class_for_status
from .._types.secrets import without_secrets
from .sources import AskingFunction, AwsKeys, Secret, Source, Token
from .variables import filled, first_set


@attrs.frozen
class KeysSource:
    """AWS's keys that are known already."""

    keys: AwsKeys = attrs.field(repr=False)
    renews: bool = attrs.field(default=False, init=False)

    @property
    def identity(self) -> Hashable:
        return ("aws", self.keys.access_key)

    async def ask(self, post_form: AskingFunction) -> Secret:
        return self.keys


@attrs.frozen
class ExchangeSource:
    """A key that is exchanged for a token over HTTP."""

    url: str
    form: Mapping[str, str] = attrs.field(repr=False)
    identity: Hashable = attrs.field(repr=False)
    renews: bool = attrs.field(default=True, init=False)

    async def ask(self, post_form: AskingFunction) -> Secret:
        head, body = await post_form(self.url, self.form)
        answer = _object(body)
        token = answer.get("access_token")
        if head.status >= 300 or not isinstance(token, str) or not token:
            words = next((answer[name] for name in _WORDS if isinstance(answer.get(name), str)), "no token")
            kind = class_for_status(head.status) if head.status >= 300 else AuthenticationError
            error = kind(f"{self.url} gave no token: {words}", status_code=head.status)
            raise without_secrets(error, self.form.values())
        lasts = answer.get("expires_in")
        return Token(token, float(lasts) if isinstance(lasts, int | float) else None)


_WORDS: Final = ("errorMessage", "error_description", "error", "message")


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def exchange_source(value: TokenExchange, key: str, account: Hashable, variables: Mapping[str, str]) -> ExchangeSource:
    """The exchange of one key."""
    return ExchangeSource(filled(value.url, variables), {**value.fields, value.key_field: key}, account)


def _google(value: GoogleCredentials, variables: Mapping[str, str]) -> Source | None:
    given = first_set(value.variables, variables)
    if given is None and not _installed("google.auth"):
        return None
    from .google import GoogleSource

    return GoogleSource(given, value.scopes)


def _entra(value: EntraCredentials, variables: Mapping[str, str]) -> Source | None:
    if first_set(value.variables, variables) is None or not _installed("azure.identity"):
        return None
    from .entra import EntraSource

    return EntraSource(value.scope)


def _aws(value: AwsCredentials, variables: Mapping[str, str]) -> Source | None:
    access, secret = first_set(value.access_key, variables), first_set(value.secret_key, variables)
    session, profile = first_set(value.session_token, variables), first_set(value.profile, variables)
    keys = None if access is None or secret is None else AwsKeys(access, secret, session)
    # Half of a key is a mistake, which the machine's own identity must not hide.
    if keys is None and (access or secret or session):
        return None
    if (role := first_set(value.role, variables)) is not None:
        from .aws import Role, RoleSource

        name = first_set(value.role_session, variables) or "trio-llm"
        return RoleSource(Role(role, name, first_set(every_variable(value.auth.region), variables)), profile, keys)
    if keys is not None:
        return KeysSource(keys)
    if not (profile or _installed("botocore")):
        return None
    from .aws import BotocoreSource

    return BotocoreSource(profile)


def _exchange(value: TokenExchange, variables: Mapping[str, str]) -> Source | None:
    name = next((name for name in value.key_variables if variables.get(name)), None)
    return None if name is None else exchange_source(value, variables[name], name, variables)


def _installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # of the package that it would be in
        return False


@attrs.frozen
class _SourceKind:
    """How one kind of source is read."""

    make: Callable[[Any, Mapping[str, str]], Source | None]
    """None where it lacks what it needs."""
    variables: Callable[[Any], tuple[str, ...]]
    """Every variable that matters to it."""
    hint: Callable[[Any], str]
    """What else one can do for want of a key."""


_READINGS: Final[Mapping[type, _SourceKind]] = {
    GoogleCredentials: _SourceKind(
        _google,
        lambda value: value.variables,
        lambda value: (
            f"a service account's JSON or its path in {value.variables[-1]}, or the extra `google` "
            "(pip install 'trio-llm[google]') for application default credentials"
        ),
    ),
    EntraCredentials: _SourceKind(
        _entra,
        lambda value: value.variables,
        lambda value: (
            "api_key may be a token provider of azure-identity; or set one of "
            f"{', '.join(value.variables)} and install the extra `azure` (pip install 'trio-llm[azure]')"
        ),
    ),
    AwsCredentials: _SourceKind(
        _aws,
        lambda value: (
            value.access_key + value.secret_key + value.session_token + value.profile + value.role + value.role_session
        ),
        lambda value: (
            f"set {value.access_key[-1]} and {value.secret_key[-1]}, or install the extra `aws` "
            "(pip install 'trio-llm[aws]') for profiles, single sign-on, roles and the machine's own identity"
        ),
    ),
    TokenExchange: _SourceKind(
        _exchange,
        lambda value: value.key_variables + every_variable(value.url),
        lambda value: f"set {' or '.join(value.key_variables)}",
    ),
}


def first_source(
    values: Iterable[SecretSource], variables: Mapping[str, str], settings: Mapping[str, str] | None = None
) -> tuple[SecretSource, Source] | None:
    """The first of a row's sources that has what it needs, and what to ask; None if there is none.

    With `settings`, the caller's own, nothing counts that is not in them: no environment, and no machine's identity.
    """
    for value in values:
        reading = _READINGS[type(value)]
        if settings is not None and settings.keys().isdisjoint(reading.variables(value)):
            continue
        if (source := reading.make(value, variables if settings is None else settings)) is not None:
            return value, source
    return None


def parts_of_addresses(values: Iterable[SecretSource], variables: Mapping[str, str]) -> dict[str, str]:
    """What credentials say of the addresses of their row: the project of a Google service account.

    Such a file is read at once, and only where the variables leave an address open.
    """
    parts: dict[str, str] = {}
    for value in values:
        if isinstance(value, GoogleCredentials) and (given := first_set(value.variables, variables)) is not None:
            from .google import project_of

            if (project := project_of(given)) is not None:
                parts[value.project] = project
    return parts


def source_variables(values: Iterable[SecretSource]) -> tuple[str, ...]:
    """Every variable that matters to some sources."""
    return tuple(name for value in values for name in _READINGS[type(value)].variables(value))


def source_hints(values: Iterable[SecretSource]) -> list[str]:
    """What else one can do for want of a key."""
    return [_READINGS[type(value)].hint(value) for value in values]
