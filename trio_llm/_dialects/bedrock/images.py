"""Images by InvokeModel: Titan and Nova Canvas, and Stability's.

Source: Amazon Nova user guide, "Image generation request and response structure"; Amazon Bedrock user guide, "Stable
Image Ultra, Core and SD3 request and response", 2026-11.
"""

from __future__ import annotations

from math import gcd
from typing import Any, Final

from ..._convert.narrow import as_list, parse_object
from ..._types.errors import ContentPolicyViolationError, InternalServerError
from ..._types.http import HTTPRequest
from ..._types.images import ImageObject, ImageRequest, ImageResponse
from ..contract import ErrorDetail, ReplyIsError, WireCall, json_request, merge_extra_body
from ..failing import no_answer, retryable
from ..parameters import supported_parameters
from .errors import ERRORS
from .request import model_path, refuse

_QUALITIES: Final = {"standard": "standard", "hd": "premium", "premium": "premium", "medium": "standard"}
_RATIOS: Final = frozenset({"16:9", "1:1", "21:9", "2:3", "3:2", "4:5", "5:4", "9:16", "9:21"})


def encode_canvas(call: WireCall[ImageRequest]) -> HTTPRequest:
    """A request to Titan or Nova Canvas.

    Raises:
        UnsupportedParamsError: for what they cannot express; `drop_params` leaves it out.
    """
    asked = _asked(call, frozenset({"n", "size", "quality", "response_format"}))
    config: dict[str, Any] = {"numberOfImages": asked.get("n", 1)}
    if (size := asked.get("size", "auto")) != "auto":
        width, height = _sides(call, str(size))
        config |= {"width": width, "height": height} if width else {}
    if (quality := asked.get("quality", "auto")) != "auto":
        if quality not in _QUALITIES:
            refuse(call, f"cannot express quality={quality!r}")
        config["quality"] = _QUALITIES.get(str(quality), "standard")
    prompt = {"text": call.request.prompt}
    return _post(call, {"taskType": "TEXT_IMAGE", "textToImageParams": prompt, "imageGenerationConfig": config})


def encode_stability(call: WireCall[ImageRequest]) -> HTTPRequest:
    """A request to one of Stability's models. Raises as `encode_canvas` does."""
    asked = _asked(call, frozenset({"n", "size", "output_format", "response_format"}))
    if asked.get("n", 1) != 1:
        refuse(call, "cannot express n: there is one image")
    body: dict[str, Any] = {"prompt": call.request.prompt}
    if (size := asked.get("size", "auto")) != "auto":
        width, height = _sides(call, str(size).replace(":", "x"))
        common = gcd(width, height) or 1
        if (ratio := f"{width // common}:{height // common}") in _RATIOS:
            body["aspect_ratio"] = ratio
        else:
            refuse(call, f"cannot express size={size!r}")
    if "output_format" in asked:
        body["output_format"] = asked["output_format"]
    return _post(call, body)


def _post(call: WireCall[ImageRequest], body: dict[str, Any]) -> HTTPRequest:
    return json_request(model_path(call.model, "invoke"), merge_extra_body(body, call.request.options.extra_body))


def _asked(call: WireCall[ImageRequest], expressible: frozenset[str]) -> dict[str, Any]:
    options = call.request.options
    asked = supported_parameters(call.request.parameters, call, expressible, drop=options.drop_params)
    if asked.get("response_format", "b64_json") != "b64_json":
        refuse(call, "cannot express a response_format but b64_json")
    return asked


def _sides(call: WireCall[ImageRequest], size: str) -> tuple[int, int]:
    width, _, height = size.partition("x")
    if width.isdecimal() and height.isdecimal():
        return int(width), int(height)
    refuse(call, f"cannot express size={size!r}")
    return 0, 0


def decode_images(_: WireCall[ImageRequest], body: bytes) -> ImageResponse:
    """Read the images.

    Raises:
        ReplyIsError: if there is none; a content filter's refusal as what it is.
    """
    reply = parse_object(body)
    images = [ImageObject(b64_json=data) for data in as_list(reply.get("images")) if isinstance(data, str) and data]
    if images:
        return ImageResponse(data=images)
    words = [word for word in (reply.get("error"), *as_list(reply.get("finish_reasons"))) if isinstance(word, str)]
    filtered = any("filter" in word.lower() or "policy" in word.lower() for word in words)
    kind = ContentPolicyViolationError if filtered else InternalServerError
    if not words:
        told = {name: value for name, value in reply.items() if value}
        raise ReplyIsError(retryable(ERRORS.of_value(told)) if told else no_answer(reply))
    raise ReplyIsError(ErrorDetail("; ".join(words), kind=kind))
