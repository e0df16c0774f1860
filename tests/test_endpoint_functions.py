"""LiteLLM's functions beside chat: awaited on both loops, and synchronous from a script and from threads."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

import trio_llm
from trio_llm.testing import Reply, Simulator, running_server

PNG = b"\x89PNG"
SCRIPT = """
import trio_llm
print(trio_llm.moderation("kind").results[0].flagged, trio_llm.speech("tts-1", "Hi", "alloy").content)
for chunk in trio_llm.text_completion("davinci-002", "Once", stream=True):
    print(repr(chunk.choices[0].text), end=" ")
"""


@pytest.fixture(autouse=True)
def base_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with running_server(Simulator(Reply("Well said."))) as url:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "k")
        yield url


@pytest.mark.anyio
async def test_every_function_can_be_awaited() -> None:
    assert len((await trio_llm.aembedding("text-embedding-3-small", "Hi")).data) == 1
    assert len((await trio_llm.aimage_generation("a cat", "dall-e-3")).data) == 1
    assert len((await trio_llm.aimage_edit(PNG, "a hat", "gpt-image-1")).data) == 1
    assert len((await trio_llm.aimage_variation(PNG)).data) == 1
    assert (await trio_llm.atranscription("whisper-1", b"RIFF")).text == "Well said."
    assert (await trio_llm.aspeech("tts-1", "Hi", "alloy")).content == b"ID3 Hi"
    assert not (await trio_llm.amoderation("Hi")).results[0].flagged
    assert (await trio_llm.arerank("openai/m", "Hi", ["Hi"])).results[0].index == 0
    assert (await trio_llm.atext_completion("davinci-002", "Once")).choices[0].text == "Well said."
    assert (await trio_llm.aresponses("Hi", "gpt-5")).output_text == "Well said."
    assert (await trio_llm.aget_responses("resp_1")).output_text == "Well said."
    assert (await trio_llm.adelete_responses("resp_1")).deleted
    assert (await trio_llm.acancel_responses("resp_1")).status == "cancelled"
    assert (await trio_llm.acompact_responses("Hi", "gpt-5")).output[0].type == "compaction"
    assert len((await trio_llm.alist_input_items("resp_1")).data) == 1
    assert (await trio_llm.acount_tokens("gpt-5", [{"role": "user", "content": "Hi"}])).total_tokens == 1
    # OpenAI has no messages: they are bridged over its chats.
    message = await trio_llm.aanthropic_messages(64, [{"role": "user", "content": "Hi"}], "gpt-5")
    assert message.text == "Well said."


@pytest.mark.anyio
async def test_what_has_streams_can_be_streamed() -> None:
    text = await trio_llm.atext_completion("davinci-002", "Once", stream=True)
    assert "".join([chunk.choices[0].text async for chunk in text]) == "Well said."
    words = await trio_llm.atranscription("gpt-4o-transcribe", b"RIFF", stream=True)
    assert "".join([chunk.delta or "" async for chunk in words]) == "Well said."
    image = await trio_llm.aimage_generation("a cat", "gpt-image-1", stream=True)
    assert [chunk.is_final async for chunk in image] == [True]


def test_every_function_has_a_synchronous_twin() -> None:
    assert len(trio_llm.embedding("text-embedding-3-small", "Hi").data) == 1
    assert len(trio_llm.image_generation("a cat", "dall-e-3").data) == 1
    assert len(trio_llm.image_edit(PNG, "a hat", "gpt-image-1").data) == 1
    assert len(trio_llm.image_variation(PNG).data) == 1
    assert trio_llm.transcription("whisper-1", b"RIFF").text == "Well said."
    assert trio_llm.speech("tts-1", "Hi", "alloy").content == b"ID3 Hi"
    assert not trio_llm.moderation("Hi").results[0].flagged
    assert trio_llm.rerank("openai/m", "Hi", ["Hi"]).results[0].index == 0
    assert trio_llm.text_completion("davinci-002", "Once").choices[0].text == "Well said."
    assert trio_llm.responses("Hi", "gpt-5").output_text == "Well said."
    assert trio_llm.get_responses("resp_1").output_text == "Well said."
    assert trio_llm.delete_responses("resp_1").deleted
    assert trio_llm.cancel_responses("resp_1").status == "cancelled"
    assert trio_llm.compact_responses("Hi", "gpt-5").output[0].type == "compaction"
    assert len(trio_llm.list_input_items("resp_1").data) == 1
    assert trio_llm.count_tokens("gpt-5", [{"role": "user", "content": "Hi"}]).total_tokens == 1
    message = trio_llm.anthropic_messages(64, [{"role": "user", "content": "Hi"}], "gpt-5")
    assert message.text == "Well said."


def test_synchronous_streams_are_iterators() -> None:
    with trio_llm.transcription("gpt-4o-transcribe", b"RIFF", stream=True) as stream:
        assert "".join(chunk.delta or "" for chunk in stream) == "Well said."
    assert stream.response.text == "Well said."
    with trio_llm.responses("Hi", "gpt-5", stream=True) as events:
        assert [event.type for event in events][-1] == "response.completed"
    assert events.response.output_text == "Well said."


def test_threads_share_the_functions() -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: trio_llm.text_completion("davinci-002", "Once").choices[0].text, range(8)))

    assert found == ["Well said."] * 8


def test_a_plain_script_needs_no_event_loop() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)

    assert (done.stderr, done.stdout) == ("", "False b'ID3 Hi'\n'Well ' 'said.' '' ")
