"""HTTP/1.1 without I/O (RFC 9112): a request to bytes, bytes to a reply. Parsing is llhttp's, by `httptools`.

A parser goes through these states, for each reply of its connection:

    restarted ──> started (a byte came) ──> has a head ──> complete ──> restarted
                        │                       │
                        └── odd: mended once the head is whole, or a fault      └── a fault, after what came before it

- `feed` raises nothing. A fault waits in `error` until `read` has given all that came before it.
- Interim heads (1xx) are read and forgotten; `head` is the final one.
- `complete` and `error` are final until `restart`. Only a reply that is complete may be followed by another, and only
  where `keep_alive` says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import attrs
import httptools

from .._types.headers import check_field
from .._types.http import HTTPRequest, Origin, ReplyHead, RequestBody
from . import ReplyError
from .content import ACCEPTED, Body, check_size
from .oddities import is_mendable, mended_head

_BLOCK_SIZE: Final = 65_536
_FIRST_FINAL_STATUS: Final = 200
_BODY_METHODS: Final = frozenset({"POST", "PUT", "PATCH"})
# What the body is wrapped in; in lower case, as the whole head is for this.
_CODING: Final = re.compile(rb"\r\n(transfer|content)-encoding:[ \t]*([^\r\n]*)")
# A line end that we did not write would begin a header that somebody else wrote.
_REQUEST_LINE: Final = re.compile(r"[A-Z]+ [\x21-\x7e\x80-\xff]+ HTTP/1\.1")


@attrs.frozen
class ReplyLimits:
    """What a peer may send before the reply counts as broken, in bytes.

    Example:
        limits = ReplyLimits(head=65_536)
    """

    head: int = 65_536
    """Status line and headers, interim replies included. The same for a run of bytes that carries no body."""
    body: int = 1 << 40
    """The whole body, decompressed. It is read in pieces: how much of it is kept is its reader's to limit."""


def encode_request(head: bytes, request: HTTPRequest) -> bytes | Iterable[bytes | memoryview]:
    """The request, a long one in blocks. Its head is what `encode_head` makes of it."""
    body = request.body
    if not isinstance(body, bytes):
        return _measured_request(head, body)
    size = len(body)
    if not size and request.method not in _BODY_METHODS:
        return head + b"\r\n"
    if size <= _BLOCK_SIZE:
        return b"%bcontent-length: %d\r\n\r\n%b" % (head, size, body)
    view = memoryview(body)
    blocks = (view[start : start + _BLOCK_SIZE] for start in range(0, size, _BLOCK_SIZE))
    return (b"%bcontent-length: %d\r\n\r\n" % (head, size), *blocks)


def _measured_request(head: bytes, body: RequestBody) -> Iterator[bytes]:
    yield b"%bcontent-length: %d\r\n\r\n" % (head, body.size)
    yield from measured_blocks(body.blocks(), body.size)


