"""A call at one model: what each of its attempts needs, and how an attempt enters and is signed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import attrs

from .._dialects.contract import WireCall
from .._limits.account import Account, Admission
from .._limits.ticket import Ticket
from .._transport import Transport
from .._types.errors import RateLimitError
from .._types.headers import with_extra
from .._types.http import HTTPRequest
from .._types.receipt import EnforcedBy
from .attempts import CallFrame
from .gates import GatedAdmission
from .routes import Route
from .seams import Gate

RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT")
ChunkT = TypeVar("ChunkT")


@attrs.define
class Exchange(CallFrame, Generic[RequestT]):
    """A call at one model, with everything that one attempt needs, the same for each."""

    ticket: Ticket
    account: Account
    wire_call: WireCall[RequestT]
    """The call as its dialect knows it."""
    route: Route
    http: HTTPRequest
    transport: Transport
    enforced_by: EnforcedBy | None = None
    """How the provider is held to the schema that was asked for."""
    gates: Sequence[Gate] = ()
    """What each attempt passes behind its account."""
    secret: object = attrs.field(default=None, init=False, repr=False)
    """What the last attempt was signed with, where each is signed."""
    sent: HTTPRequest | None = attrs.field(default=None, init=False)
    """The signed request of the last attempt, where each is signed."""
    waiting: GatedAdmission | None = attrs.field(default=None, init=False)
    """Between `enter_nowait` and `enter`: what has a slot, and stands before a gate."""

    def enter_nowait(self) -> Admission | GatedAdmission | None:
        """Let this attempt leave, and write it down; None if it has to `enter`."""
        account, ticket = self.account, self.ticket
        admission = account.enter_nowait(account.cost_of(ticket), ticket)
        if admission is None:
            return None
        if not self.gates:
            self.call.left_line(admission.at)
            return admission
        gated = self._before_gates(admission)
        if not gated.pass_nowait():
            self.waiting = gated
            return None
        if gated.headers:
            self.http.headers = with_extra(self.http.headers, gated.headers)
        self.call.left_line(gated.at)
        return gated

    async def enter(self) -> Admission | GatedAdmission:
        """Wait for this attempt's turn, and write it down.

        Raises:
            RateLimitError: if it cannot come before the deadline.
        """
        gated, self.waiting = self.waiting, None
        self.call.stand_in_line()
        if gated is None:
            admission = await self._wait_in_line()
            if not self.gates:
                self.call.left_line(admission.at)
                return admission
            gated = self._before_gates(admission)
        await gated.pass_all()
        gated.at = self.call.calls.clock()
        if gated.headers:
            self.http.headers = with_extra(self.http.headers, gated.headers)
        self.call.left_line(gated.at)
        return gated

    async def _wait_in_line(self) -> Admission:
        account, ticket = self.account, self.ticket
        self._tell_wait()
        try:
            return await account.enter(account.cost_of(ticket), ticket)
        except RateLimitError as error:
            error.attempts = self.call.attempts
            raise

    def _before_gates(self, admission: Admission) -> GatedAdmission:
        call, to, body = self.call, self.route.destination, self.http.body
        request: Any = self.wire_call.request
        gated = GatedAdmission(admission, call, self.gates)
        gated.request, gated.provider, gated.model = request, self.provider, self.model
        gated.number, gated.deadline = call.attempts + 1, call.deadline
        gated.activity = None if call.watch is None else call.watch.activity
        gated.host, gated.account = to.origin.host, hash(to.account)
        gated.size = len(body) if type(body) is bytes else None
        return gated

    def _tell_wait(self) -> None:
        watch = self.call.watch
        if watch is not None and watch.told.call_waiting is not None:
            watch.waits(self.account.why(self.ticket))

    def counted(self, data: bytes) -> bytes:
        """A piece of a reply's body, counted for observers if there are any."""
        watch = self.call.watch
        if watch is not None:
            watch.received += len(data)
        return data


async def sign_attempt(exchange: Exchange[Any]) -> HTTPRequest:
    """The request with a secret that is good now: the last thing before the connection, after every wait."""
    route = exchange.route
    assert route.credential is not None
    http, exchange.secret = await route.credential.sign(route.destination.origin, exchange.http, route.provider)
    exchange.sent = http
    return http
