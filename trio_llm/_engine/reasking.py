"""Streams that are asked for again when they break, with a visible seam.

One source is read at a time. It breaks, and is closed; the next target is asked, under the same call and the same
deadline. A `Seam` says where. What is read from then on is a new answer (`restart`), or the rest of the old one
(`continue`), whose beginning the model was given.

What always holds: what was shown before stays part of the response. `_over` ends the call, once, with the last chunk,
with the error that nobody could mend, or with whoever closes the stream.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import attrs

from .._dialects.quirks import Quirks
from .._types.chat import ChatRequest, ModelResponse, ModelResponseStream, Seam
from .._types.errors import APIError, BadRequestError, ClientClosedError
from .._types.folding import ChatFolding, FoldedSoFar
from .._types.receipt import Receipt
from .._types.request import changed
from .call import RunningCall
from .fallbacks import FallbackTargets, ask_targets
from .stream import AttemptSource

if TYPE_CHECKING:
    from .events import End


Chunks = list[ModelResponseStream]
ChatSource = AttemptSource[ModelResponseStream, ModelResponse]
_AGAINST_PREFILL = frozenset({"response_format", "thinking", "reasoning_effort", "tool_choice", "function_call"})


def check_continuation(request: ChatRequest, quirks: Quirks) -> None:
    """Raises `BadRequestError` if the provider could not go on with an answer to this request that broke off."""
    reason = None
    if not quirks.prefill:
        reason = "this model does not go on with an answer that it is given"
    elif (request.parameters.get("n") or 1) > 1:
        reason = "only one answer can be gone on with, not n"
    elif named := sorted(_AGAINST_PREFILL & request.parameters.keys()):
        reason = f"an answer with {', '.join(named)} cannot be gone on with"
    if reason is not None:
        raise BadRequestError(f"on_break='continue' is not possible: {reason}", model=request.model)


@attrs.frozen
class Reopening:
    """How a stream is asked for again."""

    targets: FallbackTargets[ChatRequest]
    call: RunningCall
    ask: Callable[[ChatRequest], Awaitable[tuple[ChatSource, Chunks]]]


class SeamedSource:
    """The chunks of one call, over as many streams as it takes. A `Seam` shows where a new one begins."""

    def __init__(self, source: ChatSource, request: ChatRequest, reopening: Reopening) -> None:
        self._source = source
        self._continues = request.on_break == "continue"
        self._reopening = reopening
        self._folded = FoldedSoFar(ChatFolding())
        self._last_space = ""
        """White space that the text ended with when it broke off. A model that goes on is likely to say it again."""
        reopening.call.follow(self)

    async def next_batch(self) -> Chunks | None:
        """The shown chunks of the next network read that has any, or a seam and what follows it; None at the end.

        Raises:
            APIError: when there is no one left to ask; its `partial` is the response so far.
        """
        try:
            batch = self._trimmed(await self._next_or_reopened())
        except BaseException as error:
            if isinstance(error, APIError):
                error.partial = self.response
            self._over(error)
            raise
        if batch is None:
            self._over(None)
        return batch

    async def _next_or_reopened(self) -> Chunks | None:
        try:
            return await self._source.next_batch()
        except APIError as error:
            error.partial = self.response
            await self._source.aclose()
            if isinstance(error, ClientClosedError) or not self._can_go_on():
                raise
            return await self._reopen(error)

    def _over(self, error: BaseException | None, *, how: End | None = None) -> None:
        call = self._reopening.call
        response = None if call.watch is None else call.watch.unfolded(lambda: self.response)
        call.end(error, response, how=how)

    async def _reopen(self, broken: APIError) -> Chunks:
        reopening = self._reopening
        reopening.targets.tries.broken = broken
        source, opening = await ask_targets(reopening.targets, self._ask, reopening.call)
        kind = "continue" if self._continues else "restart"
        seam = Seam(model=broken.model, kind=kind, cause=str(broken), partial=broken.partial)
        text = self._text()
        self._last_space = text[len(text.rstrip()) :] if self._continues else ""
        self._folded.take(self._source.chunks)
        self._folded.go_on(seam)
        self._source = source
        reopening.call.follow(self)
        if reopening.call.watch is not None:
            reopening.call.watch.seam(seam)
        return [seam, *opening]

    async def _ask(self, target: ChatRequest) -> tuple[ChatSource, Chunks]:
        return await self._reopening.ask(self._continued(target) if self._continues else target)

    def _continued(self, target: ChatRequest) -> ChatRequest:
        # Anthropic refuses an answer to go on with that ends in white space.
        begun = {"role": "assistant", "content": self._text().rstrip()}
        return changed(target, messages=(*target.messages, begun))

    def _can_go_on(self) -> bool:
        if not self._continues:
            return True
        choices = self.response.choices
        said_else = any(choice.message.tool_calls or choice.message.function_call for choice in choices)
        return bool(self._text().strip()) and not said_else

    def _text(self) -> str:
        choices = self.response.choices
        return (choices[0].message.content or "") if choices else ""

    def _trimmed(self, batch: Chunks | None) -> Chunks | None:
        if not self._last_space or batch is None:
            return batch
        for fragment in (fragment for chunk in batch for fragment in chunk.choices):
            if fragment.delta.content:
                fragment.delta.content = fragment.delta.content.removeprefix(self._last_space)
                self._last_space = ""
                break
        return batch

    @property
    def response(self) -> ModelResponse:
        """The response that the chunks amount to so far: after a restart, of the last stream alone."""
        return self._reopening.call.with_receipt(self._folded.response(self._source.chunks))

    @property
    def receipt(self) -> Receipt | None:
        """What is known of the last reply."""
        return self._reopening.call.receipt

    @property
    def deadline(self) -> float:
        """When the whole call has to be over, re-asking included."""
        return self._reopening.call.deadline

    async def aclose(self) -> None:
        """Close the connection and free the slot. Idempotent."""
        await self._source.aclose()
        self._over(None, how="cancelled")

    @property
    def partial(self) -> ModelResponse:
        """The same as `response`."""
        return self.response
