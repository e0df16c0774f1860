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

from collections.abc import AsyncGenerator, Callable
from typing import Any, Generic, TypeVar

import attrs

from .._convert.converter import ConversionError
from .._dialects.contract import Endpoint, ReplyIsError, StreamEndpoint
from .._limits.account import Admission
from .._transport import Reply, TransportError
from .._types.mapping import Record
from .._types.receipt import Receipt
from .._types.usage import Usage, updated_usage
from .attempt_errors import attempt_error, detail_error, status_error
from .exchange import Exchange, GatedAdmission, sign_attempt
from .identity import Identity, identify
from .reply_bodies import LastWords, drain, finish, is_whole, read_beginning, read_body, read_error

RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT")
ChunkT = TypeVar("ChunkT")


async def receive_whole(exchange: Exchange[RequestT], endpoint: Endpoint[RequestT, ResponseT]) -> ResponseT:
    """One attempt at a call with a whole reply.

    Raises:
        APIError: if the provider answered with an error, nonsense, or not at all.
    """
    call = exchange.call
    # Check for cancellation here: with a free slot and an idle connection, the request leaves before any checkpoint.
    await call.calls.checkpoint_if_cancelled()
    admission = exchange.enter_nowait() or await exchange.enter()
    body: bytes | None = None
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
                body = await finish(reply)
            if watch is not None:
                watch.received += len(body)
            if head.status >= 300:
                raise status_error(exchange, head, body)
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
            raise attempt_error(exchange, error, body) from error
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
                    raise status_error(exchange, reply.head, await read_error(reply))
                exchange.wire_call.head = reply.head
                decoder, identity = reading.endpoint.open_decoder(exchange.wire_call), Identity(exchange.wire_call)
                data = await read_beginning(reply, exchange.counted)
                if is_whole(reply.head, data) and not reading.endpoint.of_documents:
                    chunk = reading.unfold(await read_body(reply, data))
                    identity.settle(chunk)
                    _take(admission, [chunk])
                    yield [chunk]  # noqa: ASYNC119 - closed by whoever holds the stream, or by the event loop
                    return
                rest = LastWords(reply, decoder, exchange.counted)
                while not decoder.finished:
                    # No data is the end of the body; `close` raises if that came too early.
                    batch = decoder.feed(data) if data else decoder.close()
                    identity.settle_all(batch)
                    if batch:
                        _take(admission, batch)
                        yield batch  # noqa: ASYNC119 - closed by whoever holds the stream, or by the event loop
                    if decoder.failure is not None:
                        raise detail_error(exchange, decoder.failure, reply.head)
                    if not data:
                        return
                    if not decoder.finished:
                        data = await rest.read_on()
                await drain(reply)
            finally:
                await reply.aclose()  # it waits for nothing
        except (ConversionError, ReplyIsError, TransportError) as error:
            raise attempt_error(exchange, error) from error
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


def usage_of(value: object) -> Usage | None:
    """The usage that a response or chunk tells."""
    usage = getattr(value, "usage", None)
    if type(usage) is Usage or usage is None:
        return usage
    # The usage of a response of the Responses API says the same under other names.
    usage = getattr(usage, "chat_usage", usage)
    return usage if isinstance(usage, Usage) else None
