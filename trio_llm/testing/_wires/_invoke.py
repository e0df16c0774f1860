"""Bedrock's InvokeModel, whole and streamed: each maker's own format at one path, told apart by the body.

A stream is an AWS event stream whose messages hold the maker's events in base64.

Source: Amazon Bedrock API reference, "InvokeModel" and "InvokeModelWithResponseStream"; user guide, "Inference request
parameters and response fields for foundation models", 2026-11.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote

import attrs

from ..._convert import json as _json
from .._prompt import Prompt
from ._anthropic import ENDPOINTS as OF_ANTHROPIC
from ._bedrock import BEDROCK, ENDPOINTS as OF_BEDROCK, converse_events
from ._cohere import ENDPOINTS as OF_COHERE
from ._model import (
    AWS_STREAM,
    EVENT_STREAM,
    Answer,
    BodyEvent,
    ReplyBody,
    SimulatedOperation,
    answer_tokens,
    aws_event,
    copies,
    fields,
    positive,
    whole,
)
from ._openai import ENDPOINTS as OF_OPENAI
from ._other import ENDPOINTS as OF_OTHERS, PIXEL
from ._vectors import DEFAULT_DIMENSIONS, vector

_PATH: Final = re.compile(r"/model/[^/]+/invoke(-with-response-stream)?$")
_COUNT: Final = re.compile(r"/model/[^/]+/count-tokens$")
_METRICS: Final = "amazon-bedrock-invocationMetrics"
_MESSAGES, *_ = OF_ANTHROPIC
_CONVERSE, *_ = OF_BEDROCK
_CHAT, *_ = OF_OPENAI
_EMBED = next(one for one in OF_COHERE if one.name == "cohere.embeddings")
_RERANK = next(one for one in OF_OTHERS if one.name == "openai.rerank")
_Fits = Callable[[str, Mapping[str, Any]], bool]


def _model(path: str) -> str:
    return unquote(path.split("/")[-2])


def _made_by(maker: str) -> _Fits:
    return lambda path, _: f"{maker}." in _model(path)


def _has(*names: str) -> _Fits:
    return lambda _, body: all(name in body for name in names)


def _payload(event: Mapping[str, Any], tokens: int = 0) -> BodyEvent:
    held = _json.dumps({"bytes": b64encode(_json.dumps(event)).decode()})
    return aws_event("chunk", held, tokens=tokens)


def _counts(answer: Answer) -> dict[str, str]:
    usage = answer.usage
    counted = {"input": usage.prompt_tokens, "output": usage.completion_tokens}
    return {f"x-amzn-bedrock-{name}-token-count": str(count) for name, count in counted.items()}


def _metrics(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    counts = {"inputTokenCount": usage.prompt_tokens, "outputTokenCount": usage.completion_tokens}
    return {_METRICS: {**counts, "invocationLatency": 1, "firstByteLatency": 1}}


def _hosted(endpoint: SimulatedOperation, name: str, fits: _Fits) -> SimulatedOperation:
    """A maker's own operation as Bedrock offers it: the path names the model and says whether the reply is streamed."""

    def read(path: str, body: Mapping[str, Any]) -> Prompt:
        asked = endpoint.read(path, body)
        return attrs.evolve(asked, model=_model(path), stream=path.endswith("-stream"))

    def write(prompt: Prompt, answer: Answer) -> ReplyBody:
        written = endpoint.write(prompt, answer)
        return _wrapped(written, answer) if written.content_type == EVENT_STREAM else written

    return attrs.evolve(endpoint, name=name, path=_PATH, family=BEDROCK, read=read, write=write, fits=fits)


def _wrapped(written: ReplyBody, answer: Answer) -> ReplyBody:
    told = [
        (_json.loads(event.data.rpartition(b"data: ")[2]), event.tokens)
        for event in written.events
        if b"data: {" in event.data
    ]
    told[-1][0].update(_metrics(answer))
    return ReplyBody(AWS_STREAM, [_payload(event, tokens) for event, tokens in told])


def _write_nova(prompt: Prompt, answer: Answer) -> ReplyBody:
    if not prompt.stream:
        return _CONVERSE.write(prompt, answer)
    return ReplyBody(AWS_STREAM, [_payload({kind: told}, tokens) for kind, told, tokens in converse_events(answer)])


