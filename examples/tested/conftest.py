"""What all tests here have: the fixtures of trio_llm, both event loops, and no network."""

import pytest
from hypothesis import settings

pytest_plugins = ["trio_llm.testing.plugin"]

settings.register_profile("quick", max_examples=20, stateful_step_count=10, deadline=None, database=None)
settings.load_profile("quick")  # leave it out to search as long as Hypothesis does by default


@pytest.fixture(params=["trio", "asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """The event loop of an async test."""
    loop: str = request.param
    return loop


@pytest.fixture(autouse=True)
def offline(no_network: None) -> None:
    """Nothing reaches a provider by mistake."""
