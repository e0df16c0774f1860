"""Images of Gemini and Imagen models."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trio_llm._dialects.contract import Endpoint, ReplyIsError, WireCall
from trio_llm._dialects.gemini import GEMINI
from trio_llm._types.errors import ContentPolicyViolationError, UnsupportedParamsError
from trio_llm._types.images import ImageRequest, ImageResponse

PAINTER = "gemini-2.5-flash-image"
IMAGEN = "imagen-4.0-generate-001"


def endpoint() -> Endpoint[ImageRequest, ImageResponse]:
    assert GEMINI.images is not None
    return GEMINI.images


def call_of(model: str, **params: Any) -> WireCall[ImageRequest]:
    return WireCall(ImageRequest("a boat", model, **params), model)


def encoded(model: str, **params: Any) -> tuple[str, dict[str, Any]]:
    request = endpoint().encode(call_of(model, **params))
    assert isinstance(request.body, bytes)
    return request.path, json.loads(request.body)


def decoded(model: str, reply: Any) -> ImageResponse:
    return endpoint().decode(call_of(model), json.dumps(reply).encode())


def test_a_gemini_model_is_asked_for_content_of_the_image_modality() -> None:
    path, body = encoded(PAINTER, size="1536x1024", quality="2K", response_format="b64_json", n=1)

    assert path == f"/models/{PAINTER}:generateContent"
    assert body == {
        "contents": [{"role": "user", "parts": [{"text": "a boat"}]}],
        "generationConfig": {
            "responseModalities": ["IMAGE"],
            "imageConfig": {"aspectRatio": "3:2", "imageSize": "2K"},
        },
    }


def test_an_imagen_model_predicts() -> None:
    path, body = encoded(IMAGEN, size="1792x1024", n=2, extra_body={"parameters": {"enhancePrompt": False}})

    assert path == f"/models/{IMAGEN}:predict"
    assert body == {
        "instances": [{"prompt": "a boat"}],
        "parameters": {"sampleCount": 2, "aspectRatio": "16:9", "enhancePrompt": False},
    }


def test_what_is_left_to_the_model_is_not_sent() -> None:
    assert encoded(PAINTER, size="auto", quality="auto") == encoded(PAINTER)


@pytest.mark.parametrize(
    "params",
    [{"size": "1000x17"}, {"size": "0x0"}, {"quality": "hd"}, {"response_format": "url"}, {"n": 2}, {"user": "u"}],
)
def test_what_cannot_be_expressed_is_refused_or_left_out(params: dict[str, Any]) -> None:
    (name,) = params
    with pytest.raises(UnsupportedParamsError, match=name):
        encoded(PAINTER, **params)
    assert encoded(PAINTER, **params, drop_params=True) == encoded(PAINTER)


def test_images_are_found_among_the_parts() -> None:
    parts = [{"text": "Here."}, {"inlineData": {"mimeType": "image/webp", "data": "AA=="}}]
    reply = {
        "candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 2, "candidatesTokenCount": 9},
    }
    response = decoded(PAINTER, reply)

    assert [(image.b64_json, image["mime_type"]) for image in response.data] == [("AA==", "image/webp")]
    assert response.usage is not None
    assert response.usage.total_tokens == 11


def test_predicted_images_are_base64() -> None:
    reply = {"predictions": [{"bytesBase64Encoded": "AA==", "mimeType": "image/png"}, {"bytesBase64Encoded": "BB=="}]}
    response = decoded(IMAGEN, reply)

    assert [image.b64_json for image in response.data] == ["AA==", "BB=="]
    assert (response.data[0]["mime_type"], response.data[1].model_extra) == ("image/png", None)


@pytest.mark.parametrize(
    ("model", "reply", "words"),
    [
        (IMAGEN, {"predictions": [{"raiFilteredReason": "Too wild."}]}, "Too wild."),
        (PAINTER, {"candidates": [{"finishReason": "IMAGE_SAFETY"}]}, "the provider filtered the image"),
        (PAINTER, {"candidates": [{"content": {"parts": [{"text": "No."}]}, "finishReason": "SAFETY"}]}, "No."),
    ],
)
def test_an_image_that_was_filtered_is_a_content_policy_violation(model: str, reply: Any, words: str) -> None:
    with pytest.raises(ReplyIsError) as caught:
        decoded(model, reply)

    assert (caught.value.detail.message, caught.value.detail.kind) == (words, ContentPolicyViolationError)


@pytest.mark.parametrize(
    ("model", "reply"),
    [
        (IMAGEN, {}),
        (PAINTER, {}),
        (PAINTER, {"candidates": [{"content": {"parts": [{"text": "I would rather talk."}]}, "finishReason": "STOP"}]}),
    ],
)
def test_a_reply_without_an_image_is_an_error(model: str, reply: Any) -> None:
    with pytest.raises(ReplyIsError, match="no image"):
        decoded(model, reply)
