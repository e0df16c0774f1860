"""A state machine whose rules use a client in every way there is."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, consumes, multiple, rule

from ..._client.client import Client
from ..._runtime import trio
from ..._types.errors import LLMError
from ._machines import ProviderMachine
from ._texts import said

_MODEL = "openai/simulated"


class ClientMachine(ProviderMachine):
    """A client used in every way: whole replies, streams left at any place, cancelled calls, fan-outs, races.

    Override `make_client` to see whether your settings, observers, gates or transport keep the promises of a client:

        class MyTransport(ClientMachine):
            def make_client(self, simulator):
                return Client(transport=Signing(simulator), observers=[MyObserver()])


        TestMyTransport = MyTransport.TestCase
    """

    streams: Bundle[Any] = Bundle("streams")

    @rule(text=said())
    def ask(self, text: str) -> None:
        """A whole reply, or a typed error."""
        self.tried(_ask, self.client, text)

    @rule(text=said(), seconds=st.sampled_from([0.0, 0.25, 5.0]))
    def ask_and_give_up(self, text: str, seconds: float) -> None:
        """A call that is cancelled after a while."""
        self.tried(_given_up, self.client, text, seconds)

    @rule(target=streams, text=said())
    def open_stream(self, text: str) -> Any:
        """A stream up to its first content."""
        opened = self.tried(_open, self.client, text)
        if isinstance(opened, LLMError):
            return multiple()
        self.open_streams += 1
        return opened

    @rule(stream=streams)
    def read_on(self, stream: Any) -> None:
        """One more chunk, if there is one within a minute."""
        self.tried(_read, stream)

    @rule(stream=consumes(streams))
    def leave_stream(self, stream: Any) -> None:
        """The reader leaves."""
        self.tried(stream.aclose)
        self.open_streams -= 1

    @rule(count=st.integers(1, 4), deadline=st.sampled_from([None, 0.5, 20.0]))
    def fan_out(self, count: int, deadline: float | None) -> None:
        """Every job has an outcome, whatever happens."""
        outcomes = self.run(_fan_out, self.client, count, deadline)
        assert len(outcomes) == count

    def teardown(self) -> None:
        """As the provider's; streams that are left are the client's to close."""
        self.open_streams: int = 0
        super().teardown()


async def _ask(client: Client, text: str) -> Any:
    return await client.completion(_MODEL, [{"role": "user", "content": text}], timeout=120)


async def _given_up(client: Client, text: str, seconds: float) -> None:
    with trio.move_on_after(seconds):
        await _ask(client, text)


async def _open(client: Client, text: str) -> Any:
    return await client.completion(_MODEL, [{"role": "user", "content": text}], stream=True, timeout=120)


async def _read(stream: Any) -> None:
    with trio.move_on_after(60):
        await anext(aiter(stream), None)


async def _fan_out(client: Client, count: int, deadline: float | None) -> list[Any]:
    from ..._types.chat import ChatRequest

    jobs = [ChatRequest(_MODEL, [{"role": "user", "content": str(number)}], timeout=60) for number in range(count)]
    return await client.fan_out(jobs, deadline=deadline)
