"""Images: generated, edited, varied; whole, or streamed as pictures that grow sharper.

Source: OpenAI API reference, "Create image", "Create image edit", "Create image variation", "Image generation
streaming events" and "Image edit streaming events", 2026-11.
"""

from __future__ import annotations

from typing import Any, Final

from ..._convert.converter import structure
from ..._convert.narrow import JSONObject, as_object, parse_object
from ..._types.errors import BadRequestError
from ..._types.http import HTTPRequest
from ..._types.image_edits import IMAGE_EDIT_PARAMETERS, ImageEditRequest
from ..._types.image_variations import IMAGE_VARIATION_PARAMETERS, ImageVariationRequest
from ..._types.images import ImageChunk, ImageModelParams, ImageRequest, ImageResponse
from ..contract import ReplyIsError, WireCall, json_request, merge_extra_body
from ..failing import no_answer
from ..forms import form_request
from ..parameters import supported_parameters
from ..streaming import SSEStreamDecoder
from .event_reader import EventReader
from .replies import require_list, settle_usage

_PARAMETERS: Final = frozenset(ImageModelParams.__annotations__)


def encode_images(call: WireCall[ImageRequest]) -> HTTPRequest:
    """The request for images."""
    return _generation(call, {})


def encode_images_stream(call: WireCall[ImageRequest]) -> HTTPRequest:
    """The request for images as events."""
    return _generation(call, {"stream": True})


def _generation(call: WireCall[ImageRequest], more: dict[str, Any]) -> HTTPRequest:
    request = call.request
    parameters = supported_parameters(request.parameters, call, _PARAMETERS, drop=request.options.drop_params)
    body = {"model": call.model, "prompt": request.prompt, **parameters, **more}
    return json_request("/images/generations", merge_extra_body(body, request.options.extra_body))


def encode_image_edit(call: WireCall[ImageEditRequest]) -> HTTPRequest:
    """The form for edited images."""
    return _edit(call, {})


def encode_image_edit_stream(call: WireCall[ImageEditRequest]) -> HTTPRequest:
    """The form for edited images as events."""
    return _edit(call, {"stream": True})


def _edit(call: WireCall[ImageEditRequest], more: dict[str, Any]) -> HTTPRequest:
    request = call.request
    if not request.images:
        raise BadRequestError("image is empty: there is nothing to edit", model=call.model)
    parameters = supported_parameters(request.parameters, call, IMAGE_EDIT_PARAMETERS, drop=request.options.drop_params)
    fields = {"model": call.model, "prompt": request.prompt, **parameters, **more}
    name = "image" if len(request.images) == 1 else "image[]"
    files = [(name, image) for image in request.images]
    if request.mask is not None:
        files.append(("mask", request.mask))
    return form_request(
        "/images/edits", merge_extra_body(fields, request.options.extra_body), files, call.fresh.boundary()
    )


def encode_image_variation(call: WireCall[ImageVariationRequest]) -> HTTPRequest:
    """The form for variations of an image."""
    request = call.request
    drop = request.options.drop_params
    parameters = supported_parameters(request.parameters, call, IMAGE_VARIATION_PARAMETERS, drop=drop)
    fields = merge_extra_body({"model": call.model, **parameters}, request.options.extra_body)
    return form_request("/images/variations", fields, [("image", request.image)], call.fresh.boundary())


def decode_images(call: WireCall[Any], body: bytes) -> ImageResponse:
    """Read images: addresses or base64 data, as the model does or was asked to."""
    reply = parse_object(body)
    items = [{"url": item} if isinstance(item, str) else item for item in require_list(reply, "data")]
    reply["data"] = [item for item in items if item is not None]
    if not any(type(item) is not dict or _shows_something(item) for item in reply["data"]):
        raise ReplyIsError(no_answer({**reply, "data": items}))
    settle_usage(as_object(reply.get("usage")))
    return structure(reply, ImageResponse)


def _shows_something(item: JSONObject) -> bool:
    """Whether there is more in a picture's place than the prompt for it."""
    return any(value for name, value in item.items() if name != "revised_prompt")


def open_image_decoder(call: WireCall[Any]) -> SSEStreamDecoder[ImageChunk]:
    """A decoder for streamed images."""
    return SSEStreamDecoder(EventReader(ImageChunk, lambda chunk: chunk.is_final, "the image was complete"))
