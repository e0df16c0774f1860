"""The four metrics of the conventions."""

from __future__ import annotations

from typing import Any

from opentelemetry.metrics import Meter

from .._engine.events import CallEnded
from .._types.usage import Usage
from . import _names as names
from ._facts import error_type


class Metrics:
    """Histograms of times and tokens."""

    def __init__(self, meter: Meter) -> None:
        def seconds(name: str, description: str) -> Any:
            return meter.create_histogram(name, "s", description, explicit_bucket_boundaries_advisory=names.SECONDS)

        self._duration = seconds(names.DURATION, "Duration of calls.")
        self._first = seconds(names.TIME_TO_FIRST_CHUNK, "Time to the first chunk of streams.")
        self._between = seconds(names.TIME_PER_OUTPUT_CHUNK, "Time from chunk to chunk of streams.")
        self._tokens = meter.create_histogram(
            names.TOKEN_USAGE,
            "{token}",
            "Tokens of prompts and of answers.",
            explicit_bucket_boundaries_advisory=names.TOKENS,
        )

    def first_chunk(self, seconds: float, attributes: dict[str, Any]) -> None:
        """The first chunk of a stream has come, so long after its request left."""
        self._first.record(seconds, attributes)

    def next_chunk(self, seconds: float, attributes: dict[str, Any]) -> None:
        """Another one has. The chunks of one network read come together and count as one."""
        self._between.record(seconds, attributes)

    def ended(self, event: CallEnded, usage: Usage | None, attributes: dict[str, Any]) -> None:
        """A call is over."""
        if usage is not None:
            self._tokens.record(usage.prompt_tokens, {**attributes, names.TOKEN_TYPE: "input"})
            self._tokens.record(usage.completion_tokens, {**attributes, names.TOKEN_TYPE: "output"})
        if event.end != "ok":
            error = event.error if event.end == "failed" else None
            attributes = {**attributes, names.ERROR_TYPE: event.end if error is None else error_type(error)}
        self._duration.record(event.at - event.activity.started, attributes)
