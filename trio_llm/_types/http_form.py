"""The JSON form of an HTTP request, without its secrets; and a fingerprint of what it asks."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from .secrets import is_secret_name

_IGNORED: Final = re.compile(
    r"accept|accept-encoding|connection|content-length|date|host|idempotency-key|user-agent|trace(parent|state)"
    r"|x-(amz-.*|client-.*|request-id|stainless-.*)"
)
"""Headers that say nothing of what is asked: how it is sent, by whom, when, and as which attempt."""
_BOUNDARY: Final = re.compile(r';\s*boundary="?([^";]+)"?', re.IGNORECASE)

Headers = Iterable[tuple[str, str]]


def open_headers(headers: Headers) -> list[tuple[str, str]]:
    """The headers that carry no credentials."""
    return [(name, value) for name, value in headers if not is_secret_name(name)]


def open_path(path: str) -> str:
    """The path without parameters that carry credentials."""
    before, _, query = path.partition("?")
    parts = [part for part in query.split("&") if part and not is_secret_name(part.partition("=")[0])]
    return f"{before}?{'&'.join(parts)}" if parts else before


def written_body(body: bytes) -> dict[str, str]:
    """A body as the field of the form that holds it exactly: as text where it is some."""
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode()}


def read_body(form: Mapping[str, Any]) -> bytes:
    """What `written_body` wrote. Raises `ValueError` if it is no such."""
    if "body_base64" in form:
        return base64.b64decode(form["body_base64"], validate=True)
    text = form.get("body", "")
    if not isinstance(text, str):
        raise ValueError("`body` is to be text")  # noqa: TRY004 - one kind of error for a form that is none
    return text.encode()


def fingerprint(method: str, path: str, headers: Headers, body: bytes) -> str:
    """SHA-256 in hexadecimal; see `HTTPRequest.fingerprint`."""
    kept = {name: value for name, value in open_headers(headers) if not _IGNORED.fullmatch(name)}
    boundary = _BOUNDARY.search(kept.get("content-type", ""))
    if boundary is not None:
        kept["content-type"] = _BOUNDARY.sub("", kept["content-type"])
        body = body.replace(boundary[1].encode("latin-1"), b"boundary")
    said = json.dumps([method, open_path(path), sorted(kept.items())]).encode()
    return hashlib.sha256(said + b"\n" + _plain(body)).hexdigest()


def _plain(body: bytes) -> bytes:
    """JSON in one form, whatever the order of its keys and its spaces; other bodies as they are."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return body
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
