"""What a request asks of a simulated provider, whatever its wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs


@attrs.frozen
class OfferedTool:
    """A tool that the model may call.

    Example:
        offered = [tool.name for tool in simulator.requests[0].prompt.tools]
    """

    name: str
    parameters: Mapping[str, Any] = attrs.Factory(dict[str, Any])
    """The JSON schema of its arguments."""


@attrs.frozen
class Prompt:
    """What a request asks.

    Example:
        print(simulator.requests[0].prompt.last)
    """

    model: str = ""
    texts: tuple[str, ...] = ()
    """Every text of the request that counts as a token of the prompt."""
    last: str = ""
    """The last text of the user's."""
    stream: bool = False
    max_tokens: int | None = None
    body: Mapping[str, Any] = attrs.Factory(dict[str, Any])
    """The decoded JSON of the request."""
    tools: tuple[OfferedTool, ...] = ()
    choice: str = "auto"
    """Which tool has to be called: `auto`, `none`, `required` for any, or the name of one."""
    schema: Mapping[str, Any] | None = None
    """The JSON schema that the answer has to fit; None where text will do."""
    stop: tuple[str, ...] = ()
    """Texts before which the answer ends."""
    size: int = 0
    """Tokens of the question: its words, at least one."""
    address: str = ""
    """Where the request was sent, as a URL without its query."""
    query: Mapping[str, str] = attrs.Factory(dict[str, str])
    """The parameters in the query of its path."""
