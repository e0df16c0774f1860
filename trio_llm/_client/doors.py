"""Methods of a client whose work is done in rooms that are built on clients. A room is imported when it is entered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Unpack, overload

if TYPE_CHECKING:
    from .._types.chat import MessageLike, ModelResponse, ParsedParams
    from .._types.messages_api.reply import AnthropicMessagesResponse
    from .._types.messages_api.request import AnthropicMessageLike
    from .._types.responses_api.request import InputItemLike
    from .._types.responses_api.response import ResponsesAPIResponse
    from ..structured._streams import ItemStream, ObjectStream
    from ..testing._leaks import UnendedCalls
    from ..tools._asking import MessagesToolParams, ResponsesToolParams, ToolParams
    from ..tools._events import ToolRun
    from ..tools._streams import ToolStream
    from ..tools._tool import ToolLike

T = TypeVar("T")


class RoomDoors:
    """Typed answers and tools."""

    def _as_client(self) -> Any:
        """The client that it is a part of, which is built on it and so not known here."""
        return self

    async def extract(self, kind: type[T], text: str, *, model: str, **params: Unpack[ParsedParams]) -> T:
        """What a text says, as a type: a class, or a list, union or choice of them.

        An answer that does not fit is asked for again, `max_repairs` times, by default twice.

        Example:
            >>> await client.extract(Person, "Ada Lovelace was born in 1815.", model="openai/gpt-5-mini")
            Person(name='Ada Lovelace', born=1815)

        Raises:
            AnswerValidationError: if the last answer does not fit.
            APIError: whatever else went wrong.
        """
        from ..structured._streams import extract

        return await extract(self._as_client(), kind, text, model, **params)

    @overload
    def stream_object(  # type: ignore[overload-overlap]  # a list is given item by item
        self,
        kind: type[list[T]],
        model: str,
        messages: Iterable[MessageLike],
        *,
        until: Callable[[list[T]], bool] | None = None,
        **params: Unpack[ParsedParams],
    ) -> AbstractAsyncContextManager[ItemStream[T]]: ...
    @overload
    def stream_object(
        self,
        kind: type[T],
        model: str,
        messages: Iterable[MessageLike],
        *,
        until: Callable[[Any], bool] | None = None,
        **params: Unpack[ParsedParams],
    ) -> AbstractAsyncContextManager[ObjectStream[T]]: ...
    def stream_object(
        self,
        kind: Any,
        model: str,
        messages: Iterable[MessageLike],
        *,
        until: Callable[[Any], bool] | None = None,
        **params: Unpack[ParsedParams],
    ) -> Any:
        """A typed answer while it is written: an object that grows, or a list item by item.

            async with client.stream_object(list[Person], model, messages) as people:
                async for person in people:
                    print(person.name)

        Args:
            kind: a class gives an `ObjectStream`, a list of something an `ItemStream`.
            model: `"provider/name"`, or a bare name.
            messages: the conversation.
            until: told what has arrived; True ends the stream, and the provider stops writing.
            params: OpenAI's parameters and the control parameters of `CallOptions`.

        Raises:
            APIError: on entry, whatever went wrong before the first content; later from the iteration.
        """
        from ..structured._streams import open_object_stream

        return open_object_stream(self._as_client(), (kind, until), model, messages, params)

    @overload
    async def run_tools(
        self,
        model: str,
        messages: Iterable[MessageLike],
        tools: Iterable[ToolLike],
        *,
        over: Literal["chat"] = "chat",
        **params: Unpack[ToolParams],
    ) -> ToolRun[ModelResponse]: ...
    @overload
    async def run_tools(
        self,
        model: str,
        messages: Iterable[InputItemLike],
        tools: Iterable[ToolLike],
        *,
        over: Literal["responses"],
        **params: Unpack[ResponsesToolParams],
    ) -> ToolRun[ResponsesAPIResponse]: ...
    @overload
    async def run_tools(
        self,
        model: str,
        messages: Iterable[AnthropicMessageLike],
        tools: Iterable[ToolLike],
        *,
        over: Literal["messages"],
        **params: Unpack[MessagesToolParams],
    ) -> ToolRun[AnthropicMessagesResponse]: ...
    async def run_tools(
        self, model: str, messages: Iterable[Any], tools: Iterable[ToolLike], *, over: Any = "chat", **params: Any
    ) -> Any:
        """Let a model call tools until it answers; see `stream_tools`, which tells what happens meanwhile.

        Example:
            >>> run = await client.run_tools("openai/gpt-5", messages, tools=[weather], deadline=60)
            >>> run.response.choices[0].message.content
            'Take an umbrella.'

        Raises:
            ToolRunError: if it fails, or has not ended by `deadline`. Its `messages` can be given to another run, which
                goes on from there; `steps`, `usage` and `partial` are what had been done.
        """
        from ..tools._loop import Asked
        from ..tools._streams import run_tools

        return await run_tools(Asked(self._as_client(), model, messages, tools, params, over))

    @overload
    def stream_tools(
        self,
        model: str,
        messages: Iterable[MessageLike],
        tools: Iterable[ToolLike],
        *,
        over: Literal["chat"] = "chat",
        **params: Unpack[ToolParams],
    ) -> AbstractAsyncContextManager[ToolStream[ModelResponse]]: ...
    @overload
    def stream_tools(
        self,
        model: str,
        messages: Iterable[InputItemLike],
        tools: Iterable[ToolLike],
        *,
        over: Literal["responses"],
        **params: Unpack[ResponsesToolParams],
    ) -> AbstractAsyncContextManager[ToolStream[ResponsesAPIResponse]]: ...
    @overload
    def stream_tools(
        self,
        model: str,
        messages: Iterable[AnthropicMessageLike],
        tools: Iterable[ToolLike],
        *,
        over: Literal["messages"],
        **params: Unpack[MessagesToolParams],
    ) -> AbstractAsyncContextManager[ToolStream[AnthropicMessagesResponse]]: ...
    def stream_tools(
        self, model: str, messages: Iterable[Any], tools: Iterable[ToolLike], *, over: Any = "chat", **params: Any
    ) -> Any:
        """Let a model call tools until it answers, and read what happens as typed events. Leaving the block ends it.

            async with client.stream_tools(model, messages, tools=[weather]) as run:
                async for event in run:
                    if isinstance(event, trio_llm.tools.TextDelta):
                        print(event.text, end="")

        The tools of a turn run at the same time, `max_parallel` at most. A tool begins as soon as its arguments are
        complete, while the model still writes; one that commits begins when the turn is complete.

        Args:
            model: `"provider/name"`, or a bare name.
            messages: the conversation. One that was cut goes on where it was.
            tools: functions, `Tool`s, and definitions of what the provider itself runs.
            over: which call carries the run: `completion`, `responses` or `anthropic_messages`. The conversation has
                its shape: messages, items, or messages of Anthropic's.
            params: those of `trio_llm.tools.ToolParams`: how tools are run, and the parameters of that call.

        Raises:
            ToolRunError: from the iteration, if it fails.
        """
        from ..tools._loop import Asked
        from ..tools._streams import open_tool_stream

        return open_tool_stream(Asked(self._as_client(), model, messages, tools, params, over))


def open_calls() -> UnendedCalls:
    """Who knows, for a strict client, which calls run and who made them."""
    from ..testing._leaks import UnendedCalls

    return UnendedCalls()


def left_behind(calls: UnendedCalls, client: object) -> list[str]:
    """What a strict client holds at its end, in words."""
    from ..testing._leaks import held

    return [*calls.left(), *held(client, calls)]


def tell_left(left: list[str], error: BaseException | None) -> None:
    """Say what was left in a strict client; to an error that leaves the block, as a note.

    Raises:
        LeakError: if no error leaves it.
    """
    from ..testing._leaks import LeakError

    leak = LeakError("", 0, left)
    if error is None:
        raise leak
    error.add_note(str(leak))
