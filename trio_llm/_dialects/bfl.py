"""Black Forest Labs: pictures that are asked for, and then looked for at the address that the reply names.

The address of a picture is good for ten minutes. What FLUX models have beside OpenAI's parameters (`seed`,
`safety_tolerance`, `input_image` for changing one, as base64) goes through `extra_body`.

Source: Black Forest Labs, "Quick start", "Errors" and the API pages of its models, https://docs.bfl.ai, 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .._convert.converter import ConversionError
from .._convert.narrow import as_object, in_address, parse_object
from .._types.errors import BadRequestError, ContentPolicyViolationError, InternalServerError, NotFoundError
from .._types.http import HTTPRequest
from .characters import whole_characters
from .contract import Dialect, Endpoint, ErrorDetail, NotYet, ReplyIsError, WireCall, json_request, merge_extra_body
from .error_bodies import ErrorReading
from .failing import no_answer, retryable
from .parameters import supported_parameters

if TYPE_CHECKING:
    from .._types.images import ImageRequest

_ERRORS: Final = ErrorReading()
_EXPRESSIBLE: Final = frozenset({"n", "output_format", "response_format", "size"})
_RUNNING: Final = frozenset({"Pending", "Queued", "Processing", "Generating"})
_FAILED: Final = {
    "Request Moderated": ContentPolicyViolationError,
    "Content Moderated": ContentPolicyViolationError,
    "Task not found": NotFoundError,
}


def encode_images(call: WireCall[ImageRequest]) -> HTTPRequest:
    """The request for one picture.

    Raises:
        UnsupportedParamsError: for what the wire cannot express; `drop_params` leaves it out.
        BadRequestError: for a size that is none, for several pictures, and where bytes are asked for.
    """
    request = call.request
    given = supported_parameters(request.parameters, call, _EXPRESSIBLE, drop=request.options.drop_params)
    if not request.options.drop_params:
        if given.get("n", 1) != 1:
            raise BadRequestError("n can only be 1; drop_params=True leaves it out", model=call.model)
        if given.get("response_format", "url") != "url":
            raise BadRequestError("response_format can only be url; drop_params=True leaves it out", model=call.model)
    body: dict[str, Any] = {"prompt": request.prompt}
    if "output_format" in given:
        body["output_format"] = given["output_format"]
    if (size := given.get("size")) not in (None, "auto"):
        width, _, height = str(size).partition("x")
        if not (width.isdecimal() and height.isdecimal()):
            raise BadRequestError(f"size must be like 1024x768, not {size!r}", model=call.model)
        body |= {"width": int(width), "height": int(height)}
    return json_request(f"/{in_address(call.model)}", merge_extra_body(body, request.options.extra_body))


def decode_images(call: WireCall[ImageRequest], body: bytes) -> Any:
    """The picture; a `NotYet` as long as it is being made.

    Raises:
        ConversionError: if the reply is malformed.
        ReplyIsError: if the request or the picture was refused, or no picture came of it.
    """
    from .._types.images import ImageObject, ImageResponse

    told = whole_characters(parse_object(body))
    status = told.get("status")
    place, identifier = told.get("polling_url"), told.get("id")
    if isinstance(place, str):
        return NotYet(HTTPRequest("GET", "", ()), place)
    if status in _RUNNING or (status is None and isinstance(identifier, str)):
        if not isinstance(identifier, str):
            raise ConversionError("a task without an id", ".id")
        return NotYet(HTTPRequest("GET", f"/get_result?id={in_address(identifier)}", ()))
    if not isinstance(status, str) or told.get("error") or told.get("message"):
        raise ReplyIsError(retryable(_ERRORS.of_value(told)))
    if status != "Ready":
        words = str(as_object(told.get("details")) or told.get("detail") or "")
        message = f"{status}: {words}" if words else str(status)
        raise ReplyIsError(ErrorDetail(message, str(status), _FAILED.get(str(status), InternalServerError), final=True))
    result = as_object(told.get("result"))
    if not isinstance(result.get("sample"), str):
        raise ReplyIsError(no_answer(told))
    picture = ImageObject(url=result["sample"], revised_prompt=None)
    rest: dict[str, Any] = {name: result[name] for name in ("seed", "prompt", "duration") if name in result}
    return ImageResponse(data=[picture], model_extra=rest or None)


BFL: Final = Dialect(
    name="bfl", decode_error=_ERRORS.of_reply, images=Endpoint(encode_images, decode_images, polled=True)
)
