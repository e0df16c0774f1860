"""Moderation.

Source: OpenAI API reference, "Create moderation", 2026-11; Mistral, "Moderations" (no `flagged`).
"""

from __future__ import annotations

from ..._convert.converter import structure
from ..._convert.narrow import as_object, as_objects, parse_object
from ..._types.http import HTTPRequest
from ..._types.moderations import ModerationRequest, ModerationResponse
from ..contract import ReplyIsError, WireCall, json_request, merge_extra_body
from ..failing import no_answer
from .replies import require_list, settle_usage


def encode_moderation(call: WireCall[ModerationRequest]) -> HTTPRequest:
    """The request for a verdict."""
    body = {"model": call.model, "input": call.request.input}
    return json_request("/moderations", merge_extra_body(body, call.request.options.extra_body))


def decode_moderation(call: WireCall[ModerationRequest], body: bytes) -> ModerationResponse:
    """Read verdicts. Where none is said, an input is flagged if any category applies."""
    reply = parse_object(body)
    require_list(reply, "results")
    given = call.request.input
    texts = len(given) if not isinstance(given, str) and all(isinstance(one, str) for one in given) else 1
    if len(reply["results"]) < texts:
        raise ReplyIsError(no_answer(reply))
    for result in as_objects(reply["results"]):
        if result.get("flagged") is None:
            if not result.get("categories"):  # nothing is known of an input that nobody judged
                raise ReplyIsError(no_answer(reply))
            result["flagged"] = any(value is True for value in as_object(result.get("categories")).values())
    settle_usage(as_object(reply.get("usage")))
    return structure(reply, ModerationResponse)
