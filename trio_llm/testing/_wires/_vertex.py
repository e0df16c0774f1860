"""What Vertex AI has beside Gemini's own endpoints: `rawPredict` of other makers' models, and `predict` of embeddings.

Source: Google Cloud docs, "Use Anthropic's Claude models", "Mistral AI models", "Get text embeddings" and
"Multimodal embeddings API", 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

import attrs

from ..._convert import json as _json
from .._prompt import Prompt
from ._anthropic import ENDPOINTS as OF_ANTHROPIC
from ._gemini import ENDPOINTS as OF_GEMINI, GEMINI
from ._model import Answer, ReplyBody, SimulatedOperation, copies, fields, objects, positive, whole
from ._openai import ENDPOINTS as OF_OPENAI
from ._other import PIXEL
from ._vectors import DEFAULT_DIMENSIONS, vector

_MESSAGES, _COUNT, *_ = OF_ANTHROPIC
_CHAT, *_ = OF_OPENAI
_CONTENTS, *_ = OF_GEMINI


def _hosted(endpoint: SimulatedOperation, name: str, path: str) -> SimulatedOperation:
    """An endpoint of a maker's, whose model stands in the path."""

    def read(path: str, body: Mapping[str, Any]) -> Prompt:
        model = unquote(path.rpartition("/")[2].partition(":")[0])
        return attrs.evolve(endpoint.read(path, body), model=model)

    return attrs.evolve(endpoint, name=name, path=re.compile(path), read=read)


def _read_embedding(path: str, body: Mapping[str, Any]) -> Prompt:
    texts = tuple(str(one.get("content", "")) for one in objects(body.get("instances")))
    return Prompt(model=path.rpartition("/")[2].partition(":")[0], texts=texts, body=body)


def _write_embedding(prompt: Prompt, _answer: Answer) -> ReplyBody:
    size = positive(fields(prompt.body.get("parameters")).get("outputDimensionality")) or DEFAULT_DIMENSIONS
    predictions = [
        {"embeddings": {"values": vector(text, size), "statistics": {"token_count": len(text.split())}}}
        for text in prompt.texts
    ]
    return whole({"predictions": predictions})


def _read_kinds(path: str, body: Mapping[str, Any]) -> Prompt:
    texts = tuple(str(one.get("text", "")) for one in objects(body.get("instances")))
    return Prompt(model=path.rpartition("/")[2].partition(":")[0], texts=texts, body=body)


def _write_kinds(prompt: Prompt, _answer: Answer) -> ReplyBody:
    size = positive(fields(prompt.body.get("parameters")).get("dimension")) or DEFAULT_DIMENSIONS
    return whole({"predictions": [_kinds(one, size) for one in objects(prompt.body.get("instances"))]})


def _kinds(instance: Mapping[str, Any], size: int) -> dict[str, Any]:
    """A vector of each kind in an instance; a video has all the numbers that there are.

    It is as long as the segments that are asked for: two minutes at most, of 16 seconds each where nobody says.
    """
    told: dict[str, Any] = {
        f"{kind}Embedding": vector(_json.dumps(instance[kind]).decode(), size)
        for kind in ("text", "image")
        if kind in instance
    }
    if "video" in instance:
        values = vector(_json.dumps(instance["video"]).decode(), DEFAULT_DIMENSIONS)
        config = fields(fields(instance["video"]).get("videoSegmentConfig"))
        step = positive(config.get("intervalSec")) or 16
        start = positive(config.get("startOffsetSec")) or 0
        end = min(positive(config.get("endOffsetSec")) or start + step, start + 120)
        told["videoEmbeddings"] = [
            {"startOffsetSec": at, "endOffsetSec": min(at + step, end), "embedding": values}
            for at in range(start, end, step)
        ]
    return told


def _asks_for_kinds(path: str, _body: Mapping[str, Any]) -> bool:
    return "/multimodalembedding" in path


def _read_picture(path: str, body: Mapping[str, Any]) -> Prompt:
    texts = tuple(str(one.get("prompt", "")) for one in objects(body.get("instances")))
    return Prompt(model=path.rpartition("/")[2].partition(":")[0], texts=texts, last="".join(texts), body=body)


def _write_picture(prompt: Prompt, _answer: Answer) -> ReplyBody:
    count = copies(fields(prompt.body.get("parameters")).get("sampleCount"))
    return whole({"predictions": [{"mimeType": "image/png", "bytesBase64Encoded": PIXEL}] * count})


def _asks_for_a_picture(_path: str, body: Mapping[str, Any]) -> bool:
    return any("prompt" in one for one in objects(body.get("instances")))


def _read_count(path: str, body: Mapping[str, Any]) -> Prompt:
    return _CONTENTS.read(path, fields(body.get("generateContentRequest")) or body)


def _write_count(_prompt: Prompt, answer: Answer) -> ReplyBody:
    return whole({"totalTokens": answer.usage.prompt_tokens})


ENDPOINTS: Final = (
    attrs.evolve(
        _COUNT,
        name="vertex.claude_count_tokens",
        path=re.compile(r"/publishers/anthropic/models/count-tokens:rawPredict$"),
    ),
    _hosted(_MESSAGES, "vertex.claude", r"/publishers/anthropic/models/[^/]+:(streamR|r)awPredict$"),
    _hosted(_CHAT, "vertex.mistral", r"/publishers/mistralai/models/[^/]+:(streamR|r)awPredict$"),
    SimulatedOperation(
        "vertex.images",
        re.compile(r"/models/[^/]+:predict$"),
        GEMINI,
        _read_picture,
        _write_picture,
        fits=_asks_for_a_picture,
    ),
    SimulatedOperation(
        "vertex.multimodal_embeddings",
        re.compile(r"/models/[^/]+:predict$"),
        GEMINI,
        _read_kinds,
        _write_kinds,
        fits=_asks_for_kinds,
    ),
    SimulatedOperation(
        "vertex.embeddings", re.compile(r"/models/[^/]+:predict$"), GEMINI, _read_embedding, _write_embedding
    ),
    SimulatedOperation("vertex.count_tokens", re.compile(r":countTokens$"), GEMINI, _read_count, _write_count),
)
