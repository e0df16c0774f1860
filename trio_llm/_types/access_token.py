"""A key with an end. By itself, because few programs need it."""

from __future__ import annotations

import attrs


@attrs.frozen
class AccessToken:
    """A key with an end. `azure.core.credentials.AccessToken` has the same two fields and does as well.

    Example:
        >>> async def token():
        ...     return AccessToken("ey...", expires_on=time.time() + 3600)
    """

    token: str = attrs.field(repr=False)
    """What is sent."""
    expires_on: float | None = None
    """Its end in seconds since 1970; None for one that nobody knows: the source is then asked for every attempt."""
