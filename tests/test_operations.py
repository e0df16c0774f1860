"""One entry of an operation gives the client's method, the module function and its twin, with their types."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
from typing import Any, assert_type

import pytest

import trio_llm
from trio_llm import Client, EmbeddingResponse, ImageResponse, ModelResponse, ModelResponseStream
from trio_llm._engine import operations
from trio_llm._engine.operations import OPERATIONS
from trio_llm.types import ChatStream, ImageChunk, ImageStream, SyncStream

HELLO = [{"role": "user", "content": "Hello"}]
CHAT = """
import sys, trio, trio_llm
from trio_llm.testing import Simulator

async def main():
    async with trio_llm.Client(transport=Simulator()) as client:
        await client.completion("openai/m", [{"role": "user", "content": "Hello"}], api_key="k")
        async with client.stream("openai/m", [{"role": "user", "content": "Hello"}], api_key="k") as stream:
            async for chunk in stream:
                pass

trio.run(main)
print(*sorted(name.removeprefix("trio_llm._types.") for name in sys.modules if name.startswith("trio_llm._types.")))
"""
OTHERS = {
    "decided",
    "embeddings",
    "image_edits",
    "image_variations",
    "images",
    "moderations",
    "reranking",
    "spoken",
    "text_completions",
    "transcriptions",
}
NAMES = [name for name in sorted(OPERATIONS) if f"a{name}" in dir(trio_llm)]
"""Stored responses have methods in the singular and functions in LiteLLM's plural."""
every_operation = pytest.mark.parametrize("name", NAMES)


def test_a_chat_call_loads_the_types_of_no_other_operation() -> None:
    loaded = subprocess.run([sys.executable, "-c", CHAT], capture_output=True, text=True, check=True).stdout.split()

    assert "chat" in loaded
    assert OTHERS.isdisjoint(loaded)


def test_nearly_every_operation_has_a_function_of_its_name() -> None:
    assert len(NAMES) > len(OTHERS)


@every_operation
def test_method_function_and_twin_have_the_parameters_of_their_one_entry(name: str) -> None:
    entry = inspect.signature(getattr(operations, f"ask_{name}")).parameters
    method = inspect.signature(getattr(Client, name)).parameters

    assert list(method.items()) == [("self", method["self"]), *entry.items()]
    assert inspect.signature(getattr(trio_llm, f"a{name}")).parameters == entry
    assert inspect.signature(getattr(trio_llm, name)).parameters == entry


@every_operation
def test_method_function_and_twin_are_shown_under_their_own_names(name: str) -> None:
    function, twin = getattr(trio_llm, f"a{name}"), getattr(trio_llm, name)

    assert (getattr(Client, name).__name__, function.__name__, twin.__name__) == (name, f"a{name}", name)
    assert (
        getattr(Client, name).__doc__ == function.__doc__ == twin.__doc__ == getattr(operations, f"ask_{name}").__doc__
    )
    assert inspect.iscoroutinefunction(function)
    assert not inspect.iscoroutinefunction(twin)
    assert pickle.loads(pickle.dumps(function)) is function


async def types_follow_from_the_entry(client: Client, streams: bool) -> None:  # for type checkers
    """Never run: mypy checks it."""
    assert_type(await client.completion("m", HELLO), ModelResponse)
    assert_type(await client.completion("m", HELLO, stream=True, temperature=0.5), ChatStream)
    assert_type(await trio_llm.acompletion("m", HELLO, stream=streams), ModelResponse | ChatStream)
    assert_type(trio_llm.completion("m", HELLO, stream=True), SyncStream[ModelResponseStream, ModelResponse])
    assert_type(await client.embedding("m", "text"), EmbeddingResponse)
    assert_type(trio_llm.embedding(model="m", input=["text"], timeout=3), EmbeddingResponse)
    assert_type(await trio_llm.aimage_generation("a cat", "m", stream=True), ImageStream)
    assert_type(trio_llm.image_generation("a cat", "m", stream=True), SyncStream[ImageChunk, ImageResponse])
    await client.embedding("m", "text", dimesions=3)  # type: ignore[call-arg]
    refused: Any = await client.rerank("m", "query")  # type: ignore[call-arg]
    del refused
