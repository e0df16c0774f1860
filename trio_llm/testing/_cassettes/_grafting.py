"""Faults grafted onto what was recorded: the recording as a schedule of pieces, and a `Delivery` applied to it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Final

import attrs

from .._actions import AtByte, AtEvent, Delivery
from .._timeline import Ending, Piece
from ._tape import TapedExchange, TapeEnding

_EVENT: Final = re.compile(rb".*?(?:\r?\n){2}|.+", re.DOTALL)
_LINE: Final = re.compile(rb".*?\n|.+", re.DOTALL)
_KEEP_ALIVE: Final = b": keep-alive\n\n"
_ENDINGS: Final = {
    TapeEnding.COMPLETE: Ending.COMPLETE,
    TapeEnding.BROKEN: Ending.CUT,
    # The program left while it waited for more. Where it is the same program, it leaves again.
    TapeEnding.LEFT: Ending.STALL,
}


@attrs.frozen
class Playing:
    """A reply about to be played."""

    latency: float
    pieces: Sequence[Piece]
    ending: Ending


def playing(exchange: TapedExchange, *, in_time: bool) -> Playing:
    """A recording as it was; without its pauses unless `in_time`."""
    pieces = [Piece(piece.delay if in_time else 0.0, piece.data) for piece in exchange.pieces]
    latency = exchange.latency if in_time else 0.0
    if exchange.head is None and exchange.ending is TapeEnding.LEFT:
        latency = math.inf
    return Playing(latency, pieces, _ENDINGS[exchange.ending])


def grafted(exchange: TapedExchange, reply: Playing, fault: Delivery) -> Playing:
    """A recording with a fault in it. Events of a stream are whole ones, in however many pieces they came."""
    events = list(_events(exchange, reply.pieces))
    if fault.garble_at is not None and fault.garble_at < len(events):
        event = events[fault.garble_at]
        blank = b"\n\n" if event.data.endswith(b"\n\n") else b""  # the frame stays whole, its JSON does not
        events[fault.garble_at] = Piece(event.delay, event.data[: len(event.data) // 2] + blank)
    kept, ending = _until(events, fault, reply.ending)
    if _is_event_stream(exchange):
        silent = [Piece(fault.gap, _KEEP_ALIVE)] * fault.keep_alives
        kept = [*kept, *silent] if fault.stall_at is not None else [*silent, *kept]
    if fault.gap:
        kept = [Piece(fault.gap if place else 0.0, piece.data) for place, piece in enumerate(kept)]
    pieces = [part for piece in kept for part in _split(piece, fault.split)]
    return Playing(reply.latency + fault.latency, pieces, ending)


def _is_event_stream(exchange: TapedExchange) -> bool:
    return exchange.head is not None and "event-stream" in exchange.head.headers.get("content-type", "")


def _events(exchange: TapedExchange, pieces: Sequence[Piece]) -> Iterator[Piece]:
    """The events of the body, each due when its last byte was; of what is no stream of text, the pieces."""
    content_type = exchange.head.headers.get("content-type", "") if exchange.head else ""
    if "ndjson" not in content_type and not _is_event_stream(exchange):
        yield from pieces
        return
    pattern = _LINE if "ndjson" in content_type else _EVENT
    arrivals, at, size = list[tuple[int, float]](), 0.0, 0
    for piece in pieces:
        at, size = at + piece.delay, size + len(piece.data)
        arrivals.append((size, at))
    before = 0.0
    for match in pattern.finditer(b"".join(piece.data for piece in pieces)):
        due = next(time for end, time in arrivals if end >= match.end())
        yield Piece(due - before, match[0])
        before = due


def _until(events: Sequence[Piece], fault: Delivery, ending: Ending) -> tuple[list[Piece], Ending]:
    place = fault.cut_at or fault.stall_at
    broken = Ending.CUT if fault.cut_at else Ending.STALL
    match place:
        case AtEvent(number) if number < len(events):
            return list(events[:number]), broken
        case AtByte(number) if number < sum(len(event.data) for event in events):
            return list(_first_bytes(events, number)), broken
        case _:
            return list(events), ending


def _first_bytes(events: Sequence[Piece], size: int) -> Iterator[Piece]:
    for event in events:
        if size > 0:
            yield Piece(event.delay, event.data[:size])
        size -= len(event.data)


def _split(piece: Piece, size: int | None) -> Iterator[Piece]:
    if size is None:
        yield piece
        return
    for start in range(0, len(piece.data), size):
        yield Piece(0.0 if start else piece.delay, piece.data[start : start + size])
