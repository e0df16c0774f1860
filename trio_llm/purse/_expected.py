"""What a request will be paid for, before it is sent: tokens, or pictures, seconds, characters, searches.

Where a model is priced by something else than its operation usually is, as newer models of pictures and sounds are by
token, the tokens are those of a usual piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from .._types.request import AnyRequest
from ..models.prices import Prices, Quantities
from ..models.rates import BY_TOKEN
from ..models.sizes import expected_tokens
from ..models.used import asked_amounts, heard_seconds, picture_part, ranked_searches, spoken_tokens

_PICTURES: Final[Mapping[str, int]] = {"low": 272, "medium": 1_056, "high": 4_160}
"""Tokens of a square picture by its quality. OpenAI docs, "Image generation", "Cost and latency", 2026-11."""
_Amounts = Mapping[str, float]


def expected_parts(request: AnyRequest, prices: Prices, size: int | None = None) -> dict[str, float]:
    """USD by part of what a request will be paid for; nothing where that is something without a price here.

    Args:
        request: what is asked.
        prices: of its model.
        size: bytes of the request as it is sent, where that is known.
    """
    reader = _READERS.get(request.operation)
    for amounts in reader(request, size) if reader is not None else ():
        parts = prices.parts_of(Quantities(amounts))
        if parts is not None:
            return parts
    return {}


def _pictures(request: Any, _: int | None) -> Iterator[_Amounts]:
    given: Mapping[str, Any] = request.parameters
    number = given.get("n") or 1
    yield {picture_part(given.get("quality"), given.get("size")): number}
    tokens = _PICTURES.get(str(given.get("quality")), _PICTURES["medium"]) * number
    yield {"input": expected_tokens(request)[0], "output_image": tokens}


def _heard(request: Any, _: int | None) -> Iterator[_Amounts]:
    seconds = heard_seconds(request)
    yield {"input_audio_second": seconds}
    yield {"input_audio": 10 * seconds, "output": 4 * seconds}


def _spoken(request: Any, _: int | None) -> Iterator[_Amounts]:
    yield asked_amounts(request)
    yield spoken_tokens(request)


def _ranked(request: Any, size: int | None) -> Iterator[_Amounts]:
    yield {"rerank_search": ranked_searches(request)}
    yield {"input": expected_tokens(request, size)[0]}


_READERS: Final[Mapping[str, Callable[[Any, int | None], Iterator[_Amounts]]]] = {
    "image_edit": _pictures,
    "image_generation": _pictures,
    "image_variation": _pictures,
    "rerank": _ranked,
    "speech": _spoken,
    "transcription": _heard,
}
PAID: Final = frozenset({*BY_TOKEN, *_READERS})
"""Operations that cost something. All others ask about what was made, or count."""
