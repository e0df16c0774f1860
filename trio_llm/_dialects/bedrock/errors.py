"""Errors of Bedrock: named by a header, by a field of the body, or by the type of an exception inside a stream.

Source: Amazon Bedrock API reference, "Common errors" and "Converse" (errors), 2026-11.
"""

from __future__ import annotations

from typing import Final

from ..._types.errors import (
    AuthenticationError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServiceUnavailableError,
)
from ..error_bodies import ErrorReading

ERRORS: Final = ErrorReading(
    kinds={
        "accessdeniedexception": PermissionDeniedError,
        # AWS answers 403 to keys that have ended or are wrong; only the code tells it from a lack of rights.
        "expiredtokenexception": AuthenticationError,
        "invalidsignatureexception": AuthenticationError,
        "unrecognizedclientexception": AuthenticationError,
        "internalserverexception": InternalServerError,
        "modelerrorexception": InternalServerError,
        "modelnotreadyexception": ServiceUnavailableError,
        "modelstreamerrorexception": InternalServerError,
        "modeltimeoutexception": InternalServerError,
        "resourcenotfoundexception": NotFoundError,
        "servicequotaexceededexception": RateLimitError,
        "serviceunavailableexception": ServiceUnavailableError,
        "throttlingexception": RateLimitError,
    },
    statuses={
        "accessdeniedexception": 403,
        "internalserverexception": 500,
        "modelerrorexception": 500,
        "modelstreamerrorexception": 500,
        "modeltimeoutexception": 500,
        "resourcenotfoundexception": 404,
        "serviceunavailableexception": 503,
        "throttlingexception": 429,
        "validationexception": 400,
    },
)
decode_error: Final = ERRORS.of_reply
