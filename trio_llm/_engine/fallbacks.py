"""Where else a call is made when its model fails: the order of the targets, and the loop over them.

A call has one current target. It moves on when that one failed in a way that no retry mends, while there is time, and
never back: each fallback is asked once. Targets that were chosen (`seams.Targets`) come first, then the fallbacks of
the error's own kind, then the general ones. Every target has tries of its own. The error that ends the call has those
of the targets before it as `earlier`, in order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from .._runtime import trio
from .._types.chat import CHAT_PARAMETERS, ChatRequest
from .._types.errors import (
    APIError,
    BadRequestError,
    ClientClosedError,
    ContentPolicyViolationError,
    ContextWindowExceededError,
)
from .._types.request import OPTION_OF, AnyRequest, CallOptions, Fallback, as_fallbacks, changed, split_arguments
from .attempts import Tries
from .call import RunningCall
from .seams import Targets as ChosenTargets

if TYPE_CHECKING:
    from .watching import CallActivity


T = TypeVar("T")
RequestT = TypeVar("RequestT", bound=AnyRequest)

PROVIDERS_OWN = ("api_key", "api_base", "api_version", "custom_llm_provider", "extra_headers", "extra_body", "settings")
"""Options that are meant for one provider. They stay there when a call goes on to another one."""
RowNameOf = Callable[[str, CallOptions], str]
"""The catalogue row that a model belongs to; raises `BadRequestError` for a model of none."""


@attrs.frozen
class Fallbacks:
    """A client's own, for chat calls that have none."""

    general: tuple[Fallback, ...] = attrs.field(default=(), converter=as_fallbacks)
    context_window: tuple[Fallback, ...] = attrs.field(default=(), converter=as_fallbacks)
    content_policy: tuple[Fallback, ...] = attrs.field(default=(), converter=as_fallbacks)
    has_any: bool = attrs.field(init=False)

    @has_any.default
    def _has_any(self) -> bool:
        return bool(self.general or self.context_window or self.content_policy)


NO_FALLBACKS = Fallbacks()


def has_fallbacks(request: AnyRequest, client: Fallbacks) -> bool:
    """Whether a call may go on to another target than its own. Nearly none may."""
    own = request.options
    return (
        own.fallbacks is not None
        or own.context_window_fallbacks is not None
        or own.content_policy_fallbacks is not None
        or (client.has_any and isinstance(request, ChatRequest))
    )


class FallbackTargets(Generic[RequestT]):
    """The requests that one call may make: its own first, then those of its fallbacks, each once."""

    def __init__(
        self, request: RequestT, client: Fallbacks, row_name_of: RowNameOf, chosen: ChosenTargets | None = None
    ) -> None:
        self._chosen = chosen
        self.current: Any = request if chosen is None else chosen.first()
        self.tries = Tries()
        self.watch: CallActivity | None = None
        self._failed: tuple[APIError, ...] = ()
        self._first = request
        self._row_name_of = row_name_of
        own = request.options
        if not isinstance(request, ChatRequest):
            client = NO_FALLBACKS
        self._general = self._aimed(own.fallbacks, client.general)
        self._context_window = self._aimed(own.context_window_fallbacks, client.context_window)
        self._content_policy = self._aimed(own.content_policy_fallbacks, client.content_policy)
        self.tries.has_next = bool(self._general)

    def move_on(self, error: APIError, *, in_time: bool) -> bool:
        """Make the next target the current one, after the current one failed; False if there is none for that."""
        error.earlier = self._failed
        if not in_time or isinstance(error, ClientClosedError):
            return False
        following = self._following(error)
        if following is None:
            return False
        self._failed += (error,)
        self.current = following
        self.tries = Tries(has_next=bool(self._general))
        if self.watch is not None:
            self.watch.fell_back(error, self.current)
        return True

    def _following(self, error: APIError) -> Any:
        found = self._chosen.after(error) if self._chosen is not None else None
        if found is None and (waiting := self._waiting(error)):
            found = waiting.popleft()
        return found

    def all(self) -> list[RequestT]:
        """Every request that may yet be made."""
        return [self.current, *self._general, *self._context_window, *self._content_policy]

    def _waiting(self, error: APIError) -> deque[RequestT]:
        if isinstance(error, ContextWindowExceededError) and self._context_window:
            return self._context_window
        if isinstance(error, ContentPolicyViolationError) and self._content_policy:
            return self._content_policy
        return self._general

    def _aimed(self, own: tuple[Fallback, ...] | None, clients: tuple[Fallback, ...]) -> deque[RequestT]:
        fallbacks = clients if own is None else own
        return deque([self._aimed_at(fallback) for fallback in fallbacks if fallback != self._first.model])

    def _aimed_at(self, fallback: Fallback) -> RequestT:
        if isinstance(fallback, str):
            return self._elsewhere(fallback, {})
        if isinstance(fallback, Mapping):
            _refuse_router_form(fallback)
            arguments = dict(fallback)
            return self._elsewhere(arguments.pop("model", self._first.model), arguments)
        if not isinstance(fallback, type(self._first)):
            kind = type(fallback).__name__
            raise BadRequestError(f"a fallback is a model, arguments, or a request of the same kind, not {kind}")
        return changed(fallback, stream=self._first.stream) if isinstance(self._first, ChatRequest) else fallback

    def _elsewhere(self, model: str, arguments: dict[str, Any]) -> RequestT:
        first = self._first
        options = first.options if self._is_same_provider(model) else _without(first.options, PROVIDERS_OWN)
        return _with_arguments(changed(first, model=model, options=options), arguments)

    def _is_same_provider(self, model: str) -> bool:
        options = self._first.options
        try:
            row = self._row_name_of(model, _without(options, PROVIDERS_OWN))
        except BadRequestError:  # a name that means something only to the server that the caller named
            return True
        with suppress(BadRequestError):
            return row == self._row_name_of(self._first.model, options)
        return False


def _refuse_router_form(fallback: Mapping[str, Any]) -> None:
    """LiteLLM's router says for which model a fallback is. Here a call has its own model, and a list of others."""
    for model, others in fallback.items():
        if isinstance(others, list) and model not in CHAT_PARAMETERS and model != "messages":
            raise BadRequestError(f"fallbacks are models or arguments: write {others!r}, not [{dict(fallback)!r}]")


def _without(options: CallOptions, names: tuple[str, ...]) -> CallOptions:
    nothing: dict[str, Any] = dict.fromkeys(names)
    return attrs.evolve(options, **nothing)


def _with_arguments(request: RequestT, arguments: dict[str, Any]) -> RequestT:
    """The request with other parameters and options, in a chat also with other `messages`."""
    messages = arguments.pop("messages", None)
    known = CHAT_PARAMETERS if isinstance(request, ChatRequest) else frozenset[str]()
    parameters, options = split_arguments(arguments, known)
    names = {OPTION_OF.get(name, name) for name in arguments} - known
    given: Any = request
    fields = {} if messages is None else {"messages": ChatRequest(given.model, messages).messages}
    return changed(
        request,
        parameters={**given.parameters, **parameters},
        options=attrs.evolve(given.options, **{name: getattr(options, name) for name in names}),
        **fields,
    )


async def ask_targets(
    targets: FallbackTargets[RequestT], ask: Callable[[RequestT], Awaitable[T]], call: RunningCall
) -> T:
    """Ask the current target, and one after another of those that follow, until one answers.

    Raises:
        APIError: the last one's; those before it are its `earlier`.
    """
    while True:
        try:
            return await ask(targets.current)
        except APIError as error:
            if not targets.move_on(error, in_time=trio.current_time() < call.deadline):
                raise
