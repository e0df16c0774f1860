"""Keys of AWS, by botocore (the extra `aws`), which blocks and so works in a thread.

It looks where every program of AWS's looks: profiles with keys, roles, a process or single sign-on, a web identity, and
the metadata of containers and instances. Each asking is a session of its own, so that nothing is shared between
threads; what it gives is kept until shortly before its end.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html, 2026-11.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime
from importlib import import_module
from math import inf
from typing import Any

import attrs

from .._runtime import trio
from .._types.errors import AuthenticationError
from .sources import AskingFunction, AwsKeys, Secret

_HOW_TO_INSTALL = "profiles and roles of AWS need botocore: pip install 'trio-llm[aws]'"


@attrs.frozen
class BotocoreSource:
    """What botocore finds for a profile; without one, for the machine."""

    profile: str | None
    renews: bool = attrs.field(default=True, init=False)

    @property
    def identity(self) -> Hashable:
        return ("aws profile", self.profile)

    async def ask(self, post_form: AskingFunction) -> Secret:
        # Keys that come too late help nobody: the call's deadline does not wait for AWS's servers.
        return await trio.to_thread.run_sync(_keys, self.profile, abandon_on_cancel=True)


def _keys(profile: str | None) -> AwsKeys:
    try:
        sessions: Any = import_module("botocore.session")
        errors: Any = import_module("botocore.exceptions")
    except ImportError as error:
        raise AuthenticationError(_HOW_TO_INSTALL) from error
    try:
        credentials = sessions.Session(profile=profile).get_credentials()
        frozen = None if credentials is None else credentials.get_frozen_credentials()
    except (errors.BotoCoreError, errors.ClientError, OSError, ValueError) as error:
        raise AuthenticationError(f"no keys of AWS: {error}") from error
    if frozen is None or not frozen.access_key:
        raise AuthenticationError("no keys of AWS: botocore found none, neither in profiles nor of this machine")
    return AwsKeys(frozen.access_key, frozen.secret_key, frozen.token, _lasts(credentials))


def _lasts(credentials: Any) -> float:
    """Seconds to the end of keys; those of a user have none."""
    # botocore has no public name for it: `RefreshableCredentials` keeps its end there since 2015.
    end = getattr(credentials, "_expiry_time", None)
    return (end - datetime.now(UTC)).total_seconds() if isinstance(end, datetime) else inf
