"""Tests in virtual time on both loops, and the requests and clients that they use."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from trio_llm import ChatRequest, Client, RetryPolicy
from trio_llm.testing import RecordedRequest, RequestOutcome, Simulator, run_in_virtual_time

KEYS = {"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k", "GEMINI_API_KEY": "k"}
GONE, FINISHED = RequestOutcome.CLIENT_GONE, RequestOutcome.FINISHED


def in_virtual_time(scenario: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make a test of an async function: on Trio and on asyncio, with a clock that jumps."""

    def test(backend: Any, **arguments: Any) -> None:
        async def run() -> None:
            await scenario(**arguments)

        run_in_virtual_time(run, backend=backend)

    names = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in inspect.signature(scenario).parameters]
    backend = inspect.Parameter("backend", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    test.__signature__ = inspect.Signature([backend, *names])  # type: ignore[attr-defined]
    test.__name__, test.__doc__ = scenario.__name__, scenario.__doc__
    marks = getattr(scenario, "pytestmark", [])
    test.pytestmark = [*marks, pytest.mark.parametrize("backend", ["trio", "asyncio"]).mark]  # type: ignore[attr-defined]
    return test


def ask(text: str, *, model: str = "openai/gpt-4o", **params: Any) -> ChatRequest:
    """A request with one user message."""
    return ChatRequest(model, [{"role": "user", "content": text}], **params)


def client_of(simulator: Simulator, *, attempts: int = 1, **options: Any) -> Client:
    """A client of a simulated provider, which by default does not try again."""
    retry = RetryPolicy(attempts=attempts, jitter=0)
    return Client(transport=simulator, retry=retry, **{"variables": KEYS, **options})


def text_of(response: Any) -> str:
    """What the model said."""
    return response.choices[0].message.content or ""


def ends(simulator: Simulator) -> dict[str, RequestOutcome]:
    """How each request ended, by its text."""
    return {request.text: request.outcome for request in simulator.requests}


def assert_nothing_left(client: Client, simulator: Simulator) -> None:
    """No socket is open and no slot is held."""
    assert simulator.statistics().active == 0
    for account in client.statistics().accounts.values():
        assert (account.in_flight, account.waiting) == (0, 0)


def request_named(simulator: Simulator, text: str) -> RecordedRequest:
    """The request with this text."""
    return next(request for request in simulator.requests if request.text == text)
