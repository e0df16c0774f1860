"""OpenAI's endpoints beside chat, and reranking in the shape that Cohere and Jina share: canned, deterministic answers.

Source: OpenAI API reference, "Create embeddings", "Create image", "Create speech", "Create transcription",
"Create moderation", "Create completion", "Create decision"; Cohere API reference, "Rerank", 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

from .._prompt import Prompt
from ._model import (
    EVENT_STREAM,
    Answer,
    BodyEvent,
    ReplyBody,
    SimulatedOperation,
    answer_tokens,
    copies,
    data_event,
    items,
    objects,
    positive,
    texts_of,
    whole,
    words,
)
from ._openai import CREATED, DONE, OPENAI, usage_object, wants_usage
from ._vectors import DEFAULT_DIMENSIONS, vector_list

_MOST: Final = 100
"""Things that are made for one request; nobody's simulator needs more."""
_FLAGGED_WORD: Final = "forbidden"
_CATEGORIES: Final = (
    *("harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm"),
    *("self-harm/instructions", "self-harm/intent", "sexual", "sexual/minors", "violence", "violence/graphic"),
)
PIXEL: Final = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="

"""The smallest PNG there is: one transparent pixel."""
IMAGE_URL: Final = "https://images.invalid/1.png"

_SUBTITLES: Final = {
    "srt": "1\n00:00:00,000 --> 00:00:01,000\n{}\n",
    "vtt": "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n{}\n",
}


def _read(field: str) -> Any:
    """A reader of requests whose question stands in one field, as a text or several."""

    def read(_path: str, body: Mapping[str, Any]) -> Prompt:
        texts = tuple(texts_of(body.get(field)))
        return Prompt(
            model=str(body.get("model", "")),
            texts=texts,
            last=texts[-1] if texts else "",
            stream=body.get("stream") in (True, "true"),
            max_tokens=positive(body.get("max_tokens")),
            body=body,
        )

    return read


def _write_text(prompt: Prompt, answer: Answer) -> ReplyBody:
    head = {"id": f"cmpl-{answer.id}", "object": "text_completion", "created": CREATED, "model": answer.model}

    def choice(index: int, text: str, finish: str | None) -> dict[str, Any]:
        return {"index": index, "text": text, "logprobs": None, "finish_reason": finish}

    said = list(_continuations(prompt, answer))
    if not prompt.stream:
        choices = [choice(index, "".join(pieces), answer.finish_reason) for index, pieces in enumerate(said)]
        return whole({**head, "choices": choices, "usage": usage_object(answer)}, tokens=answer_tokens(answer))
    events = [
        data_event({**head, "choices": [choice(index, piece, None)]}, tokens=1)
        for index, pieces in enumerate(said)
        for piece in pieces
    ]
    for index in range(len(said)):
        events.append(data_event({**head, "choices": [choice(index, "", answer.finish_reason)]}))
    if wants_usage(prompt):
        events.append(data_event({**head, "choices": [], "usage": usage_object(answer)}))
    return ReplyBody(EVENT_STREAM, [*events, DONE])


def _continuations(prompt: Prompt, answer: Answer) -> Iterator[Sequence[str]]:
    """For each prompt as many as were asked for, in pieces."""
    given: Any = prompt.body.get("prompt")
    several = isinstance(given, list) and len(given) > 1 and not isinstance(given[0], int)
    prompts: Sequence[Any] = given if several else [prompt.last]
    for asked in prompts:
        own = several and answer.echoed and isinstance(asked, str)
        pieces = words(f"echo: {asked}")[: prompt.max_tokens] if own else answer.text
        before = [asked] if prompt.body.get("echo") and isinstance(asked, str) else []
        for _ in range(copies(prompt.body.get("n"))):
            yield [*before, *pieces]


def _write_embeddings(prompt: Prompt, answer: Answer) -> ReplyBody:
    size = positive(prompt.body.get("dimensions")) or DEFAULT_DIMENSIONS
    data = vector_list(list(prompt.texts) or _token_inputs(prompt), size, prompt.body.get("encoding_format"))
    count = answer.usage.prompt_tokens
    usage = {"prompt_tokens": count, "total_tokens": count}
    return whole({"object": "list", "data": data, "model": answer.model, "usage": usage})


