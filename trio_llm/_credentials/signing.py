"""Signers: how a secret gets onto a request."""

from __future__ import annotations

from urllib.parse import quote

import attrs

from .._catalog.auth import Auth, AuthScheme, HeaderKey, QueryKey, SigV4
from .._types.errors import BadRequestError
from .._types.http import HTTPRequest, Origin
from .choosing import key_headers
from .sources import AwsKeys, Secret, Token


@attrs.frozen
class Outgoing:
    """A request that is about to leave; all that a signature may cover."""

    request: HTTPRequest
    origin: Origin
    region: str
    """Of services that have some; else empty."""
    at: float
    """Seconds since 1970."""


def signed(outgoing: Outgoing, auth: Auth, secret: Secret) -> HTTPRequest:
    """A request with its secret in place.

    Raises:
        AuthenticationError: if the secret has characters that cannot be sent.
        BadRequestError: for a kind of signature that is not built.
    """
    request, place = outgoing.request, auth.value if isinstance(auth, AuthScheme) else auth
    if isinstance(place, HeaderKey) and isinstance(secret, Token):
        headers = key_headers(place, secret.text)
        return HTTPRequest(request.method, request.path, request.headers + headers, request.body)
    if isinstance(place, QueryKey) and isinstance(secret, Token):
        return HTTPRequest(request.method, with_key(request.path, place, secret.text), request.headers, request.body)
    if isinstance(place, SigV4) and isinstance(secret, AwsKeys):
        return HTTPRequest(
            request.method, request.path, request.headers + _proof(outgoing, place, secret), request.body
        )
    raise BadRequestError(f"{type(secret).__name__} cannot be sent as {type(place).__name__}")


def _proof(outgoing: Outgoing, place: SigV4, keys: AwsKeys) -> tuple[tuple[str, str], ...]:
    """AWS's signature over the host, the type of the content, and whatever is AWS's own among the headers."""
    from .sigv4 import ToSign, signature_headers  # who signs nothing needs no hashes

    request = outgoing.request
    if not isinstance(request.body, bytes):
        raise BadRequestError("a body that is sent in blocks cannot be signed")
    own = [header for header in request.headers if header[0] == "content-type" or header[0].startswith("x-amz")]
    headers = (("host", outgoing.origin.netloc), *own)
    target = ToSign(request.method, request.path, headers, request.body, outgoing.region, place.service, outgoing.at)
    return signature_headers(target, keys)


def with_key(path: str, place: QueryKey, key: str) -> str:
    """A path with a key in its query."""
    return f"{path}{'&' if '?' in path else '?'}{quote(place.name)}={quote(key, safe='')}"
