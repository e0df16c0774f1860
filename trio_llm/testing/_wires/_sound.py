"""Deepgram and ElevenLabs: sound in and JSON out, text in and sound out.

Source: Deepgram API reference, "Transcribe and analyze pre-recorded speech", "Text to speech transformation" and
"Errors"; ElevenLabs API reference, "Create speech", "Create transcript" and "Errors", 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from ..._convert import json as _json
from .._actions import Failure
from .._prompt import Prompt
from ._limit_headers import no_headers
from ._model import Answer, Family, ReplyBody, SimulatedOperation, whole
from ._other import write_speech


def _deepgram_error(failure: Failure) -> dict[str, Any]:
    code = failure.code or {401: "INVALID_AUTH", 402: "ASR_PAYMENT_REQUIRED", 429: "TOO_MANY_REQUESTS"}.get(
        failure.status, "Bad Request"
    )
    return {"err_code": code, "err_msg": failure.message, "request_id": "simulated"}


def _elevenlabs_error(failure: Failure) -> dict[str, Any]:
    usual = {401: "invalid_api_key", 429: "too_many_concurrent_requests"}
    return {"detail": {"status": failure.code or usual.get(failure.status, "error"), "message": failure.message}}


DEEPGRAM: Final = Family("deepgram", _deepgram_error, lambda one: _json.dumps(_deepgram_error(one)), b"", no_headers)
ELEVENLABS: Final = Family(
    "elevenlabs", _elevenlabs_error, lambda one: _json.dumps(_elevenlabs_error(one)), b"", no_headers
)


def _read(field: str, model: str = "") -> Any:
    def read(_path: str, body: Mapping[str, Any]) -> Prompt:
        text = str(body.get(field, "")) if isinstance(body.get(field), str) else ""
        return Prompt(str(body.get(model, "")), (text,) if text else (), text, body=body)

    return read


def _read_voice(path: str, body: Mapping[str, Any]) -> Prompt:
    text = str(body.get("text", ""))
    voice = unquote(path.partition("/text-to-speech/")[2].partition("/")[0])
    return Prompt(str(body.get("model_id") or voice), (text,), text, body=body)


def _write_transcript(_prompt: Prompt, answer: Answer) -> ReplyBody:
    words = [
        {"word": word.strip(), "punctuated_word": word.strip(), "start": index, "end": index + 1, "confidence": 1.0}
        for index, word in enumerate(answer.text)
    ]
    reading = {"transcript": "".join(answer.text), "confidence": 1.0, "words": words}
    utterance = {"start": 0, "end": len(words), "transcript": reading["transcript"], "speaker": 0, "id": answer.id}
    results = {"channels": [{"alternatives": [reading], "detected_language": "en"}], "utterances": [utterance]}
    return whole({"metadata": {"request_id": answer.id, "duration": float(len(words))}, "results": results})


def _write_text(_prompt: Prompt, answer: Answer) -> ReplyBody:
    words = [
        {"text": word.strip(), "type": "word", "start": index, "end": index + 1, "speaker_id": "speaker_0"}
        for index, word in enumerate(answer.text)
    ]
    return whole({"language_code": "eng", "language_probability": 1.0, "text": "".join(answer.text), "words": words})


ENDPOINTS: Final = (
    SimulatedOperation("deepgram.transcription", re.compile(r"/listen$"), DEEPGRAM, _read("url"), _write_transcript),
    SimulatedOperation("deepgram.speech", re.compile(r"/speak$"), DEEPGRAM, _read("text"), write_speech),
    SimulatedOperation(
        "elevenlabs.transcription",
        re.compile(r"/speech-to-text$"),
        ELEVENLABS,
        _read("prompt", "model_id"),
        _write_text,
    ),
    SimulatedOperation(
        "elevenlabs.speech", re.compile(r"/text-to-speech/[^/]+(/stream)?$"), ELEVENLABS, _read_voice, write_speech
    ),
)
