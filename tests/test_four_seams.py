"""The four seams of a client: what a gate, targets or a responder may do, and that a call stays a call around them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from virtual import ask, assert_nothing_left, client_of, in_virtual_time, text_of

from trio_llm import BadRequestError, ClientClosedError, Timeout
from trio_llm._engine.call import Calls
from trio_llm._engine.responding import responded
from trio_llm._runtime import trio
from trio_llm.exceptions import BudgetExceededError
from trio_llm.observe import CallStarted, Departure, Event, Learnt, Responder
from trio_llm.testing import Failure, RateLimits, Reply, Simulator

GUIDE = (Path(__file__).parent.parent / "docs" / "seams.md").read_text()
PROGRAMS = re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL)
WORDS = ["one ", "two ", "three "]


@pytest.mark.parametrize("number", range(5))
def test_the_programs_of_the_guide_do_what_they_say(number: int) -> None:
    assert len(PROGRAMS) == 5
    exec(compile(PROGRAMS[number], f"docs/seams.md program {number}", "exec"), {"__name__": "program"})


@attrs.define
class Door:
    """A gate that writes down who came and went."""

    opens_after: float = 0
    refuses: bool = False
    entered: list[Departure] = attrs.Factory(list[Departure])
    left: list[Learnt] = attrs.Factory(list[Learnt])

    def enter_nowait(self, departure: Departure) -> object | None:
        if self.refuses:
            raise BudgetExceededError("no more")
        return None if self.opens_after else self._note(departure)

    async def enter(self, departure: Departure) -> object:
        await trio.sleep(self.opens_after)
        return self._note(departure)

    def _note(self, departure: Departure) -> object:
        self.entered.append(departure)
        return departure

    def leave(self, entered: object, learnt: Learnt) -> None:
        assert entered in self.entered
        self.left.append(learnt)


@in_virtual_time
async def test_each_attempt_passes_every_gate_and_leaves_it_with_what_was_learnt() -> None:
    first, second = Door(), Door(opens_after=3)
    simulator = Simulator([Failure(503), Reply("ok")])
    async with client_of(simulator, attempts=2, gates=[first, second]) as client:
        began = trio.current_time()
        response = await client.call(ask("x"))
        assert trio.current_time() - began == 3 + 0.5 + 3
        assert_nothing_left(client, simulator)

    for door in (first, second):
        assert [departure.number for departure in door.entered] == [1, 2]
        failed, succeeded = door.left
        assert (type(failed.error).__name__, failed.usage) == ("ServiceUnavailableError", None)
        assert (succeeded.error, succeeded.usage) == (None, response.usage)
        assert succeeded.head is not None
        assert succeeded.head.status == 200


@in_virtual_time
async def test_what_was_entered_is_left_where_a_later_gate_refuses_or_is_waited_for_in_vain() -> None:
    first, simulator = Door(), Simulator(Reply("ok"))
    async with client_of(simulator, gates=[first, Door(refuses=True)]) as client:
        with pytest.raises(BudgetExceededError):
            await client.call(ask("x"))
        assert_nothing_left(client, simulator)
    async with client_of(simulator, gates=[first, Door(opens_after=9)]) as client:
        with pytest.raises(Timeout):
            await client.call(ask("x", timeout=1))
        assert_nothing_left(client, simulator)

    assert len(first.entered) == len(first.left) == 2
    assert simulator.requests == []


class Stuck(Door):
    """A gate that cannot be left."""

    def leave(self, entered: object, learnt: Learnt) -> None:
        super().leave(entered, learnt)
        raise RuntimeError("stuck")


@in_virtual_time
async def test_a_gate_that_raises_when_it_is_left_keeps_nobody_in_the_others() -> None:
    first, last, simulator = Door(), Door(), Simulator(Reply("ok"))
    async with client_of(simulator, gates=[first, Stuck(), last]) as client:
        with pytest.raises(RuntimeError, match="stuck"):
            await client.call(ask("x"))
        assert_nothing_left(client, simulator)

    assert len(first.left) == len(last.left) == 1


@in_virtual_time
async def test_a_stream_holds_its_gates_until_it_ends() -> None:
    door = Door()
    async with client_of(Simulator(Reply(WORDS, gap=1)), gates=[door]) as client:
        async for _ in await client.call(ask("x", stream=True)):
            assert door.left == []

    (learnt,) = door.left
    assert learnt.usage is not None
    assert learnt.received > 3


class Own(Responder):
    """A provider that somebody wrote: no row knows it."""

    async def respond(self, request: Any, next: Any) -> Any:
        return await next(ask("for another")) if request.model == "own/model" else await next(request)

    async def respond_streamed(self, request: Any, next: Any) -> AsyncIterator[Any]:  # noqa: ASYNC900 - as told
        async for chunk in next(ask("for another", stream=True)):
            yield chunk


@in_virtual_time
async def test_a_responder_may_answer_for_a_model_that_no_row_knows() -> None:
    simulator = Simulator()
    async with client_of(simulator, responders=[Own()]) as client:
        whole = await client.call(ask("x", model="own/model"))
        stream = await client.call(ask("x", model="own/model", stream=True))
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
        assert_nothing_left(client, simulator)
    async with client_of(simulator) as client:
        with pytest.raises(BadRequestError):
            await client.call(ask("x", model="own/model"))

    assert text_of(whole) == text == text_of(stream.response) == "echo: for another"
    assert stream.response.usage is not None


class Slow(Responder):
    """Takes its time."""

    async def respond(self, request: Any, next: Any) -> Any:
        await trio.sleep(60)
        return await next(request)

    async def respond_streamed(self, request: Any, next: Any) -> AsyncIterator[Any]:  # noqa: ASYNC900 - as told
        async for chunk in next(request):
            yield chunk
            await trio.sleep(60)


@in_virtual_time
async def test_the_deadline_of_a_call_ends_its_responders() -> None:
    simulator = Simulator(Reply(WORDS))
    async with client_of(simulator, responders=[Slow()]) as client:
        began = trio.current_time()
        with pytest.raises(Timeout):
            await client.call(ask("x", timeout=5))
        assert trio.current_time() - began == 5
        with pytest.raises(Timeout):
            async for _ in await client.call(ask("x", stream=True, timeout=5)):
                pass
        assert trio.current_time() - began == 10
        assert_nothing_left(client, simulator)


@in_virtual_time
async def test_leaving_a_responders_stream_closes_the_one_behind_it() -> None:
    simulator = Simulator(Reply(WORDS, gap=1))
    async with client_of(simulator, responders=[Own()]) as client:
        async with await client.call(ask("x", stream=True)) as stream:
            await anext(stream)
        assert_nothing_left(client, simulator)


class OnlyWhole:
    async def respond(self, request: Any, next: Any) -> Any:
        return await next(request)


@pytest.mark.parametrize(
    ("seam", "given", "told"),
    [
        ("observers", print, "has no wants and no observe, as observers have: subclass trio_llm.observe.Observer"),
        ("gates", 1, "int has no enter_nowait and no enter and no leave, as gates have"),
        ("targets", "openai/gpt-4o", "str has no targets_of, as targets have: subclass trio_llm.observe.TargetChooser"),
        ("responders", OnlyWhole(), "OnlyWhole has no respond_streamed, as responders have: subclass"),
        ("responders", Responder, r"responders are objects: give Responder\(\.\.\.\), not the class"),
        ("gates", Door, r"gates are objects: give Door\(\.\.\.\)"),
    ],
)
def test_what_fits_no_seam_is_refused_when_the_client_is_made(seam: str, given: Any, told: str) -> None:
    options: dict[str, Any] = {seam: [given]}
    with pytest.raises(TypeError, match=told):
        client_of(Simulator(), **options)


@pytest.mark.parametrize("answer", [None, {"choices": []}, "hello"])
@in_virtual_time
async def test_what_is_no_response_is_the_responders_fault_and_no_answer(answer: Any) -> None:
    class Careless(Responder):
        async def respond(self, request: Any, next: Any) -> Any:
            await next(request)
            return answer

    simulator = Simulator()
    async with client_of(simulator, responders=[Careless()]) as client:
        with pytest.raises(TypeError, match="the responder Careless gave .*: a response is wanted"):
            await client.call(ask("Hi"))
        assert_nothing_left(client, simulator)


@attrs.define
class Started:
    """An observer that keeps the activities of calls."""

    wants: tuple[type[Event], ...] = (CallStarted,)
    activities: list[Any] = attrs.Factory(list[Any])

    def observe(self, event: Event) -> None:
        self.activities.append(event.activity)


@pytest.mark.parametrize("opens_after", [0.0, 3.0])
@pytest.mark.parametrize("stream", [False, True])
@in_virtual_time
async def test_a_gate_sees_what_leaves_for_whom_and_where(stream: bool, opens_after: float) -> None:
    door, started = Door(opens_after), Started()
    for observers in ([], [started]):
        async with client_of(Simulator(), gates=[door], observers=observers) as client:
            began = trio.current_time()
            request = ask("x", stream=stream, timeout=50)
            answer = await client.call(request)
            if stream:
                assert [chunk async for chunk in answer]
            departure = door.entered[-1]
            assert (departure.provider, departure.model, departure.host) == ("openai", "gpt-4o", "api.openai.com")
            assert (departure.number, departure.deadline) == (1, began + 50)
            assert departure.request == request
            assert departure.size is not None
            assert departure.size > len("x")
            await client.call(ask("y", model="anthropic/any"))
            assert door.entered[-1].account != departure.account
            await client.call(ask("y"))
            assert door.entered[-1].account == departure.account

    assert [departure.activity for departure in door.entered] == [None] * 3 + started.activities
    assert len(door.left) == len(started.activities) * 2 == 6


@in_virtual_time
async def test_no_scope_of_a_call_stays_open_behind_its_responders() -> None:
    calls = Calls()
    call = calls.start("m", 5.0)

    async def receive(request: Any) -> str:
        assert len(call.scopes) == 1
        text: str = request.messages[0]["content"]
        await trio.sleep(9 if text == "slow" else 0)
        if text == "bad":
            raise LookupError
        return f"echo: {text}"

    assert await responded([], ask("x"), call, receive) == "echo: x"
    assert call.scopes == set()
    for text, error in (("bad", LookupError), ("slow", Timeout)):
        with pytest.raises(error):
            await responded([], ask(text), call, receive)
        assert call.scopes == set()
    calls.refuse("this client was closed")
    call.cut = True
    with pytest.raises(ClientClosedError, match="this client was closed: this call was ended"):
        await responded([], ask("slow"), call, receive)


@attrs.define
class Tokens:
    """A gate that gives each attempt a number, and wants it back."""

    given: list[object] = attrs.Factory(list[object])
    back: list[object] = attrs.Factory(list[object])

    def enter_nowait(self, departure: Departure) -> object | None:
        self.given.append(f"token {len(self.given)}")
        return self.given[-1]

    async def enter(self, departure: Departure) -> object:
        raise AssertionError

    def leave(self, entered: object, learnt: Learnt) -> None:
        self.back.append(entered)
        assert learnt.received == 0


@in_virtual_time
async def test_a_gate_gets_back_what_it_gave_and_headers_are_learnt_behind_it() -> None:
    tokens = Tokens()
    async with client_of(Simulator(limits=RateLimits(requests_per_minute=60)), gates=[tokens]) as client:
        for _ in range(2):
            await client.call(ask("x"))
        (account,) = client.statistics().accounts.values()

    assert tokens.back == tokens.given == ["token 0", "token 1"]
    assert account.described
