"""Secrets, and how they stay out of what people read: one pure function takes them out of any text.

What counts is the request that was really sent: the secrets are those in its headers and its query, whatever source
they came from. A text is searched for every run of twelve or more characters of a secret, as it is and in the forms
that servers write it in: JSON escapes, URL encoding, HTML entities, each several times over, and base64. Secrets of
fewer than twelve characters are none: local servers are given words such as `EMPTY`, `ollama` and `any`, which are in
many sentences.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, unquote

import attrs

SHORTEST: Final = 12
"""Characters of a secret, and of a piece of one."""
MASK: Final = "***"
_NAMES: Final = re.compile(r"auth|key|token|secret|cookie|credential|signature|\bsig\b|passw", re.IGNORECASE)
"""Names of headers and of query parameters that carry secrets."""
_ESCAPES: Final = (
    re.compile(r"\\u[0-9A-Fa-f]{4}|\\[^\w\s]"),
    re.compile(r"%[0-9A-Fa-f]{2}"),
    re.compile(r"&(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|\w{2,8});"),
)
"""Each kind by itself, as a character may be in an escape of one kind and mean itself in another."""
_MOST_VIEWS: Final = 40
"""Ways to read a text that are tried: the text, and each with one layer of one kind of escape taken off."""
_IN_LISTS: Final = ("credential", "signature", "response", "token")
"""What of a header that lists fields, as AWS's does, is secret."""

ErrorT = TypeVar("ErrorT", bound=BaseException)


def is_secret_name(name: str) -> bool:
    """Whether a header or a query parameter of this name carries a secret."""
    return _NAMES.search(unquote(name)) is not None


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text with every piece of a secret replaced by `***`, in whatever form it is written.

    Pure. A piece has at least twelve characters. What is no piece of a secret stays as it is.
    """
    return _Sought(secrets).masked(text)


def secret_spans(text: str, secrets: Iterable[str]) -> list[tuple[int, int]]:
    """Where pieces of secrets stand in a text, in order; they may overlap. For who has to keep places."""
    return _Sought(secrets).spans(text)


def names_a_secret(name: str) -> bool:
    """Whether a header or a parameter of this name carries a secret."""
    return _NAMES.search(name) is not None


def secrets_of(headers: Iterable[tuple[str, str]], path: str = "") -> tuple[str, ...]:
    """The secrets that a request carries, the longest first."""
    found = {secret for name, value in headers if names_a_secret(name) for secret in _in_header(value)}
    found |= {value for name, value in parse_qsl(path.partition("?")[2]) if names_a_secret(name)}
    return tuple(sorted((secret for secret in found if len(secret) >= SHORTEST), key=lambda text: (-len(text), text)))


def shown_headers(headers: Iterable[tuple[str, str]]) -> str:
    """Headers for a repr: those that carry secrets have no value."""
    return repr(tuple((name, MASK if names_a_secret(name) else value) for name, value in headers))


def shown_path(path: str) -> str:
    """A path for a repr: parameters of its query that carry secrets have no value."""
    before, mark, query = path.partition("?")
    parts = [(name, equals, value) for name, equals, value in (part.partition("=") for part in query.split("&"))]
    shown = [
        name + equals + (MASK if value and names_a_secret(unquote(name)) else value) for name, equals, value in parts
    ]
    return repr(before + mark + "&".join(shown))


def without_secrets(error: ErrorT, secrets: Iterable[str]) -> ErrorT:
    """The same error, with no secret in it or in any error that it came from: in arguments, texts and attributes."""
    sought = _Sought(secrets)
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        one.args = tuple(_clean(value, sought) for value in one.args)
        for name, value in list(vars(one).items()):
            clean = _clean(value, sought)
            if clean is not value:
                setattr(one, name, clean)
        waiting += [one.__cause__, one.__context__]
    return error


def _clean(value: Any, sought: _Sought) -> Any:
    if isinstance(value, str):
        clean = sought.masked(value)
        return value if clean == value else clean
    if isinstance(value, bytes):
        text = value.decode("latin-1")
        clean = sought.masked(text)
        return value if clean == text else clean.encode("latin-1")
    if isinstance(value, Mapping):
        fields = {name: _clean(held, sought) for name, held in value.items()}
        return fields if any(fields[name] is not held for name, held in value.items()) else value
    if attrs.has(type(value)) and not isinstance(value, BaseException):
        return _clean_fields(value, sought)
    return value


def _clean_fields(value: Any, sought: _Sought) -> Any:
    """An attrs value, its own texts cleaned; those of the values inside are answers, which nobody quoted."""
    texts = {field.alias: getattr(value, field.name, None) for field in attrs.fields(type(value)) if field.init}
    changes = {name: sought.masked(text) for name, text in texts.items() if isinstance(text, str)}
    changed = {name: text for name, text in changes.items() if text != texts[name]}
    return attrs.evolve(value, **changed) if changed else value


def _in_header(value: str) -> Iterator[str]:
    """The secrets in a header's value, without the word for its scheme."""
    scheme, space, rest = value.partition(" ")
    if not space:
        yield value
    elif scheme.lower() == "basic":
        yield rest
        yield from _in_basic(rest)
    elif "," in rest and "=" in rest:
        for part in rest.split(","):
            name, _, inner = part.strip().partition("=")
            if name.lower() in _IN_LISTS:
                yield inner.strip('"')
    else:
        yield rest.strip()