def _token_inputs(prompt: Prompt) -> list[str]:
    """Inputs that came as token ids: one list of numbers, or several."""
    given = items(prompt.body.get("input"))
    return [str(one) for one in given] if given and isinstance(given[0], list) else [str(given)]


def _write_images(prompt: Prompt, _answer: Answer) -> ReplyBody:
    if prompt.stream:
        return _stream_images(prompt)
    # Models of DALL-E give an address unless asked otherwise. OpenAI API reference, "Create image", `response_format`.
    usual = "url" if prompt.model.startswith("dall-e") else "b64_json"
    by_address = prompt.body.get("response_format", usual) == "url"
    image = {"url": IMAGE_URL} if by_address else {"b64_json": PIXEL}
    return whole({"created": CREATED, "data": [image] * _count(prompt, "n", 1)})


def _stream_images(prompt: Prompt) -> ReplyBody:
    """As many pictures on the way as were asked for, and the last."""
    kind = "image_edit" if "image" in prompt.body else "image_generation"
    picture = {"b64_json": PIXEL, "created_at": CREATED}
    events: list[dict[str, Any]] = [
        {"type": f"{kind}.partial_image", "partial_image_index": index, **picture}
        for index in range(_count(prompt, "partial_images", 0))
    ]
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    events.append({"type": f"{kind}.completed", **picture, "usage": usage})
    return ReplyBody(EVENT_STREAM, [data_event(event, name=event["type"]) for event in events])


def _count(prompt: Prompt, name: str, usual: int) -> int:
    """A number that came in JSON, or as text in a form."""
    given = prompt.body.get(name)
    text = str(given) if isinstance(given, int | str) else ""
    return min(int(text), _MOST) if text.isdecimal() else usual


def write_speech(prompt: Prompt, _answer: Answer) -> ReplyBody:
    """Bytes that name their text, one event a word, so that tests can recognise and cut them."""
    return ReplyBody("audio/mpeg", [BodyEvent(word.encode(), 1) for word in words(f"ID3 {prompt.last}")])


def _write_transcription(prompt: Prompt, answer: Answer) -> ReplyBody:
    text = "".join(answer.text)
    usage = {"type": "duration", "seconds": 1}
    if prompt.stream:
        events = [{"type": "transcript.text.delta", "delta": piece} for piece in answer.text]
        ending = {"type": "transcript.text.done", "text": text, "usage": usage}
        return ReplyBody(EVENT_STREAM, [data_event(event) for event in (*events, ending)])
    form = prompt.body.get("response_format")
    if form in ("text", "srt", "vtt"):
        return ReplyBody("text/plain; charset=utf-8", [BodyEvent(_SUBTITLES.get(form, "{}\n").format(text).encode())])
    reply: dict[str, Any] = {"text": text, "usage": usage}
    if form == "verbose_json":
        words = [{"word": word.strip(), "start": index, "end": index + 1} for index, word in enumerate(answer.text)]
        segment = {"id": 0, "start": 0, "end": len(words), "text": text}
        reply |= {"task": "transcribe", "language": "english", "words": words, "segments": [segment]}
    return whole(reply)


def _write_moderation(prompt: Prompt, answer: Answer) -> ReplyBody:
    # Parts are looked at together, texts one by one.
    texts = [" ".join(prompt.texts)] if objects(prompt.body.get("input")) else prompt.texts
    results = [_moderated(text) for text in texts]
    return whole({"id": f"modr-{answer.id}", "model": answer.model, "results": results})


def _moderated(text: str) -> dict[str, Any]:
    """One word of the text's flags violence, the name of a category the category."""
    found = {name: name in text or (name == "violence" and _FLAGGED_WORD in text) for name in _CATEGORIES}
    return {
        "flagged": any(found.values()),
        "categories": found,
        "category_scores": {name: 0.99 if is_found else 0.01 for name, is_found in found.items()},
        "category_applied_input_types": {name: ["text"] for name in found},
    }


