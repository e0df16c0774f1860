"""The engine behind a client: from a request to its destination, through the attempts, to a response or stream."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs

from .._catalog.provider import Provider
from .._dialects.contract import Endpoint, Fresh, ReplyIsError, StreamEndpoint, WireCall
from .._dialects.quirks import Answers, Quirks
from .._dialects.told_schema import NAMES_OF_SCHEMAS, asks_for_schema, with_told_schema
from .._limits.settings import Limits
from .._runtime import run_clock, run_identity, trio
from .._transport import Transport
from .._types.chat import ChatRequest, ModelResponse, ModelResponseStream
from .._types.errors import APIError, BadRequestError
from .._types.headers import checked_headers, with_extra
from .._types.http import HTTPRequest, ReplyHead
from .._types.receipt import EnforcedBy
from .._types.request import AnyRequest, CallOptions
from .attempts import CallFrame, Tries, run_attempts
from .call import Calls, JobTrace, RunningCall
from .call_parts import CallParts
from .embedded import EmbeddedModel
from .exchange import Exchange
from .fallbacks import NO_FALLBACKS, Fallbacks, FallbackTargets, ask_targets, has_fallbacks
from .gates import ambient_gates
from .latencies import HedgeStatistics, Latencies
from .operation import InParts, no_rules
from .operations import OPERATIONS
from .reasking import Reopening, SeamedSource, check_continuation
from .receiving import StreamReading, receive_stream, receive_whole
from .responding import responded, responded_stream
from .retry import RetryPolicy
from .routes import Route, Routes
from .seams import NO_SEAMS, Observer, Seams
from .signed import post_form, with_renewal
from .stream import AttemptSource, ChunkRules, ChunkSource, EndingSource
from .timeouts import Timeouts

if TYPE_CHECKING:
    from .._limits.statistics import AccountStatistics
    from .watching import Watch


_AS_SCHEMA: Final = Answers.SCHEMA
"""How nearly every model is told of a schema. Every call asks, and a member of an enumeration takes long to look up."""
CLOSING_TIME: Final = 2.0
"""Seconds that the tasks of calls which were ended may take to notice."""
ChunkT = TypeVar("ChunkT")
ResponseT = TypeVar("ResponseT")


FRESH: Final = Fresh(
    boundary=lambda: os.urandom(16).hex(),
    id=lambda prefix: prefix + os.urandom(12).hex(),
    time=lambda: int(time.time()),
)


@attrs.frozen
class Settings:
    """What a client was made with."""

    retry: RetryPolicy
    limits: Limits
    timeouts: Timeouts
    providers: Mapping[str, Provider]
    variables: Mapping[str, str]
    fallbacks: Fallbacks = NO_FALLBACKS
    seams: Seams = NO_SEAMS
    chance: Callable[[], float] = random.random
    fresh: Fresh = FRESH


class Engine:
    """Calls in one run of an event loop. The client in front of it decides who may call."""

    def __init__(self, settings: Settings, transport: Transport) -> None:
        self.settings = settings
        self.transport = transport
        self.calls = Calls()
        self._now = run_clock()
        self.latencies = Latencies()
        self.hedges = HedgeStatistics()
        self.watch = _watch_of(settings.seams.observers)
        """None where nobody observes."""
        self._choosers = settings.seams.targets
        self._responders = settings.seams.responders
        self._identity = run_identity()
        self._run = self._identity()
        self._embedded = EmbeddedModel()
        self._routes = Routes(settings.providers, settings.variables, settings.limits, partial(post_form, transport))

    def check_run(self) -> None:
        """Raises `RuntimeError` in another run of an event loop than the one that it was made in."""
        try:
            here = self._identity()
        except RuntimeError:  # no run of that kind
            here = None
        if here is not self._run:
            raise RuntimeError("this client belongs to another run of an event loop: make one in each")

    async def receive(self, request: AnyRequest, trace: JobTrace | None = None) -> Any:
        """The response to a request, whole; a fallback's where the request's own model fails.

        Raises:
            APIError: whatever went wrong.
        """
        call, model = self._start(self.calls.start, request, trace), request.model
        try:
            if not self._choosers and not has_fallbacks(request, self.settings.fallbacks):
                # Every call comes this way, so it has no step of its own for what is not there: a responder, or a type
                # into which the answer is read.
                if self._responders or "response_format" in request.parameters:
                    response = await self._ask(request, call, None)
                else:
                    response = await self._receive(request, call, None)
            else:
                targets = self._targets(request, call)
                response = await ask_targets(targets, lambda target: self._ask(target, call, targets.tries), call)
                model = targets.current.model
        except BaseException as error:
            call.end(error)
            raise
        answered = call.answered
        if answered is not None and call.admitted is not None:
            self.latencies.note(model, answered - call.admitted)
        call.end(None, response, at=None if self._responders else answered)
        return response

    def _targets(self, request: AnyRequest, call: RunningCall) -> FallbackTargets[Any]:
        found = (chooser.targets_of(request) for chooser in self._choosers)
        chosen = next((targets for targets in found if targets is not None), None)
        targets: FallbackTargets[Any] = FallbackTargets(request, self.settings.fallbacks, self._row_name, chosen)
        targets.watch = call.watch
        return targets

    def _ask(self, request: AnyRequest, call: RunningCall, tries: Tries | None) -> Awaitable[Any]:
        answered = OPERATIONS[request.operation].answered
        if answered is not None:
            made = answered(request, lambda asked: self._ask_once(asked, call, None))
            if made is not None:
                return made
        return self._ask_once(request, call, tries)

    def _ask_once(self, request: AnyRequest, call: RunningCall, tries: Tries | None) -> Awaitable[Any]:
        if not self._responders:
            return self._receive(request, call, tries)
        return responded(self._responders, request, call, lambda asked: self._receive(asked, call, tries))

    def _receive(self, request: AnyRequest, call: RunningCall, tries: Tries | None) -> Awaitable[Any]:
        operation = OPERATIONS[request.operation]
        route = self._routes.find(operation, request.model, request.options)
        if route is None:
            return self._receive_embedded(request, call, tries)
        if operation.in_parts is not None:
            received = self._receive_in_parts(operation.in_parts, route, request, call)
            if received is not None:
                return received
        return self._receive_from(route, request, call, tries)

    def _receive_in_parts(
        self, in_parts: InParts, route: Route, request: AnyRequest, call: RunningCall
    ) -> Awaitable[Any] | None:
        parts = CallParts(call, lambda part: self._receive_part(route, request, part, call), self._receive_last)
        return in_parts(request, route.quirks, parts)

    def _receive_part(self, route: Route, whole: AnyRequest, part: AnyRequest, call: RunningCall) -> Awaitable[Any]:
        if part.operation == whole.operation:
            return self._receive_from(route, part, call, None)
        return self._receive(part, call, None)

    async def _receive_last(self, request: AnyRequest) -> None:
        await self.receive(request)

    async def _receive_embedded(self, request: AnyRequest, call: RunningCall, tries: Tries | None) -> Any:
        route = await self._embedded_route(request)
        return await self._receive_from(route, request, call, tries)

    def _receive_from(
        self, route: Route, request: AnyRequest, call: RunningCall, tries: Tries | None
    ) -> Awaitable[Any]:
        endpoint = route.endpoint
        if endpoint is None:
            raise _not_offered(request, route)
        exchange = self._exchange(request, route, endpoint, call, tries)
        if endpoint.polled:
            from .polling import receive_polled

            return receive_polled(exchange, endpoint)
        attempt = partial(receive_whole, exchange, endpoint)
        return run_attempts(attempt if route.credential is None else partial(with_renewal, attempt, exchange), exchange)

    async def open_chat(
        self, request: ChatRequest, trace: JobTrace | None = None
    ) -> tuple[ChunkSource[ModelResponseStream, ModelResponse], list[ModelResponseStream]]:
        """A stream up to its first content; a fallback's where the request's own model fails before it.

        Raises:
            APIError: whatever went wrong before it.
        """
        return await self.open_stream(request, trace)

    async def open_stream(
        self, request: AnyRequest, trace: JobTrace | None = None
    ) -> tuple[ChunkSource[Any, Any], list[Any]]:
        """The same for a request of any kind that has streams."""
        call = self._start(self.calls.start_stream, request, trace)
        try:
            targets = self._targets(request, call)
            self._check_streamed(targets)
            reopening = Reopening(targets, call, lambda target: self._ask_streamed(target, call, targets.tries))
            source, opening = await ask_targets(targets, reopening.ask, call)
        except BaseException as error:
            call.end(error)
            raise
        if isinstance(request, ChatRequest) and request.on_break != "raise":
            return SeamedSource(source, request, reopening), opening
        if (resume := OPERATIONS[request.operation].resumed) is not None:
            parts = CallParts(call, lambda part: self._receive(part, call, None), self._receive_last)
            rules = OPERATIONS[request.operation].rules(targets.current)
            resumed = resume(
                source, opening, targets.current, parts, lambda part: self._open_stream(part, rules, call, None)
            )
            if resumed is not source:
                return EndingSource(resumed, call), opening
        source.ends_call = True
        return source, opening

    async def _ask_streamed(
        self, request: AnyRequest, call: RunningCall, tries: Tries
    ) -> tuple[AttemptSource[Any, Any], list[Any]]:
        operation = OPERATIONS[request.operation]
        if operation.rules is no_rules:
            raise BadRequestError(
                f"{self._row_name(request.model, request.options)} has no streamed {operation.words} calls here"
            )
        responders, rules = self._responders, operation.rules(request)
        if not responders:
            return await self._open_stream(request, rules, call, tries)
        # Responders are handed every chunk. Which of them the caller sees is decided behind them.
        everything = attrs.evolve(rules, is_shown=lambda _: True)
        owner = responded_stream(responders, request, lambda asked: self._open_stream(asked, everything, call, tries))
        settings = self.settings
        frame = CallFrame("", request.model, settings.retry, settings.chance, call, tries, None, None)
        source: AttemptSource[Any, Any] = AttemptSource(owner, rules, frame, self.settings.timeouts)
        return source, await source.open()

    async def _open_stream(
        self, request: AnyRequest, rules: ChunkRules[Any, Any], call: RunningCall, tries: Tries | None
    ) -> tuple[AttemptSource[Any, Any], list[Any]]:
        operation = OPERATIONS[request.operation]
        route = self._routes.find(operation, request.model, request.options) or await self._embedded_route(request)
        endpoint = route.stream_endpoint
        if endpoint is None:
            raise _not_offered(request, route)
        exchange = self._exchange(request, route, endpoint, call, tries)
        if endpoint.opened_by is not None:
            from .polling import opened

            exchange = await opened(exchange, endpoint.opened_by)
        whole = route.endpoint

        def unfold(body: bytes) -> Any:
            if whole is None or rules.unfold is None:
                raise ReplyIsError(route.dialect.decode_error(ReplyHead(200, {}), body))
            return rules.unfold(whole.decode(exchange.wire_call, body))

        return await self._open(exchange, StreamReading(endpoint, unfold), rules)

    def _check_streamed(self, targets: FallbackTargets[Any]) -> None:
        for request in targets.all():
            if not isinstance(request, ChatRequest):
                continue
            if request.max_repairs:
                raise BadRequestError(
                    "max_repairs: a streamed answer is not asked for again when it does not fit", model=request.model
                )
            if request.on_break == "continue":
                row, model = self._routes.row(request.model, request.options)
                check_continuation(request, row.service("chat", model).quirks)

    def _start(
        self, start: Callable[[str, float], RunningCall], request: AnyRequest, trace: JobTrace | None
    ) -> RunningCall:
        timeout = request.options.timeout
        if timeout is None:
            # Who says a number wants an answer by then; the default is there to end what hangs.
            call = start(request.model, self.settings.timeouts.total)
            call.from_departure = True
        else:
            call = start(request.model, timeout)
        if trace is not None:
            trace.call, call.crowd = call, trace.crowd
        if self.watch is not None:
            call.watch = self.watch.open_call(request, call.started)
        return call

    def _row_name(self, model: str, options: CallOptions) -> str:
        return self._routes.row(model, options)[0].name

    async def _open(
        self,
        exchange: Exchange[Any],
        reading: StreamReading[Any, ChunkT],
        rules: ChunkRules[ChunkT, ResponseT],
    ) -> tuple[AttemptSource[ChunkT, ResponseT], list[ChunkT]]:
        async def attempt() -> tuple[AttemptSource[ChunkT, ResponseT], list[ChunkT]]:
            owner = receive_stream(exchange, reading)
            source = AttemptSource(owner, rules, exchange, self.settings.timeouts)
            return source, await source.open()

        renewing = attempt if exchange.route.credential is None else partial(with_renewal, attempt, exchange)
        return await run_attempts(renewing, exchange)

    async def _embedded_route(self, request: AnyRequest) -> Route:
        operation, api_base = OPERATIONS[request.operation], await self._embedded.base_url()
        return self._routes.at(api_base, operation, request.model, request.options)

    def _exchange(
        self,
        request: AnyRequest,
        route: Route,
        endpoint: Endpoint[Any, Any] | StreamEndpoint[Any, Any],
        call: RunningCall,
        tries: Tries | None,
    ) -> Exchange[Any]:
        settings, options, account = self.settings, request.options, route.account
        told = with_told_schema(request, route.quirks) if route.quirks.answers is not _AS_SCHEMA else request
        wire_call = WireCall(told, route.model, route.quirks, settings.fresh)
        http = _encoded(endpoint, wire_call, route, options)
        may_ask = not NAMES_OF_SCHEMAS.isdisjoint(request.parameters)
        enforced_by = _enforced_by(wire_call, endpoint) if may_ask and asks_for_schema(request) else None
        policy, retries = settings.retry, options.num_retries
        if retries is not None:
            policy = attrs.evolve(policy, attempts=1 + retries)
        ticket = account.ticket(options.priority, route.lane, call.crowd, request)
        if call.watch is not None and call.watch.told.call_waiting is not None:
            ticket.holder = call.watch
        gates = settings.seams.gates + ambient_gates()
        return Exchange(
            route.provider,
            route.model,
            policy,
            settings.chance,
            call,
            tries,
            ticket,
            account,
            wire_call,
            route,
            http,
            self.transport,
            enforced_by,
            gates,
        )

    def quirks_of(self, request: AnyRequest) -> Quirks:
        """What the row of a request says of it. Raises what asking would, where there is no row or no key."""
        operation = OPERATIONS[request.operation]
        route = self._routes.find(operation, request.model, request.options)
        if route is not None:
            return route.quirks
        row, model = self._routes.row(request.model, request.options)
        return row.service(operation.field, model).quirks

    def account_statistics(self) -> dict[str, AccountStatistics]:
        """Slots of every account, by provider and base URL."""
        return self._routes.statistics()

    async def aclose(self) -> None:
        """End calls, close connections and the embedded model's server."""
        self.calls.refuse("this client was closed")
        await self.calls.cut()
        await self.transport.aclose()
        await self._embedded.aclose()
        with trio.move_on_after(CLOSING_TIME):  # for tasks that are slow to notice
            await self.calls.wait_idle()


