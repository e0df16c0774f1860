"""What an error says, whatever the shape of its body: one reading for every dialect.

A body is JSON of some shape, an event with such JSON, XML of a cloud, the HTML page of a gateway, plain text, or
nothing. What is wanted of it is always the same: the provider's own sentence, its code, the status that it stands for,
and how long to wait. A dialect brings tables of the codes that only its vendors have.

Sources: OpenAI guide "Error codes"; Anthropic "Errors"; google/rpc/status.proto and error_details.proto; AWS, "Common
errors"; FastAPI "Handling errors"; RFC 9457 and RFC 6749, 5.2; OpenRouter "Errors and debugging"; MiniMax "Error
codes"; 2026-11.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

import attrs

from .._convert import json as _json
from .._convert.narrow import as_list, as_objects, is_list, is_object, quoted
from .._convert.pages import plain_text, sentence_of_page
from .._types.errors import APIError, BadRequestError, InternalServerError
from .._types.http import ReplyHead
from .contract import ErrorDetail
from .error_words import KINDS, kind_of_words, lasts, wait_of_words

_SENTENCES: Final = (
    *("message", "detail", "Message", "msg", "error_message", "errorMessage", "error_msg", "err_msg", "status_msg"),
    *("statusMessage", "error_description", "description", "title", "errors", "base_resp", "Error"),
    *("fault", "faultstring", "err"),
)
"""Where sentences stand, the likeliest first."""
_CODES: Final = ("code", "Code", "type", "status", "error_code", "err_code", "error_type", "category", "__type")
"""Where codes stand, the most exact first. A number that is the status is none."""
_STATUSES: Final = ("status_code", "statusCode", "http_code", "status", "code")
_WITHIN: Final = ("error", "errors", "detail", "Error")
"""Where else codes stand. They are more exact inside these than beside them."""
_OF_ERRORS: Final = frozenset({*_SENTENCES, *_WITHIN, "details", "innererror", "meta", "metadata", "warnings"})
"""Where an error holds objects and lists."""
_WAITS: Final = ("retryDelay", "retry_after", "retryAfter", "retry_after_seconds", "estimated_time")
"""Where a wait stands, in seconds: google.rpc.RetryInfo, Cloudflare, Azure, OpenRouter, models that load."""
_NO_CODES: Final = frozenset({"", "none", "null", "error", "about:blank"})
_DEEPEST: Final = 8
"""Levels of nested errors that are looked into."""
_MOST_SENTENCES: Final = 20
_LONGEST: Final = 4_000
"""Characters of a provider's sentence."""
_QUOTED: Final = 500
"""Characters of a body without a sentence."""
_PAGE: Final = 65_536
"""Characters of a page in which its sentence is looked for."""
_FEW_WORDS: Final = 3
_EVENT: Final = re.compile(r"(?:(?:event|id|retry)?:[^\n]*\n)*data:([^\n]*)")
_XML: Final = re.compile(r"\s*<(?:\?xml|[\w:]*(?:Error|Fault|Exception)\w*\b)")
_XML_MESSAGE: Final = re.compile(r"<(?:\w+:)?(?:Message|message|faultstring)\b[^>]*>(.*?)</", re.S)
_XML_CODE: Final = re.compile(r"<(?:\w+:)?(?:Code|code)\b[^>]*>\s*([\w.:-]+)\s*</")
_SECONDS: Final = re.compile(r"\d+(?:\.\d+)?s?", re.ASCII)


@attrs.frozen
class ErrorReading:
    """How a dialect reads errors: as all do, with tables of its own."""

    kinds: Mapping[str, type[APIError]] = attrs.field(factory=dict[str, type[APIError]])
    """Codes that say more than a status, in lower case, beside those that are known on every wire."""
    statuses: Mapping[str, int] = attrs.field(factory=dict[str, int])
    """The status that a code stands for, in lower case: where there is none, inside streams and in replies with 200."""

    def of_reply(self, head: ReplyHead, body: bytes) -> ErrorDetail:
        """What an error reply says. Never raises. Its status is the reply's own, unless that means success."""
        if 300 <= head.status < 400 and "location" in head.headers:
            location = head.headers["location"]
            return ErrorDetail(
                f"a redirect to {location}, which is not followed: if that is right, give its address as api_base"
            )
        text = body.decode("utf-8", "replace").strip()
        said = _said(text, head)
        if head.status < 400:
            return self._without_status(said)
        codes = [code for code in said.codes if not _repeats(code, head.status)]
        kind = self._kind(codes, said.texts)
        final = _is_final(kind, head.status) or lasts(codes, said.texts, text)
        return ErrorDetail(said.message, _first(codes), kind, retry_after=said.wait, final=final)

    def of_value(self, value: Any) -> ErrorDetail:
        """What an error says that came without a status of its own, as decoded JSON.

        Where neither a status nor a code tells whose fault it is, it is the provider's: trying again may help.
        """
        return self._without_status(_of_json(value, ""))

    def _without_status(self, said: _Said) -> ErrorDetail:
        known = (self.statuses[code.lower()] for code in said.codes if code.lower() in self.statuses)
        status = said.status or next(known, None)
        codes = [code for code in said.codes if not _repeats(code, status)]
        kind = self._kind(codes, said.texts) or (InternalServerError if status is None else None)
        final = _is_final(kind, status) or lasts(codes, said.texts, said.message)
        return ErrorDetail(said.message, _first(codes), kind, status, said.wait, final=final)

    def _kind(self, codes: list[str], texts: tuple[str, ...]) -> type[APIError] | None:
        for table in (self.kinds, KINDS):
            for code in codes:
                if code.lower() in table:
                    return table[code.lower()]
        return kind_of_words(texts)


