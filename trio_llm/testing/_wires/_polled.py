"""Answers that are made while nobody is connected: Replicate's predictions, and Black Forest Labs' pictures.

The first request takes an action of the script, and its answer is kept. A look at it tells it, and takes nothing.

Source: Replicate, "HTTP API reference" and "Streaming output"; Black Forest Labs, "Quick start" and "Errors", 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from ..._convert import json as _json
from .._actions import Failure
from .._prompt import Prompt
from ._asked import stops
from ._limit_headers import no_headers
from ._model import (
    EVENT_STREAM,
    Answer,
    BodyEvent,
    Family,
    Memory,
    ReplyBody,
    SimulatedOperation,
    answer_tokens,
    fields,
    positive,
    whole,
)
from ._other import IMAGE_URL

_BEGIN: Final = re.compile(r"/predictions$")
_CREATED: Final = "2023-11-14T22:13:20.000Z"
_PICTURES: Final = re.compile(r"flux|image|diffusion|sdxl|imagen|recraft|ideogram|seedream|picture")


def _replicate_error(failure: Failure) -> dict[str, Any]:
    return {"title": failure.code or "Error", "detail": failure.message, "status": failure.status}


def _broken(failure: Failure) -> bytes:
    return b"event: error\ndata: %b\n\n" % _json.dumps({"detail": failure.message})


REPLICATE: Final = Family("replicate", _replicate_error, _broken, b": keep-alive\n\n", no_headers)


def _read_prediction(path: str, body: Mapping[str, Any]) -> Prompt:
    given = fields(body.get("input"))
    text, system = str(given.get("prompt", "")), str(given.get("system_prompt", ""))
    named = unquote(path.partition("/models/")[2] or path.partition("/deployments/")[2]).removesuffix("/predictions")
    return Prompt(
        model=named or str(body.get("version", "")),
        texts=(system, text) if system else (text,),
        last=_last_turn(text),
        max_tokens=positive(given.get("max_tokens")),
        stop=stops(str(given["stop_sequences"]).split(",")) if given.get("stop_sequences") else (),
        body=body,
    )


def _last_turn(text: str) -> str:
    asked = re.findall(r"User: (.*?)(?=\n\nAssistant:|$)", text, re.DOTALL)
    return asked[-1] if asked else text


def _begun(prompt: Prompt, answer: Answer) -> ReplyBody:
    return whole({**_prediction(prompt, answer), "status": "starting", "output": None})


def _prediction(prompt: Prompt, answer: Answer) -> dict[str, Any]:
    home = f"{prompt.address.partition('/predictions')[0]}/predictions/{answer.id}"
    base = re.sub(r"/(models|deployments)/[^/]+/[^/]+(?=/predictions)", "", home)
    stream = base.replace("/predictions/", "/stream/")
    urls = {"get": base, "cancel": f"{base}/cancel", "stream": stream}
    told = {"id": answer.id, "model": answer.model, "input": prompt.body.get("input"), "created_at": _CREATED}
    return {**told, "error": None, "urls": urls}


def _read_look(path: str, _body: Mapping[str, Any]) -> Prompt:
    found = re.search(r"/(predictions|stream)/([^/]+)", path)
    return Prompt(last=found[2] if found else "", stream="/stream/" in path)


def _write_look(prompt: Prompt, answer: Answer) -> ReplyBody:
    usage = answer.usage
    counts = {"input_token_count": usage.prompt_tokens, "output_token_count": usage.completion_tokens}
    output: Any = list(answer.text)
    if _PICTURES.search(answer.model.lower()):
        output = [IMAGE_URL]
    told = {**_prediction(prompt, answer), "status": "succeeded", "output": output, "completed_at": _CREATED}
    return whole({**told, "metrics": {"predict_time": 0.1, **counts}}, tokens=answer_tokens(answer))


def _write_cancelled(prompt: Prompt, answer: Answer) -> ReplyBody:
    return whole({**_prediction(prompt, answer), "status": "canceled", "output": None})


def _write_stream(_prompt: Prompt, answer: Answer) -> ReplyBody:
    events = [_event("output", piece, tokens=1) for piece in answer.text]
    return ReplyBody(EVENT_STREAM, [*events, _event("done", "{}")])


def _event(name: str, text: str, *, tokens: int = 0) -> BodyEvent:
    """An event of bare text, each line of which is a field of its own."""
    lines = "".join(f"data: {line}\n" for line in text.split("\n"))
    return BodyEvent(f"event: {name}\n{lines}\n".encode(), tokens)


BFL: Final = Family(
    "bfl",
    lambda failure: {"detail": failure.message},
    lambda failure: _json.dumps({"detail": failure.message}),
    b"\n",
    no_headers,
)


def _read_picture(path: str, body: Mapping[str, Any]) -> Prompt:
    text = str(body.get("prompt", ""))
    return Prompt(unquote(path.rpartition("/")[2]), (text,), text, body=body)


def _write_task(prompt: Prompt, answer: Answer) -> ReplyBody:
    base = prompt.address.rpartition("/")[0]
    return whole({"id": answer.id, "polling_url": f"{base}/get_result?id={answer.id}"})


def _write_result(_prompt: Prompt, answer: Answer) -> ReplyBody:
    result = {"sample": IMAGE_URL, "prompt": "", "seed": 0, "duration": 0.1}
    return whole({"id": answer.id, "status": "Ready", "result": result})


def _looks(name: str, path: str, write: Any, method: str = "GET") -> SimulatedOperation:
    return SimulatedOperation(
        f"replicate.{name}", re.compile(path), REPLICATE, _read_look, write, method, memory=Memory.LOOKS
    )  # fmt: skip


ENDPOINTS: Final = (
    SimulatedOperation("replicate.begin", _BEGIN, REPLICATE, _read_prediction, _begun, "POST", memory=Memory.BEGINS),
    _looks("cancel", r"/predictions/[^/]+/cancel$", _write_cancelled, "POST"),
    _looks("look", r"/predictions/[^/]+$", _write_look),
    _looks("stream", r"/stream/[^/]+$", _write_stream),
    SimulatedOperation(
        "bfl.result",
        re.compile(r"/get_result$"),
        BFL,
        lambda _path, _body: Prompt(),
        _write_result,
        "GET",
        memory=Memory.LOOKS,
    ),
    SimulatedOperation(
        "bfl.images", re.compile(r"/flux[^/]*$"), BFL, _read_picture, _write_task, "POST", memory=Memory.BEGINS
    ),
)
