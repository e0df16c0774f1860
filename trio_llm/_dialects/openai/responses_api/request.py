"""Responses requests in OpenAI's wire format.

Source: OpenAI API reference, "Create a model response", 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from ...._convert.narrow import in_address
from ...._types.http import HTTPRequest
from ...._types.responses_api.request import (
    COMPACT_RESPONSE_PARAMETERS,
    GET_RESPONSE_PARAMETERS,
    INPUT_ITEMS_PARAMETERS,
    RESPONSES_PARAMETERS,
    CancelResponseRequest,
    CompactResponseRequest,
    DeleteResponseRequest,
    GetResponseRequest,
    InputItemsRequest,
    ResponsesRequest,
)
from ...contract import WireCall, json_request, merge_extra_body
from ...parameters import supported_parameters
from ...schema import response_format_dict
from ...told_schema import told_in_instructions

PATH = "/responses"


def encode_responses(call: WireCall[ResponsesRequest]) -> HTTPRequest:
    """The request for a whole reply."""
    return json_request(PATH, merge_extra_body(_body(call), call.request.options.extra_body))


def encode_responses_stream(call: WireCall[ResponsesRequest]) -> HTTPRequest:
    """The request for a streamed reply."""
    return json_request(PATH, merge_extra_body({**_body(call), "stream": True}, call.request.options.extra_body))


def _body(call: WireCall[ResponsesRequest]) -> dict[str, Any]:
    request = call.request
    given = dict(request.parameters)
    if (format_ := given.pop("text_format", None)) is not None:
        given["text"] = {**(given.get("text") or {}), "format": flat_format(format_)}
    given = told_in_instructions(given, call.quirks)
    parameters = supported_parameters(given, call, RESPONSES_PARAMETERS, drop=request.options.drop_params)
    asked = {} if request.input is None else {"input": request.input}
    return {"model": call.model, **asked, **parameters}


def flat_format(format_: Mapping[str, Any] | type[Any]) -> dict[str, Any]:
    """A `response_format` of chat, or a class, as the `format` of `text`, which has the schema's fields in itself."""
    described = response_format_dict(format_)
    inner = described.pop("json_schema", None)
    return {**described, **inner} if isinstance(inner, Mapping) else described


def encode_get(call: WireCall[GetResponseRequest]) -> HTTPRequest:
    """The request for a stored response."""
    return _asked(_stored(call), call, GET_RESPONSE_PARAMETERS)


def encode_get_stream(call: WireCall[GetResponseRequest]) -> HTTPRequest:
    """The request for the events of a stored response, from the beginning or after one that has come."""
    return _asked(_stored(call), call, GET_RESPONSE_PARAMETERS, (("stream", "true"),))


def encode_input_items(call: WireCall[InputItemsRequest]) -> HTTPRequest:
    """The request for what a stored response was made from."""
    return _asked(f"{_stored(call)}/input_items", call, INPUT_ITEMS_PARAMETERS)


def _stored(call: WireCall[Any]) -> str:
    return f"{PATH}/{in_address(call.request.response_id, 'response_id')}"


def _asked(
    path: str, call: WireCall[Any], known: frozenset[str], first: tuple[tuple[str, str], ...] = ()
) -> HTTPRequest:
    given = supported_parameters(call.request.parameters, call, known, drop=call.request.options.drop_params)
    pairs = list(first)
    for name, value in given.items():
        values = value if isinstance(value, list | tuple) else [value]
        listed = f"{name}[]" if isinstance(value, list | tuple) else name
        pairs += [(listed, str(one).lower() if isinstance(one, bool) else str(one)) for one in values]
    return HTTPRequest("GET", f"{path}?{urlencode(pairs)}" if pairs else path, ())


def encode_delete(call: WireCall[DeleteResponseRequest]) -> HTTPRequest:
    """The request to forget a stored response."""
    return HTTPRequest("DELETE", _stored(call), ())


def encode_cancel(call: WireCall[CancelResponseRequest]) -> HTTPRequest:
    """The request to stop a response that is made in the background."""
    return HTTPRequest("POST", f"{_stored(call)}/cancel", ())


def encode_compact(call: WireCall[CompactResponseRequest]) -> HTTPRequest:
    """The request to make a conversation shorter."""
    request = call.request
    drop = request.options.drop_params
    parameters = supported_parameters(request.parameters, call, COMPACT_RESPONSE_PARAMETERS, drop=drop)
    given = {} if request.input is None else {"input": request.input}
    body = {"model": call.model, **given, **parameters}
    return json_request(f"{PATH}/compact", merge_extra_body(body, request.options.extra_body))
