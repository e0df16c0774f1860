"""What every framing has in common: bytes are fed, frames come out, and an error waits until it is asked for.

How the bytes are cut into pieces makes no difference: the same frames come, in the same order, and the same failure.
A framing that failed gives no more frames.
"""

from __future__ import annotations

from typing import Final, Protocol, TypeVar

FrameT = TypeVar("FrameT")

MAX_FRAME_SIZE: Final = 64 * 1024 * 1024
"""Bytes of one frame. Images travel inside frames; a peer that never ends one is hostile."""


class FramingError(Exception):
    """The bytes are no such stream."""


class FrameTooLarge(FramingError):
    """One frame has more bytes than it may."""


class FrameCut(FramingError):
    """The bytes ended inside a frame."""


class Framing(Protocol[FrameT]):
    """One body being cut into frames."""

    @property
    def name(self) -> str:
        """What it is called in errors, in the plural: `server-sent events`."""

    @property
    def failure(self) -> FramingError | None:
        """Why there will be no more frames."""

    def may_begin(self, opening: bytes) -> bool:
        """Whether a body of this framing can begin with these bytes: some, or all of its first ones."""

    def feed(self, data: bytes) -> list[FrameT]:
        """The frames that this piece completes."""

    def close(self) -> list[FrameT]:
        """The frame that only the end of the body completes, if the framing has such. Sets `failure` if it was cut."""
