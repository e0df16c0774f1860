"""Every exception of the package, under the names that LiteLLM's users know."""

from __future__ import annotations

from ._types.errors import (
    AllFailedError,
    AnswerValidationError,
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    AuthenticationError,
    BadRequestError,
    BudgetExceededError,
    ClientClosedError,
    ContentPolicyViolationError,
    ContextWindowExceededError,
    InternalServerError,
    LLMError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServiceUnavailableError,
    SlowReaderError,
    Timeout,
    UnprocessableEntityError,
    UnsupportedParamsError,
)

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "AllFailedError",
    "AnswerValidationError",
    "AuthenticationError",
    "BadRequestError",
    "BudgetExceededError",
    "ClientClosedError",
    "ContentPolicyViolationError",
    "ContextWindowExceededError",
    "InternalServerError",
    "LLMError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "ServiceUnavailableError",
    "SlowReaderError",
    "Timeout",
    "UnprocessableEntityError",
    "UnsupportedParamsError",
]

for _name in __all__:
    globals()[_name].__module__ = __name__
