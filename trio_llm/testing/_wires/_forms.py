"""Forms with files, as the simulator reads them (RFC 7578)."""

from __future__ import annotations

import re
from typing import Any, Final

_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)')
_NAME: Final = re.compile(rb'[; ]name="([^"]*)"')
_FILE_NAME: Final = re.compile(rb'filename="([^"]*)"')


def form_fields(content_type: str, body: bytes) -> dict[str, Any] | None:
    """The fields of a form; files as objects with `filename` and `size`, `name[]` as lists. None if it is no form."""
    found = _BOUNDARY.search(content_type)
    if not content_type.startswith("multipart/form-data") or found is None:
        return None
    fields: dict[str, Any] = {}
    for part in body.split(f"--{found[1]}".encode())[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        named = _NAME.search(head)
        if named is not None:
            _put(fields, named[1].decode(errors="replace"), _value(head, content.removesuffix(b"\r\n")))
    return fields


def _value(head: bytes, content: bytes) -> Any:
    file = _FILE_NAME.search(head)
    if file is None:
        return content.decode(errors="replace")
    return {"filename": file[1].decode(errors="replace"), "size": len(content)}


def _put(fields: dict[str, Any], name: str, value: Any) -> None:
    if name.endswith("[]"):
        name = name.removesuffix("[]")
        fields[name] = [*fields[name], value] if isinstance(fields.get(name), list) else [value]
    else:
        fields[name] = value
