"""Facts that both sources have wrong or lack, by row and name, each with the page that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from .names import spellings

_TURBO: Final = (
    {
        "context_window": 128_000,
        "max_input_tokens": 128_000,
        "max_tokens": 4_096,
        "max_output_tokens": 4_096,
        "supports_vision": False,
        "input_modalities": ["text"],
    },
    "https://developers.openai.com/api/docs/models/gpt-4-turbo-preview (2026-11)",
)
"""Of the previews of GPT-4 Turbo, which without their dates would be GPT-4, or GPT-4 Turbo, which sees."""
_STRUCTURED: Final = "https://platform.claude.com/docs/en/build-with-claude/structured-outputs (2026-11)"
_CAN: Final = ({"supports_response_schema": True}, _STRUCTURED)
_CANNOT: Final = ({"supports_response_schema": False}, _STRUCTURED)
_CORRECTIONS: Final[Mapping[tuple[str, str], tuple[Mapping[str, Any], str]]] = {
    **{(row, f"gpt-4-{date}-preview"): _TURBO for row in ("azure", "openai") for date in ("0125", "1106", "turbo")},
    **{
        ("anthropic", f"claude-{name}"): _CAN
        for name in ("opus-4-1", "sonnet-4-5", "opus-4-5", "haiku-4-5", "opus-4-6", "opus-4-7")
    },
    **{
        ("anthropic", f"claude-{name}"): _CANNOT
        for name in (
            *("3-haiku", "3-sonnet", "3-opus", "3-5-sonnet", "3-5-haiku", "3-7-sonnet"),
            *("sonnet-4", "opus-4", "sonnet-4-0", "opus-4-0"),
        )
    },
    ("anthropic", "claude-sonnet-4-6"): (
        {"max_tokens": 128_000, "max_output_tokens": 128_000, "supports_response_schema": True},
        "https://platform.claude.com/docs/en/models/sonnet-4-6/overview (2026-11)",
    ),
    ("local", "smollm2"): (
        {
            "context_window": 1_024,
            "max_input_tokens": 1_024,
            "input_cost_per_token": 0.0,
            "output_cost_per_token": 0.0,
            "supports_vision": False,
            "open_weights": True,
        },
        "https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct, within the context that our server gives it",
    ),
}


@lru_cache(maxsize=1_000)
def correction_of(row: str, name: str) -> tuple[Mapping[str, Any], str]:
    """The fields of a row's model that differ from what the sources say, and the page; nothing and no page if none."""
    for spelling in spellings(name):
        if (row, spelling) in _CORRECTIONS:
            return _CORRECTIONS[row, spelling]
    return {}, ""
