"""Citations: which web source stands behind which characters of the text.

Source: Gemini API reference, "GroundingMetadata" and "CitationMetadata", 2026-11. Positions on the wire are bytes of
UTF-8 within one part; `URLCitation` counts characters of the whole text.
"""

from __future__ import annotations

from typing import Any

import attrs

from ..._convert.converter import structure
from ..._convert.narrow import is_object
from ..._types.chat import Annotation, URLCitation


@attrs.frozen
class _TextSegment:
    start: int = attrs.field(default=0, alias="startIndex")
    end: int | None = attrs.field(default=None, alias="endIndex")
    part: int = attrs.field(default=0, alias="partIndex")


@attrs.frozen
class _Support:
    segment: _TextSegment = _TextSegment()
    sources: list[int] = attrs.field(factory=list[int], alias="groundingChunkIndices")


@attrs.frozen
class _Grounding:
    sources: list[dict[str, Any]] = attrs.field(factory=list[dict[str, Any]], alias="groundingChunks")
    supports: list[_Support] = attrs.field(factory=list[_Support], alias="groundingSupports")


@attrs.frozen
class _Citation:
    start: int = attrs.field(default=0, alias="startIndex")
    end: int | None = attrs.field(default=None, alias="endIndex")
    uri: str | None = None
    title: str | None = None


@attrs.frozen
class _Citations:
    """The Gemini API says `citationSources`, Vertex AI says `citations`."""

    sources: list[_Citation] = attrs.field(factory=list[_Citation], alias="citationSources")
    citations: list[_Citation] = attrs.Factory(list[_Citation])


class SourceBook:
    """The sources and the text of one answer, as far as they have arrived."""

    def __init__(self) -> None:
        self._parts: list[bytearray] = []
        self._sources: list[dict[str, Any]] = []

    def add_text(self, text: str, *, continues: bool) -> None:
        """Take note of a part's text, empty for parts that are no text; `continues` joins it to the part before."""
        if not (continues and self._parts):
            self._parts.append(bytearray())
        self._parts[-1] += text.encode("utf-8", "surrogatepass")

    def grounded(self, metadata: dict[str, Any]) -> list[Annotation]:
        """Citations of search results. Streams send each source once, and refer to it by number later on."""
        grounding = structure(metadata, _Grounding)
        self._sources += grounding.sources
        return [
            self._annotation(segment.start, segment.end, segment.part, _source(self._sources[number]))
            for segment, numbers in ((support.segment, support.sources) for support in grounding.supports)
            for number in numbers
            if number < len(self._sources)
        ]

    def cited(self, metadata: dict[str, Any]) -> list[Annotation]:
        """Citations of works that the model recites."""
        found = structure(metadata, _Citations)
        return [
            self._annotation(citation.start, citation.end, 0, (citation.uri, citation.title))
            for citation in [*found.sources, *found.citations]
        ]

    def _annotation(self, start: int, end: int | None, part: int, source: tuple[str | None, str | None]) -> Annotation:
        text = b"".join(self._parts)
        before = sum(map(len, self._parts[:part]))
        last = None if end is None else _characters(text[: before + end])
        return Annotation(url_citation=URLCitation(*source, _characters(text[: before + start]), last))


def _characters(text: bytes) -> int:
    return len(text.decode("utf-8", "ignore"))


def _source(chunk: dict[str, Any]) -> tuple[str | None, str | None]:
    """Address and title: a chunk is `{"web": {...}}`, or the same under `maps`, `image` or `retrievedContext`."""
    for source in chunk.values():
        if is_object(source):
            return source.get("uri"), source.get("title")
    return None, None
