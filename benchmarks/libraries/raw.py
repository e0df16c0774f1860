"""The limit: a loop over a Trio socket, written for these replies and no others. Decodes all JSON, checks nothing."""

from __future__ import annotations

import json
from array import array
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import trio

from ._base import CHAT_MODEL, EMBEDDING_MODEL, KEY, MESSAGES, TEXTS, Library, TextCounter

_BUFFER = 65_536


class _Raw:
    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._host, self._port, self._path = parts.hostname or "", parts.port or 80, parts.path
        self._idle: list[trio.SocketStream] = []
        chat: dict[str, Any] = {"model": CHAT_MODEL, "messages": MESSAGES}
        self._chat = self._request("chat/completions", chat)
        self._streamed = self._request("chat/completions", {**chat, "stream": True})
        vectors = {"model": EMBEDDING_MODEL, "input": TEXTS, "encoding_format": "base64"}
        self._vectors = self._request("embeddings", vectors)

    def _request(self, endpoint: str, fields: dict[str, Any]) -> bytes:
        body = json.dumps(fields).encode()
        head = (
            f"POST {self._path}/v1/{endpoint} HTTP/1.1\r\nhost: {self._host}\r\ncontent-type: application/json\r\n"
            f"authorization: Bearer {KEY}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def _connect(self) -> trio.SocketStream:
        return self._idle.pop() if self._idle else await trio.open_tcp_stream(self._host, self._port)

    async def _exchange(self, request: bytes) -> tuple[bytes, bytes]:
        stream = await self._connect()
        try:
            await stream.send_all(request)
            received = b""
            while (end := received.find(b"\r\n\r\n")) < 0:
                received += await stream.receive_some(_BUFFER)
            head, pieces = received[:end], [received[end + 4 :]]
            missing = _length(head) - len(pieces[0])
            while missing > 0:
                pieces.append(await stream.receive_some(_BUFFER))
                missing -= len(pieces[-1])
        except BaseException:
            stream.socket.close()
            raise
        self._idle.append(stream)
        return head, b"".join(pieces)

    async def call(self) -> str | None:
        """See `Library.call`."""
        while True:
            head, body = await self._exchange(self._chat)
            if head.startswith(b"HTTP/1.1 200"):
                text: str = json.loads(body)["choices"][0]["message"]["content"]
                return text
            await trio.sleep(0.02)

    async def stream(self, started: Callable[[], None]) -> int:
        """See `Library.stream`."""
        counter, rest, stream = TextCounter(started), b"", await self._connect()
        await stream.send_all(self._streamed)
        while not rest.endswith(b"\r\n0\r\n\r\n"):
            *lines, rest = (rest + await stream.receive_some(_BUFFER)).split(b"\n\n")
            for line in lines:
                start = line.find(b"data: {") + 6
                choices = json.loads(line[start:])["choices"] if start > 6 else ()
                if choices:
                    counter.add(choices[0]["delta"].get("content"))
        self._idle.append(stream)
        return counter.texts

    async def embed(self) -> int:
        """See `Library.embed`."""
        _, body = await self._exchange(self._vectors)
        return sum(len(array("f", b64decode(item["embedding"]))) for item in json.loads(body)["data"])

    def close(self) -> None:
        """Close the connections."""
        for stream in self._idle:
            stream.socket.close()


def _length(head: bytes) -> int:
    start = head.find(b"content-length: ") + 16
    end = head.find(b"\r\n", start)
    return int(head[start : end if end > 0 else None])


@asynccontextmanager
async def open_raw(address: str) -> AsyncIterator[Library]:
    """Open it."""
    library = _Raw(address)
    try:
        yield library
    finally:
        library.close()
