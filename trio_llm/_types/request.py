"""What every request has in common: the split of keyword arguments into parameters and options."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Self, TypeAlias, TypedDict, TypeVar, cast

import attrs

from .amounts import as_number
from .errors import BadRequestError, UnsupportedParamsError
from .mapping import Record
from .tokens import KeyCallable, TokenSource, as_key
from .withheld import without_keys

if TYPE_CHECKING:
    from typing_extensions import TypeVar as DefaultTypeVar

    # Who names a request or an outcome without its parameter means any response.
    ResponseT_co = DefaultTypeVar("ResponseT_co", covariant=True, default=Any)
else:
    ResponseT_co = TypeVar("ResponseT_co", covariant=True)
RequestT = TypeVar("RequestT")


class AnyRequest(Generic[ResponseT_co]):
    """What every request has. A request is a frozen value: what is asked, and how. Its parameter is what answers it."""

    __slots__ = ()

    operation: ClassVar[str]
    """What is asked for, by the name of the client's method."""

    if TYPE_CHECKING:

        @property
        def model(self) -> str:
            """The model as the caller named it; the empty text where an operation has none, as that of files."""

        @property
        def parameters(self) -> Mapping[str, Any]:
            """The parameters that were given beside what has a field of its own."""

        @property
        def options(self) -> CallOptions:
            """How the call is made."""

    def with_api_key(self, api_key: str | KeyCallable | TokenSource) -> Self:
        """The same request with another key; the request itself stays as it is.

        A request that was pickled, or written as JSON, comes back without a key of its own and needs this.

        Example:
            >>> request = pickle.loads(written).with_api_key(keys["team 7"])
        """
        return changed(self, options=attrs.evolve(self.options, api_key=as_key(api_key)))

    def arguments(self) -> dict[str, Any]:
        """What the request was made of, the options apart: `type(request)(**request.arguments())` asks the same."""
        kind: Any = type(self)
        own = {field.name: getattr(self, field.name) for field in attrs.fields(kind) if field.name not in _NOT_OWN}
        return {**own, **self.parameters}

    def to_dict(self) -> dict[str, Any]:
        """The request as JSON values: its operation and the arguments of the call. The form is stable.

        There is no key in it; with `from_dict` it comes back without one, and needs `with_api_key` if it had one of its
        own. Files are in it whole, as base64. A class as `response_format` is in it as its schema.

        Raises:
            TypeError: for an argument that has no JSON form; it ends with the argument.

        Example:
            >>> ChatRequest("gpt-4o", messages, temperature=0).to_dict()
            {'operation': 'completion', 'model': 'gpt-4o', 'messages': [...], 'temperature': 0}
        """
        from .request_json import request_as_dict

        return request_as_dict(self)

    @classmethod
    def from_dict(cls, form: Mapping[str, Any]) -> Self:
        """The request that `to_dict` wrote. `AnyRequest.from_dict` reads every kind.

        Raises:
            ValueError: if it is none, or of another kind.
            BadRequestError: for arguments that make no request.
        """
        from .request_json import request_of_dict

        return cast("Self", request_of_dict(form, cls, AnyRequest))

    def fingerprint(self) -> str:
        """64 characters that are the same for all requests that ask the same of the same model: a name for an answer.

        Keys, time limits, retries, headers, fallbacks, metadata, priority and the order of object fields do not matter.
        What is asked does, and where: `api_base`, `api_version` and `custom_llm_provider` among it. Numbers count by
        their value. It is the same in every process and on every machine.

        Raises:
            TypeError: see `to_dict`.
        """
        from .request_json import fingerprint_of

        return fingerprint_of(self)


_NOT_OWN: Final = frozenset({"parameters", "options"})
Fallback: TypeAlias = str | Mapping[str, Any] | AnyRequest
"""Where else to ask: a model, the arguments that are different there (`model` among them), or a whole request."""


class ControlParams(TypedDict, total=False):
    """Keyword arguments that every function takes and that say how the call is made."""

    timeout: float | None
    num_retries: int | None
    api_key: str | KeyCallable | TokenSource | None
    api_base: str | None
    base_url: str | None
    api_version: str | None
    custom_llm_provider: str | None
    extra_headers: Mapping[str, str] | None
    extra_body: Mapping[str, Any] | None
    drop_params: bool | None
    priority: int | None
    metadata: Mapping[str, Any] | None
    fallbacks: Sequence[Fallback] | None
    context_window_fallbacks: Sequence[Fallback] | None
    content_policy_fallbacks: Sequence[Fallback] | None
    aws_access_key_id: str | None
    aws_secret_access_key: str | None
    aws_session_token: str | None
    aws_region_name: str | None
    aws_profile_name: str | None
    aws_role_name: str | None
    aws_session_name: str | None
    azure_ad_token: str | None
    azure_ad_token_provider: KeyCallable | None
    vertex_credentials: str | Mapping[str, Any] | None
    vertex_location: str | None
    vertex_project: str | None


