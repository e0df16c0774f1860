"""aiohttp with `json`: what a program would write that wants no SDK."""

from __future__ import annotations

import asyncio
import json
from array import array
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from ._base import CHAT_MODEL, EMBEDDING_MODEL, KEY, MESSAGES, TEXTS, Library, TextCounter


class _Bare:
    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self._session = session
        self._address = address

    async def _post(self, endpoint: str, fields: dict[str, Any]) -> Any:
        while True:
            async with self._session.post(f"{self._address}/v1/{endpoint}", json=fields) as reply:
                if reply.status == 200:
                    return json.loads(await reply.read())
            await asyncio.sleep(0.02)

    async def call(self) -> str | None:
        """See `Library.call`."""
        reply = await self._post("chat/completions", {"model": CHAT_MODEL, "messages": MESSAGES})
        return reply["choices"][0]["message"]["content"]

    async def stream(self, started: Callable[[], None]) -> int:
        """See `Library.stream`."""
        counter = TextCounter(started)
        fields = {"model": CHAT_MODEL, "messages": MESSAGES, "stream": True}
        async with self._session.post(f"{self._address}/v1/chat/completions", json=fields) as reply:
            async for line in reply.content:
                choices = json.loads(line[6:])["choices"] if line.startswith(b"data: {") else ()
                if choices:
                    counter.add(choices[0]["delta"].get("content"))
        return counter.texts

    async def embed(self) -> int:
        """See `Library.embed`."""
        fields = {"model": EMBEDDING_MODEL, "input": TEXTS, "encoding_format": "base64"}
        reply = await self._post("embeddings", fields)
        return sum(len(array("f", b64decode(item["embedding"]))) for item in reply["data"])


@asynccontextmanager
async def open_aiohttp(address: str) -> AsyncIterator[Library]:
    """One session, with as many connections as are asked for."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), headers={"authorization": f"Bearer {KEY}"}
    ) as session:
        yield _Bare(session, address)
