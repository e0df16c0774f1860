"""What a catalogue row is, and what it says of one operation of one model.

A row's own fields hold for everything that it offers. `dialects` and `base_urls` say what is different for single
operations, `families` what is different for some of its models. `Provider.service` reads all of that once, in this
order: the departures of every family that the model belongs to, the first that says something counting; then the
operation's own; then the row's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from functools import cache
from importlib import import_module
from typing import Any, Final, TypeAlias

import attrs

from .._dialects.contract import Dialect
from .._dialects.quirks import NO_QUIRKS, Quirks
from .._types.errors import BadRequestError
from .._types.http import split_url
from . import rules
from .addresses import SAME_PATHS, Paths, Versioning, every_variable
from .auth import (
    Auth,
    AuthScheme,
    AwsCredentials,
    EntraCredentials,
    GoogleCredentials,
    HeaderKey,
    QueryKey,
    SecretSource,
    SigV4,
    TokenExchange,
)


class Wire(Enum):
    """The built-in dialects, by the place of their value; the module is imported when a call first needs it.

    Example:
        row = Provider(name="mine", base_url=url, documentation=page, wire=Wire.ANTHROPIC)
    """

    OPENAI = "openai:OPENAI"
    RESPONSES = "openai.responses_api:RESPONSES"
    ALEPH_ALPHA = "aleph_alpha:ALEPH_ALPHA"
    ANTHROPIC = "anthropic:ANTHROPIC"
    BFL = "bfl:BFL"
    COHERE = "cohere:COHERE"
    CONVERSE = "bedrock:CONVERSE"
    INVOKE_CHATS = "bedrock.invoking:INVOKE_CHATS"
    INVOKE_CLAUDE = "bedrock.invoking:INVOKE_CLAUDE"
    INVOKE_CLAUDE_2 = "bedrock.invoking:INVOKE_CLAUDE_2"
    INVOKE_COHERE = "bedrock.invoking:INVOKE_COHERE"
    INVOKE_COMMAND = "bedrock.invoking:INVOKE_COMMAND"
    INVOKE_JURASSIC = "bedrock.invoking:INVOKE_JURASSIC"
    INVOKE_LLAMA = "bedrock.invoking:INVOKE_LLAMA"
    INVOKE_MISTRAL = "bedrock.invoking:INVOKE_MISTRAL"
    INVOKE_NOVA = "bedrock.invoking:INVOKE_NOVA"
    INVOKE_STABILITY = "bedrock.invoking:INVOKE_STABILITY"
    INVOKE_TITAN = "bedrock.invoking:INVOKE_TITAN"
    DEEPGRAM = "deepgram:DEEPGRAM"
    ELEVENLABS = "elevenlabs:ELEVENLABS"
    GEMINI = "gemini:GEMINI"
    JINA = "jina:JINA"
    OLLAMA = "ollama:OLLAMA"
    VERTEX = "gemini:VERTEX"
    VERTEX_CLAUDE = "vertex:CLAUDE"
    VERTEX_MISTRAL = "vertex:MISTRAL"
    REPLICATE = "replicate:REPLICATE"
    SAGEMAKER = "sagemaker:SAGEMAKER"
    TGI = "tgi:TGI"
    VOYAGE = "voyage:VOYAGE"
    WATSONX = "watsonx:WATSONX"
    WORKERS_AI = "workers_ai:WORKERS_AI"


AnyDialect: TypeAlias = Wire | Dialect
"""A dialect of the package by its name, or one of your own."""


class ServerKind(Enum):
    """Who runs the host of a row.

    Example:
        row = Provider(name="mine", base_url=local_url, documentation=page, server=ServerKind.SELF_HOSTED)
    """

    REMOTE = "remote"
    """Somebody else: a key is needed."""
    SELF_HOSTED = "self-hosted"
    """The user: a key is sent if there is one."""
    EMBEDDED = "embedded"
    """This process: the client starts the server when it is first asked."""


class LaneKind(Enum):
    """What a vendor counts its limits by, and so what a 429 pauses.

    Example:
        row = Provider(name="mine", base_url=url, documentation=page, lane=LaneKind.ACCOUNT)
    """

    MODEL = "model"
    """Each model (or deployment) by itself."""
    ACCOUNT = "account"
    """All that is asked with one key."""


OPERATIONS: Final = frozenset(
    field.name
    for field in attrs.fields(Dialect)
    if field.name not in ("name", "decode_error") and not field.name.endswith("_stream")
)
"""What a row can offer: the names of `Dialect`'s endpoints. A streamed form belongs to its operation."""
_AUTHS: Final = (AuthScheme, HeaderKey, QueryKey, SigV4)
_SOURCES: Final = (GoogleCredentials, EntraCredentials, AwsCredentials, TokenExchange)


