"""What stands behind `client.stream_object` and `client.extract`.

Theory of operation. The text of a streamed answer is fed to a reader that changes the growing value in place, so an
answer costs time linear in its length. Every answer is an object on the wire: a list, a union or a choice stands in the
field `value` of one. Words and fences around the object, as models put them that are not held to a schema, are passed
over. A stream is *flowing*, then *stopped* by `until`, or *ended*: only then has the answer been checked as a whole.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar, Unpack, cast, get_args, get_origin

from .._convert.answers import UnfitError, fit
from .._convert.growing_json import GrowingJSON, GrowingJSONError
from .._dialects.schema import WRAPPED, is_object_type
from .._engine.parsed_asking import unfit
from .._types.chat import Seam
from ..exceptions import AnswerValidationError

if TYPE_CHECKING:
    from .._client.client import Client
    from .._client.streams import PumpedChatStream
    from .._types.chat import MessageLike, ModelResponse, ParsedParams
    from .._types.chat.parsed import ParsedResponse

T = TypeVar("T")
_OPENING: Final = re.compile(r"[{\[]")
_OBJECT: Final = re.compile("{")
_EXTRACTING: Final = "Extract what the schema asks for from the user's text. Add nothing that the text does not say."


class _Growth:
    """The value of an answer while its text arrives."""

    def __init__(self, kind: Any) -> None:
        self._is_object = is_object_type(kind)
        self._opening = _OBJECT if self._is_object else _OPENING
        self._document = GrowingJSON(self._completed)
        self.items: deque[Any] = deque()
        """Items of a list that are complete and that nobody has taken."""

    @property
    def value(self) -> Any:
        """What has arrived; None before anything has."""
        value = self._document.value
        if self._is_object or not isinstance(value, dict):
            return value
        return cast("dict[str, Any]", value).get(WRAPPED)

    @property
    def finished(self) -> bool:
        return self._document.finished

    def feed(self, text: str) -> None:
        """Take the next piece of the text. Raises `GrowingJSONError` for what is no JSON."""
        if not self._document.started:
            opening = self._opening.search(text)
            text = text[opening.start() :] if opening else ""
        if text and not self._document.finished:
            try:
                self._document.feed(text)
            except GrowingJSONError:
                if not self._document.finished:  # else it is what follows the answer
                    raise

    def _completed(self, path: tuple[str | int, ...], value: Any) -> None:
        if not self._is_object and isinstance(path[-1:][0] if path else None, int) and path[:-1] in ((), (WRAPPED,)):
            self.items.append(value)


class _ObjectReader:
    """What both kinds of stream do: read text into a growth, and say what is wrong."""

    def __init__(self, stream: PumpedChatStream, kind: Any) -> None:
        self.stream = stream
        self.kind = kind
        self.growth = _Growth(kind)
        self.stopped = False
        self.restarts = 0
        """How often an answer that broke has begun anew; see `on_break`."""

    async def read_on(self) -> bool:
        """Take the next text of the answer; False when there is none."""
        async for chunk in self.stream:
            if isinstance(chunk, Seam) and chunk.kind == "restart":
                self.growth = _Growth(self.kind)
                self.restarts += 1
            text = chunk.choices[0].delta.content if chunk.choices else None
            if text:
                try:
                    self.growth.feed(text)
                except GrowingJSONError as error:
                    raise self.misfit(f"it is not JSON: {error}") from None
                return True
        return False

    def fit(self, value: Any, kind: Any) -> Any:
        try:
            return fit(value, kind)
        except UnfitError as error:
            raise self.misfit(str(error)) from None

    def whole(self) -> Any:
        """The whole answer, checked."""
        choices = self.stream.response.choices
        reason = choices[0].finish_reason if choices else None
        if not self.growth.finished:
            why = "cut off at the limit of tokens: raise max_tokens" if reason == "length" else "not complete"
            raise self.misfit(f"it is {why}")
        return self.fit(self.growth.value, self.kind)

    def misfit(self, problem: str) -> AnswerValidationError:
        return unfit(f"the answer does not fit: {problem}", self.stream.response)

    async def stop(self) -> None:
        self.stopped = True
        await self.stream.aclose()


class ObjectStream(Generic[T]):
    """A growing object: `async for` gives it as plain values each time that more of it has arrived.

    It is the same object each time, and goes on growing: copy what you keep. Texts in it are beginnings of the finished
    ones. When the iteration ends the whole has been checked, and is `parsed`. An answer that begins anew by
    `on_break="restart"` is another object.

    Example:
        async with client.stream_object(Person, model, messages) as growing:
            async for value in growing:
                print(value)
        print(growing.parsed)

    Raises:
        AnswerValidationError: from the iteration, if the answer does not fit; the response is its `partial`.
        APIError: whatever broke the stream.
    """

    def __init__(self, stream: PumpedChatStream, kind: type[T], until: Callable[[Any], bool] | None) -> None:
        self._reader = _ObjectReader(stream, kind)
        self._until = until
        self._parsed: T | None = None
        self._ended = False

    @property
    def value(self) -> Any:
        """What has arrived, as plain values; None before anything has."""
        return self._reader.growth.value

    @property
    def stopped(self) -> bool:
        """Whether `until` has ended it."""
        return self._reader.stopped

    @property
    def parsed(self) -> T:
        """The whole answer as its type.

        Raises:
            ValueError: before the iteration has ended, and where `until` has stopped it.
        """
        if not self._ended:
            raise ValueError("the answer is not complete: read the stream to its end")
        return cast("T", self._parsed)

    @property
    def response(self) -> ModelResponse:
        """What has arrived, folded into a response."""
        return self._reader.stream.response

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        reader = self._reader
        while not (reader.stopped or self._ended) and await reader.read_on():
            if reader.growth.value is not None:
                if self._until is not None and self._until(reader.growth.value):
                    await reader.stop()
                return reader.growth.value
        if not (reader.stopped or self._ended):
            self._parsed, self._ended = reader.whole(), True
        raise StopAsyncIteration


class ItemStream(Generic[T]):
    """A growing list: `async for` gives its items, each as soon as it is complete, as their type.

    When an answer begins anew by `on_break="restart"`, so do its items: `restarts` counts that, and `items` is emptied.

    Example:
        async with client.stream_object(list[Person], model, messages) as people:
            async for person in people:
                print(person.name)

    Raises:
        AnswerValidationError: from the iteration, if an item or the answer does not fit.
        APIError: whatever broke the stream.
    """

    def __init__(self, stream: PumpedChatStream, kind: Any, until: Callable[[list[T]], bool] | None) -> None:
        self._reader = _ObjectReader(stream, kind)
        self._item = next(iter(get_args(kind)), Any)
        self._until = until
        self._ended = False
        self.items: list[T] = []
        """All that were given so far, of the answer that is being read."""
        self.restarts: int = 0
        """How often the answer has begun anew."""

    @property
    def stopped(self) -> bool:
        """Whether `until` has ended it."""
        return self._reader.stopped

    @property
    def response(self) -> ModelResponse:
        """What has arrived, folded into a response."""
        return self._reader.stream.response

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        reader = self._reader
        while not (reader.stopped or self._ended):
            if reader.growth.items:
                item: T = reader.fit(reader.growth.items.popleft(), self._item)
                self.items.append(item)
                if self._until is not None and self._until(self.items):
                    await reader.stop()
                return item
            if not await reader.read_on():
                reader.whole()
                self._ended = True
            if reader.restarts != self.restarts:
                self.restarts = reader.restarts
                self.items.clear()
        raise StopAsyncIteration


@asynccontextmanager
async def open_object_stream(
    client: Client,
    asked: tuple[Any, Callable[[Any], bool] | None],
    model: str,
    messages: Iterable[MessageLike],
    params: ParsedParams,
) -> AsyncIterator[Any]:
    """The stream of a type, and of what ends it."""
    kind, until = asked
    async with client.stream(model, messages, response_format=kind, **params) as stream:
        is_list = get_origin(kind) is list or kind is list
        yield ItemStream(stream, kind, until) if is_list else ObjectStream(stream, kind, until)


async def extract(client: Client, kind: type[T], text: str, model: str, **params: Unpack[ParsedParams]) -> T:
    """What a text says, as a type."""
    messages = [{"role": "system", "content": _EXTRACTING}, {"role": "user", "content": text}]
    params.setdefault("max_repairs", 2)
    response: ParsedResponse[T] = await client.completion(model, messages, response_format=kind, **params)
    return response.parsed
