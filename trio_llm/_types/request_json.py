"""Requests as JSON and back, and the fingerprint by which caches and journals know them.

The form is the operation and the arguments of a call: `{"operation": "completion", "model": ..., "messages": [...]}`.
It is stable: what one version wrote, later ones read. Keys are not in it; see `withheld`. Files are in it whole.
`reply_paths` says which messages, and which parts of messages, came from responses: dialects read those more kindly
than what a caller wrote.
"""

from __future__ import annotations

import hashlib
import json
import math
import pkgutil
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, ClassVar, Final, Protocol, cast

from .dumping import ReplyDict
from .tokens import TokenSource
from .upload import Upload
from .withheld import WITHHELD, without_keys

_WITHHELD_FORM: Final = {"withheld": True}
_UPLOAD_NAMES: Final = frozenset({"name", "media_type", "base64"})
_FILES: Final = frozenset({"image", "mask", "file"})
_FALLBACKS: Final = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks")
# How a call is made, and not what is asked of whom. The rest of the control parameters says which server answers.
_HOW: Final = {"api_key", "drop_params", "extra_headers", "metadata", "num_retries", "on_break", "priority", "timeout"}
_LEFT_OUT: Final = _HOW.union(_FALLBACKS, ["max_repairs", "reply_paths"])
_UNSET: Final[Mapping[str, object]] = {
    "drop_params": False,
    "max_repairs": 0,
    "on_break": "raise",
    "priority": 0,
    "stream": False,
}
"""What some arguments are where they were not given. Arguments of None were not given either."""


class Writable(Protocol):
    """A request as this module sees it."""

    operation: ClassVar[str]

    @property
    def options(self) -> object: ...

    def arguments(self) -> dict[str, Any]: ...


def request_as_dict(request: Writable) -> dict[str, Any]:
    """The JSON form of a request; see `AnyRequest.to_dict`."""
    given = {**request.arguments(), **_controls(request.options)}
    form = {
        name: _plain_argument(value, name)
        for name, value in given.items()
        if value is not None and not (name in _UNSET and value == _UNSET[name])
    }
    replies = [*_reply_paths(given.get("messages"))]
    return {"operation": request.operation, **form, **({"reply_paths": replies} if replies else {})}


def request_of_dict(form: Mapping[str, Any], wanted: type[Any], every: type[Any]) -> Any:
    """The request of a JSON form, if it is a `wanted` one; see `AnyRequest.from_dict`, which is `every`."""
    arguments = dict(form)
    operation = arguments.pop("operation", None)
    kind = next((kind for kind in _kinds(every) if kind.operation == operation), None)
    if kind is None:
        raise ValueError(f"a request has an operation such as 'completion', not {operation!r:.60}")
    if not issubclass(kind, wanted):
        raise ValueError(f"this is a {kind.__name__}, not a {wanted.__name__}")  # noqa: TRY004 - the value is at fault
    replies = arguments.pop("reply_paths", ())
    given = {name: _read(value, name, every) for name, value in arguments.items()}
    if replies:
        given["messages"] = _marked(given["messages"], replies)
    return kind(**given)


