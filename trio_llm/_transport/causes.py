"""What a failed connection failed of, in a sentence that says whose fault it is."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

_SENTENCES: Final = {
    errno.ECONNREFUSED: "the connection was refused: nothing listens there",
    errno.ECONNRESET: "the peer reset the connection",
    errno.EPIPE: "the peer closed the connection",
    errno.ETIMEDOUT: "the peer does not answer (it timed out in the network)",
    errno.EHOSTUNREACH: "the host cannot be reached",
    errno.ENETUNREACH: "the network cannot be reached",
    errno.EADDRNOTAVAIL: "this machine has no free port for another connection there",
}
_NO_DESCRIPTORS: Final = frozenset({errno.EMFILE, errno.ENFILE})
_NO_SUCH_HOST: Final = frozenset(
    number for name in ("EAI_NONAME", "EAI_NODATA") if (number := getattr(socket, name, None)) is not None
)
_UNTRUSTED: Final = "the certificate of the peer is not trusted: "
_UNKNOWN_AUTHORITY: Final = frozenset({18, 19, 20, 21})
"""Codes of OpenSSL for a certificate whose authority is not known (its manual, X509_STORE_CTX_get_error(3))."""


def most_descriptors() -> int | None:
    """How many files and sockets this process may have open; None where that is not limited, or not known."""
    try:
        import resource
    except ImportError:  # Windows, where sockets are no files
        return None
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def cause_of(error: BaseException) -> str:
    """Why it failed. Errors that several attempts ended with are told once each."""
    return "; ".join(dict.fromkeys(_sentence(one) for one in _roots(error)))


def is_untrusted(error: BaseException) -> bool:
    """Whether the peer's certificate was refused, which waiting does not mend."""
    return any(isinstance(one, ssl.SSLCertVerificationError) for one in _roots(error))


def is_of_tls(error: BaseException) -> bool:
    """Whether a handshake failed, and not the connection beneath it."""
    return any(isinstance(one, ssl.SSLError) for one in _roots(error))


def is_out_of_descriptors(error: BaseException) -> bool:
    """Whether no file descriptor was free. Resolvers and TLS do not always say so; therefore one is tried."""
    roots = [*_roots(error)]
    if any(isinstance(one, OSError) and one.errno in _NO_DESCRIPTORS for one in roots):
        return True
    if not any(isinstance(one, socket.gaierror | ssl.SSLError) for one in roots):
        return False
    try:
        socket.socket().close()
    except OSError as probed:
        return probed.errno in _NO_DESCRIPTORS
    return False


def _roots(error: BaseException) -> Iterator[BaseException]:
    """The errors that an error was made of: those of each address tried, or what a library wrapped."""
    chain = [*_chain(error)]
    for one in chain:
        if isinstance(one, BaseExceptionGroup):
            for member in one.exceptions:
                yield from _roots(member)
            return
        if isinstance(one, OSError) and one.errno is not None:
            yield one
            return
    # On Trio the errors of httpx are often empty.
    yield next((one for one in chain if str(one)), error)


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__  # Trio hides what TLS said


def _sentence(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = " (SSL_CERT_FILE may name a file of authorities)" if error.verify_code in _UNKNOWN_AUTHORITY else ""
        return f"{_UNTRUSTED}{error.verify_message}{hint}"
    if isinstance(error, socket.gaierror):
        if error.errno in _NO_SUCH_HOST:
            return "no such host: its name has no address"
        return f"the name of the host could not be looked up: {error.strerror}"
    if isinstance(error, OSError):
        if error.errno in _NO_DESCRIPTORS:
            return _no_descriptors(error.errno)
        if error.errno in _SENTENCES:
            return _SENTENCES[error.errno]
    return str(error) or type(error).__name__


def _no_descriptors(number: int) -> str:
    if number == errno.ENFILE:
        return "no file descriptor is free: this machine has too many files open (ENFILE)"
    most: int | None = None
    with suppress(OSError):
        most = most_descriptors()
    limit = "" if most is None else f", which may have {most}: `ulimit -n` raises that"
    return f"no file descriptor is free in this process{limit} (EMFILE)"
