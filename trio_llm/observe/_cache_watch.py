"""Whether a conversation still profits from its provider's prompt cache, and which message spoilt it.

Theory of operation. A prompt cache serves the longest beginning of a prompt that the provider has seen before. So the
next turn of a conversation should find in the cache about all that the turn before had sent. Of each conversation the
last turn is remembered: its messages, its tools, and the tokens that came from the cache. A prompt begins with the
tools, then the system prompt where it stands beside the messages, then the messages: what changed is looked for in this
order. The messages are copied, as agents change theirs in place. A conversation is told from
others by the label `conversation` of its calls; without one, it is the remembered one of the same model that has the
most messages in common with the call, and at least one. The system's messages, with which many conversations begin,
count only if the model has spoken already, or nothing else was sent.
"""

from __future__ import annotations

import json
import logging
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar, Final, TypeAlias

import attrs

from .._engine.events import CallEnded, Event
from .._types.request import AnyRequest

_MOST_REMEMBERED: Final = 256
"""Conversations."""
_LEAST_CACHED: Final = 1_024
"""Tokens. Less than that is hardly cached by anybody."""
_SYSTEM_ROLES: Final = ("developer", "system")
_ENCODER: Final = json.JSONEncoder(sort_keys=True, default=str)
_COLLAPSED: Final = 0.5
"""Of the share before: less than so much has collapsed."""
_SYSTEM: Final[Mapping[str, str]] = {"anthropic_messages": "system", "responses": "instructions"}
"""By operation, where the system prompt is that stands beside the messages."""
Message: TypeAlias = Mapping[str, Any]


@attrs.define(eq=False)
class CachedShareCollapsed(Event):
    """The part of a conversation's prompt that came from the cache has become much smaller, by the answer to a call.

    Example:
        def tell(event: CachedShareCollapsed) -> None:
            print(event.activity.request.model, event.before, event.now, event.what)
    """

    model: str
    before: float
    """The share of the prompt's tokens that came from the cache, one turn ago."""
    now: float
    what: str
    """What changed: `message`, `tools`, `system` (a system prompt beside the messages), or `nothing`.

    It is `nothing` where the cache has run out, or another machine was asked.
    """
    place: int | None = None
    """Of the first message that is another one now."""
    message: Message | None = None
    """That message now; None if the conversation is shorter now."""
    earlier: Message | None = None
    """What stood in its place."""
    seconds: float = 0.0
    """Since the turn before."""

    def __str__(self) -> str:
        role = (self.message or self.earlier or {}).get("role", "")
        changed = {
            "message": f"message {self.place} ({role}) has changed",
            "system": "the system prompt has changed",
            "tools": "the tools have changed",
        }
        why = changed.get(self.what, f"nothing has changed in {self.seconds:.3g} s")
        return f"{self.model}: {self.before:.0%} of the prompt came from the cache, and now {self.now:.0%}: {why}"


@attrs.define
class _Turn:
    key: object
    messages: Sequence[Message]
    marks: frozenset[int]
    """Of the messages, to see quickly which two turns have in common."""
    spoken: frozenset[int]
    """Of those that are not the system's."""
    is_later: bool
    """Whether the model has spoken already."""
    system: Any
    tools: Any
    prompt: int
    cached: int
    at: float

    @property
    def share(self) -> float:
        return self.cached / self.prompt if self.prompt else 0.0


def warn(event: CachedShareCollapsed) -> None:
    """Log it, without the contents of messages."""
    logging.getLogger("trio_llm").warning("%s", event)


