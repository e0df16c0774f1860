"""Text completions of vendors who send one text in pieces, whole or as server-sent events.

A dialect says what a document of its wire amounts to, as a `ContinuationPiece`. What becomes of the pieces is the same
for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

import attrs

from .._convert.converter import ConversionError
from .._convert.narrow import JSONObject, parse_object
from .._framing.sse_decoder import ServerSentEvent
from .._types.errors import BadRequestError
from .._types.folding import TextFolding, fold
from .._types.text_completions import TextChoices, TextCompletionRequest, TextCompletionResponse
from .._types.usage import Usage
from .bodies import ReadingOfEvents, read_body
from .contract import ReplyIsError, WireCall
from .error_bodies import ErrorReading
from .failing import broken_off, names_failure, no_answer, retryable
from .streaming import SSEStreamDecoder, TruncatedReply

ERRORS: Final = ErrorReading()


@attrs.frozen
class ContinuationPiece:
    """What one document says of the continuation."""

    text: str = ""
    reason: str | None = None
    """Why it ended, in OpenAI's words or the vendor's; None as long as it goes on."""
    prompt_tokens: int = 0
    """Of the whole prompt; 0 where this document does not say."""
    completion_tokens: int = 0
    """Of the whole continuation so far; 0 where this document does not say."""
    others: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    """Fields without a place of their own."""


ReadPiece = Callable[[JSONObject], ContinuationPiece | None]
"""Reads one document: None if it carries nothing. Errors have been told from it before."""


class PieceReader:
    """One continuation, document by document. Only a reason says that it is whole."""

    def __init__(self, call: WireCall[TextCompletionRequest], read_piece: ReadPiece) -> None:
        self.finished = False
        self._read_piece = read_piece
        self._model = call.model
        self._identifier = call.fresh.id("cmpl-")
        self._says_something = False
        self._prompt_tokens = 0
        self._completion_tokens = 0

    @property
    def complete(self) -> bool:
        """Whether the reason of its end was told."""
        return self.finished

    def read(self, event: ServerSentEvent) -> Iterable[TextCompletionResponse]:
        """The chunk that an event amounts to. Raises as `read_document` does."""
        if event.data == "[DONE]":
            return self.close()
        return self.read_document(parse_object(event.data))

    def read_document(self, told: JSONObject) -> list[TextCompletionResponse]:
        """The chunk that a document amounts to.

        Raises:
            ReplyIsError: for an error, a reason that names a failure, and an end without an answer.
        """
        if told.get("error") or told.get("errors"):
            raise ReplyIsError(retryable(ERRORS.of_value(told)))
        piece = self._read_piece(told)
        if piece is None:
            return []
        self._says_something = self._says_something or bool(piece.text)
        self._prompt_tokens = max(self._prompt_tokens, piece.prompt_tokens)
        self._completion_tokens = max(self._completion_tokens, piece.completion_tokens)
        if piece.reason is not None:
            self._end(piece.reason, told)
        elif not piece.text:
            return []
        chunk = TextCompletionResponse(self._identifier, None, self._model, model_extra=dict(piece.others) or None)
        chunk.choices = [TextChoices(piece.reason, 0, piece.text)]
        if piece.reason is not None and (self._prompt_tokens or self._completion_tokens):
            total = self._prompt_tokens + self._completion_tokens
            chunk.usage = Usage(self._prompt_tokens, self._completion_tokens, total)
        return [chunk]

    def _end(self, reason: str, told: JSONObject) -> None:
        self.finished = True
        if names_failure(reason):
            raise ReplyIsError(broken_off(reason))
        if not self._says_something and reason not in ("stop", "length"):
            raise ReplyIsError(no_answer(told))

    def close(self) -> list[TextCompletionResponse]:
        """Nothing is held back. Raises `TruncatedReply` if no reason was told."""
        if not self.finished:
            raise TruncatedReply("the stream ended before the reason of its end")
        return []


def open_pieces(
    read_piece: ReadPiece, call: WireCall[TextCompletionRequest]
) -> SSEStreamDecoder[TextCompletionResponse]:
    """The decoder of one streamed continuation."""
    return SSEStreamDecoder(PieceReader(call, read_piece))


def read_continuation(
    read_piece: ReadPiece, call: WireCall[TextCompletionRequest], body: bytes
) -> TextCompletionResponse:
    """Read a whole reply: one object, alone in a list or not.

    Raises:
        ConversionError: if it is malformed.
        ReplyIsError: if it is an error, or no answer.
    """
    events = ReadingOfEvents(partial(open_pieces, read_piece, call), partial(fold, TextFolding()))

    def read(document: Any) -> TextCompletionResponse:
        found = document[0] if isinstance(document, list) and len(document) == 1 else document
        if type(found) is not dict:
            raise ConversionError(f"expected an object, got {document!r:.60}")
        reader = PieceReader(call, read_piece)
        chunks = reader.read_document(found)
        if not reader.complete:
            raise ReplyIsError(no_answer(document))
        return fold(TextFolding(), chunks)

    return read_body(body, read, events)


def one_prompt(call: WireCall[TextCompletionRequest], vendor: str) -> str:
    """The prompt, for a vendor that takes one text.

    Raises:
        BadRequestError: if it is anything else.
    """
    prompt = call.request.prompt
    if not isinstance(prompt, str):
        if len(prompt) != 1 or not isinstance(prompt[0], str):
            raise BadRequestError(f"prompt must be one text: {vendor} takes no more", model=call.model)
        prompt = prompt[0]
    return prompt
