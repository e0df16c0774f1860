"""Tokens of Microsoft Entra, by azure-identity (the extra `azure`), which blocks and so works in a thread.

Source: https://learn.microsoft.com/en-us/python/api/overview/azure/identity-readme, 2026-11.
"""

from __future__ import annotations

from collections.abc import Hashable

import attrs

from .._runtime import trio
from .._types.errors import AuthenticationError
from .sources import AskingFunction, Secret, Token, as_token


@attrs.frozen
class EntraSource:
    """What `DefaultAzureCredential` finds: the environment, a workload's or managed identity, the command line."""

    scope: str
    renews: bool = attrs.field(default=True, init=False)

    @property
    def identity(self) -> Hashable:
        return ("entra", self.scope)

    async def ask(self, post_form: AskingFunction) -> Secret:
        # A token that comes too late helps nobody: the call's deadline does not wait for Entra.
        return await trio.to_thread.run_sync(_token, self.scope, abandon_on_cancel=True)


def _token(scope: str) -> Token:
    from azure.core.exceptions import ClientAuthenticationError
    from azure.identity import CredentialUnavailableError, DefaultAzureCredential

    try:
        with DefaultAzureCredential() as credential:
            return as_token(credential.get_token(scope))
    except (ClientAuthenticationError, CredentialUnavailableError) as error:
        raise AuthenticationError(f"no token of Microsoft Entra: {error}") from error
