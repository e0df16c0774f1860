"""What a request asks of a simulated provider, whatever its wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs


@attrs.frozen
class Prompt:
    """What a request asks."""

    model: str = ""
    texts: tuple[str, ...] = ()
    """Every text of the request that counts as a token of the prompt."""
    last: str = ""
    """The last text of the user's."""
    stream: bool = False
    max_tokens: int | None = None
    body: Mapping[str, Any] = attrs.Factory(dict[str, Any])
    """The decoded JSON of the request."""
