"""Anthropic's codes of errors, as replies and inside streams.

Source: Anthropic API reference, "Errors", 2026-11.
"""

from __future__ import annotations

from typing import Final

from ..._types.errors import RateLimitError, ServiceUnavailableError
from ..error_bodies import ErrorReading

ERRORS: Final = ErrorReading(
    # These mean the same whatever status a gateway gave them.
    kinds={"overloaded_error": ServiceUnavailableError, "rate_limit_error": RateLimitError},
    # The status that each has when it is a reply; inside a stream there is only the type.
    statuses={
        "invalid_request_error": 400,
        "authentication_error": 401,
        "billing_error": 402,
        "permission_error": 403,
        "not_found_error": 404,
        "request_too_large": 413,
        "rate_limit_error": 429,
        "api_error": 500,
        "timeout_error": 504,
        "overloaded_error": 529,
    },
)
decode_error: Final = ERRORS.of_reply
detail_of_event: Final = ERRORS.of_value
