"""What a cassette holds, and its file: JSON lines, the first of which says what it is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from os import PathLike
from pathlib import Path
from typing import Any, Final

import attrs

from ..._transport import TransportError
from ..._types.http import HTTPRequest, ReplyHead
from ..._types.http_form import read_body, written_body

_MARK: Final = "trio_llm_cassette"
_VERSION: Final = 1


class TapeEnding(Enum):
    """How a recorded exchange ended."""

    COMPLETE = "complete"
    BROKEN = "broken"
    """The connection broke, before the head or inside the body."""
    LEFT = "left"
    """The client let go of it first; what would have come is not known."""


@attrs.frozen
class TapePiece:
    """Bytes that were read together."""

    delay: float
    """Seconds after the piece before it, or after the head."""
    data: bytes


@attrs.frozen
class TapeFailure:
    """What a `TransportError` said."""

    message: str
    sent: bool = False
    stale: bool = False
    lasting: bool = False

    @classmethod
    def of(cls, error: TransportError) -> TapeFailure:
        """The same, to be kept."""
        return cls(str(error), error.sent, error.stale, error.lasting)

    def error(self) -> TransportError:
        """The error, to be raised again."""
        return TransportError(self.message, sent=self.sent, stale=self.stale, lasting=self.lasting)


@attrs.frozen(kw_only=True)
class TapedExchange:
    """One request and all that came of it."""

    started: float = 0.0
    """Seconds after the first request of the cassette."""
    origin: str
    request: HTTPRequest
    """Without its credentials."""
    latency: float = 0.0
    """Seconds from the request to the head, to the failure, or until the client left."""
    head: ReplyHead | None = None
    pieces: Sequence[TapePiece] = ()
    ending: TapeEnding = TapeEnding.COMPLETE
    failure: TapeFailure | None = None

    def to_dict(self) -> dict[str, Any]:
        """As values that JSON has."""
        reply: dict[str, Any] = {"after": self.latency, "ending": self.ending.value}
        if self.failure is not None:
            reply["failure"] = attrs.asdict(self.failure)
        if self.head is not None:
            reply |= {"status": self.head.status, "headers": dict(self.head.headers)}
            reply["pieces"] = [{"after": piece.delay, **written_body(piece.data)} for piece in self.pieces]
        return {"at": self.started, "origin": self.origin, "request": self.request.to_dict(), "reply": reply}

    @classmethod
    def from_dict(cls, form: Mapping[str, Any]) -> TapedExchange:
        """What `to_dict` wrote. Raises `KeyError`, `TypeError` or `ValueError` if it is no such."""
        reply, failure = form["reply"], form["reply"].get("failure")
        head = ReplyHead(int(reply["status"]), dict(reply["headers"])) if "status" in reply else None
        return cls(
            started=float(form["at"]),
            origin=form["origin"],
            request=HTTPRequest.from_dict(form["request"]),
            latency=float(reply["after"]),
            head=head,
            pieces=[TapePiece(float(piece["after"]), read_body(piece)) for piece in reply.get("pieces", ())],
            ending=TapeEnding(reply["ending"]),
            failure=TapeFailure(**failure) if failure else None,
        )


class TapeWriter:
    """A cassette that is being recorded. Every exchange is in the file as soon as it has ended."""

    def __init__(self, path: str | PathLike[str]) -> None:
        self._path = Path(path)
        self._path.write_text(json.dumps({_MARK: _VERSION}) + "\n", encoding="utf-8")

    def add(self, exchange: TapedExchange) -> None:
        """Append an exchange that has ended."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(exchange.to_dict(), ensure_ascii=False) + "\n")


def is_tape(text: str) -> bool:
    """Whether a file is one of ours."""
    return text.startswith(f'{{"{_MARK}"')


def read_exchanges(text: str, name: str) -> Iterator[TapedExchange]:
    """The exchanges of such a file as they stand in it.

    Raises:
        ValueError: if it is none.
    """
    first, *lines = text.removesuffix("\n").split("\n")  # not `splitlines`, which also ends lines at U+2028
    if json.loads(first)[_MARK] != _VERSION:
        raise ValueError(f"{name} is a cassette of another version: {first}")
    for number, line in enumerate(lines, 2):
        try:
            yield TapedExchange.from_dict(json.loads(line))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{name}, line {number}: no recorded exchange ({error!r})") from error
