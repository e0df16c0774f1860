"""Text generation. Fields of IBM's own (`top_k`, `decoding_method` ...) go through `extra_body={"parameters": {...}}`.

Source: IBM watsonx.ai API reference, "Infer text" and "Infer text event stream", 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from ..._convert.narrow import JSONObject, as_objects
from ..._types.http import HTTPRequest
from ..._types.text_completions import TextCompletionRequest
from ..continuations import ContinuationPiece, one_prompt, open_pieces, read_continuation
from ..contract import WireCall
from ..parameters import supported_parameters
from .requests import watsonx_request

_RENAMED: Final[Mapping[str, str]] = {
    "max_tokens": "max_new_tokens",
    "seed": "random_seed",
    "temperature": "temperature",
    "top_p": "top_p",
}
_EXPRESSIBLE: Final = frozenset(_RENAMED) | {"stop", "stream_options"}
_SAMPLING: Final = ("seed", "temperature", "top_p")
_FINISH: Final = {
    "eos_token": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "token_limit": "length",
    "time_limit": "length",
}
_GOES_ON: Final = "not_finished"


def encode_generation(call: WireCall[TextCompletionRequest]) -> HTTPRequest:
    """The request for a whole reply. A sampling parameter asks for sampling, which is not what happens without.

    Raises:
        BadRequestError: for a prompt that is not one text.
        UnsupportedParamsError: for what the wire cannot express; `drop_params` leaves it out.
    """
    return watsonx_request(call, "/generation", _body(call))


def encode_generation_stream(call: WireCall[TextCompletionRequest]) -> HTTPRequest:
    """The request for a streamed reply. Raises as `encode_generation` does."""
    return watsonx_request(call, "/generation_stream", _body(call))


def _body(call: WireCall[TextCompletionRequest]) -> dict[str, Any]:
    request = call.request
    given = supported_parameters(request.parameters, call, _EXPRESSIBLE, drop=request.options.drop_params)
    parameters: dict[str, Any] = {wire: given[name] for name, wire in _RENAMED.items() if name in given}
    if given.get("temperature") == 0:
        del parameters["temperature"]
        parameters["decoding_method"] = "greedy"
    elif any(name in given for name in _SAMPLING):
        parameters["decoding_method"] = "sample"
    if (stop := given.get("stop")) is not None:
        parameters["stop_sequences"] = [stop] if isinstance(stop, str) else list(stop)
    return {"input": one_prompt(call, "watsonx"), **({"parameters": parameters} if parameters else {})}


def read_piece(told: JSONObject) -> ContinuationPiece | None:
    """What a whole reply, or an event of a stream, says; its counts are those of the text so far."""
    results = as_objects(told.get("results"))
    if not results:
        return None
    result = results[0]
    text, reason = result.get("generated_text"), result.get("stop_reason")
    prompt, count = result.get("input_token_count"), result.get("generated_token_count")
    ended = isinstance(reason, str) and reason.lower() != _GOES_ON
    return ContinuationPiece(
        text=text if isinstance(text, str) else "",
        reason=_FINISH.get(str(reason).lower(), str(reason)) if ended else None,
        prompt_tokens=prompt if isinstance(prompt, int) else 0,
        completion_tokens=count if isinstance(count, int) else 0,
        others={"system": told["system"]} if told.get("system") else {},
    )


decode_generation: Final = partial(read_continuation, read_piece)
open_generation_decoder: Final = partial(open_pieces, read_piece)
