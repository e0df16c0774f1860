"""Calls and replies that several micro-benchmarks use."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from trio_llm._dialects.contract import WireCall
from trio_llm._types.chat import ChatRequest

MESSAGES: Final[list[Any]] = [{"role": "user", "content": "Hello, how are you?"}]
OPENAI_CALL: Final[WireCall[Any]] = WireCall(ChatRequest("openai/gpt-4o-mini", MESSAGES), "gpt-4o-mini")
ANTHROPIC_CALL: Final[WireCall[Any]] = WireCall(
    ChatRequest("anthropic/claude-sonnet-4-5", MESSAGES, max_tokens=64), "claude-sonnet-4-5"
)


def dechunked(pieces: Iterable[bytes]) -> bytes:
    """The events of a stream without HTTP's chunks around them."""
    return b"".join(re.findall(rb"(?:event: .*\n)?data: .*\n\n", b"".join(pieces)))
