"""Vectors of Voyage's and Jina's, which have names of their own beside OpenAI's shape.

Source: Voyage AI, "Text embeddings" and "Multimodal embeddings"; Jina AI, "Embeddings API", 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from .._prompt import Prompt
from ._model import Answer, ReplyBody, SimulatedOperation, items, objects, positive, texts_of, whole
from ._openai import OPENAI
from ._vectors import DEFAULT_DIMENSIONS, vector_list


def _read(_path: str, body: Mapping[str, Any]) -> Prompt:
    given = body.get("inputs") or body.get("input")
    texts = tuple(_text(one) for one in ([given] if isinstance(given, str) else items(given)))
    return Prompt(str(body.get("model", "")), texts, texts[-1] if texts else "", body=body)


def _text(value: Any) -> str:
    """One input as a text that stands for all that is in it."""
    parts = objects(value.get("content")) or [value] if isinstance(value, Mapping) else []
    pictures = [str(one) for part in parts for name, one in part.items() if name != "text" and isinstance(one, str)]
    return " ".join([*texts_of(value), *pictures])


def _write(prompt: Prompt, answer: Answer) -> ReplyBody:
    body = prompt.body
    size = positive(body.get("output_dimension")) or positive(body.get("dimensions")) or DEFAULT_DIMENSIONS
    form = body.get("output_encoding") or body.get("encoding_format") or body.get("embedding_type")
    count = answer.usage.prompt_tokens
    usage = {"prompt_tokens": count, "total_tokens": count}
    data = vector_list(list(prompt.texts), size, form)
    return whole({"object": "list", "data": data, "model": answer.model, "usage": usage})


def _is_jina(_path: str, body: Mapping[str, Any]) -> bool:
    return "embedding_type" in body or "task" in body


def _is_voyage(_path: str, body: Mapping[str, Any]) -> bool:
    return any(name in body for name in ("output_dimension", "output_dtype", "input_type"))


ENDPOINTS: Final = (
    SimulatedOperation("voyage.multimodal_embeddings", re.compile(r"/multimodalembeddings$"), OPENAI, _read, _write),
    SimulatedOperation("jina.embeddings", re.compile(r"/embeddings$"), OPENAI, _read, _write, fits=_is_jina),
    SimulatedOperation("voyage.embeddings", re.compile(r"/embeddings$"), OPENAI, _read, _write, fits=_is_voyage),
)
