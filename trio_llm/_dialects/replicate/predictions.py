"""A prediction: how it is begun, and what its state amounts to.

Source: Replicate, "Create a prediction", "Prediction lifecycle", 2026-11.
"""

from __future__ import annotations

from typing import Any, Final

from ..._convert.converter import ConversionError
from ..._convert.narrow import JSONObject, as_object, in_address, parse_object
from ..._types.errors import InternalServerError
from ..._types.http import HTTPRequest
from ..characters import whole_characters
from ..contract import ErrorDetail, NotYet, ReplyIsError, WireCall, json_request, merge_extra_body
from ..error_bodies import ErrorReading

ERRORS: Final = ErrorReading()
_RUNNING: Final = frozenset({"starting", "processing", "queued"})
_DEPLOYMENTS: Final = "deployments/"


def begin(call: WireCall[Any], given: dict[str, Any], **more: Any) -> HTTPRequest:
    """The request that begins a prediction with an input."""
    body: dict[str, Any] = {"input": given, **more}
    name, _, version = call.model.partition(":")
    if version:
        body["version"] = version
        path = "/predictions"
    elif name.startswith(_DEPLOYMENTS) or "/" in name:
        kind = "" if name.startswith(_DEPLOYMENTS) else "models/"
        path = f"/{kind}{in_address(name, safe='/')}/predictions"
    else:
        body["version"] = name
        path = "/predictions"
    return json_request(path, merge_extra_body(body, call.request.options.extra_body))


def ended(body: bytes) -> JSONObject | NotYet:
    """A prediction that succeeded; or where to look for one that has not ended.

    Raises:
        ConversionError: if it is none.
        ReplyIsError: if it failed, or was cancelled.
    """
    told = _told(body)
    if str(told.get("status")) in _RUNNING:
        identifier = in_address(_identifier(told))
        stop = HTTPRequest("POST", f"/predictions/{identifier}/cancel", ())
        return NotYet(HTTPRequest("GET", f"/predictions/{identifier}", ()), stop=stop)
    return told


def _told(body: bytes) -> JSONObject:
    told: JSONObject = whole_characters(parse_object(body))
    status = str(told.get("status"))
    if status in _RUNNING:
        return told
    if status in ("failed", "canceled", "aborted") or told.get("error"):
        raise ReplyIsError(failed(told))
    if status not in ("succeeded", "successful"):
        raise ConversionError(f"expected a prediction, got {told!r:.60}")
    return told


def failed(told: JSONObject) -> ErrorDetail:
    """Why a prediction has no output. Another look at it would only tell the same."""
    status = str(told.get("status"))
    words = told.get("error") or f"the prediction was {status}"
    return ErrorDetail(str(words)[:2000], status, InternalServerError, final=True)


def decode_place(call: WireCall[Any], body: bytes) -> NotYet:
    """Where the events of a prediction are.

    Raises:
        ConversionError: if its model has none, or if it is no prediction.
        ReplyIsError: if it has failed.
    """
    told = _told(body)
    place = as_object(told.get("urls")).get("stream")
    if not isinstance(place, str):
        raise ConversionError("this model has no stream: ask for a whole reply", ".urls.stream")
    headers = (("accept", "text/event-stream"), ("cache-control", "no-store"))
    return NotYet(HTTPRequest("GET", "", headers), place)


def _identifier(told: JSONObject) -> str:
    found = told.get("id")
    if not isinstance(found, str) or not found:
        raise ConversionError("a prediction without an id", ".id")
    return found