def _is_final(kind: type[APIError] | None, status: int | None) -> bool:
    """Whether a status says that the provider failed, and its words that it is the request."""
    return kind is not None and issubclass(kind, BadRequestError) and status is not None and status >= 500


@attrs.frozen
class _Said:
    """What was found in a body."""

    message: str
    codes: tuple[str, ...] = ()
    """The most exact first."""
    status: int | None = None
    wait: float | None = None
    texts: tuple[str, ...] = ()
    """Every sentence that may be known: that of the provider, and that of the provider behind it."""


def tells_only_an_error(body: bytes) -> bool:
    """Whether a body that does not fit its class is JSON with a provider's sentence, and nothing that is an answer."""
    try:
        told = _json.loads(body)
    except ValueError:
        return False
    if not is_object(told) or not _sentence(told, _DEEPEST):
        return False
    return not any(name not in _OF_ERRORS and (is_object(held) or is_list(held)) for name, held in told.items() if held)


def _said(text: str, head: ReplyHead) -> _Said:
    amazon = head.headers.get("x-amzn-errortype", "").partition(":")[0]
    codes = (amazon,) if amazon else ()
    try:
        said = _of_json(_json.loads(text), text)
    except ValueError:
        said = _of_event(text) or _of_text(text, head)
    return attrs.evolve(said, codes=(*codes, *said.codes))


def _of_event(text: str) -> _Said | None:
    """A body that is an event of a stream, as some servers write errors where one was asked for."""
    found = _EVENT.match(text)
    if found is None:
        return None
    try:
        return _of_json(_json.loads(found[1]), text)
    except ValueError:
        return None


def _of_text(text: str, head: ReplyHead) -> _Said:
    """A body that is no JSON."""
    if not text:
        return _Said(f"status {head.status} without a body")
    page = text[:_PAGE]
    if _XML.match(page) and (found := _XML_MESSAGE.search(page)):
        code = _XML_CODE.search(page)
        message = plain_text(found[1])
        return _Said(_shortened(message) or _excerpt(text), (code[1],) if code else (), texts=(message,))
    if sentence := sentence_of_page(text):
        return _Said(sentence)
    return _Said(_excerpt(text), texts=(text[:_LONGEST],))


def _of_json(value: Any, text: str) -> _Said:
    sentence = _sentence(value, _DEEPEST)
    behind = _behind(value)
    message = sentence
    if behind and behind not in sentence and len(sentence.split()) <= _FEW_WORDS:
        message = f"{sentence}: {behind}" if sentence else behind
    codes = tuple(dict.fromkeys(_codes(value, _DEEPEST)))
    wait = _wait(value, _DEEPEST)
    return _Said(
        _shortened(message) or _excerpt(text or quoted(value)),
        codes,
        _status(value, _DEEPEST),
        wait_of_words(sentence) if wait is None else wait,
        tuple(filter(None, (sentence, behind))),
    )


def _sentence(value: Any, levels: int) -> str:
    """The provider's own sentence, or an empty text."""
    if isinstance(value, str):
        return value.strip()
    if levels == 0:
        return ""
    if is_list(value):
        return "; ".join(filter(None, (_sentence(item, levels - 1) for item in value[:_MOST_SENTENCES])))
    if not is_object(value):
        return ""
    error = value.get("error")
    if isinstance(error, str) and isinstance(value.get("error_description"), str):  # RFC 6749: `error` is the code
        error = None
    for held in (error, *(value.get(name) for name in _SENTENCES)):
        if held and (found := _sentence(held, levels - 1)):
            return found
    return ""


