"""Images in OpenAI's shape ("Create image", 2026-11)."""

from __future__ import annotations

import os
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, TypedDict, Unpack

import attrs

from .costed import Costed
from .mapping import ANSWER, Record
from .receipt import Received
from .request import AnyRequest, CallOptions, ControlParams, checked_model, checked_text, split_arguments
from .shown import Shown, escape
from .usage import Usage


class ImageModelParams(TypedDict, total=False):
    """OpenAI's parameters ("Create image", 2026-11)."""

    n: int | None
    size: str | None
    quality: str | None
    style: str | None
    response_format: str | None
    background: str | None
    moderation: str | None
    output_compression: int | None
    output_format: str | None
    partial_images: int | None
    user: str | None


class ImageParams(ImageModelParams, ControlParams, total=False):
    """Every keyword argument of an image call beside `prompt`, `model` and `stream`."""


IMAGE_PARAMETERS = frozenset(ImageModelParams.__annotations__)


@attrs.frozen(init=False)
class ImageRequest(AnyRequest["ImageResponse"]):
    """One image generation as a value.

    Example:
        request = ImageRequest("a cat", "openai/gpt-image-1", size="1024x1024")
        response = await client.call(request)
    """

    operation: ClassVar[str] = "image_generation"

    model: str
    prompt: str
    stream: bool
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(self, prompt: str, model: str, *, stream: bool | None = False, **params: Unpack[ImageParams]) -> None:
        parameters, options = split_arguments(params, IMAGE_PARAMETERS)
        self.__attrs_init__(checked_model(model), checked_text(prompt, "prompt"), bool(stream), parameters, options)


@attrs.define
class ImageObject(Record):
    """One image: an address, or its bytes as base64 text.

    Example:
        picture = response.data[0]
        print(picture.url or len(picture.b64_json))
    """

    url: str | None = attrs.field(default=None, metadata=ANSWER)
    b64_json: str | None = attrs.field(default=None, metadata=ANSWER)
    revised_prompt: str | None = None

    @property
    def content(self) -> bytes:
        """The bytes of the image.

        Raises:
            ValueError: if the reply has only its address; `response_format="b64_json"` asks for the bytes.
        """
        if self.b64_json is None:
            raise ValueError(f"the reply has the image's address only: {self.url}")
        return b64decode(self.b64_json)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the bytes of the image to a file. Raises as `content` does."""
        Path(path).write_bytes(self.content)


@attrs.define
class ImageResponse(Costed, Shown, Received, Record):
    """The reply to an image call.

    Example:
        response = await trio_llm.aimage_generation("a cat", "openai/gpt-image-1")
        pathlib.Path("cat.png").write_bytes(base64.b64decode(response.data[0].b64_json))
    """

    created: int | None = None
    data: list[ImageObject] = attrs.field(factory=list, metadata=ANSWER)
    usage: Usage | None = None
    background: str | None = None
    output_format: str | None = None
    quality: str | None = None
    size: str | None = None

    def _repr_html_(self) -> str:
        kind = "".join(filter(str.isalnum, self.output_format or "png"))
        sources = (f"data:image/{kind};base64,{one.b64_json}" if one.b64_json else one.url or "" for one in self.data)
        return "".join(f'<img src="{escape(source)}" style="max-width:100%">' for source in sources)


@attrs.define
class ImageChunk(Record):
    """One event of a streamed image: `b64_json` is a whole picture each time, sharper from one to the next.

    Example:
        async for chunk in await trio_llm.aimage_generation("a cat", "openai/gpt-image-1", stream=True):
            print(chunk.type, chunk.partial_image_index)
    """

    type: str = attrs.field(default="", metadata=ANSWER)
    """Ends in `partial_image` or in `completed`."""
    b64_json: str | None = attrs.field(default=None, metadata=ANSWER)
    partial_image_index: int | None = None
    created_at: int | None = None
    background: str | None = None
    output_format: str | None = None
    quality: str | None = None
    size: str | None = None
    usage: Usage | None = None

    @property
    def is_final(self) -> bool:
        """Whether this is the finished image."""
        return self.type.endswith(".completed")

    @property
    def image(self) -> ImageObject:
        """The picture, as a reply that is not streamed has it."""
        return ImageObject(b64_json=self.b64_json)
