"""One exchange with a provider: slot, connection, request, reply. Whoever is here owns the reply and closes it.

An attempt goes one way, and what it took is given back in the opposite order, however it ends:

    admission (account, gates) ──> signature ──> connection ──> head ──> body ──> response or chunks

- Before the admission nothing was taken. A cancellation that came until then is noticed before anything is sent.
- As long as an admission is held, which for streams is a `with` block, the reply is closed before the slot is given
  back.
- An error of a transport or of a decoder becomes an `APIError` here and nowhere else. Other errors are bugs, and pass.
- A stream's generator is suspended inside the block for as long as its reader takes. It is finished by its end, by an
  error, by whoever closes it, or by the event loop if it was forgotten. Each of these leaves the block.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar

import attrs

from .._convert import json as _json
from .._convert.converter import ConversionError
from .._dialects.contract import Endpoint, ErrorDetail, ReplyIsError, StreamDecoder, StreamEndpoint, WireCall
from .._limits.account import Account, Admission
from .._limits.header_formats import reset_wait
from .._limits.ticket import Ticket
from .._runtime import trio
from .._transport import Reply, Transport, TransportError
from .._types.errors import APIConnectionError, APIError, APIResponseValidationError, RateLimitError, class_for_status
from .._types.headers import with_extra
from .._types.http import HTTPRequest, ReplyHead
from .._types.mapping import Record
from .._types.receipt import EnforcedBy, Receipt, request_id_of
from .._types.secrets import secrets_of, without_secrets
from .._types.usage import Usage, updated_usage
from .attempts import CallFrame
from .gates import GatedAdmission
from .identity import Identity, identify
from .retry import asked_wait, explicit_word
from .routes import Route
from .seams import Gate

RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT")
ChunkT = TypeVar("ChunkT")

MAX_REPLY_SIZE = 1 << 28
"""Bytes that a whole reply may have."""
MAX_ERROR_SIZE = 1 << 20
"""Bytes of an error reply that are read; the rest says nothing more."""
DRAIN_TIME = 0.25
"""Seconds to wait for the end of a body whose last event has been read, so that its connection can be used again."""
ERROR_BODY_TIME = 5.0
"""Seconds to wait for the body of an error reply."""
_COMMENTS = re.compile(rb"(?::[^\r\n]*[\r\n]\s*)+")
"""Comments of an event stream that have ended, and the blank lines behind them."""


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
        if gated is None:
            admission = await self._wait_in_line()
            if not self.gates:
                self.call.left_line(admission.at)
                return admission
            gated = self._before_gates(admission)
        await gated.pass_all()
        if gated.headers:
            self.http.headers = with_extra(self.http.headers, gated.headers)
        self.call.left_line(gated.at)
        return gated

    async def _wait_in_line(self) -> Admission:
        account, ticket = self.account, self.ticket
        self.call.stand_in_line()
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


async def receive_whole(exchange: Exchange[RequestT], endpoint: Endpoint[RequestT, ResponseT]) -> ResponseT:
    """One attempt at a call with a whole reply.

    Raises:
        APIError: if the provider answered with an error, nonsense, or not at all.
    """
    call = exchange.call
    # Check for cancellation here: with a free slot and an idle connection, the request leaves before any checkpoint.
    await call.calls.checkpoint_if_cancelled()
    admission = exchange.enter_nowait() or await exchange.enter()
    try:  # in place of a `with` block, which would cost every call more than what it does in the end
        try:
            to, watch = exchange.route.destination.origin, call.watch
            http = exchange.http if exchange.route.credential is None else await sign_attempt(exchange)
            if watch is not None:
                exchange.number = watch.attempt_sent(exchange.provider, exchange.model, http, to)
            reply = await exchange.transport.send(to, http)
            head = call.head = reply.head
            if admission.learns:
                admission.learn(head)
            body = reply.finish_nowait() if head.status < 300 else None
            if body is None:
                body = await _finish(reply)
            if watch is not None:
                watch.received += len(body)
            if head.status >= 300:
                raise _status_error(exchange, head, body)
            exchange.wire_call.head = head
            response = endpoint.decode(exchange.wire_call, body)
            identify(exchange.wire_call, response)
            admission.usage = usage_of(response)
            now = call.answered = call.calls.clock()
            if isinstance(admission, GatedAdmission):
                admission.response = response
            if isinstance(response, Record):
                asked = exchange.wire_call.request
                response.receipt = Receipt(
                    exchange.provider, exchange.model, head, admission.at, now, exchange.enforced_by, asked
                )
        except (ConversionError, ReplyIsError, TransportError) as error:
            raise _attempt_error(exchange, error) from error
    except BaseException as error:
        admission.leave(error)
        raise
    admission.leave(None)
    return response


@attrs.frozen
class StreamReading(Generic[RequestT, ChunkT]):
    """How the reply to a stream request is read."""

    endpoint: StreamEndpoint[RequestT, ChunkT]
    unfold: Callable[[bytes], ChunkT]
    """A whole reply's body as one chunk. Raises what decoding it raises."""


