"""Transcription: every kind of file and reply format, streams, bounded memory, several vendors."""

from __future__ import annotations

import base64
import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from scripted_server import Peer, reply, serving

from trio_llm import (
    APIConnectionError,
    BadRequestError,
    Client,
    RetryPolicy,
    TranscriptionRequest,
    UnsupportedParamsError,
)
from trio_llm._convert.converter import ConversionError
from trio_llm._dialects.contract import Dialect, ReplyIsError, WireCall
from trio_llm._dialects.deepgram import DEEPGRAM
from trio_llm._dialects.elevenlabs import ELEVENLABS
from trio_llm._dialects.gemini import GEMINI
from trio_llm._dialects.openai import OPENAI
from trio_llm._engine.stream_rules import TranscriptFolding
from trio_llm._types.folding import fold
from trio_llm._types.http import ReplyHead
from trio_llm.testing import Failure, RawReply, Reply, Simulator
from trio_llm.types import TranscriptionChunk, TranscriptionSegment

KEYS = {"OPENAI_API_KEY": "k", "GROQ_API_KEY": "k", "DEEPGRAM_API_KEY": "k", "ELEVENLABS_API_KEY": "k"}
SOUND = ("talk.wav", b"RIFF", "audio/wav")


def request(**params: Any) -> TranscriptionRequest:
    return TranscriptionRequest("p/m", SOUND, **params)


def decode(dialect: Dialect, answer: bytes | object, **params: Any) -> Any:
    assert dialect.transcription is not None
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return dialect.transcription.decode(WireCall(request(**params), "m"), body)


def encode(dialect: Dialect, **params: Any) -> Any:
    assert dialect.transcription is not None
    return dialect.transcription.encode(WireCall(request(**params), "m"))


@pytest.mark.anyio
@pytest.mark.parametrize("model", ["whisper-1", "groq/whisper-large-v3"])
async def test_a_sound_is_transcribed(model: str, tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    path.write_bytes(b"RIFF")
    simulator = Simulator(Reply("Well said."))
    async with Client(transport=simulator, variables=KEYS) as client:
        for file in (path, b"RIFF", io.BytesIO(b"RIFF"), SOUND):
            response = await client.transcription(model, file, language="en", temperature=0.5)
            assert response.text == "Well said."

    bodies = [record.prompt.body for record in simulator.requests]
    assert [body["file"]["filename"] for body in bodies] == ["talk.wav", "audio.wav", "audio.wav", "talk.wav"]
    assert {(body["model"], body["language"], body["temperature"]) for body in bodies} == {
        (model.rpartition("/")[2], "en", "0.5")
    }


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("json", "Well said."),
        ("text", "Well said.\n"),
        ("srt", "1\n00:00:00,000 --> 00:00:01,000\nWell said.\n"),
        ("vtt", "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nWell said.\n"),
    ],
)
async def test_every_reply_format_ends_up_as_text(form: str, text: str) -> None:
    async with Client(transport=Simulator(Reply("Well said.")), variables=KEYS) as client:
        response = await client.transcription("whisper-1", SOUND, response_format=form)

    assert response.text == text


@pytest.mark.anyio
async def test_words_and_segments_have_their_times() -> None:
    async with Client(transport=Simulator(Reply("Well said.")), variables=KEYS) as client:
        response = await client.transcription(
            "whisper-1", SOUND, response_format="verbose_json", timestamp_granularities=["word", "segment"]
        )

    assert response.words is not None
    assert [(word.word, word.start, word.end) for word in response.words] == [("Well", 0, 1), ("said.", 1, 2)]
    assert response.segments is not None
    assert response.segments[0].text == "Well said."
    assert response.language == "english"
    assert response.usage is not None
    assert response.usage["seconds"] == 1


@pytest.mark.anyio
async def test_a_transcript_can_be_streamed() -> None:
    async with Client(transport=Simulator(Reply("Well said indeed.")), variables=KEYS) as client:
        stream = await client.transcription("gpt-4o-transcribe", SOUND, stream=True)
        pieces = [chunk.delta async for chunk in stream]

    assert pieces == ["Well ", "said ", "indeed.", None]
    assert stream.response.text == "Well said indeed."
    assert stream.response.usage is not None


