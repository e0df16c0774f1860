"""Applications of ASGI (FastAPI, Starlette, Quart, Litestar) as scenarios: called in memory, in the caller's own task.

So a scope around a call is a scope around the application, and to cancel it is what a server does when it stops. A
client that leaves is another thing: then the application is told `http.disconnect`.

Source: ASGI specification 3.0, "HTTP & WebSocket ASGI Message Format" and "Lifespan Protocol", 2026-11.
"""

from __future__ import annotations

import json as _json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import unquote

import attrs

from .._runtime import trio

Message: TypeAlias = MutableMapping[str, Any]
ASGIApp: TypeAlias = Callable[[Any, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[Any]]

AppT = TypeVar("AppT", bound=ASGIApp)

_HOST: Final = ("testserver", 80)


@attrs.frozen
class AppReply:
    """What an application answered.

    Example:
        reply = await call_app(app, "POST", "/chat", json={"text": "Hi"})
        assert (reply.status, reply.json()["answer"]) == (200, "echo: Hi")
    """

    status: int
    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes
    complete: bool = True
    """Whether it was heard to its end."""

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def json(self) -> Any:
        """The body as JSON. Raises `ValueError` if it is none."""
        return _json.loads(self.body)


class _Exchange:
    """One request, as the application sees it."""

    def __init__(self, body: bytes, leave_after: int | None) -> None:
        self._body = body
        self._leave_after = leave_after
        self._is_asked = False
        self._gone = trio.Event()
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.pieces: list[bytes] = []
        self.complete = False

    async def receive(self) -> Message:
        await trio.lowlevel.checkpoint()
        if not self._is_asked:
            self._is_asked = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        await trio.lowlevel.checkpoint()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message.get("headers", ())
            self.headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
        elif message["type"] == "http.response.body":
            self._hear(message.get("body", b""), more=message.get("more_body", False))

    def _hear(self, data: bytes, *, more: bool) -> None:
        if self._gone.is_set():
            return  # servers drop what nobody hears
        if data:
            self.pieces.append(data)
        self.complete = not more
        if not more or (self._leave_after is not None and len(self.pieces) >= self._leave_after):
            self._gone.set()


async def call_app(  # noqa: PLR0913 - what a request has, all by name
    app: ASGIApp,
    method: str,
    path: str,
    *,
    json: Any = None,
    body: bytes = b"",
    headers: Iterable[tuple[str, str]] = (),
    leave_after: int | None = None,
) -> AppReply:
    """Call an application as a server would, in memory and in this task.

        async def scenario(app) -> None:
            await call_app(app, "POST", "/chat", json={"text": "Hi"})

        def test_my_service_leaves_nothing_behind() -> None:
            cancel_at_every_step(scenario, open_context=lambda: opened_app(make_app()), after=scenario)

    Args:
        app: of ASGI 3: FastAPI, Starlette, Quart, or a function.
        method: `GET`, `POST` and so on.
        path: with its query.
        json: the body as a value, sent as JSON.
        body: the body as bytes, where `json` is not given.
        headers: names and values.
        leave_after: pieces of the body after which the client is gone.

    Raises:
        RuntimeError: if it returned without an answer; and what the application raises.
    """
    content = _json.dumps(json).encode() if json is not None else body
    sent = [("host", _HOST[0]), ("content-length", str(len(content))), *headers]
    if json is not None:
        sent.append(("content-type", "application/json"))
    exchange = _Exchange(content, leave_after)
    await app(_scope(method, path, sent), exchange.receive, exchange.send)
    if exchange.status is None:
        raise RuntimeError(f"the application returned without an answer to {method} {path}")
    return AppReply(exchange.status, exchange.headers, b"".join(exchange.pieces), exchange.complete)


def _scope(method: str, path: str, headers: Iterable[tuple[str, str]]) -> dict[str, Any]:
    bare, _, query = path.partition("?")
    return {
        "type": "http",
        # What uvicorn says. From 2.4 on, frameworks do not listen for the disconnect, and count on `send` to raise.
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(bare),
        "raw_path": bare.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 50_000),
        "server": _HOST,
        "state": {},
    }


@asynccontextmanager
async def opened_app(app: AppT) -> AsyncIterator[AppT]:
    """An application that has started, and is shut down at the end of the block.

        async with opened_app(app):
            reply = await call_app(app, "GET", "/health")

    Raises:
        RuntimeError: if it says that its start failed; and what it raises.
    """
    lifespan = _Lifespan()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lifespan.run, app)
        await lifespan.started.wait()
        if lifespan.failure is not None:
            raise RuntimeError(f"the application did not start: {lifespan.failure}")
        try:
            yield app
        finally:
            lifespan.ends.set()


class _Lifespan:
    def __init__(self) -> None:
        self.started = trio.Event()
        self.ends = trio.Event()
        self.failure: str | None = None
        self._is_begun = False

    async def run(self, app: ASGIApp) -> None:
        await trio.lowlevel.checkpoint()
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
        try:
            await app(scope, self._receive, self._send)
        except Exception:
            # An application that knows no lifespan raises at its first message, and that is allowed.
            if self.started.is_set():
                raise
        finally:
            self.started.set()

    async def _receive(self) -> Message:
        await trio.lowlevel.checkpoint()
        if not self._is_begun:
            self._is_begun = True
            return {"type": "lifespan.startup"}
        await self.ends.wait()
        return {"type": "lifespan.shutdown"}

    async def _send(self, message: Message) -> None:
        await trio.lowlevel.checkpoint()
        if not message["type"].startswith("lifespan."):
            raise RuntimeError(f"the application answers its start with {message['type']}")
        if message["type"] == "lifespan.startup.failed":
            self.failure = message.get("message", "")
        if message["type"].startswith("lifespan.startup"):
            self.started.set()
