"""`/generate` and `/generate_stream`.

Fields of TGI's own (`top_k`, `repetition_penalty`, `grammar` ...) go through `extra_body={"parameters": {...}}`.

Source: TGI's OpenAPI description (`GenerateRequest`, `GenerateResponse`, `StreamResponse`), version 3.3, 2026-01.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from ..._convert.narrow import JSONObject, as_list, as_object
from ..._types.http import HTTPRequest
from ..._types.text_completions import TextCompletionRequest
from ..continuations import ContinuationPiece, one_prompt, open_pieces, read_continuation
from ..contract import WireCall, json_request, merge_extra_body
from ..parameters import supported_parameters

_RENAMED: Final[Mapping[str, str]] = {
    "best_of": "best_of",
    "echo": "return_full_text",
    "frequency_penalty": "frequency_penalty",
    "max_tokens": "max_new_tokens",
    "seed": "seed",
    "temperature": "temperature",
    "top_p": "top_p",
}
_EXPRESSIBLE: Final = frozenset(_RENAMED) | {"stop", "stream_options"}
_FINISH: Final = {"eos_token": "stop", "stop_sequence": "stop", "length": "length"}


def encode_generation(call: WireCall[TextCompletionRequest]) -> HTTPRequest:
    """The request for a whole reply, with what it says of its tokens.

    Raises:
        BadRequestError: for a prompt that is not one text.
        UnsupportedParamsError: for what the wire cannot express; `drop_params` leaves it out.
    """
    return _request(call, "/generate")


def encode_generation_stream(call: WireCall[TextCompletionRequest]) -> HTTPRequest:
    """The request for a streamed reply. Raises as `encode_generation` does."""
    return _request(call, "/generate_stream")


def _request(call: WireCall[TextCompletionRequest], path: str) -> HTTPRequest:
    return json_request(path, merge_extra_body(generation_body(call), call.request.options.extra_body))


def generation_body(call: WireCall[TextCompletionRequest]) -> dict[str, Any]:
    """What every request has, without `extra_body`. Raises as `encode_generation` does."""
    request = call.request
    given = supported_parameters(request.parameters, call, _EXPRESSIBLE, drop=request.options.drop_params)
    parameters: dict[str, Any] = {wire: given[name] for name, wire in _RENAMED.items() if name in given}
    if parameters.get("temperature") == 0:  # which TGI refuses: it wants to be told to choose the likeliest token
        del parameters["temperature"]
        parameters["do_sample"] = False
    if (stop := given.get("stop")) is not None:
        parameters["stop"] = [stop] if isinstance(stop, str) else list(stop)
    return {"inputs": one_prompt(call, "TGI"), "parameters": {"details": True, **parameters}}


def read_piece(told: JSONObject) -> ContinuationPiece | None:
    """What a whole reply, or an event, says. The last event repeats the whole text, which is passed over."""
    details = as_object(told.get("details"))
    reason = details.get("finish_reason")
    token = as_object(told.get("token"))
    if token:
        text = "" if token.get("special") is True else token.get("text")
    else:
        text = told.get("generated_text")
        reason = reason or ("stop" if isinstance(text, str) else None)  # servers that were not asked for details
    prompt = details.get("input_length", len(as_list(details.get("prefill"))))
    count = details.get("generated_tokens")
    return ContinuationPiece(
        text=text if isinstance(text, str) else "",
        reason=_FINISH.get(reason, reason) if isinstance(reason, str) else None,
        prompt_tokens=prompt if isinstance(prompt, int) else 0,
        completion_tokens=count if isinstance(count, int) else 0,
    )


decode_generation: Final = partial(read_continuation, read_piece)
open_generation_decoder: Final = partial(open_pieces, read_piece)
