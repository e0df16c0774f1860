"""Moderation.

Source: OpenAI API reference, "Create moderation", 2026-11; Mistral, "Moderations" (no `flagged`).
"""

from __future__ import annotations

from ..._convert.converter import structure
from ..._convert.narrow import as_object, as_objects, parse_object
from ..._types.http import HTTPRequest
from ..._types.moderations import ModerationRequest, ModerationResponse
from ..contract import WireCall, json_request, merge_extra_body
from .replies import require_list, settle_usage


def encode_moderation(call: WireCall[ModerationRequest]) -> HTTPRequest:
    """The request for a verdict."""
    body = {"model": call.model, "input": call.request.input}
    return json_request("/moderations", merge_extra_body(body, call.request.options.extra_body))


def decode_moderation(call: WireCall[ModerationRequest], body: bytes) -> ModerationResponse:
    """Read verdicts. Where none is said, an input is flagged if any category applies."""
    reply = parse_object(body)
    require_list(reply, "results")
    for result in as_objects(reply["results"]):
        if result.get("flagged") is None:
            result["flagged"] = any(value is True for value in as_object(result.get("categories")).values())
    settle_usage(as_object(reply.get("usage")))
    return structure(reply, ModerationResponse)
