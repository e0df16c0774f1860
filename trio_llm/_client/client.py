"""The client: one scope that owns connections, limits and policies.

It is *new* until its first call makes the engine, with its connections, in the run of an event loop to which it belongs
from then on. It is *closed* when its block is left, and stays so. Closing cuts off the calls that still run, ends their
streams, and closes the transport.

What runs many calls is imported when it is first asked for: a program with one call does without.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack, overload

from .._catalog.provider import Provider
from .._credentials.variables import proxies_wanted
from .._dialects.quirks import Quirks
from .._engine.call import DrainReport
from .._engine.engine import Engine, Settings
from .._engine.fallbacks import Fallbacks
from .._engine.groups import within_group
from .._engine.latencies import Quantile
from .._engine.operation import request_of
from .._engine.operations import Operations, ask_anthropic_messages, ask_responses, ask_speech
from .._engine.pumping import PumpedStream, pumped
from .._engine.retry import RetryPolicy
from .._engine.seams import Gate, Observer, Responder, Seams, TargetChooser
from .._engine.stream import Stream
from .._engine.timeouts import Timeouts
from .._limits.settings import Limits
from .._runtime import trio
from .._transport import Transport, TransportStatistics
from .._transport.choice import adapted_transport, direct_transport, proxied_transport
from .._types.amounts import checked_time_left
from .._types.chat import ChatParams, ChatRequest, MessageLike
from .._types.errors import ClientClosedError
from .._types.request import AnyRequest, Fallback
from .doors import RoomDoors, left_behind, open_calls, tell_left
from .given import all_of, check_kinds, check_transport, rows_of, variables_of

if TYPE_CHECKING:
    from .._combinators.completed import Outcomes
    from .._combinators.jobs import Job, Jobs, Outcome, Requests, ResponseT
    from .._combinators.merging import MergedStream, OnFailure
    from .._combinators.racing import Accept
    from .._engine.events import Activity
    from .._types.messages_api.request import AnthropicMessageLike, MessagesParams
    from .._types.responses_api.request import ResponsesInput, ResponsesParams
    from .._types.spoken import SpeechParams, Voice
    from .statistics import ClientStatistics
    from .streams import PumpedChatStream, PumpedMessageStream, PumpedResponseStream, SpeechStream


class Client(Operations, RoomDoors):
    """Owns connections, limits and policies of the calls made through it. Use it as `async with Client() as client`.

    It belongs to one run of Trio or asyncio. Leaving the block closes every connection.

        async with trio_llm.Client(limits=trio_llm.Limits(max_in_flight=8)) as client:
            response = await client.completion("openai/gpt-4o", [{"role": "user", "content": "Hi"}])
            print(response.choices[0].message.content)
    """

    def __init__(  # noqa: PLR0913 - the options of a client, all by name
        self,
        *,
        http_client: object = None,
        transport: Transport | None = None,
        retry: RetryPolicy | None = None,
        limits: Limits | None = None,
        timeouts: Timeouts | None = None,
        providers: Mapping[str, Provider] | Iterable[Provider] | None = None,
        variables: Mapping[str, str] | None = None,
        fallbacks: Sequence[Fallback] | None = None,
        context_window_fallbacks: Sequence[Fallback] | None = None,
        content_policy_fallbacks: Sequence[Fallback] | None = None,
        observers: Iterable[Observer] | None = None,
        gates: Iterable[Gate] | None = None,
        budget: Gate | None = None,
        targets: Iterable[TargetChooser] | None = None,
        responders: Iterable[Responder] | None = None,
        strict: bool = False,
    ) -> None:
        """Nothing is opened here.

        Args:
            http_client: an `httpx.AsyncClient` or `httpx2.AsyncClient` to send requests with; it stays the caller's.
            transport: whatever else is to move the bytes, such as `trio_llm.testing.Simulator`; closed with the client.
            retry: how failed calls are repeated.
            limits: what each account may do at most.
            timeouts: how long calls may take.
            providers: rows of your own, beside the built-in catalogue and before it; a mapping takes its place.
            variables: keys and base URLs, in place of the process's environment.
            fallbacks: where chat calls go on that have none of their own, when their model fails.
            context_window_fallbacks: the same, after a `ContextWindowExceededError` alone.
            content_policy_fallbacks: the same, after a `ContentPolicyViolationError` alone.
            observers: who is told what happens to calls; see `trio_llm.observe`.
            gates: what each attempt passes before it leaves, behind the account's limits.
            budget: what calls may cost, as `trio_llm.purse.Budget(usd=20, per=86_400)`: the last of the gates.
            targets: who says where a call goes, before its fallbacks.
            responders: who answers in place of the network, or around it.
            strict: leaving the block raises `trio_llm.testing.LeakError` if a call still runs, if a stream was
                forgotten, or if a slot or a connection is held: with the line that made it. For tests.
        """
        check_kinds((retry, RetryPolicy), (limits, Limits), (timeouts, Timeouts))
        check_transport(transport, http_client)
        self._open_calls = open_calls() if strict else None
        watching = (self._open_calls,) if self._open_calls is not None else ()
        self._settings = Settings(
            retry or RetryPolicy(),
            limits or Limits(),
            timeouts or Timeouts(),
            rows_of(providers),
            variables_of(variables, transport),
            Fallbacks(fallbacks or (), context_window_fallbacks or (), content_policy_fallbacks or ()),
            Seams(
                (*all_of("observers", observers), *watching),
                (*all_of("gates", gates), *(() if budget is None else (budget,))),
                all_of("targets", targets),
                all_of("responders", responders),
            ),
        )
        self._http_client = http_client
        self._given_transport = transport
        self._engine_made: Engine | None = None
        self._closed = False

    def _open_engine(self) -> Engine:
        if self._closed:
            raise ClientClosedError("this client is closed: it takes no more calls")
        engine = self._engine_made
        if engine is None:
            transport = self._choose_transport()
            if self._open_calls is not None:
                transport = self._open_calls.watching(transport)
            engine = self._engine_made = Engine(self._settings, transport)
        engine.check_run()
        return engine

    def _choose_transport(self) -> Transport:
        if self._given_transport is not None:
            return self._given_transport
        if self._http_client is not None:
            return adapted_transport(self._http_client, self._settings.timeouts.connect)
        if proxies_wanted(self._settings.variables):
            return proxied_transport(self._settings.variables, self._settings.timeouts.connect)
        return direct_transport(self._settings.timeouts.connect)

    def call(self, request: Any) -> Coroutine[Any, Any, Any]:
        """Make the call that a request describes, once it is awaited; one with `stream` set gives a stream.

        Raises:
            APIError: whatever went wrong.
        """
        if getattr(request, "stream", False):
            return self._pulled(request)
        # No coroutine of its own: every call would pay for it.
        return self._open_engine().receive(request)

    async def _pulled(self, request: AnyRequest) -> Stream[Any, Any]:
        source, opening = await self._open_engine().open_stream(request)
        return Stream(source, opening)

    @asynccontextmanager
    async def open_pumped(self, request: AnyRequest) -> AsyncIterator[PumpedStream[Any, Any]]:
        """The streamed reply to a request, whose `stream` may be unset; see `stream`.

        Raises:
            APIError: on entry or from the iteration.
        """
        source, opening = await self._open_engine().open_stream(request)
        async with pumped(source, opening) as stream:
            yield stream

    @asynccontextmanager
    async def stream(
        self, model: str, messages: Iterable[MessageLike], **params: Unpack[ChatParams]
    ) -> AsyncIterator[PumpedChatStream]:
        """A streamed reply, read ahead by a task of the block. Leaving the block ends it.

        A read that is cancelled, by `move_on_after` for instance, loses nothing.

        Raises:
            APIError: on entry, whatever went wrong before the first content; from the iteration, whatever
                broke the stream later, with what had arrived in `partial`.
        """
        request = ChatRequest(model, messages, stream=True, **params)
        source, opening = await self._open_engine().open_chat(request)
        async with pumped(source, opening) as stream:
            yield stream

    @asynccontextmanager
    async def stream_responses(
        self, input: ResponsesInput | None, model: str, **params: Unpack[ResponsesParams]
    ) -> AsyncIterator[PumpedResponseStream]:
        """A streamed response as typed events, read ahead by a task of the block. Leaving the block ends it.

        With `background` a stream that breaks is taken up again where it broke off, and a response that is not complete
        when the block is left by an error is cancelled at the provider.

        Raises:
            APIError: on entry, whatever went wrong before the first content; from the iteration, whatever broke the
                stream later, with what had arrived in `partial`.
        """
        request = request_of(ask_responses(input, model, stream=True, **params))
        async with self.open_pumped(request) as stream:
            yield stream

    @asynccontextmanager
    async def stream_anthropic_messages(
        self,
        max_tokens: int,
        messages: Iterable[AnthropicMessageLike],
        model: str,
        **params: Unpack[MessagesParams],
    ) -> AsyncIterator[PumpedMessageStream]:
        """A streamed message as typed events, read ahead by a task of the block. Leaving the block ends it.

        Raises:
            APIError: on entry, whatever went wrong before the first content; from the iteration, whatever broke the
                stream later, with what had arrived in `partial`.
        """
        request = request_of(ask_anthropic_messages(max_tokens, messages, model, stream=True, **params))
        async with self.open_pumped(request) as stream:
            yield stream

    @asynccontextmanager
    async def stream_speech(
        self, model: str, input: str, voice: Voice | None = None, **params: Unpack[SpeechParams]
    ) -> AsyncIterator[SpeechStream]:
        """Speak a text: blocks of the sound file as they arrive, in bounded memory. Leaving the block ends it.

        Raises:
            APIError: on entry, whatever went wrong before the first block; later from the iteration.
        """
        async with self.open_pumped(request_of(ask_speech(model, input, voice, **params))) as stream:
            yield stream

    @overload
    async def fan_out(
        self, jobs: Requests[ResponseT], *, limit: int | None = None, deadline: float | None = None
    ) -> list[Outcome[ResponseT]]: ...
    @overload
    async def fan_out(
        self, jobs: Jobs, *, limit: int | None = None, deadline: float | None = None
    ) -> list[Outcome]: ...
    async def fan_out(self, jobs: Jobs, *, limit: int | None = None, deadline: float | None = None) -> list[Outcome]:
        """Run many jobs and lose no result: one outcome for each, in their order.

        Args:
            jobs: requests, and async functions without arguments, from any iterable, async ones included. They are
                pulled only as they can start; those of a collection all have an outcome, those that were left in an
                iterator at the deadline have none.
            limit: jobs at the same time. None leaves it to the client's limits, for an iterator it means 100.
            deadline: seconds for all; what has finished by then is kept, the rest is cancelled or not started.

        Raises:
            TypeError: for what is no job.
        """
        from .._combinators.fanning import fan_out

        return await fan_out(self._open_engine(), jobs, limit=limit, deadline=deadline)

    @overload
    def as_completed(
        self, jobs: Requests[ResponseT], *, limit: int | None = None
    ) -> AbstractAsyncContextManager[Outcomes[ResponseT]]: ...
    @overload
    def as_completed(self, jobs: Jobs, *, limit: int | None = None) -> AbstractAsyncContextManager[Outcomes]: ...
    @asynccontextmanager
    async def as_completed(self, jobs: Jobs, *, limit: int | None = None) -> AsyncIterator[Outcomes]:
        """Outcomes in the order in which jobs end, failures among them. Leaving the block ends the rest.

        At most `limit` jobs, by default 100, are started whose outcome nobody has read: a job waits for the reader.
        """
        from .._combinators.completed import as_completed

        async with as_completed(self._open_engine(), jobs, limit=limit) as outcomes:
            yield outcomes

    @overload
    async def race(self, jobs: Iterable[AnyRequest[ResponseT]], accept: Accept | None = None) -> Outcome[ResponseT]: ...
    @overload
    async def race(self, jobs: Iterable[Job], accept: Accept | None = None) -> Outcome: ...
    async def race(self, jobs: Iterable[Job], accept: Accept | None = None) -> Outcome:
        """Run several jobs at once; the first whose response is accepted wins, the others are ended and gone.

        Args:
            jobs: at least one.
            accept: whether a response will do; may be async. What it raises ends the race.

        Raises:
            AllFailedError: if none won. It holds the outcome of each.
        """
        from .._combinators.racing import race

        return await race(self._open_engine(), jobs, accept=accept)

    @overload
    async def hedge(
        self, job: AnyRequest[ResponseT], *, after: float | Quantile = 1.0, copies: int = 2, budget: float | None = None
    ) -> Outcome[ResponseT]: ...
    @overload
    async def hedge(
        self, job: Job, *, after: float | Quantile = 1.0, copies: int = 2, budget: float | None = None
    ) -> Outcome: ...
    async def hedge(
        self, job: Job, *, after: float | Quantile = 1.0, copies: int = 2, budget: float | None = None
    ) -> Outcome:
        """Run a job, and once more if it takes long; the first copy to succeed wins, the others are ended and gone.

        Args:
            job: what may be done twice without harm.
            after: seconds until the next copy starts, or the quantile of this client's calls to the same model.
            copies: at most so many at the same time, the first included.
            budget: share of second copies among this client's hedged calls, 0 to 1. Where it is used up, none starts.

        Raises:
            AllFailedError: if no copy succeeded.
        """
        from .._combinators.hedging import hedge

        return await hedge(self._open_engine(), job, after=after, copies=copies, budget=budget)

    @overload
    async def cascade(
        self, jobs: Iterable[AnyRequest[ResponseT]], accept: Accept | None = None, *, after: float | None = None
    ) -> Outcome[ResponseT]: ...
    @overload
    async def cascade(
        self, jobs: Iterable[Job], accept: Accept | None = None, *, after: float | None = None
    ) -> Outcome: ...
    async def cascade(
        self, jobs: Iterable[Job], accept: Accept | None = None, *, after: float | None = None
    ) -> Outcome:
        """Run the first job; the next one only if its response is not accepted, if it fails, or if it takes long.

        The one before goes on meanwhile and may still win. The winner's rivals are ended and gone.

        Args:
            jobs: the cheapest first.
            accept: whether a response will do; may be async. What it raises ends the cascade.
            after: seconds that the latest job may take alone; None waits for its end.

        Raises:
            AllFailedError: if none won.
        """
        from .._combinators.cascading import cascade

        return await cascade(self._open_engine(), jobs, accept=accept, after=after)

    @asynccontextmanager
    async def merge(
        self, jobs: Mapping[str, Job | AsyncIterable[Any]], *, buffer: int = 8, on_failure: OnFailure = "raise"
    ) -> AsyncIterator[MergedStream]:
        """Read several streams as one, as `(name, chunk)`. Leaving the block ends them all.

        Args:
            jobs: requests, of which chats are streamed; functions that return a stream; or streams. What has no stream
                counts as one chunk.
            buffer: chunks that may wait for the reader. When they do, nothing more is read from any connection.
            on_failure: `raise` ends the others and raises the error after what had arrived; `drop` notes it in
                `failures` and goes on with the others.
        """
        from .._combinators.merging import merge

        async with merge(self._open_engine(), jobs, buffer=buffer, on_failure=on_failure) as events:
            yield events

    @contextmanager
    def group(self, kind: str, labels: Mapping[str, Any] | None = None) -> Iterator[Activity | None]:
        """Calls made within the block, on this task and on those that it starts, as one group to observers.

            with client.group("agent", {"name": "planner"}):
                await client.completion(...)

        Groups may lie within one another, and fan-outs, races and the like within them. The block gets the group as
        observers know it; None if there are none, which costs nothing.

        Args:
            kind: a word of your own: `agent`, `tool`, `turn`.
            labels: whatever is to be told about it.
        """
        with within_group(self._open_engine().watch, kind, {} if labels is None else labels) as group:
            yield group

    def quirks_of(self, request: AnyRequest) -> Quirks:
        """What the catalogue says of how a request's provider departs from its wire format. Sends nothing.

        Example:
            quirks = client.quirks_of(trio_llm.ChatRequest("deepseek/deepseek-chat", messages))
            print(quirks.answers)

        Raises:
            BadRequestError: for a model of no provider.
            AuthenticationError: if there is no key that could be sent.
        """
        return self._open_engine().quirks_of(request)

    async def drain(self, grace: float) -> DrainReport:
        """Take no more calls, let those that run end for `grace` seconds, and end the rest.

        An open stream counts as running. Whoever waits for a call that is ended gets `ClientClosedError`.
        """
        return await self._open_engine().calls.drain(checked_time_left(grace, "grace"))

    def statistics(self) -> ClientStatistics:
        """Slots and connections now."""
        from .statistics import ClientStatistics

        if self._engine_made is None:
            return ClientStatistics({}, TransportStatistics(0, 0))
        return ClientStatistics(self._engine_made.account_statistics(), self._engine_made.transport.statistics())

    async def aclose(self) -> None:
        """End every call and close every connection. Idempotent.

        Calls that still run in other tasks, and reads of open streams, raise `ClientClosedError`; so do new ones.
        """
        self._closed = True
        engine, self._engine_made = self._engine_made, None
        if engine is not None:
            await engine.aclose()
        elif self._given_transport is not None:
            await self._given_transport.aclose()
        await trio.lowlevel.checkpoint()

    async def __aenter__(self) -> Self:
        await trio.lowlevel.checkpoint()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        left = left_behind(self._open_calls, self) if self._open_calls is not None else None
        await self.aclose()
        if left:
            tell_left(left, error)