def as_fallbacks(given: Sequence[Fallback]) -> tuple[Fallback, ...]:
    """The fallbacks as they are kept.

    Raises:
        BadRequestError: for a single one where a list is wanted.
    """
    if not holds_items(given):
        shown = repr(given) if isinstance(given, str) else type(given).__name__  # a key may be in what is no name
        raise BadRequestError(f"fallbacks must be a list of models or arguments, not {shown}")
    return tuple(given)


@attrs.frozen(slots=False)  # which makes one in half the time, and every call does
class CallOptions:
    """How a call is made, apart from what it asks."""

    timeout: float | None = None
    """The call's deadline in seconds from its start: waiting, attempts and pauses included."""
    num_retries: int | None = None
    """Attempts after the first; None leaves it to the client's policy."""
    api_key: str | TokenSource | None = attrs.field(default=None, repr=False)
    """A text, or a source that is asked when an attempt is about to leave."""
    api_base: str | None = None
    """Base URL in place of the provider's own."""
    api_version: str | None = None
    custom_llm_provider: str | None = None
    """The provider's name, where `model` has no prefix."""
    extra_headers: Mapping[str, str] | None = attrs.field(default=None, repr=False)
    extra_body: Mapping[str, Any] | None = None
    """Fields that are merged into the JSON body as they are, nested objects key by key."""
    drop_params: bool = False
    """Leave out parameters that the provider cannot express, in place of an error."""
    metadata: Mapping[str, Any] | None = attrs.field(default=None, repr=False)
    """What the caller knows of the call. It is for whoever watches calls; only some providers are told."""
    priority: int = 0
    """Place in the line for the client's limits: higher goes first."""
    fallbacks: tuple[Fallback, ...] | None = attrs.field(default=None, repr=False)
    """Where to ask, in order, when this model fails; within the same `timeout`. None leaves it to the client."""
    settings: tuple[tuple[str, str], ...] | None = attrs.field(default=None, repr=False)
    """Arguments of clouds, such as `aws_region_name`, that stand before the environment's variables."""
    context_window_fallbacks: tuple[Fallback, ...] | None = attrs.field(default=None, repr=False)
    """Where to ask first after a `ContextWindowExceededError`, and after nothing else."""
    content_policy_fallbacks: tuple[Fallback, ...] | None = attrs.field(default=None, repr=False)
    """Where to ask first after a `ContentPolicyViolationError`, and after nothing else."""

    def __getstate__(self) -> dict[str, Any]:
        return without_keys(vars(self))

    def __deepcopy__(self, memo: object) -> CallOptions:
        return self  # it is frozen, and a copy in the same process may keep its key


NO_OPTIONS = CallOptions()
_DEFAULTS: Final[dict[str, Any]] = {**vars(NO_OPTIONS)}
_CONTROLS = frozenset(ControlParams.__annotations__)


def split_arguments(arguments: Mapping[str, Any], known: frozenset[str]) -> tuple[dict[str, Any], CallOptions]:
    """Keyword arguments as (parameters, options). None means not given.

    Raises:
        UnsupportedParamsError: for a name that is neither, with the nearest one that is.
    """
    parameters: dict[str, Any] = {}
    controls: dict[str, Any] = {}
    clouds: dict[str, Any] = {}
    for name, value in arguments.items():
        if type(value) is str and name in _TEXTS:  # a key and an address, as nearly every call has
            controls[name] = value
        elif value is None:  # not given, whether there is such a name or not
            continue
        elif name in known:
            parameters[name] = value
        elif name in _CONTROLS:
            (clouds if name in _OF_CLOUDS else controls)[name] = _checked(name, value)
        else:
            raise UnsupportedParamsError(_unknown(name, known))
    if clouds:
        _gather(clouds, controls)
    if not controls:
        return parameters, NO_OPTIONS
    if "base_url" in controls:
        controls["api_base"] = controls.pop("base_url")  # LiteLLM lets it win where both are given
    options = object.__new__(CallOptions)
    # A quarter of what __init__ takes, and nearly every call has options.
    object.__setattr__(options, "__dict__", _DEFAULTS | controls)
    return parameters, options


def changed(request: RequestT, **fields: Any) -> RequestT:
    """A copy of a request with other fields. `attrs.evolve` would pass them to the keyword arguments of a call."""
    kind: Any = type(request)
    copy: RequestT = object.__new__(kind)
    held = {field.name: getattr(request, field.name) for field in attrs.fields(kind)}
    kind.__attrs_init__(copy, **{**held, **fields})
    return copy


