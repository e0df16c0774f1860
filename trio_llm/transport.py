"""What moves bytes, for those who write or wrap a transport: `Client(transport=...)` takes whatever is a `Transport`.

A client makes an `HTTPRequest` of each attempt, names the `Origin` that it goes to, and asks the transport for a
`Reply`. `NativeTransport` is the one for direct connections, `HttpxTransport` goes over a client of httpx or httpx2.
Both know nothing of models: retries, limits and deadlines are around them. `docs/transport.md` has a program that
wraps one.
"""

from __future__ import annotations

from ._transport import (
    Reply,
    ReplyError,
    Transport,
    TransportError,
    TransportStatistics,
)
from ._transport.h1 import ReplyLimits
from ._transport.httpx_adapter import HttpxTransport
from ._transport.native import NativeTransport
from ._transport.whole import WholeReply
from ._types.http import HTTPRequest, Origin, ReplyHead, RequestBody

__all__ = [
    "HTTPRequest",
    "HttpxTransport",
    "NativeTransport",
    "Origin",
    "Reply",
    "ReplyError",
    "ReplyHead",
    "ReplyLimits",
    "RequestBody",
    "Transport",
    "TransportError",
    "TransportStatistics",
    "WholeReply",
]

for _name in __all__:
    if isinstance(globals()[_name], type) and issubclass(globals()[_name], BaseException):
        globals()[_name].__module__ = __name__  # shown in tracebacks
