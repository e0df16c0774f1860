"""Text completions of `/api/generate`.

Source: Ollama API reference, "Generate a completion", 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, Final

from ..._convert.converter import ConversionError
from ..._convert.narrow import JSONObject
from ..._framing.ndjson import NDJSONDecoder
from ..._types.errors import BadRequestError
from ..._types.folding import TextFolding, fold
from ..._types.http import HTTPRequest
from ..._types.text_completions import TextChoices, TextCompletionRequest, TextCompletionResponse
from ..bodies import ReadingOfEvents, lines, read_body
from ..contract import ReplyIsError, StreamDecoder, WireCall, json_request, merge_extra_body
from ..failing import broken_off, names_failure, no_answer
from ..lines import LinesOfObjects
from ..parameters import supported_parameters
from ..streaming import FrameStreamDecoder, TruncatedReply
from .errors import raise_error
from .reply import seconds_of, usage_of
from .request import OPTIONS, options_of

_EXPRESSIBLE: Final = frozenset(OPTIONS) | {"stop", "stream_options", "suffix"}
_PLACED: Final = frozenset({"model", "created_at", "response", "done", "prompt_eval_count", "eval_count", "context"})


def encode_text_completion(call: WireCall[TextCompletionRequest]) -> HTTPRequest:
    """The request for a whole reply. The model's template is put around the prompt, unless `extra_body` says `raw`.

    Raises:
        BadRequestError: for a prompt that is not one text.
        UnsupportedParamsError: for what the wire cannot express; `drop_params` leaves it out.
    """
    return _request(call, streamed=False)


def encode_text_completion_stream(call: WireCall[TextCompletionRequest]) -> HTTPRequest:
    """The request for a streamed reply. Raises as `encode_text_completion` does."""
    return _request(call, streamed=True)


def _request(call: WireCall[TextCompletionRequest], *, streamed: bool) -> HTTPRequest:
    request = call.request
    given = supported_parameters(request.parameters, call, _EXPRESSIBLE, drop=request.options.drop_params)
    body: dict[str, Any] = {"model": call.model, "prompt": _prompt(call), "stream": streamed}
    if given.get("suffix") is not None:
        body["suffix"] = given["suffix"]
    if options := options_of(given):
        body["options"] = options
    return json_request("/api/generate", merge_extra_body(body, request.options.extra_body))


def _prompt(call: WireCall[TextCompletionRequest]) -> str:
    prompt = call.request.prompt
    if not isinstance(prompt, str):
        if len(prompt) != 1 or not isinstance(prompt[0], str):
            raise BadRequestError("prompt must be one text: Ollama takes no more", model=call.model)
        prompt = prompt[0]
    return prompt


def decode_text_completion(call: WireCall[TextCompletionRequest], body: bytes) -> TextCompletionResponse:
    """Read a whole reply. Raises as that of a chat does."""
    return read_body(
        body, partial(_read, call), ReadingOfEvents(partial(open_text_completion_decoder, call), _fold, lines)
    )


def _fold(chunks: Iterable[TextCompletionResponse]) -> TextCompletionResponse:
    return fold(TextFolding(), chunks)


def _read(call: WireCall[TextCompletionRequest], document: Any) -> TextCompletionResponse:
    if type(document) is not dict:
        raise ConversionError(f"expected an object, got {document!r:.60}")
    reader = _LineReader(call)
    chunks = [*reader.read_object(document)]
    if not reader.complete and (document.get("done") is not None or not chunks):
        raise ReplyIsError(no_answer(document))
    return _fold(chunks)


def open_text_completion_decoder(call: WireCall[TextCompletionRequest]) -> StreamDecoder[TextCompletionResponse]:
    """The decoder of one streamed reply."""
    return FrameStreamDecoder(NDJSONDecoder(), _LineReader(call))


class _LineReader:
    """One reply, line by line. A line that is `done` says that the answer is whole; one alone need not say it."""

    def __init__(self, call: WireCall[TextCompletionRequest]) -> None:
        self.finished = False
        self._lines = LinesOfObjects()
        self._says_something = False
        self._tells_done = False
        self._identifier = call.fresh.id("cmpl-")

    @property
    def complete(self) -> bool:
        return self.finished

    def read(self, line: bytes) -> Iterable[TextCompletionResponse]:
        for told in self._lines.read(line):
            if not self.finished:
                yield from self.read_object(told)

    def read_object(self, told: JSONObject) -> Iterator[TextCompletionResponse]:
        """The chunk that a line amounts to. Raises as that of a chat does."""
        raise_error(told)
        text = told["response"] if isinstance(told.get("response"), str) else ""
        self._says_something = self._says_something or bool(text)
        done = told.get("done_reason") if told.get("done") is None else told["done"]
        self._tells_done = self._tells_done or done is not None
        reason = self._finish(told) if done else None
        if not text and reason is None:
            return
        chunk = TextCompletionResponse(self._identifier, seconds_of(told.get("created_at")), told.get("model"))
        chunk.choices = [TextChoices(reason, 0, text)]
        if reason is not None:
            chunk.usage = usage_of(told)
            chunk.model_extra = {name: value for name, value in told.items() if name not in _PLACED} or None
        yield chunk

    def close(self) -> Iterable[TextCompletionResponse]:
        self._lines.close()
        alone = self._lines.count == 1 and self._says_something and not self._tells_done
        if not self.finished and not alone:
            raise TruncatedReply("the stream ended before a line that is done")
        return ()

    def _finish(self, told: JSONObject) -> str:
        self.finished = True
        reason = told.get("done_reason") or "stop"
        if names_failure(reason):
            raise ReplyIsError(broken_off(reason))
        if not self._says_something and reason not in ("stop", "length", "load", "unload"):
            raise ReplyIsError(no_answer(told))
        return "stop" if reason in ("load", "unload") else str(reason)
