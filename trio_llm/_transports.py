"""Which transport a client gets, and the embedded model's server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ._errors import BadRequestError
from ._runtime import trio
from ._transport import Transport

if TYPE_CHECKING:
    from ._local import LocalServer


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
    from ._local import LocalModelUnavailable, LocalServer  # the extra is optional

    server = LocalServer()
    try:
        server.start()
    except LocalModelUnavailable as error:
        raise BadRequestError(str(error), llm_provider="local") from error
    return server


def direct_transport(connect_timeout: float) -> Transport:
    """The transport for direct connections."""
    from ._transport.native import NativeTransport

    return NativeTransport(connect_timeout=connect_timeout)


def adapted_transport(http_client: object) -> Transport:
    """The transport over a client of httpx's that the caller configured and keeps."""
    from ._transport.httpx_adapter import HttpxTransport

    return HttpxTransport(http_client)


def proxied_transport(variables: Mapping[str, str], connect_timeout: float) -> Transport:
    """The transport through the proxies that the environment asks for, and for direct connections beside them."""
    from ._transport.proxies import EnvironmentTransport, Proxy, ProxySettings

    def open_proxied(proxy: Proxy) -> Transport:
        from ._transport import httpx_adapter  # httpx is slow to import, and need not be there without a proxy

        return httpx_adapter.proxied_transport(proxy)

    return EnvironmentTransport(ProxySettings.read(variables), direct_transport(connect_timeout), open_proxied)