@pytest.mark.anyio
async def test_an_attempt_that_failed_is_made_again_from_the_files_beginning() -> None:
    file = io.BytesIO(b"before the sound")
    file.seek(7)
    simulator = Simulator([Failure(503), Reply("ok")])
    async with Client(transport=simulator, variables=KEYS, retry=RetryPolicy(first_pause=0)) as client:
        assert (await client.transcription("whisper-1", file)).text == "ok"

    assert [record.prompt.body["file"]["size"] for record in simulator.requests] == [9, 9]


@pytest.mark.anyio
async def test_a_boundary_is_new_each_time_and_cannot_be_guessed() -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables=KEYS) as client:
        for _ in range(2):
            await client.transcription("whisper-1", SOUND)

    first, second = (record.headers["content-type"] for record in simulator.requests)
    assert first != second


@pytest.mark.anyio
async def test_a_file_that_does_not_exist_fails_before_anything_is_sent() -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables=KEYS) as client:
        with pytest.raises(BadRequestError, match=r"file cannot be read: .*no-such"):
            await client.transcription("whisper-1", "/no-such.wav")

    assert simulator.requests == []


def swallow(peer: Peer) -> None:
    """Take a request of any length, keeping none of it, and answer."""
    head = peer.read_until(b"\r\n\r\n")
    left = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]) - len(peer._buffer)
    while left > 0:
        left -= len(peer.connection.recv(65_536))
    peer.send(reply(b'{"text": "long"}', b"content-type: application/json"))


@pytest.mark.anyio
async def test_a_file_larger_than_memory_can_be_sent(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.truncate(48 << 20)
    with serving(swallow) as server:
        async with Client() as client:
            tracemalloc.start()
            try:
                response = await client.transcription(
                    "custom_openai/m", path, api_base=f"{server.origin}/v1", api_key="k"
                )
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()

    assert response.text == "long"
    assert peak < 4 << 20


def stall(peer: Peer) -> None:
    """Read the head and nothing more, until the client goes."""
    peer.read_until(b"\r\n\r\n")
    peer.send(b"")
    peer.wait_until_gone()


@pytest.mark.parametrize("anyio_backend", ["trio"], indirect=True)
@pytest.mark.anyio
async def test_cancelling_an_upload_frees_its_socket_at_once(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    with serving(stall) as server:
        async with Client() as client:
            with trio.move_on_after(0.05) as scope:
                await client.transcription("custom_openai/m", path, api_base=f"{server.origin}/v1", api_key="k")

            assert scope.cancelled_caught
            assert client.statistics().connections.active == 0
            assert client.statistics().connections.idle == 0


def events(*values: object) -> bytes:
    return b"".join(b"data: " + (v if isinstance(v, bytes) else json.dumps(v).encode()) + b"\n\n" for v in values)


DELTA = {"type": "transcript.text.delta", "delta": "Hi", "logprobs": [{"token": "Hi"}]}
USAGE = {"type": "tokens", "input_tokens": 5, "output_tokens": 2, "total_tokens": 7}
DONE = {"type": "transcript.text.done", "text": "Hi there", "usage": USAGE, "logprobs": [{"token": "Hi"}]}
SEGMENT = {"type": "transcript.text.segment", "id": "seg_0", "text": " Hi", "start": 0.0, "end": 1.5, "speaker": "A"}


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_streamed_transcript_reads_the_same_however_it_is_cut(size: int) -> None:
    assert OPENAI.transcription_stream is not None
    body = events(DELTA, SEGMENT, DONE, b"[DONE]")
    decoder = OPENAI.transcription_stream.open_decoder(WireCall(request(stream=True), "m"))
    chunks = [chunk for start in range(0, len(body), size) for chunk in decoder.feed(body[start : start + size])]
    chunks += decoder.close()

    assert decoder.finished
    assert decoder.failure is None
    folded = fold(TranscriptFolding(), chunks)
    assert folded.text == "Hi there"
    assert folded.segments == [TranscriptionSegment("seg_0", 0.0, 1.5, " Hi", "A")]
    assert folded.logprobs == [{"token": "Hi"}]
    assert folded.usage is not None
    assert (folded.usage.prompt_tokens, folded.usage.completion_tokens) == (5, 2)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (events(DELTA), "before the transcript did"),
        (events(DELTA, {"error": {"message": "no more"}}), "no more"),
        (events(DELTA, b"{"), "expected JSON"),
    ],
)
def test_a_broken_transcript_says_so_and_keeps_what_came(body: bytes, words: str) -> None:
    assert OPENAI.transcription_stream is not None
    decoder = OPENAI.transcription_stream.open_decoder(WireCall(request(stream=True), "m"))
    chunks = decoder.feed(body) + decoder.close()

    assert decoder.failure is not None
    assert words in decoder.failure.message
    assert fold(TranscriptFolding(), chunks).text == "Hi"


