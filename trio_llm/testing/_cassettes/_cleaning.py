"""Secrets, taken out of what is recorded before it is written anywhere.

Three kinds are found: the credentials that the requests of the recording really carried, wherever they are repeated;
fields of JSON and of forms whose names say that they hold one; and texts of the form that well-known keys have. A text
that came in pieces is searched as a whole, so that no border hides a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from ..._types.http import HTTPRequest
from ..._types.http_form import open_headers, open_path
from ..._types.secrets import MASK, SHORTEST, secret_spans, secrets_of

_FIELDS: Final = (
    "access_token|refresh_token|id_token|client_secret|client_assertion|assertion|api_?key|apikey|password|private_key"
    "|secret|secret_?access_?key|session_?token|subject_token"
)
_PATTERNS: Final = (
    re.compile(rf'"(?:{_FIELDS})"\s*:\s*"(?P<secret>(?!\*\*\*")[^"\\]{{6,}})"', re.IGNORECASE),
    re.compile(r'"client_secret"\s*:\s*\{[^{}]*"value"\s*:\s*"(?P<secret>(?!\*\*\*")[^"\\]+)"'),
    re.compile(rf"(?:^|&)(?:{_FIELDS})=(?P<secret>(?!\*\*\*)[^&\s]{{6,}})", re.IGNORECASE),
    # OpenAI and those like it, Anthropic, Groq, Hugging Face, Google, AWS, and JSON web tokens.
    re.compile(
        r"\b(?P<secret>(?:sk|ek|pk|rk|gsk|xai|hf|r8|pplx|nvapi|tgp|csk|fw)[-_][A-Za-z0-9_-]{20,}"
        r"|AIza[A-Za-z0-9_-]{35}|(?:AKIA|ASIA)[A-Z0-9]{16}"
        r"|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*)"
    ),
)
_DROPPED: Final = re.compile(
    # Of the way, not of the reply: bodies are kept decoded.
    r"connection|keep-alive|transfer-encoding|content-encoding|content-length|trailer|alt-svc"
    r"|set-cookie|.*(authoriz|authentic|secret|credential|signature|session|organization|api-?key).*"
)


def kept_reply_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Those that are part of the answer and carry no secret."""
    return {name: value for name, value in headers.items() if not _DROPPED.fullmatch(name)}


class Cleaner:
    """Remembers every secret of a recording. Pure: it reads and writes nothing."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Further texts to be hidden, of at least twelve characters."""
        self._secrets = {secret for secret in secrets if len(secret) >= SHORTEST}

    def request(self, request: HTTPRequest) -> HTTPRequest:
        """The same without its credentials, and with its body as one text."""
        self._secrets |= set(secrets_of(request.headers, request.path))
        body = request.body if isinstance(request.body, bytes) else b"".join(request.body.blocks())
        headers = tuple((name, self.text(value)) for name, value in open_headers(request.headers))
        return HTTPRequest(request.method, self.text(open_path(request.path)), headers, *self.pieces([body]))

    def text(self, text: str) -> str:
        """The same without secrets."""
        return _cleaned([text], self._secrets)[0]

    def pieces(self, pieces: Iterable[bytes]) -> list[bytes]:
        """A text that came in pieces, without secrets; in as many pieces."""
        # Every byte is one character, so that places are the same in both.
        texts = _cleaned([piece.decode("latin-1") for piece in pieces], self._secrets)
        return [text.encode("latin-1") for text in texts]


def _cleaned(pieces: Sequence[str], secrets: Iterable[str]) -> list[str]:
    cleaned = list(pieces)
    while spans := _spans("".join(cleaned), secrets):
        cleaned = list(_without(cleaned, spans))
    return cleaned


def _spans(text: str, secrets: Iterable[str]) -> list[tuple[int, int]]:
    """Where secrets stand, in order; none touches another."""
    found = secret_spans(text, secrets)
    found += [match.span("secret") for pattern in _PATTERNS for match in pattern.finditer(text)]
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(found):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _without(pieces: Iterable[str], spans: Sequence[tuple[int, int]]) -> Iterator[str]:
    """Each piece with the secrets that begin in it masked, and the rest of those that began before it left out."""
    start = 0
    for piece in pieces:
        end, at, kept = start + len(piece), start, ""
        for begin, stop in spans:
            if begin < end and stop > start:
                kept += piece[at - start : max(begin, start) - start] + (MASK if begin >= start else "")
                at = min(stop, end)
        yield kept + piece[at - start :]
        start = end
