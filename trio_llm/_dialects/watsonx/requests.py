"""What every request has: the date of the API, and the model."""

from __future__ import annotations

from typing import Any, Final

from ..._types.http import HTTPRequest
from ..contract import WireCall, json_request, merge_extra_body

VERSION: Final = "2025-10-01"
"""The date of the API that the replies are read by."""


def watsonx_request(call: WireCall[Any], path: str, body: dict[str, Any]) -> HTTPRequest:
    """The request for a body of the model's. Without a project or a space watsonx says that it wants one."""
    merged = merge_extra_body({"model_id": call.model, **body}, call.request.options.extra_body)
    return json_request(f"{path}?version={VERSION}", merged)