@pytest.mark.anyio
async def test_the_error_of_a_broken_stream_carries_the_transcript_so_far() -> None:
    simulator = Simulator(RawReply(events(DELTA), content_type="text/event-stream"))
    async with Client(transport=simulator, variables=KEYS) as client:
        stream = await client.transcription("gpt-4o-transcribe", SOUND, stream=True)
        with pytest.raises(APIConnectionError) as caught:
            [chunk async for chunk in stream]

    partial: Any = caught.value.partial
    assert partial.text == "Hi"


def test_segments_without_a_last_word_are_the_text() -> None:
    chunks = [TranscriptionChunk("transcript.text.segment", text=" Hi "), TranscriptionChunk("x", logprobs=[{"t": 1}])]
    folded = fold(TranscriptFolding(), [*chunks, TranscriptionChunk("x", logprobs=[{"t": 2}])])

    assert folded.text == "Hi"
    assert folded.logprobs == [{"t": 1}, {"t": 2}]


def test_openais_form_has_every_parameter() -> None:
    http = encode(OPENAI, include=["logprobs"], chunking_strategy={"type": "server_vad"}, extra_body={"own": 1})
    named = [(part.name, part.content) for part in http.body.parts]

    assert http.path == "/audio/transcriptions"
    assert named == [
        ("model", b"m"),
        ("include[]", b"logprobs"),
        ("chunking_strategy", b'{"type":"server_vad"}'),
        ("own", b"1"),
        ("file", b"RIFF"),
    ]


def test_a_reply_without_a_transcript_is_an_error() -> None:
    with pytest.raises(ReplyIsError, match="too long"):
        decode(OPENAI, {"error": {"message": "too long"}})
    with pytest.raises(ReplyIsError, match="too long"):
        decode(OPENAI, {"error": {"message": "too long"}}, response_format="text")
    with pytest.raises(ReplyIsError, match="no answer"):
        decode(OPENAI, {"words": []})
    assert decode(OPENAI, {"text": ""}).text == ""


def test_speakers_have_one_name_whatever_the_vendor_calls_them() -> None:
    assert decode(OPENAI, {"text": "a", "segments": [{"text": "a", "speaker_id": "s1"}]}).segments[0].speaker == "s1"


DEEPGRAM_REPLY = {
    "metadata": {"duration": 1.5, "request_id": "r"},
    "results": {
        "channels": [
            {
                "detected_language": "en",
                "alternatives": [
                    {
                        "transcript": "Well said.",
                        "words": [
                            {"word": "well", "punctuated_word": "Well", "start": 0.1, "end": 0.5, "speaker": 0},
                            {"word": "said", "start": 0.5, "end": 1.0},
                        ],
                    }
                ],
            },
            {"alternatives": []},
        ],
        "utterances": [{"id": "u", "start": 0.1, "end": 1.0, "transcript": "Well said.", "speaker": 0, "words": []}],
    },
}


def test_deepgram_gets_the_sound_as_it_is_and_the_rest_in_the_query() -> None:
    http = encode(DEEPGRAM, language="en", diarize=True, extra_body={"keyterm": ["a", "b"]})

    assert http.body == b"RIFF"
    assert http.headers == (("content-type", "audio/wav"),)
    assert http.path == (
        "/listen?model=m&smart_format=true&diarize=true&language=en&utterances=true&keyterm=a&keyterm=b"
    )
    assert "utterances" not in encode(DEEPGRAM, timestamp_granularities=["word"]).path
    assert "utterances=true" in encode(DEEPGRAM, timestamp_granularities=["segment"]).path


def test_deepgrams_reply_is_read_in_openais_shape() -> None:
    response = decode(DEEPGRAM, DEEPGRAM_REPLY)

    assert (response.text, response.language, response.duration) == ("Well said.\n", "en", 1.5)
    assert [(word.word, word.start, word.speaker) for word in response.words] == [
        ("Well", 0.1, "0"),
        ("said", 0.5, None),
    ]
    assert [(segment.text, segment.speaker) for segment in response.segments] == [("Well said.", "0")]
    assert response["metadata"]["request_id"] == "r"
    with pytest.raises(ConversionError, match="channels"):
        decode(DEEPGRAM, {})


