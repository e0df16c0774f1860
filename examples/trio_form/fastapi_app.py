"""The same FastAPI application on Trio. Run it with: hypercorn --worker-class trio fastapi_app:app"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import trio
from fastapi import Depends, FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from trio_llm import ChatRequest, Client, sse
from trio_llm.types import PumpedChatStream


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with Client() as client:
        app.state.client = client
        yield


app = FastAPI(lifespan=lifespan)


class Question(BaseModel):
    """What the browser sends."""

    message: str
    models: list[str] = ["gpt-4", "claude-3-5-sonnet-20241022"]


@app.post("/chat")
async def chat(question: Question) -> dict[str, str | None]:
    """Every model's answer, or why there is none, within ten seconds."""
    client: Client = app.state.client
    messages = [{"role": "user", "content": question.message}]
    outcomes = await client.fan_out([ChatRequest(model, messages) for model in question.models], deadline=10)
    await trio.lowlevel.checkpoint()
    return {
        question.models[outcome.index]: outcome.response.choices[0].message.content if outcome.response else None
        for outcome in outcomes
    }


async def answer(question: Question) -> AsyncIterator[PumpedChatStream]:
    """The first model's answer, read ahead by a task that ends with the request."""
    client: Client = app.state.client
    async with client.stream(question.models[0], [{"role": "user", "content": question.message}]) as stream:
        yield stream  # noqa: ASYNC119 - FastAPI closes it


@app.post("/events")
async def events(stream: Annotated[PumpedChatStream, Depends(answer)]) -> StreamingResponse:
    """Answer as OpenAI does: server-sent events. A browser that leaves ends the request to the provider."""
    await trio.lowlevel.checkpoint()
    return StreamingResponse(sse(stream), media_type="text/event-stream")
