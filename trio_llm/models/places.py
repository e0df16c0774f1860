"""By how much the tokens of a call are dearer by where its model ran."""

from __future__ import annotations

import re
from typing import Any, Final

from .._types.request import AnyRequest, CallOptions
from .sources import facts_of

_DEARER: Final = 1.1
"""Anthropic docs, "Pricing", "Data residency pricing", and "Claude on Vertex AI", "Regional"; OpenAI docs, "Data
residency": all 2026-11."""
PRICED_BY_PLACE: Final = frozenset({"openai", "vertex_ai"})
"""Rows whose prices may depend on where the call says that it goes."""
_OPENAI: Final = ".api.openai.com"
_OF_OPENAI: Final = re.compile(r"https?://[a-z]{2}\.api\.openai\.com(?:[:/]|$)")
_SINCE: Final = "2026-03-05"
"""Of OpenAI's models, those that were released then or later cost more at the hosts of regions."""
_CLAUDE: Final = re.compile(r"claude-[a-z]+-(\d{1,2})(?:[-.](\d{1,2})(?!\d))?")


def names_place(options: CallOptions) -> bool:
    """Whether a call of a row that is `PRICED_BY_PLACE` may go where it is dearer: many ask, and few do."""
    return options.settings is not None or (options.api_base is not None and _OPENAI in options.api_base)


def dearer_by_place(row: str, name: str, told: object, asked: AnyRequest | None) -> float:
    """The factor for tokens of a row's model.

    Args:
        row: of the catalogue.
        name: the model's, there.
        told: what the usage in a reply of Anthropic's says of the place.
        asked: with the address that it was sent to, where the call itself gave one.
    """
    if row == "anthropic":
        return _DEARER if told == "us" else 1.0
    options: Any = getattr(asked, "options", None)
    if options is None:
        return 1.0
    if row == "openai" and options.api_base is not None and _OF_OPENAI.match(options.api_base):
        found = facts_of(row, name)
        return _DEARER if found is not None and (found[0].get("release_date") or "") >= _SINCE else 1.0
    if row == "vertex_ai" and _is_dearer_claude(name):
        return 1.0 if dict(options.settings or ()).get("vertex_location", "global") == "global" else _DEARER
    return 1.0


def _is_dearer_claude(name: str) -> bool:
    """Whether it is 4.5 or later: the older ones cost the same everywhere."""
    found = _CLAUDE.search(name)
    return found is not None and (int(found[1]), int(found[2] or 0)) >= (4, 5)
