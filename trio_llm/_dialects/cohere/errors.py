"""Errors of Cohere's API: an object with one field `message`; streams tell theirs in the last event.

Source: Cohere docs, "Errors", and API reference, "Chat API (v2), streaming" (`message-end`), 2026-11.
"""

from __future__ import annotations

from typing import Final

from ..error_bodies import ErrorReading

ERRORS: Final = ErrorReading()
decode_error: Final = ERRORS.of_reply