class CacheWatch:
    """Tells when a conversation's cached share collapses, and which message changed.

    Args:
        tell: who is told; by default the logger `trio_llm`, as a warning that has no contents in it.

    Example:
        async with trio_llm.Client(observers=[trio_llm.observe.CacheWatch()]) as client:
            await client.completion(model, messages, metadata={"conversation": "42"})
    """

    wants: ClassVar[Collection[type[Event]]] = (CallEnded,)

    def __init__(self, tell: Callable[[CachedShareCollapsed], None] = warn) -> None:
        self._tell = tell
        self._turns: OrderedDict[int, _Turn] = OrderedDict()
        """The last turn of each conversation, the one that was asked longest ago first."""
        self._last = 0

    def observe(self, event: Event) -> None:
        """Compare a turn that was answered with the one before."""
        request = event.activity.request
        if not isinstance(event, CallEnded) or event.usage is None or request is None:
            return
        messages, details = _messages_of(request), event.usage.prompt_tokens_details
        if not messages or event.usage.prompt_tokens < _LEAST_CACHED:
            return
        cached = (details.cached_tokens or 0) if details is not None else 0
        label = event.activity.labels.get("conversation")
        key = (event.provider, event.model, label)
        system, tools = [
            _copied(request.parameters.get(name)) for name in (_SYSTEM.get(request.operation, ""), "tools")
        ]
        marks = [(hash(_ENCODER.encode(one)), one.get("role") in _SYSTEM_ROLES) for one in messages]
        turn = _Turn(
            key,
            messages,
            frozenset(mark for mark, _ in marks),
            frozenset(mark for mark, is_system in marks if not is_system),
            any(one.get("role") == "assistant" for one in messages),
            system,
            tools,
            event.usage.prompt_tokens,
            cached,
            event.at,
        )
        number = self._conversation(turn, is_named=label is not None)
        if number is not None and _has_collapsed(self._turns[number], turn):
            self._tell(_described(event, self._turns[number], turn))
        self._remember(number, turn)

    def _conversation(self, turn: _Turn, *, is_named: bool) -> int | None:
        best, most = None, 0
        for number, known in self._turns.items():
            if known.key != turn.key:
                continue
            if is_named:
                return number
            common = len(turn.spoken & known.spoken)
            if common >= max(1, most) or (not most and _may_go_on(turn, known)):
                best, most = number, common
        return best

    def _remember(self, number: int | None, turn: _Turn) -> None:
        if number is None:
            self._last = number = self._last + 1
        self._turns[number] = turn
        self._turns.move_to_end(number)
        if len(self._turns) > _MOST_REMEMBERED:
            self._turns.popitem(last=False)


def _may_go_on(turn: _Turn, known: _Turn) -> bool:
    """Whether a turn that has nothing in common with an earlier one but for the system's messages may follow it."""
    return turn.marks <= known.marks or (turn.is_later and not turn.marks.isdisjoint(known.marks))


def _messages_of(request: AnyRequest) -> Sequence[Message]:
    given: Any = getattr(request, "input" if request.operation == "responses" else "messages", None)
    if isinstance(given, str):
        return ({"role": "user", "content": given},)
    messages: Sequence[Message] = _copied(given or ())
    return messages


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _copied(part) for name, part in value.items()}
    return [_copied(part) for part in value] if isinstance(value, list | tuple) else value


def _has_collapsed(before: _Turn, now: _Turn) -> bool:
    return before.cached >= _LEAST_CACHED and now.share < _COLLAPSED * before.share


def _described(event: CallEnded, before: _Turn, now: _Turn) -> CachedShareCollapsed:
    told = CachedShareCollapsed(event.activity, event.at, event.model, before.share, now.share, "nothing")
    told.seconds = now.at - before.at
    if before.tools != now.tools:
        told.what = "tools"
        return told
    if before.system != now.system:
        told.what, told.message, told.earlier = "system", _system(now.system), _system(before.system)
        return told
    for place, earlier in enumerate(before.messages):
        message = now.messages[place] if place < len(now.messages) else None
        if message != earlier:
            told.what, told.place, told.message, told.earlier = "message", place, message, earlier
            break
    return told


def _system(content: Any) -> Message | None:
    return None if content is None else {"role": "system", "content": content}
