"""Addresses as rows write them: templates of base URLs, and rules for paths."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

import attrs


@attrs.frozen
class Paths:
    """Where a provider has its operations, as templates: `{path}` is the dialect's path, `{model}` the model's name.

    Example:
        row = Provider(name="mine", base_url=url, documentation=page, paths=Paths(instead_of="/v1"))
    """

    usual: str = "{path}"
    special: Mapping[str, str] = MappingProxyType({})
    """Templates for single paths of the dialect, or, with a slash at the end, for all that begin so."""
    instead_of: str = ""
    """The end of a base URL that is another API of the same server, and is left out: Ollama's `/v1` is OpenAI's."""
    complete: str | None = None
    """What the path of a base URL has in it if the caller wrote all of it; the dialect's path then just follows."""

    def place(self, path: str, model: str, base_path: str = "") -> str:
        """The provider's path for the dialect's, to be appended to that of the base URL."""
        if self.complete is not None and self.complete in f"{base_path}/":
            return path
        template = self.special.get(path) or self.special.get(f"/{path.split('/')[1]}/", self.usual)
        return path if template == "{path}" else template.format(path=path, model=quote(model, safe=""))


SAME_PATHS: Final = Paths()


@attrs.frozen
class Versioning:
    """How an API version, given by the caller or the environment, goes into addresses.

    Example:
        row = Provider(name="mine", base_url=url, documentation=page, versioning=None)
    """

    variables: tuple[str, ...]
    """Environment variables of the version; the first that is set counts."""
    dated: Paths
    """Paths of versions that are dates. Names such as "preview" are versions of the row's usual paths."""
    default: str | None = None
    """The version where nobody gives one; None leaves it out."""


def joined(base_path: str, path: str) -> str:
    """A path behind that of a base URL, whose last parts are not repeated if the path begins with them.

    `/v1` and `/v1/messages` make `/v1/messages`, as `/v1/messages` and `/v1/messages` do.
    """
    parts = base_path.split("/")
    for start in range(1, len(parts)):
        end = "/" + "/".join(parts[start:])
        if path == end or path.startswith((f"{end}/", f"{end}?")):
            return base_path + path[len(end) :]
    return base_path + path


def template_variables(base_url: str) -> list[tuple[str, ...]]:
    """The variables in a template, each place with its alternatives; places that have a value anyway are left out."""
    _, *parts = base_url.split("{")  # no pattern, because compiling one costs more than all that it would find
    places = [tuple(part.partition("}")[0].split("|")) for part in parts]
    return [names for names in places if not names[-1].startswith("=")]


def every_variable(base_url: str) -> tuple[str, ...]:
    """Every variable that a template may read."""
    _, *parts = base_url.split("{")
    return tuple(name for part in parts for name in part.partition("}")[0].split("|") if not name.startswith("="))
