"""The chat request: OpenAI's parameters as one frozen value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeAlias, TypedDict, Unpack, get_args

import attrs

from ..dumping import ReplyDict
from ..errors import BadRequestError, UnsupportedParamsError
from ..mapping import Record
from ..request import AnyRequest, CallOptions, ControlParams, checked_list, checked_model, holds_items, split_arguments

if TYPE_CHECKING:
    from .response import ModelResponse

MessageLike: TypeAlias = Mapping[str, Any] | Record
"""A message as a dictionary, or the `message` of an earlier response."""


OnBreak: TypeAlias = Literal["raise", "restart", "continue"]
"""What to do with a stream that breaks after its first content.

- `raise` raises, with what had arrived as the error's `partial`.
- `restart` asks again and begins anew; a `Seam` among the chunks says where.
- `continue` has the model go on where it broke off, after a `Seam`, where the provider can do that.
"""
_ON_BREAK: Final = get_args(OnBreak)


class BareModelParams(TypedDict, total=False):
    """OpenAI's parameters of a chat call ("Create chat completion", 2026-11), and LiteLLM's `thinking`.

    All but `tools`, and `response_format`, on which the type of the response depends.
    """

    temperature: float | None
    top_p: float | None
    n: int | None
    stop: str | Sequence[str] | None
    seed: int | None
    presence_penalty: float | None
    frequency_penalty: float | None
    logit_bias: Mapping[str, float] | None
    logprobs: bool | None
    top_logprobs: int | None
    user: str | None
    max_tokens: int | None
    max_completion_tokens: int | None
    stream_options: Mapping[str, Any] | None
    tool_choice: str | Mapping[str, Any] | None
    parallel_tool_calls: bool | None
    functions: Sequence[Mapping[str, Any]] | None
    function_call: str | Mapping[str, Any] | None
    reasoning_effort: str | Mapping[str, Any] | None
    thinking: Mapping[str, Any] | None
    verbosity: str | None
    service_tier: str | None
    store: bool | None
    moderation: Mapping[str, Any] | None
    safety_identifier: str | None
    prompt_cache_key: str | None
    prompt_cache_options: Mapping[str, Any] | None
    prompt_cache_retention: str | None
    modalities: Sequence[str] | None
    audio: Mapping[str, Any] | None
    prediction: Mapping[str, Any] | None
    web_search_options: Mapping[str, Any] | None


class PlainModelParams(BareModelParams, total=False):
    """The same, and the tools that the model may call."""

    tools: Sequence[Mapping[str, Any]] | None


class ChatModelParams(PlainModelParams, total=False):
    """The same, and what the answer has to be."""

    response_format: Mapping[str, Any] | type[Any] | None


class ChatCallParams(ControlParams, total=False):
    """How a chat call is made."""

    on_break: OnBreak | None
    max_repairs: int | None


class ParsedParams(PlainModelParams, ChatCallParams, total=False):
    """Every keyword argument of a chat call whose `response_format` is a type."""


class ChatParams(ChatModelParams, ChatCallParams, total=False):
    """Every keyword argument of a chat call beside `model`, `messages` and `stream`."""


CHAT_PARAMETERS = frozenset(ChatModelParams.__annotations__)


@attrs.frozen(init=False, slots=False)
class ChatRequest(AnyRequest["ModelResponse"]):
    """One chat call as a value: for `fan_out`, `race` and their siblings, and for the engine itself.

    Takes the keyword arguments of `completion`. Arguments that are None count as not given.

        request = ChatRequest("openai/gpt-4o", [{"role": "user", "content": "Hi"}], temperature=0)
        outcomes = await client.fan_out([request, ChatRequest("claude-sonnet-4-5", request.messages)])

    Raises:
        UnsupportedParamsError: for a parameter that does not exist; the message names the nearest.
        BadRequestError: for messages that are none.
    """

    operation: ClassVar[str] = "completion"

    model: str
    messages: tuple[Mapping[str, Any], ...]
    stream: bool
    parameters: ChatModelParams
    """The model's parameters that were given; read only."""
    options: CallOptions
    on_break: OnBreak
    """What happens to a stream that breaks; replies that are received whole are asked for again in any case."""
    max_repairs: int
    """How often the model is asked again for an answer that does not fit the type in `response_format`."""

    def __init__(
        self,
        model: str,
        messages: Iterable[MessageLike],
        *,
        stream: bool | None = False,
        **params: Unpack[ChatParams],
    ) -> None:
        on_break, max_repairs = "raise", 0
        if "on_break" in params or "max_repairs" in params:
            on_break, max_repairs = _own_of(params)
        parameters, options = split_arguments(params, CHAT_PARAMETERS)
        given: Any = parameters
        if "tools" in given or "functions" in given:
            _check_tools(given)
        vars(self).update(  # every call makes one, and the generated `__init__` of a frozen class takes its time
            model=model if type(model) is str else checked_model(model),
            messages=_plain_messages(messages),
            stream=bool(stream),
            parameters=given,
            options=options,
            on_break=on_break,
            max_repairs=max_repairs,
        )


