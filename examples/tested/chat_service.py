"""A chat service: FastAPI, one client for all, a conversation for each user, answers as they come."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from trio_llm import Client, LLMError, PumpedStream

MODEL = "openai/gpt-4o"
OpenClient = Callable[[], AbstractAsyncContextManager[Client]]


class Said(BaseModel):
    """What a user says."""

    text: str


def make_app(open_client: OpenClient = Client) -> FastAPI:
    """The application; `open_client` gives the client that it lives with."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_client() as app.state.client:
            yield

    app = FastAPI(lifespan=lifespan)
    histories: dict[str, list[dict[str, str]]] = {}

    @app.get("/history/{user}")
    async def history(user: str) -> list[dict[str, str]]:  # noqa: ASYNC124 - else it would run in a thread
        return histories.get(user, [])

    # A dependency with `yield` ends after the reply, even where that is cancelled before it begins.
    async def answered(user: str, said: Said) -> AsyncIterator[PumpedStream]:
        messages = [*histories.get(user, []), {"role": "user", "content": said.text}]
        async with AsyncExitStack() as stack:
            try:
                stream = await stack.enter_async_context(app.state.client.stream(MODEL, messages, timeout=60))
            except LLMError as error:
                raise HTTPException(502, str(error)) from error
            yield stream  # noqa: ASYNC119 - FastAPI closes it

    @app.post("/chat/{user}")
    async def chat(  # noqa: ASYNC124 - else it would run in a thread
        user: str, said: Said, stream: Annotated[PumpedStream, Depends(answered)]
    ) -> StreamingResponse:
        async def pieces() -> AsyncIterator[str]:
            heard = ""
            async for chunk in stream:
                if piece := chunk.choices[0].delta.content:
                    heard += piece
                    yield piece
            # Only a whole answer is remembered.
            turn = [{"role": "user", "content": said.text}, {"role": "assistant", "content": heard}]
            histories[user] = [*histories.get(user, []), *turn]

        return StreamingResponse(pieces(), media_type="text/plain; charset=utf-8")

    return app
