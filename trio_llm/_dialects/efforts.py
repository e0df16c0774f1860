"""How much a model is asked to think."""

from __future__ import annotations

from .._convert.narrow import is_object


def plain_effort(given: object) -> object:
    """OpenAI's word, also out of the Responses API's object, in which a summary may be asked for beside it."""
    return given.get("effort") if is_object(given) else given


def asks_for_summary(given: object) -> bool:
    """Whether it is such an object, and asks for one."""
    return is_object(given) and given.get("summary") is not None
