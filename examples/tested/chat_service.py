"""A chat service: FastAPI, one client for all, a conversation for each user, answers as they come."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from trio_llm import Client, LLMError

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
    async def history(user: str) -> list[dict[str, str]]:
        return histories.get(user, [])

    @app.post("/chat/{user}")
    async def chat(user: str, said: Said) -> StreamingResponse:
        question = {"role": "user", "content": said.text}
        messages = [*histories.get(user, []), question]
        try:
            stream = await app.state.client.completion(MODEL, messages, stream=True, timeout=60)
        except LLMError as error:
            raise HTTPException(502, str(error)) from error

        async def pieces() -> AsyncIterator[str]:
            heard = ""
            async with stream:
                async for chunk in stream:
                    if piece := chunk.choices[0].delta.content:
                        heard += piece
                        yield piece
            # Only a whole answer is remembered.
            histories[user] = [*messages, {"role": "assistant", "content": heard}]

        return StreamingResponse(pieces(), media_type="text/plain; charset=utf-8")

    return app
