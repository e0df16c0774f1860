"""What is known of the reply that a response came in, beside the response itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, Protocol, TypeAlias

import attrs

from .http import ReplyHead

_REQUEST_IDS = ("x-request-id", "request-id", "x-amzn-requestid", "apim-request-id", "x-goog-request-id", "cf-ray")
EnforcedBy: TypeAlias = Literal["schema", "tool", "instruction"]
"""How a provider is held to a schema."""
_NO_HEADERS: Final[Mapping[str, str]] = {}


@attrs.define(eq=False)
class Receipt:
    """About the reply that a response came in. Times are seconds on the clock of the run that it came in.

    Example:
        receipt = response.receipt
        print(receipt.llm_provider, receipt.ended - receipt.sent, "seconds")
    """

    llm_provider: str
    """Name of the catalogue row that was asked."""
    model: str
    """The model that was asked for, by its name without the provider's prefix."""
    head: ReplyHead = attrs.field(repr=False)
    """Status and headers."""
    sent: float
    """When the request got its slot."""
    ended: float | None = None
    """When the whole reply was there; None while it is still coming."""
    enforced_by: EnforcedBy | None = None
    """How the provider was held to the schema that was asked for; None where none was."""
    request: Any = attrs.field(default=None, repr=False)
    """What was asked of that model. It stays behind where a response is copied or pickled: there are keys in it."""

    def __reduce__(self) -> tuple[type[Receipt], tuple[Any, ...]]:
        return Receipt, (self.llm_provider, self.model, self.head, self.sent, self.ended, self.enforced_by)


class _WithReceipt(Protocol):
    """What `Received` is mixed into."""

    @property
    def receipt(self) -> Receipt | None: ...


class Received:
    """What whole responses and streams tell of their reply. None of it is part of a response's JSON.

    response.request_id, response.response_seconds, response.response_headers.get("x-ratelimit-remaining-requests")
    """

    __slots__ = ()

    @property
    def response_headers(self: _WithReceipt) -> Mapping[str, str]:
        """Headers of the reply, with lower-case names; empty for what was made here."""
        return _NO_HEADERS if self.receipt is None else self.receipt.head.headers

    @property
    def request_id(self: _WithReceipt) -> str | None:
        """The provider's id of the request, to quote to its support; None if it gave none."""
        return None if self.receipt is None else request_id_of(self.receipt.head.headers)

    @property
    def response_seconds(self: _WithReceipt) -> float | None:
        """Seconds from sending the request to the end of its reply; None for what was made here, or still arrives.

        What came before is not counted: waits for a slot or a limit, and attempts that failed. Observers see those.
        """
        receipt = self.receipt
        return None if receipt is None or receipt.ended is None else receipt.ended - receipt.sent

    @property
    def enforced_by(self: _WithReceipt) -> EnforcedBy | None:
        """How the provider was held to the schema that was asked for; None where none was.

        `"schema"`: it was given the schema, and enforces it. `"tool"`: it had to call a tool whose input is the answer.
        `"instruction"`: it was told the schema in words. The row decides, see `Quirks.answers`.
        """
        return None if self.receipt is None else self.receipt.enforced_by

    @property
    def llm_provider(self: _WithReceipt) -> str | None:
        """Name of the catalogue row that answered; None for what was made here."""
        return None if self.receipt is None else self.receipt.llm_provider

    @property
    def requested_model(self: _WithReceipt) -> str | None:
        """The model that was asked for, without its provider's prefix; a response's `model` is the provider's name."""
        return None if self.receipt is None else self.receipt.model


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """The provider's id of a request, under whichever name its headers have it."""
    return next((headers[name] for name in _REQUEST_IDS if name in headers), None)
