"""Facts that both sources have wrong or lack, by row and name, each with the page that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from .names import spellings

_CORRECTIONS: Final[Mapping[tuple[str, str], tuple[Mapping[str, Any], str]]] = {
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
