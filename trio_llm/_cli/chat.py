"""`trio-llm chat`: one question, or a conversation."""

from __future__ import annotations

import signal
import sys
from argparse import Namespace
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any, cast

import attrs
import trio

from .._client.client import Client
from .._types.chat import ChatParams, ChatRequest, ModelResponseStream
from .._types.errors import LLMError
from .checks import check_prompts
from .errors import CommandError, tell
from .files import read_stdin
from .interrupts import interruptible
from .prompts import Defaults, PromptLine, defaults_of
from .terminal import DIM, Screen, harmless, standard_screen

_INVITATION = "> "
_HINT = "\n(Ctrl-D ends the chat)\n"


def run(arguments: Namespace) -> int:
    """Answer one prompt, or talk, and return the exit status."""
    defaults = defaults_of(arguments, [arguments.model])
    prompt = _prompt(arguments.prompt)
    check_prompts([PromptLine(arguments.model, _request(defaults, [{"role": "user", "content": prompt or "Hello"}]))])
    if prompt is not None:
        return trio.run(_answer_once, _request(defaults, [*_opening(defaults), _user(prompt)]), standard_screen())
    return trio.run(_ChatSession(defaults, standard_screen(), _opening(defaults)).run)


def _prompt(given: str | None) -> str | None:
    """The one prompt there is; None to ask for them at the terminal."""
    if given not in (None, "-"):
        return given
    if given is None and sys.stdin.isatty():
        return None
    text = read_stdin(errors="replace").strip()  # what `git diff` says of old files is no UTF-8
    if not text:
        raise CommandError("no prompt: stdin is empty")
    return text


def _opening(defaults: Defaults) -> list[Mapping[str, Any]]:
    return [] if defaults.system is None else [{"role": "system", "content": defaults.system}]


def _user(text: str) -> Mapping[str, Any]:
    return {"role": "user", "content": text}


def _request(defaults: Defaults, messages: list[Mapping[str, Any]]) -> ChatRequest:
    params = cast("ChatParams", dict(defaults.parameters))
    return ChatRequest(defaults.models[0], messages, stream=True, **params)


async def _answer_once(request: ChatRequest, screen: Screen) -> int:
    failed = False
    async with Client() as client, interruptible() as interruption:
        try:
            await _ShownAnswer(screen).show(client, request)
        except LLMError as error:
            failed = True
            _complain(error)
    return interruption.status if interruption.signal is not None else int(failed)


def _complain(error: LLMError) -> None:
    tell(f"{type(error).__name__}: {error}")


@attrs.define
class _ShownAnswer:
    """An answer being written to the screen."""

    screen: Screen
    text: str = ""
    """What has come of it, without the thinking."""
    thinking: bool = False
    ends_line: bool = True

    async def show(self, client: Client, request: ChatRequest) -> None:
        """Write the answer as it comes, to its end."""
        try:
            async with await client.call(request) as stream:
                while batch := await stream.next_batch():
                    self._write(batch)
        finally:
            if not self.ends_line:
                self.screen.write("\n")

    def _write(self, batch: list[ModelResponseStream]) -> None:
        for choice in (choice for chunk in batch for choice in chunk.choices if choice.index == 0):
            # A pipe gets the answer and nothing else.
            if choice.delta.reasoning_content and self.screen.live:
                self._put(choice.delta.reasoning_content, thinking=True)
            if choice.delta.content:
                self.text += choice.delta.content
                self._put(choice.delta.content, thinking=False)

    def _put(self, text: str, *, thinking: bool) -> None:
        if self.thinking and not thinking:
            self.screen.write("\n\n")
        self.thinking = thinking
        shown = harmless(text) if self.screen.live else text
        self.ends_line = shown.endswith("\n")
        self.screen.write(self.screen.style(shown, DIM) if thinking else shown)


@attrs.define
class _ChatSession:
    """Questions from the terminal, answered in turn, each with all that was said before."""

    defaults: Defaults
    screen: Screen
    messages: list[Mapping[str, Any]]
    answering: trio.CancelScope | None = None
    """What Ctrl-C cancels."""

    async def run(self) -> int:
        """Talk until Ctrl-D."""
        with suppress(ImportError):
            import_module("readline")  # arrow keys and a history for input(), where the platform has them
        with trio.open_signal_receiver(signal.SIGINT) as signals:
            await self._talk(signals)
        self.screen.write("\n")
        return 0

    async def _talk(self, signals: AsyncIterator[int]) -> None:
        async with Client() as client, trio.open_nursery() as nursery:
            nursery.start_soon(self._watch, signals)
            while (text := _ask(self.screen)) is not None:
                await trio.lowlevel.checkpoint()
                if text.strip():
                    await self._reply(client, text)
            nursery.cancel_scope.cancel(reason="the conversation is over")

    async def _watch(self, signals: AsyncIterator[int]) -> None:
        async for _ in signals:
            if self.answering is not None:
                self.answering.cancel(reason="Ctrl-C")

    async def _reply(self, client: Client, text: str) -> None:
        await trio.lowlevel.checkpoint()
        asked = [*self.messages, _user(text)]
        answer = _ShownAnswer(self.screen)
        try:
            with trio.CancelScope() as self.answering:
                await answer.show(client, _request(self.defaults, asked))
        except LLMError as error:
            _complain(error)
        finally:
            self.answering = None
        # An answer that was broken off was read all the same: the conversation goes on from there.
        if answer.text:
            self.messages = [*asked, {"role": "assistant", "content": answer.text}]


def _ask(screen: Screen) -> str | None:
    """The next question; None at the end of the input. Ctrl-C throws away what was typed, and asks again.

    The event loop stands still meanwhile, when nothing is under way: Python lets Ctrl-C end `input` in the main thread
    alone, and without that what was typed before it would be part of the next question.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        while True:
            try:
                return input(_INVITATION)
            except KeyboardInterrupt:
                screen.write(_HINT)
    except EOFError:
        return None
    finally:
        signal.signal(signal.SIGINT, before)
