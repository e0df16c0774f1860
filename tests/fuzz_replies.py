"""Random mutations of replies, events and error bodies, for every dialect that there is.

Each dialect of the package is found by itself, and what its provider would say comes from `fuzz_seeds`. A mutation
is told by its dialect and number, so that

    python tests/fuzz_replies.py --dialect openai --first 1234 --count 1

repeats one. Without arguments 20,000 mutations of every dialect are tried (`make fuzz`).

For each mutated body: whole calls, pulled streams and streams in a block, on Trio and on asyncio, raise nothing but
this package's errors. Both forms of a stream, and both loops, come to the same verdict, and a whole call to the same as
a stream of the same body. What was read can be shown and written as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import re
import struct
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final, TypeAlias
from zlib import crc32

import attrs
import trio as real_trio  # noqa: ASYNC106 - the package has its own trio
from fuzz_seeds import AWS, EVENTS, REQUESTS, Seed, dialect_of, row_of, seeds_of

from trio_llm import APIError, Client
from trio_llm._catalog.provider import Wire
from trio_llm._framing.aws_event_stream import EventStreamDecoder
from trio_llm._runtime import trio
from trio_llm._types.request import changed
from trio_llm.testing import RawReply, Simulator

Verdict: TypeAlias = tuple[str, ...]
SLOWEST: Final = 10.0
"""Seconds that one call may take; nothing here waits for anything."""


@attrs.frozen
class Case:
    """What it says instead."""

    number: int
    seed: Seed
    body: bytes


# Mutations. Half of them change the JSON inside, as that gets further than changed bytes do.

DEEP: Final = json.loads("[" * 150 + "]" * 150)
ODD: Final[Sequence[Any]] = (
    *(None, True, False, 0, -1, 7, 10**12, -(10**30), 1.5, 1e308, math.nan, -math.inf, "", "x", " ", "null", "\ud800"),
    *([], {}, [None], [[]], {"a": 1}, [{}], DEEP, "\U0001f600" * 3, "[1", '{"a":', "0", "stop", "error"),
    *({"error": {"message": "It broke.", "code": "odd"}}, {"type": "error"}, {"text": "x"}, [{"type": "text"}]),
)
EVENTS_BETWEEN: Final = (
    b"data:\n\n", b": ping\n\n", b"event: ping\ndata: {}\n\n", b"data: null\n\n", b"data: []\n\n", b"data: 42\n\n",
    b"data: [DONE]\n\n", b'data: {"error": {"message": "It broke."}}\n\n', b"data: {\n\n",
    b"event: error\ndata: {}\n\n", b"data: {}\n\n", b"id: 1\n\n", b"\r\r", b"\xff\n",
)  # fmt: skip


def mutated(seed: Seed, chance: random.Random) -> bytes:
    """The seed's body, changed."""
    body = seed.body
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        change = chance.choice(_CHANGES)
        body = change(body, seed, chance)
    return body


def _json_changed(body: bytes, seed: Seed, chance: random.Random) -> bytes:
    """One value somewhere in the JSON of the body, or of one of its frames."""
    pieces = list(_frames(body, seed))
    places = [number for number, (_, value, _) in enumerate(pieces) if value is not None]
    if not places:
        return _bytes_changed(body, seed, chance)
    at = chance.choice(places)
    write, value, _ = pieces[at]
    raw = [original for _, _, original in pieces]
    raw[at] = write(_value_changed(value, chance))
    return b"".join(raw)


def _frames(body: bytes, seed: Seed) -> Iterator[tuple[Callable[[Any], bytes], Any, bytes]]:
    """Every frame of a body: how it is written, its JSON (None for what is none), and its bytes."""
    if AWS in seed.content_type:
        for message in EventStreamDecoder().feed(body):
            headers = b"".join(_header(name, value) for name, value in message.headers.items())
            yield partial(_message, headers), _loaded(message.payload), _message(headers, None, message.payload)
        return
    separator = (
        rb"(?<=\n\n)" if EVENTS in seed.content_type else rb"(?<=\n)" if "ndjson" in seed.content_type else rb"$^"
    )
    for piece in re.split(separator, body):
        before, text, after = _around_json(piece)
        yield partial(_put, before, after), _loaded(text), piece


def _put(before: bytes, after: bytes, value: Any) -> bytes:
    return before + json.dumps(value).encode() + after


def _around_json(piece: bytes) -> tuple[bytes, bytes, bytes]:
    found = re.search(rb"[\[{].*[\]}]", piece, re.DOTALL)
    return (piece[: found.start()], found[0], piece[found.end() :]) if found else (piece, b"", b"")


