"""Numbers, lists and functions that a program states: taken for what they are worth, refused by name before a call."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

import httpx
import pytest
import trio
from virtual import KEYS, ask, in_virtual_time

import trio_llm
from trio_llm import (
    AccessToken,
    AuthenticationError,
    BadRequestError,
    ChatRequest,
    Client,
    Limits,
    Quantile,
    RetryPolicy,
    Timeouts,
    TokenSource,
)
from trio_llm._types.amounts import checked_amount, checked_count
from trio_llm.observe import Event
from trio_llm.testing import Simulator, run_in_virtual_time

HELLO: Any = [{"role": "user", "content": "Hello"}]


class Half:
    """A number of another library's."""

    def __float__(self) -> float:
        return 0.5


class Three:
    """A whole number of another library's."""

    def __index__(self) -> int:
        return 3


class Row:
    """An array of another library's, which has no one value."""

    def __float__(self) -> float:
        raise TypeError("only arrays of one element")


@pytest.mark.parametrize("given", [Decimal("0.5"), Fraction(1, 2), Half()], ids=lambda given: type(given).__name__)
def test_a_number_of_any_library_counts_as_one(given: Any) -> None:
    assert checked_amount(given, "usd") == 0.5
    assert Timeouts(total=given, gap=given) == Timeouts(total=0.5, gap=0.5)
    assert RetryPolicy(first_pause=given, jitter=given) == RetryPolicy(first_pause=0.5, jitter=0.5)
    assert Limits(requests_per_minute=given) == Limits(requests_per_minute=0.5)
    assert ChatRequest("m", HELLO, timeout=given).options.timeout == 0.5
    assert checked_count(Three(), "limit") == 3


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda odd: Timeouts(total=odd), "total"),
        (lambda odd: Timeouts(connect=odd), "connect"),
        (lambda odd: RetryPolicy(attempts=odd), "attempts"),
        (lambda odd: RetryPolicy(first_pause=odd), "first_pause"),
        (lambda odd: RetryPolicy(longest_pause=odd), "longest_pause"),
        (lambda odd: RetryPolicy(jitter=odd), "jitter"),
        (lambda odd: Limits(requests_per_minute=odd), "requests_per_minute"),
        (lambda odd: Limits(tokens_per_minute=odd), "tokens_per_minute"),
        (lambda odd: Quantile(odd), "share"),
    ],
)
def test_what_is_no_number_is_named(make: Callable[[Any], Any], name: str) -> None:
    def told(odd: Any, kind: type[Exception]) -> str:
        with pytest.raises(kind, match=f"^{name} must be") as caught:
            make(odd)
        return str(caught.value)

    assert told("5", TypeError).endswith("not str")
    assert told(Row(), TypeError).endswith("not Row")
    assert told(True, TypeError).endswith("not bool") or name == "share"
    assert "-1" in told(-1, ValueError)
    if name != "attempts":
        assert "nan" in told(math.nan, ValueError)


@in_virtual_time
async def test_what_combinators_are_told_is_checked_before_anything_is_sent() -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables=KEYS) as made:
        client: Any = made
        tee: Any = trio_llm.tee
        request = ask("?")
        wrong: dict[str, Callable[[], Any]] = {
            "after": lambda: client.hedge(request, after="1"),
            "copies": lambda: client.hedge(request, copies=1.5),
            "budget": lambda: client.hedge(request, budget="x"),
            "after ": lambda: client.cascade([request], after="1"),
            "accept": lambda: client.race([request], accept="x"),
            "accept ": lambda: client.cascade([request], accept=5),
            "grace": lambda: client.drain("x"),
            "buffer": lambda: client.merge({"a": request}, buffer="x").__aenter__(),
            "what is merged": lambda: client.merge([request]).__aenter__(),
            "copies ": lambda: tee(None, "x").__aenter__(),
            "lag": lambda: tee(None, 2, lag="x").__aenter__(),
            "tee reads a stream": lambda: tee(None, 2).__aenter__(),
        }
        for name, call in wrong.items():
            with pytest.raises(TypeError, match=f"^{name.strip()}"):
                await call()
        for number in (-1, math.nan):
            with pytest.raises(ValueError, match="after must be a number of seconds"):
                await client.hedge(request, after=number)
            with pytest.raises(ValueError, match="after must be a number of seconds"):
                await client.cascade([request], after=number)
        with pytest.raises(TypeError, match="predicate must be a function"):
            trio_llm.stop_when(None, "x")  # type: ignore[arg-type]
    assert not simulator.requests


@in_virtual_time
async def test_time_that_is_over_is_no_mistake() -> None:
    async with Client(transport=Simulator(), variables=KEYS) as client:
        outcomes = await client.fan_out([ask("?")], deadline=-1.5)
        assert [outcome.status for outcome in outcomes] == ["not_started"]
        assert (await client.drain(-1)).cut == ()


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (httpx.Timeout(5), 5),
        (httpx.Timeout(5, read=60), 60),
        (httpx.Timeout(5, read=60, write=None), 60),
        (httpx.Timeout(5, read=None), math.inf),
        (httpx.Timeout(None), math.inf),
    ],
    ids=repr,
)
def test_who_waits_for_a_reply_as_long_as_it_takes_has_no_time_limit(given: Any, seconds: float) -> None:
    assert ChatRequest("m", HELLO, timeout=given).options.timeout == seconds