def _checked(name: str, value: Any) -> Any:
    if name in _FALLBACKS:
        return as_fallbacks(value)
    if name == "api_key":
        return as_key(value)
    if name == "timeout":
        value = as_seconds(value)
    holds, wanted = _CHECKS.get(name, _UNCHECKED)
    if not holds(value):
        shown = f"{value!r}" if isinstance(value, int | float) and "number" in wanted else type(value).__name__
        raise BadRequestError(f"{name} must be {wanted}, not {shown}")
    return value


def as_seconds(value: object) -> object:
    """A time limit, where it is one: a number, its text, or the longest part of an `httpx.Timeout`; else the value.

    One that waits for a reply as long as it takes (`read=None`) is no limit.
    """
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    if not hasattr(value, "pool"):
        return as_number(value)
    parts = [getattr(value, name, None) for name in ("connect", "read", "write", "pool")]
    numbers = [part for part in parts if isinstance(part, int | float)]
    return max(numbers) if numbers and parts[1] is not None else math.inf


def checked_model(model: object) -> str:
    """The name of a model.

    Raises:
        BadRequestError: if it is none.
    """
    if isinstance(model, str):
        return model
    raise BadRequestError(f"model must be text such as 'openai/gpt-4o', not {type(model).__name__}")


def checked_text(value: object, name: str) -> str:
    """A text that has to be one.

    Raises:
        BadRequestError: if it is none.
    """
    if isinstance(value, str):
        return value
    raise BadRequestError(f"{name} must be text, not {type(value).__name__}")


def checked_list(value: object, name: str) -> Sequence[Any]:
    """A list, whatever is in it.

    Raises:
        BadRequestError: if it is none.
    """
    if type(value) is list or (isinstance(value, Sequence) and not isinstance(value, str | bytes)):
        return value
    raise BadRequestError(f"{name} must be a list, not {type(value).__name__}")


def holds_items(value: object) -> bool:
    """Whether it can be gone through, and is no single thing such as a text or an object."""
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping | Record)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _gather(clouds: dict[str, Any], controls: dict[str, Any]) -> None:
    """Put the arguments of clouds among the others, in their own place."""
    provider = clouds.pop("azure_ad_token_provider", None)
    if provider is not None:
        controls.setdefault("api_key", as_key(provider))
    if isinstance(held := clouds.get("vertex_credentials"), Mapping):
        clouds["vertex_credentials"] = json.dumps(held)
    controls["settings"] = tuple(sorted(clouds.items()))


_OF_CLOUDS: Final = frozenset(
    {
        "aws_access_key_id",
        "aws_profile_name",
        "aws_region_name",
        "aws_role_name",
        "aws_secret_access_key",
        "aws_session_name",
        "aws_session_token",
        "azure_ad_token",
        "azure_ad_token_provider",
        "vertex_credentials",
        "vertex_location",
        "vertex_project",
    }
)
OPTION_OF: Final[Mapping[str, str]] = {
    **dict.fromkeys(_OF_CLOUDS, "settings"),
    "azure_ad_token_provider": "api_key",
    "base_url": "api_base",
}
"""The field of `CallOptions` that a control parameter of another name ends in."""
_TEXTS: Final = frozenset({"api_key", "api_base", "base_url", "api_version", "custom_llm_provider"})
_FALLBACKS: Final = frozenset({"fallbacks", "context_window_fallbacks", "content_policy_fallbacks"})
# Values are not shown in these errors: keys are among them.
_UNCHECKED: Final[tuple[Callable[[object], bool], str]] = (lambda _: True, "")
_CHECKS: Final[Mapping[str, tuple[Callable[[object], bool], str]]] = {
    "timeout": (_is_seconds, "a number of seconds, 0 or more"),
    "num_retries": (lambda value: _is_whole(value) and cast("int", value) >= 0, "a whole number, 0 or more"),
    **dict.fromkeys(_TEXTS | _OF_CLOUDS, (_is_text, "text")),
    "azure_ad_token_provider": (callable, "a callable that returns a token"),
    "vertex_credentials": (lambda value: _is_text(value) or _is_mapping(value), "text or a mapping"),
    "extra_headers": (_is_mapping, "a mapping of names to text"),
    "extra_body": (_is_mapping, "a mapping"),
    "metadata": (_is_mapping, "a mapping"),
    "priority": (_is_whole, "a whole number"),
}


def _unknown(name: str, known: frozenset[str]) -> str:
    from difflib import get_close_matches  # only on the way to an error

    from .litellm_names import missing_keyword

    if substitute := missing_keyword(name):
        return substitute
    nearest = get_close_matches(name, known | _CONTROLS, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else "a field of the provider's own goes into extra_body"
    return f"unknown parameter {name!r}: {hint}"
