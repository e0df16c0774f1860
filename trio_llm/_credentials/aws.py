"""Keys of AWS, by botocore (the extra `aws`), which blocks and so works in a thread.

It looks where every program of AWS's looks: profiles with keys, roles, a process or single sign-on, a web identity, and
the metadata of containers and instances. Each asking is a session of its own, so that nothing is shared between
threads; what it gives is kept until shortly before its end.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html, 2026-11.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from math import inf
from typing import Any

import attrs

from .._runtime import trio
from .._types.errors import AuthenticationError
from .sources import AskingFunction, AwsKeys, Secret

_FIRST_REGION = "us-east-1"
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


@attrs.frozen
class Role:
    """A role to be assumed."""

    arn: str
    session: str
    region: str | None
    """Whose servers are asked; None for those that botocore knows, or else AWS's first region."""


@attrs.frozen
class RoleSource:
    """A role that is assumed with keys that are given, those of a profile, or the machine's."""

    role: Role
    profile: str | None
    keys: AwsKeys | None = attrs.field(repr=False)
    renews: bool = attrs.field(default=True, init=False)

    @property
    def identity(self) -> Hashable:
        return ("aws role", self.role, self.profile, None if self.keys is None else self.keys.access_key)

    async def ask(self, post_form: AskingFunction) -> Secret:
        return await trio.to_thread.run_sync(_keys_of_role, self, abandon_on_cancel=True)


def _keys(profile: str | None) -> AwsKeys:
    with _session(profile) as session:
        credentials = session.get_credentials()
        frozen = None if credentials is None else credentials.get_frozen_credentials()
    if frozen is None or not frozen.access_key:
        raise AuthenticationError("no keys of AWS: botocore found none, neither in profiles nor of this machine")
    end = getattr(credentials, "_expiry_time", None)  # there is no public name for it
    return AwsKeys(frozen.access_key, frozen.secret_key, frozen.token, _lasts(end))


def _keys_of_role(source: RoleSource) -> AwsKeys:
    role, keys = source.role, source.keys
    given = {} if keys is None else {"aws_access_key_id": keys.access_key, "aws_secret_access_key": keys.secret_key}
    if keys is not None and keys.session_token:
        given["aws_session_token"] = keys.session_token
    with _session(source.profile) as session:
        region = role.region or session.get_config_variable("region") or _FIRST_REGION
        client = session.create_client("sts", region_name=region, **given)
        found = client.assume_role(RoleArn=role.arn, RoleSessionName=role.session)["Credentials"]
    lasts = _lasts(found["Expiration"])
    return AwsKeys(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"], lasts)


@contextmanager
def _session(profile: str | None) -> Iterator[Any]:
    """A session of botocore's, whose failures are ours."""
    try:
        sessions: Any = import_module("botocore.session")
        errors: Any = import_module("botocore.exceptions")
    except ImportError as error:
        raise AuthenticationError(_HOW_TO_INSTALL) from error
    try:
        yield sessions.Session(profile=profile)
    except (errors.BotoCoreError, errors.ClientError, OSError, ValueError) as error:
        raise AuthenticationError(f"no keys of AWS: {error}") from error


def _lasts(end: object) -> float:
    """Seconds to the end of keys; those of a user have none."""
    return (end - datetime.now(UTC)).total_seconds() if isinstance(end, datetime) else inf
