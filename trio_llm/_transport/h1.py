"""HTTP/1.1 without I/O (RFC 9112): a request to bytes, bytes to a reply. Parsing is llhttp's, by `httptools`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import attrs
import httptools

from .._headers import check_field
from .._http import HTTPRequest, Origin, ReplyHead
from . import ReplyError
from .content import ACCEPTED, Body

_BLOCK_SIZE = 65_536
_FIRST_FINAL_STATUS = 200
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
# A line end that we did not write would begin a header that somebody else wrote.
_REQUEST_LINE = re.compile(r"[A-Z]+ [\x21-\x7e\x80-\xff]+ HTTP/1\.1")


@attrs.frozen
class Limits:
    """What a peer may send before the reply counts as broken, in bytes."""

    head: int = 65_536
    """Status line and headers, interim replies included. The same for a run of bytes that carries no body."""
    body: int = 1 << 40
    """The whole body, decompressed. It is read in pieces: how much of it is kept is its reader's to limit."""


def encode_request(origin: Origin, request: HTTPRequest) -> Iterator[bytes | memoryview]:
    """The request in blocks; a small one is a single block.

    Raises:
        ValueError: if HTTP cannot carry the request line or a header; it names the header and shows no value.
    """
    head = _encode_head(origin, request)
    body = request.body
    if not isinstance(body, bytes):
        yield head
        yield from measured_blocks(body.blocks(), body.size)
    elif len(body) <= _BLOCK_SIZE:
        yield head + body
    else:
        yield head
        view = memoryview(body)
        for start in range(0, len(body), _BLOCK_SIZE):
            yield view[start : start + _BLOCK_SIZE]


def _encode_head(origin: Origin, request: HTTPRequest) -> bytes:
    line = f"{request.method} {request.path} HTTP/1.1"
    if not _REQUEST_LINE.fullmatch(line):
        raise ValueError("the request line contains a character that HTTP does not allow there")
    lines = [line]
    for name, value in (("host", origin.netloc), *request.headers):
        check_field(name, value)
        lines.append(f"{name}: {value}")
    size = len(request.body) if isinstance(request.body, bytes) else request.body.size
    if size or request.method in _BODY_METHODS:
        lines.append(f"content-length: {size}")
    lines.append(f"accept-encoding: {ACCEPTED}\r\n\r\n")
    return "\r\n".join(lines).encode("latin-1")


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


class ReplyParser:
    """One reply. Feed it what arrives and `feed_end` it when the connection ends; then `read`.

    Feeding raises nothing: what came before a fault stays readable, and the fault is raised after it.
    """

    __slots__ = (
        "_body",
        "_fields",
        "_idle_size",
        "_limits",
        "_parser",
        "complete",
        "error",
        "head",
        "keep_alive",
        "started",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._parser = httptools.HttpResponseParser(self)
        self._fields: list[tuple[bytes, bytes]] = []
        self._idle_size = 0
        self._body = Body("", limits.body)
        self.started = False
        """Whether a byte of the reply has arrived."""
        self.head: ReplyHead | None = None
        """The final head, once it has arrived."""
        self.complete = False
        """Whether the message came to its end."""
        self.keep_alive = False
        """Whether the connection may carry another exchange after this one."""
        self.error: ReplyError | None = None

    def feed(self, data: bytes) -> None:
        """Take bytes as they arrived; none is the end of the connection."""
        if not data:
            self._end()
            return
        self.started = True
        self._idle_size += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail("it changes to another protocol")
        except httptools.HttpParserError as exc:
            self._fail(f"it is not valid HTTP: {exc}")
        if self._idle_size > self._limits.head:
            self._fail(f"more than {self._limits.head} bytes came that are not body")

    def read(self) -> bytes | None:
        """The decoded body that has arrived, `b""` at its end, None if more has to be fed first.

        Raises:
            ReplyError: after the last good byte of a body that is malformed, cut off or too long.
        """
        piece = self._body.read()
        if piece:
            return piece
        if self.error is not None:
            raise self.error
        if not self.complete:
            return None
        self._body.end()
        return b""

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

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser, for trailers as well; those are ignored."""
        if self.head is None:
            self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        """Called by the parser, for interim replies as well; those are ignored (RFC 9110, 15.2)."""
        status = self._parser.get_status_code()
        fields, self._fields = self._fields, []
        if status < _FIRST_FINAL_STATUS:
            return
        headers = _join(fields)
        self._idle_size = 0
        self.head = ReplyHead(status, headers)
        if sum(len(name) + len(value) for name, value in fields) > self._limits.head:
            self._fail(f"its headers are longer than {self._limits.head} bytes")
        if headers.get("transfer-encoding", "chunked").lower() != "chunked":
            self._fail(f"unknown transfer-encoding {headers['transfer-encoding']!r}")
        if "content-encoding" in headers:
            self._body = Body(headers["content-encoding"], self._limits.body)

    def on_body(self, data: bytes) -> None:
        """Called by the parser."""
        self._idle_size = 0
        self._body.feed(data)

    def on_message_complete(self) -> None:
        """Called by the parser, for interim replies as well."""
        if self.head is not None and self.error is None:
            self.complete = True
            self.keep_alive = self._parser.should_keep_alive()


def _join(fields: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Header fields by lower-case name, repeated ones joined (RFC 9110, 5.3)."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in fields:
        name = raw_name.decode("ascii").lower()
        value = raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
