"""Cassettes of VCR.py's, in YAML or in JSON. They have no times, so everything in them comes at once.

Source: vcrpy 8, `vcr/serialize.py` and `vcr/request.py`, as of 2026-11: `interactions`, each of a `request` (method,
uri, headers, body) and a `response` (status, headers, body.string).
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from ..._types.http import HTTPRequest, ReplyHead, split_url
from ._cleaning import Cleaner, kept_reply_headers
from ._tape import TapedExchange, TapePiece

_GZIP_OR_ZLIB: Final = 47


def read_vcr(text: str, name: str) -> list[TapedExchange]:
    """The exchanges of such a file.

    Raises:
        ValueError: if it is none.
        ImportError: if it is YAML, and PyYAML is not installed.
    """
    document = json.loads(text) if text.lstrip().startswith("{") else _yaml(text, name)
    try:
        return [_exchange(one, number) for number, one in enumerate(document["interactions"])]
    except (AttributeError, KeyError, TypeError, ValueError, zlib.error) as error:
        raise ValueError(f"{name} is no cassette of ours, and none of VCR.py's ({error!r})") from error


def _yaml(text: str, name: str) -> Any:
    try:
        import yaml  # type: ignore[import-untyped,unused-ignore]
    except ImportError as error:
        raise ImportError(f"{name} is YAML, which PyYAML reads: pip install 'trio-llm[testing]'") from error
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"{name} is no YAML: {error}") from error


def _exchange(form: Mapping[str, Any], number: int) -> TapedExchange:
    asked, given = form["request"], form["response"]
    parts = urlsplit(asked["uri"])
    origin, path = split_url(f"{parts.scheme}://{parts.netloc}{parts.path}")
    target = f"{path or '/'}?{parts.query}" if parts.query else path or "/"
    request = HTTPRequest(asked["method"], target, tuple(_headers(asked)), _body(asked))
    cleaner = Cleaner()
    clean = cleaner.request(request)
    headers = {key: value for key, value in _headers(given) if key != "content-encoding"}
    head = ReplyHead(int(given["status"]["code"]), kept_reply_headers(headers))
    (data,) = cleaner.pieces([_decoded(given)])
    return TapedExchange(
        started=float(number), origin=str(origin), request=clean, head=head, pieces=[TapePiece(0.0, data)]
    )


def _headers(form: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, values in (form.get("headers") or {}).items():
        yield name.lower(), ", ".join(values) if isinstance(values, list) else str(values)


def _body(form: Mapping[str, Any]) -> bytes:
    body = form.get("parsed_body", form.get("body"))
    if isinstance(body, Mapping) and body.keys() <= {"string", "encoding", "base64_string"}:
        encoded = body.get("base64_string")
        body = base64.b64decode(encoded) if encoded else body.get("string")
    if isinstance(body, Mapping | list):
        return json.dumps(body).encode()
    return body.encode() if isinstance(body, str) else bytes(body or b"")


def _decoded(form: Mapping[str, Any]) -> bytes:
    data = _body(form)
    coding = dict(_headers(form)).get("content-encoding", "")
    # Where VCR.py was told to decode replies it took the header away, or forgot to.
    if coding in ("gzip", "deflate") and data[:1] in (b"\x1f", b"\x78"):
        return zlib.decompressobj(_GZIP_OR_ZLIB).decompress(data)
    return data
