"""The codes that OpenAI and its followers have for errors that come without a status.

Source: OpenAI guide "Error codes", Azure OpenAI "Content filtering", OpenRouter "Errors", Groq "API error codes and
responses", llama.cpp server README ("API errors"), MiniMax "Error codes", 2026-11.
"""

from __future__ import annotations

from typing import Final

from ..error_bodies import ErrorReading

ERRORS: Final = ErrorReading(
    statuses={
        "api_connection_error": 503,
        "authentication_error": 401,
        "base_resp.1001": 504,
        "base_resp.1002": 429,
        "base_resp.1004": 401,
        "base_resp.1008": 402,
        "base_resp.1039": 429,
        "base_resp.1041": 429,
        "base_resp.1042": 400,
        "base_resp.2013": 400,
        "base_resp.2049": 401,
        "exceed_context_size_error": 400,
        "insufficient_quota": 429,
        "internal_error": 500,
        "internal_server_error": 500,
        "invalid_api_key": 401,
        "invalid_request_error": 400,
        "model_not_found": 404,
        "not_found_error": 404,
        "overloaded_error": 503,
        "permission_error": 403,
        "rate_limit_error": 429,
        "rate_limit_exceeded": 429,
        "server_error": 500,
        "service_unavailable": 503,
        "timeout": 408,
    }
)
decode_error: Final = ERRORS.of_reply
error_event: Final = ERRORS.of_value
