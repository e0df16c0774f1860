"""LiteLLM's functions, made from what asks for each operation: `aembedding` and `embedding` from `ask_embedding`.

The one with the `a` is awaited on the default client of the running event loop, Trio's or asyncio's. Its synchronous
twin runs the same engine in a Trio thread, with a default client of its own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from functools import cache, partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from .._engine import operations
from .._engine.operation import Asking, describe, name_of, request_maker, request_of
from .._engine.stream import Stream
from .._engine.sync_stream import SyncStream
from .._types.request import AnyRequest
from .default import default_client
from .portal import SYNC_THREAD

P = ParamSpec("P")
AnswerT = TypeVar("AnswerT")
SyncAnswerT = TypeVar("SyncAnswerT")


def function(ask: Callable[P, Asking[AnswerT, SyncAnswerT]]) -> Callable[P, Coroutine[Any, Any, AnswerT]]:
    """What asks on the default client."""
    make = request_maker(ask)

    async def asked(*arguments: P.args, **keywords: P.kwargs) -> AnswerT:
        answer: AnswerT = await (await default_client()).call(make(*arguments, **keywords))
        return answer

    describe(asked, ask, inspect.signature(ask))
    asked.__name__ = asked.__qualname__ = f"a{name_of(ask)}"
    return asked


def twin(ask: Callable[P, Asking[AnswerT, SyncAnswerT]]) -> Callable[P, SyncAnswerT]:
    """What asks from synchronous code."""

    def asked(*arguments: P.args, **keywords: P.kwargs) -> SyncAnswerT:
        request = request_of(ask(*arguments, **keywords))
        answer: Any = SYNC_THREAD.call(partial(_call_there, request))
        if isinstance(answer, Stream):
            answer = SyncStream[Any, Any](answer, SYNC_THREAD.call)
        given: SyncAnswerT = answer
        return given

    describe(asked, ask, inspect.signature(ask))
    return asked


async def _call_there(request: AnyRequest) -> Any:
    return await (await default_client()).call(request)


@cache
def _made(name: str) -> Any:
    for make, operation in ((twin, name), (function, name.removeprefix("a"))):
        ask = getattr(operations, f"ask_{operation}", None)
        if ask is not None:
            return make(ask)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if not TYPE_CHECKING:  # who knows their types finds them in the package

    def __getattr__(name: str) -> Any:
        """A function of either kind, by its name."""
        return _made(name)