def _loaded(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _message(headers: bytes, value: Any, payload: bytes | None = None) -> bytes:
    payload = json.dumps(value).encode() if payload is None else payload
    prelude = struct.pack(">II", len(payload) + len(headers) + 16, len(headers))
    whole = prelude + struct.pack(">I", crc32(prelude)) + headers + payload
    return whole + struct.pack(">I", crc32(whole))


def _header(name: str, value: Any) -> bytes:
    text = str(value).encode()
    return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(text)) + text


def _value_changed(value: Any, chance: random.Random) -> Any:
    """A copy with one of its parts replaced, left out, doubled, renamed, wrapped or moved."""
    copy: Any = [json.loads(json.dumps(value))]
    holders = _holders(copy)
    holder, key = chance.choice(holders)
    match chance.randrange(8):
        case 0 if holder is not copy:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[chance.choice(("error", "message", "type", "text", "odd", f"{key}s"))] = holder.pop(key)
        case 2 if isinstance(holder, list):
            holder.insert(key, holder[key])
        case 3:
            holder[key] = [holder[key]]
        case 4:
            other, where = chance.choice(holders)
            holder[key] = json.loads(json.dumps(other[where]))
        case 5 if isinstance(holder[key], str):
            text = holder[key]
            holder[key] = text[: chance.randrange(len(text) + 1)] + chance.choice(("", "\ud83d", "\x00", '"'))
        case 6 if isinstance(holder, dict):
            holder["error"] = chance.choice(ODD)
        case _:
            holder[key] = chance.choice(ODD)
    return copy[0]


