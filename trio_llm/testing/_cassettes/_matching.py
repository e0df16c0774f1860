"""Which recording belongs to a request: that of the same meaning. And where there is none, what has changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Final

from ..._types.http import HTTPRequest
from .._script import ScriptExhaustedError
from ._tape import TapedExchange

_ABSENT: Final[Any] = object()
_MOST_DIFFERENCES: Final = 8
_SHOWN: Final = 80


class StaleCassetteError(ScriptExhaustedError):
    """A request that a cassette has no answer to: the program has changed, or asks once more.

    The caller of the transport gets it as it is, for no retry would change it. Its text names the nearest recording,
    and what is different in it.

        with pytest.raises(StaleCassetteError, match="temperature"):
            await client.completion("openai/gpt-4o", messages, temperature=1)
    """

    def __init__(self, asked: HTTPRequest, differences: Sequence[str], *, played: int = 0) -> None:
        AssertionError.__init__(self, asked, differences)
        self.asked = asked
        """The request, without its credentials."""
        self.differences: tuple[str, ...] = tuple(differences)
        """What the nearest recording has otherwise, one line each; empty where there is no recording like it."""
        self.played = played
        """How often the same request was answered already."""

    def __str__(self) -> str:
        asked = f"{self.asked.method} {self.asked.path}"
        if self.played:
            times = "once" if self.played == 1 else f"{self.played} times"
            return f"{asked} was recorded {times} and is asked once more"
        if not self.differences:
            return f"the cassette has no recording of {asked}"
        more = len(self.differences) - _MOST_DIFFERENCES
        lines = [*self.differences[:_MOST_DIFFERENCES], *([f"and {more} more"] if more > 0 else [])]
        return "\n  ".join([f"the cassette has no recording of this {asked}; the nearest one differs in", *lines])


def meaning(request: HTTPRequest) -> str:
    """The same text for requests that ask the same of a host, whoever sends them."""
    value = body_value(request)
    if value is _ABSENT:
        kept = tuple((name, text) for name, text in request.headers if name == "content-type")
        return HTTPRequest(request.method, request.path, kept, request.body).fingerprint()
    body = json.dumps(value, sort_keys=True).encode()
    return HTTPRequest(request.method, request.path, (), body).fingerprint()


def body_value(request: HTTPRequest) -> Any:
    """The JSON of the body, with one form for each number; a mark of absence where it is none."""
    assert isinstance(request.body, bytes)
    try:
        return json.loads(request.body, parse_float=_number)
    except (ValueError, RecursionError):
        return _ABSENT


def _number(text: str) -> float | int:
    number = float(text)
    return int(number) if number.is_integer() else number


def differences_from_nearest(exchanges: Sequence[TapedExchange], request: HTTPRequest) -> list[str]:
    """What the recording that is most like the request has otherwise."""
    found = [
        [*_differences_of(exchange.request, request)]
        for exchange in exchanges
        if exchange.request.method == request.method
    ]
    return min(found, key=len, default=[])


def _differences_of(recorded: HTTPRequest, asked: HTTPRequest) -> Iterator[str]:
    if recorded.path != asked.path:
        yield f"the path: recorded {recorded.path}, asked {asked.path}"
    before, now = body_value(recorded), body_value(asked)
    if before is _ABSENT or now is _ABSENT:
        if recorded.body != asked.body:
            yield f"the body, which is no JSON: recorded {len(recorded.body)} bytes, asked {len(asked.body)}"  # type: ignore[arg-type]
        return
    yield from differences(before, now)


def differences(recorded: Any, asked: Any, place: str = "") -> Iterator[str]:
    """The places in which two JSON values differ, one line each."""
    if isinstance(recorded, Mapping) and isinstance(asked, Mapping):
        for name in [*recorded, *(name for name in asked if name not in recorded)]:
            below = f"{place}.{name}" if place else name
            yield from differences(recorded.get(name, _ABSENT), asked.get(name, _ABSENT), below)
    elif isinstance(recorded, list) and isinstance(asked, list):
        for number, (before, now) in enumerate(zip_longest(recorded, asked, fillvalue=_ABSENT)):
            yield from differences(before, now, f"{place}[{number}]")
    elif recorded != asked or isinstance(recorded, bool) is not isinstance(asked, bool):
        yield f"{place or 'the body'}: {_shown('recorded', recorded)}, {_shown('asked', asked)}"


def _shown(word: str, value: Any) -> str:
    if value is _ABSENT:
        return f"not {word}"
    text = json.dumps(value, ensure_ascii=False)
    return f"{word} {text if len(text) <= _SHOWN else text[:_SHOWN] + '...'}"
