"""Speech in OpenAI's shape ("Create speech", 2026-11)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, TypeAlias, TypedDict, Unpack

import attrs

from .costed import Costed
from .mapping import Record
from .receipt import Received
from .request import AnyRequest, CallOptions, ControlParams, checked_model, checked_text, split_arguments
from .shown import Shown

Voice: TypeAlias = str | Mapping[str, Any]
"""A voice's name, or an object such as `{"id": ...}` for one of the caller's own."""


class SpeechModelParams(TypedDict, total=False):
    """OpenAI's parameters ("Create speech", 2026-11)."""

    instructions: str | None
    response_format: str | None
    speed: float | None


class SpeechParams(SpeechModelParams, ControlParams, total=False):
    """Every keyword argument of a speech call beside `model`, `input` and `voice`."""


SPEECH_PARAMETERS = frozenset(SpeechModelParams.__annotations__)


@attrs.frozen(init=False)
class SpeechRequest(AnyRequest["SpeechResponse"]):
    """One speech call as a value.

    Example:
        speech = await client.call(SpeechRequest("openai/gpt-4o-mini-tts", "Hello.", "alloy"))
    """

    operation: ClassVar[str] = "speech"

    model: str
    input: str
    voice: Voice | None
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(self, model: str, input: str, voice: Voice | None = None, **params: Unpack[SpeechParams]) -> None:
        parameters, options = split_arguments(params, SPEECH_PARAMETERS)
        self.__attrs_init__(checked_model(model), checked_text(input, "input"), voice, parameters, options)


_USUAL_BLOCK: Final = 65_536


@attrs.define
class SpeechResponse(Costed, Shown, Received, Record):
    """Spoken text: the bytes of a sound file, all of them. The methods are those of LiteLLM's and OpenAI's objects.

    Example:
        speech = await trio_llm.aspeech("openai/gpt-4o-mini-tts", "Hello.", "alloy")
        pathlib.Path("hello.mp3").write_bytes(speech.content)
    """

    content: bytes = b""

    def read(self) -> bytes:
        """The bytes."""
        return self.content

    async def aread(self) -> bytes:
        """The bytes."""
        return self.content  # noqa: ASYNC910  # they are here already

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The bytes in blocks of `chunk_size`, 64 KiB if None."""
        size = chunk_size or _USUAL_BLOCK
        return (self.content[start : start + size] for start in range(0, len(self.content), size))

    def aiter_bytes(self, chunk_size: int | None = None) -> AsyncBlocks:
        """The same for `async for`."""
        return AsyncBlocks(self.iter_bytes(chunk_size))

    def write_to_file(self, file: str | os.PathLike[str]) -> None:
        """Write the bytes to a file."""
        Path(file).write_bytes(self.content)

    def stream_to_file(self, file: str | os.PathLike[str], *, chunk_size: int | None = None) -> None:
        """The same as `write_to_file`: the bytes are here already. `chunk_size` has no effect."""
        self.write_to_file(file)

    async def astream_to_file(  # noqa: ASYNC910  # nothing to wait for
        self, file: str | os.PathLike[str], *, chunk_size: int | None = None
    ) -> None:
        """The same as `write_to_file`. Writes in one go; `chunk_size` has no effect."""
        self.write_to_file(file)


@attrs.frozen
class AsyncBlocks:
    """Blocks at hand, for `async for`."""

    blocks: Iterator[bytes]

    def __aiter__(self) -> AsyncBlocks:
        return self

    async def __anext__(self) -> bytes:
        try:
            return next(self.blocks)  # noqa: ASYNC910  # nothing to wait for
        except StopIteration:
            raise StopAsyncIteration from None
