"""A call at one model: what each of its attempts needs, and how an attempt enters and is signed."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from .._dialects.contract import WireCall
from .._limits.account import Account, Admission
from .._limits.ticket import Ticket
from .._transport import Transport
from .._types.errors import RateLimitError
from .._types.headers import with_extra
from .._types.http import HTTPRequest, ReplyHead
from .._types.receipt import EnforcedBy
from .attempts import CallFrame
from .routes import Route
from .seams import Gate, Learnt

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
        gated = GatedAdmission(admission, self)
        if not gated.pass_nowait(self.gates):
            self.waiting = gated
            return None
        if gated.given_headers is not None:
            self.http.headers = with_extra(self.http.headers, gated.given_headers)
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
            gated = GatedAdmission(admission, self)
            if not gated.pass_nowait(self.gates):
                await gated.pass_all()
        else:
            await gated.pass_all()
        gated.at = self.call.calls.clock()
        if gated.given_headers is not None:
            self.http.headers = with_extra(self.http.headers, gated.given_headers)
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


class GatedAdmission(Learnt):
    """An account's admission together with what the gates gave: used in the same way, for the same `with` block.

    What was entered is left, in whatever way the attempt ends: also where a later gate refuses, or the wait for it is
    cancelled. Gates are left in the opposite order, the account's slot last.

    Gates see it as the `Departure` of the attempt when they are entered, and as what is `Learnt` of it when they are
    left. It is one object, as every attempt makes it.
    """

    __slots__ = ("_admission", "_delivered", "_entered", "_exchange", "at", "given_headers", "learns")

    def __init__(self, admission: Admission, exchange: Exchange[Any]) -> None:
        self._admission = admission
        self._exchange = exchange
        self._entered: list[object] = []
        """What each gate gave, of those that were passed."""
        self.at = admission.at
        """When it left the line of its account, or the last gate if it had to wait there."""
        self.learns = admission.learns
        """Whether the account wants to know the headers of the reply."""
        body = exchange.http.body
        self.size = len(body) if type(body) is bytes else None
        request: Any = exchange.wire_call.request
        self.request = request
        self.provider = exchange.provider
        self.model = exchange.model
        self.number = exchange.call.attempts + 1
        self.usage = self.response = self.error = self.head = self._delivered = None
        self.given_headers: dict[str, str] | None = None
        """None as long as no gate gave any."""
        self.received = 0

    if not TYPE_CHECKING:  # what is asked for rarely is made then

        @property
        def deadline(self) -> float:
            """See `Departure`."""
            return self._exchange.call.deadline

        @property
        def activity(self) -> Any:
            """See `Departure`."""
            return self._exchange.call.watch

        @property
        def host(self) -> str:
            """See `Departure`."""
            return self._exchange.route.destination.origin.host

        @property
        def account(self) -> int:
            """See `Departure`."""
            return hash(self._exchange.route.destination.account)

        @property
        def headers(self) -> dict[str, str]:
            """See `Departure`."""
            if self.given_headers is None:
                self.given_headers = {}
            return self.given_headers

        @property
        def delivered(self) -> list[Any]:
            """See `Learnt`."""
            if self._delivered is None:
                self._delivered = []
            return self._delivered

        @delivered.setter
        def delivered(self, chunks: list[Any]) -> None:
            self._delivered = chunks

    def learn(self, head: ReplyHead) -> None:
        """Take note of a reply's headers."""
        self._admission.learn(head)

    def pass_nowait(self, gates: Sequence[Gate]) -> bool:
        """Enter these gates. False if one has to be waited for; it and the rest are for `pass_all`.

        If one refuses, everything is left again.
        """
        try:
            for gate in gates:
                given = gate.enter_nowait(self)
                if given is None:
                    return False
                self._entered.append(given)
        except BaseException as error:
            self.leave(error)
            raise
        return True

    async def pass_all(self) -> None:
        """Wait at the gate that let nobody in at once, and enter the rest. Cancelled, everything is left again."""
        is_through, entered, gates = False, self._entered, self._exchange.gates
        while not is_through:
            try:
                entered.append(await gates[len(entered)].enter(self))
            except BaseException as error:
                self.leave(error)
                raise
            is_through = self.pass_nowait(gates[len(entered) :])

    def leave(self, error: BaseException | None) -> None:
        """Leave without a `with` block. `error` is what ended the attempt, if any did."""
        admission, exchange, entered = self._admission, self._exchange, self._entered
        admission.usage, admission.received = self.usage, self.received
        self.error, self.head = error, exchange.call.head
        try:
            while entered:
                given = entered.pop()
                exchange.gates[len(entered)].leave(given, self)
        except BaseException:
            self.leave(error)  # the others are left all the same
            raise
        exchange.account.leave(admission, error)

    def __enter__(self) -> GatedAdmission:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.leave(error)


async def sign_attempt(exchange: Exchange[Any]) -> HTTPRequest:
    """The request with a secret that is good now: the last thing before the connection, after every wait."""
    route = exchange.route
    assert route.credential is not None
    http, exchange.secret = await route.credential.sign(route.destination.origin, exchange.http, route.provider)
    exchange.sent = http
    return http
