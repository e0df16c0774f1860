"""Messages of AWS event streams as a server writes them."""

from __future__ import annotations

import json
import struct
from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from zlib import crc32


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message, with texts as headers."""
    written = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", 16 + len(written) + len(payload), len(written))
    whole = prelude + struct.pack(">I", crc32(prelude)) + written + payload
    return whole + struct.pack(">I", crc32(whole))


def event(kind: str, value: Any) -> bytes:
    """An event with a JSON payload."""
    payload = json.dumps(value, ensure_ascii=False).encode()
    return message({":message-type": "event", ":event-type": kind, ":content-type": "application/json"}, payload)


def wrapped(value: Any) -> bytes:
    """A maker's own event, as InvokeModel's stream has it."""
    return event("chunk", {"bytes": b64encode(json.dumps(value, ensure_ascii=False).encode()).decode()})


def exception(kind: str, words: str) -> bytes:
    """An exception of the service's."""
    return message({":message-type": "exception", ":exception-type": kind}, json.dumps({"message": words}).encode())
