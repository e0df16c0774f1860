"""Speech: whole, and as it arrives, in bounded memory; several vendors."""

from __future__ import annotations

import base64
import json
import tracemalloc
import wave
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from scripted_server import Peer, serving

from trio_llm import (
    APIConnectionError,
    APIError,
    BadRequestError,
    Client,
    EmbeddingRequest,
    SpeechRequest,
    UnsupportedParamsError,
)
from trio_llm._dialects.contract import Dialect, ReplyIsError, WireCall
from trio_llm._dialects.deepgram import DEEPGRAM
from trio_llm._dialects.elevenlabs import ELEVENLABS
from trio_llm._dialects.gemini import GEMINI
from trio_llm._dialects.openai import OPENAI
from trio_llm.testing import Failure, RawReply, Reply, Simulator

KEYS = {"OPENAI_API_KEY": "k", "ELEVENLABS_API_KEY": "k", "GEMINI_API_KEY": "k"}


def encode(dialect: Dialect, voice: Any = None, **params: Any) -> tuple[str, Any]:
    assert dialect.speech is not None
    http = dialect.speech.encode(WireCall(SpeechRequest("p/m", "Hi", voice, **params), "m"))
    assert isinstance(http.body, bytes)
    return http.path, json.loads(http.body)


def decode(dialect: Dialect, body: bytes, **params: Any) -> bytes:
    assert dialect.speech is not None
    return dialect.speech.decode(WireCall(SpeechRequest("p/m", "Hi", **params), "m"), body).content


@pytest.mark.anyio
async def test_a_text_is_spoken(tmp_path: Path) -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables=KEYS) as client:
        response = await client.speech("tts-1", "Good day", "alloy", speed=1.5, instructions="Whisper.")
        assert await response.aread() == response.read() == response.content == b"ID3 Good day"
        assert [block async for block in response.aiter_bytes(5)] == list(response.iter_bytes(5))
        await response.astream_to_file(tmp_path / "a.mp3")

    response.stream_to_file(tmp_path / "b.mp3")
    response.write_to_file(tmp_path / "c.mp3")
    assert {(tmp_path / name).read_bytes() for name in ("a.mp3", "b.mp3", "c.mp3")} == {b"ID3 Good day"}
    assert list(response.iter_bytes(5)) == [b"ID3 G", b"ood d", b"ay"]
    assert list(response.iter_bytes()) == [b"ID3 Good day"]
    assert json.loads(simulator.requests[0].body) == {
        "model": "tts-1",
        "input": "Good day",
        "voice": "alloy",
        "speed": 1.5,
        "instructions": "Whisper.",
    }


@pytest.mark.anyio
async def test_speech_arrives_block_by_block() -> None:
    async with (
        Client(transport=Simulator(), variables=KEYS) as client,
        client.stream_speech("tts-1", "Good day", "alloy") as sound,
    ):
        blocks = [block async for block in sound]
        assert sound.response is None  # sound is not kept

    assert blocks == [b"ID3 ", b"Good ", b"day"]


@pytest.mark.anyio
async def test_a_failure_before_the_first_block_is_tried_again_and_a_later_one_is_raised() -> None:
    simulator = Simulator([Failure(500), Reply(), Failure(404, "no such voice")])
    async with Client(transport=simulator, variables=KEYS) as client:
        async with client.stream_speech("tts-1", "Hi", "alloy") as sound:
            assert b"".join([block async for block in sound]) == b"ID3 Hi"
        with pytest.raises(APIError, match="no such voice"):
            async with client.stream_speech("tts-1", "Hi", "alloy"):
                pass


@pytest.mark.anyio
async def test_a_sound_that_is_an_error_is_none() -> None:
    reply = RawReply(b'{"error": {"message": "no credit"}}', content_type="application/json")
    async with Client(transport=Simulator(reply), variables=KEYS) as client:
        with pytest.raises(APIError, match="no credit"):
            await client.speech("tts-1", "Hi", "alloy")
        with pytest.raises(APIError, match="no credit"):
            async with client.stream_speech("tts-1", "Hi", "alloy"):
                pass


@pytest.mark.parametrize("body", [b"ID3", b"{not JSON", b'{"data": "a format of JSON"}'])
def test_whatever_is_no_error_is_a_sound(body: bytes) -> None:
    assert decode(OPENAI, body) == body


def test_an_error_in_place_of_a_sound_is_raised() -> None:
    with pytest.raises(ReplyIsError, match="no credit"):
        decode(OPENAI, b'{"detail": "no credit"}')


MEGABYTE = bytes(1 << 20)


