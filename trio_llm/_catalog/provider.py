"""What a catalogue row is, and how a model string finds its row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from functools import cache
from importlib import import_module
from itertools import chain
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

import attrs

from .._dialects.contract import NO_QUIRKS, Dialect, Quirks
from .._types.errors import BadRequestError
from .._types.http import Origin, split_url


class Wire(Enum):
    """The dialects, by the place of their value; the module is imported when a call first needs it."""

    OPENAI = "openai:OPENAI"
    ANTHROPIC = "anthropic:ANTHROPIC"
    COHERE = "cohere:COHERE"
    DEEPGRAM = "deepgram:DEEPGRAM"
    ELEVENLABS = "elevenlabs:ELEVENLABS"
    GEMINI = "gemini:GEMINI"


class AuthScheme(Enum):
    """Where a provider wants its key: header name and prefix of the value."""

    BEARER = ("authorization", "Bearer ")
    X_API_KEY = ("x-api-key", "")
    GOOGLE = ("x-goog-api-key", "")
    API_KEY = ("api-key", "")
    TOKEN = ("authorization", "Token ")
    XI_API_KEY = ("xi-api-key", "")
    PORTKEY = ("x-portkey-api-key", "")


class Server(Enum):
    """Who runs the host of a row."""

    REMOTE = "remote"
    """Somebody else: a key is needed."""
    SELF_HOSTED = "self-hosted"
    """The user: a key is sent if there is one."""
    EMBEDDED = "embedded"
    """This process: the client starts the server when it is first asked."""


@attrs.frozen
class Paths:
    """Where a provider has its operations, as templates: `{path}` is the dialect's path, `{model}` the model's name."""

    usual: str = "{path}"
    special: Mapping[str, str] = MappingProxyType({})
    """Templates for single paths of the dialect."""
    complete: str | None = None
    """What the path of a base URL has in it if the caller wrote all of it; the dialect's path then just follows."""

    def place(self, path: str, model: str, base_path: str = "") -> str:
        """The provider's path for the dialect's, to be appended to that of the base URL."""
        if self.complete is not None and self.complete in f"{base_path}/":
            return path
        template = self.special.get(path, self.usual)
        return path if template == "{path}" else template.format(path=path, model=quote(model, safe=""))


SAME_PATHS: Final = Paths()


@attrs.frozen
class Versioning:
    """How an API version, given by the caller or the environment, goes into addresses."""

    variables: tuple[str, ...]
    """Environment variables of the version; the first that is set counts."""
    dated: Paths
    """Paths of versions that are dates. Names such as "preview" are versions of the row's usual paths."""
    default: str | None = None
    """The version where nobody gives one; None leaves it out."""


def _default_key_variables(row: Provider) -> tuple[str, ...]:
    return (f"{row.variable_prefix}_API_KEY",)


def _default_base_url_variables(row: Provider) -> tuple[str, ...]:
    return (f"{row.variable_prefix}_BASE_URL", f"{row.variable_prefix}_API_BASE")


def _address_variables(row: Provider) -> tuple[str, ...]:
    parts = tuple(chain.from_iterable(template_variables(row.base_url)))
    return row.base_url_variables + parts + (row.versioning.variables if row.versioning else ())


@attrs.frozen(kw_only=True)
class Provider:
    """One vendor: a row of the catalogue. Only name, base URL and documentation have to be given."""

    name: str
    """The prefix of its model strings."""
    base_url: str
    """Paths are appended to it. `{NAME}` stands for an environment variable, `{NAME|OTHER}` for the first that is set.

    Empty where there is no usual address: the caller or the environment has to name one.
    """
    documentation: str
    """Address of the vendor's page that proves the row."""
    aliases: tuple[str, ...] = ()
    """Other prefixes that mean the same."""
    wire: Wire = Wire.OPENAI
    key_variables: tuple[str, ...] = attrs.field(default=attrs.Factory(_default_key_variables, takes_self=True))
    """Environment variables of the key; the first that is set counts. By default the name and `_API_KEY`."""
    token_variables: tuple[str, ...] = ()
    """Environment variables of a token that goes as `Bearer` whatever `auth` says; read where no key is set."""
    base_url_variables: tuple[str, ...] = attrs.field(
        default=attrs.Factory(_default_base_url_variables, takes_self=True)
    )
    """Environment variables of the base URL. By default the name with `_BASE_URL` and `_API_BASE`."""
    auth: AuthScheme = AuthScheme.BEARER
    server: Server = Server.REMOTE
    quirks: Quirks = NO_QUIRKS
    model_quirks: tuple[tuple[str, Quirks], ...] = ()
    """(pattern of model names, quirks) where some models depart from the rest; the first match counts."""
    alternative_hosts: tuple[str, ...] = ()
    """Other hosts of the same vendor, to which its key may go; one that begins with a star, all that end so."""
    paths: Paths = SAME_PATHS
    versioning: Versioning | None = None
    model_home: str = ""
    """What goes before a model's name that has no slash."""
    address_variables: tuple[str, ...] = attrs.field(
        init=False, repr=False, default=attrs.Factory(_address_variables, takes_self=True)
    )
    """Every environment variable that its address depends on."""

    @property
    def variable_prefix(self) -> str:
        """The name as environment variables begin with it."""
        return self.name.replace("-", "_").upper()

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

    def owns(self, host: str) -> bool:
        """Whether a host is the vendor's, as far as the row alone can say."""
        own = () if not self.base_url or "{" in self.base_url else (split_url(self.base_url)[0].host,)
        return any(
            host.endswith(known[1:]) if known.startswith("*") else host == known
            for known in own + self.alternative_hosts
        )


