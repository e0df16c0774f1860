"""What a strict simulated provider refuses, and in whose words.

What a request may have is read from the package's own typed parameters, for wires that have OpenAI's or Anthropic's
names (`_request_tables`), and from tables for the others (`_vendor_fields`). A wire whose vendor passes over what it
does not know is not stricter here. Values are looked at as far as the vendors' descriptions give them a type and
bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import attrs

from .._convert import json as _json
from ._actions import Failure
from ._refusal_words import RefusalWords, words_of
from ._request_tables import rules_of
from ._wires._forms import form_fields
from ._wires._model import SimulatedOperation

if TYPE_CHECKING:
    from ._description import Description
    from ._ledger import RecordedRequest


def frozen_names(names: Iterable[str]) -> frozenset[str]:
    """A set of names, from any collection of them."""
    return frozenset(names)


@attrs.frozen(kw_only=True)
class Strictness:
    """What a simulated provider looks at before it answers. Bodies that are no JSON are refused in any case.

    Example:
        Simulator(conditions=Conditions(strict=Strictness()))
    """

    messages: bool = True
    """Empty conversations, and roles that the wire has not."""
    parameters: bool = True
    """Parameters that the wire has not, that are missing, and values that are out of bounds."""
    extra: frozenset[str] = attrs.field(default=frozenset(), converter=frozen_names)
    """Parameters that are taken although the wire has them not: a vendor's own."""
    description: Description | None = None
    """An OpenAPI description that requests have to fit as well."""

    def complaint(self, record: RecordedRequest, endpoint: SimulatedOperation) -> Failure | None:
        """Why a request is refused; None if it is fine."""
        words = words_of(endpoint.name, endpoint.family.name)
        failures = self._complaints(record, endpoint, words)
        return next((Failure(words.status, *failure) for failure in failures), None)

    def _complaints(
        self, record: RecordedRequest, endpoint: SimulatedOperation, words: RefusalWords
    ) -> Iterator[tuple[str]]:
        if endpoint.method != "POST":
            return
        if (problem := _problem_of_json(record)) is not None:
            yield (words.json(problem),)
        rules = rules_of(endpoint.name)
        if rules is not None:
            complaints = [
                *(rules.about_messages(record.json, words) if self.messages else ()),
                *(rules.about_parameters(record.json, words, self.extra) if self.parameters else ()),
            ]
            yield from ((complaint,) for complaint in complaints)
        if self.description is not None:
            about = self.description.complaint(record.method, record.path, record.json)
            yield from ((complaint,) for complaint in [about] if complaint is not None)


def _problem_of_json(record: RecordedRequest) -> str | None:
    kind = record.headers.get("content-type", "application/json")
    if "json" not in kind or form_fields(kind, record.body) is not None or not record.body:
        return None
    try:
        value = _json.loads(record.body)
    except ValueError as error:
        return str(error)
    return None if isinstance(value, dict) else "the body is no object"
