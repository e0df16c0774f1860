"""Image generation: by Gemini models through `generateContent`, by Imagen models through `predict`.

Source: Gemini API guides "Image generation" and "Imagen"; reference, "ImageConfig"; 2026-11.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from math import gcd
from typing import Any, Final

import attrs

from ..._convert.converter import load, parse
from ..._types.errors import ContentPolicyViolationError, InternalServerError, UnsupportedParamsError
from ..._types.http import HTTPRequest
from ..._types.image_edits import ImageEditRequest
from ..._types.images import ImageObject, ImageRequest, ImageResponse
from ..contract import ErrorDetail, ReplyIsError, WireCall, json_request, merge_extra_body
from ..parameters import supported_parameters
from .models import model_path
from .response import read_document

_IMAGEN = "imagen"
_EXPRESSIBLE: Final = frozenset(("n", "size", "quality", "response_format"))
_RATIOS: Final = frozenset(
    ("1:1", "1:4", "4:1", "1:8", "8:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
)
_NEAREST_RATIO: Final[Mapping[str, str]] = {"7:4": "16:9", "4:7": "9:16"}
"""OpenAI's own sizes whose ratio is only nearly one of Google's: 1792x1024 and 1024x1792."""
_SIZES: Final = frozenset(("512", "1K", "2K", "4K"))


@attrs.frozen
class _Predicted:
    data: str | None = attrs.field(default=None, alias="bytesBase64Encoded")
    mime_type: str | None = attrs.field(default=None, alias="mimeType")
    refused: str | None = attrs.field(default=None, alias="raiFilteredReason")


@attrs.frozen
class _ImagePredictions:
    predictions: list[_Predicted] = attrs.Factory(list[_Predicted])


def encode_image(call: WireCall[ImageRequest]) -> HTTPRequest:
    """A request for images. `size` may be OpenAI's, as `1024x1024`, or a ratio; `quality` is Google's size, as `2K`.

    Raises:
        UnsupportedParamsError: for what the model cannot express; `drop_params` leaves it out.
    """
    asked = _asked(call)
    verb, body = _imagen_body(call, asked) if _is_imagen(call) else _gemini_body(call, asked)
    merged = merge_extra_body(body, call.request.options.extra_body)
    return json_request(model_path(call.model, verb), merged)


def encode_image_edit(call: WireCall[ImageEditRequest]) -> HTTPRequest:
    """A request for an image made out of others, by a Gemini model. Raises as `encode_image` does.

    Raises:
        UnsupportedParamsError: for a mask as well, and for Imagen models.
    """
    request = call.request
    if request.mask is not None or _is_imagen(call):
        raise UnsupportedParamsError("cannot express mask, or an edit by Imagen", model=call.model)
    asked = _asked(call)
    images = [
        {"inlineData": {"mimeType": image.media_type, "data": b64encode(image.read()).decode()}}
        for image in request.images
    ]
    verb, body = _gemini_body(call, asked, images)
    return json_request(model_path(call.model, verb), merge_extra_body(body, request.options.extra_body))


def decode_image(call: WireCall[Any], body: bytes) -> ImageResponse:
    """The images as base64; usage where the model reports it.

    Raises:
        ConversionError: if the reply is malformed or has no image.
        ReplyIsError: if the provider refused the content.
    """
    return _predicted(body) if _is_imagen(call) else _generated(body)


def _is_imagen(call: WireCall[Any]) -> bool:
    return call.model.removeprefix("models/").startswith(_IMAGEN)


def _asked(call: WireCall[Any]) -> dict[str, Any]:
    drop = call.request.options.drop_params
    parameters = supported_parameters(call.request.parameters, call, _EXPRESSIBLE, drop=drop)
    refused = [name for name, value in parameters.items() if name in _ALLOWED and not _ALLOWED[name](value)]
    if parameters.get("n", 1) != 1 and not _is_imagen(call):
        refused.append("n")
    if refused and not drop:
        named = ", ".join(f"{name}={parameters[name]!r}" for name in refused)
        raise UnsupportedParamsError(f"cannot express {named}; drop_params=True leaves it out", model=call.model)
    return {name: value for name, value in parameters.items() if name not in refused and value != "auto"}


_ALLOWED: Final[Mapping[str, Callable[[Any], bool]]] = {
    "size": lambda size: size == "auto" or _ratio(str(size)) is not None,
    "quality": lambda quality: quality == "auto" or quality in _SIZES,
    "response_format": lambda form: form == "b64_json",
}


def _ratio(size: str) -> str | None:
    """`1536x1024` as `3:2`; None if there is no such ratio."""
    width, _, height = size.partition("x")
    if width.isdecimal() and height.isdecimal() and int(width) and int(height):
        common = gcd(int(width), int(height))
        size = f"{int(width) // common}:{int(height) // common}"
        size = _NEAREST_RATIO.get(size, size)
    return size if size in _RATIOS else None


def _gemini_body(
    call: WireCall[Any], asked: Mapping[str, Any], images: Sequence[dict[str, Any]] = ()
) -> tuple[str, dict[str, Any]]:
    config: dict[str, Any] = {"responseModalities": ["IMAGE"]}
    image = {"aspectRatio": _ratio(asked.get("size", "")), "imageSize": asked.get("quality")}
    if given := {name: value for name, value in image.items() if value}:
        config["imageConfig"] = given
    contents = [{"role": "user", "parts": [{"text": call.request.prompt}, *images]}]
    return "generateContent", {"contents": contents, "generationConfig": config}


def _imagen_body(call: WireCall[ImageRequest], asked: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    parameters = {
        "sampleCount": asked.get("n", 1),
        "aspectRatio": _ratio(asked.get("size", "")),
        "sampleImageSize": asked.get("quality"),
    }
    given = {name: value for name, value in parameters.items() if value}
    return "predict", {"instances": [{"prompt": call.request.prompt}], "parameters": given}


def _predicted(body: bytes) -> ImageResponse:
    predictions = load(body, _ImagePredictions).predictions
    images = [_image(found.data, found.mime_type) for found in predictions if found.data]
    if not images:
        reason = next((found.refused for found in predictions if found.refused), None)
        _no_image(reason, "raiFilteredReason" if reason else None)
    return ImageResponse(data=images)


def _generated(body: bytes) -> ImageResponse:
    response, failure = read_document(parse(body))
    messages = [choice.message for choice in response.choices]
    urls = [str(image["image_url"]["url"]) for message in messages for image in message.images or ()]
    if not urls and failure is not None:
        raise ReplyIsError(failure)
    if not urls:
        filtered = any(choice.finish_reason == "content_filter" for choice in response.choices)
        _no_image("".join(message.content or "" for message in messages) or None, "finishReason" if filtered else None)
    return ImageResponse(response.created, [_from_url(url) for url in urls], response.usage)


def _from_url(url: str) -> ImageObject:
    head, _, data = url.partition(",")
    return _image(data, head.removeprefix("data:").removesuffix(";base64"))


def _image(data: str, mime_type: str | None) -> ImageObject:
    return ImageObject(b64_json=data, model_extra={"mime_type": mime_type} if mime_type else None)


def _no_image(words: str | None, refused_by: str | None) -> None:
    if refused_by is None:
        said = f": {words}" if words else ""
        raise ReplyIsError(ErrorDetail(f"the reply has no image{said}", kind=InternalServerError))
    detail = ErrorDetail(words or "the provider filtered the image", refused_by, ContentPolicyViolationError)
    raise ReplyIsError(detail)
