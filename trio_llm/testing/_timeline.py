"""A reply as a schedule of bytes, with all that the script wants to go wrong on the way."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from enum import Enum

import attrs

from .._types.http import ReplyHead
from ._actions import AtByte, AtEvent, Cause, Delivery
from ._ledger import RecordedRequest
from ._wires._model import BodyEvent


class Ending(Enum):
    """What happens after the last piece.

    Example:
        assert simulator.respond(request).ending is Ending.CUT
    """

    COMPLETE = "complete"
    CUT = "cut"
    STALL = "stall"


@attrs.frozen
class Piece:
    """Bytes that arrive together.

    Example:
        print([piece.data for piece in simulator.respond(request).timeline])
    """

    delay: float
    """Seconds after the piece before it, or after the head."""
    data: bytes
    tokens: int = 0
    """Tokens of the answer that are complete with it."""


@attrs.frozen
class ScriptedReply:
    """Everything that will happen to one request, decided beforehand.

    Example:
        reply = simulator.respond(request, now=0.0)
        print(reply.head.status, len(reply.timeline))
    """

    request: RecordedRequest
    head: ReplyHead | None
    """None where the connection breaks before it."""
    latency: float
    """Seconds from the request to the head, or to the break."""
    timeline: Sequence[Piece] = ()
    ending: Ending = Ending.COMPLETE
    cause: Cause = Cause.RESET
    """Why the connection breaks before the head."""


def schedule(
    events: Sequence[BodyEvent], delivery: Delivery, keep_alive: bytes, gap: Callable[[], float] | None = None
) -> tuple[list[Piece], Ending]:
    """The pieces in which the events arrive, and what follows them. `gap` draws the times between them."""
    draw = gap or (lambda: delivery.gap)
    kept, ending = _until(_with_garble(_rearranged(events, delivery), delivery.garble_at), delivery)
    silent = [BodyEvent(keep_alive)] * delivery.keep_alives
    timed = [*kept, *silent] if ending is Ending.STALL else [*silent, *kept]
    pieces = [Piece(draw() if place else 0.0, event.data, event.tokens) for place, event in enumerate(timed)]
    return [part for piece in pieces for part in _split(piece, delivery)], ending


def _rearranged(events: Sequence[BodyEvent], delivery: Delivery) -> Sequence[BodyEvent]:
    """The events, one of them twice or behind the next."""
    found = list(events)
    place = delivery.swap_at
    if place is not None and place + 1 < len(found):
        found[place : place + 2] = [found[place + 1], found[place]]
    place = delivery.duplicate_at
    if place is not None and place < len(found):
        found.insert(place, BodyEvent(found[place].data))
    return found


def _with_garble(events: Sequence[BodyEvent], number: int | None) -> Sequence[BodyEvent]:
    if number is None or number >= len(events):
        return events
    event = events[number]
    ending = b"\n\n" if event.data.endswith(b"\n\n") else b""  # the frame stays whole, its JSON does not
    half = BodyEvent(event.data[: len(event.data) // 2] + ending, event.tokens)
    return [*events[:number], half, *events[number + 1 :]]


def _until(events: Sequence[BodyEvent], delivery: Delivery) -> tuple[Sequence[BodyEvent], Ending]:
    place = delivery.cut_at or delivery.stall_at
    ending = Ending.CUT if delivery.cut_at else Ending.STALL
    match place:
        case AtEvent(number) if number < len(events):
            return events[:number], ending
        case AtByte(number) if number < sum(len(event.data) for event in events):
            return list(_first_bytes(events, number)), ending
        case _:
            return events, Ending.COMPLETE


def _first_bytes(events: Sequence[BodyEvent], size: int) -> Iterator[BodyEvent]:
    for event in events:
        data = event.data[:size]
        if data:
            yield BodyEvent(data, event.tokens if data == event.data else 0)
        size -= len(data)


def _split(piece: Piece, delivery: Delivery) -> Iterator[Piece]:
    size = delivery.split
    if size is None or len(piece.data) <= size:
        yield piece
        return
    count = math.ceil(len(piece.data) / size)
    for number in range(count):
        data = piece.data[number * size : (number + 1) * size]
        yield Piece(delivery.trickle if number else piece.delay, data, piece.tokens if number == count - 1 else 0)
