"""Vendors who go on with a text in shapes of their own: TGI, watsonx, Aleph Alpha; and vectors by feature extraction.

Source: TGI's OpenAPI description, version 3.3; IBM watsonx.ai API reference, "Infer text", "Infer text event stream",
"Text chat" and "Text embeddings"; Aleph Alpha, PhariaInference API 4.7, "Completion"; Hugging Face, "Feature
Extraction", 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import attrs

from .._actions import Failure
from .._prompt import Prompt
from ._asked import choice, stops
from ._cohere import texts_of_list
from ._limit_headers import no_headers
from ._model import (
    EVENT_STREAM,
    Answer,
    Family,
    ReplyBody,
    SimulatedOperation,
    answer_tokens,
    data_event,
    fields,
    positive,
    whole,
)
from ._openai import ENDPOINTS as OF_OPENAI
from ._vectors import DEFAULT_DIMENSIONS, vector

_CREATED: Final = "2023-11-14T22:13:20.000Z"
_CHAT, *_ = OF_OPENAI


def _tgi_error(failure: Failure) -> dict[str, Any]:
    usual = "overloaded" if failure.status in (429, 503) else "generation"
    return {"error": failure.message, "error_type": failure.code or usual}


TGI: Final = Family(
    "tgi", _tgi_error, lambda failure: data_event(_tgi_error(failure)).data, b": keep-alive\n\n", no_headers
)


def read_generation(path: str, body: Mapping[str, Any]) -> Prompt:
    """The question of TGI's requests."""
    settings, text = fields(body.get("parameters")), str(body.get("inputs", ""))
    return Prompt(
        texts=(text,),
        last=text,
        stream=path.endswith("_stream") or bool(body.get("stream")),
        max_tokens=positive(settings.get("max_new_tokens")),
        stop=stops(settings.get("stop")),
        body=body,
    )


def write_generation(prompt: Prompt, answer: Answer) -> ReplyBody:
    """TGI's answer."""
    text, usage = "".join(answer.text), answer.usage
    reason = "length" if answer.finish_reason == "length" else "eos_token"
    details = {"finish_reason": reason, "generated_tokens": usage.completion_tokens, "seed": None}
    if not prompt.stream:
        return whole(
            {"generated_text": text, "details": {**details, "input_length": usage.prompt_tokens, "prefill": []}},
            tokens=answer_tokens(answer),
        )
    pieces = [*answer.text, ""]
    events: list[dict[str, Any]] = [
        {"index": index, "token": _token(index, piece), "generated_text": None, "details": None}
        for index, piece in enumerate(pieces)
    ]
    events[-1] |= {"generated_text": text, "details": {**details, "input_length": usage.prompt_tokens}}
    return ReplyBody(EVENT_STREAM, [data_event(event, tokens=int(event["details"] is None)) for event in events])


def _token(number: int, text: str) -> dict[str, Any]:
    return {"id": number, "text": text, "logprob": 0.0, "special": not text}


def read_features(path: str, body: Mapping[str, Any]) -> Prompt:
    """The texts whose vectors are asked for."""
    texts = texts_of_list(body.get("inputs"))
    model = path.partition("/models/")[2].partition("/pipeline")[0]
    return Prompt(model, texts, texts[-1] if texts else "", body=body)


def write_features(prompt: Prompt, _answer: Answer) -> ReplyBody:
    """A bare list of vectors."""
    size = positive(prompt.body.get("dimensions")) or DEFAULT_DIMENSIONS
    return whole([vector(text, size) for text in prompt.texts])


def _watsonx_error(failure: Failure) -> dict[str, Any]:
    usual = {401: "authentication_token_not_valid", 404: "model_not_supported", 429: "consumption_limit_reached"}
    code = failure.code or usual.get(failure.status, "invalid_request_entity")
    return {"errors": [{"code": code, "message": failure.message}], "status_code": failure.status}


WATSONX: Final = Family(
    "watsonx", _watsonx_error, lambda failure: data_event(_watsonx_error(failure)).data, b": keep-alive\n\n", no_headers
)


def _of_watsonx(_path: str, body: Mapping[str, Any]) -> bool:
    return "model_id" in body


def _read_watsonx_chat(path: str, body: Mapping[str, Any]) -> Prompt:
    asked = _CHAT.read(path, body)
    word = choice(body.get("tool_choice") or body.get("tool_choice_option"))
    return attrs.evolve(asked, model=str(body.get("model_id", "")), stream=path.endswith("_stream"), choice=word)