async def receive_stream(  # noqa: ASYNC900 - see the docstring
    exchange: Exchange[RequestT], reading: StreamReading[RequestT, ChunkT]
) -> AsyncGenerator[list[ChunkT], None]:
    """One attempt at a call with a streamed reply: a batch of chunks for every network read that completes any.

    A private generator rather than a class, because event loops finalise generators that are forgotten: it
    owns slot and reply, and no scope or task of ours is open while it is suspended.
    """
    call = exchange.call
    # Check for cancellation here: with a free slot and an idle connection, the request leaves before any checkpoint.
    await call.calls.checkpoint_if_cancelled()
    with exchange.enter_nowait() or await exchange.enter() as admission:
        try:
            # Time limits on content begin here: waiting for a slot is not the provider's silence.
            yield []  # noqa: ASYNC119 - closed by whoever holds the stream, or by the event loop
            reply = await _sent(exchange)
            asked, how = exchange.wire_call.request, exchange.enforced_by
            call.receipt = Receipt(exchange.provider, exchange.model, reply.head, admission.at, None, how, asked)
            try:
                admission.learn(reply.head)
                if reply.head.status >= 300:
                    raise _status_error(exchange, reply.head, await _read_error(reply))
                exchange.wire_call.head = reply.head
                decoder, identity = reading.endpoint.open_decoder(exchange.wire_call), Identity(exchange.wire_call)
                data = await _read_beginning(exchange, reply)
                if _is_whole(reply.head, data) and not reading.endpoint.of_documents:
                    chunk = reading.unfold(await _read_body(reply, data))
                    identity.settle(chunk)
                    _take(admission, [chunk])
                    yield [chunk]  # noqa: ASYNC119 - closed by whoever holds the stream, or by the event loop
                    return
                while not decoder.finished:
                    # No data is the end of the body; `close` raises if that came too early.
                    batch = decoder.feed(data) if data else decoder.close()
                    identity.settle_all(batch)
                    if batch:
                        _take(admission, batch)
                        yield batch  # noqa: ASYNC119 - closed by whoever holds the stream, or by the event loop
                    if decoder.failure is not None:
                        raise _detail_error(exchange, decoder.failure, reply.head)
                    if not data:
                        return
                    if not decoder.finished:
                        data = await _read_on(exchange, reply, decoder)
                await _drain(reply)
            finally:
                await reply.aclose()  # it waits for nothing
        except (ConversionError, ReplyIsError, TransportError) as error:
            raise _attempt_error(exchange, error) from error
        except GeneratorExit:
            call.forgotten(admission.usage)
            raise


def _take(admission: Admission | GatedAdmission, batch: list[Any]) -> None:
    """Note what of a stream has come."""
    admission.received += len(batch)
    if admission.delivered is not None and type(batch[0]) is not bytes:  # sound may be longer than memory
        admission.delivered += batch
    if (usage := next(filter(None, map(usage_of, reversed(batch))), None)) is not None:
        admission.usage = updated_usage(admission.usage, usage)


async def _sent(exchange: Exchange[Any]) -> Reply:
    """The reply to an attempt at a stream, as far as its head."""
    call, to = exchange.call, exchange.route.destination.origin
    http = exchange.http if exchange.route.credential is None else await sign_attempt(exchange)
    if call.watch is not None:
        exchange.number = call.watch.attempt_sent(exchange.provider, exchange.model, http, to)
    reply = await exchange.transport.send(to, http)
    call.head = reply.head
    return reply


