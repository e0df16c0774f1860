"""The stream of a response in the background, over as many connections as it takes.

A stream that breaks is taken up again behind the last event that came. Where its provider streams it no more (OpenAI
does for five minutes), the response is looked at until it is complete, and the reader gets one more event, with all of
it. The provider is told to stop when the stream is closed, or a read of it cancelled, before that.

Source: OpenAI guide "Background mode", sections "Streaming a background response" and "Limits", 2026-11.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from .._runtime import trio
from .._types.errors import APIConnectionError, APIError, BadRequestError, NotFoundError
from .._types.receipt import Receipt
from .._types.responses_api.events import FINAL, ResponseEvent, ResponseStatusEvent
from .._types.responses_api.folding import EventFolding
from .._types.responses_api.request import GetResponseRequest, ResponsesRequest
from .._types.responses_api.response import ResponsesAPIResponse
from .background import cancel, look_at, wait_until_complete
from .call_parts import LAST_WORD_TIME
from .operation import Receive
from .stream import AttemptSource

Events = list[ResponseEvent]
EventSource = AttemptSource[ResponseEvent, ResponsesAPIResponse]
MOST_BREAKS: Final = 5
"""Connections in a row that may break without having brought an event."""


class ResumedSource:
    """The events of one response; a `ChunkSource`."""

    def __init__(
        self,
        source: EventSource,
        opening: Events,
        request: ResponsesRequest,
        receive: Receive,
        open_again: Callable[[GetResponseRequest], Awaitable[tuple[EventSource, Events]]],
    ) -> None:
        self._source = source
        self._request = request
        self._receive = receive
        self._open_again = open_again
        self._folding = EventFolding()
        self._identifier: str | None = None
        self._cursor: int | None = None
        self._breaks = 0
        self._over = False
        self._note(opening)

    async def next_batch(self) -> Events | None:
        """The events of the next network read that has any, whichever connection it is of; None at the end.

        Raises:
            APIError: what cannot be helped by taking the stream up again; its `partial` is the response so far.
        """
        if self._over:
            return None
        try:
            return await self._read_on()
        except BaseException:
            # Nobody reads on, whatever it was: the provider is told to stop.
            with trio.CancelScope(deadline=trio.current_time() + LAST_WORD_TIME, shield=True):
                await self._give_up()
            raise

    async def _read_on(self) -> Events | None:
        try:
            return self._note(await self._source.next_batch())
        except APIError as error:
            error.partial = self.response
            if not isinstance(error, APIConnectionError):
                raise
            broken = error
        await self._source.aclose()
        return await self._take_up(broken)

    async def _take_up(self, broken: APIError) -> Events | None:
        self._breaks += 1
        if self._identifier is None or self._breaks > MOST_BREAKS:
            raise broken
        request = look_at(self._identifier, self._request, stream=True, starting_after=self._cursor)
        try:
            source, opening = await self._open_again(request)
        except (BadRequestError, NotFoundError):
            return await self._look_at_it(self._identifier)
        except APIError as error:
            error.partial = self.response
            raise
        self._source = source
        return self._note(opening) or await self._read_on()

    async def _look_at_it(self, identifier: str) -> Events:
        """Streamed no more: one event tells the whole response, when it is complete."""
        response: ResponsesAPIResponse = await self._receive(look_at(identifier, self._request))
        self._over = True
        response = await wait_until_complete(response, self._request, self._receive)
        event = ResponseStatusEvent(f"response.{response.status}", response=response)
        self._folding.add(event)
        return [event]

    def _note(self, batch: Events | None) -> Events | None:
        for event in batch or ():
            self._breaks = 0
            self._folding.add(event)
            if isinstance(event, ResponseStatusEvent):
                self._identifier = event.response.id or self._identifier
                self._over = event.type in FINAL
            if event.sequence_number is not None:
                self._cursor = event.sequence_number
        return batch

    async def _give_up(self) -> None:
        if not self._over and self._identifier is not None:
            self._over = True
            await cancel(ResponsesAPIResponse(id=self._identifier, status="in_progress"), self._request, self._receive)

    @property
    def response(self) -> ResponsesAPIResponse:
        """The response that the events amount to so far."""
        return self._folding.response()

    @property
    def receipt(self) -> Receipt | None:
        """What is known of the last reply."""
        return self._source.receipt

    @property
    def deadline(self) -> float:
        """When the whole call has to be over."""
        return self._source.deadline

    async def aclose(self) -> None:
        """Close the connection, and stop the response if it is not complete. Idempotent."""
        await self._source.aclose()
        with trio.CancelScope(deadline=trio.current_time() + LAST_WORD_TIME, shield=True):
            await self._give_up()
