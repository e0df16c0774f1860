"""Keys stay out of what requests are written down as: pickles, and JSON.

A request that had a key of its own comes back without it, and refuses to run until it is given one: to take the
environment's in its place would charge another account in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .errors import AuthenticationError
from .secrets import names_a_secret
from .tokens import TokenSource

_FALLBACKS: Final = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks")
_SECRET_SETTINGS: Final = frozenset(
    {"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "azure_ad_token", "vertex_credentials"}
)


def _refuse() -> str:
    raise AuthenticationError(
        "this request was written down and came back without its key: give it one with its method `with_api_key`"
    )


WITHHELD: Final = TokenSource(_refuse, account="withheld")
"""What stands for a key that was not written down."""


def without_keys(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a call, or arguments for one, without texts that are keys; `api_key` says that there were some."""
    kept = dict(fields)
    headers, settings = kept.get("extra_headers"), kept.get("settings")
    if headers:
        kept["extra_headers"] = {name: value for name, value in headers.items() if not names_a_secret(name)}
    if settings:
        kept["settings"] = tuple((name, value) for name, value in settings if name not in _SECRET_SETTINGS)
    for name in _SECRET_SETTINGS & kept.keys():
        del kept[name]
    lost = any(len(kept.get(name) or ()) < len(fields.get(name) or ()) for name in ("extra_headers", "settings"))
    key = kept.get("api_key")
    if lost or len(kept) < len(fields) or (isinstance(key, str) and key):
        kept["api_key"] = WITHHELD
    for name in _FALLBACKS:
        if kept.get(name):
            kept[name] = tuple(without_keys(one) if isinstance(one, Mapping) else one for one in kept[name])
    return kept
