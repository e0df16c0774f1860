"""Metamorphic and differential tests: the same conversation in two ways, which have to say the same.

Each is one call. Two ways are two providers, a stream and a whole reply, bytes that came together or apart, a call with
and without a retry in its middle. What differs by its nature (ids, times, the model's name) is not compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from .. import RetryPolicy
from .._client.client import Client
from .._runtime import trio
from .._types.chat import ChatRequest, ModelResponse
from ._actions import Action, Delivery, Failure, Reply
from ._cassettes._matching import differences
from ._faults import FaultPlan
from ._simulator import Simulator

_COMPARED: Final = ("content", "reasoning_content", "tool_calls", "finish_reason", "usage")
"""What of a response is compared by default."""
_RETRIES: Final = RetryPolicy(attempts=3, first_pause=0)
_SPLITS: Final = (1, 7, 64)


class DifferenceError(AssertionError):
    """Two ways that should say the same do not.

    Example:
        with pytest.raises(DifferenceError, match="tool_calls"):
            await same_on_providers(request, ["openai/gpt-4o", "mine/model"], reply=reply)
    """

    def __init__(self, one: str, other: str, differences: Sequence[str]) -> None:
        super().__init__(one, other, differences)
        self.one = one
        self.other = other
        """The two ways, in words."""
        self.differences: tuple[str, ...] = tuple(differences)
        """What differs, one line each."""

    def __str__(self) -> str:
        return "\n  ".join([f"{self.other} (asked) does not say what {self.one} (recorded) says:", *self.differences])


def said_by(response: ModelResponse, fields: Iterable[str] = _COMPARED) -> dict[str, Any]:
    """What a response says, without what every response has of its own: ids, times, names.

    Example:
        assert said_by(first) == said_by(second)
    """
    choice, found = response.choices[0], dict[str, Any]()
    message: Mapping[str, Any] = choice.message.model_dump()
    for field in fields:
        if field == "tool_calls":
            calls = message.get("tool_calls") or ()
            found[field] = [[call["function"]["name"], call["function"]["arguments"]] for call in calls]
        elif field == "usage":
            found[field] = response.usage.total_tokens if response.usage is not None else None
        elif field == "finish_reason":
            found[field] = choice.finish_reason
        else:
            found[field] = message.get(field) or None
    return found


async def same_on_providers(
    request: ChatRequest, models: Sequence[str], *, reply: Reply | None = None, fields: Iterable[str] = _COMPARED
) -> dict[str, Any]:
    """Ask simulated providers the same; the answers have to say the same. Returns what they say.

        await same_on_providers(request, ["openai/gpt-4o", "anthropic/claude-sonnet-4-5"], reply=Reply("Hello"))

    Raises:
        DifferenceError: if two of them differ.
        APIError: if one cannot be asked this.
    """
    await trio.lowlevel.checkpoint()
    answers = {model: await _asked(_with(request, model=model), reply) for model in models}
    return _alike({model: said_by(answer, fields) for model, answer in answers.items()})


async def same_streamed_and_whole(
    request: ChatRequest, *, reply: Reply | None = None, fields: Iterable[str] = _COMPARED
) -> dict[str, Any]:
    """The folded stream has to say what the whole reply says. Returns that.

        await same_streamed_and_whole(ChatRequest("anthropic/claude-sonnet-4-5", messages), reply=Reply("Hello"))

    Raises:
        DifferenceError: if they differ.
    """
    whole = await _asked(_with(request, stream=False), reply)
    streamed = await _asked(_with(request, stream=True), reply)
    return _alike({"the whole reply": said_by(whole, fields), "the stream": said_by(streamed, fields)})


async def same_however_split(
    request: ChatRequest, *, reply: Reply | None = None, sizes: Sequence[int] = _SPLITS
) -> dict[str, Any]:
    """A stream has to say the same in reads of any size, in bytes, as in one read for each event. Returns that.

        await same_however_split(ChatRequest("gemini/gemini-2.5-pro", messages), reply=Reply("Hello"))

    Raises:
        DifferenceError: if they differ.
    """
    streamed = _with(request, stream=True)
    ways = {"the stream as it came": said_by(await _asked(streamed, reply))}
    for size in sizes:
        response = await _asked(streamed, reply, FaultPlan([Delivery(split=size)]))
        ways[f"the stream in reads of {size} bytes"] = said_by(response)
    return _alike(ways)


async def same_with_a_retry(
    request: ChatRequest,
    *,
    reply: Reply | None = None,
    fault: Action = Failure(503, "overloaded"),  # noqa: B008
) -> dict[str, Any]:
    """A call whose first attempt meets a fault has to say what one without says. Returns that.

        await same_with_a_retry(ChatRequest("openai/gpt-4o", messages), fault=Disconnect())

    Raises:
        DifferenceError: if they differ.
        APIError: if the fault is none that a retry cures.
    """
    plain = await _asked(request, reply)
    retried = await _asked(request, reply, FaultPlan([fault]))
    return _alike({"the first attempt": said_by(plain), "the second attempt": said_by(retried)})


def _alike(ways: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    (first, said), *others = ways.items()
    for name, other in others:
        untold = {"usage"} if None in (said.get("usage"), other.get("usage")) else set[str]()  # vendors need not count
        here, there = ({field: way[field] for field in way.keys() - untold} for way in (said, other))
        if found := [*differences(here, there)]:
            raise DifferenceError(first, name, found)
    return said


def _with(request: ChatRequest, **changes: Any) -> ChatRequest:
    given: dict[str, Any] = {"model": request.model, "messages": request.messages, "stream": request.stream}
    return ChatRequest(**{**given, **request.parameters, **changes})


async def _asked(request: ChatRequest, reply: Reply | None, faults: FaultPlan | None = None) -> ModelResponse:
    await trio.lowlevel.checkpoint()
    simulator = Simulator(reply or Reply(), faults=faults)
    async with Client(transport=simulator, retry=_RETRIES) as client:
        if not request.stream:
            response: ModelResponse = await client.call(request)
            return response
        async with client.open_pumped(request) as stream:
            async for _ in stream:
                pass
        folded: ModelResponse = stream.response
        return folded
