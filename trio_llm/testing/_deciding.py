"""A simulated provider's decisions: from a request to the reply that it gets, without waiting."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, repeat
from typing import Any, Final

import attrs

from .._convert import json as _json
from .._types.http import HTTPRequest, ReplyHead
from .._types.usage import CompletionTokensDetails, Usage
from ._faults import FaultPlan, apply_fault
from ._ledger import Ledger, RecordedRequest
from ._limits import RateGate
from ._prompt import Prompt
from ._script import Action, Disconnect, Failure, RawReply, Reply, Script, ScriptExhaustedError, ToolUse
from ._timeline import ScriptedReply, schedule
from ._wires import _anthropic, _bedrock, _gemini, _openai, _other, _responses, _vertex
from ._wires._forms import form_fields
from ._wires._model import (
    STREAMS,
    Answer,
    Body,
    Endpoint,
    Event,
    Family,
    arguments_text,
    fields,
    whole,
    words,
)

ENDPOINTS: Final = (
    *_openai.ENDPOINTS,
    *_anthropic.ENDPOINTS,
    *_bedrock.ENDPOINTS,
    *_gemini.ENDPOINTS,
    *_vertex.ENDPOINTS,
    *_responses.ENDPOINTS,
    *_other.ENDPOINTS,
)
_DEFAULT: Final = Reply()
_END: Final[Any] = object()


class Decider:
    """Script, faults and limits of one provider, and how far they have got."""

    def __init__(self, script: ScriptReader, faults: FaultPlan, gate: RateGate, ledger: Ledger) -> None:
        self._script = script
        self._faults = faults
        self._gate = gate
        self._ledger = ledger

    def decide(self, request: HTTPRequest, now: float) -> ScriptedReply:
        """Everything that will happen to this request."""
        record, endpoint = _read(request, self._ledger.next_number())
        record.started = now
        self._ledger.requests.append(record)
        scripted = self._script.next(record) if endpoint else Failure(404, f"no such endpoint: {record.path}")
        action = apply_fault(self._faults.fault(record.number), scripted)
        answer = _answer(record, action) if isinstance(action, Reply) else None
        wait = self._gate.admit(now, answer.usage.total_tokens if answer else 0)
        if wait:
            self._ledger.refused += 1
            self._script.put_back(scripted)
            refusal = Failure(429, "rate limit reached", code="rate_limit_exceeded", retry_after=wait)
            action, answer = refusal, None
        if isinstance(action, Disconnect):
            return ScriptedReply(record, None, action.latency)
        record.usage = answer.usage if answer else None
        return self._reply(record, _Written(action, answer, endpoint))

    def _reply(self, record: RecordedRequest, written: _Written) -> ScriptedReply:
        action, family = written.action, written.family
        status, body, headers = written.content(record)
        record.status = status
        headers["x-request-id"] = f"simulated-{record.number}"
        headers |= family.limit_headers(self._gate.states())
        if body.content_type not in STREAMS:
            headers["content-length"] = str(sum(len(event.data) for event in body.events))
        pieces, ending = schedule(body.events, action, family.keep_alive)
        head = ReplyHead(status, {"content-type": body.content_type, **headers})
        return ScriptedReply(record, head, action.latency, pieces, ending)


@attrs.frozen
class _Written:
    """An action about to be put into bytes."""

    action: Reply | Failure | RawReply
    answer: Answer | None
    endpoint: Endpoint | None

    @property
    def family(self) -> Family:
        """Whose words to use; OpenAI's for a path that nobody knows."""
        return self.endpoint.family if self.endpoint else _openai.OPENAI

    def content(self, record: RecordedRequest) -> tuple[int, Body, dict[str, str]]:
        """Status, body and the headers that belong to the action."""
        action = self.action
        if isinstance(action, Failure):
            return action.status, whole(self.family.error(action)), _failure_headers(action)
        if isinstance(action, RawReply):
            pieces = [action.body] if isinstance(action.body, bytes) else action.body
            return action.status, Body(action.content_type, [Event(piece) for piece in pieces]), dict(action.headers)
        assert self.endpoint is not None
        assert self.answer is not None
        return 200, _with_error(self.endpoint.write(record.prompt, self.answer), action, self.family), {}


