"""What a model is called for, in LiteLLM's words: by its name where that says it, else by what it takes and gives."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

_BY_NAME: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern), mode)
    for pattern, mode in (
        (r"rerank", "rerank"),
        (r"embed|^voyage-|(^|[/-])(bge|e5|gte|all-mini-lm)-", "embedding"),
        (r"(^|[/-])moderation", "moderation"),
        (r"whisper|transcribe|scribe_v|-asr\b", "audio_transcription"),
        (r"(^|[/-])tts\b|orpheus|eleven_", "audio_speech"),
        (r"dall-e|imagen-|gpt-image|chatgpt-image|flux|stable-diffusion|grok-(2|imagine)-image", "image_generation"),
        (r"^(babbage|davinci|text-davinci|gpt-3\.5-turbo-instruct)", "completion"),
    )
)
"""The first that fits a name without its provider, in small letters."""
_BY_OUTPUT: Final[Mapping[str, str]] = {
    "audio": "audio_speech",
    "image": "image_generation",
    "text": "chat",
    "video": "video_generation",
}
"""Where a model gives this alone."""


def mode_of(name: str, takes: Sequence[str] | None, gives: Sequence[str] | None) -> str | None:
    """How a model is called: `chat`, `embedding`, `image_generation` and so on; None where nothing says it.

    Args:
        name: without the provider.
        takes: kinds of input (`text`, `audio` ...), where they are known.
        gives: kinds of output.
    """
    lowered = name.lower()
    for pattern, mode in _BY_NAME:
        if pattern.search(lowered):
            return mode
    if gives is None:
        return None
    if list(takes or ()) == ["audio"] and list(gives) == ["text"]:
        return "audio_transcription"
    return "chat" if "text" in gives else _BY_OUTPUT.get(gives[0]) if gives else None