@attrs.frozen
class _Form:
    """How one maker's models that go on with a text are asked, and answer."""

    name: str
    fits: _Fits
    field: str
    """The field of the text."""
    limit: str
    asked: re.Pattern[str]
    """The turns of the user's in the text."""
    whole: Callable[[str, str, Answer], dict[str, Any]]
    """A reply, from the text and the reason of its end."""
    piece: Callable[[str, str | None, Answer], dict[str, Any]]
    """An event of a stream."""
    reasons: tuple[str, str]
    """What it calls an end, and a limit that was reached."""
    holder: str = ""

    def read(self, path: str, body: Mapping[str, Any]) -> Prompt:
        """The question."""
        text = str(body.get(self.field, ""))
        asked = self.asked.findall(text)
        settings = fields(body.get(self.holder)) if self.holder else body
        return Prompt(
            model=_model(path),
            texts=(text,),
            last=asked[-1].strip() if asked else text,
            stream=path.endswith("-stream"),
            max_tokens=positive(settings.get(self.limit)),
            body=body,
        )

    def write(self, prompt: Prompt, answer: Answer) -> ReplyBody:
        """The answer."""
        reason = self.reasons[answer.finish_reason == "length"]
        if not prompt.stream:
            written = whole(self.whole("".join(answer.text), reason, answer), tokens=answer_tokens(answer))
            return attrs.evolve(written, headers=_counts(answer))
        events = [_payload(self.piece(text, None, answer), 1) for text in answer.text]
        return ReplyBody(AWS_STREAM, [*events, _payload({**self.piece("", reason, answer), **_metrics(answer)})])


