"""Runs of tools that came to no end. What they have done is kept."""

from __future__ import annotations

from typing import Any, Self

import attrs

from .._types.errors import APIError, Timeout
from .._types.usage import Usage
from ._events import Step, ToolRun
from ._results import problem_of


@attrs.define(eq=False, slots=False, str=False, repr=False)
class ToolRunError(APIError):
    """A run of tools failed; its cause says why. Give `messages` to `run_tools` again, and it goes on from there.

    Calls of the last message that have no result yet are made up for then. A committing tool that was interrupted has
    a result that says so: it is not called twice.

    Example:
        try:
            run = await client.run_tools(model, messages, tools=tools)
        except trio_llm.tools.ToolRunError as error:
            run = await client.run_tools(model, error.messages, tools=tools)
    """

    messages: list[Any] = attrs.Factory(list[Any])
    """The whole history up to the failure."""
    steps: list[Step[Any]] = attrs.Factory(list[Step[Any]])
    """The rounds that had ended, and what was done of the last one."""

    @property
    def usage(self) -> Usage | None:
        """Tokens of all rounds that the model had answered."""
        return ToolRun[Any](self.messages, self.steps).usage

    @classmethod
    def of(cls, cause: Exception, run: ToolRun[Any]) -> Self:
        """The error of a run that was ended by another."""
        error = cls(str(getattr(cause, "message", "")) or problem_of(cause))
        if isinstance(cause, APIError):
            for name in ("llm_provider", "model", "status_code", "request_id", "retry_after", "partial", "code"):
                setattr(error, name, getattr(cause, name))
            error.attempts = cause.attempts
        error.messages, error.steps = [*run.messages], [*run.steps]
        return error


class ToolRunTimeout(ToolRunError, Timeout):
    """A run of tools had not ended at its deadline.

    Example:
        try:
            run = await client.run_tools(model, messages, tools=tools, deadline=30)
        except trio_llm.tools.ToolRunTimeout as error:
            print(len(error.steps), "rounds were done")
    """


for _error in (ToolRunError, ToolRunTimeout):
    _error.__module__ = "trio_llm.tools"
