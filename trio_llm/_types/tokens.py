"""Keys that are no fixed text: what `api_key=` takes beside one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import Protocol, TypeAlias

from .errors import BadRequestError


class HasToken(Protocol):
    """Anything with the fields of `AccessToken`."""

    @property
    def token(self) -> str: ...
    @property
    def expires_on(self) -> float | None: ...


KeyText: TypeAlias = str | HasToken
KeyCallable: TypeAlias = Callable[[], KeyText | Awaitable[KeyText]]
"""A function without arguments, sync or async. A sync one is called on the event loop and must not block it."""


class TokenSource:
    """A callable that gives a call's key, asked when an attempt is about to leave.

    A callable by itself does as well. This says in addition to which account its keys belong: calls of one account
    share slots, rates and pauses, whatever token they carry. Without it, each callable is an account of its own.

    Example:
        >>> key = TokenSource(vault.current_token, account="team-7")
        >>> await client.completion("openai/gpt-4o", messages, api_key=key)
    """

    def __init__(self, ask: KeyCallable, *, account: Hashable = None) -> None:
        """Nothing is asked here.

        Args:
            ask: returns the key, or an `AccessToken` that is kept until shortly before its end.
            account: what tells this account from others; by default the callable itself.

        Raises:
            BadRequestError: if `ask` is no callable; its value is not shown.
        """
        given: object = ask
        if not callable(given):
            raise BadRequestError(
                f"a TokenSource asks a callable, not {type(given).__name__}: a text is a key by itself"
            )
        self.ask = ask
        self.account: Hashable = (id(ask) if _hash_of(ask) is None else ask) if account is None else account

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TokenSource) and self.account == other.account

    def __hash__(self) -> int:
        return hash(self.account)

    def __repr__(self) -> str:
        return f"TokenSource({getattr(self.ask, '__qualname__', type(self.ask).__name__)})"


def _hash_of(value: object) -> int | None:
    try:
        return hash(value)
    except TypeError:
        return None


def as_key(given: object) -> str | TokenSource:
    """An `api_key` as it is kept.

    Raises:
        BadRequestError: for what is neither text nor callable; its value is not shown.
    """
    if isinstance(given, str | TokenSource):
        return given
    if callable(given):
        return TokenSource(given)
    raise BadRequestError(f"api_key must be text, or a callable that returns it, not {type(given).__name__}")
