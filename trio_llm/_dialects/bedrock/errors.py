"""Errors of Bedrock: named by a header, by a field of the body, or by the type of an exception inside a stream.

Source: Amazon Bedrock API reference, "Common errors" and "Converse" (errors), 2026-11.
"""

from __future__ import annotations

from typing import Final

from ..._types.errors import (
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