async def _read_beginning(exchange: Exchange[Any], reply: Reply) -> bytes:
    """The first bytes that say something: servers keep a connection alive with line breaks and comments."""
    data = exchange.counted(await reply.read())
    if not _is_text(reply.head):
        return data
    while data and (said := data.lstrip())[:1] in (b"", b":") and len(data) <= MAX_ERROR_SIZE:
        comments = _COMMENTS.match(said)
        rest = said[comments.end() :] if comments is not None else said
        if comments is not None and rest[:1] not in (b"", b":"):
            return rest
        more = exchange.counted(await reply.read())
        data = rest + more
        if not more:
            break
    return data


def _is_text(head: ReplyHead) -> bool:
    kind = head.headers.get("content-type", "")
    return not kind or "json" in kind or kind.startswith("text/")


async def _read_on(exchange: Exchange[Any], reply: Reply, decoder: StreamDecoder[Any]) -> bytes:
    """The next bytes. A connection that breaks behind a complete answer ends it, for nothing is missing."""
    try:
        return exchange.counted(await reply.read())
    except TransportError:
        if not decoder.complete:
            raise
        return b""


def _is_whole(head: ReplyHead, data: bytes) -> bool:
    """Whether JSON came where a stream was asked for: gateways do that, and errors with status 200.

    The bytes tell, for servers that do so label either as the other. Sound may begin with any byte.
    """
    return _is_text(head) and data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


def usage_of(value: object) -> Usage | None:
    """The usage that a response or chunk tells."""
    usage = getattr(value, "usage", None)
    if type(usage) is Usage or usage is None:
        return usage
    # The usage of a response of the Responses API says the same under other names.
    usage = getattr(usage, "chat_usage", usage)
    return usage if isinstance(usage, Usage) else None


async def _finish(reply: Reply) -> bytes:
    try:
        return await (_read_body(reply, b"") if reply.head.status < 300 else _read_error(reply))
    finally:
        await reply.aclose()  # it waits for nothing


async def _read_body(reply: Reply, beginning: bytes) -> bytes:
    """The whole body, whose beginning has been read. A connection that breaks behind a JSON document costs nothing."""
    pieces, size = [beginning], len(beginning)
    try:
        while data := await reply.read():
            pieces.append(data)
            size += len(data)
            _check_size(size)
    except TransportError:
        if not _is_document(b"".join(pieces)):
            raise
    return b"".join(pieces)


def _check_size(size: int) -> None:
    if size > MAX_REPLY_SIZE:
        raise TransportError(f"the reply is longer than {MAX_REPLY_SIZE} bytes")


def _is_document(body: bytes) -> bool:
    if not body.rstrip().endswith((b"}", b"]")):
        return False
    try:
        return isinstance(_json.loads(body), dict | list)
    except ValueError:
        return False


async def _read_error(reply: Reply) -> bytes:
    """What comes of an error's body in a short time; its status says enough to go on without the rest."""
    pieces: list[bytes] = []
    with trio.move_on_after(ERROR_BODY_TIME):
        while sum(map(len, pieces)) <= MAX_ERROR_SIZE and (data := await reply.read()):
            pieces.append(data)
    return b"".join(pieces)


async def _drain(reply: Reply) -> None:
    """Read what follows a stream's last frame, for the connection to be used again. One that breaks now is not."""
    with suppress(TransportError), trio.move_on_after(DRAIN_TIME):
        while await reply.read():
            pass


def _labels(exchange: Exchange[Any]) -> dict[str, Any]:
    return {"llm_provider": exchange.provider, "model": exchange.model, "attempts": exchange.call.attempts}


def _told_by(head: ReplyHead) -> dict[str, Any]:
    return {"request_id": request_id_of(head.headers), "response_headers": head.headers}


def _attempt_error(exchange: Exchange[Any], error: ConversionError | ReplyIsError | TransportError) -> APIError:
    """What the caller gets for what a transport or a decoder raised."""
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
        return _detail_error(exchange, error.detail, head)
    kind = APIConnectionError if error.cut else APIResponseValidationError
    return kind(str(error), **_told_by(head), **_labels(exchange))


def _status_error(exchange: Exchange[Any], head: ReplyHead, body: bytes) -> APIError:
    detail = exchange.route.dialect.decode_error(head, body)
    if "location" in head.headers and head.status < 400:
        advice = "redirects are not followed, for the key belongs to one host: put the address into api_base"
        detail = attrs.evolve(detail, message=f"it redirects to {head.headers['location'][:500]!r}; {advice}")
    return _detail_error(exchange, detail, head, head.status)


def _detail_error(exchange: Exchange[Any], detail: ErrorDetail, head: ReplyHead, status: int | None = None) -> APIError:
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