def _write_watsonx_chat(prompt: Prompt, answer: Answer) -> ReplyBody:
    # Usage comes unasked.
    told = attrs.evolve(prompt, body={**prompt.body, "stream_options": {"include_usage": True}})
    return _CHAT.write(told, answer)


def _read_watsonx(path: str, body: Mapping[str, Any]) -> Prompt:
    settings, text = fields(body.get("parameters")), str(body.get("input", ""))
    return Prompt(
        model=str(body.get("model_id", "")),
        texts=(text,),
        last=text,
        stream=path.endswith("_stream"),
        max_tokens=positive(settings.get("max_new_tokens")),
        stop=stops(settings.get("stop_sequences")),
        body=body,
    )


def _write_watsonx(prompt: Prompt, answer: Answer) -> ReplyBody:
    head = {"model_id": answer.model, "created_at": _CREATED}
    end = "max_tokens" if answer.finish_reason == "length" else "eos_token"
    prompt_tokens = answer.usage.prompt_tokens

    def told(text: str, count: int, reason: str) -> dict[str, Any]:
        counts = {"generated_token_count": count, "input_token_count": prompt_tokens}
        return {**head, "results": [{"generated_text": text, **counts, "stop_reason": reason}]}

    if not prompt.stream:
        return whole(told("".join(answer.text), answer.usage.completion_tokens, end), tokens=answer_tokens(answer))
    events = [
        data_event(told(piece, number + 1, "not_finished"), name="message", tokens=1)
        for number, piece in enumerate(answer.text)
    ]
    last = data_event(told("", answer.usage.completion_tokens, end), name="message")
    return ReplyBody(EVENT_STREAM, [*events, last])


def _read_watsonx_vectors(_path: str, body: Mapping[str, Any]) -> Prompt:
    texts = texts_of_list(body.get("inputs"))
    return Prompt(str(body.get("model_id", "")), texts, texts[-1] if texts else "", body=body)


def _write_watsonx_vectors(prompt: Prompt, answer: Answer) -> ReplyBody:
    results = [{"embedding": vector(text, DEFAULT_DIMENSIONS), "input": text} for text in prompt.texts]
    head = {"model_id": answer.model, "created_at": _CREATED}
    return whole({**head, "results": results, "input_token_count": answer.usage.prompt_tokens})


ALEPH_ALPHA: Final = Family(
    "aleph_alpha",
    lambda failure: {"error": failure.message, "code": failure.code or "UNKNOWN"},
    lambda failure: data_event({"error": failure.message}).data,
    b": keep-alive\n\n",
    no_headers,
)


def _read_complete(_path: str, body: Mapping[str, Any]) -> Prompt:
    text = str(body.get("prompt", ""))
    return Prompt(
        model=str(body.get("model", "")),
        texts=(text,),
        last=text,
        max_tokens=positive(body.get("maximum_tokens")),
        stop=stops(body.get("stop_sequences")),
        body=body,
    )


def _write_complete(_prompt: Prompt, answer: Answer) -> ReplyBody:
    reason = "maximum_tokens" if answer.finish_reason == "length" else "end_of_text"
    usage = answer.usage
    counts = {
        "num_tokens_prompt_total": usage.prompt_tokens,
        "num_tokens_generated": usage.completion_tokens,
    }
    completion = {"completion": "".join(answer.text), "finish_reason": reason}
    told = {"model_version": answer.model, "completions": [completion], **counts}
    return whole(told, tokens=answer_tokens(answer))


ENDPOINTS: Final = (
    SimulatedOperation("tgi.generate", re.compile(r"/generate(_stream)?$"), TGI, read_generation, write_generation),
    SimulatedOperation(
        "tgi.embeddings", re.compile(r"/pipeline/feature-extraction$"), TGI, read_features, write_features
    ),
    SimulatedOperation(
        "watsonx.chat",
        re.compile(r"/chat(_stream)?$"),
        WATSONX,
        _read_watsonx_chat,
        _write_watsonx_chat,
        fits=_of_watsonx,
    ),
    SimulatedOperation(
        "watsonx.generation",
        re.compile(r"/generation(_stream)?$"),
        WATSONX,
        _read_watsonx,
        _write_watsonx,
        fits=_of_watsonx,
    ),
    SimulatedOperation(
        "watsonx.embeddings",
        re.compile(r"/embeddings$"),
        WATSONX,
        _read_watsonx_vectors,
        _write_watsonx_vectors,
        fits=_of_watsonx,
    ),
    SimulatedOperation("aleph_alpha.complete", re.compile(r"/complete$"), ALEPH_ALPHA, _read_complete, _write_complete),
)