def _in_basic(encoded: str) -> Iterator[str]:
    try:
        pair = b64decode(encoded, validate=True).decode()
    except (NotBase64, ValueError):
        return
    yield pair
    yield from pair.split(":", 1)


def _forms(secret: str) -> Iterator[str]:
    """A secret as it is, and in base64: alone or behind other bytes, so at each of three places in a group."""
    yield secret
    raw = secret.encode("utf-8", "surrogatepass")
    for before, skipped in ((0, 0), (1, 2), (2, 3)):
        whole = b64encode(b"\0" * before + raw).decode().rstrip("=")
        # The last character also holds bits of what follows, unless the group is full.
        text = whole[skipped:] if (before + len(raw)) % 3 == 0 else whole[skipped:-1]
        yield text
        if "+" in text or "/" in text:
            yield text.replace("+", "-").replace("/", "_")


class _Sought:
    """Every form of some secrets."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = [form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)]
        self._text = "\0".join(forms)
        # A piece of twelve characters has one of these whole, wherever in a form it begins. Most texts have none.
        half = SHORTEST // 2
        self._blocks = {form[at : at + half] for form in forms for at in range(0, len(form) - half + 1, half)}

    def masked(self, text: str) -> str:
        """The text without them."""
        while spans := self.spans(text):
            text = _replaced(text, spans)
        return text

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where their pieces stand, in order; they may overlap."""
        if len(text) < SHORTEST or not self._blocks:
            return []
        return sorted(span for view in _views(text) if self._may_be_in(view.text) for span in self._spans(view))

    def _may_be_in(self, text: str) -> bool:
        return any(block in text for block in self._blocks)

    def _spans(self, view: _View) -> Iterator[tuple[int, int]]:
        for at in range(len(view.text) - SHORTEST + 1):
            piece = view.text[at : at + SHORTEST]
            if piece in self._text and "\0" not in piece:
                yield view.places[at][0], view.places[at + SHORTEST - 1][1]


@attrs.frozen
class _View:
    """A text with some of its escapes taken off."""

    text: str
    places: Sequence[tuple[int, int]]
    """Where each of its characters stands in the original."""

    def unescaped(self, escapes: re.Pattern[str]) -> _View:
        """The same with one layer of one kind of escape less."""
        pieces: list[str] = []
        places: list[tuple[int, int]] = []
        at = 0
        for match in escapes.finditer(self.text):
            character = _character(match[0])
            pieces += [self.text[at : match.start()], character]
            places += self.places[at : match.start()]
            places += [(self.places[match.start()][0], self.places[match.end() - 1][1])] * len(character)
            at = match.end()
        return _View("".join([*pieces, self.text[at:]]), [*places, *self.places[at:]])


def _views(text: str) -> Iterator[_View]:
    waiting = deque([_View(text, [(at, at + 1) for at in range(len(text))])])
    seen = {text}
    while waiting:
        view = waiting.popleft()
        yield view
        for escapes in _ESCAPES:
            if len(seen) < _MOST_VIEWS and escapes.search(view.text):
                other = view.unescaped(escapes)
                if other.text not in seen:
                    seen.add(other.text)
                    waiting.append(other)


def _character(escape: str) -> str:
    if escape.startswith("\\"):
        return chr(int(escape[2:], 16)) if escape[1] == "u" else escape[1]
    if escape.startswith("%"):
        return chr(int(escape[1:], 16))
    import html  # only on the way to an error

    return html.unescape(escape)


def _replaced(text: str, spans: list[tuple[int, int]]) -> str:
    pieces: list[str] = []
    at = 0
    for begin, end in spans:
        if begin >= at:
            pieces += [text[at:begin], MASK]
        at = max(at, end)
    return "".join([*pieces, text[at:]])