def fingerprint_of(request: Writable) -> str:
    """A text that is the same for requests that ask the same; see `AnyRequest.fingerprint`."""
    asked = {name: value for name, value in request_as_dict(request).items() if name not in _LEFT_OUT}
    written = json.dumps(_canonical(asked), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(b"trio_llm 1\n" + written.encode()).hexdigest()


def _controls(options: object) -> dict[str, Any]:
    controls = without_keys(vars(options))
    settings = controls.pop("settings") or ()
    # An operation may have a parameter of the same name as an option that was not given.
    return {**{name: value for name, value in controls.items() if value is not None}, **dict(settings)}


def _plain(value: Any, path: str) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, Mapping):
        return {str(name): _plain(item, f"{path}.{name}") for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [_plain(item, f"{path}[{place}]") for place, item in enumerate(value)]
    return _object(value, path)


def _plain_argument(value: Any, path: str) -> Any:
    if path.rpartition(".")[2] in _FALLBACKS:
        return [_plain_fallback(one, f"{path}[{place}]") for place, one in enumerate(value)]
    return _plain(value, path)


def _plain_fallback(value: Any, path: str) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        arguments = cast("Mapping[str, Any]", value)
        return {name: _plain_argument(argument, f"{path}.{name}") for name, argument in arguments.items()}
    return request_as_dict(value)


def _object(value: Any, path: str) -> Any:
    if isinstance(value, TokenSource) or (callable(value) and path.endswith(".api_key")):
        return dict(_WITHHELD_FORM)
    if isinstance(value, Upload):
        content = b64encode(value.read()).decode()
        return {"name": value.name, "media_type": value.media_type, "base64": content}
    if path == "response_format":
        from .._dialects.schema import response_format_dict  # what a class stands for

        return response_format_dict(value)
    dump = None if isinstance(value, type) else getattr(value, "model_dump", None)
    if dump is None:
        raise TypeError(f"{path} has no JSON form: {value!r:.60}")
    return _plain(dump(exclude_none=True), path)


def _read(value: Any, name: str, every: type[Any]) -> Any:
    if name == "api_key" and value == _WITHHELD_FORM:
        return WITHHELD
    if name in _FALLBACKS:
        return [_read_fallback(one, every) for one in value]
    if name in _FILES:
        return [_read_file(one) for one in value] if isinstance(value, list) else _read_file(value)
    return value


def _read_fallback(value: Any, every: type[Any]) -> Any:
    if not isinstance(value, Mapping):
        return value
    fields = cast("Mapping[str, Any]", value)
    if "operation" in fields:
        return request_of_dict(fields, every, every)
    return {name: _read(item, name, every) for name, item in fields.items()}


def _read_file(value: Any) -> Any:
    if isinstance(value, Mapping) and set(cast("Mapping[str, Any]", value)) == _UPLOAD_NAMES:
        return (value["name"], b64decode(value["base64"]), value["media_type"])
    return value


def _reply_paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[list[str | int]]:
    """Where dictionaries stand that were dumped from responses."""
    if isinstance(value, ReplyDict):
        yield list(path)
    elif isinstance(value, Mapping):
        for name, item in cast("Mapping[str, Any]", value).items():
            yield from _reply_paths(item, (*path, name))
    elif isinstance(value, list | tuple):
        for place, item in enumerate(cast("Sequence[Any]", value)):
            yield from _reply_paths(item, (*path, place))


def _marked(value: Any, paths: Sequence[Sequence[str | int]]) -> Any:
    """A copy with the dictionaries at these places as what was dumped from responses."""
    if [] in paths:
        return ReplyDict(value)
    steps = {path[0]: [rest[1:] for rest in paths if rest[0] == path[0]] for path in paths}
    items = enumerate(value) if isinstance(value, list) else value.items()
    made = {name: _marked(item, steps[name]) if name in steps else item for name, item in items}
    return [*made.values()] if isinstance(value, list) else made


def _canonical(value: Any) -> Any:
    """The same value with one way to write each number."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _canonical(item) for name, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    return value


def _kinds(every: type[Any]) -> Iterator[type[Any]]:
    """Every kind of request: those at hand first, then all there are."""
    yield from _kinds_at_hand(every)
    package = __name__.rpartition(".")[0]
    for found in pkgutil.walk_packages(sys.modules[package].__path__, f"{package}."):
        import_module(found.name)
    yield from _kinds_at_hand(every)


def _kinds_at_hand(every: type[Any]) -> Iterator[type[Any]]:
    # attrs makes a class with slots anew: the first one, which nobody uses, may still be there.
    for kind in every.__subclasses__():
        if getattr(sys.modules[kind.__module__], kind.__name__, None) is kind:
            yield kind
