"""Whose price an answer of a gateway has: the host's that answered, where the gateway passes that price on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from .facts import prices_of
from .names import maker_and_name
from .own_prices import is_free
from .price_tables import published_prices
from .sources import MODELS_DEV, models_of

PASSED_ON: Final[Mapping[str, Mapping[str, str]]] = {
    "openrouter": {
        "BaseTen": "baseten",
        "Chutes": "chutes",
        "Google": "vertex_ai",
        "Mistral": "mistral",
        "Nebius": "nebius",
        "Novita": "novita",
        "SiliconFlow": "siliconflow",
        "WandB": "wandb",
        "xAI": "xai",
    },
}
"""By row, the hosts that its replies name in `provider`, and the rows whose prices these are.

OpenRouter lists one price for a model, and charges that of the host to which it routes a call (OpenRouter FAQ, "passes
through the pricing of the underlying providers", 2026-11). Here are the hosts whose published prices are those that
recorded replies told. Alibaba is not: it is cheaper there than at home.
"""
_RUN: Final = re.compile(r"-tee$")
"""What Chutes adds to a name where the model runs in a closed enclave."""
_VARIANT: Final = re.compile(r":[\w-]+$")
_ELSEWHERE: Final[Mapping[str, str]] = {
    "deepseek-chat-v3-0324": "deepseek-v3-0324",
    "qwen3-235b-a22b-07-25": "qwen3-235b-a22b-instruct-2507",
    "qwen3-coder": "qwen3-coder-480b-a35b-instruct",
    "qwen3-235b-a22b-2507": "qwen3-235b-a22b-instruct-2507",
}
"""What a gateway calls otherwise than the hosts, which have the names of the weights."""


def seller_of(row: str, name: str, host: object) -> tuple[str, str]:
    """The row and the name there whose price holds for a model that `host` answered; its own where that is not known.

    Args:
        row: the gateway's.
        name: the model's name at the gateway.
        host: as the gateway's reply names it.
    """
    other = PASSED_ON.get(row, {}).get(host) if isinstance(host, str) else None
    is_registered = prices_of(row, name) != published_prices(row, name)
    if other is None or is_free(row, name) or is_registered:
        return row, name
    named = _name_at(other, maker_and_name(name)[1])
    return (row, name) if named is None else (other, named)


@lru_cache(maxsize=1_000)
def _name_at(row: str, bare: str) -> str | None:
    """What a host calls a model: hosts put its maker before it, write it in capitals, and say how they run it.

    Here a date belongs to the name, for open models differ by it.
    """
    known = [key for provider in MODELS_DEV.get(row, (row,)) for key in models_of(provider)]
    by_name = {_RUN.sub("", key.rpartition("/")[2].lower()): key for key in known}
    wanted = _VARIANT.sub("", bare.lower())
    named = by_name.get(_ELSEWHERE.get(wanted, wanted), bare)
    return named if published_prices(row, named) is not None else None
