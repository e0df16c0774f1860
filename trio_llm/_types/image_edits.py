"""Image edits in OpenAI's shape ("Create image edit", 2026-11). The reply is that of `images`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypedDict, Unpack

import attrs

from .request import AnyRequest, CallOptions, ControlParams, checked_model, split_arguments
from .upload import FileInput, Upload, as_upload

if TYPE_CHECKING:
    from .images import ImageResponse


class ImageEditModelParams(TypedDict, total=False):
    """OpenAI's parameters ("Create image edit", 2026-11)."""

    background: str | None
    input_fidelity: str | None
    n: int | None
    output_compression: int | None
    output_format: str | None
    partial_images: int | None
    quality: str | None
    response_format: str | None
    size: str | None
    user: str | None


class ImageEditParams(ImageEditModelParams, ControlParams, total=False):
    """Every keyword argument of an image edit beside the images, `prompt`, `model`, `mask` and `stream`."""


IMAGE_EDIT_PARAMETERS = frozenset(ImageEditModelParams.__annotations__)
ImageInput: TypeAlias = FileInput | list[FileInput]
"""One image, or several in a list."""


@attrs.frozen(init=False)
class ImageEditRequest(AnyRequest["ImageResponse"]):
    """One image edit as a value.

    Example:
        request = ImageEditRequest(pathlib.Path("cat.png"), "make it a dog", "openai/gpt-image-1")
        response = await client.call(request)
    """

    operation: ClassVar[str] = "image_edit"

    model: str
    images: tuple[Upload, ...]
    prompt: str
    mask: Upload | None
    stream: bool
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(
        self,
        image: ImageInput,
        prompt: str,
        model: str,
        *,
        mask: FileInput | None = None,
        stream: bool | None = False,
        **params: Unpack[ImageEditParams],
    ) -> None:
        parameters, options = split_arguments(params, IMAGE_EDIT_PARAMETERS)
        given = image if isinstance(image, list) else [image]
        images = tuple(as_upload(one, f"image[{number}]", f"image-{number}.png") for number, one in enumerate(given))
        masked = None if mask is None else as_upload(mask, "mask", "mask.png")
        self.__attrs_init__(checked_model(model), images, prompt, masked, bool(stream), parameters, options)

    def arguments(self) -> dict[str, Any]:
        """See `AnyRequest.arguments`."""
        given = super().arguments()
        return {"image": list(given.pop("images")), **given}
