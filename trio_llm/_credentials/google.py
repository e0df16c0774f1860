"""Tokens of Google Cloud, by google-auth (the extra `google`), which blocks and so works in a thread.

Source: https://googleapis.dev/python/google-auth/latest/user-guide.html, 2026-11.
"""

from __future__ import annotations

import json
import time
from collections.abc import Hashable, Mapping
from datetime import UTC
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import attrs

from .._runtime import trio
from .._types.errors import AuthenticationError
from .sources import AskingFunction, Secret, Token

_HOW_TO_INSTALL = "Google's credentials need google-auth: pip install 'trio-llm[google]'"


@attrs.frozen
class GoogleSource:
    """A service account, an authorized user or an external account; without a text, application default credentials."""

    given: str | None = attrs.field(repr=False)
    """The credentials' JSON, or the path of a file of it."""
    scopes: tuple[str, ...]
    renews: bool = attrs.field(default=True, init=False)

    @property
    def identity(self) -> Hashable:
        return ("google", hash(self.given), self.scopes)

    async def ask(self, post_form: AskingFunction) -> Secret:
        # A token that comes too late helps nobody: the call's deadline does not wait for Google's server.
        return await trio.to_thread.run_sync(_token, self.given, self.scopes, abandon_on_cancel=True)


def project_of(given: str) -> str | None:
    """The project of a service account's JSON, or of a file of it; None where it says none.

    Credentials that cannot be read say none either: what is wrong with them is told when a token is asked for.
    """
    try:
        info = _read(given)
    except (OSError, ValueError):
        return None
    project = info.get("project_id") if isinstance(info, dict) else None
    return project if isinstance(project, str) and project else None


def _read(given: str) -> Any:
    return json.loads(given if given.lstrip().startswith("{") else Path(given).read_text())


def _token(given: str | None, scopes: tuple[str, ...]) -> Token:
    try:
        import google.auth
        import google.auth.exceptions
        import google.auth.transport.requests
    except ImportError as error:
        raise AuthenticationError(_HOW_TO_INSTALL) from error
    try:
        credentials = _credentials(given, scopes)
        credentials.refresh(google.auth.transport.requests.Request())
    except (google.auth.exceptions.GoogleAuthError, OSError, ValueError) as error:
        raise AuthenticationError(f"no token of Google Cloud: {error}") from error
    end = credentials.expiry
    lasts = None if end is None else end.replace(tzinfo=UTC).timestamp() - time.time()
    return Token(credentials.token, lasts)


def _credentials(given: str | None, scopes: tuple[str, ...]) -> Any:
    if given is None:
        import google.auth

        auth: Any = google.auth  # which has types for some functions only
        return auth.default(scopes=scopes)[0]
    info = _read(given)
    kind = str(info.get("type")) if isinstance(info, dict) else "none"
    # Each kind by its own loader: Google warns of those that take any, as a file may name servers to send secrets to.
    if kind not in _KINDS:
        raise ValueError(f"credentials of the type {kind!r} are not taken, but {', '.join(_KINDS)}")
    module, loader = _KINDS[kind]
    return getattr(import_module(module).Credentials, loader)(info, scopes=scopes)


_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "authorized_user": ("google.oauth2.credentials", "from_authorized_user_info"),
    "external_account": ("google.auth.identity_pool", "from_info"),
    "service_account": ("google.oauth2.service_account", "from_service_account_info"),
}
"""How each type of credentials is loaded: module of its class, and the class method."""