def _optional(check: Any) -> Any:
    return attrs.validators.optional(check)


@attrs.frozen(kw_only=True)
class Override:
    """How a family of models departs from its row. What is not given is as the row has it.

    A named group of the family's pattern that matched stands for the variable of its name: `(?P<aws_region_name>...)`
    in the pattern of ARNs is the region. The group `model` becomes the model's name, and the families that follow are
    looked for by that name.

        families = ((r"o[134](-|$)", Override(unsupported=frozenset({"temperature"}))),)
    """

    dialects: Mapping[str, AnyDialect] = attrs.field(
        factory=dict[str, AnyDialect], validator=rules.by_operation(OPERATIONS, Wire, Dialect)
    )
    base_urls: Mapping[str, str] = attrs.field(factory=dict[str, str], validator=rules.by_operation(OPERATIONS, str))
    base_url: str | None = attrs.field(default=None, validator=_optional(rules.base_url))
    paths: Paths | None = attrs.field(default=None, validator=_optional(rules.kind(Paths)))
    versioning: Versioning | None = attrs.field(default=None, validator=_optional(rules.kind(Versioning)))
    auth: Auth | None = attrs.field(default=None, validator=_optional(rules.kind(*_AUTHS)))
    quirks: Quirks | None = attrs.field(default=None, validator=_optional(rules.kind(Quirks)))
    """In place of the row's."""
    unsupported: frozenset[str] = attrs.field(default=frozenset(), validator=rules.kind(frozenset))
    """Parameters that these models refuse, beside those of the quirks; of all families that match."""
    accepted_values: Mapping[str, frozenset[str | float]] = attrs.field(factory=dict[str, "frozenset[str | float]"])
    """The only values that these models take of some parameters, beside those of the quirks."""
    tool_search: frozenset[str] = attrs.field(default=frozenset(), validator=rules.kind(frozenset))
    """Operations in which these models look for tools themselves, beside those of the quirks."""
    lane: str | None = attrs.field(default=None, validator=_optional(rules.text))
    """The name of the limits that the family's models share."""


@attrs.frozen(eq=False, repr=False)
class Service:
    """How a row offers one operation of one model: all that a route is made from."""

    row: Provider
    operation: str
    model: str
    """The name that the provider knows it by."""
    wire: AnyDialect
    base_url: str
    paths: Paths
    versioning: Versioning | None
    auth: Auth
    quirks: Quirks
    lane: str
    """What its limits are counted by, within the account; empty for the account itself."""
    variables: Mapping[str, str]
    """What the model's own name says of the address, by names of variables."""

    @property
    def dialect(self) -> Dialect:
        """The wire format; imports it."""
        return load_dialect(self.wire) if isinstance(self.wire, Wire) else self.wire

    @property
    def address_variables(self) -> tuple[str, ...]:
        """Every environment variable that its address depends on."""
        row, signed = self.row, (every_variable(self.auth.region) if isinstance(self.auth, SigV4) else ())
        versions = self.versioning.variables if self.versioning else ()
        return row.base_url_variables + every_variable(self.base_url) + versions + signed


def _default_key_variables(row: Provider) -> tuple[str, ...]:
    return (f"{row.variable_prefix}_API_KEY",)


def _default_base_url_variables(row: Provider) -> tuple[str, ...]:
    return (f"{row.variable_prefix}_BASE_URL", f"{row.variable_prefix}_API_BASE")


