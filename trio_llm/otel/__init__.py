"""Calls as spans and metrics of OpenTelemetry, under the names of its conventions for generative AI.

telemetry = trio_llm.otel.OpenTelemetry()
async with trio_llm.Client(observers=[telemetry], gates=[telemetry]) as client:
    await client.completion("openai/gpt-4o", messages)

It needs the extra `otel`: `pip install "trio-llm[otel]"`. That is OpenTelemetry's interface; what is told goes where
the program's SDK sends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._telemetry import OpenTelemetry as OpenTelemetry
else:
    from .._lazy import public_names

    __getattr__, __dir__, __all__ = public_names(__name__, {"_telemetry": "OpenTelemetry"})
