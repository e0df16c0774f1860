"""JSON objects one a line, where servers are not strict about what a line is."""

from __future__ import annotations

from .._convert.converter import ConversionError
from .._convert.growing_json import GrowingJSON, GrowingJSONError
from .._convert.narrow import JSONObject, parse_object
from .bodies import objects_of
from .streaming import TruncatedReply


class LinesOfObjects:
    """The JSON objects of lines. The first may stand on several: whole replies are written for people at times."""

    def __init__(self) -> None:
        self._begun: list[bytes] = []
        self.count = 0
        """Objects so far."""

    def read(self, line: bytes) -> list[JSONObject]:
        """The objects that a line completes. Raises as `objects_of` does."""
        if not self._begun and (self.count or line[-1:] == b"}" or line[:1] != b"{"):
            try:
                return self._counted(objects_of(line))
            except ConversionError:
                if self.count or line[:1] != b"{":
                    raise
        self._begun.append(line)
        if line[-1:] == b"}":
            try:
                found = objects_of(b"\n".join(self._begun))
            except ConversionError:
                return []
            self._begun.clear()
            return self._counted(found)
        return []

    def close(self) -> None:
        """Nothing comes any more.

        Raises:
            TruncatedReply: for the beginning of an object.
            ConversionError: for what never was the beginning of one.
        """
        if not self._begun:
            return
        text = b"\n".join(self._begun)
        try:
            GrowingJSON().feed(text.decode("utf-8", "replace"))
        except GrowingJSONError:
            parse_object(text)
        raise TruncatedReply("the stream ended inside a line")

    def _counted(self, found: list[JSONObject]) -> list[JSONObject]:
        self.count += len(found)
        return found