def sending(count: int) -> Any:
    """A script that announces a sound of `count` mebibytes and sends as much as the client takes."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ncontent-length: %d\r\n\r\n" % (count << 20))
        for _ in range(count):
            peer.send(MEGABYTE)

    return script


@pytest.mark.anyio
async def test_a_sound_larger_than_memory_can_be_received() -> None:
    with serving(sending(48)) as server:
        async with Client() as client:
            tracemalloc.start()
            try:
                size = 0
                base = f"{server.origin}/v1"
                async with client.stream_speech("custom_openai/m", "Hi", api_base=base, api_key="k") as sound:
                    async for block in sound:
                        size += len(block)
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()

    assert size == 48 << 20
    assert peak < 8 << 20


@pytest.mark.parametrize("anyio_backend", ["trio"], indirect=True)
@pytest.mark.anyio
async def test_leaving_a_download_frees_its_socket_at_once() -> None:
    with serving(sending(1024)) as server:
        async with Client() as client:
            base = f"{server.origin}/v1"
            with trio.move_on_after(5) as scope:
                async with client.stream_speech("custom_openai/m", "Hi", api_base=base, api_key="k") as sound:
                    assert await anext(aiter(sound))
                    scope.cancel()
                    await trio.sleep_forever()

            assert scope.cancelled_caught
            assert client.statistics().connections.active == 0
        server.wait_for_connections(0)


@pytest.mark.anyio
async def test_a_sound_that_breaks_off_is_an_error() -> None:
    def break_off(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ncontent-length: 100\r\n\r\nID3")

    with serving(break_off) as server:
        async with Client() as client:
            base = f"{server.origin}/v1"
            blocks = []
            with pytest.raises(APIConnectionError):
                async with client.stream_speech("custom_openai/m", "Hi", api_base=base, api_key="k") as sound:
                    async for block in sound:
                        blocks.append(block)

    assert blocks == [b"ID3"]


def test_deepgrams_voices_are_models() -> None:
    assert encode(DEEPGRAM) == ("/speak?model=m&encoding=mp3", {"text": "Hi"})
    assert encode(DEEPGRAM, "thalia-en", response_format="wav")[0] == (
        "/speak?model=m-thalia-en&encoding=linear16&container=wav"
    )
    with pytest.raises(UnsupportedParamsError, match="response_format"):
        encode(DEEPGRAM, response_format="midi")
    assert encode(DEEPGRAM, response_format="midi", drop_params=True)[0] == "/speak?model=m"


def test_elevenlabs_voices_stand_in_the_path() -> None:
    path, body = encode(ELEVENLABS, "a/b", response_format="pcm", speed=1.1)

    assert path == "/text-to-speech/a%2Fb?output_format=pcm_24000"
    assert body == {"text": "Hi", "model_id": "m", "voice_settings": {"speed": 1.1}}
    assert encode(ELEVENLABS, {"id": "v"}, response_format="ulaw_8000")[0].endswith("/v?output_format=ulaw_8000")
    assert encode(ELEVENLABS, "v", response_format="wav", drop_params=True)[0].endswith("=mp3_44100_128")
    with pytest.raises(UnsupportedParamsError, match="response_format"):
        encode(ELEVENLABS, "v", response_format="wav")
    with pytest.raises(BadRequestError, match="voice is missing"):
        encode(ELEVENLABS)


@pytest.mark.anyio
async def test_elevenlabs_streams_from_another_path() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=b"ID3 Hi", headers={"content-type": "audio/mpeg"})

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http,
        Client(http_client=http, variables=KEYS) as client,
        client.stream_speech("elevenlabs/eleven_v3", "Hi", "v") as sound,
    ):
        assert b"".join([block async for block in sound]) == b"ID3 Hi"

    assert str(seen[0].url).startswith("https://api.elevenlabs.io/v1/text-to-speech/v/stream?")
    assert seen[0].headers["xi-api-key"] == "k"


def gemini_reply(*parts: object) -> bytes:
    return json.dumps({"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}).encode()


def test_geminis_speech_is_a_sound_file() -> None:
    samples = bytes(range(8))
    part = {"inlineData": {"mimeType": "audio/L16;codec=pcm;rate=24000", "data": base64.b64encode(samples).decode()}}

    assert decode(GEMINI, gemini_reply(part), response_format="pcm") == samples
    with wave.open(BytesIO(decode(GEMINI, gemini_reply(part)))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        assert file.readframes(100) == samples
    with pytest.raises(ReplyIsError, match="no sound: I cannot"):
        decode(GEMINI, gemini_reply({"text": "I cannot"}))
    with pytest.raises(ReplyIsError, match="no sound"):
        decode(GEMINI, b"{}")


def test_gemini_is_told_the_voice_and_how_to_speak() -> None:
    path, body = encode(GEMINI, "Kore", instructions="Say cheerfully")

    assert path == "/models/m:generateContent"
    assert body["contents"][0]["parts"] == [{"text": "Say cheerfully: Hi"}]
    assert body["generationConfig"] == {
        "responseModalities": ["AUDIO"],
        "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}},
    }
    assert "speechConfig" not in encode(GEMINI)[1]["generationConfig"]
    with pytest.raises(UnsupportedParamsError, match="pcm or wav"):
        encode(GEMINI, response_format="mp3")


@pytest.mark.anyio
async def test_a_provider_without_streamed_speech_says_so() -> None:
    async with Client(transport=Simulator(), variables=KEYS) as client:
        with pytest.raises(BadRequestError, match="no streamed speech calls here"):
            async with client.stream_speech("gemini/m", "Hi"):
                pass
        with pytest.raises(BadRequestError, match="no streamed embedding calls here"):
            async with client.open_pumped(EmbeddingRequest("gemini/m", "Hi")):
                pass