def _holders(value: Any) -> list[tuple[Any, Any]]:
    """Every list and object inside, once for each of its keys."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        for key in one if isinstance(one, dict) else range(len(one)):
            found.append((one, key))
            if isinstance(one[key], dict | list):
                waiting.append(one[key])
    return found


def _frames_changed(body: bytes, seed: Seed, chance: random.Random) -> bytes:
    """Frames left out, doubled, in another order, or with others between."""
    pieces = [raw for _, _, raw in _frames(body, seed)]
    if not pieces:
        return _bytes_changed(body, seed, chance)
    at, to = chance.randrange(len(pieces)), chance.randrange(len(pieces))
    match chance.randrange(5):
        case 0:
            del pieces[at]
        case 1:
            pieces.insert(to, pieces[at])
        case 2:
            pieces[at], pieces[to] = pieces[to], pieces[at]
        case 3:
            del pieces[at:]
        case _:
            pieces.insert(at, chance.choice(EVENTS_BETWEEN))
    return b"".join(pieces)


def _bytes_changed(body: bytes, seed: Seed, chance: random.Random) -> bytes:
    """One byte or a few of them changed, left out or put in; or an end that comes too early."""
    at = chance.randrange(len(body) + 1)
    odd = chance.choice(
        (b"\n", b"\r\n", b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"\x00", b"\xff", b"\xe2\x80", b"NaN")
    )
    match chance.randrange(4):
        case 0:
            return body[:at]
        case 1:
            return body[:at] + body[at + chance.randrange(1, 9) :]
        case 2:
            return body[:at] + odd + body[at:]
        case _:
            return body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :]


_CHANGES: Final = (_json_changed, _json_changed, _json_changed, _frames_changed, _frames_changed, _bytes_changed)


def case_of(wire: Wire, number: int) -> Case:
    """A mutation by its number. It does not depend on any other."""
    chance = random.Random(f"{wire.name} {number}")
    seed = chance.choice(seeds_of(wire))
    return Case(number, seed, mutated(seed, chance))


# Verdicts.


class WrongVerdict(AssertionError):
    """A mutation that was not judged as it has to be."""


async def _answer(receive: Callable[[], Awaitable[Any]]) -> Verdict:
    try:
        with trio.fail_after(SLOWEST):
            response = await receive()
    except APIError as error:
        repr(error)
        partial_answer = "" if error.partial is None else _as_json(error.partial)
        return type(error).__name__, str(error).partition(" (request id")[0], partial_answer
    repr(response)
    return "answer", _as_json(response)


def _as_json(response: Any) -> str:
    """The answer without the time and the id that are made here where the provider sends none."""
    text = re.sub(r'"created":\d+', '"created":0', response.model_dump_json())
    return re.sub(r'"id":"[a-z]+[-_][0-9a-f]{24}"', '"id":"made here"', text)


async def _pulled(client: Client, request: Any) -> Any:
    stream = await client.call(request)
    async for _ in stream:
        pass
    return stream.response


async def _in_a_block(client: Client, request: Any) -> Any:
    async with client.open_pumped(request) as stream:
        async for _ in stream:
            pass
        return stream.response


async def verdicts(wire: Wire, cases: Sequence[Case]) -> list[dict[str, Verdict]]:
    """What every form of a call makes of each body."""
    current = RawReply()
    simulator = Simulator(lambda _: current, keep_requests=1)
    row = row_of(wire)
    found: list[dict[str, Verdict]] = []
    async with Client(transport=simulator, providers=[row], variables={}) as client:
        for case in cases:
            current = RawReply(case.body, content_type=case.seed.content_type, status=case.seed.status)
            request = REQUESTS[case.seed.operation]
            model = f"{row.name}/some-model"
            forms: dict[str, Any] = {"whole": lambda request: client.call(request)}
            if getattr(dialect_of(wire), f"{case.seed.operation}_stream", None) is not None:
                forms["pulled"] = partial(_pulled, client)
                forms["block"] = partial(_in_a_block, client)
            judged = {}
            for form, receive in forms.items():
                # An account of its own, as a 429 makes all calls of an account wait.
                key = f"{case.number} {form}".encode().hex()
                judged[form] = await _answer(partial(receive, _once(request(model, form != "whole"), key)))
            found.append(judged)
    return found


def _once(request: Any, key: str) -> Any:
    return changed(request, options=attrs.evolve(request.options, num_retries=0, api_key=key))


def judge(wire: Wire, cases: Sequence[Case]) -> None:
    """Try the cases on both loops.

    Raises:
        WrongVerdict: for the first that is not judged as it has to be.
    """
    try:
        on_trio = real_trio.run(verdicts, wire, cases)
        on_asyncio = asyncio.run(verdicts(wire, cases))
    except Exception as error:
        if len(cases) == 1:
            raise WrongVerdict(_told(wire, cases[0], traceback.format_exc())) from error
        for case in cases:
            judge(wire, [case])
        raise
    for case, one, other in zip(cases, on_trio, on_asyncio, strict=True):
        if one != other:
            raise WrongVerdict(_told(wire, case, f"on Trio {one}\non asyncio {other}"))
        if "pulled" in one and one["pulled"] != one["block"]:
            raise WrongVerdict(_told(wire, case, f"pulled {one['pulled']}\nin a block {one['block']}"))
        if "pulled" in one and _is_one_body(wire, case) and _is_answer(one["pulled"]) != _is_answer(one["whole"]):
            raise WrongVerdict(_told(wire, case, f"whole {one['whole']}\nas a stream {one['pulled']}"))


def _is_one_body(wire: Wire, case: Case) -> bool:
    """Whether a whole call reads the body as a stream does: lines before what is meant are not looked past by both."""
    if wire is Wire.REPLICATE:
        return False  # its first reply says where to look, and the forms look at different places
    # Whole transcripts and responses are not read from events: a transcript may be plain text, events among it. And
    # where streams come in frames of bytes, none is looked for behind a line.
    framed = any(seed.content_type == AWS for seed in seeds_of(wire))
    is_document = wire is Wire.RESPONSES or framed or case.seed.operation in ("images", "transcription", "responses")
    opening = rb"\s*[\[{]" if is_document else rb"\s*(?::[^\r\n]*[\r\n]\s*)*(?:[\[{]|data:|event:|id:)"
    return re.match(opening, case.body) is not None


def _is_answer(verdict: Verdict) -> bool:
    # Which error it is may differ: a body that ends too early is a malformed reply, and a stream that was cut.
    return verdict[0] == "answer"


def _told(wire: Wire, case: Case, what: str) -> str:
    seed = case.seed
    return (
        f"{wire.name} {case.number}: {seed.operation}, {seed.content_type}, {seed.status}\n{case.body!r:.3000}\n{what}"
    )


def main() -> None:
    """Try many, and say which are wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dialect", choices=[wire.name.lower() for wire in Wire])
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=20_000)
    given = parser.parse_args()
    wrong = 0
    for wire in Wire:
        if given.dialect not in (None, wire.name.lower()):
            continue
        for first in range(given.first, given.first + given.count, 200):
            numbers = range(first, min(first + 200, given.first + given.count))
            wrong += _tried(wire, [case_of(wire, number) for number in numbers])
        print(f"{wire.name.lower()}: {given.count} tried, {wrong} wrong so far", flush=True)
    sys.exit(bool(wrong))


def _tried(wire: Wire, cases: Sequence[Case]) -> int:
    try:
        judge(wire, cases)
        return 0
    except WrongVerdict as error:
        told = str(error)
    if len(cases) == 1:
        print(told, end="\n\n", flush=True)
        return 1
    middle = len(cases) // 2  # not while the error is handled: each half's would be told with it
    return _tried(wire, cases[:middle]) + _tried(wire, cases[middle:])


if __name__ == "__main__":
    main()
