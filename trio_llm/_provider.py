"""What a catalogue row is, and how a model string finds its row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from functools import cache
from importlib import import_module
from typing import Final

import attrs

from ._dialect import NO_QUIRKS, Dialect, Quirks
from ._errors import BadRequestError


class Wire(Enum):
    """The dialects, by the place of their value; the module is imported when a call first needs it."""

    OPENAI = "openai:OPENAI"
    ANTHROPIC = "anthropic:ANTHROPIC"
    GEMINI = "gemini:GEMINI"


class AuthScheme(Enum):
    """Where a provider wants its key: header name and prefix of the value."""

    BEARER = ("authorization", "Bearer ")
    X_API_KEY = ("x-api-key", "")
    GOOGLE = ("x-goog-api-key", "")
    API_KEY = ("api-key", "")


class Server(Enum):
    """Who runs the host of a row."""

    REMOTE = "remote"
    """Somebody else: a key is needed."""
    SELF_HOSTED = "self-hosted"
    """The user: a key is sent if there is one."""
    EMBEDDED = "embedded"
    """This process: the client starts the server when it is first asked."""


@attrs.frozen
class Provider:
    """One vendor: a row of the catalogue."""

    name: str
    """The prefix of its model strings."""
    base_url: str
    """Dialect paths are appended to it."""
    documentation: str
    """Address of the vendor's page that proves the row."""
    wire: Wire = Wire.OPENAI
    key_variables: tuple[str, ...] = ()
    """Environment variables of the key; the first that is set counts."""
    base_url_variables: tuple[str, ...] = ()
    auth: AuthScheme = AuthScheme.BEARER
    server: Server = Server.REMOTE
    quirks: Quirks = NO_QUIRKS
    model_quirks: tuple[tuple[str, Quirks], ...] = ()
    """(pattern of model names, quirks) where some models depart from the rest; the first match counts."""
    alternative_hosts: tuple[str, ...] = ()
    """Other hosts of the same vendor, to which its key may go."""

    @property
    def dialect(self) -> Dialect:
        """The wire format."""
        return load_dialect(self.wire)

    def quirks_of(self, model: str) -> Quirks:
        """The quirks that hold for one model."""
        for pattern, quirks in self.model_quirks:
            if re.match(pattern, model):
                return quirks
        return self.quirks


@cache
def load_dialect(wire: Wire) -> Dialect:
    """The dialect behind a name. Importing all of them at once would cost every program's start."""
    module, _, name = wire.value.partition(":")
    dialect = getattr(import_module(f"._dialects.{module}", __package__), name)
    assert isinstance(dialect, Dialect)
    return dialect


BARE_NAMES: Final = (
    (re.compile(r"(gpt-|chatgpt-|o[1345](-|$)|ft:|text-embedding-|dall-e|gpt-image|whisper-|tts-|davinci|babbage|omni-moderation|text-moderation)"), "openai"),
    (re.compile(r"claude-"), "anthropic"),
    (re.compile(r"(gemini-|imagen-|learnlm-)"), "gemini"),
)  # fmt: skip
"""Model names that need no prefix, as their makers name nothing else so."""


def resolve(
    model: str, rows: Mapping[str, Provider], *, provider: str | None = None, api_base: str | None = None
) -> tuple[Provider, str]:
    """The row of a model string and the model's bare name.

    `provider` names the row where the string does not. With `api_base`, a name that has no row is taken
    for a model behind an OpenAI-compatible host.

    Raises:
        BadRequestError: if no row fits; the message names the nearest.
    """
    prefix, slash, rest = model.partition("/")
    if provider is not None:
        if provider not in rows:
            raise BadRequestError(_unknown(provider, rows), model=model)
        return rows[provider], rest if prefix == provider and slash else model
    if slash and prefix in rows:
        return rows[prefix], rest
    for pattern, name in BARE_NAMES:
        if pattern.match(model):
            return rows[name], model
    if api_base is not None:
        return rows["openai"], model
    raise BadRequestError(_unknown(prefix if slash else model, rows), model=model)


def _unknown(name: str, rows: Mapping[str, Provider]) -> str:
    from difflib import get_close_matches  # only on the way to an error

    nearest = get_close_matches(name, rows, n=1)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    return (
        f"unknown provider {name!r}: {hint}write the model as 'provider/name', or give api_base for a host of your own"
    )
