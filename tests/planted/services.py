"""A small chat service, and its variants with one mistake each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from trio_llm import Client, LLMError
from trio_llm._runtime import trio

Send = Callable[[bytes], Awaitable[None]]
MODEL: Final = "openai/any"


class GoneError(Exception):
    """The listener has gone."""


class ChatService:
    """Keeps a conversation for each user. A turn that fails leaves no trace."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.histories: dict[str, list[Any]] = {}
        self.locks: dict[str, trio.Lock] = {}

    def history(self, user: str) -> list[Any]:
        return self.histories.setdefault(user, [])

    def lock(self, user: str) -> trio.Lock:
        return self.locks.setdefault(user, trio.Lock())

    async def say(self, user: str, text: str) -> str:
        """The whole answer. Raises `LLMError`."""
        async with self.lock(user):
            answer = await self.ask([*self.history(user), question(text)])
            self.remember(user, text, answer)
        return answer or ""

    async def ask(self, messages: list[Any]) -> Any:
        response = await self.client.completion(MODEL, messages)
        return response.choices[0].message.content or ""

    async def stream(self, user: str, text: str, send: Send) -> None:
        """The answer in pieces, as UTF-8. Raises `LLMError`, and what `send` raises."""
        async with self.lock(user):
            answer = await self.pass_on([*self.history(user), question(text)], send)
            self.remember(user, text, answer)

    async def pass_on(self, messages: list[Any], send: Send) -> str:
        said: list[str] = []
        async with self.client.stream(MODEL, messages) as stream:
            async for chunk in stream:
                if piece := chunk.choices[0].delta.content:
                    said.append(piece)
                    await send(piece.encode())
        return "".join(said)

    def remember(self, user: str, text: str, answer: str) -> None:
        self.history(user).extend([question(text), {"role": "assistant", "content": answer}])


def question(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


class HasOneHistoryForAll(ChatService):
    def history(self, user: str) -> list[Any]:
        return self.histories.setdefault("user", [])


class KeepsWhatABrokenStreamHasSaid(ChatService):
    async def stream(self, user: str, text: str, send: Send) -> None:
        said: list[bytes] = []

        async def sending(piece: bytes) -> None:
            said.append(piece)
            await send(piece)

        async with self.lock(user):
            try:
                await self.pass_on([*self.history(user), question(text)], sending)
            finally:
                self.remember(user, text, b"".join(said).decode())


class TakesABrokenStreamForAWholeOne(ChatService):
    async def pass_on(self, messages: list[Any], send: Send) -> str:
        said: list[str] = []
        try:
            async with self.client.stream(MODEL, messages) as stream:
                async for chunk in stream:
                    if piece := chunk.choices[0].delta.content:
                        said.append(piece)
                        await send(piece.encode())
        except LLMError:
            if not said:
                raise
        return "".join(said)


class LeavesTheStreamWhenItsListenerGoes(ChatService):
    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.streams: list[Any] = []

    async def pass_on(self, messages: list[Any], send: Send) -> str:
        said: list[str] = []
        stream = await self.client.completion(MODEL, messages, stream=True)
        self.streams.append(stream)
        async for chunk in stream:
            if piece := chunk.choices[0].delta.content:
                said.append(piece)
                await send(piece.encode())
        return "".join(said)


class RemembersThatNothingWasSaid(ChatService):
    async def ask(self, messages: list[Any]) -> Any:
        response = await self.client.completion(MODEL, messages)
        return response.choices[0].message.content


class LosesTheLastPiece(ChatService):
    async def pass_on(self, messages: list[Any], send: Send) -> str:
        waiting: list[bytes] = []

        async def sending(piece: bytes) -> None:
            waiting.append(piece)
            if len(waiting) == 2:
                await send(b"".join(waiting))
                waiting.clear()

        return await super().pass_on(messages, sending)


class CutsCharactersInTwo(ChatService):
    async def pass_on(self, messages: list[Any], send: Send) -> str:
        async def sending(piece: bytes) -> None:
            for start in range(0, len(piece), 4):
                await send(piece[start : start + 4].decode(errors="replace").encode())

        return await super().pass_on(messages, sending)


class SendsTwiceAfterARetry(ChatService):
    async def pass_on(self, messages: list[Any], send: Send) -> str:
        try:
            return await super().pass_on(messages, send)
        except LLMError:
            return await super().pass_on(messages, send)


class KeepsTheQuestionOfATurnThatFailed(ChatService):
    async def say(self, user: str, text: str) -> str:
        async with self.lock(user):
            self.history(user).append(question(text))
            answer: str = await self.ask([*self.history(user)])
            self.history(user).append({"role": "assistant", "content": answer})
        return answer


class LetsTurnsOverlap(ChatService):
    def lock(self, user: str) -> trio.Lock:
        return trio.Lock()


class AnswersWithTheError(ChatService):
    async def ask(self, messages: list[Any]) -> Any:
        try:
            return await super().ask(messages)
        except LLMError as error:
            return f"Sorry: {error}"


class RemembersFourMessages(ChatService):
    def remember(self, user: str, text: str, answer: str) -> None:
        super().remember(user, text, answer)
        del self.history(user)[:-3]


class AnswersFromAnotherConversation(ChatService):
    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.known: dict[str, str] = {}

    async def ask(self, messages: list[Any]) -> Any:
        text = messages[-1]["content"]
        if text not in self.known:
            self.known[text] = await super().ask(messages)
        return self.known[text]


class StripsWhatIsSaid(ChatService):
    async def pass_on(self, messages: list[Any], send: Send) -> str:
        async def sending(piece: bytes) -> None:
            await send(piece.strip())

        return await super().pass_on(messages, sending)


MISTAKEN: Final[tuple[type[ChatService], ...]] = tuple(ChatService.__subclasses__())
