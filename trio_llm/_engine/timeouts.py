"""The named limits on a call's time."""

from __future__ import annotations

import math
from typing import Any

import attrs

from .._types.amounts import as_number, checked_seconds


def _seconds(value: Any) -> Any:
    return math.inf if value is None else as_number(value)


def _not_negative(_: object, attribute: attrs.Attribute[float], value: object) -> None:
    checked_seconds(value, attribute.name)


@attrs.frozen(kw_only=True)
class Timeouts:
    """How long a call may take, in seconds; None means without limit.

    Content is text, reasoning, tool calls, audio and images. Keep-alive comments and empty deltas are not:
    they keep no stream alive.

        async with Client(timeouts=Timeouts(total=120, first_content=20)) as client:
            response = await client.completion(model, messages)
    """

    total: float = attrs.field(default=600.0, converter=_seconds, validator=_not_negative)
    """The whole call: waiting, attempts, pauses, and reading a stream to its end. `timeout=` replaces it."""
    connect: float = attrs.field(default=10.0, converter=_seconds, validator=_not_negative)
    """Opening a connection, TLS included."""
    first_content: float = attrs.field(default=math.inf, converter=_seconds, validator=_not_negative)
    """Streams: from sending the request to the first content."""
    gap: float = attrs.field(default=math.inf, converter=_seconds, validator=_not_negative)
    """Streams: between one content and the next."""
