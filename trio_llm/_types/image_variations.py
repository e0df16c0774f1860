"""Image variations in OpenAI's shape ("Create image variation", 2026-11). The reply is that of `images`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict, Unpack

import attrs

from .request import AnyRequest, CallOptions, ControlParams, checked_model, split_arguments
from .upload import FileInput, Upload, as_upload

if TYPE_CHECKING:
    from .images import ImageResponse


class ImageVariationModelParams(TypedDict, total=False):
    """OpenAI's parameters ("Create image variation", 2026-11)."""

    n: int | None
    response_format: str | None
    size: str | None
    user: str | None


class ImageVariationParams(ImageVariationModelParams, ControlParams, total=False):
    """Every keyword argument of an image variation beside `image` and `model`."""


IMAGE_VARIATION_PARAMETERS = frozenset(ImageVariationModelParams.__annotations__)


@attrs.frozen(init=False)
class ImageVariationRequest(AnyRequest["ImageResponse"]):
    """One image variation as a value.

    Example:
        request = ImageVariationRequest(pathlib.Path("cat.png"), "openai/dall-e-2", n=2)
        response = await client.call(request)
    """

    operation: ClassVar[str] = "image_variation"

    model: str
    image: Upload
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(self, image: FileInput, model: str = "dall-e-2", **params: Unpack[ImageVariationParams]) -> None:
        parameters, options = split_arguments(params, IMAGE_VARIATION_PARAMETERS)
        self.__attrs_init__(checked_model(model), as_upload(image, "image", "image.png"), parameters, options)
