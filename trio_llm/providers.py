"""What rows of the catalogue and dialects are made of, for vendors and wire formats of your own.

A row is a `trio_llm.Provider`. This has what its fields hold: how families of models depart from it (`Override`), where
a key goes (`HeaderKey`, `QueryKey`, `SigV4`), where a secret comes from (`GoogleCredentials` and the like), and what a
dialect is made of. `docs/contributing.md` shows both.
"""

from __future__ import annotations

import contextlib

import attrs

from ._catalog.auth import (
    Auth as Auth,
    AwsCredentials as AwsCredentials,
    EntraCredentials as EntraCredentials,
    GoogleCredentials as GoogleCredentials,
    HeaderKey as HeaderKey,
    QueryKey as QueryKey,
    SecretSource as SecretSource,
    SigV4 as SigV4,
    TokenExchange as TokenExchange,
)
from ._catalog.provider import AnyDialect as AnyDialect, Lane as Lane, Override as Override
from ._dialects.contract import (
    Call as Call,
    Dialect as Dialect,
    Endpoint as Endpoint,
    ErrorDetail as ErrorDetail,
    Fresh as Fresh,
    ReplyIsError as ReplyIsError,
    StreamDecoder as StreamDecoder,
    StreamEndpoint as StreamEndpoint,
    form_request as form_request,
    json_request as json_request,
    merge_extra_body as merge_extra_body,
    supported_parameters as supported_parameters,
)

__all__ = [
    "AnyDialect",
    "Auth",
    "AwsCredentials",
    "Call",
    "Dialect",
    "Endpoint",
    "EntraCredentials",
    "ErrorDetail",
    "Fresh",
    "GoogleCredentials",
    "HeaderKey",
    "Lane",
    "Override",
    "QueryKey",
    "ReplyIsError",
    "SecretSource",
    "SigV4",
    "StreamDecoder",
    "StreamEndpoint",
    "TokenExchange",
    "form_request",
    "json_request",
    "merge_extra_body",
    "supported_parameters",
]

for _name in __all__:
    _value = globals()[_name]
    if getattr(_value, "__module__", "").startswith("trio_llm._"):
        if attrs.has(_value):
            with contextlib.suppress(NameError):  # of operations whose types are imported when they are first used
                attrs.resolve_types(_value)
        _value.__module__ = __name__