def template_variables(base_url: str) -> list[tuple[str, ...]]:
    """The variables in a base URL, each place with its alternatives."""
    _, *parts = base_url.split("{")  # no pattern, because compiling one costs more than all that it would find
    return [tuple(part.partition("}")[0].split("|")) for part in parts]


@cache
def load_dialect(wire: Wire) -> Dialect:
    """The dialect behind a name. Importing all of them at once would cost every program's start."""
    module, _, name = wire.value.partition(":")
    dialect = getattr(import_module(f".._dialects.{module}", __package__), name)
    assert isinstance(dialect, Dialect)
    return dialect


class Catalog(Mapping[str, Provider]):
    """Rows by name, in order. Aliases are found too, but neither counted nor listed."""

    def __init__(self, rows: Iterable[Provider]) -> None:
        """A row takes the place of an earlier one of the same name; a name goes before an alias."""
        self._rows = {row.name: row for row in rows}
        self._rows = {name: self._rows[name] for name in sorted(self._rows)}
        self._found = {alias: row for row in self._rows.values() for alias in row.aliases} | self._rows

    def __getitem__(self, name: str) -> Provider:
        return self._found[name]

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def by_every_name(self) -> dict[str, Provider]:
        """A dictionary of one's own of names and aliases."""
        return dict(self._found)


_OPENAI_NAMES: Final = (
    r"(gpt-|chatgpt-|o[1345](-|$)|ft:|text-embedding-|dall-e|gpt-image|whisper-|tts-|davinci|babbage"
    r"|omni-moderation|text-moderation)"
)
BARE_NAMES: Final = (
    (re.compile(_OPENAI_NAMES), "openai"),
    (re.compile(r"claude-"), "anthropic"),
    (re.compile(r"(gemini-|imagen-|learnlm-)"), "gemini"),
)
"""Model names that need no prefix, as their makers name nothing else so."""
_UNKNOWN_HOST: Final = "custom_openai"


def resolve(
    model: str, rows: Mapping[str, Provider], *, provider: str | None = None, api_base: str | None = None
) -> tuple[Provider, str]:
    """The row of a model string and the name by which its provider knows the model.

    `provider` names the row where the string does not. With `api_base`, a name that has no row belongs to the row
    whose host that is, or is taken for a model behind an OpenAI-compatible host that no row knows.

    Raises:
        BadRequestError: if no row fits; the message names the nearest.
    """
    row, name = _find(model, rows, provider, api_base)
    return row, f"{row.model_home}{name}" if row.model_home and "/" not in name else name


def _find(model: str, rows: Mapping[str, Provider], provider: str | None, api_base: str | None) -> tuple[Provider, str]:
    prefix, slash, rest = model.partition("/")
    if provider is not None:
        if provider not in rows:
            raise BadRequestError(_unknown(provider, rows), model=model)
        row = rows[provider]
        return row, rest if slash and prefix in (provider, row.name) else model
    if slash and prefix in rows:
        return rows[prefix], rest
    for pattern, name in BARE_NAMES:
        if pattern.match(model):
            return rows[name], model
    if api_base is not None:
        return _row_at(api_base, rows), model
    raise BadRequestError(_unknown(prefix if slash else model, rows), model=model)


def _row_at(api_base: str, rows: Mapping[str, Provider]) -> Provider:
    host = _origin(api_base).host
    # The first condition is there because it is fast, and nearly always false.
    found = (row for row in rows.values() if host in row.base_url and row.owns(host))
    return next(found, rows[_UNKNOWN_HOST])


def _origin(url: str) -> Origin:
    try:
        return split_url(url)[0]
    except ValueError as error:
        raise BadRequestError(str(error)) from None


def _unknown(name: str, rows: Mapping[str, Provider]) -> str:
    from difflib import get_close_matches  # only on the way to an error

    nearest = get_close_matches(name, rows, n=1)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    return (
        f"unknown provider {name!r}: {hint}write the model as 'provider/name', or give api_base for a host of your own"
    )
