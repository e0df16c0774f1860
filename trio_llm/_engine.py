"""The engine behind a client: from a request to its destination, through the attempts, to a response or stream."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import attrs

from ._attempts import CallFrame, CallTrace, run_attempts
from ._batching import parts_of, receive_parts
from ._dialect import Call, Endpoint, StreamEndpoint
from ._errors import APIError, BadRequestError
from ._exchange import Exchange, receive_stream, receive_whole
from ._http import HTTPRequest
from ._limits import AccountStatistics, Limits
from ._operations import OPERATIONS
from ._operations import Request as Request
from ._provider import Provider, Server
from ._retry import RetryPolicy
from ._routes import Route, Routes
from ._runtime import trio
from ._stream import ChunkRules, Source
from ._timeouts import Timeouts
from ._transport import Transport
from ._transports import EmbeddedModel
from ._types._request import CallOptions
from ._types.chat import ModelResponse, ModelResponseStream
from ._types.chat_request import ChatRequest
from ._types.embedding import EmbeddingResponse
from ._types.other_requests import EmbeddingRequest

ChunkT = TypeVar("ChunkT")
ResponseT = TypeVar("ResponseT")


def _new_boundary() -> str:
    """What separates the parts of a form; nobody who writes a file for it may know it."""
    return os.urandom(16).hex()


@attrs.frozen
class Settings:
    """What a client was made with."""

    retry: RetryPolicy
    limits: Limits
    timeouts: Timeouts
    providers: Mapping[str, Provider]
    variables: Mapping[str, str]
    chance: Callable[[], float] = random.random
    boundary: Callable[[], str] = _new_boundary


class Engine:
    """Calls in one run of an event loop. The client in front of it decides who may call."""

    def __init__(self, settings: Settings, transport: Transport) -> None:
        self.settings = settings
        self.transport = transport
        self._embedded = EmbeddedModel()
        self._routes = Routes(settings.providers, settings.variables, settings.limits)

    async def receive(self, request: Request, trace: CallTrace) -> Any:
        """The response to a request, whole.

        Raises:
            APIError: whatever went wrong.
        """
        route = await self._route(request)
        endpoint = OPERATIONS[type(request)].endpoint(route.dialect)
        if endpoint is None:
            raise _not_offered(request, route)
        if parts := parts_of(request, route.quirks.most_inputs):

            async def receive_part(part: EmbeddingRequest) -> EmbeddingResponse:
                exchange = self._exchange(part, route, endpoint, trace)
                response: EmbeddingResponse = await self._receive(exchange, endpoint)
                return response

            return await receive_parts(parts, receive_part)
        return await self._receive(self._exchange(request, route, endpoint, trace), endpoint)

    async def _receive(self, exchange: Exchange[Any], endpoint: Endpoint[Any, Any]) -> Any:
        return await run_attempts(lambda: receive_whole(exchange, endpoint), exchange.frame)

    async def open_chat(
        self, request: ChatRequest, trace: CallTrace
    ) -> tuple[Source[ModelResponseStream, ModelResponse], list[ModelResponseStream]]:
        """A stream up to its first content.

        Raises:
            APIError: whatever went wrong before it.
        """
        return await self.open_stream(request, trace)

    async def open_stream(self, request: Request, trace: CallTrace) -> tuple[Source[Any, Any], list[Any]]:
        """The same for a request of any kind that has streams."""
        route = await self._route(request)
        operation = OPERATIONS[type(request)]
        endpoint = operation.stream_endpoint(route.dialect)
        if endpoint is None:
            raise _not_offered(request, route)
        return await self._open(self._exchange(request, route, endpoint, trace), endpoint, operation.rules(request))

    async def _open(
        self,
        exchange: Exchange[Any],
        endpoint: StreamEndpoint[Any, ChunkT],
        rules: ChunkRules[ChunkT, ResponseT],
    ) -> tuple[Source[ChunkT, ResponseT], list[ChunkT]]:
        async def attempt() -> tuple[Source[ChunkT, ResponseT], list[ChunkT]]:
            owner = receive_stream(exchange, endpoint)
            source = Source(owner, rules, exchange.frame, self.settings.timeouts)
            return source, await source.open()

        return await run_attempts(attempt, exchange.frame)

    async def _route(self, request: Request) -> Route:
        options = request.options
        row, model = self._routes.row(request.model, options)
        if row.server is Server.EMBEDDED and options.api_base is None:
            options = attrs.evolve(options, api_base=await self._embedded.base_url())
        return self._routes.find(row, model, options)

    def _exchange(
        self,
        request: Request,
        route: Route,
        endpoint: Endpoint[Any, Any] | StreamEndpoint[Any, Any],
        trace: CallTrace,
    ) -> Exchange[Any]:
        call = Call(request, route.model, route.quirks, self.settings.boundary())
        try:
            http = endpoint.encode(call)
        except APIError as error:
            error.llm_provider, error.model = route.provider, route.model
            raise
        return Exchange(
            call,
            route,
            _addressed(http, route, request.options),
            self.transport,
            self._frame(request.options, route, trace),
            request.options.priority,
        )

    def _frame(self, options: CallOptions, route: Route, trace: CallTrace) -> CallFrame:
        settings = self.settings
        timeout = settings.timeouts.total if options.timeout is None else options.timeout
        policy = settings.retry
        if options.num_retries is not None:
            policy = attrs.evolve(policy, attempts=1 + options.num_retries)
        deadline = trio.current_time() + timeout
        return CallFrame(route.provider, route.model, policy, timeout, deadline, settings.chance, trace)

    def account_statistics(self) -> dict[str, AccountStatistics]:
        """Slots of every account, by provider and base URL. Accounts that differ by key only are numbered."""
        found: dict[str, AccountStatistics] = {}
        for (provider, base_url, _), account in self._routes.accounts.items():
            name = f"{provider} {base_url}"
            again = sum(known.partition("#")[0].rstrip() == name for known in found)
            found[f"{name} #{again + 1}" if again else name] = account.statistics()
        return found

    async def aclose(self) -> None:
        """Close connections and the embedded model's server."""
        await self.transport.aclose()
        await self._embedded.aclose()


def _addressed(http: HTTPRequest, route: Route, options: CallOptions) -> HTTPRequest:
    headers = route.headers + http.headers
    if options.extra_headers:
        extra = {name.lower(): value for name, value in options.extra_headers.items()}
        headers = (*(pair for pair in headers if pair[0] not in extra), *extra.items())
    return HTTPRequest(http.method, route.destination.target(http.path, route.model), headers, http.body)


def _not_offered(request: Request, route: Route) -> BadRequestError:
    operation = OPERATIONS[type(request)]
    streamed = "streamed " if operation.endpoint(route.dialect) is not None else ""
    message = f"{route.provider} has no {streamed}{operation.name} calls here"
    return BadRequestError(message, llm_provider=route.provider, model=route.model)
