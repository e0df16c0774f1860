"""Vendors of speech and transcription alone."""

from __future__ import annotations

from typing import Final

from .auth import AuthScheme
from .provider import Provider, Wire

SOUND: Final = (
    Provider(
        name="deepgram",
        base_url="https://api.deepgram.com/v1",
        documentation="https://developers.deepgram.com/reference",
        wire=Wire.DEEPGRAM,
        auth=AuthScheme.TOKEN,
        alternative_hosts=("api.eu.deepgram.com",),
    ),
    Provider(
        name="elevenlabs",
        base_url="https://api.elevenlabs.io/v1",
        documentation="https://elevenlabs.io/docs/api-reference",
        wire=Wire.ELEVENLABS,
        auth=AuthScheme.XI_API_KEY,
        key_variables=("ELEVENLABS_API_KEY", "ELEVEN_API_KEY", "XI_API_KEY"),
        alternative_hosts=("api.us.elevenlabs.io", "api.eu.residency.elevenlabs.io"),
    ),
)
