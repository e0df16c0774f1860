"""Requests checked against a provider's own description of its API, in OpenAPI's form.

Paths are compared from their end, so that the base URL of the description does not matter. Needs the package
`jsonschema`, and for YAML the package `pyyaml`.

Source: OpenAPI Specification 3.1 and 3.0 (`nullable`, and the vocabulary of JSON Schema).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Final, cast

import attrs

from .._convert import json as _json

_LONGEST_COMPLAINT: Final = 300


@attrs.frozen(eq=False)
class Description:
    """A description of an API.

    Example:
        Strictness(description=Description.load("openapi.json"))
    """

    document: Mapping[str, Any] = attrs.field(repr=False)
    """The whole document."""
    _paths: tuple[tuple[re.Pattern[str], Mapping[str, Any]], ...] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        paths = cast("Mapping[str, Mapping[str, Any]]", self.document.get("paths", {}))
        # Those with fewer gaps first: `/responses/compact` before `/responses/{id}`.
        ordered = sorted(paths.items(), key=lambda pair: (pair[0].count("{"), -len(pair[0])))
        object.__setattr__(self, "_paths", tuple((_pattern(path), operations) for path, operations in ordered))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Description:
        """Read a file of JSON, or of YAML where its name ends so.

        Raises:
            OSError: if it cannot be read.
            ValueError: if it is no description.
            ModuleNotFoundError: for YAML without `pyyaml`.
        """
        file = Path(path)
        if file.suffix in (".yaml", ".yml"):
            import yaml  # type: ignore[import-untyped,unused-ignore]

            document = yaml.load(file.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        else:
            document = _json.loads(file.read_bytes())
        if not isinstance(document, dict) or "paths" not in document:
            raise ValueError(f"{path} is no OpenAPI description: it has no paths")
        return cls(cast("Mapping[str, Any]", document))

    def complaint(self, method: str, path: str, body: Mapping[str, Any]) -> str | None:
        """What is wrong with a request of JSON; None if it fits, or if the description does not have its path."""
        found = self._operation(method, path.partition("?")[0])
        schema = _request_schema(self.document, found) if found else None
        if schema is None:
            return None
        from jsonschema import Draft202012Validator

        parts = {"components": self.document.get("components", {}), "paths": self.document["paths"]}
        validator = Draft202012Validator({**_with_nulls(parts), "allOf": [_with_nulls(schema)]})
        errors = sorted(validator.iter_errors(body), key=lambda error: len(error.path))
        return _told(errors[0]) if errors else None

    def _operation(self, method: str, path: str) -> Mapping[str, Any] | None:
        for pattern, operations in self._paths:
            if pattern.search(path) and method.lower() in operations:
                return cast("Mapping[str, Any]", operations[method.lower()])
        return None


def _pattern(path: str) -> re.Pattern[str]:
    gaps = re.split(r"\{[^}]*\}", path)
    return re.compile("[^/]+".join(map(re.escape, gaps)) + "$")


def _request_schema(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema of an operation's JSON body, behind any references; None if it takes no JSON."""
    body = operation.get("requestBody")
    while isinstance(body, Mapping) and isinstance(reference := body.get("$ref"), str):
        held: Any = document
        for name in reference.removeprefix("#/").split("/"):
            held = held[name]
        body = held
    content = body.get("content", {}) if isinstance(body, Mapping) else {}
    return cast("Mapping[str, Any] | None", content.get("application/json", {}).get("schema"))


def _with_nulls(value: Any) -> Any:
    """The schemas of OpenAPI 3.0 as those of today: `nullable` is a type, exclusive bounds are numbers."""
    if isinstance(value, list):
        return [_with_nulls(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    written = {name: _with_nulls(one) for name, one in _kept(cast("Mapping[str, Any]", value))}
    if value.get("nullable") is True:
        return {"anyOf": [written, {"type": "null"}]}
    return written


def _kept(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in schema.items():
        if name == "nullable" or (name.startswith("exclusive") and isinstance(value, bool)):
            continue
        yield name, value


def _told(error: Any) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.path).lstrip(".")
    return f"{place or 'body'}: {error.message}"[:_LONGEST_COMPLAINT]
