"""One model has many spellings: pure functions from the spelling of a call to those of a table.

A table is searched with each spelling in turn, the most exact first, so that a dated name finds its own entry where
there is one and the undated entry otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_ARN: Final = re.compile(r"^arn:aws[\w-]*:bedrock:[^/]*/")
_LEADING: Final = re.compile(
    r"^(?:models/|(?:projects/[^/]+/locations/[^/]+/)?publishers/[^/]+/models/|accounts/[^/]+/models/|ft:|responses/"
    r"|converse/|invoke/|google/(?=gem))"
)
_REGION: Final = re.compile(r"^(?:us|eu|apac|ap|jp|au|ca|sa|us-gov|global)\.(?=[a-z0-9]+\.)")
_BEDROCK_VERSION: Final = re.compile(r"-v\d+(?::\d+)?(?::\w+)?$|:\d+(?::\w+)?$")
_VERTEX_VERSION: Final = re.compile(r"@[\w.-]+$")
_VERTEX_DATE: Final = re.compile(r"(?:-v\d)?@(20\d{6})$")
_VARIANT: Final = re.compile(r":(?!\d)[\w.-]+$")
"""What gateways append to a name: `:free`, `:online`, `:groq`."""
_DATE: Final = re.compile(r"-(?:20\d{2}-?\d{2}-?\d{2}|20\d{2}|\d{2}-\d{2}|\d{2}-20\d{2}|\d{4})$")
_LATEST: Final = re.compile(r"-(?:latest|preview|exp|001|002)$")
_ENDINGS: Final = ("-latest", "-0", "-1:0", "-v1:0", "@default")
"""What tables put behind a name that calls may leave out."""
_AZURE: Final = {"gpt-35-turbo": "gpt-3.5-turbo"}
"""Azure has no dots in names of deployments."""


def spellings(name: str) -> Iterator[str]:
    """The spellings under which a table may have a model, each once, the most exact first."""
    seen: set[str] = set()
    for spelling in _all_spellings(name):
        if spelling and spelling not in seen:
            seen.add(spelling)
            yield spelling


def _all_spellings(name: str) -> Iterator[str]:
    yield name
    bare = _LEADING.sub("", _ARN.sub("", name))
    bare = _REGION.sub("", bare)
    yield bare
    yield bare.lower()
    yield _VERTEX_DATE.sub(r"-\1", bare)
    for pattern in (_VARIANT, _VERTEX_VERSION, _BEDROCK_VERSION, _LATEST, _DATE):
        shorter = pattern.sub("", bare)
        yield shorter
        yield shorter.lower()
        bare = shorter
    lowered = bare.lower()
    yield _LATEST.sub("", lowered)
    for ending in _ENDINGS:
        yield lowered + ending
    for wrong, right in _AZURE.items():
        if lowered.startswith(wrong):
            yield right + lowered.removeprefix(wrong)
    # Gateways write a version with a dot where its maker has none: `grok-4.1-fast`.
    yield lowered.replace(".", "-")


def maker_and_name(name: str) -> tuple[str | None, str]:
    """A gateway's `maker/name`, or Bedrock's `maker.name`, apart; None where no maker is named."""
    bare = _REGION.sub("", _LEADING.sub("", _ARN.sub("", name)))
    for separator in ("/", "."):
        maker, found, rest = bare.partition(separator)
        if found and maker.isascii() and maker.replace("-", "").replace("_", "").isalnum() and rest[:1].isalpha():
            return maker.lower(), rest
    return None, bare
