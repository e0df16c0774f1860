"""Tools that the model is not told of until it finds them, by words of their names and descriptions.

What a search finds depends on the searches before it alone. So a run that goes on from a history makes the searches of
the history anew, and knows what had been found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from .._runtime import trio
from ._results import WrittenCall
from ._tool import Tool, ToolLike, as_tool, tool

MOST_FOUND: Final = 5
"""Tools that one search finds."""


class ToolSearch:
    """Deferred tools of one run: those that are hidden, and those that were found."""

    def __init__(self, deferred: Iterable[ToolLike]) -> None:
        self.hidden: list[Tool[..., Any]] = [_checked(as_tool(one)) for one in deferred]
        self._found: list[Tool[..., Any]] = []
        self._finder = self._make_finder() if self.hidden else None

    def _make_finder(self) -> Tool[..., Any]:
        @tool
        async def find_tools(query: str) -> str:
            """Find more tools by words of what they do. Those that are found can be called from then on.

            Args:
                query: a few words.
            """
            await trio.lowlevel.checkpoint()
            found = self._find(query)
            return "\n".join(f"{one.name}: {one.description}" for one in found) or "nothing was found; try other words"

        return find_tools

    def told(self, *, by_us: bool) -> list[Tool[..., Any]]:
        """What the model is told of: the tools that were found, and what finds more where we search."""
        if self._finder is None or not (by_us and self.hidden):
            return [*self._found]
        return [*self._found, self._finder]

    def moved(self, tools: Iterable[ToolLike], *, to_us: bool) -> list[ToolLike]:
        """The tools of a round whose search somebody else makes than was thought."""
        others = [one for one in tools if one is not self._finder]
        return [*others, self._finder] if to_us and self._finder is not None else others

    def remember(self, calls: Sequence[WrittenCall]) -> None:
        """Find again what the searches of a history have found."""
        for call in calls:
            if self._finder is not None and call.name == self._finder.name:
                try:
                    self._find(self._finder.read(call.arguments)["query"])
                except ValueError:
                    continue  # it did not find anything then either

    def _find(self, query: str) -> list[Tool[..., Any]]:
        words = query.lower().split()
        texts = [(one, f"{one.name} {one.description}".lower()) for one in self.hidden]
        ranked = sorted(texts, key=lambda pair: -sum(word in pair[1] for word in words))
        found = [one for one, text in ranked if any(word in text for word in words)][:MOST_FOUND]
        self._found += found
        self.hidden = [one for one in self.hidden if one not in found]
        return found


def _checked(one: Tool[..., Any] | Mapping[str, Any]) -> Tool[..., Any]:
    if isinstance(one, Tool):
        return one
    raise TypeError(f"deferred tools are functions: put the provider's own into tools, not {dict(one)!r:.80} here")
