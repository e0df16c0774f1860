"""Conversations whose turns belong together, and the requests that carry them to a provider."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias, cast

from hypothesis import assume, strategies as st

from ..._catalog import CATALOG
from ..._catalog.resolving import resolve
from ..._client.queries import get_supported_openai_params
from ..._dialects.contract import WireCall
from ..._types.chat import ChatRequest
from ..._types.errors import BadRequestError
from ..._types.http import HTTPRequest
from .._actions import ToolUse
from ._fitting import JSONSchema
from ._replies import tool_uses
from ._schemas import Tool, tools as any_tools, uses_of
from ._texts import TEXTS, said

Message: TypeAlias = dict[str, Any]

_NO_MESSAGES: Final[Sequence[Message]] = ()
_PARAMETERS: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "temperature": st.sampled_from([0, 0.5, 1]),
    "top_p": st.sampled_from([1, 0.5, 0.1]),
    "max_tokens": st.integers(1, 4096),
    "stop": st.lists(st.sampled_from(["END", "\n\n", "###"]), min_size=1, max_size=2, unique=True),
    "seed": st.integers(0, 2**31 - 1),
    "presence_penalty": st.sampled_from([0, 0.5]),
    "frequency_penalty": st.sampled_from([0, 0.5]),
    "n": st.integers(1, 3),
    "logprobs": st.booleans(),
    "parallel_tool_calls": st.booleans(),
    "response_format": st.just({"type": "json_object"}),
    "user": st.sampled_from(["somebody", "u-1"]),
}
"""What is asked at most, each value one that OpenAI's reference allows."""
_OF_TOOLS: Final = frozenset({"parallel_tool_calls"})


def conversations(*, tools: bool | Sequence[Tool] = True, turns: int = 3) -> st.SearchStrategy[list[Message]]:
    """Valid `messages`, in OpenAI's shape: perhaps a system message, then turns that end with the user's.

    With `tools`, some answers call tools, and each call is followed by its result. Given as a list, those tools alone
    are called, with arguments that fit their schemas.

        @given(messages=strategies.conversations(tools=[WEATHER]))
        def test_my_agent_goes_on(messages): ...
    """
    questions = said().map(lambda text: [{"role": "user", "content": text}])
    answers = said().map(lambda text: [{"role": "assistant", "content": text}])
    if tools:
        used = tool_uses() if tools is True else uses_of(tools)
        answers |= st.lists(used, min_size=1, max_size=2).map(_tool_turn)
    turn = st.tuples(questions, answers).map(lambda pair: [*pair[0], *pair[1]])
    opening = st.just(_NO_MESSAGES) | said().map(lambda text: [{"role": "system", "content": text}])
    return st.tuples(opening, st.lists(turn, max_size=turns), questions).map(_numbered)


def _tool_turn(uses: Sequence[ToolUse]) -> list[Message]:
    calls = [
        {"type": "function", "function": {"name": use.name, "arguments": json.dumps(use.arguments)}} for use in uses
    ]
    results = [{"role": "tool", "content": f"result of {use.name}"} for use in uses]
    return [{"role": "assistant", "content": None, "tool_calls": calls}, *results]


def _numbered(parts: tuple[Sequence[Message], Sequence[Sequence[Message]], Sequence[Message]]) -> list[Message]:
    """One list of messages; every tool call gets an id of its own, and its result the same one."""
    opening, turns, question = parts
    messages = [*opening, *(message for turn in turns for message in turn), *question]
    numbered: list[Message] = []
    waiting: list[str] = []
    for place, message in enumerate(messages):
        if "tool_calls" in message:
            calls = [{"id": f"call_{place}_{index}", **call} for index, call in enumerate(message["tool_calls"])]
            waiting = [call["id"] for call in calls]
            numbered.append({**message, "tool_calls": calls})
        elif message["role"] == "tool":
            numbered.append({**message, "tool_call_id": waiting.pop(0)})
        else:
            numbered.append(message)
    return numbered


def requests(
    model: str = "openai/simulated",
    *,
    tools: bool | Sequence[Tool] = True,
    stream: bool | None = None,
) -> st.SearchStrategy[ChatRequest]:
    """Chat requests that the provider of `model` takes, as its row of the catalogue says.

    Drawn are conversations, tools and parameters; what the provider cannot be sent is not among them. They shrink to
    one short message and no parameters.

        @given(request=strategies.requests("anthropic/claude-sonnet-4-5"))
        def test_my_gateway_passes_it_on(request): ...

    Args:
        model: provider and name.
        tools: whether tools are offered and called; or those that are.
        stream: whether a stream is asked for; None draws either.
    """
    known = get_supported_openai_params(model)
    if known is None:
        raise ValueError(f"no provider is known for {model!r}")
    return _requests(model, frozenset(known), tools=tools, stream=stream)


@st.composite
def _requests(
    draw: Callable[..., Any], model: str, known: frozenset[str], *, tools: bool | Sequence[Tool], stream: bool | None
) -> ChatRequest:
    offered: Sequence[Tool] = ()
    if tools and "tools" in known:
        offered = draw(st.lists(any_tools(), max_size=2, unique_by=_name_of)) if tools is True else tools
    messages = draw(conversations(tools=offered or False))
    parameters: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(sorted(_PARAMETERS)), max_size=3, unique=True)):
        if name in known and (offered or name not in _OF_TOOLS):
            parameters[name] = draw(_PARAMETERS[name])
    if offered:
        parameters["tools"] = list(offered)
    streamed = ("stream" in known and draw(st.booleans())) if stream is None else stream
    request = ChatRequest(model, messages, stream=streamed, **cast("Any", parameters))
    assume(_is_taken(request))
    return request


def _name_of(tool: Tool) -> str:
    return str(tool["function"]["name"])


def _is_taken(request: ChatRequest) -> bool:
    try:
        encoded(request)
    except BadRequestError:
        return False
    return True


def encoded(request: ChatRequest) -> HTTPRequest:
    """A request as its provider gets it, without credentials.

    Raises:
        BadRequestError: if the provider cannot be asked this.
    """
    row, name = resolve(request.model, CATALOG)
    service = row.service("chat", name)
    endpoint = service.dialect.chat_stream if request.stream else service.dialect.chat
    if endpoint is None:
        raise BadRequestError(f"{row.name} has no such chats")
    return endpoint.encode(WireCall(request, service.model, service.quirks))


def schema_requests(model: str = "openai/simulated") -> st.SearchStrategy[tuple[ChatRequest, JSONSchema]]:
    """Requests for an answer of a schema, and the schema.

    Example:
        @given(asked=strategies.schema_requests())
        def test_my_structured_output(asked): ...
    """
    from ._schemas import object_schemas

    return st.tuples(TEXTS.filter(str.strip), object_schemas()).map(lambda pair: (_asking(model, *pair), pair[1]))


def _asking(model: str, text: str, schema: JSONSchema) -> ChatRequest:
    described = {"name": "answer", "schema": schema}
    return ChatRequest(
        model,
        [{"role": "user", "content": text}],
        response_format={"type": "json_schema", "json_schema": described},
    )
