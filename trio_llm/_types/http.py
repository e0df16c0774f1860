"""HTTP messages as plain values, shared by dialects, engine and transports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

import attrs

from .secrets import shown_headers, shown_path

JSON_CONTENT: tuple[tuple[str, str], ...] = (("content-type", "application/json"),)
_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """Where a connection goes (RFC 9110, 4.3.1). The key of every connection pool.

    Example:
        print(Origin("https", "api.openai.com", 443))  # https://api.openai.com
    """

    scheme: str
    """`http` or `https`."""
    host: str
    """Host name or address, lower-case, without brackets."""
    port: int
    unix: str | None = None
    """Path of a Unix socket to connect to in place of host and port."""

    @property
    def netloc(self) -> str:
        """The value of the Host header: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}"


def split_url(url: str) -> tuple[Origin, str]:
    """An absolute http(s) URL as its origin and its path, without a slash at the end.

    International host names are taken, and become the ASCII form that DNS knows (IDNA 2008). Nothing is repaired: other
    forms of letters, white space and line ends are refused.

    Raises:
        ValueError: if it is not an absolute http or https URL, or carries user information, which is not shown.
    """
    # `urlsplit` would drop line ends and tabs without a word.
    if any(character.isspace() or not character.isprintable() for character in url):
        raise ValueError(f"the URL {_shown(url)!r} has a space, or a character that nobody sees, in it")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"not an absolute http or https URL: {_shown(url)!r}") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(f"not an absolute http or https URL: {_shown(url)!r}")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("a base URL may not carry user information, a query or a fragment")
    if port == 0:
        raise ValueError(f"nothing can listen at port 0: {_shown(url)!r}")
    if not parts.path.isascii():
        raise ValueError(f"the path of the URL {_shown(url)!r} has to be percent-encoded")
    origin = Origin(parts.scheme, _host(parts.hostname, url), port or _PORTS[parts.scheme])
    return origin, parts.path.rstrip("/")


def _host(name: str, url: str) -> str:
    labels = name.removesuffix(".").split(".")
    if name.isascii() and (":" in name or all(0 < len(label) < 64 for label in labels)):
        return name
    # Few programs need it, and it takes a while to import. Trio and anyio depend on it.
    import idna

    try:
        return idna.encode(name).decode("ascii")
    except UnicodeError as error:
        raise ValueError(f"the URL {_shown(url)!r} names no possible host: {error}") from None


def _shown(url: str) -> str:
    """What of a malformed URL may be shown: passwords stand before an @, keys in a query."""
    _, at, rest = url.partition("?")[0].rpartition("@")
    return f"...@{rest}" if at else rest


class RequestBody(Protocol):
    """A body too large to be held in memory: its size is known, its blocks are produced when it is sent.

    Example:
        print(b"".join(request.body.blocks()))
    """

    @property
    def size(self) -> int:
        """Length in bytes, sent as Content-Length."""

    def blocks(self) -> Iterable[bytes]:
        """The body from its beginning, in pieces; called again for every attempt."""


@attrs.define
class HTTPRequest:
    """One request, without its origin.

    Example:
        request = HTTPRequest("POST", "/v1/chat/completions", (("content-type", "application/json"),), b"{}")
    """

    method: str
    path: str = attrs.field(repr=shown_path)
    """Path and query as on the request line."""
    headers: tuple[tuple[str, str], ...] = attrs.field(repr=shown_headers)
    """Lower-case names. Host, Content-Length and Accept-Encoding are the transport's."""
    body: bytes | RequestBody = b""

    def to_dict(self) -> dict[str, Any]:
        """The request as values that JSON has: for journals, cassettes and caches.

        Headers and parameters of the query that carry credentials are left out, for files are read by many. The body is
        `body` where it is text, else `body_base64`; one that is produced when it is sent is produced for this. The form
        is stable: what one version wrote, a later one reads.

            {"method": "POST", "path": "/v1/chat/completions", "headers": [["content-type", "application/json"]],
             "body": "{\\"model\\":\\"gpt-4\\"}"}
        """
        from . import http_form

        headers = [[name, value] for name, value in http_form.open_headers(self.headers)]
        written = http_form.written_body(self._whole_body())
        return {"method": self.method, "path": http_form.open_path(self.path), "headers": headers, **written}

    @classmethod
    def from_dict(cls, form: Mapping[str, Any]) -> HTTPRequest:
        """The request that `to_dict` wrote, without its credentials: whoever sends it has to add them.

        Raises:
            ValueError: if it is no such form.
        """
        from . import http_form

        try:
            method, path = form["method"], form["path"]
            headers = tuple((name, value) for name, value in form["headers"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not the form of an HTTP request: {error!r}") from error
        if not all(isinstance(text, str) for text in (method, path, *(text for pair in headers for text in pair))):
            raise ValueError("not the form of an HTTP request: method, path and headers are to be text")
        return cls(method, path, headers, http_form.read_body(form))

    def fingerprint(self) -> str:
        """64 hexadecimal digits, the same for requests that ask the same.

        What does not matter does not count: credentials, `user-agent` and other headers of the way, the order of
        headers and of keys in JSON, spaces between them, and the boundary of a form. The origin is not part of a
        request, so it is for the caller to add.
        """
        from . import http_form

        return http_form.fingerprint(self.method, self.path, self.headers, self._whole_body())

    def _whole_body(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else b"".join(self.body.blocks())


@attrs.define
class ReplyHead:
    """Status line and headers of a reply.

    Example:
        print(reply.head.status, reply.head.headers.get("content-type"))
    """

    status: int
    headers: Mapping[str, str]
    """Lower-case names; repeated fields joined by a comma and a space (RFC 9110, 5.3)."""