def _own_of(params: ChatParams) -> tuple[OnBreak, int]:
    """What the request has fields of its own for, taken out of the keyword arguments."""
    on_break = params.pop("on_break", None) or "raise"
    if on_break not in _ON_BREAK:
        raise UnsupportedParamsError(f"on_break is one of {', '.join(_ON_BREAK)}, not {on_break!r}")
    max_repairs = params.pop("max_repairs", None) or 0
    if type(max_repairs) is not int or max_repairs < 0:
        raise BadRequestError("max_repairs must be a whole number, 0 or more")
    return on_break, max_repairs


def _plain_messages(messages: Iterable[MessageLike]) -> tuple[Mapping[str, Any], ...]:
    # An exact type is asked for first: Mapping's own answer takes five times as long.
    if type(messages) is not list and not holds_items(messages):
        raise BadRequestError(f"messages must be a list of messages, not {type(messages).__name__}")
    plain = tuple(
        [
            message if type(message) is dict and message.get("role") != "assistant" else _plain_message(message)
            for message in messages
        ]
    )
    if not plain:
        raise BadRequestError("messages is empty: there is nothing to answer")
    for message in plain:
        if not isinstance(message.get("role"), str):
            raise BadRequestError(f"messages[{plain.index(message)}] has no role")
    return plain


def _check_tools(given: Mapping[str, Any]) -> None:
    for name in ("tools", "functions"):
        for place, tool in enumerate(checked_list(given[name], name) if name in given else ()):
            if type(tool) is not dict and not isinstance(tool, Mapping):
                raise BadRequestError(f"{name}[{place}] must be an object, not {type(tool).__name__}")


def _plain_message(message: object) -> Mapping[str, Any]:
    if type(message) is not dict and not isinstance(message, Mapping):
        return _dumped(message, "a message")
    for call in checked_list(message.get("tool_calls") or (), "tool_calls"):
        if call is None or isinstance(call, _NO_CALLS):
            raise BadRequestError(f"a tool call must be a mapping, not {type(call).__name__}")
    if all(map(_is_plain, message.values())):
        return message
    # `dict(message)` of a response's message keeps what is inside it as it was.
    return {name: _plain_value(value, name) for name, value in message.items()}


def _is_plain(value: object) -> bool:
    return isinstance(value, _JSON) if not isinstance(value, _LISTS) else all(map(_is_plain, value))


# A union of types that is written out is made anew whenever it is asked.
_LISTS: Final = (list, tuple)
_NO_CALLS: Final = (str, int, float, list, tuple)
_JSON: Final = (str, int, float, type(None), dict, Mapping)


def _plain_value(value: object, name: str) -> Any:
    if isinstance(value, list | tuple):
        what = "a tool call" if name == "tool_calls" else f"an item of {name}"
        return [_dumped(item, what) if not _is_plain(item) else item for item in value]
    return value if _is_plain(value) else _dumped(value, name)


def _dumped(value: object, what: str) -> ReplyDict:
    dump = getattr(value, "model_dump", None)  # our own records, and pydantic's
    if dump is None:
        raise BadRequestError(f"{what} must be a mapping, not {type(value).__name__}")
    return ReplyDict(dump(exclude_none=True))
