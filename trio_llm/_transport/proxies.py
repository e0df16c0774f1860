"""Which proxy the environment asks for on the way to an origin, and the transport that goes that way.

Source: what curl and urllib make of the variables, and golang.org/x/net/http/httpproxy of CIDR blocks, 2026-11.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping

import attrs

from .._types.http import HTTPRequest, Origin
from . import Reply, Transport, TransportStatistics

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@attrs.frozen
class Proxy:
    """A proxy that the environment names."""

    variable: str
    """The variable that names it, to be named in errors in place of the URL."""
    url: str = attrs.field(repr=False)
    """Its URL, which may hold a password."""


@attrs.frozen
class Exemption:
    """One entry of `NO_PROXY`: a host with all below it, an address, or a block of addresses; at one port or at any."""

    scheme: str
    """Empty for any."""
    name: str
    network: Network | None
    """In place of the name, where it is an address or a block of them."""
    port: int | None

    @classmethod
    def read(cls, entry: str) -> Exemption:
        """An entry as it stands in the variable: `.example.com`, `10.0.0.0/8`, `[::1]:8080`, `http://example.com`."""
        scheme, _, place = entry.lower().rpartition("://")
        host, colon, port = place.rpartition(":")
        if not colon or not port.isdecimal() or _network(place) is not None:
            host, port = place, ""
        name = host.removeprefix("*").strip(".")
        return cls(scheme.removeprefix("all"), name, _network(host), int(port) if port else None)

    def holds(self, origin: Origin) -> bool:
        """Whether it exempts an origin."""
        if self.scheme not in {"", origin.scheme} or self.port not in {None, origin.port}:
            return False
        if self.network is not None:
            address = _address(origin.host)
            return address is not None and address in self.network
        return f".{origin.host}".endswith(f".{self.name}")


@attrs.frozen
class ProxySettings:
    """What the environment says of proxies."""

    proxies: Mapping[str, Proxy]
    """By scheme; `all` for those that are not named."""
    exemptions: tuple[Exemption, ...] = ()

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> ProxySettings:
        """From `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`; in small letters they go first."""
        proxies: dict[str, Proxy] = {}
        for scheme in ("http", "https", "all"):
            variable = _first_set(f"{scheme}_proxy", variables)
            if variable is not None:
                url = variables[variable].strip()
                proxies[scheme] = Proxy(variable, url if "://" in url else f"http://{url}")
        exempt = _first_set("no_proxy", variables)
        entries = [entry.strip() for entry in variables[exempt].split(",")] if exempt else []
        if "*" in entries:
            return cls({})
        return cls(proxies, tuple(Exemption.read(entry) for entry in entries if entry))

    def proxy_for(self, origin: Origin) -> Proxy | None:
        """The proxy on the way to an origin. There is never one to this machine: a proxy has a loopback of its own."""
        if origin.unix is not None or _is_loopback(origin.host) or any(one.holds(origin) for one in self.exemptions):
            return None
        return self.proxies.get(origin.scheme) or self.proxies.get("all")


class EnvironmentTransport:
    """Sends each request by the way that its origin asks for. Implements `Transport`.

    Args:
        settings: what the environment says.
        direct: the transport where there is no proxy.
        open_proxied: makes the transport through a proxy, when the first request needs it.
    """

    def __init__(self, settings: ProxySettings, direct: Transport, open_proxied: Callable[[Proxy], Transport]) -> None:
        self._settings = settings
        self._direct = direct
        self._open_proxied = open_proxied
        self._proxied: dict[Proxy, Transport] = {}

    async def send(self, origin: Origin, request: HTTPRequest) -> Reply:
        """See `Transport.send`.

        Raises:
            BadRequestError: if the proxy on the way cannot be used.
        """
        proxy = self._settings.proxy_for(origin)
        if proxy is None:
            return await self._direct.send(origin, request)
        if proxy not in self._proxied:
            self._proxied[proxy] = self._open_proxied(proxy)
        return await self._proxied[proxy].send(origin, request)

    async def aclose(self) -> None:
        """See `Transport.aclose`."""
        for transport in (self._direct, *self._proxied.values()):
            await transport.aclose()

    def statistics(self) -> TransportStatistics:
        """See `Transport.statistics`."""
        each = [transport.statistics() for transport in (self._direct, *self._proxied.values())]
        return TransportStatistics(
            sum(one.active for one in each),
            sum(one.idle for one in each),
            waiting=sum(one.waiting for one in each),
        )


def _first_set(name: str, variables: Mapping[str, str]) -> str | None:
    return next((variable for variable in (name, name.upper()) if (variables.get(variable) or "").strip()), None)


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _address(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text.strip("[]"), strict=False)
    except ValueError:
        return None
