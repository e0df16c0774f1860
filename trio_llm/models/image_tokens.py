"""Tokens of pictures, by the formulas that vendors publish. Only the head of a picture is looked at, for its size."""

from __future__ import annotations

import math
import re
from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Callable
from typing import Final

_HEAD: Final = 200_000
"""Characters of base64 that are decoded: a JPEG can have its size behind a long preamble."""
_USUAL: Final = (1024, 1024)
"""The size of a picture of which only the address is known."""


def image_tokens(model: str, url: str, detail: str = "auto") -> int:
    """Tokens that a model takes for a picture.

    Args:
        model: its name without provider and maker.
        url: a `data:` URL, or an address, of which the size is not known.
        detail: OpenAI's: `low`, `high` or `auto`.
    """
    width, height = size_of(url) or _USUAL
    formula = next((formula for pattern, formula in _FORMULAS if pattern.search(model)), _tiles(85, 170))
    return formula(width, height, detail)


Formula = Callable[[int, int, str], int]


def _tiles(base: int, tile: int) -> Formula:
    """OpenAI's tiles of 512 pixels, after it was fitted into 2,048 and its shorter side brought to 768."""

    def count(width: int, height: int, detail: str) -> int:
        if detail == "low":
            return base
        fit = min(1.0, 2048 / max(width, height))
        fit *= min(1.0, 768 / (min(width, height) * fit))
        return base + tile * math.ceil(width * fit / 512) * math.ceil(height * fit / 512)

    return count


def _patches(factor: float) -> Formula:
    """OpenAI's patches of 32 pixels, at most 1,536 of them, times a factor of the model."""

    def count(width: int, height: int, _: str) -> int:
        patches = math.ceil(width / 32) * math.ceil(height / 32)
        if patches > 1536:
            shrink = math.sqrt(32 * 32 * 1536 / (width * height))
            across, down = width * shrink / 32, height * shrink / 32
            shrink *= min(math.floor(across) / across, math.floor(down) / down)
            patches = math.ceil(width * shrink / 32) * math.ceil(height * shrink / 32)
        return math.ceil(min(patches, 1536) * factor)

    return count


def _claude(width: int, height: int, _: str) -> int:
    fit = min(1.0, 1568 / max(width, height))
    return min(1_600, math.ceil(width * fit * height * fit / 750))


def _large_claude(width: int, height: int, _: str) -> int:
    """Squares of 28 pixels, of 2,576 pixels and 3.75 megapixels at most."""
    fit = min(1.0, 2576 / max(width, height))
    return min(4_784, math.ceil(width * fit / 28) * math.ceil(height * fit / 28))


def _gemini_3(width: int, height: int, _: str) -> int:
    """A grid of at most 1,120 squares, whatever the size: as many in each direction as its sides are to each other."""
    across, down = math.sqrt(1120 * width / height), math.sqrt(1120 * height / width)
    return max(1, math.floor(across)) * max(1, math.floor(down))


def _gemini(width: int, height: int, _: str) -> int:
    if max(width, height) <= 384:
        return 258
    unit = max(256, min(768, math.floor(min(width, height) / 1.5)))
    return 258 * math.ceil(width / unit) * math.ceil(height / unit)


def _sonar(width: int, height: int, _: str) -> int:
    return width * height // 750


def _mistral(width: int, height: int, _: str) -> int:
    """Squares of 28 pixels, and a mark at the end of each row."""
    fit = min(1.0, 1540 / max(width, height))
    across, down = math.ceil(width * fit / 28), math.ceil(height * fit / 28)
    return across * down + down


def _qwen(square: int) -> Formula:
    """Squares, to which the sides are rounded, and a mark before and after."""

    def count(width: int, height: int, _: str) -> int:
        return max(2, round(width / square)) * max(2, round(height / square)) + 2

    return count


def _grok(width: int, height: int, _: str) -> int:
    return 256 * math.ceil(width / 448) * math.ceil(height / 448) + 1


_FORMULAS: Final[tuple[tuple[re.Pattern[str], Formula], ...]] = (
    (re.compile(r"gpt-4o-mini"), _tiles(2833, 5667)),
    (re.compile(r"gpt-4\.1-nano|gpt-5-nano"), _patches(2.46)),
    (re.compile(r"gpt-4\.1-mini|gpt-5-mini"), _patches(1.62)),
    (re.compile(r"o4-mini"), _patches(1.72)),
    (re.compile(r"gpt-5\.[4-9]|gpt-[6-9]"), _patches(1.2)),
    (re.compile(r"gpt-5"), _tiles(70, 140)),
    (re.compile(r"^o[13]"), _tiles(75, 150)),
    (re.compile(r"computer-use-preview"), _tiles(65, 129)),
    (re.compile(r"claude-(opus-4[.-][7-9]|(opus|fable|mythos)-[5-9])"), _large_claude),
    (re.compile(r"claude"), _claude),
    (re.compile(r"gemini-([3-9]|.*-latest|omni|nano-banana|robotics-er-[2-9])"), _gemini_3),
    (re.compile(r"gemini|gemma"), _gemini),
    (re.compile(r"[mp]i[sx]tral|magistral|ministral"), _mistral),
    (re.compile(r"qwen-?2"), _qwen(28)),
    (re.compile(r"qwen|mimo"), _qwen(32)),
    (re.compile(r"^sonar"), _sonar),
    (re.compile(r"grok"), _grok),
)
"""By the model's name; the first that fits. The last five, OpenAI's newest and Gemini's are what recorded usage tells.

Sources: OpenAI guide "Images and vision", "Calculating costs"; Anthropic docs, "Vision", "Calculate image costs";
Gemini API docs, "Image understanding", "Token calculation", all 2026-11.
"""


def size_of(url: str) -> tuple[int, int] | None:
    """Width and height in pixels of a picture in a `data:` URL: PNG, GIF, JPEG or WebP. None for everything else."""
    head, comma, body = url[: _HEAD + 100].partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        return None
    try:
        data = b64decode(body[: len(body) // 4 * 4])
    except (BadBase64, ValueError):
        return None
    for magic, read in _READERS:
        if magic.match(data):
            size = read(data)
            return size if all(size) else None
    return None


def _png(data: bytes) -> tuple[int, int]:
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


def _gif(data: bytes) -> tuple[int, int]:
    return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")


def _jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        # A frame's header has the size; these three codes in its range are something else.
        if 0xC0 <= data[at + 1] <= 0xCF and data[at + 1] not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return 0, 0


def _webp(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF


_READERS: Final = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), _png),
    (re.compile(rb"GIF8"), _gif),
    (re.compile(rb"\xff\xd8"), _jpeg),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), _webp),
)
