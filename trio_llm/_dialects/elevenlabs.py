"""ElevenLabs' API: speech by a voice that the path names, transcription by a form.

Paths are relative to `https://api.elevenlabs.io/v1`.

Source: ElevenLabs API reference, "Create speech", "Stream speech", "Create transcript" and "Errors",
https://elevenlabs.io/docs/api-reference, 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from .._convert.converter import structure
from .._convert.narrow import as_objects, in_address, parse_object
from .._types.errors import BadRequestError, UnsupportedParamsError
from .._types.http import HTTPRequest
from .._types.spoken import SpeechRequest
from .._types.transcriptions import TranscriptionRequest, TranscriptionResponse, TranscriptionWord
from .contract import Dialect, Endpoint, StreamEndpoint, WireCall, json_request, merge_extra_body
from .forms import form_request
from .openai.errors import decode_error
from .openai.replies import require_text
from .openai.sounds import decode_speech, open_sound_decoder
from .parameters import supported_parameters

_HEARING: Final[Mapping[str, str]] = {
    "diarize": "diarize",
    "language": "language_code",
    "temperature": "temperature",
}
_JSON_FORMATS: Final = frozenset({"json", "verbose_json"})
_SPEAKING: Final = frozenset({"response_format", "speed"})
_SOUND_FORMATS: Final[Mapping[str, str]] = {
    "mp3": "mp3_44100_128",
    "opus": "opus_48000_128",
    "pcm": "pcm_24000",
}
"""OpenAI's response formats; its `pcm` is 24 kHz. The vendor's own names are taken as they are."""


def encode_transcription(call: WireCall[TranscriptionRequest]) -> HTTPRequest:
    """The form with the sound.

    Raises:
        UnsupportedParamsError: for what ElevenLabs has no word for; `drop_params` leaves it out.
    """
    request = call.request
    drop = request.options.drop_params
    expressible = frozenset({*_HEARING, "response_format", "timestamp_granularities"})
    asked = supported_parameters(request.parameters, call, expressible, drop=drop)
    if asked.get("response_format", "json") not in _JSON_FORMATS and not drop:
        raise UnsupportedParamsError("response_format can only be json or verbose_json", model=call.model)
    named = {wire: asked[name] for name, wire in _HEARING.items() if name in asked}
    fields = merge_extra_body({"model_id": call.model, **named}, request.options.extra_body)
    return form_request("/speech-to-text", fields, [("file", request.file)], call.fresh.boundary())


def decode_transcription(call: WireCall[TranscriptionRequest], body: bytes) -> TranscriptionResponse:
    """Read a transcript. Spaces and sounds between the words are no words."""
    reply = parse_object(body)
    text = require_text(reply, "text")
    words = [_word(word) for word in as_objects(reply.get("words")) if word.get("type", "word") == "word"]
    rest = {name: value for name, value in reply.items() if name not in ("text", "words", "language_code")}
    return TranscriptionResponse(
        text, language=reply.get("language_code"), words=words or None, model_extra=rest or None
    )


def _word(word: dict[str, Any]) -> TranscriptionWord:
    renamed = (("text", "word"), ("speaker_id", "speaker"))
    return structure({**word, **{name: word.pop(wire, None) for wire, name in renamed}}, TranscriptionWord)


def encode_speech(call: WireCall[SpeechRequest]) -> HTTPRequest:
    """The request for a whole sound. `voice` is the voice's id.

    Raises:
        BadRequestError: without a voice.
        UnsupportedParamsError: for what ElevenLabs has no word for; `drop_params` leaves it out.
    """
    return _speech(call, "")


def encode_speech_stream(call: WireCall[SpeechRequest]) -> HTTPRequest:
    """The request for a sound as it is made. Raises as `encode_speech` does."""
    return _speech(call, "/stream")


def _speech(call: WireCall[SpeechRequest], ending: str) -> HTTPRequest:
    request = call.request
    drop = request.options.drop_params
    asked = supported_parameters(request.parameters, call, _SPEAKING, drop=drop)
    voice = request.voice if isinstance(request.voice, str) else (request.voice or {}).get("id")
    if not voice:
        raise BadRequestError("voice is missing: ElevenLabs wants the id of one", model=call.model)
    form = str(asked.get("response_format", "mp3"))
    form = _SOUND_FORMATS.get(form, form)
    if "_" not in form:
        if not drop:
            raise UnsupportedParamsError(f"response_format cannot be {form!r}", model=call.model)
        form = _SOUND_FORMATS["mp3"]
    body: dict[str, Any] = {"text": request.input, "model_id": call.model}
    if "speed" in asked:
        body["voice_settings"] = {"speed": asked["speed"]}
    path = f"/text-to-speech/{in_address(str(voice), 'voice')}{ending}?output_format={quote(form, safe='')}"
    return json_request(path, merge_extra_body(body, request.options.extra_body))


ELEVENLABS: Final = Dialect(
    name="elevenlabs",
    decode_error=decode_error,
    transcription=Endpoint(encode_transcription, decode_transcription),
    speech=Endpoint(encode_speech, decode_speech),
    speech_stream=StreamEndpoint(encode_speech_stream, open_sound_decoder),
)
