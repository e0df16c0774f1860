"""Pictures, by their addresses, which Replicate keeps for an hour.

What models take in place of a size (`aspect_ratio`, `width` ...) goes through `extra_body={"input": ...}`.

Source: Replicate, API pages of `black-forest-labs/flux-2-pro` and `stability-ai/stable-diffusion`, 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..._convert.narrow import as_list
from ..._types.errors import BadRequestError
from ..._types.http import HTTPRequest
from ..._types.images import ImageObject, ImageRequest, ImageResponse
from ..contract import NotYet, ReplyIsError, WireCall
from ..failing import no_answer
from ..parameters import supported_parameters
from .predictions import begin, ended

_RENAMED: Final[Mapping[str, str]] = {"n": "num_outputs", "output_format": "output_format", "quality": "quality"}
_EXPRESSIBLE: Final = frozenset(_RENAMED) | {"response_format", "size"}


def encode_images(call: WireCall[ImageRequest]) -> HTTPRequest:
    """The request that begins a prediction.

    Raises:
        UnsupportedParamsError: for what the wire cannot express; `drop_params` leaves it out.
        BadRequestError: for a size that is none, and where bytes are asked for.
    """
    request = call.request
    given = supported_parameters(request.parameters, call, _EXPRESSIBLE, drop=request.options.drop_params)
    fields: dict[str, Any] = {"prompt": request.prompt}
    fields |= {wire: given[name] for name, wire in _RENAMED.items() if name in given}
    if (size := given.get("size")) not in (None, "auto"):
        width, _, height = str(size).partition("x")
        if not (width.isdecimal() and height.isdecimal()):
            raise BadRequestError(f"size must be like 1024x768, not {size!r}", model=call.model)
        fields |= {"width": int(width), "height": int(height)}
    if given.get("response_format", "url") != "url" and not request.options.drop_params:
        raise BadRequestError("response_format can only be url; drop_params=True leaves it out", model=call.model)
    return begin(call, fields)


def decode_images(call: WireCall[ImageRequest], body: bytes) -> ImageResponse | NotYet:
    """The pictures of a prediction that has ended.

    Raises:
        ConversionError: if it is malformed.
        ReplyIsError: if it failed, or has no picture.
    """
    told = ended(body)
    if isinstance(told, NotYet):
        return told
    output = told.get("output")
    found = [output] if isinstance(output, str) else as_list(output)
    pictures = [ImageObject(url=url) for url in found if isinstance(url, str) and url]
    if not pictures:
        raise ReplyIsError(no_answer(told))
    return ImageResponse(data=pictures)
