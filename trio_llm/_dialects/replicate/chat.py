"""Chats with Replicate's language models, which take a prompt, and some of them pictures, and give text.

System messages are the `system_prompt`. One message by the user is the prompt as it is; a longer conversation is
written down, each turn under the name of who speaks. Tools cannot be expressed.

Source: Replicate, API pages of its official language models (`meta/meta-llama-3-70b-instruct`, `openai/gpt-5`), and
"Streaming output" (events `output`, `error`, `done`), 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ..._convert.narrow import JSONObject, a_list, as_list, as_object, is_object
from ..._framing.sse_decoder import ServerSentEvent, SSEDecoder
from ..._types.chat import ChatRequest, Delta, ModelResponse, ModelResponseStream, StreamingChoices
from ..._types.errors import BadRequestError, InternalServerError
from ..._types.folding import fold_chunks
from ..._types.http import HTTPRequest
from ..._types.usage import Usage
from ..contract import ErrorDetail, NotYet, ReplyIsError, StreamDecoder, WireCall
from ..failing import no_answer
from ..parameters import supported_parameters
from ..streaming import FrameStreamDecoder, TruncatedReply
from .predictions import begin, ended

_RENAMED: Final[Mapping[str, str]] = {
    "frequency_penalty": "frequency_penalty",
    "max_completion_tokens": "max_tokens",
    "max_tokens": "max_tokens",
    "presence_penalty": "presence_penalty",
    "reasoning_effort": "reasoning_effort",
    "seed": "seed",
    "temperature": "temperature",
    "top_p": "top_p",
}
_EXPRESSIBLE: Final = frozenset(_RENAMED) | {"stop", "stream_options"}
_SPEAKERS: Final = {"user": "User", "assistant": "Assistant"}


def encode_chat(call: WireCall[ChatRequest]) -> HTTPRequest:
    """A request that begins a prediction.

    Raises:
        UnsupportedParamsError: for what the wire cannot express; `drop_params` leaves it out.
        BadRequestError: for messages that have more than text and pictures.
    """
    return begin(call, _input(call))


def encode_chat_stream(call: WireCall[ChatRequest]) -> HTTPRequest:
    """The same for one whose output is streamed. Raises as `encode_chat` does."""
    return begin(call, _input(call), stream=True)


def _input(call: WireCall[ChatRequest]) -> dict[str, Any]:
    request = call.request
    given = supported_parameters(request.parameters, call, _EXPRESSIBLE, drop=request.options.drop_params)
    prompt, system, pictures = _written(request.messages)
    fields: dict[str, Any] = {"prompt": prompt}
    if system:
        fields["system_prompt"] = system
    if pictures:
        fields["image_input"] = pictures
    fields |= {wire: given[name] for name, wire in _RENAMED.items() if name in given}
    if (stop := given.get("stop")) is not None:
        fields["stop_sequences"] = stop if isinstance(stop, str) else ",".join(stop)
    return fields


def _written(messages: Sequence[Mapping[str, Any]]) -> tuple[str, str, list[str]]:
    """Prompt, system prompt and pictures."""
    systems: list[str] = []
    turns: list[tuple[str, str]] = []
    pictures: list[str] = []
    for number, message in enumerate(messages):
        role, where = message["role"], f"messages[{number}]"
        text = _text(message.get("content"), where, pictures)
        if role in ("system", "developer"):
            systems.append(text)
        elif role in _SPEAKERS and not message.get("tool_calls"):
            turns.append((_SPEAKERS[role], text))
        else:
            raise BadRequestError(f"{where}: Replicate's models take no tools, nor their results")
    if len(turns) == 1 and turns[0][0] == "User":
        return turns[0][1], "\n\n".join(systems), pictures
    told = "\n\n".join(f"{speaker}: {text}" for speaker, text in turns)
    return f"{told}\n\nAssistant:", "\n\n".join(systems), pictures


def _text(content: object, where: str, pictures: list[str]) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    texts: list[str] = []
    for place, part in a_list(content, f"{where}.content"):
        text = part if isinstance(part, str) else part.get("text") if is_object(part) else None
        picture = part.get("image_url") if is_object(part) else None
        url = picture.get("url") if is_object(picture) else picture
        if isinstance(text, str):
            texts.append(text)
        elif isinstance(url, str):
            pictures.append(url)
        else:
            raise BadRequestError(f"{place}: Replicate's language models take texts and images")
    return "".join(texts)


def decode_chat(call: WireCall[ChatRequest], body: bytes) -> ModelResponse | NotYet:
    """The answer of a prediction that has ended; no reason of its end is told.

    Raises:
        ConversionError: if it is malformed.
        ReplyIsError: if it failed, or has no text.
    """
    told = ended(body)
    if isinstance(told, NotYet):
        return told
    output = told.get("output")
    pieces = [output] if isinstance(output, str) else as_list(output)
    text = "".join(piece for piece in pieces if isinstance(piece, str))
    if not text:
        raise ReplyIsError(no_answer(told))
    choice = StreamingChoices("stop", delta=Delta(content=text, role="assistant"))
    chunk = ModelResponseStream(id=_id(told), model=call.model, choices=[choice], usage=_usage(told))
    chunk.model_extra = {"metrics": told["metrics"]} if told.get("metrics") else None
    return fold_chunks([chunk])


def _id(told: JSONObject) -> str | None:
    found = told.get("id")
    return found if isinstance(found, str) else None


def _usage(told: JSONObject) -> Usage | None:
    metrics = as_object(told.get("metrics"))
    prompt, answer = metrics.get("input_token_count"), metrics.get("output_token_count")
    if not isinstance(prompt, int) or not isinstance(answer, int):
        return None
    return Usage(prompt, answer, prompt + answer)


def open_chat_decoder(call: WireCall[ChatRequest]) -> StreamDecoder[ModelResponseStream]:
    """The decoder of a stream of output. Its events are bare text, which may look like anything."""
    return FrameStreamDecoder(SSEDecoder(), _PredictionReader(call))


class _PredictionReader:
    """The events of one prediction. Only `done` says that the output is whole."""

    def __init__(self, call: WireCall[ChatRequest]) -> None:
        self.finished = False
        self._model = call.model
        self._identifier = call.fresh.id("chatcmpl-")
        self._says_something = False

    @property
    def complete(self) -> bool:
        return self.finished

    def read(self, event: ServerSentEvent) -> Iterable[ModelResponseStream]:
        """The chunk that an event amounts to.

        Raises:
            ReplyIsError: for an error, and an end for another reason than that all is said.
        """
        if event.name == "output":
            self._says_something = self._says_something or bool(event.data)
            return [self._chunk(None, Delta(content=event.data, role="assistant"))]
        if event.name == "error":
            raise ReplyIsError(ErrorDetail(event.data[:2000] or "the prediction failed", "failed", InternalServerError))
        if event.name == "done":
            return [self._end(event.data)]
        return ()

    def _end(self, data: str) -> ModelResponseStream:
        self.finished = True
        if '"canceled"' in data or '"error"' in data:
            raise ReplyIsError(ErrorDetail(f"the prediction was broken off: {data[:200]}", None, InternalServerError))
        if not self._says_something:
            raise ReplyIsError(no_answer(data))
        return self._chunk("stop", Delta())

    def _chunk(self, reason: str | None, delta: Delta) -> ModelResponseStream:
        choice = StreamingChoices(reason, delta=delta)
        return ModelResponseStream(id=self._identifier, model=self._model, choices=[choice])

    def close(self) -> Iterable[ModelResponseStream]:
        if not self.finished:
            raise TruncatedReply("the stream ended before the event that it is done")
        return ()
