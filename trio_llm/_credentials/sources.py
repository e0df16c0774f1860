"""Sources of secrets: what is asked when an attempt is about to leave.

A source is told by its identity, never by what it gives: that is what an account is counted by, so that a token that
rotates keeps its account's slots, buckets and pauses. Sources of clouds need their vendor's library; each stands in a
module of its own, imported when a row first needs it.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Any, Protocol, TypeAlias

import attrs

from .._types.errors import APIError, AuthenticationError
from .._types.http import ReplyHead
from .._types.tokens import TokenSource


@attrs.frozen
class Token:
    """A secret that is one text."""

    text: str = attrs.field(repr=False)
    lasts: float | None = None
    """Seconds from now to its end; None where nobody knows."""


@attrs.frozen
class AwsKeys:
    """A secret that signs."""

    access_key: str = attrs.field(repr=False)
    secret_key: str = attrs.field(repr=False)
    session_token: str | None = attrs.field(default=None, repr=False)
    lasts: float | None = None
    """Seconds from now to its end; None where nobody knows."""


Secret: TypeAlias = Token | AwsKeys
AskingFunction: TypeAlias = Callable[[str, Mapping[str, str]], Awaitable[tuple[ReplyHead, bytes]]]
"""Posts a form to a URL, over the client's own transport; raises `TransportError`s as that does."""


class Source(Protocol):
    """Where a secret comes from."""

    @property
    def identity(self) -> Hashable:
        """What tells it from others: two sources with the same identity give the same account's secrets."""

    @property
    def renews(self) -> bool:
        """Whether it may give another secret than last time."""

    async def ask(self, post_form: AskingFunction) -> Secret:
        """A secret that is good now.

        Raises:
            AuthenticationError: if there is none.
        """


@attrs.frozen
class FixedSource:
    """A text that is known already, and goes elsewhere than into a header."""

    text: str = attrs.field(repr=False)
    identity: Hashable = attrs.field(repr=False)
    renews: bool = attrs.field(default=False, init=False)

    async def ask(self, post_form: AskingFunction) -> Secret:
        return Token(self.text)


@attrs.frozen
class CallableSource:
    """The callable that a caller gave as `api_key`."""

    given: TokenSource
    renews: bool = attrs.field(default=True, init=False)

    @property
    def identity(self) -> Hashable:
        return self.given

    async def ask(self, post_form: AskingFunction) -> Secret:
        return as_token(await _called(self.given))


async def _called(given: TokenSource) -> Any:
    try:
        answer: Any = given.ask()
        return await answer if inspect.isawaitable(answer) else answer
    except APIError:
        raise
    except Exception as error:
        # What it says is the caller's own, and may have a key in it: it stands in the chain, not in the message.
        raise AuthenticationError(f"api_key: the callable raised {type(error).__name__}") from error


def as_token(answer: object) -> Token:
    """What a callable returned, as a secret.

    Raises:
        AuthenticationError: for what is neither text nor has a text as `token`, or ends at no time.
    """
    text = answer if isinstance(answer, str) else getattr(answer, "token", None)
    if not isinstance(text, str) or not text:
        raise AuthenticationError(f"api_key: the callable returned no key, but {type(answer).__name__}")
    end = getattr(answer, "expires_on", None)
    try:
        return Token(text, None if end is None else float(end) - time.time())
    except (TypeError, ValueError):
        kind = type(end).__name__
        raise AuthenticationError(
            f"api_key: the callable returned a key that ends at no time: expires_on is {kind}, not seconds since 1970"
        ) from None
