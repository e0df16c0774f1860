"""What spans say of requests, responses and errors: attributes without contents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from .._types.errors import APIError
from .._types.request import AnyRequest
from .._types.usage import Usage
from . import _names as names

Attributes: TypeAlias = "dict[str, Any]"


def common_attributes(request: AnyRequest) -> Attributes:
    """What is asked of which model."""
    operation = request.operation
    attributes: Attributes = {names.OPERATION: names.OPERATIONS.get(operation, operation)}
    if request.model:
        attributes[names.REQUEST_MODEL] = request.model
    return attributes


def add_parameters(attributes: Attributes, request: AnyRequest) -> None:
    """How it is asked."""
    if getattr(request, "stream", False):
        attributes[names.REQUEST_STREAM] = True
    operation, parameters = request.operation, request.parameters
    if operation in names.OUTPUT_TYPES:
        attributes[names.OUTPUT_TYPE] = names.OUTPUT_TYPES[operation]
    if not parameters:
        return
    for name, value in parameters.items():
        attribute = names.PARAMETERS.get(name)
        if attribute is not None and isinstance(value, int | float | str | list | tuple):
            attributes[attribute] = [value] if name == "stop" and isinstance(value, str) else value
    if parameters.get("n", 1) != 1:
        attributes[names.CHOICES] = parameters["n"]
    if "response_format" in parameters and operation == "completion":
        attributes[names.OUTPUT_TYPE] = "json"


def response_attributes(response: Any) -> Attributes:
    """What came back, or as much as did."""
    attributes: Attributes = {}
    if isinstance(model := getattr(response, "model", None), str):
        attributes[names.RESPONSE_MODEL] = model
    if isinstance(id := getattr(response, "id", None), str):
        attributes[names.RESPONSE_ID] = id
    reasons = [choice.finish_reason for choice in getattr(response, "choices", None) or ()]
    if found := [reason for reason in reasons or [getattr(response, "stop_reason", None)] if isinstance(reason, str)]:
        attributes[names.FINISH_REASONS] = found
    return attributes


def usage_attributes(usage: Usage) -> Attributes:
    """Tokens as the provider counted them; of what is a part of others, only where there are any."""
    attributes: Attributes = {names.INPUT_TOKENS: usage.prompt_tokens, names.OUTPUT_TOKENS: usage.completion_tokens}
    prompt, answer = usage.prompt_tokens_details, usage.completion_tokens_details
    if prompt is not None:
        if prompt.cached_tokens:
            attributes[names.CACHE_READ_TOKENS] = prompt.cached_tokens
        if prompt.cache_creation_tokens:
            attributes[names.CACHE_CREATION_TOKENS] = prompt.cache_creation_tokens
    if answer is not None and answer.reasoning_tokens:
        attributes[names.REASONING_TOKENS] = answer.reasoning_tokens
    return attributes


def label_attributes(labels: Mapping[str, Any]) -> Attributes:
    """What the caller said about it; what is no plain value is left out."""
    return {f"{names.LABEL}{name}": value for name, value in labels.items() if isinstance(value, str | int | float)}


def error_type(error: BaseException) -> str:
    """The class of an error in few words: the status of the reply where there was one."""
    if isinstance(error, APIError) and error.response_headers and error.status_code is not None:
        return str(error.status_code)
    return type(error).__name__
