"""What an embedding call gives to be embedded, for every dialect: texts, or content parts where the vendor takes them.

An input of parts becomes one vector, as a text does. Parts have the shape that they have in chats: `text`, `image_url`,
`video_url`, each with an address or a data URL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from .._convert.narrow import as_mapping, is_object
from .._types.embeddings import EmbeddingRequest
from .._types.errors import BadRequestError, UnsupportedParamsError
from .contract import WireCall
from .media_names import named_right

_ADDRESSES: Final = ("image_url", "video_url")
_DATA: Final = ";base64,"


@attrs.frozen
class InputPart:
    """One content part."""

    kind: str
    """`text`, `image_url` or `video_url`."""
    value: str
    """The text, the address or the data URL."""
    told: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    """What else is said beside an address."""

    @property
    def data(self) -> str | None:
        """What a data URL holds, in base64; None for an address."""
        return self.value.partition(_DATA)[2] if self.value.startswith("data:") and _DATA in self.value else None


def check_plain_numbers(call: WireCall[EmbeddingRequest]) -> None:
    """Check the format that is asked for, where a wire has plain numbers alone.

    Raises:
        UnsupportedParamsError: for an `encoding_format` other than `float`; `drop_params` leaves it out.
    """
    given = call.request.parameters.get("encoding_format", "float")
    if given != "float" and not call.request.options.drop_params:
        raise UnsupportedParamsError(
            "encoding_format can only be float; drop_params=True leaves it out", model=call.model
        )


def items_of(call: WireCall[EmbeddingRequest]) -> list[Any]:
    """The inputs, one by one."""
    given: Any = call.request.input
    return [given] if isinstance(given, str | Mapping) else list(given)


def texts_of(call: WireCall[EmbeddingRequest], vendor: str) -> list[str]:
    """The inputs, for a vendor that takes texts only.

    Raises:
        BadRequestError: if one is anything else; the message names its place.
    """
    texts: list[str] = []
    for number, item in enumerate(items_of(call)):
        if not isinstance(item, str):
            what = "token ids" if isinstance(item, int) else "content parts" if _is_parts(item) else "token ids"
            raise BadRequestError(f"input[{number}] must be text; {vendor} takes no {what}", model=call.model)
        texts.append(item)
    return texts


def has_parts(call: WireCall[EmbeddingRequest]) -> bool:
    """Whether any of the inputs consists of content parts."""
    given: Any = call.request.input
    return not isinstance(given, str) and (isinstance(given, Mapping) or any(_is_parts(item) for item in given))


def _is_parts(item: object) -> bool:
    if isinstance(item, Mapping):
        return True
    return isinstance(item, Sequence) and not isinstance(item, str) and any(is_object(part) for part in item)


def parts_of_inputs(call: WireCall[EmbeddingRequest], kinds: Sequence[str]) -> list[list[InputPart]]:
    """Every input as parts, a text among them as one.

    Raises:
        BadRequestError: for a part of another kind, and for token ids; the message names its place.
    """
    return [_parts(item, f"input[{number}]", kinds) for number, item in enumerate(items_of(call))]


def _parts(item: Any, where: str, kinds: Sequence[str]) -> list[InputPart]:
    if isinstance(item, str):
        return [InputPart("text", item)]
    if isinstance(item, Mapping):
        return [_part(item, where, kinds)]
    if not isinstance(item, Sequence):
        raise BadRequestError(f"{where} must be text or content parts, not {type(item).__name__}")
    return [_part(part, f"{where}[{number}]", kinds) for number, part in enumerate(item)]


def _part(part: Any, where: str, kinds: Sequence[str]) -> InputPart:
    if isinstance(part, str):
        return InputPart("text", part)
    told = as_mapping(part)
    kind = str(told.get("type", type(part).__name__))
    value: Any = told.get("text") if kind == "text" else told.get(kind) if kind in _ADDRESSES else None
    told_beside = {name: one for name, one in value.items() if name != "url"} if is_object(value) else {}
    value = value.get("url") if is_object(value) else value
    if kind not in kinds or not isinstance(value, str):
        raise BadRequestError(f"{where}: this provider embeds parts of type {', '.join(kinds)}, not {kind!r}")
    return InputPart(kind, named_right(value) if kind == "image_url" else value, told_beside)
