"""What rows of the catalogue and dialects are made of, for vendors and wire formats of your own.

A row is a `trio_llm.Provider`. This has what its fields hold: how families of models depart from it (`Override`), where
a key goes (`HeaderKey`, `QueryKey`, `SigV4`), where a secret comes from (`GoogleCredentials` and the like), and what a
dialect is made of. `docs/contributing.md` shows both.
"""

from __future__ import annotations

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
from ._catalog.provider import AnyDialect as AnyDialect, LaneKind as LaneKind, Override as Override
from ._dialects.contract import (
    Dialect as Dialect,
    Endpoint as Endpoint,
    ErrorDetail as ErrorDetail,
    Fresh as Fresh,
    ReplyIsError as ReplyIsError,
    StreamDecoder as StreamDecoder,
    StreamEndpoint as StreamEndpoint,
    WireCall as WireCall,
    json_request as json_request,
    merge_extra_body as merge_extra_body,
)
from ._dialects.forms import form_request as form_request
from ._dialects.parameters import supported_parameters as supported_parameters

__all__ = [
    "AnyDialect",
    "Auth",
    "AwsCredentials",
    "Dialect",
    "Endpoint",
    "EntraCredentials",
    "ErrorDetail",
    "Fresh",
    "GoogleCredentials",
    "HeaderKey",
    "LaneKind",
    "Override",
    "QueryKey",
    "ReplyIsError",
    "SecretSource",
    "SigV4",
    "StreamDecoder",
    "StreamEndpoint",
    "TokenExchange",
    "WireCall",
    "form_request",
    "json_request",
    "merge_extra_body",
    "supported_parameters",
]

ReplyIsError.__module__ = __name__  # shown in tracebacks
