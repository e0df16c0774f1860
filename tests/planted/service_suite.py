"""The test suite of a chat service, as its author would write it before knowing of any mistake."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import rule

from trio_llm import LLMError
from trio_llm.testing import RecordedRequest, strategies

from .services import ChatService, GoneError

USERS: Final = st.sampled_from(["ann", "bob"])
SECONDS: Final = st.sampled_from([0.1, 7.0])


class ServiceMachine(strategies.ProviderMachine):
    """Knows what each user has said and heard."""

    kind: type[ChatService]

    def __init__(self) -> None:
        super().__init__()
        self.service = self.kind(self.client)
        self.turns: dict[str, list[tuple[str, str]]] = {"ann": [], "bob": []}
        self.asked = 0

    @rule(user=USERS, text=strategies.said())
    def say(self, user: str, text: str) -> None:
        self.examine(user, text, self.tried(self.service.say, user, text))

    @rule(user=USERS, text=strategies.said(), seconds=SECONDS)
    def say_and_leave(self, user: str, text: str, seconds: float) -> None:
        self.examine(user, text, self.left_after(seconds, self.service.say, user, text))

    @rule(user=USERS, text=strategies.said(), pieces=st.none() | st.integers(1, 3))
    def listen(self, user: str, text: str, pieces: int | None) -> None:
        """To all of it, or only to so many pieces."""
        heard: list[bytes] = []
        self.examine(user, text, self.tried(self.listened, user, text, heard, pieces), b"".join(heard))

    @rule(user=USERS, text=strategies.said(), seconds=SECONDS)
    def listen_and_leave(self, user: str, text: str, seconds: float) -> None:
        heard: list[bytes] = []
        self.examine(user, text, self.left_after(seconds, self.listened, user, text, heard), b"".join(heard))

    @rule(user=USERS, first=strategies.said(), second=strategies.said())
    def say_two_things_at_once(self, user: str, first: str, second: str) -> None:
        say = self.service.say
        answers = self.tried_together(partial(say, user, first), partial(say, user, second))
        requests, turns = self.requests(), self.turns[user]
        after = [[*turns, (request.text, request.said)] for request in requests]
        for request in requests:
            assert request.json["messages"][:-1] in [messages(one) for one in (turns, *after)]
        if all(isinstance(answer, str) for answer in answers):
            assert len(requests[-1].json["messages"]) == 2 * len(turns) + 3, "one was not told of the other"
        contents = [message["content"] for message in self.service.history(user)]
        self.turns[user] = [*zip(contents[::2], contents[1::2], strict=True)]

    async def listened(self, user: str, text: str, heard: list[bytes], pieces: int | None = None) -> str | None:
        async def send(piece: bytes) -> None:
            heard.append(piece)
            if len(heard) == pieces:
                raise GoneError

        try:
            await self.service.stream(user, text, send)
        except GoneError:
            return None
        return b"".join(heard).decode()

    def requests(self) -> list[RecordedRequest]:
        requests = [*self.simulator.requests[self.asked :]]
        self.asked += len(requests)
        return requests

    def examine(self, user: str, text: str, answer: Any, heard: bytes = b"") -> None:
        assert answer is None or isinstance(answer, str | LLMError)
        requests = self.requests()
        for request in requests:
            expected = [*messages(self.turns[user]), {"role": "user", "content": text}]
            assert request.json["messages"] == expected, (request.json["messages"], expected)
        if isinstance(answer, str):
            assert requests, "an answer that nobody gave"
            assert answer == requests[-1].said, (answer, requests[-1].said)
            self.turns[user].append((text, answer))
        elif requests:
            assert requests[-1].said.encode().startswith(heard), (requests[-1].said, heard)


def suite(kind: type[ChatService]) -> type[strategies.ProviderMachine]:
    """A machine whose users talk to a service."""
    return type("ServiceMachine", (ServiceMachine,), {"kind": kind})


def messages(turns: list[tuple[str, str]]) -> list[dict[str, str]]:
    """What the service tells the model of them."""
    roles = ("user", "assistant")
    return [{"role": role, "content": text} for turn in turns for role, text in zip(roles, turn, strict=True)]