@attrs.frozen(kw_only=True)
class Provider:
    """One vendor: a row of the catalogue. Only name, base URL and documentation have to be given.

        row = Provider(name="mine", base_url="https://llm.example/v1", documentation="https://llm.example/docs")
        async with Client(providers=[row]) as client:
            await client.completion("mine/some-model", messages)  # the key is read from MINE_API_KEY

    Raises:
        TypeError: for a field of another type; the message says which, and what to write.
        ValueError: for a value that no call could work with.
    """

    name: str = attrs.field(validator=rules.row_name)
    """The prefix of its model strings."""
    base_url: str = attrs.field(validator=rules.base_url)
    """Paths are appended to it. `{NAME}` stands for an environment variable, `{NAME|OTHER}` for the first that is set,
    `{NAME|=value}` has a value where none is. Names in lower case are arguments of the call, such as `vertex_project`.

    Empty where there is no usual address: the caller or the environment has to name one.
    """
    documentation: str = attrs.field(validator=rules.text)
    """Address of the vendor's page that proves the row."""
    aliases: tuple[str, ...] = attrs.field(default=(), validator=rules.texts)
    keyed_base_url: str = attrs.field(default="", validator=rules.base_url)
    """Where a key goes as long as `base_url` lacks a variable: one that says itself whose account it is."""
    bare_names: str = attrs.field(default="", validator=attrs.validators.instance_of(str))
    """Pattern of the model names that need no prefix, because their maker names nothing else so."""
    wire: AnyDialect = attrs.field(default=Wire.OPENAI, validator=rules.kind(Wire, Dialect))
    """The dialect of every operation that `dialects` does not name."""
    dialects: Mapping[str, AnyDialect] = attrs.field(
        factory=dict[str, AnyDialect], validator=rules.by_operation(OPERATIONS, Wire, Dialect)
    )
    """Dialects of single operations."""
    base_urls: Mapping[str, str] = attrs.field(factory=dict[str, str], validator=rules.by_operation(OPERATIONS, str))
    """Base URLs of single operations, where they are not at `base_url`."""
    families: tuple[tuple[str, Override], ...] = attrs.field(default=(), validator=rules.families)
    """(pattern of model names, how they depart from the rest). A pattern has to match the name's beginning."""
    key_variables: tuple[str, ...] = attrs.field(
        default=attrs.Factory(_default_key_variables, takes_self=True), validator=rules.texts
    )
    """Environment variables of the key; the first that is set counts. By default the name with `_API_KEY`."""
    token_variables: tuple[str, ...] = attrs.field(default=(), validator=rules.texts)
    """Environment variables of a token that goes as `token_auth` says; read where no key is set."""
    sources: tuple[SecretSource, ...] = attrs.field(default=(), validator=rules.tuple_of(*_SOURCES))
    """Where a secret comes from when no variable holds one, in order; the first that has what it needs counts."""
    base_url_variables: tuple[str, ...] = attrs.field(
        default=attrs.Factory(_default_base_url_variables, takes_self=True), validator=rules.texts
    )
    """Environment variables of the base URL. By default the name with `_BASE_URL` and `_API_BASE`."""
    auth: Auth = attrs.field(default=AuthScheme.BEARER, validator=rules.kind(*_AUTHS))
    """Where the key goes."""
    token_auth: Auth = attrs.field(default=AuthScheme.BEARER, validator=rules.kind(*_AUTHS))
    """Where a token goes: one of `token_variables`."""
    callable_auth: Auth | None = attrs.field(default=None, validator=_optional(rules.kind(*_AUTHS)))
    """Where goes what an `api_key=` that is a callable returns; None for where a key goes."""
    server: ServerKind = attrs.field(default=ServerKind.REMOTE, validator=rules.kind(ServerKind))
    quirks: Quirks = attrs.field(default=NO_QUIRKS, validator=rules.kind(Quirks))
    alternative_hosts: tuple[str, ...] = attrs.field(default=(), validator=rules.texts)
    """Other hosts of the same vendor, to which its key may go; one that begins with a star, all that end so."""
    renamed_hosts: Mapping[str, str] = attrs.field(factory=dict[str, str], validator=rules.kind(Mapping))
    """Hosts that the template would make, and what they are really called: `global-x.example`, `x.example`."""
    paths: Paths = attrs.field(default=SAME_PATHS, validator=rules.kind(Paths))
    versioning: Versioning | None = attrs.field(default=None, validator=_optional(rules.kind(Versioning)))
    whole_addresses: bool = attrs.field(default=False, validator=rules.kind(bool))
    """Whether an `api_base` without a path is taken as it is; else it gets the path of the usual base URL."""
    model_home: str = attrs.field(default="", validator=attrs.validators.instance_of(str))
    """What goes before a model's name that has no slash."""
    models: tuple[str, ...] = attrs.field(default=(), validator=rules.texts)
    """The only models that it has; empty leaves it to the provider to know them."""
    lane: LaneKind = attrs.field(default=LaneKind.MODEL, validator=rules.kind(LaneKind))
    """What the vendor counts its limits by."""

    @property
    def variable_prefix(self) -> str:
        """The name as environment variables begin with it."""
        return str(self.name).replace("-", "_").upper()

    def service(self, operation: str = "chat", model: str = "") -> Service:
        """How it offers an operation of a model; whether its dialect has the operation is for that to say.

        Raises:
            BadRequestError: if the pattern of a family is none.
        """
        name, departures, variables = self._departures(model)
        quirks = _first(departures, "quirks") or self.quirks
        lane = name if self.lane is LaneKind.MODEL else ""
        return Service(
            row=self,
            operation=operation,
            model=name,
            wire=_for_operation(departures, "dialects", operation) or self.dialects.get(operation, self.wire),
            base_url=self._base_url(departures, operation),
            paths=_first(departures, "paths") or self.paths,
            versioning=_first(departures, "versioning") or self.versioning,
            auth=_first(departures, "auth") or self.auth,
            quirks=_with_facts(quirks, departures),
            lane=_first(departures, "lane") or lane,
            variables=variables,
        )

    def _departures(self, model: str) -> tuple[str, list[Override], dict[str, str]]:
        departures: list[Override] = []
        variables: dict[str, str] = {}
        for pattern, departure in self.families:
            try:
                found = re.match(pattern, model)
            except re.error as error:
                raise BadRequestError(f"{pattern!r} of the row {self.name!r} is no pattern: {error}") from None
            if found is not None:
                named = {name: value for name, value in found.groupdict().items() if value is not None}
                model = named.pop("model", model)
                variables = named | variables
                departures.append(departure)
        return model, departures, variables

    def _base_url(self, departures: Iterable[Override], operation: str) -> str:
        found: str | None = _for_operation(departures, "base_urls", operation) or _first(departures, "base_url")
        return found or self.base_urls.get(operation, self.base_url)

    def owns(self, host: str) -> bool:
        """Whether a host is the vendor's, as far as the row alone can say."""
        own = [split_url(url)[0].host for url in (self.base_url, *self.base_urls.values()) if url and "{" not in url]
        return any(
            host.endswith(known[1:]) if known.startswith("*") else host == known
            for known in (*own, *self.alternative_hosts)
        )


