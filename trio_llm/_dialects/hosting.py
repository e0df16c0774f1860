"""Endpoints of one wire format behind the addresses of a cloud: the same body but for a few fields, on another path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import attrs

from .._types.http import HTTPRequest
from .contract import Endpoint, StreamEndpoint, WireCall

RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT")
ChunkT = TypeVar("ChunkT")
Placing: TypeAlias = Callable[[WireCall[Any], HTTPRequest], HTTPRequest]
"""Puts the request of a maker's own API where a cloud wants it."""


def hosted(endpoint: Endpoint[RequestT, ResponseT] | None, place: Placing) -> Endpoint[RequestT, ResponseT]:
    """The endpoint of a maker's API at a cloud that hands its replies on as they are. There has to be one."""
    assert endpoint is not None
    return attrs.evolve(endpoint, encode=lambda call: place(call, endpoint.encode(call)))


def hosted_stream(
    endpoint: StreamEndpoint[RequestT, ChunkT] | None, place: Placing
) -> StreamEndpoint[RequestT, ChunkT]:
    """The same for a streamed reply."""
    assert endpoint is not None
    return attrs.evolve(endpoint, encode=lambda call: place(call, endpoint.encode(call)))