@pytest.mark.parametrize("dialect", [DEEPGRAM, ELEVENLABS, GEMINI], ids=lambda dialect: dialect.name)
def test_what_a_vendor_cannot_express_is_refused_by_name(dialect: Dialect) -> None:
    with pytest.raises(UnsupportedParamsError, match="response_format"):
        encode(dialect, response_format="srt")
    with pytest.raises(UnsupportedParamsError, match="include"):
        encode(dialect, include=["logprobs"])
    encode(dialect, response_format="srt", include=["logprobs"], drop_params=True)


def test_elevenlabs_is_asked_in_its_own_words() -> None:
    http = encode(ELEVENLABS, language="en", diarize=True, temperature=0.5)
    reply = {
        "text": "Well said.",
        "language_code": "eng",
        "language_probability": 0.9,
        "words": [
            {"text": "Well", "type": "word", "start": 0.1, "end": 0.5, "speaker_id": "s"},
            {"text": " ", "type": "spacing"},
        ],
    }
    response = decode(ELEVENLABS, reply)

    assert http.path == "/speech-to-text"
    assert [(part.name, part.content) for part in http.body.parts] == [
        ("model_id", b"m"),
        ("diarize", b"true"),
        ("language_code", b"en"),
        ("temperature", b"0.5"),
        ("file", b"RIFF"),
    ]
    assert (response.text, response.language) == ("Well said.", "eng")
    assert [(word.word, word.end, word.speaker) for word in response.words] == [("Well", 0.5, "s")]
    assert response["language_probability"] == 0.9


def test_gemini_is_asked_with_the_sound_inside() -> None:
    http = encode(GEMINI, language="German", prompt="Names: Ada.", temperature=0)
    body = json.loads(http.body)
    answer = {"candidates": [{"content": {"parts": [{"text": " Guten Tag \n"}]}, "finishReason": "STOP"}]}

    order, sound = body["contents"][0]["parts"]
    assert order["text"].endswith("The language is German. Names: Ada.")
    assert sound["inlineData"] == {"mimeType": "audio/wav", "data": base64.b64encode(b"RIFF").decode()}
    assert body["generationConfig"] == {"temperature": 0}
    assert decode(GEMINI, answer).text == "Guten Tag"
    assert "generationConfig" not in json.loads(encode(GEMINI).body)
    with pytest.raises(ReplyIsError, match="no transcript"):
        decode(GEMINI, {})


@pytest.mark.parametrize(
    ("dialect", "body", "message", "code"),
    [
        (DEEPGRAM, {"err_code": "INVALID_AUTH", "err_msg": "Bad key."}, "Bad key.", "INVALID_AUTH"),
        (DEEPGRAM, {"err_msg": "Bad key."}, "Bad key.", None),
        (DEEPGRAM, {"category": "x", "message": "Bad key."}, "Bad key.", "x"),
        (DEEPGRAM, b"<html>", "<html>", None),
        (ELEVENLABS, {"detail": {"status": "invalid_api_key", "message": "Bad key."}}, "Bad key.", "invalid_api_key"),
        (ELEVENLABS, {"detail": [{"msg": "field required", "type": "missing"}]}, "field required", None),
        (ELEVENLABS, b"<html>", "<html>", None),
    ],
)
def test_a_vendors_error_is_told_in_its_own_words(
    dialect: Dialect, body: bytes | object, message: str, code: str | None
) -> None:
    detail = dialect.decode_error(ReplyHead(401, {}), body if isinstance(body, bytes) else json.dumps(body).encode())

    assert (detail.message, detail.code) == (message, code)


@pytest.mark.anyio
async def test_each_vendors_key_goes_where_it_wants_it() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=DEEPGRAM_REPLY)

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http,
        Client(http_client=http, variables=KEYS) as client,
    ):
        response = await client.transcription("deepgram/nova-3", SOUND)

    assert response.text.startswith("Well said.")
    assert str(seen[0].url).startswith("https://api.deepgram.com/v1/listen?model=nova-3")
    assert seen[0].headers["authorization"] == "Token k"
