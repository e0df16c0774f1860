"""The same FastAPI application on Trio. Run it with: hypercorn --worker-class trio fastapi_app:app"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from fastapi import FastAPI
from pydantic import BaseModel

from trio_llm import ChatRequest, Client


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
