"""What goes wrong with servers."""

from __future__ import annotations

import attrs

from .._types.errors import LLMError


@attrs.define(eq=False, slots=False, str=False, repr=False)
class ServerError(LLMError):
    """A server has refused something, or a tool of it has failed; the message is in its own words.

    Example:
        try:
            pages = await server.read("file:///notes.md")
        except trio_llm.mcp.ServerError as error:
            print(error.server, error.code, error)
    """

    server: str = ""
    """The server's name."""
    code: int | None = None
    """The protocol's number for what is wrong; None where a tool has failed in a way of its own."""


class ServerLostError(ServerError):
    """A server could not be reached, or has gone while it was asked. Nobody knows how far it had come.

    Its cause is what was noticed of it. Other servers, and other tools of a run, go on.

    Example:
        try:
            await server.call("book", {"seat": "4A"})
        except trio_llm.mcp.ServerLostError as error:
            print("was it booked?", error)
    """


for _error in (ServerError, ServerLostError):
    _error.__module__ = "trio_llm.mcp"
