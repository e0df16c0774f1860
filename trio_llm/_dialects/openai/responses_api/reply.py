"""Responses as whole replies, and the small replies about stored ones.

Source: OpenAI API reference, "The response object", 2026-11. What is borne: a text in place of a message's parts,
arguments as an object in place of JSON text, counts under the names of chat, and a text beside the items.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from ...._convert.converter import ConversionError
from ...._convert.narrow import JSONObject, as_list, as_object, as_objects, json_text, parse_object, text_in
from ...._types.errors import BadRequestError, ContentPolicyViolationError
from ...._types.responses_api.request import (
    CancelResponseRequest,
    DeleteResponseRequest,
    InputItemsRequest,
)
from ...._types.responses_api.response import DeleteResponseResult, InputItemList, ResponsesAPIResponse
from ...bodies import text_parts, unwrapped
from ...contract import ErrorDetail, ReplyIsError, WireCall
from ...error_bodies import ErrorReading
from ..errors import ERRORS, error_event
from ..replies import an_answer_object, require_list

_FAILURES: Final = ErrorReading(
    kinds={
        "bio_policy": ContentPolicyViolationError,
        "image_content_policy_violation": ContentPolicyViolationError,
        "invalid_prompt": ContentPolicyViolationError,
        "misalignment_policy_violation": ContentPolicyViolationError,
        **dict.fromkeys(
            (
                "empty_image_file",
                "failed_to_download_image",
                "image_file_not_found",
                "image_file_too_large",
                "image_parse_error",
                "image_too_large",
                "image_too_small",
                "invalid_base64_image",
                "invalid_image",
                "invalid_image_format",
                "invalid_image_mode",
                "invalid_image_url",
                "unsupported_image_media_type",
            ),
            BadRequestError,
        ),
    },
    statuses=ERRORS.statuses,
)
"""Codes of failed responses that say whose fault it was. `invalid_prompt` is a prompt that was flagged.

Source: OpenAI API reference, "The response object", field `error`, 2026-11.
"""
_OTHER_TEXTS: Final = (None, "", "text")
"""Types that gateways give to the text of a message."""
_USAGE_NAMES: Final = (
    ("prompt_tokens", "input_tokens"),
    ("completion_tokens", "output_tokens"),
    ("prompt_tokens_details", "input_tokens_details"),
    ("completion_tokens_details", "output_tokens_details"),
)


def read_ended(document: Any) -> ResponsesAPIResponse:
    """A response as a whole reply; one that failed is an error, which carries what there is of it."""
    reply = an_answer_object(unwrapped(document, "output", "status"))
    failed = reply.get("status") == "failed"
    _settle_text(reply)
    if not failed:
        require_list(reply, "output", may_be_empty=reply.get("status") is not None)
    response = read_response(reply)
    if failed:
        raise ReplyIsError(failure(response))
    return response


def decode_cancelled(_: WireCall[CancelResponseRequest], body: bytes) -> ResponsesAPIResponse:
    """Read what became of a response that was to be stopped: it may have ended before, in whichever way."""
    reply = parse_object(body)
    require_list(reply, "output", may_be_empty=True)
    return read_response(reply)


def decode_deleted(_: WireCall[DeleteResponseRequest], body: bytes) -> DeleteResponseResult:
    """Read that a response is gone."""
    reply = parse_object(body)
    if reply.get("deleted") is not True:
        raise ReplyIsError(error_event(reply))
    return DeleteResponseResult.read(reply)


def decode_input_items(_: WireCall[InputItemsRequest], body: bytes) -> InputItemList:
    """Read a page of input items."""
    reply = parse_object(body)
    require_list(reply, "data", may_be_empty=True)
    return InputItemList.read(reply)


def read_response(reply: JSONObject) -> ResponsesAPIResponse:
    """A response object, whatever became of it. Changes the JSON where it departs from OpenAI's shape.

    Raises:
        ConversionError: if what carries the answer makes no sense.
    """
    if isinstance(reply.get("output"), list):
        reply["output"] = [item for item in reply["output"] if item is not None]
    for place, item in enumerate(as_list(reply.get("output"))):
        if not isinstance(item, dict):
            raise ConversionError(f"expected an object, got {item!r:.60}", f".output[{place}]")
        settle_item(item, f".output[{place}]")
    _settle_text(reply)
    if usage := as_object(reply.get("usage")):
        _settle_usage(usage)
    elif "usage" in reply:
        reply["usage"] = None
    return ResponsesAPIResponse.read(reply)


def _settle_text(reply: JSONObject) -> None:
    """Put a text that stands beside the items, where OpenAI's own libraries show it, into an item if none has it."""
    text, items = reply.get("output_text"), as_list(reply.get("output"))
    if isinstance(text, str) and text and not any(as_object(item).get("type") == "message" for item in items):
        part = {"type": "output_text", "text": text, "annotations": []}
        reply["output"] = [*items, {"type": "message", "role": "assistant", "status": "completed", "content": [part]}]


def settle_item(item: JSONObject, path: str) -> None:
    """What carries the answer, in OpenAI's shape. Raises as `read_response` does."""
    kind = item.get("type")
    if kind == "message":
        item["content"] = [_settled_part(part) for part in text_parts(item.get("content"))]
        for place, part in enumerate(as_objects(item["content"])):
            text_in(part, "text", f"{path}.content[{place}]")
    elif kind == "function_call":
        if isinstance(item.get("arguments"), dict | list):
            item["arguments"] = json_text(item["arguments"])
        text_in(item, "arguments", path)
        text_in(item, "name", path)


def _settled_part(part: Any) -> Any:
    if isinstance(part, dict) and part.get("type") in _OTHER_TEXTS and "text" in part:
        return {"annotations": [], **part, "type": "output_text"}
    return part


def _settle_usage(usage: JSONObject) -> None:
    for other, name in _USAGE_NAMES:
        if other in usage and usage.get(name) is None:
            usage[name] = usage.pop(other)
    counts = [usage.get(name) for name in ("input_tokens", "output_tokens")]
    if usage.get("total_tokens") is None:
        usage["total_tokens"] = sum(count for count in counts if isinstance(count, int))


def failure(response: ResponsesAPIResponse) -> ErrorDetail:
    """The error that a failed response is."""
    unexplained = {"message": "the response failed, and its provider does not say why"}
    return attrs.evolve(_FAILURES.of_value(as_object(response.error) or unexplained), partial=response)
