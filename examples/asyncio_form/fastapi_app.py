"""A FastAPI application on asyncio. Run it with: uvicorn fastapi_app:app"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from trio_llm import Client, sse


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with Client() as client:  # one client for the life of the application; it closes what it opened
        app.state.client = client
        yield


app = FastAPI(lifespan=lifespan)


class Question(BaseModel):
    """What the browser sends."""

    message: str
    model: str = "gpt-4"


@app.post("/chat")
async def chat(question: Question) -> dict[str, str | None]:
    """Answer in one piece."""
    client: Client = app.state.client
    response = await client.completion(question.model, [{"role": "user", "content": question.message}])
    return {"response": response.choices[0].message.content}


@app.post("/events")
async def events(question: Question) -> StreamingResponse:
    """Answer as OpenAI does: server-sent events. A browser that leaves ends the request to the provider."""
    client: Client = app.state.client
    chunks = await client.completion(question.model, [{"role": "user", "content": question.message}], stream=True)
    return StreamingResponse(sse(chunks), media_type="text/event-stream")


@app.post("/stream")
async def stream(question: Question) -> StreamingResponse:
    """Answer as text that grows. A browser that leaves ends the request to the provider."""
    client: Client = app.state.client
    chunks = await client.completion(question.model, [{"role": "user", "content": question.message}], stream=True)

    async def text() -> AsyncIterator[str]:
        async with chunks:
            async for chunk in chunks:
                yield chunk.choices[0].delta.content or ""  # noqa: ASYNC119 - Starlette closes it

    return StreamingResponse(text(), media_type="text/plain")
