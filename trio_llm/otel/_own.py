"""Which servers are the caller's own, so that they may be told of a trace."""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase
from ipaddress import ip_address
from typing import Final

_OWN_ENDINGS: Final = (".internal", ".local", ".localhost", ".lan", ".home.arpa", ".svc")


def is_own(host: str, patterns: Collection[str]) -> bool:
    """Whether a host is on this machine, in a private network, without a domain, or fits one of the patterns."""
    if any(fnmatchcase(host, pattern) for pattern in patterns):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return bool(host) and ("." not in host or host.endswith(_OWN_ENDINGS))
    return address.is_private
