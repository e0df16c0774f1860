"""httpx, and httpx2 that continues it, with `json`."""

from __future__ import annotations

import importlib
import json
from array import array
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio

from ._base import CHAT_MODEL, EMBEDDING_MODEL, KEY, MESSAGES, TEXTS, Library, TextCounter


class _Bare:
    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._address = address

    async def _post(self, endpoint: str, fields: dict[str, Any]) -> Any:
        while True:
            reply = await self._client.post(f"{self._address}/v1/{endpoint}", json=fields)
            if reply.status_code == 200:
                return json.loads(reply.content)
            await anyio.sleep(0.02)

    async def call(self) -> str | None:
        """See `Library.call`."""
        reply = await self._post("chat/completions", {"model": CHAT_MODEL, "messages": MESSAGES})
        return reply["choices"][0]["message"]["content"]

    async def stream(self, started: Callable[[], None]) -> int:
        """See `Library.stream`."""
        counter = TextCounter(started)
        fields = {"model": CHAT_MODEL, "messages": MESSAGES, "stream": True}
        async with self._client.stream("POST", f"{self._address}/v1/chat/completions", json=fields) as reply:
            async for line in reply.aiter_lines():
                choices = json.loads(line[6:])["choices"] if line.startswith("data: {") else ()
                if choices:
                    counter.add(choices[0]["delta"].get("content"))
        return counter.texts

    async def embed(self) -> int:
        """See `Library.embed`."""
        fields = {"model": EMBEDDING_MODEL, "input": TEXTS, "encoding_format": "base64"}
        reply = await self._post("embeddings", fields)
        return sum(len(array("f", b64decode(item["embedding"]))) for item in reply["data"])


@asynccontextmanager
async def _open(module: str, address: str) -> AsyncIterator[Library]:
    package = importlib.import_module(module)
    limits = package.Limits(max_connections=None, max_keepalive_connections=1_000)
    async with package.AsyncClient(limits=limits, timeout=60, headers={"authorization": f"Bearer {KEY}"}) as client:
        yield _Bare(client, address)


def open_httpx(address: str) -> Any:
    """httpx."""
    return _open("httpx", address)


def open_httpx2(address: str) -> Any:
    """httpx2."""
    return _open("httpx2", address)
