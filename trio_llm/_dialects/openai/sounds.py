"""Speech: the reply is a sound file.

Source: OpenAI API reference, "Create speech", 2026-11.
"""

from __future__ import annotations

from typing import Final

from ..._convert import json as _json
from ..._convert.narrow import as_object
from ..._convert.pages import words_of
from ..._types.errors import InternalServerError
from ..._types.http import HTTPRequest
from ..._types.spoken import SPEECH_PARAMETERS, SpeechRequest, SpeechResponse
from ..contract import ErrorDetail, ReplyIsError, WireCall, json_request, merge_extra_body
from ..failing import no_answer
from ..parameters import supported_parameters
from .replies import failure_in

_SHORTEST_SOUND: Final = 1_000
"""Bytes below which JSON holds no sound, whatever a vendor's own parameters ask for."""


def encode_speech(call: WireCall[SpeechRequest]) -> HTTPRequest:
    """The request for a sound."""
    request = call.request
    parameters = supported_parameters(request.parameters, call, SPEECH_PARAMETERS, drop=request.options.drop_params)
    voice = {} if request.voice is None else {"voice": request.voice}
    body = {"model": call.model, "input": request.input, **voice, **parameters}
    return json_request("/audio/speech", merge_extra_body(body, request.options.extra_body))


def decode_speech(call: WireCall[SpeechRequest], body: bytes) -> SpeechResponse:
    """The sound as it is.

    Raises:
        ReplyIsError: if there is a JSON object in its place, or words, or nothing.
    """
    refuse_error_object(body)
    _refuse_words(call, body)
    return SpeechResponse(body)


def _refuse_words(call: WireCall[SpeechRequest], body: bytes) -> None:
    """Raise `ReplyIsError` for nothing, a page or a text in place of a sound, which would be saved as one."""
    if not body:
        raise ReplyIsError(no_answer(""))
    kind = "" if call.head is None else call.head.headers.get("content-type", "")
    is_short_json = kind.startswith("application/json") and len(body) < _SHORTEST_SOUND
    if is_short_json or kind.startswith("text/") or body.lstrip()[:1] == b"<":
        try:
            words = words_of(body.decode(), 300)
        except UnicodeDecodeError:
            return
        raise ReplyIsError(ErrorDetail(f"expected a sound, got {words!r}", kind=InternalServerError))


def refuse_error_object(body: bytes) -> None:
    """Raise `ReplyIsError` if what should be a sound is an error: no sound format begins with a brace."""
    if not body.startswith(b"{"):
        return
    try:
        reply = as_object(_json.loads(body))
    except ValueError:
        return
    if failure := failure_in(reply):
        raise ReplyIsError(failure)


class SoundDecoder:
    """A `StreamDecoder` of sound: what arrives is what is handed on."""

    finished = False
    """A sound ends where its reply does."""
    complete = False
    failure: ErrorDetail | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """The same bytes."""
        return [data]

    def close(self) -> list[bytes]:
        """Nothing is held back, and a reply that was cut short fails by itself."""
        return []


def open_sound_decoder(call: WireCall[SpeechRequest]) -> SoundDecoder:
    """A decoder for one sound."""
    return SoundDecoder()
