"""Every exception of the package.

    LLMError
    ├── APIError                            the provider answered with an error, or could not be asked
    │   ├── BadRequestError                 400
    │   │   ├── UnsupportedParamsError      refused here, before a byte left
    │   │   ├── ContextWindowExceededError
    │   │   └── ContentPolicyViolationError
    │   ├── AuthenticationError             401, or no key was found
    │   ├── PermissionDeniedError           403
    │   ├── NotFoundError                   404
    │   ├── UnprocessableEntityError        422
    │   ├── RateLimitError                  429
    │   ├── InternalServerError             5xx
    │   ├── ServiceUnavailableError         503, 529
    │   ├── Timeout                         408, or one of the caller's own limits; also a TimeoutError
    │   ├── APIConnectionError              no reply, or a reply that broke off
    │   ├── APIResponseValidationError      a reply that makes no sense
    │   │   └── AnswerValidationError       an answer that does not fit the type that was asked for
    │   └── ClientClosedError               the client was closed or drained meanwhile, or before
    ├── AllFailedError                      a race, hedge or cascade without a winner
    ├── SlowReaderError                     a reader of a shared stream fell too far behind
    └── BudgetExceededError                 refused by the caller's own budget

The class follows from the status and the provider's structured code, never from the words of the message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@attrs.define(eq=False, slots=False, str=False, repr=False)
class LLMError(Exception):
    """Base of every exception that the package raises on purpose.

    Example:
        try:
            response = await client.completion(model, messages)
        except trio_llm.LLMError as error:
            print(type(error).__name__, error)
    """

    message: str = ""
    """What went wrong; the provider's own words where it said any."""

    def __str__(self) -> str:
        return self.message

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, field.name) for field in attrs.fields(type(self)))


@attrs.define(eq=False, slots=False, str=False, repr=False)
class APIError(LLMError):
    """A call failed. The attributes say where, and what came back before it did.

    Example:
        try:
            response = await client.completion(model, messages)
        except trio_llm.APIError as error:
            print(error.llm_provider, error.status_code, error.code, error.request_id)
    """

    default_status: ClassVar[int | None] = None

    llm_provider: str = ""
    """Name of the catalogue row that was asked."""
    model: str = ""
    """Model name without its provider's prefix."""
    status_code: int | None = attrs.field(default=attrs.Factory(lambda self: self.default_status, takes_self=True))
    """HTTP status; None where none was received."""
    request_id: str | None = None
    """The provider's id of the request, to quote to its support."""
    retry_after: float | None = None
    """Seconds that the provider asked to wait."""
    partial: Any = None
    """What a broken stream had delivered, or a failed response has, usage included: a response of the call's kind."""
    code: str | None = None
    """The provider's structured error code or type."""
    attempts: int = 0
    """Requests that were sent; 0 for what was refused here."""
    should_retry: bool | None = None
    """The provider's explicit word on whether to try again, if it gave one."""
    earlier: tuple[APIError, ...] = ()
    """Calls with fallbacks: the last errors of the models that were asked before this one, in order."""
    response_headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    """Headers of the reply that failed, with lower-case names; empty where none was received."""
    response_seconds: float | None = None
    """Seconds from sending the last request to the failure; None where none was sent."""
    reply_status: int | None = None
    """Status of the reply if it was no error's, as 200: then `status_code` is what the failure amounts to."""

    def __str__(self) -> str:
        where = f"{self.llm_provider}/{self.model}".strip("/")
        prefix = f"{where}{self._answered()}: " if where else ""
        suffix = f" (request id {self.request_id})" if self.request_id else ""
        return f"{prefix}{self.message}{suffix}"

    def _answered(self) -> str:
        if self.status_code is None or not self.attempts:
            return ""
        if self.reply_status is not None:
            return f" failed after status {self.reply_status}"
        return f" answered {self.status_code}"


class BadRequestError(APIError):
    """The request is at fault (400).

    Example:
        try:
            response = await client.completion(model, messages)
        except trio_llm.BadRequestError as error:
            print(error.code, error.message)  # the provider's own words
    """

    default_status: ClassVar[int | None] = 400


class UnsupportedParamsError(BadRequestError):
    """A parameter that is unknown, or that this provider cannot express. Nothing was sent.

    Example:
        try:
            response = await client.completion(model, messages)
        except trio_llm.UnsupportedParamsError:
            response = await client.completion(model, messages, logit_bias=bias, drop_params=True)
    """


class ContextWindowExceededError(BadRequestError):
    """The messages and the answer do not fit the model's context window.

    Example:
        try:
            response = await client.completion(model, messages)
        except trio_llm.ContextWindowExceededError:
            response = await client.completion(model, messages[-4:])
    """


class ContentPolicyViolationError(BadRequestError):
    """The provider refused the content.

    Example:
        try:
            response = await client.completion(model, messages)
        except trio_llm.ContentPolicyViolationError as error:
            print(error.code)  # "content_filter"
    """


class AuthenticationError(APIError):
    """The key is missing or wrong (401).

    Example:
        try:
            response = await client.completion(model, messages)
        except trio_llm.AuthenticationError as error:
            print(error.message)  # "no key: pass api_key or set OPENAI_API_KEY"
    """

    default_status: ClassVar[int | None] = 401


class PermissionDeniedError(APIError):
    """The key may not do this (403).

    Example:
        try:
            response = await client.completion(model, messages)
        except trio_llm.PermissionDeniedError as error:
            print(error.message)  # the key is good, and not for this
    """

    default_status: ClassVar[int | None] = 403


