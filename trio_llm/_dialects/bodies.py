"""Bodies of replies as they come: one JSON document, or the events of a stream that nobody asked for.

What a body is, its bytes tell; its label does not. Servers stream although a whole reply was asked for, write OpenAI's
closing event behind a whole reply, keep the connection alive with comments before it, or send one JSON document a line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

import attrs

from .._convert import json as _json
from .._convert.converter import ConversionError, parse
from .._convert.narrow import JSONObject, as_object, as_objects, json_text, parse_object
from .characters import has_halves, whole_characters
from .contract import ReplyIsError, StreamDecoder

ResponseT = TypeVar("ResponseT")
ChunkT = TypeVar("ChunkT")

_EVENT_FIELDS: Final = ("data:", "event:", "id:", "retry:", "error:")
_AROUND: Final = ("data", "response", "result", "output", "body")
"""Names under which gateways put what they hand on."""
_LINES: Final = re.compile(rb"(?:\s+|:[^\n]*\n)*\{")
_BLANK: Final = " \t\r\n\ufeff"


def server_sent(_: bytes, documents: Sequence[Any]) -> bytes:
    """Several documents as server-sent events."""
    if len(documents) < 2:
        return b""
    return b"".join(b"data: %b\n\n" % json_text(document).encode() for document in documents)


def lines(body: bytes, _: Sequence[Any]) -> bytes:
    """A body of lines as it is, where it may be one: what is read of it is then what a stream's reader reads."""
    return body if _LINES.match(body) else b""


@attrs.frozen
class ReadingOfEvents:
    """How the same answer is read where it came as a stream."""

    open_decoder: Callable[[], StreamDecoder[Any]]
    fold: Callable[[Iterable[Any]], Any]
    """The chunks put together into the response."""
    streamed: Callable[[bytes, Sequence[Any]], bytes] = server_sent
    """The stream that a body is which is no JSON; these are the documents in it. Nothing if it is none."""


def whole_document(body: bytes) -> Any:
    """The one JSON document that a body is, with whole characters; None if it is none, and `read_body` has to look.

    Nearly every reply is one: whoever asks this first spares it the preparations for the others.
    """
    try:
        document = _json.loads(body)
    except ValueError:
        return None
    return whole_characters(document) if has_halves(body) else document


def read_body(body: bytes, read: Callable[[Any], ResponseT], events: ReadingOfEvents) -> ResponseT:
    """The response in a body: `read` is given its document, or its events are read one by one.

    Raises:
        ConversionError: if it is neither.
        ReplyIsError: if the events end in an error; it carries what came before.
    """
    try:
        document = parse(body)
    except ConversionError:
        documents = _documents(body)
        streamed = events.streamed(body, documents) or (b"" if documents else _events(body))
        if streamed:
            response: ResponseT = _fold(streamed, events)
            return response
        if not documents:
            raise
        document = documents[0]
    return read(whole_characters(document) if has_halves(body) else document)


def objects_of(line: bytes) -> list[JSONObject]:
    """The JSON objects of one line: one, or several where the line breaks between them were forgotten.

    Raises:
        ConversionError: if it has none.
    """
    try:
        return [parse_object(line)]
    except ConversionError:
        documents = _documents(line)
        if len(documents) < 2:
            raise
        return [as_object(document) for document in documents]


def unwrapped(document: Any, *names: str) -> Any:
    """The answer in a document that has it inside another object, or as text; the document if it is none such.

    Gateways put `{"code": 0, "data": ...}` around what they hand on, and some encode it twice. An answer is known by
    the name of a field.
    """
    if type(document) is dict and any(name in document for name in names):
        return document
    if isinstance(document, str):
        return _from_text(document, names)
    for name in _AROUND:
        inner = as_object(document).get(name)
        if isinstance(inner, str):
            inner = _from_text(inner, names)
        if type(inner) is dict and any(inner.get(name) for name in names):
            return inner
    return document


def _from_text(text: str, names: tuple[str, ...]) -> Any:
    """The answer that a text is; the text if it is none."""
    if text.lstrip()[:1] != "{":
        return text
    try:
        made = _json.loads(text)
    except ValueError:
        return text
    return made if any(made.get(name) for name in names) else text


def text_parts(content: Any) -> list[Any]:
    """The parts of a content, where gateways write a text in place of a part or of all of them, or one alone."""
    parts = content if isinstance(content, list) else [content]
    return [{"text": part} if isinstance(part, str) else part for part in parts if part is not None]


def joined_text(content: Any) -> str:
    """The text of a content, wherever in it that stands."""
    texts = [part.get("text") for part in as_objects(text_parts(content))]
    return "".join(text for text in texts if isinstance(text, str))


def _fold(streamed: bytes, events: ReadingOfEvents) -> Any:
    decoder = events.open_decoder()
    chunks = decoder.feed(streamed)
    if not decoder.finished and decoder.failure is None:
        chunks += decoder.close()
    if decoder.failure is not None:
        partial = events.fold(chunks) if chunks else None
        raise ReplyIsError(attrs.evolve(decoder.failure, partial=partial))
    return events.fold(chunks)


def _events(body: bytes) -> bytes:
    """The body, if it consists of events."""
    text = _without_comments(body.decode("utf-8", "replace"))
    return body if text.startswith(_EVENT_FIELDS) else b""


def _documents(body: bytes) -> list[Any]:
    """The JSON documents that a body consists of, with nothing but comments and a closing event around them."""
    rest, documents = _without_comments(body.decode("utf-8", "replace")), []
    while rest.startswith(("{", "[")) and not rest.startswith("[DONE]"):
        try:
            document, end = _json.first_of(rest)
        except ValueError:
            return []
        documents.append(document)
        rest = _without_comments(rest[end:])
    return documents if not rest or rest.startswith(("data:", "[DONE]")) else []


def _without_comments(text: str) -> str:
    text = text.lstrip(_BLANK)
    while text.startswith(":"):
        text = text.partition("\n")[2].lstrip(_BLANK)
    return text