def _write_decisions(prompt: Prompt, answer: Answer) -> ReplyBody:
    """Half true, the first choice, the lowest level: each question gets an answer of its own type."""
    answers = [_decided(question) for question in objects(prompt.body.get("questions"))]
    tokens = answer.usage.prompt_tokens
    counts = {"input_tokens": tokens, "output_tokens": 0, "total_tokens": tokens}
    return whole({"answers": answers, "model": answer.model, "usage": counts})


def _decided(question: Mapping[str, Any]) -> dict[str, Any]:
    kind = question.get("type")
    answer: dict[str, Any] = {"type": kind, "name": question.get("name")}
    if kind == "predicate":
        return answer | {"probability": 0.5}
    if kind == "choice":
        values = [choice.get("value") for choice in objects(question.get("choices"))] or [None]
        likely = [{"value": value, "probability": float(not number)} for number, value in enumerate(values)]
        return answer | {"choice": values[0], "confidence": 1.0, "probabilities": likely}
    labels = [str(level.get("label")) for level in objects(question.get("levels"))] or [""]
    likely = [
        {"value": number, "label": label, "probability": float(not number)} for number, label in enumerate(labels)
    ]
    return answer | {"score": 0.0, "confidence": 1.0, "probabilities": likely}


def _read_rerank(_path: str, body: Mapping[str, Any]) -> Prompt:
    documents = tuple(" ".join(texts_of(document)) for document in items(body.get("documents")))
    query = str(body.get("query", ""))
    return Prompt(model=str(body.get("model", "")), texts=(query, *documents), last=query, body=body)


def _write_rerank(prompt: Prompt, answer: Answer) -> ReplyBody:
    """Best first, by the share of the query's words that a document has."""
    query, *documents = (set(text.lower().split()) for text in prompt.texts)
    results = [
        {"index": index, "relevance_score": len(query & document) / max(1, len(query))}
        for index, document in enumerate(documents)
    ]
    results.sort(key=lambda result: -result["relevance_score"])
    top = positive(prompt.body.get("top_n")) or len(results)
    meta = {"billed_units": {"search_units": 1}}
    return whole({"id": answer.id, "results": results[:top], "meta": meta})


def _read_model(path: str, _body: Mapping[str, Any]) -> Prompt:
    return Prompt(model=unquote(path.partition("/models/")[2]))


def _write_model(prompt: Prompt, _answer: Answer) -> ReplyBody:
    return whole(_model(prompt.model))


def _write_models(_prompt: Prompt, _answer: Answer) -> ReplyBody:
    return whole({"object": "list", "data": [_model("simulated")], "has_more": False})


def _model(name: str) -> dict[str, Any]:
    """A model as OpenAI and Anthropic describe one, in one."""
    described = {"type": "model", "display_name": name, "created_at": "2023-11-14T22:13:20Z"}
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "simulator", **described}


ENDPOINTS: Final = tuple(
    SimulatedOperation(
        f"openai.{name}", re.compile(path), OPENAI, read, write, "GET" if name in ("model", "models") else "POST"
    )
    for name, path, read, write in (
        ("embeddings", r"/embeddings$", _read("input"), _write_embeddings),
        ("images", r"/images/generations$", _read("prompt"), _write_images),
        ("image_edits", r"/images/edits$", _read("prompt"), _write_images),
        ("image_variations", r"/images/variations$", _read("prompt"), _write_images),
        ("speech", r"/audio/speech$", _read("input"), write_speech),
        ("transcriptions", r"/audio/transcriptions$", _read("file"), _write_transcription),
        ("moderations", r"/moderations$", _read("input"), _write_moderation),
        ("decisions", r"/decisions$", _read("input"), _write_decisions),
        ("rerank", r"/rerank$", _read_rerank, _write_rerank),
        ("models", r"/models$", _read("model"), _write_models),
        ("model", r"/models/.+$", _read_model, _write_model),
        # Last, as it would find chat completions too.
        ("completions", r"(?<!/chat)/completions$", _read("prompt"), _write_text),
    )
)
