"""Images: generated, edited, varied, streamed and saved."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from trio_llm import APIConnectionError, APIError, BadRequestError, Client, ImageEditRequest, UnsupportedParamsError
from trio_llm._dialects.contract import WireCall
from trio_llm._dialects.gemini import GEMINI
from trio_llm._engine.stream_rules import PictureFolding
from trio_llm._types.folding import fold
from trio_llm.testing import RawReply, Simulator
from trio_llm.types import ImageChunk, ImageObject

KEYS = {"OPENAI_API_KEY": "k", "GEMINI_API_KEY": "k"}
PNG = b"\x89PNG"


@pytest.mark.anyio
async def test_images_are_generated_and_saved(tmp_path: Path) -> None:
    async with Client(transport=Simulator(), variables=KEYS) as client:
        response = await client.image_generation("a cat", "gpt-image-1", n=2)
        by_address = await client.image_generation("a cat", "dall-e-3", response_format="url")

    response.data[0].save(tmp_path / "cat.png")
    assert len(response.data) == 2
    assert (tmp_path / "cat.png").read_bytes().startswith(PNG)
    with pytest.raises(ValueError, match="address only: https"):
        by_address.data[0].save(tmp_path / "no.png")


@pytest.mark.anyio
async def test_the_simulator_answers_as_openai_does_where_no_format_is_asked_for() -> None:
    async with Client(transport=Simulator(), variables=KEYS) as client:
        old = await client.image_generation("a cat", "dall-e-3")
        new = await client.image_generation("a cat", "gpt-image-1")

    assert (old.data[0].url, old.data[0].b64_json) == ("https://images.invalid/1.png", None)
    assert (new.data[0].url, new.data[0].content[:4]) == (None, PNG)


def test_an_image_gives_its_bytes() -> None:
    assert ImageObject(b64_json=base64.b64encode(PNG).decode()).content == PNG


@pytest.mark.anyio
async def test_images_are_edited() -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables=KEYS) as client:
        await client.image_edit(("a.png", PNG), "a hat", "gpt-image-1", mask=PNG, size="auto", n=2)
        await client.image_edit([PNG, ("b.webp", PNG)], "both", "gpt-image-1")

    one, several = (record.prompt.body for record in simulator.requests)
    assert simulator.requests[0].path == "/v1/images/edits"
    assert one["prompt"] == "a hat"
    assert one["image"] == {"filename": "a.png", "size": 4}
    assert one["mask"] == {"filename": "mask.png", "size": 4}
    assert (one["n"], one["size"]) == ("2", "auto")
    assert [image["filename"] for image in several["image"]] == ["image-0.png", "b.webp"]


@pytest.mark.anyio
async def test_images_are_varied() -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables=KEYS) as client:
        response = await client.image_variation(PNG, n=3)

    assert len(response.data) == 3
    assert simulator.requests[0].path == "/v1/images/variations"
    assert simulator.requests[0].prompt.body["model"] == "dall-e-2"


@pytest.mark.anyio
async def test_pictures_come_while_an_image_is_being_made() -> None:
    async with Client(transport=Simulator(), variables=KEYS) as client:
        stream = await client.image_generation("a cat", "gpt-image-1", stream=True, partial_images=2)
        chunks = [chunk async for chunk in stream]
        edited = await client.image_edit(PNG, "a hat", "gpt-image-1", stream=True, partial_images=1)
        kinds = [chunk.type async for chunk in edited]

    assert [chunk.partial_image_index for chunk in chunks] == [0, 1, None]
    assert [chunk.is_final for chunk in chunks] == [False, False, True]
    assert kinds == ["image_edit.partial_image", "image_edit.completed"]
    assert len(stream.response.data) == 1
    assert stream.response.data[0].content.startswith(PNG)
    assert stream.response.usage is not None
    assert stream.response.usage.prompt_tokens == 1


def event(value: object) -> bytes:
    return b"data: " + (value if isinstance(value, bytes) else json.dumps(value).encode()) + b"\n\n"


PARTIAL = {"type": "image_generation.partial_image", "b64_json": "aaaa", "partial_image_index": 0}


@pytest.mark.anyio
async def test_an_image_that_breaks_off_leaves_its_sharpest_picture() -> None:
    simulator = Simulator(RawReply(event(PARTIAL), content_type="text/event-stream"))
    async with Client(transport=simulator, variables=KEYS) as client:
        stream = await client.image_generation("a cat", "gpt-image-1", stream=True)
        with pytest.raises(APIConnectionError, match="before the image was complete") as caught:
            [chunk async for chunk in stream]

    partial: Any = caught.value.partial
    assert partial.data[0].b64_json == "aaaa"


@pytest.mark.anyio
async def test_a_whole_reply_where_events_were_asked_for_is_one_finished_picture() -> None:
    reply = RawReply(b'{"created": 7, "data": [{"b64_json": "aaaa"}], "output_format": "png"}')
    async with Client(transport=Simulator(reply), variables=KEYS) as client:
        stream = await client.image_generation("a cat", "gpt-image-1", stream=True)
        (chunk,) = [chunk async for chunk in stream]

    assert (chunk.b64_json, chunk.is_final, chunk.created_at, chunk.output_format) == ("aaaa", True, 7, "png")
    assert [image.b64_json for image in stream.response.data] == ["aaaa"]


@pytest.mark.anyio
async def test_an_error_among_the_events_is_raised() -> None:
    error = {"type": "error", "error": {"message": "blocked", "code": "moderation_blocked"}}
    simulator = Simulator(RawReply(event(PARTIAL) + event(error), content_type="text/event-stream"))
    async with Client(transport=simulator, variables=KEYS) as client:
        stream = await client.image_generation("a cat", "gpt-image-1", stream=True)
        with pytest.raises(APIError, match="blocked"):
            [chunk async for chunk in stream]


@pytest.mark.anyio
async def test_a_stream_may_end_with_a_mark() -> None:
    done = {"type": "image_generation.completed", "b64_json": "bbbb"}
    body = event(PARTIAL) + event(done) + event(b"[DONE]")
    async with Client(transport=Simulator(RawReply(body, content_type="text/event-stream")), variables=KEYS) as client:
        stream = await client.image_generation("a cat", "gpt-image-1", stream=True)
        assert [chunk.b64_json async for chunk in stream] == ["aaaa", "bbbb"]


def test_nothing_folds_into_no_image() -> None:
    assert fold(PictureFolding(), []).data == []
    assert fold(PictureFolding(), [ImageChunk("x")]).data == []


@pytest.mark.anyio
async def test_an_edit_needs_an_image() -> None:
    async with Client(transport=Simulator(), variables=KEYS) as client:
        with pytest.raises(BadRequestError, match="image is empty"):
            await client.image_edit([], "a hat", "gpt-image-1")
        with pytest.raises(BadRequestError, match=r"image\[1\] cannot be read"):
            await client.image_edit([PNG, "/no-such.png"], "a hat", "gpt-image-1")


def test_gemini_is_given_images_beside_the_prompt() -> None:
    assert GEMINI.image_edit is not None
    request = ImageEditRequest([("a.png", PNG), ("b.webp", PNG)], "a hat", "gemini/m", size="1:1")
    http = GEMINI.image_edit.encode(WireCall(request, "gemini-2.5-flash-image"))
    assert isinstance(http.body, bytes)
    data = base64.b64encode(PNG).decode()

    assert http.path == "/models/gemini-2.5-flash-image:generateContent"
    assert json.loads(http.body)["contents"][0]["parts"] == [
        {"text": "a hat"},
        {"inlineData": {"mimeType": "image/png", "data": data}},
        {"inlineData": {"mimeType": "image/webp", "data": data}},
    ]
    for refused, model in ((ImageEditRequest(PNG, "x", "m", mask=PNG), "gemini-image"), (request, "imagen-4")):
        with pytest.raises(UnsupportedParamsError, match="mask"):
            GEMINI.image_edit.encode(WireCall(refused, model))
