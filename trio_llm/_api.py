"""LiteLLM's functions on the default client of the running event loop, Trio's or asyncio's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Unpack, overload

from ._client import ChatStream
from ._engine import Request
from ._fanout import Outcome
from ._run import default_client
from ._types.chat import ModelResponse
from ._types.chat_request import ChatParams, MessageLike


@overload
async def acompletion(
    model: str,
    messages: Iterable[MessageLike],
    *,
    stream: Literal[False] | None = None,
    **params: Unpack[ChatParams],
) -> ModelResponse: ...
@overload
async def acompletion(
    model: str, messages: Iterable[MessageLike], *, stream: Literal[True], **params: Unpack[ChatParams]
) -> ChatStream: ...
@overload
async def acompletion(
    model: str, messages: Iterable[MessageLike], *, stream: bool | None, **params: Unpack[ChatParams]
) -> ModelResponse | ChatStream: ...
async def acompletion(
    model: str, messages: Iterable[MessageLike], *, stream: bool | None = None, **params: Unpack[ChatParams]
) -> ModelResponse | ChatStream:
    """`Client.completion` on the default client."""
    return await (await default_client()).completion(model, messages, stream=stream, **params)


async def fan_out(
    requests: Iterable[Request], *, limit: int | None = None, deadline: float | None = None
) -> list[Outcome]:
    """`Client.fan_out` on the default client."""
    return await (await default_client()).fan_out(requests, limit=limit, deadline=deadline)
