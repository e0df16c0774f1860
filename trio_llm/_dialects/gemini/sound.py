"""Sound by Gemini's models: speech as the answer of `generateContent`, transcription as a question about a sound.

Source: Gemini API guides "Speech generation" (24 kHz, 16 bits, one channel) and "Audio understanding"; 2026-11.
"""

from __future__ import annotations

import struct
from base64 import b64decode, b64encode
from typing import Any, Final

from ..._convert.converter import parse
from ..._types.errors import InternalServerError, UnsupportedParamsError
from ..._types.http import HTTPRequest
from ..._types.spoken import SpeechRequest, SpeechResponse
from ..._types.transcriptions import TranscriptionRequest, TranscriptionResponse
from ..contract import ErrorDetail, ReplyIsError, WireCall, json_request, merge_extra_body
from ..parameters import supported_parameters
from .models import model_path
from .response import read_document

_RATE: Final = 24_000
_SOUND_FORMATS: Final = frozenset({"wav", "pcm"})
_TEXT_FORMATS: Final = frozenset({"json", "text"})
_ORDER: Final = "Write down word for word what is said, and nothing else."


def encode_speech(call: WireCall[SpeechRequest]) -> HTTPRequest:
    """A request for speech. `instructions` go before the text, as the guide says; the reply is `wav` or `pcm`.

    Raises:
        UnsupportedParamsError: for what Gemini cannot express; `drop_params` leaves it out.
    """
    request = call.request
    asked = _checked(call, frozenset({"instructions", "response_format"}), _SOUND_FORMATS)
    text = f"{asked['instructions']}: {request.input}" if "instructions" in asked else request.input
    config: dict[str, Any] = {"responseModalities": ["AUDIO"]}
    if request.voice is not None:
        named = {"voiceName": request.voice} if isinstance(request.voice, str) else dict(request.voice)
        config["speechConfig"] = {"voiceConfig": {"prebuiltVoiceConfig": named}}
    body = {"contents": [{"role": "user", "parts": [{"text": text}]}], "generationConfig": config}
    return json_request(model_path(call.model, "generateContent"), merge_extra_body(body, request.options.extra_body))


def decode_speech(call: WireCall[SpeechRequest], body: bytes) -> SpeechResponse:
    """The sound, with the head of a WAV file unless `pcm` was asked for."""
    response, failure = read_document(parse(body))
    messages = [choice.message for choice in response.choices]
    samples = b"".join(b64decode(message.audio.data or "") for message in messages if message.audio is not None)
    if not samples:
        said = "".join(message.content or "" for message in messages)
        raise ReplyIsError(
            failure or ErrorDetail(f"the reply has no sound{f': {said}' if said else ''}", kind=InternalServerError)
        )
    if call.request.parameters.get("response_format") == "pcm":
        return SpeechResponse(samples)
    return SpeechResponse(_wav_head(len(samples)) + samples)


def _wav_head(size: int) -> bytes:
    """Source: Microsoft, "Multimedia Programming Interface and Data Specifications 1.0", RIFF WAVE."""
    samples = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, _RATE, _RATE * 2, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE") + samples + struct.pack("<4sI", b"data", size)


def encode_transcription(call: WireCall[TranscriptionRequest]) -> HTTPRequest:
    """A request for a transcript, with the sound inside: 20 MB is the most that Gemini takes this way.

    Raises:
        UnsupportedParamsError: for what Gemini cannot express; `drop_params` leaves it out.
    """
    request = call.request
    asked = _checked(call, frozenset({"language", "prompt", "response_format", "temperature"}), _TEXT_FORMATS)
    order = f"{_ORDER} The language is {asked['language']}." if "language" in asked else _ORDER
    sound = {"mimeType": request.file.media_type, "data": b64encode(request.file.read()).decode()}
    parts = [{"text": f"{order} {asked.get('prompt', '')}".strip()}, {"inlineData": sound}]
    config = {"temperature": asked["temperature"]} if "temperature" in asked else {}
    body = {"contents": [{"role": "user", "parts": parts}], **({"generationConfig": config} if config else {})}
    return json_request(model_path(call.model, "generateContent"), merge_extra_body(body, request.options.extra_body))


def decode_transcription(call: WireCall[TranscriptionRequest], body: bytes) -> TranscriptionResponse:
    """The answer's text."""
    response, failure = read_document(parse(body))
    if failure is not None or not response.choices:
        raise ReplyIsError(failure or ErrorDetail("the reply has no transcript", kind=InternalServerError))
    text = "".join(choice.message.content or "" for choice in response.choices)
    return TranscriptionResponse(text.strip(), usage=response.usage)


def _checked(call: WireCall[Any], expressible: frozenset[str], formats: frozenset[str]) -> dict[str, Any]:
    drop = call.request.options.drop_params
    asked = supported_parameters(call.request.parameters, call, expressible, drop=drop)
    if asked.get("response_format") not in (None, *formats) and not drop:
        known = " or ".join(sorted(formats))
        raise UnsupportedParamsError(f"response_format can only be {known}", model=call.model)
    return asked
