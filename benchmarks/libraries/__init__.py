"""The libraries that are measured: one module each, and this table of them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Final

from scenarios import Kind

from ._base import OpenLibrary

EVERY_KIND: Final = frozenset(Kind) - {Kind.CALLS_KEPT}
_ON_ASYNCIO: Final = ("asyncio",)
_ON_BOTH: Final = ("asyncio", "trio")


@dataclass(frozen=True)
class Entry:
    """A library as the harness runs it."""

    module: str
    opener: str
    environment: str
    """Which environment it lives in, see `environments.py`."""
    loops: tuple[str, ...]
    """Event loops that it runs on; the quick profile takes the first, of ours Trio and asyncio."""
    kinds: frozenset[Kind] = EVERY_KIND
    most_in_flight: int = 1_000
    """Beyond this the library does not finish in the time that a benchmark has."""
    quick_in_flight: int = 100
    """The same for the quick profile: pools that look at every connection for every request need a minute at 1,000."""

    def open(self) -> OpenLibrary:
        """What opens it; imports the library."""
        opener: OpenLibrary = getattr(importlib.import_module(f".{self.module}", __package__), self.opener)
        return opener


_NO_EMBEDDINGS: Final = EVERY_KIND - {Kind.EMBED}
_STREAMS_ONLY: Final = frozenset({Kind.STREAM})
_CALLS_ONLY: Final = frozenset({Kind.CALL})
_CALLS_THAT_ARE_KEPT: Final = frozenset({Kind.CALL, Kind.CALLS_KEPT})
_ON_TRIO: Final = ("trio",)
_OWN_LOOPS: Final = ("trio", "asyncio", "uvloop")
_AT_SCALE: Final = {"most_in_flight": 10_000, "quick_in_flight": 10_000}

LIBRARIES: Final = {
    "raw": Entry("raw", "open_raw", "trio_llm", ("trio",), **_AT_SCALE),
    "trio_llm": Entry("ours", "open_native", "trio_llm", _OWN_LOOPS, **_AT_SCALE),
    "trio_llm-adaptive": Entry("ours", "open_adaptive", "trio_llm", _OWN_LOOPS, _CALLS_ONLY, **_AT_SCALE),
    "trio_llm-observed": Entry("ours", "open_observed", "trio_llm", _OWN_LOOPS, **_AT_SCALE),
    "trio_llm-pumped": Entry("ours", "open_pumped", "trio_llm", _OWN_LOOPS, _STREAMS_ONLY),
    "trio_llm-httpx2": Entry("ours", "open_adapted", "trio_llm", ("trio", "asyncio")),
    "trio_llm-statistics": Entry("ours", "open_counted", "trio_llm", _ON_TRIO, _CALLS_ONLY, **_AT_SCALE),
    "trio_llm-spending": Entry("ours", "open_paid", "trio_llm", _ON_TRIO, _CALLS_ONLY, **_AT_SCALE),
    "trio_llm-trace": Entry("ours", "open_traced", "trio_llm", _ON_TRIO, _CALLS_THAT_ARE_KEPT, **_AT_SCALE),
    "trio_llm-jsonlines": Entry("ours", "open_written", "trio_llm", _ON_TRIO, _CALLS_ONLY, **_AT_SCALE),
    "trio_llm-log": Entry("ours", "open_logged", "trio_llm", _ON_TRIO, _CALLS_ONLY, **_AT_SCALE),
    "trio_llm-otel": Entry("ours", "open_telemetry", "trio_llm", _ON_TRIO, _CALLS_ONLY, **_AT_SCALE),
    "aiohttp": Entry("aiohttp_bare", "open_aiohttp", "aiohttp", ("asyncio", "uvloop"), **_AT_SCALE),
    "httpx": Entry("httpx_bare", "open_httpx", "httpx", _ON_BOTH, most_in_flight=100),
    "httpx2": Entry("httpx_bare", "open_httpx2", "httpx2", _ON_BOTH),
    "openai": Entry("openai_sdk", "open_default", "openai", _ON_BOTH),
    "openai-aiohttp": Entry("openai_sdk", "open_aiohttp", "openai", _ON_ASYNCIO, quick_in_flight=1_000),
    "anthropic": Entry("anthropic_sdk", "open_anthropic", "anthropic", _ON_BOTH, _NO_EMBEDDINGS),
    "litellm": Entry("litellm_sdk", "open_litellm", "litellm", _ON_ASYNCIO, quick_in_flight=1_000),
    "any-llm": Entry("any_llm_sdk", "open_any_llm", "any_llm", _ON_ASYNCIO),
}