def _watch_of(observers: Sequence[Observer]) -> Watch | None:
    if not observers:
        return None
    from .watching import Watch  # and with it the events, which most programs do without

    return Watch(observers)


def _encoded(
    endpoint: Endpoint[Any, Any] | StreamEndpoint[Any, Any], call: WireCall[Any], route: Route, options: CallOptions
) -> HTTPRequest:
    """The request that is sent, but for a signature of each attempt."""
    try:
        http = endpoint.encode(call)
        http.headers = route.headers + http.headers
        if options.extra_headers:
            http.headers = with_extra(http.headers, checked_headers(options.extra_headers))
        http.path = route.target(http.path)
    except APIError as error:
        error.llm_provider, error.model = route.provider, route.model
        raise
    except RecursionError:
        message = "the request is nested too deeply to be sent"
        raise BadRequestError(message, llm_provider=route.provider, model=route.model) from None
    return http


def _enforced_by(call: WireCall[Any], endpoint: Endpoint[Any, Any] | StreamEndpoint[Any, Any]) -> EnforcedBy | None:
    """How a provider is held to the schema of a request, by its row and by its wire."""
    if call.quirks.answers is not _AS_SCHEMA:
        return "instruction"
    if "response_format" in call.quirks.unsupported:
        return None  # it was left out, as the caller has allowed
    return "schema" if endpoint.enforced_by is None else endpoint.enforced_by(call)


def _not_offered(request: AnyRequest, route: Route) -> BadRequestError:
    operation = OPERATIONS[request.operation]
    streamed = "streamed " if route.endpoint is not None else ""
    message = f"{route.provider} has no {streamed}{operation.words} calls here"
    return BadRequestError(message, llm_provider=route.provider, model=route.model)