@pytest.mark.parametrize(("name", "odd"), [("timeout", -1), ("timeout", math.nan), ("num_retries", -1)])
def test_a_number_that_will_not_do_is_shown(name: str, odd: Any) -> None:
    arguments: Any = {name: odd}
    with pytest.raises(BadRequestError, match=f"{name} must be a .*number.*, 0 or more, not {odd}"):
        ChatRequest("m", HELLO, **arguments)


class Watcher:
    wants = (Event,)

    def observe(self, event: Event) -> None:
        pass


WRONG_OPTIONS: dict[str, dict[str, Any]] = {
    "providers must be a list of rows, as .openai.": {"providers": trio_llm.catalog_with()["openai"]},
    "providers: 'mine' must be a Provider row, not NoneType": {"providers": {"mine": None}},
    "providers must be a list, not int": {"providers": 5},
    "variables must be a mapping of names to text, not list": {"variables": [("OPENAI_API_KEY", "k")]},
    "name and value of 'OPENAI_API_KEY' must be text, not int": {"variables": {"OPENAI_API_KEY": 5}},
    "observers must be a list, not Watcher": {"observers": Watcher()},
    "responders must be a list, not function": {"responders": lambda request, next: None},
    "gates have": {"budget": 5},
    "transport must have send and aclose, which int has not": {"transport": 5},
    "transport must be an object: give Simulator": {"transport": Simulator},
    "http_client or transport, not both": {"transport": Simulator(), "http_client": httpx.AsyncClient},
}


@pytest.mark.parametrize("message", WRONG_OPTIONS)
def test_what_a_client_cannot_be_made_with_is_named_at_once(message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Client(**WRONG_OPTIONS[message])


@in_virtual_time
async def test_an_option_of_none_is_as_good_as_not_given() -> None:
    names = ("retry", "limits", "timeouts", "providers", "fallbacks", "context_window_fallbacks", "http_client")
    seams = ("content_policy_fallbacks", "observers", "gates", "budget", "targets", "responders", "variables")
    nothing: Any = dict.fromkeys((*names, *seams))
    async with Client(transport=Simulator(), **nothing) as client:
        assert (await client.call(ask("Hi"))).choices[0].message.content == "echo: Hi"


@pytest.mark.parametrize("odd", [5, "gpt-4o", {"model": "m", "api_key": "sk-secret"}, ask("?")], ids=repr)
def test_fallbacks_that_are_no_list_are_named_and_keys_in_them_are_not_shown(odd: Any) -> None:
    with pytest.raises(BadRequestError, match="fallbacks must be a list of models or arguments, not") as caught:
        ChatRequest("m", HELLO, fallbacks=odd)
    assert "secret" not in str(caught.value)
    with pytest.raises(BadRequestError, match="fallbacks must be a list of models or arguments, not"):
        Client(fallbacks=odd)


@in_virtual_time
async def test_a_fallback_that_is_none_is_named_and_keys_in_it_are_not_shown() -> None:
    odd: Any = [[{"api_key": "sk-secret"}]]
    async with Client(transport=Simulator(), variables=KEYS) as client:
        with pytest.raises(BadRequestError, match="or a request of the same kind, not list$"):
            await client.completion("openai/m", HELLO, fallbacks=odd)


@in_virtual_time
async def test_a_key_that_ends_at_no_time_is_an_error_of_the_key() -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables=KEYS) as client:
        odds: list[Any] = ["soon", [5]]
        for odd in odds:
            with pytest.raises(AuthenticationError, match=f"expires_on is {type(odd).__name__}, not seconds") as caught:
                await client.completion("openai/m", HELLO, api_key=partial(AccessToken, "sk-secret", odd))
            assert "secret" not in str(caught.value)
    assert not simulator.requests


def test_a_source_of_tokens_asks_a_callable() -> None:
    with pytest.raises(BadRequestError, match="a TokenSource asks a callable, not str") as caught:
        TokenSource("sk-secret")  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "odd", [{"usd": math.nan}, {"usd": -1}, {"tokens": math.nan}, {"usd": 1, "soft": -1}], ids=repr
)
def test_a_purse_that_would_limit_nothing_is_refused(odd: dict[str, Any]) -> None:
    @in_virtual_time
    async def opened() -> None:
        with pytest.raises(ValueError, match="which is no amount"):
            async with trio_llm.spending(**odd):
                pass

    opened("trio")


def test_a_purse_takes_decimals() -> None:
    @in_virtual_time
    async def opened() -> None:
        limit: Any = Decimal("1.5")
        async with trio_llm.spending(usd=limit) as purse:
            assert purse.left == 1.5

    opened("trio")


@pytest.mark.parametrize(("backend", "fits"), [("trio", True), ("asyncio", False)])
def test_a_limiter_of_another_event_loop_is_refused_before_anything_is_sent(backend: Any, fits: bool) -> None:
    simulator, limits = Simulator(), Limits(max_in_flight=trio.CapacityLimiter(2))

    async def asked() -> None:
        async with Client(transport=simulator, variables=KEYS, limits=limits) as client:
            await client.call(ask("Hi"))

    if fits:
        run_in_virtual_time(asked, backend=backend)
    else:
        with pytest.raises(TypeError, match="on asyncio give an anyio.CapacityLimiter"):
            run_in_virtual_time(asked, backend=backend)
    assert len(simulator.requests) == fits
