"""Decisions: typed questions about an input, answered with probabilities and without text.

Source: OpenAI API reference, "Create decision", and the types of its package 3.57 (`Decision`,
`DecisionCreateParams`), 2026-11; Fireworks AI, "Decisions API" (the same shape).
"""

from __future__ import annotations

from ..._convert.converter import ConversionError, structure
from ..._convert.narrow import as_object, parse_object
from ..._types.decided import DECISION_PARAMETERS, DecisionRequest, DecisionResponse
from ..._types.errors import BadRequestError
from ..._types.http import HTTPRequest
from ..contract import WireCall, json_request, merge_extra_body
from ..parameters import supported_parameters
from .replies import require_list, settle_usage


def encode_decisions(call: WireCall[DecisionRequest]) -> HTTPRequest:
    """The questions.

    Raises:
        BadRequestError: if there are none.
    """
    request = call.request
    if not request.questions:
        raise BadRequestError("questions must be a list of at least one question", model=call.model)
    parameters = supported_parameters(request.parameters, call, DECISION_PARAMETERS, drop=request.options.drop_params)
    body = {"model": call.model, "input": request.input, "questions": list(request.questions), **parameters}
    return json_request("/decisions", merge_extra_body(body, request.options.extra_body))


def decode_decisions(call: WireCall[DecisionRequest], body: bytes) -> DecisionResponse:
    """Read the answers.

    Raises:
        ConversionError: if the reply is malformed, or has not one answer for each question.
        ReplyIsError: if there is an error in place of the answers.
    """
    reply = parse_object(body)
    answers = require_list(reply, "answers")
    asked = len(call.request.questions)
    if len(answers) != asked:
        raise ConversionError(f"{len(answers)} answers to {asked} questions", ".answers")
    settle_usage(as_object(reply.get("usage")))
    return structure(reply, DecisionResponse)