def _with_error(body: Body, action: Reply, family: Family) -> Body:
    if action.error_at is None or body.content_type not in STREAMS:
        return body
    error = Event(family.error_event(Failure(529, "simulated overload")))
    return attrs.evolve(body, events=[*body.events[: action.error_at], error])


def _failure_headers(failure: Failure) -> dict[str, str]:
    headers = dict(failure.headers)
    if failure.retry_after is not None:
        headers.setdefault("retry-after", f"{math.ceil(failure.retry_after)}")
        headers.setdefault("retry-after-ms", f"{math.ceil(failure.retry_after * 1000)}")
    return headers


class ScriptReader:
    """The scripted actions, one for each request; `then` is for all behind the last. Without it there may be none."""

    def __init__(self, script: Script, then: Action | None) -> None:
        self._then = then
        self._function: Callable[[RecordedRequest], Action | None] | None = None
        self._actions: Iterator[Action | None] = iter(())
        if isinstance(script, Reply | Failure | RawReply | Disconnect):
            self._actions = repeat(script)
        elif callable(script):
            self._function = script
        else:
            self._actions = iter(script)
            if script == () and then is None:
                self._then = _DEFAULT  # no script at all

    def next(self, record: RecordedRequest) -> Action:
        """What to do with this request.

        Raises:
            ScriptExhaustedError: if the script has nothing for it.
        """
        if self._function is not None:
            return self._function(record) or _DEFAULT
        action = next(self._actions, _END)
        if action is not _END:
            return action or _DEFAULT
        if self._then is None:
            raise ScriptExhaustedError(record)
        return self._then

    def put_back(self, action: Action) -> None:
        """A refused request has not used its action; the next one gets it."""
        self._actions = chain([action], self._actions)


def _read(request: HTTPRequest, number: int) -> tuple[RecordedRequest, Endpoint | None]:
    body = request.body if isinstance(request.body, bytes) else b"".join(request.body.blocks())
    path = request.path.partition("?")[0]
    found = (one for one in ENDPOINTS if one.path.search(path) and one.method in (None, request.method))
    endpoint = next(found, None)
    prompt = endpoint.read(path, _fields_of(request, body)) if endpoint else Prompt()
    name = endpoint.name if endpoint else ""
    return RecordedRequest(number, request.method, request.path, dict(request.headers), body, prompt, name), endpoint


def _fields_of(request: HTTPRequest, body: bytes) -> Mapping[str, Any]:
    content_type = next((value for name, value in request.headers if name == "content-type"), "")
    form = form_fields(content_type, body)
    return _object(body) if form is None else form


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        value = _json.loads(body)
    except ValueError:
        return {}
    return fields(value)


def _answer(record: RecordedRequest, reply: Reply) -> Answer:
    prompt = record.prompt
    text = _fragments(_default_text(prompt, reply) if reply.text is None else reply.text)
    kept = text[: prompt.max_tokens] if reply.text is None else text
    calls = tuple(
        attrs.evolve(call, id=call.id or f"call_{record.number}_{place}") for place, call in enumerate(reply.tool_calls)
    )
    reasoning = _fragments(reply.reasoning)
    finish = reply.finish_reason or _finish_reason(calls, cut=len(kept) < len(text))
    usage = reply.usage or _usage(prompt, reasoning, [*kept, *_call_words(calls)])
    return Answer(str(record.number), prompt.model or "simulated", kept, reasoning, calls, finish, usage)


def _default_text(prompt: Prompt, reply: Reply) -> str:
    if reply.tool_calls:
        return ""
    return f"echo: {prompt.last}" if prompt.last else "Hello from the simulator."


def _fragments(text: str | Iterable[str]) -> tuple[str, ...]:
    return tuple(words(text) if isinstance(text, str) else text)


def _finish_reason(calls: tuple[ToolUse, ...], *, cut: bool) -> str:
    if calls:
        return "tool_calls"
    return "length" if cut else "stop"


def _call_words(calls: Iterable[ToolUse]) -> list[str]:
    return [word for call in calls for word in (call.name, *words(arguments_text(call)))]


def _usage(prompt: Prompt, reasoning: tuple[str, ...], said: list[str]) -> Usage:
    asked = max(1, sum(len(words(text)) for text in prompt.texts))
    answered = len(reasoning) + len(said)
    details = CompletionTokensDetails(reasoning_tokens=len(reasoning)) if reasoning else None
    return Usage(asked, answered, asked + answered, completion_tokens_details=details)
