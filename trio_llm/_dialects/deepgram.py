"""Deepgram's API: sound in and JSON out, text in and sound out; parameters stand in the query.

Paths are relative to `https://api.deepgram.com/v1`.

Source: Deepgram API reference, "Transcribe and analyze pre-recorded speech", "Text to speech transformation" and
"Errors", https://developers.deepgram.com/reference, 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from .._convert.converter import ConversionError, structure
from .._convert.narrow import as_object, as_objects, parse_object
from .._types.errors import UnsupportedParamsError
from .._types.http import HTTPRequest
from .._types.spoken import SpeechRequest
from .._types.transcriptions import TranscriptionRequest, TranscriptionResponse, TranscriptionSegment, TranscriptionWord
from .contract import Dialect, Endpoint, StreamEndpoint, WireCall, json_request
from .openai.errors import decode_error
from .openai.sounds import decode_speech, open_sound_decoder
from .parameters import supported_parameters

_HEARING: Final = frozenset({"diarize", "language", "response_format", "timestamp_granularities"})
_JSON_FORMATS: Final = frozenset({"json", "verbose_json"})
_SOUND_FORMATS: Final[Mapping[str, Mapping[str, str]]] = {
    "mp3": {"encoding": "mp3"},
    "opus": {"encoding": "opus"},
    "flac": {"encoding": "flac"},
    "aac": {"encoding": "aac"},
    "wav": {"encoding": "linear16", "container": "wav"},
    "pcm": {"encoding": "linear16", "container": "none"},
}
"""OpenAI's response formats."""


def encode_transcription(call: WireCall[TranscriptionRequest]) -> HTTPRequest:
    """The sound as the body. Fields of `extra_body` are further parameters of the query.

    Raises:
        UnsupportedParamsError: for what Deepgram has no word for; `drop_params` leaves it out.
    """
    request = call.request
    drop = request.options.drop_params
    asked = supported_parameters(request.parameters, call, _HEARING, drop=drop)
    if asked.get("response_format", "json") not in _JSON_FORMATS and not drop:
        raise UnsupportedParamsError("response_format can only be json or verbose_json", model=call.model)
    query: dict[str, Any] = {"model": call.model, "smart_format": True}
    query |= {name: asked[name] for name in ("diarize", "language") if name in asked}
    if "segment" in asked.get("timestamp_granularities", ()) or asked.get("diarize"):
        query["utterances"] = True
    path = _with_query("/listen", {**query, **(request.options.extra_body or {})})
    return HTTPRequest("POST", path, (("content-type", request.file.media_type),), request.file.content)


def _with_query(path: str, query: Mapping[str, Any]) -> str:
    words = {name: str(value).lower() if isinstance(value, bool) else value for name, value in query.items()}
    return f"{path}?{urlencode(words, doseq=True)}"


def decode_transcription(call: WireCall[TranscriptionRequest], body: bytes) -> TranscriptionResponse:
    """Read a transcript: the likeliest reading of every channel, one after the other."""
    reply = parse_object(body)
    results = as_object(reply.get("results"))
    channels = as_objects(results.get("channels"))
    if not channels:
        raise ConversionError("expected channels", ".results.channels")
    readings = [as_object(next(iter(as_objects(channel.get("alternatives"))), None)) for channel in channels]
    metadata = as_object(reply.get("metadata"))
    segments = [_segment(utterance) for utterance in as_objects(results.get("utterances"))]
    return TranscriptionResponse(
        "\n".join(str(reading.get("transcript") or "") for reading in readings),
        language=channels[0].get("detected_language"),
        duration=metadata.get("duration"),
        words=[_word(word) for reading in readings for word in as_objects(reading.get("words"))] or None,
        segments=segments or None,
        model_extra={"metadata": metadata},
    )


def _word(word: dict[str, Any]) -> TranscriptionWord:
    word["word"] = word.pop("punctuated_word", None) or word.get("word")
    return structure(word, TranscriptionWord)


def _segment(utterance: dict[str, Any]) -> TranscriptionSegment:
    utterance["text"] = utterance.pop("transcript", None)
    utterance.pop("words", None)
    return structure(utterance, TranscriptionSegment)


def encode_speech(call: WireCall[SpeechRequest]) -> HTTPRequest:
    """The text as JSON. A voice is a part of the model's name here: `voice` is what follows `aura-2-`, if given.

    Raises:
        UnsupportedParamsError: for what Deepgram has no word for; `drop_params` leaves it out.
    """
    request = call.request
    drop = request.options.drop_params
    asked = supported_parameters(request.parameters, call, frozenset({"response_format"}), drop=drop)
    form = asked.get("response_format", "mp3")
    if form not in _SOUND_FORMATS and not drop:
        raise UnsupportedParamsError(f"response_format cannot be {form!r}", model=call.model)
    model = call.model if request.voice is None else f"{call.model}-{request.voice}"
    query = {"model": model, **_SOUND_FORMATS.get(form, {}), **(request.options.extra_body or {})}
    return json_request(_with_query("/speak", query), {"text": request.input})


DEEPGRAM: Final = Dialect(
    name="deepgram",
    decode_error=decode_error,
    transcription=Endpoint(encode_transcription, decode_transcription),
    speech=Endpoint(encode_speech, decode_speech),
    speech_stream=StreamEndpoint(encode_speech, open_sound_decoder),
)
