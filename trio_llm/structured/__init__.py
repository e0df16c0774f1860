"""Typed answers that grow while the model writes them: what `client.stream_object` gives.

A type as `response_format` of any chat call gives a `ParsedResponse`; that needs nothing of this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._streams import (
        ItemStream as ItemStream,
        ObjectStream as ObjectStream,
    )
else:
    from .._lazy import public_names

    __getattr__, __dir__, __all__ = public_names(__name__, {"_streams": "ItemStream ObjectStream"})
