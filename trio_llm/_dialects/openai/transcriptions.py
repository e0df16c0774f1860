"""Transcription: a form with the sound, answered by JSON, plain text, subtitles or events.

Source: OpenAI API reference, "Create transcription" and "Transcription streaming events"; Mistral, "Audio
transcriptions" (segments with speakers); Groq, "Speech to text"; 2026-11.
"""

from __future__ import annotations

from typing import Any, Final

from ..._convert.converter import structure
from ..._convert.narrow import as_object, as_objects, parse_object
from ..._convert.pages import sentence_of_page
from ..._types.errors import InternalServerError
from ..._types.http import HTTPRequest
from ..._types.transcriptions import (
    TRANSCRIPTION_PARAMETERS,
    TranscriptionChunk,
    TranscriptionRequest,
    TranscriptionResponse,
)
from ..contract import ErrorDetail, ReplyIsError, WireCall, merge_extra_body
from ..forms import form_request
from ..parameters import supported_parameters
from ..streaming import SSEStreamDecoder
from .event_reader import EventReader
from .replies import require_text, settle_usage

_PATH: Final = "/audio/transcriptions"
_PLAIN: Final = frozenset({"text", "srt", "vtt"})
"""Response formats whose reply is the file itself."""
_PLAIN_TYPES: Final = ("text/plain", "text/vtt", "text/srt", "application/x-subrip")


def encode_transcription(call: WireCall[TranscriptionRequest]) -> HTTPRequest:
    """The form for a whole reply."""
    return _form(call, {})


def encode_transcription_stream(call: WireCall[TranscriptionRequest]) -> HTTPRequest:
    """The form for a streamed reply."""
    return _form(call, {"stream": True})


def _form(call: WireCall[TranscriptionRequest], more: dict[str, Any]) -> HTTPRequest:
    request = call.request
    drop = request.options.drop_params
    parameters = supported_parameters(request.parameters, call, TRANSCRIPTION_PARAMETERS, drop=drop)
    fields = merge_extra_body({"model": call.model, **parameters, **more}, request.options.extra_body)
    return form_request(_PATH, fields, [("file", request.file)], call.fresh.boundary())


def decode_transcription(call: WireCall[TranscriptionRequest], body: bytes) -> TranscriptionResponse:
    """Read a transcript, in whichever format it was asked for."""
    if _is_plain(call, body) and not body.lstrip().startswith(b"{"):
        text = body.decode("utf-8", "replace")
        if sentence := sentence_of_page(text):
            raise ReplyIsError(ErrorDetail(f"expected a transcript, got {sentence!r}", kind=InternalServerError))
        return TranscriptionResponse(text)
    reply = parse_object(body)
    if "text" not in reply and (segments := as_objects(reply.get("segments"))):
        reply["text"] = "".join(str(segment.get("text") or "") for segment in segments)
    require_text(reply, "text")
    settle_usage(as_object(reply.get("usage")))
    for part in as_objects(reply.get("segments")) + as_objects(reply.get("words")):
        if "speaker" not in part and "speaker_id" in part:
            part["speaker"] = part.pop("speaker_id")
    return structure(reply, TranscriptionResponse)


def _is_plain(call: WireCall[TranscriptionRequest], body: bytes) -> bool:
    """Whether the transcript is no JSON: so it was asked for, or so the server says, as some know nothing else."""
    kind = "" if call.head is None else call.head.headers.get("content-type", "")
    says_so = kind.startswith(_PLAIN_TYPES) and bool(body.strip())
    return call.request.parameters.get("response_format") in _PLAIN or says_so


def open_transcription_decoder(call: WireCall[TranscriptionRequest]) -> SSEStreamDecoder[TranscriptionChunk]:
    """A decoder for one streamed transcript."""
    return SSEStreamDecoder(
        EventReader(TranscriptionChunk, lambda chunk: chunk.type.endswith(".done"), "the transcript did")
    )
