"""The version, in one place."""

from __future__ import annotations

from typing import Final

__version__: Final = "0.1.0"
USER_AGENT: Final = f"trio_llm/{__version__}"
