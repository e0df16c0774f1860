"""Requests that are forms, as those with files are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._convert import json as _json
from .._types.errors import BadRequestError
from .._types.http import HTTPRequest

if TYPE_CHECKING:
    from .._types.upload import Upload


def form_request(
    path: str, fields: Mapping[str, Any], files: Iterable[tuple[str, Upload]], boundary: str
) -> HTTPRequest:
    """A POST of a form: lists become several fields called `name[]`, objects JSON text; files are sent in blocks.

        request = form_request("/audio/transcriptions", {"model": call.model}, files, call.fresh.boundary())

    Raises:
        BadRequestError: if a value has no form.
    """
    from .._framing.multipart import FormField, MultipartBody, text_part  # few programs send forms

    try:
        texts = [text for name, value in fields.items() for text in _form_texts(name, value)]
        parts = [text_part(name, text) for name, text in texts]
        parts += [FormField(name, file.content, file.name, file.media_type) for name, file in files]
        body = MultipartBody(parts, boundary)
    except (TypeError, ValueError) as error:
        raise BadRequestError(f"the request cannot be written as a form: {error}") from error
    return HTTPRequest("POST", path, (("content-type", body.content_type),), body)


def _form_texts(name: str, value: Any) -> Iterator[tuple[str, str | float]]:
    if isinstance(value, str | int | float):
        yield name, value
    elif isinstance(value, Sequence):
        for item in value:
            yield from _form_texts(f"{name}[]", item)
    else:
        yield name, _json.dumps(value).decode()
