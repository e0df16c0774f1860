"""The error that a caller gets for what a provider, a transport or a decoder said of an attempt."""

from __future__ import annotations

import time
from typing import Any

import attrs

from .._convert.converter import ConversionError
from .._dialects.contract import ErrorDetail, ReplyIsError
from .._limits.header_formats import reset_wait
from .._transport import TransportError
from .._types.errors import APIConnectionError, APIError, APIResponseValidationError, class_for_status
from .._types.http import ReplyHead
from .._types.receipt import request_id_of
from .._types.secrets import secrets_of, without_secrets
from .exchange import Exchange
from .retry import asked_wait, explicit_word


def _labels(exchange: Exchange[Any]) -> dict[str, Any]:
    return {"llm_provider": exchange.provider, "model": exchange.model, "attempts": exchange.call.attempts}


def _told_by(head: ReplyHead) -> dict[str, Any]:
    return {"request_id": request_id_of(head.headers), "response_headers": head.headers}


def attempt_error(
    exchange: Exchange[Any], error: ConversionError | ReplyIsError | TransportError, body: bytes | None = None
) -> APIError:
    """What the caller gets for what a transport or a decoder raised; `body` is the reply, if it came whole."""
    if isinstance(error, TransportError):
        return APIConnectionError(
            f"{exchange.route.destination.origin}: {error}",
            should_retry=False if error.lasting else None,
            stale=error.stale,
            **_labels(exchange),
        )
    head = exchange.call.head
    assert head is not None  # there is something to decode
    without_secrets(error, _secrets(exchange))
    if isinstance(error, ReplyIsError):
        return detail_error(exchange, error.detail, head)
    if body is not None and not error.cut and (detail := _only_error(exchange, head, body)) is not None:
        return detail_error(exchange, detail, head)
    kind = APIConnectionError if error.cut else APIResponseValidationError
    return kind(str(error), **_told_by(head), **_labels(exchange))


def _only_error(exchange: Exchange[Any], head: ReplyHead, body: bytes) -> ErrorDetail | None:
    """What a reply says that fits nothing and is only an error."""
    # What reads errors is loaded with the first of them: most programs begin without one.
    from .._dialects.error_bodies import tells_only_an_error
    from .._dialects.failing import retryable

    return retryable(exchange.route.dialect.decode_error(head, body)) if tells_only_an_error(body) else None


def status_error(exchange: Exchange[Any], head: ReplyHead, body: bytes) -> APIError:
    """What the caller gets for a reply whose status says that there is no answer."""
    detail = exchange.route.dialect.decode_error(head, body)
    if "location" in head.headers and head.status < 400:
        advice = "redirects are not followed, for the key belongs to one host: put the address into api_base"
        detail = attrs.evolve(detail, message=f"it redirects to {head.headers['location'][:500]!r}; {advice}")
    return detail_error(exchange, detail, head, head.status)


def detail_error(exchange: Exchange[Any], detail: ErrorDetail, head: ReplyHead, status: int | None = None) -> APIError:
    """What the caller gets for what the provider said; `status` is that of a reply that is an error."""
    status = status or detail.status
    is_busy = status in exchange.route.quirks.busy_statuses
    kind = detail.kind or (class_for_status(503 if is_busy else status) if status else APIError)
    error = kind(
        detail.message,
        **_told_by(head),
        retry_after=_asked_wait(head, detail),
        code=detail.code,
        should_retry=False if detail.final else explicit_word(head.headers) if head.status >= 300 else None,
        partial=detail.partial,
        **_labels(exchange),
    )
    if status is not None:
        error.status_code = status
    if head.status < 300:
        error.reply_status = head.status
    if is_busy and error.should_retry is None:
        error.should_retry = True
    if detail.partial is not None:
        error.partial = detail.partial
    return without_secrets(error, _secrets(exchange))


def _secrets(exchange: Exchange[Any]) -> tuple[str, ...]:
    """What must not be in any text about this attempt: providers and gateways quote what they were sent."""
    sent = exchange.sent or exchange.http
    return secrets_of(sent.headers, sent.path)


def _asked_wait(head: ReplyHead, detail: ErrorDetail) -> float | None:
    """Seconds to wait: by retry-after, else by the body, else, after a 429, by the reset headers."""
    now = time.time()
    asked = asked_wait(head.headers, now) if head.status >= 300 else None
    if asked is None:
        asked = detail.retry_after
    return reset_wait(head.headers, now) if asked is None and head.status == 429 else asked