class NotFoundError(APIError):
    """No such model or address (404).

    Example:
        try:
            response = await client.completion(model, messages)
        except trio_llm.NotFoundError as error:
            print(error.model)  # the provider has no such model, or the base URL is wrong
    """

    default_status: ClassVar[int | None] = 404


class UnprocessableEntityError(APIError):
    """Understood and refused (422).

    Example:
        try:
            response = await client.completion(model, messages)
        except trio_llm.UnprocessableEntityError as error:
            print(error.message)  # which field the provider could not take
    """

    default_status: ClassVar[int | None] = 422


class RateLimitError(APIError):
    """Too many requests or tokens (429); `retry_after` says how long to wait, where the provider does.

    Example:
        try:
            response = await client.completion(model, messages)
        except trio_llm.RateLimitError as error:
            await trio.sleep(error.retry_after or 60)
    """

    default_status: ClassVar[int | None] = 429


class InternalServerError(APIError):
    """The provider failed (5xx).

    Example:
        try:
            response = await client.completion(model, messages)
        except trio_llm.InternalServerError as error:
            print(error.status_code, error.attempts)  # it was repeated, and failed each time
    """

    default_status: ClassVar[int | None] = 500


class ServiceUnavailableError(APIError):
    """The provider is overloaded or down (503, 529).

    Example:
        try:
            response = await client.completion(model, messages)
        except trio_llm.ServiceUnavailableError as error:
            print(error.retry_after)  # seconds, where the provider says how long
    """

    default_status: ClassVar[int | None] = 503


class Timeout(APIError, TimeoutError):
    """A limit of the caller's ran out, or the provider said 408.

    For streams `partial` holds what had arrived; the message names the limit.

        try:
            response = await client.completion(model, messages)
        except trio_llm.Timeout as error:
            print(error, error.partial)  # also a TimeoutError of Python
    """

    default_status: ClassVar[int | None] = 408

    def _answered(self) -> str:
        return ""  # its status is nearly always ours: nobody answered


@attrs.define(eq=False, slots=False, str=False, repr=False)
class APIConnectionError(APIError):
    """No reply, or one that broke off: the network, the address, or the peer.

    Example:
        try:
            response = await client.completion(model, messages)
        except trio_llm.APIConnectionError as error:
            print(error.partial)  # what a stream had brought before its connection broke
    """

    stale: bool = False
    """Whether a connection that had been idle ended at once when it was used again: the next attempt needs no pause."""


class APIResponseValidationError(APIError):
    """The provider's reply is malformed; the message has the path of the field, as `$.choices[0].index`.

    Example:
        try:
            response = await client.completion(model, messages)
        except trio_llm.APIResponseValidationError as error:
            print(error.message)  # "expected an object, got ... @ $.choices"
    """


class AnswerValidationError(APIResponseValidationError):
    """The model's answer does not fit the type in `response_format`.

    The message says what is wrong. The whole response is in `partial`, with the usage of all repairs.

        try:
            response = await client.completion(model, messages)
        except trio_llm.exceptions.AnswerValidationError as error:
            print(error.message, error.partial)
    """

    def _answered(self) -> str:
        return ""  # the provider has done its part


class ClientClosedError(APIError):
    """The client was closed, or is being drained: it refused the call, or ended it while it ran.

    Example:
        try:
            response = await client.completion(model, messages)
        except trio_llm.ClientClosedError as error:
            print(error.partial)  # what a stream had brought when its client was closed
    """

    def _answered(self) -> str:
        return ""


class AttemptedCall(Protocol):
    """What `AllFailedError` tells of each call: an `Outcome`."""

    @property
    def error(self) -> Exception | None:
        """Why it failed; None where its response was not accepted."""


@attrs.define(eq=False, slots=False, str=False, repr=False)
class AllFailedError(LLMError):
    """No call of a race, hedge or cascade won: each failed, or its response was not accepted.

    Example:
        try:
            response = await client.completion(model, messages)
        except trio_llm.AllFailedError as error:
            print([outcome.error for outcome in error.outcomes])
    """

    outcomes: Sequence[AttemptedCall] = ()
    """Every call's outcome, in the order of the jobs: its error, or the response that was not accepted."""

    @property
    def errors(self) -> list[Exception]:
        """The errors of the calls that failed, in the order of the jobs."""
        return [outcome.error for outcome in self.outcomes if outcome.error is not None]


@attrs.define(eq=False, slots=False, str=False, repr=False)
class SlowReaderError(LLMError):
    """A reader of `tee` fell behind the others by more than the lag that was allowed.

    Example:
        try:
            response = await client.completion(model, messages)
        except trio_llm.SlowReaderError as error:
            print(error)  # one reader of a tee fell too far behind the other
    """


class BudgetExceededError(LLMError):
    """The caller's own budget does not allow this call.

    Example:
        try:
            response = await client.completion(model, messages)
        except trio_llm.BudgetExceededError as error:
            print(error)  # nothing was sent
    """


_CLASSES: dict[int, type[APIError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: Timeout,
    422: UnprocessableEntityError,
    429: RateLimitError,
    503: ServiceUnavailableError,
    529: ServiceUnavailableError,
}


def class_for_status(status: int) -> type[APIError]:
    """The exception class of an HTTP error status."""
    return _CLASSES.get(status) or (InternalServerError if status >= 500 else APIError)
