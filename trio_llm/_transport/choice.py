"""Which transport a client gets."""

from __future__ import annotations

from collections.abc import Mapping

from . import Transport


def direct_transport(connect_timeout: float) -> Transport:
    """The transport for direct connections."""
    from .native import NativeTransport

    return NativeTransport(connect_timeout=connect_timeout)


def adapted_transport(http_client: object, connect_timeout: float) -> Transport:
    """The transport over a client of httpx's that the caller configured and keeps."""
    from .httpx_adapter import HttpxTransport

    return HttpxTransport(http_client, connect_timeout=connect_timeout)


def proxied_transport(variables: Mapping[str, str], connect_timeout: float) -> Transport:
    """The transport through the proxies that the environment asks for, and for direct connections beside them."""
    from .proxies import EnvironmentTransport, Proxy, ProxySettings

    def open_proxied(proxy: Proxy) -> Transport:
        from . import httpx_adapter

        return httpx_adapter.proxied_transport(proxy, connect_timeout)

    return EnvironmentTransport(ProxySettings.read(variables), direct_transport(connect_timeout), open_proxied)