def _titan(text: str, reason: str, answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    result = {"tokenCount": usage.completion_tokens, "outputText": text, "completionReason": reason}
    return {"inputTextTokenCount": usage.prompt_tokens, "results": [result]}


def _titan_piece(text: str, reason: str | None, answer: Answer) -> dict[str, Any]:
    told = {"outputText": text, "index": 0, "completionReason": reason}
    return {**told, "inputTextTokenCount": answer.usage.prompt_tokens, "totalOutputTextTokenCount": None}


def _llama(text: str, reason: str | None, answer: Answer) -> dict[str, Any]:
    counts = {"prompt_token_count": answer.usage.prompt_tokens}
    if reason is not None:
        counts["generation_token_count"] = answer.usage.completion_tokens
    return {"generation": text, **counts, "stop_reason": reason}


def _mistral(text: str, reason: str | None, _: Answer) -> dict[str, Any]:
    return {"outputs": [{"text": text, "stop_reason": reason}]}


def _claude(text: str, reason: str | None, _: Answer) -> dict[str, Any]:
    return {"type": "completion", "completion": text, "stop_reason": reason, "stop": None}


def _command(text: str, reason: str, answer: Answer) -> dict[str, Any]:
    return {"id": answer.id, "generations": [{"id": answer.id, "text": text, "finish_reason": reason}]}


def _command_piece(text: str, reason: str | None, _: Answer) -> dict[str, Any]:
    ended: dict[str, Any] = {"is_finished": reason is not None}
    return {"text": text, "index": 0, **ended, **({"finish_reason": reason} if reason else {})}


def _command_r(text: str, reason: str, answer: Answer) -> dict[str, Any]:
    return {"generation_id": answer.id, "response_id": answer.id, "text": text, "finish_reason": reason}


def _jurassic(text: str, reason: str | None, answer: Answer) -> dict[str, Any]:
    ended = {"finishReason": {"reason": reason}} if reason else {}
    return {"id": answer.id, "completions": [{"data": {"text": text}, **ended}]}


_HUMAN: Final = re.compile(r"Human: (.*?)(?=\n\nAssistant:|$)", re.DOTALL)
_INSTRUCTION: Final = re.compile(r"\[INST\](.*?)\[/INST\]", re.DOTALL)
_LLAMA_USER: Final = re.compile(r"user<\|end_header_id\|>\n\n(.*?)<\|eot_id\|>", re.DOTALL)
_ALL: Final = re.compile(r".+", re.DOTALL)
_TITAN_USER: Final = re.compile(r"\nUser: (.*?)(?=\nBot:|$)", re.DOTALL)
_ENDS: Final = ("COMPLETE", "MAX_TOKENS")
_CLAUDE_ENDS: Final = ("stop_sequence", "max_tokens")

_FORMS: Final = (
    _Form(
        "titan", _has("inputText"), "inputText", "maxTokenCount", _TITAN_USER, _titan,
        _titan_piece, ("FINISH", "LENGTH"), "textGenerationConfig",
    ),
    _Form("llama", _made_by("meta"), "prompt", "max_gen_len", _LLAMA_USER, _llama, _llama, ("stop", "length")),
    _Form(
        "mistral", _made_by("mistral"), "prompt", "max_tokens", _INSTRUCTION, _mistral, _mistral, ("stop", "length")
    ),
    _Form(
        "claude_2", _made_by("anthropic"), "prompt", "max_tokens_to_sample", _HUMAN, _claude, _claude, _CLAUDE_ENDS
    ),
    _Form("command_r", _has("message"), "message", "max_tokens", _ALL, _command_r, _command_piece, _ENDS),
    _Form("command", _made_by("cohere"), "prompt", "max_tokens", _HUMAN, _command, _command_piece, _ENDS),
    _Form("jurassic", _made_by("ai21"), "prompt", "maxTokens", _ALL, _jurassic, _jurassic, ("endoftext", "length")),
)  # fmt: skip


def _titan_embeds(path: str, body: Mapping[str, Any]) -> bool:
    return "inputText" in body and "embed" in _model(path)


def _read_vector(path: str, body: Mapping[str, Any]) -> Prompt:
    wanted = fields(body.get("singleEmbeddingParams"))
    text = str(body.get("inputText") or fields(wanted.get("text")).get("value") or "")
    return Prompt(model=_model(path), texts=(text,), last=text, body=body)


def _write_titan_vector(prompt: Prompt, answer: Answer) -> ReplyBody:
    values = vector(prompt.last, positive(prompt.body.get("dimensions")) or DEFAULT_DIMENSIONS)
    count = answer.usage.prompt_tokens
    return whole({"embedding": values, "embeddingsByType": {"float": values}, "inputTextTokenCount": count})


def _write_nova_vector(prompt: Prompt, _answer: Answer) -> ReplyBody:
    size = positive(fields(prompt.body.get("singleEmbeddingParams")).get("embeddingDimension")) or DEFAULT_DIMENSIONS
    return whole({"embeddings": [{"embeddingType": "TEXT", "embedding": vector(prompt.last, size)}]})


def _read_picture(path: str, body: Mapping[str, Any]) -> Prompt:
    text = str(body.get("prompt") or fields(body.get("textToImageParams")).get("text") or "")
    return Prompt(model=_model(path), texts=(text,), last=text, body=body)


def _write_canvas(prompt: Prompt, _answer: Answer) -> ReplyBody:
    count = copies(fields(prompt.body.get("imageGenerationConfig")).get("numberOfImages"))
    return whole({"images": [PIXEL] * count, "error": None})


def _write_stability(_prompt: Prompt, _answer: Answer) -> ReplyBody:
    return whole({"seeds": [0], "finish_reasons": [None], "images": [PIXEL]})


def _read_count(path: str, body: Mapping[str, Any]) -> Prompt:
    given = fields(fields(body.get("input")).get("invokeModel")).get("body")
    try:
        held = fields(_json.loads(b64decode(given))) if isinstance(given, str) else {}
    except ValueError:
        held = {}
    return attrs.evolve(_MESSAGES.read(path, held), model=_model(path))


def _write_count(_prompt: Prompt, answer: Answer) -> ReplyBody:
    return whole({"inputTokens": answer.usage.prompt_tokens})


def _counts_invoked(_path: str, body: Mapping[str, Any]) -> bool:
    return "invokeModel" in fields(body.get("input"))


def _own(name: str, fits: _Fits, read: Any, write: Any) -> SimulatedOperation:
    return SimulatedOperation(f"bedrock.{name}", _PATH, BEDROCK, read, write, fits=fits)


def _makes_vectors(_path: str, body: Mapping[str, Any]) -> bool:
    return body.get("taskType") == "SINGLE_EMBEDDING"


def _makes_pictures(_path: str, body: Mapping[str, Any]) -> bool:
    return body.get("taskType") == "TEXT_IMAGE"


ENDPOINTS: Final = (
    SimulatedOperation("bedrock.invoke_count_tokens", _COUNT, BEDROCK, _read_count, _write_count, fits=_counts_invoked),
    _hosted(_MESSAGES, "bedrock.invoke_claude", _has("anthropic_version", "messages")),
    attrs.evolve(_hosted(_CONVERSE, "bedrock.invoke_nova", _has("schemaVersion")), write=_write_nova),
    _hosted(_CHAT, "bedrock.invoke_chats", _has("messages")),
    _hosted(_EMBED, "bedrock.invoke_cohere_embeddings", _has("input_type")),
    _hosted(_RERANK, "bedrock.invoke_rerank", _has("query", "documents")),
    _own("invoke_nova_embeddings", _makes_vectors, _read_vector, _write_nova_vector),
    _own("invoke_canvas", _makes_pictures, _read_picture, _write_canvas),
    _own("invoke_titan_embeddings", _titan_embeds, _read_vector, _write_titan_vector),
    _own("invoke_stability", _made_by("stability"), _read_picture, _write_stability),
    *(_own(f"invoke_{form.name}", form.fits, form.read, form.write) for form in _FORMS),
)
