"""From what a simulated provider does to the bytes and headers in which one wire says it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

import attrs

from .._types.http import ReplyHead
from ._actions import Failure, RawReply, Reply
from ._ledger import RecordedRequest
from ._limits import LimitState
from ._wires import _openai
from ._wires._limit_headers import TellLimits, headers_of_host
from ._wires._model import STREAMS, Answer, BodyEvent, Family, ReplyBody, SimulatedOperation, whole

_OVERLOAD: Final = Failure(529, "simulated overload")


@attrs.frozen
class Writing:
    """An action about to be put into bytes."""

    action: Reply | Failure | RawReply
    answer: Answer | None
    endpoint: SimulatedOperation | None

    @property
    def family(self) -> Family:
        """Whose words to use; OpenAI's for a path that nobody knows."""
        return self.endpoint.family if self.endpoint else _openai.OPENAI

    @property
    def status(self) -> int:
        """The reply's status."""
        return 200 if isinstance(self.action, Reply) else self.action.status

    def body(self, record: RecordedRequest) -> ReplyBody:
        """The reply's body, and the headers that belong to it."""
        action = self.action
        if isinstance(action, Failure):
            return attrs.evolve(whole(self.family.error(action)), headers=_failure_headers(action))
        if isinstance(action, RawReply):
            pieces = [action.body] if isinstance(action.body, bytes) else action.body
            return ReplyBody(action.content_type, [BodyEvent(piece) for piece in pieces], action.headers)
        assert self.endpoint is not None
        assert self.answer is not None
        return self._with_error(self.endpoint.write(record.prompt, self.answer), action)

    def _with_error(self, body: ReplyBody, action: Reply) -> ReplyBody:
        if action.error_at is None or body.content_type not in STREAMS:
            return body
        error = BodyEvent(self.family.error_event(_OVERLOAD))
        return attrs.evolve(body, events=[*body.events[: action.error_at], error])

    def head(self, record: RecordedRequest, body: ReplyBody, told: Mapping[str, str]) -> ReplyHead:
        """Status and headers; `told` is what the provider says beside the body."""
        headers = {"content-type": body.content_type, **body.headers, "x-request-id": f"simulated-{record.number}"}
        headers |= told
        if body.content_type not in STREAMS:
            headers["content-length"] = str(sum(len(event.data) for event in body.events))
        return ReplyHead(self.status, headers)

    def limits(self, record: RecordedRequest, states: list[LimitState], calendar: float | None) -> dict[str, str]:
        """What the vendor says of its limits, and of the time, in headers."""
        tell: TellLimits = self.family.limit_headers
        if self.family is _openai.OPENAI:
            host = record.prompt.address.partition("://")[2].partition("/")[0]
            tell = headers_of_host(host)
        date = {} if calendar is None else {"date": _http_date(calendar)}
        return {**date, **tell(states, calendar)}


def _http_date(calendar: float) -> str:
    return format_datetime(datetime.fromtimestamp(math.floor(calendar), UTC), usegmt=True)


def _failure_headers(failure: Failure) -> dict[str, str]:
    headers = dict(failure.headers)
    if failure.retry_after is not None:
        headers.setdefault("retry-after", f"{math.ceil(failure.retry_after)}")
        headers.setdefault("retry-after-ms", f"{math.ceil(failure.retry_after * 1000)}")
    return headers