def _first(departures: Iterable[Override], field: str) -> Any:
    return next((value for departure in departures if (value := getattr(departure, field)) is not None), None)


def _for_operation(departures: Iterable[Override], field: str, operation: str) -> Any:
    return next((found for departure in departures if (found := getattr(departure, field).get(operation))), None)


def _with_facts(quirks: Quirks, departures: Iterable[Override]) -> Quirks:
    """Quirks with what all families of a model refuse, and can."""
    refused = frozenset().union(*(departure.unsupported for departure in departures))
    searched = frozenset().union(*(departure.tool_search for departure in departures))
    accepted: dict[str, frozenset[str | float]] = {}
    for departure in departures:
        accepted = {**departure.accepted_values, **accepted}
    if not (refused or accepted or searched):
        return quirks
    return attrs.evolve(
        quirks,
        unsupported=quirks.unsupported | refused,
        accepted_values={**quirks.accepted_values, **accepted},
        tool_search=quirks.tool_search | searched,
    )


def dialect_name(wire: AnyDialect) -> str:
    """What a dialect is called; imports none."""
    return wire.name.lower() if isinstance(wire, Wire) else wire.name


@cache
def load_dialect(wire: Wire) -> Dialect:
    """The dialect behind a name. Importing all of them at once would cost every program's start."""
    module, _, name = wire.value.partition(":")
    dialect = getattr(import_module(f".._dialects.{module}", __package__), name)
    assert isinstance(dialect, Dialect)
    return dialect


def needed_variables(row: Provider) -> tuple[str, ...]:
    """What to set for a row's secret: its first variable, or the two of AWS's keys where it has none."""
    if names := row.key_variables + row.token_variables:
        return names[:1]
    keys = (value for value in row.sources if isinstance(value, AwsCredentials))
    return tuple(name for value in keys for name in (value.access_key[-1], value.secret_key[-1]))
