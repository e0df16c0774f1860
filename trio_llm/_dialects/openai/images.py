"""Image generation.

Source: OpenAI API reference, "Create image", 2026-11.
"""

from __future__ import annotations

from typing import Final

from ..._convert import structure
from ..._dialect import Call, json_request, merge_extra_body, supported_parameters
from ..._http import HTTPRequest
from ..._types.image import ImageResponse
from ..._types.other_requests import ImageModelParams, ImageRequest
from .replies import as_object, parse_object, require_list, settle_usage

_PARAMETERS: Final = frozenset(ImageModelParams.__annotations__)


def encode_images(call: Call[ImageRequest]) -> HTTPRequest:
    """The request for images."""
    request = call.request
    parameters = supported_parameters(request.parameters, call, _PARAMETERS, request.options.drop_params)
    body = {"model": call.model, "prompt": request.prompt, **parameters}
    return json_request("/images/generations", merge_extra_body(body, request.options.extra_body))


def decode_images(call: Call[ImageRequest], body: bytes) -> ImageResponse:
    """Read images: addresses or base64 data, as the model does or was asked to."""
    reply = parse_object(body)
    require_list(reply, "data")
    settle_usage(as_object(reply.get("usage")))
    return structure(reply, ImageResponse)
