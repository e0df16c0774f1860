"""The embedded model's server, as one client has it.

It is *not started*, *running*, or *stopped*. The first call that needs it starts it; calls that come meanwhile wait for
the lock and find it running. A start that failed leaves it not started, and the next call tries anew. Starting and
stopping happen in a thread, as both wait for a process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._runtime import trio
from .._types.errors import BadRequestError

if TYPE_CHECKING:
    from .local import LocalServer


class EmbeddedModel:
    """The server of the embedded model: started by the first call that needs it, closed with its client."""

    def __init__(self) -> None:
        self._server: LocalServer | None = None
        self._lock: trio.Lock | None = None

    async def base_url(self) -> str:
        """The server's base URL; starts it.

        Raises:
            BadRequestError: if the model or its runtime is not installed; the message says how to.
        """
        if self._lock is None:
            self._lock = trio.Lock()
        async with self._lock:
            if self._server is None:
                self._server = await trio.to_thread.run_sync(_start)
        return self._server.base_url

    async def aclose(self) -> None:
        """Stop the server. Idempotent."""
        server, self._server = self._server, None
        if server is not None:
            with trio.CancelScope(shield=True):
                await trio.to_thread.run_sync(server.close)


def _start() -> LocalServer:
    from .local import LocalModelUnavailable, LocalServer  # the extra is optional

    server = LocalServer()
    try:
        server.start()
    except LocalModelUnavailable as error:
        raise BadRequestError(str(error), llm_provider="local") from error
    return server