def encode_head(origin: Origin, method: str, path: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """The request line and all headers but Content-Length: what requests of one kind have in common.

    Raises:
        ValueError: if HTTP cannot carry the request line or a header; it names the header and shows no value.
    """
    line = f"{method} {path} HTTP/1.1"
    if not _REQUEST_LINE.fullmatch(line):
        raise ValueError("the request line contains a character that HTTP does not allow there")
    lines = [line]
    for name, value in (("host", origin.netloc), *headers, ("accept-encoding", ACCEPTED)):
        check_field(name, value)
        lines.append(f"{name}: {value}")
    return ("\r\n".join(lines) + "\r\n").encode("latin-1")


def measured_blocks(blocks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The blocks of a body, as many bytes as announced.

    Raises:
        ValueError: if it is more or fewer.
    """
    left = size
    for block in blocks:
        left -= len(block)
        if left < 0:
            break
        yield block
    if left:
        raise ValueError(f"the request body is not the {size} bytes long that it said")


class ReplyHeaders(Mapping[str, str]):
    """Header fields by lower-case name, repeated ones joined (RFC 9110, 5.3).

    They are decoded when one is asked for: of most replies nobody reads any.
    """

    __slots__ = ("_joined", "undecoded")

    def __init__(self, head: bytes) -> None:
        self.undecoded = head
        """All lines as they came, for whoever looks for a word before it lets them be decoded."""
        self._joined: dict[str, str] | None = None

    def __getitem__(self, name: str) -> str:
        return self._by_name()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name())

    def __len__(self) -> int:
        return len(self._by_name())

    def __repr__(self) -> str:
        return repr(self._by_name())

    def _by_name(self) -> dict[str, str]:
        if self._joined is None:
            self._joined = _join(self.undecoded)
        return self._joined


def _new_parser(reader: object) -> httptools.HttpResponseParser:
    """A parser that takes what is unambiguous: lines that end in a bare line feed, and spaces behind a chunk's size.

    Source: RFC 9112, 2.2 and 7.1.1.
    """
    parser = httptools.HttpResponseParser(reader)
    parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True)
    return parser


class ReplyParser:
    """The replies of one connection, one after the other; in the end, `close` it.

    Feed it what arrives of a reply, `b""` when the connection ends, and `read`. `restart` it for the next one, if
    `keep_alive` says that there can be one. Feeding raises nothing: what came before a fault stays readable, and
    the fault is raised after it.
    """

    __slots__ = (
        "_coded",
        "_idle_size",
        "_limits",
        "_odd",
        "_parser",
        "_pieces",
        "_size",
        "_start",
        "_was_framed_twice",
        "complete",
        "error",
        "head",
        "keep_alive",
        "started",
    )

    def __init__(self, limits: ReplyLimits) -> None:
        self._limits = limits
        # Making one costs more than parsing a usual reply.
        self._parser = _new_parser(self)
        self.restart()

    def restart(self) -> None:
        """Forget the last reply. llhttp expects the next one after the end of every reply that leaves a connection."""
        self._start = b""
        self._idle_size = 0
        self._pieces: list[bytes] = []
        self._size = 0
        self._odd: httptools.HttpParserError | None = None
        """What llhttp has against a head that can be mended once it is whole."""
        self._was_framed_twice = False
        """Whether the body had a length beside its chunks: where it ends is not what everybody on the way thinks."""
        self._coded: Body | None = None
        """What decodes the body; None of one that came as it is, which waits in `_pieces`."""
        self.started = False
        """Whether a byte of the reply has arrived."""
        self.head: ReplyHead | None = None
        """The final head, once it has arrived."""
        self.complete = False
        """Whether the message came to its end."""
        self.keep_alive = False
        """Whether the connection may carry another exchange after this one."""
        self.error: ReplyError | None = None

    @property
    def is_decided(self) -> bool:
        """Whether it is known what becomes of the exchange: the final head, or a fault, has arrived."""
        return self.head is not None or self.error is not None

    def feed(self, data: bytes) -> None:
        """Take bytes as they arrived; none is the end of the connection."""
        if not data:
            self._end()
            return
        self.started = True
        if self.head is None:
            self._start += data
        self._idle_size += len(data)
        if self._odd is None:
            self._parse(data)
        else:
            self._mend(self._odd)
        if self._idle_size > self._limits.head:
            self._fail(f"more than {self._limits.head} bytes came that are not body")

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail("it changes to another protocol")
        except httptools.HttpParserError as exc:
            if self.head is None and self._odd is None and is_mendable(str(exc)):
                self._mend(exc)
            else:
                self._fail(f"it is not valid HTTP: {exc}")

    def _mend(self, odd: httptools.HttpParserError) -> None:
        """Parse a head again that llhttp would not have, in better form; wait for the rest of it first."""
        self._odd = odd.with_traceback(None)
        head, end, rest = self._start.lstrip(b"\r\n").partition(b"\r\n\r\n")
        if not end:
            return
        mended, self._was_framed_twice = mended_head(head)
        self._start = mended + end + rest
        self._parser = _new_parser(self)
        self._parse(self._start)
        if self.head is not None:
            self._odd = None

    def read(self) -> bytes | None:
        """The decoded body that has arrived, `b""` at its end, None if more has to be fed first.

        Raises:
            ReplyError: after the last good byte of a body that is malformed, cut off or too long.
        """
        if self._coded is not None:
            return self._read_coded(self._coded)
        if self._pieces:
            data = b"".join(self._pieces)
            self._pieces.clear()
            self._size += len(data)
            check_size(self._size, self._limits.body)
            return data
        if self.error is not None:
            raise self.error
        return b"" if self.complete else None

    def _read_coded(self, body: Body) -> bytes | None:
        piece = body.read()
        if piece:
            return piece
        if self.error is not None:
            raise self.error
        if not self.complete:
            return None
        body.end()
        return b""

    def read_rest(self) -> bytes:
        """All that is left of a body that is `complete`. Raises as `read` does."""
        if self._coded is None:
            return self.read() or b""
        pieces: Iterator[Any] = iter(self.read, b"")  # of a complete body it is never None
        return b"".join(pieces)

    def close(self) -> None:
        """Feed it no more. It and llhttp's parser refer to each other, and would wait for the garbage collector."""
        del self._parser

    def _end(self) -> None:
        self.keep_alive = False
        if self.head is not None and not {"content-length", "transfer-encoding"} & self.head.headers.keys():
            self.complete = True
        elif not self.complete:
            self._fail("the connection ended in the middle of it")

    def _fail(self, reason: str) -> None:
        """Note a fault. After the end of the message it only costs the connection."""
        self.keep_alive = False
        if not self.complete and self.error is None:
            self.error = ReplyError(f"the reply broke off: {reason}")

    def on_message_begin(self) -> None:
        """Called by the parser."""
        if self.complete:
            raise ValueError("bytes after the reply")

    def on_headers_complete(self) -> None:
        """Called by the parser, for interim replies as well; those are ignored (RFC 9110, 15.2)."""
        status = self._parser.get_status_code()
        start = self._start.lstrip(b"\r\n")
        end = start.find(b"\r\n\r\n")
        if status < _FIRST_FINAL_STATUS:
            self._start = start[end + 4 :]
            return
        head = start[:end]
        self.head = ReplyHead(status, ReplyHeaders(head))
        if end > self._limits.head:
            self._fail(f"its headers are longer than {self._limits.head} bytes")
        self._start, self._idle_size = b"", 0
        lowered = head.lower()
        if b"-encoding:" in lowered:
            self._decode_as_told(_CODING.findall(lowered))

    def _decode_as_told(self, told: list[tuple[bytes, bytes]]) -> None:
        transfer, content = (
            ", ".join(value.decode("latin-1").strip() for kind, value in told if kind == wanted)
            for wanted in (b"transfer", b"content")
        )
        if transfer and {name.strip() for name in transfer.split(",")} != {"chunked"}:  # some say it twice
            self._fail(f"unknown transfer-encoding {transfer!r}")
        if content:
            self._coded = Body(content, self._limits.body)

    def on_body(self, data: bytes) -> None:
        """Called by the parser."""
        self._idle_size = 0
        if self._coded is None:
            self._pieces.append(data)
        else:
            self._coded.feed(data)

    def on_message_complete(self) -> None:
        """Called by the parser, for interim replies as well."""
        if self.head is not None and self.error is None:
            self.complete = True
            self.keep_alive = self._parser.should_keep_alive() and not self._was_framed_twice


def _join(head: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in head.decode("latin-1").split("\r\n")[1:]:  # none is continued (RFC 9112, 5.2), see `mended_head`
        name, _, value = line.partition(":")
        name, value = name.lower(), value.strip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
