"""Aleph Alpha's own completions: `/complete`.

Fields of Aleph Alpha's own (`top_k`, `control_factor` ...) go through `extra_body`.

Source: Aleph Alpha, PhariaInference API 4.7, "Completion", https://docs.aleph-alpha.com, 2026-08.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .contract import Dialect, Endpoint, WireCall, json_request, later, merge_extra_body
from .error_bodies import ErrorReading
from .parameters import supported_parameters

if TYPE_CHECKING:
    from .._convert.narrow import JSONObject
    from .._types.http import HTTPRequest
    from .._types.text_completions import TextCompletionRequest, TextCompletionResponse
    from .continuations import ContinuationPiece

_EXPRESSIBLE: Final = frozenset(
    {
        "best_of",
        "echo",
        "frequency_penalty",
        "max_tokens",
        "presence_penalty",
        "stop",
        "stream_options",
        "temperature",
        "top_p",
    }
)
_FINISH: Final = {
    "end_of_text": "stop",
    "stop": "stop",
    "stop_sequence_reached": "stop",
    "maximum_tokens": "length",
    "length": "length",
}


def encode_completion(call: WireCall[TextCompletionRequest]) -> HTTPRequest:
    """The request for a whole reply.

    Raises:
        BadRequestError: for a prompt that is not one text.
        UnsupportedParamsError: for what the wire cannot express; `drop_params` leaves it out.
    """
    from .continuations import one_prompt

    request = call.request
    given = supported_parameters(request.parameters, call, _EXPRESSIBLE, drop=request.options.drop_params)
    given.pop("stream_options", None)
    body: dict[str, Any] = {"model": call.model, "prompt": one_prompt(call, "Aleph Alpha")}
    if (limit := given.pop("max_tokens", None)) is not None:
        body["maximum_tokens"] = limit
    if (stop := given.pop("stop", None)) is not None:
        body["stop_sequences"] = [stop] if isinstance(stop, str) else list(stop)
    return json_request("/complete", merge_extra_body(body | given, request.options.extra_body))


def read_piece(told: JSONObject) -> ContinuationPiece | None:
    """What a reply says."""
    from .._convert.narrow import as_objects
    from .continuations import ContinuationPiece

    completions = as_objects(told.get("completions"))
    if not completions:
        return None
    text, reason = completions[0].get("completion"), completions[0].get("finish_reason")
    prompt, count = told.get("num_tokens_prompt_total"), told.get("num_tokens_generated")
    return ContinuationPiece(
        text=text if isinstance(text, str) else "",
        reason=_FINISH.get(str(reason), str(reason)),
        prompt_tokens=prompt if isinstance(prompt, int) else 0,
        completion_tokens=count if isinstance(count, int) else 0,
        others={name: told[name] for name in ("model_version", "optimized_prompt") if told.get(name)},
    )


@later
def _text_completion() -> Endpoint[TextCompletionRequest, TextCompletionResponse]:
    from .continuations import read_continuation

    return Endpoint(encode_completion, lambda call, body: read_continuation(read_piece, call, body))


ALEPH_ALPHA: Final = Dialect(name="aleph_alpha", decode_error=ErrorReading().of_reply, text_completion=_text_completion)