def _behind(value: Any) -> str:
    """What a gateway hands on of the provider behind it, or details of a sentence that says little."""
    for holder in _errors(value):
        raw = holder["metadata"].get("raw") if is_object(holder.get("metadata")) else None
        param = holder.get("param")
        details = holder.get("details")
        details = as_objects(details) if is_list(details) else details
        for held in (raw, details, param if isinstance(param, str) and " " in param else None):
            if held and (found := _sentence(_unwritten(held), _DEEPEST)):
                return found[:_LONGEST]
    return ""


def _errors(value: Any) -> Iterator[Mapping[str, Any]]:
    """The error object inside a body, and the body."""
    first = next(iter(value), None) if is_list(value) else value
    if is_object(first):
        if is_object(first.get("error")):
            yield first["error"]
        yield first


def _unwritten(held: Any) -> Any:
    """JSON that was put into JSON as text."""
    if isinstance(held, str) and held.lstrip()[:1] in ("{", "["):
        try:
            return _json.loads(held)
        except ValueError:
            return held
    return held


def _codes(value: Any, levels: int) -> Iterator[str]:
    """Structured codes, the most exact first: inside `error` before beside it, `code` before `type`."""
    if is_list(value):
        value = value[0] if value else None
    if not is_object(value) or levels == 0:
        return
    yield from _reasons(value)
    for name in _WITHIN:
        if name != "detail" or is_object(value.get(name)):  # the types in FastAPI's lists are none of the error's
            yield from _codes(value.get(name), levels - 1)
    for name in _CODES:
        held = value.get(name)
        if isinstance(held, str | int) and not isinstance(held, bool):
            code = str(held).rpartition("#")[2].strip()  # AWS writes com.amazon.coral.service#ThrottlingException
            if code.lower() not in _NO_CODES:
                yield code
    yield from _codes(value.get("innererror"), levels - 1)


def _reasons(holder: Mapping[str, Any]) -> Iterator[str]:
    """Codes in the places that only one kind of API has: google.rpc.ErrorInfo, RFC 6749, MiniMax, OpenRouter."""
    for detail in as_list(holder.get("details")):
        if is_object(detail) and isinstance(detail.get("reason"), str):
            yield detail["reason"]
    if isinstance(holder.get("error"), str) and isinstance(holder.get("error_description"), str):
        yield holder["error"]
    if is_object(base := holder.get("base_resp")) and base.get("status_code"):
        yield str(base["status_code"])
        yield f"base_resp.{base['status_code']}"  # other vendors have the same numbers for something else
    if is_object(metadata := holder.get("metadata")) and "flagged_input" in metadata:
        yield "flagged_input"


def _repeats(code: str, status: int | None) -> bool:
    """Whether a code only says the status again, as a number or in HTTP's words."""
    if status is None:
        return False
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    same = (str(status), phrase, f"{status} {phrase}")
    return code.replace("_", " ").lower() in [text.lower() for text in same]


def _status(value: Any, levels: int) -> int | None:
    """The HTTP status that an error names."""
    if is_list(value):
        value = value[0] if value else None
    if not is_object(value) or levels == 0:
        return None
    inner = _status(value.get("error"), levels - 1)
    if inner is not None:
        return inner
    named = (str(value[name]) for name in _STATUSES if type(value.get(name)) in (int, str))
    return next((int(text) for text in named if _is_status(text)), None)


def _wait(value: Any, levels: int) -> float | None:
    """The seconds to wait. What is negative, or no finite number, is not believed."""
    if is_list(value):
        return _first_of(lambda item: _wait(item, levels - 1), value[:_MOST_SENTENCES]) if levels else None
    if not is_object(value) or levels == 0:
        return None
    named = _first_of(seconds, [value.get(name) for name in _WAITS])
    within = [value.get(name) for name in ("error", "details", "metadata")]
    return named if named is not None else _first_of(lambda inner: _wait(inner, levels - 1), within)


def _first_of(read: Callable[[Any], float | None], values: list[Any]) -> float | None:
    return next((found for value in values if (found := read(value)) is not None), None)


def seconds(value: Any) -> float | None:
    """A time to wait: a number of seconds, or a text like "42s" and "1.5s". None for anything else."""
    if isinstance(value, str):
        found = float(value.removesuffix("s")) if len(value) < 20 and _SECONDS.fullmatch(value) else None
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found = float(value) if abs(value) < 1e18 else None
    else:
        found = None
    return found if found is not None and math.isfinite(found) and found >= 0 else None


def _first(codes: list[str]) -> str | None:
    """The code to show: a word before the number of some other status."""
    return next((code for code in codes if not _is_status(code)), codes[0] if codes else None)


def _is_status(text: str) -> bool:
    return len(text) == 3 and text.isascii() and text.isdecimal() and "400" <= text <= "599"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _excerpt(text: str) -> str:
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]}…"
