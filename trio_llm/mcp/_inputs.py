"""What a server may ask of the program in the middle of a call, and who answers.

A server may ask so many questions in each call that it gets. `begin_call` fills the allowance up again. Every question
takes one of it, whatever becomes of it; past that it gets an error in place of an answer. An answer that raises is
told to the server, whose call fails with it.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs

from ._content import messages_of

if TYPE_CHECKING:
    from mcp import types

    from .._types.chat import ModelResponse

_STOPS: Final = {"length": "maxTokens", "stop": "endTurn", "tool_calls": "toolUse"}


@attrs.frozen
class Elicitation:
    """A server asks the user something.

    Example:
        async def ask_user(question: trio_llm.mcp.Elicitation) -> dict[str, str] | None:
            print(question.server, "asks:", question.message)
            return {"seat": "4A"}
    """

    server: str
    message: str
    schema: Mapping[str, Any] | None = None
    """What the answer is to look like: an object of simple fields. None where the user is to open `url`."""
    url: str | None = None


@attrs.frozen
class Sampling:
    """A server asks for an answer of a model. What it may cost is up to whoever answers.

    Example:
        async def sample(asked: trio_llm.mcp.Sampling) -> trio_llm.ModelResponse:
            return await client.completion(model, asked.messages, max_tokens=min(asked.max_tokens, 500))
    """

    server: str
    messages: Sequence[Mapping[str, Any]]
    """As chat calls take them; a system prompt stands first."""
    max_tokens: int
    temperature: float | None = None
    stop: Sequence[str] | None = None
    models: Sequence[str] = ()
    """Names of models that the server would like, the best first."""
    tools: Sequence[Mapping[str, Any]] = ()
    """Tools that the model may call, as chat calls take them. The server itself runs them, and asks again."""
    tool_choice: str | None = None
    """`auto`, `required` or `none`; None where the server says nothing."""


Filled: TypeAlias = Mapping[str, Any] | bool | None
OnElicitation: TypeAlias = Callable[[Elicitation], Awaitable[Filled] | Filled]
OnSampling: TypeAlias = "Callable[[Sampling], Awaitable[str | ModelResponse] | str | ModelResponse]"


@attrs.define
class Inputs:
    """Answers a server's questions: so many for each call that it gets, and no more."""

    most: int
    on_elicitation: OnElicitation | None = None
    on_sampling: OnSampling | None = None
    roots: Sequence[str] = ()
    asked_by: Callable[[], str] = str
    """Gives the server's name."""
    _left: int = 0

    def begin_call(self) -> None:
        """Let the server ask again."""
        self._left = self.most

    async def elicit(self, context: Any, params: types.ElicitRequestParams) -> types.ElicitResult | types.ErrorData:
        """Ask the user."""
        from mcp import types

        assert self.on_elicitation is not None
        schema, url = getattr(params, "requested_schema", None), getattr(params, "url", None)
        filled = await self._answer(self.on_elicitation, Elicitation(self.asked_by(), params.message, schema, url))
        if isinstance(filled, types.ErrorData):
            return filled
        if filled is None or filled is False:
            return types.ElicitResult(action="decline")
        content = dict(filled) if isinstance(filled, Mapping) else None
        return types.ElicitResult(action="accept", content=content)

    async def sample(
        self, context: Any, params: types.CreateMessageRequestParams
    ) -> types.CreateMessageResult | types.CreateMessageResultWithTools | types.ErrorData:
        """Ask a model."""
        from mcp import types

        assert self.on_sampling is not None
        said = await self._answer(self.on_sampling, _sampling(self.asked_by(), params))
        if isinstance(said, types.ErrorData):
            return said
        try:
            return _result(said, with_tools=bool(params.tools or params.tool_choice))
        except ValueError as error:
            return types.ErrorData(code=types.INTERNAL_ERROR, message=f"the model's call has no JSON object: {error}")

    async def list_roots(self, context: Any) -> types.ListRootsResult | types.ErrorData:
        """Tell where the server may work."""
        from mcp import types

        return types.ListRootsResult.model_validate({"roots": [{"uri": root} for root in self.roots]})

    async def _answer(self, ask: Callable[[Any], Any], question: Any) -> Any:
        from mcp import types

        self._left -= 1
        if self._left < 0:
            return types.ErrorData(code=types.INVALID_REQUEST, message=f"more than {self.most} questions in one call")
        try:
            answer = ask(question)
            return await answer if inspect.isawaitable(answer) else answer
        except Exception as error:  # noqa: BLE001 - the call that asked fails with these words
            return types.ErrorData(code=types.INTERNAL_ERROR, message=f"{type(error).__name__}: {error}")


def _sampling(server: str, params: types.CreateMessageRequestParams) -> Sampling:
    system = [{"role": "system", "content": params.system_prompt}] if params.system_prompt else []
    hints = params.model_preferences.hints if params.model_preferences is not None else None
    return Sampling(
        server,
        [*system, *messages_of(params.messages)],
        params.max_tokens,
        params.temperature,
        params.stop_sequences,
        [hint.name for hint in hints or () if hint.name],
        [_definition(tool) for tool in params.tools or ()],
        params.tool_choice.mode if params.tool_choice is not None else None,
    )


def _definition(tool: types.Tool) -> dict[str, Any]:
    described = {"name": tool.name, "description": tool.description or "", "parameters": tool.input_schema}
    return {"type": "function", "function": described}


def _result(
    said: str | ModelResponse, *, with_tools: bool
) -> types.CreateMessageResult | types.CreateMessageResultWithTools:
    """An answer as the protocol has it. Only who offers tools can be told of calls."""
    from mcp import types

    if isinstance(said, str):
        text, model, reason, calls = said, "unknown", "stop", []
    else:
        choice = said.choices[0]
        text, model, reason = choice.message.content or "", said.model or "unknown", choice.finish_reason or "stop"
        calls = choice.message.tool_calls or []
    told = types.TextContent(text=text)
    stop = _STOPS.get(reason, reason)
    if not with_tools:
        return types.CreateMessageResult(role="assistant", content=told, model=model, stop_reason=stop)
    uses = [
        types.ToolUseContent(name=function.name or "", id=call.id or "", input=json.loads(function.arguments or "{}"))
        for call in calls
        if (function := call.function) is not None
    ]
    content: list[Any] = [*([told] if text or not uses else []), *uses]
    return types.CreateMessageResultWithTools(role="assistant", content=content, model=model, stop_reason=stop)
