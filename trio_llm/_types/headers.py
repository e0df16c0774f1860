"""Which header fields HTTP can carry (RFC 9110, 5.1 and 5.5). Errors name a field and never show its value: a key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from .errors import BadRequestError

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VISIBLE: Final = r"[\x21-\x7e\x80-\xff]"
_VALUE: Final = re.compile(rf"(?:{_VISIBLE}(?:[\t\x20-\x7e\x80-\xff]*{_VISIBLE})?)?")
_OF_THE_TRANSPORT: Final = frozenset({"accept-encoding", "connection", "content-length", "host", "transfer-encoding"})
# What a dialect asks for by such a field is needed beside what the caller asks for.
_LISTS: Final = frozenset({"anthropic-beta"})


def check_field(name: str, value: str) -> None:
    """Check one header field.

    Raises:
        ValueError: if its name is no token, or its value is not one line of visible Latin-1 without spaces around it.
    """
    if not _TOKEN.fullmatch(name):
        raise ValueError(f"header name {name!r} contains a character that HTTP does not allow, or none")
    if not _VALUE.fullmatch(value):
        raise ValueError(f"the value of header {name!r} contains a character that HTTP does not allow there")


def checked_headers(extra: Mapping[str, str]) -> dict[str, str]:
    """A caller's own header fields, their names in lower case.

    Raises:
        BadRequestError: for a field that HTTP cannot carry, and for one that says how the message is transferred.
    """
    checked: dict[str, str] = {}
    for name, value in extra.items():
        texts: tuple[object, object] = (name, value)  # whatever the annotation says
        if not all(isinstance(text, str) for text in texts):
            raise BadRequestError(f"extra_headers: name and value of {name!r} must be text")
        try:
            check_field(name, value)
        except ValueError as error:
            raise BadRequestError(f"extra_headers: {error}") from None
        if name.lower() in _OF_THE_TRANSPORT:
            raise BadRequestError(f"extra_headers: {name!r} is for the transport to say")
        checked[name.lower()] = value
    return checked


def with_extra(headers: Iterable[tuple[str, str]], extra: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Header fields with a caller's: those of the same name are replaced, lists of features joined.

    Args:
        headers: what is sent anyway.
        extra: as `checked_headers` returns it.
    """
    held = dict(headers)
    for name, value in extra.items():
        held[name] = f"{held[name]},{value}" if name in _LISTS and name in held else value
    return tuple(held.items())
