"""What vendors make of OpenAI's reply objects, brought back into OpenAI's shape.

The functions change the decoded JSON in place: it is the reply's own and nobody else has seen it. Fields without
a place in OpenAI's shape stay where they are and end up in `model_extra`. What has the wrong type is passed over
here, and reported with its path when the reply is structured.

Sources: the API references of OpenAI, Mistral, Groq, DeepSeek, Moonshot, OpenRouter, Together, xAI, Perplexity and
Cloudflare Workers AI, sections on chat completions, 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..._convert.narrow import JSONObject, as_list, as_object, as_objects, json_text
from ..contract import ErrorDetail, ReplyIsError
from ..failing import broken_off, calls_nothing, is_heartbeat, names_failure, no_answer, retryable
from .errors import error_event

_FINISH_REASONS: Final[Mapping[str, str]] = {
    "stop": "stop",
    "end_turn": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "model_context_window_exceeded": "length",
    "time_limit": "length",
    "tool_calls": "tool_calls",
    "tool_call": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "content_filter",
    "safety": "content_filter",
    "sensitive": "content_filter",
}

KNOWN_FINISH: Final = frozenset(_FINISH_REASONS.values())
"""OpenAI's own words."""

_USAGE_NAMES: Final = (
    ("input_tokens", "prompt_tokens"),
    ("output_tokens", "completion_tokens"),
    ("input_tokens_details", "prompt_tokens_details"),
    ("output_tokens_details", "completion_tokens_details"),
    ("input_token_details", "prompt_tokens_details"),
    ("output_token_details", "completion_tokens_details"),
    ("prompt_token_details", "prompt_tokens_details"),
    ("completion_token_details", "completion_tokens_details"),
)
_CACHED: Final = ("prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens", "cache_read_input_tokens")
_CACHE_CREATION: Final = ("cache_write_tokens", "cache_creation_input_tokens")
_REASONING: Final = ("reasoning_tokens",)
_OTHER_DETAILS: Final = frozenset(_CACHED + _CACHE_CREATION + _REASONING) - {"cached_tokens", "reasoning_tokens"}
_OTHER_COUNTS: Final = frozenset([vendors for vendors, _ in _USAGE_NAMES]).union(_CACHED, _CACHE_CREATION, _REASONING)
_THOUGHT_TYPES: Final = ("thinking", "reasoning")
_OTHER_IN_MESSAGES: Final = frozenset({"reasoning", "tool_calls"})
_OF_FRAGMENTS: Final = frozenset({"index", "delta", "finish_reason", "logprobs"})
_OF_TEXT_DELTAS: Final = frozenset({"content", "refusal", "role"})
_TEXT_TYPES: Final = ("text", "output_text", "input_text")
_OTHER_PLACES: Final = ("message", "delta", "text")
"""Where a choice of a chat may have its message, beside the place of its kind."""


def require_list(reply: JSONObject, name: str, *, may_be_empty: bool = False) -> list[Any]:
    """The list that a reply with status 200 consists of.

    Raises:
        ReplyIsError: if there is an error, or nothing, in its place.
    """
    found = reply.get(name)
    if isinstance(found, list) and (found or (may_be_empty and not failure_in(reply))):
        return found
    raise ReplyIsError(failure_in(reply) or no_answer(reply))


def without_nulls(reply: JSONObject) -> list[Any]:
    """The choices of a reply or a chunk. Null in their place is none."""
    choices = as_list(reply.get("choices"))
    if None in choices:
        choices = reply["choices"] = [choice for choice in choices if choice is not None]
    return choices


def require_choices(reply: JSONObject) -> list[Any]:
    """The choices of a reply with status 200. Raises as `require_list` does."""
    choices = reply.get("choices")
    if choices and type(choices) is list and None not in choices:  # as nearly always
        return choices
    without_nulls(reply)
    return require_list(reply, "choices")


def require_text(reply: JSONObject, name: str) -> str:
    """The text that a reply with status 200 consists of. Raises as `require_list` does."""
    found = reply.get(name)
    if isinstance(found, str) and (found or not failure_in(reply)):
        return found
    raise ReplyIsError(failure_in(reply) or no_answer(reply))


def failure_in(reply: JSONObject) -> ErrorDetail | None:
    """The error that an object in place of an answer tells, None if it tells none."""
    detail = error_event(reply)
    if not reply.get("error") and detail.message[:1] == "{":  # nothing in it is a sentence, so it is quoted
        return None
    return retryable(detail)


def told_beside(reply: JSONObject) -> ErrorDetail | None:
    """The error that a reply tells beside choices that say nothing, as MiniMax does; None if it tells none."""
    return failure_in(reply) if as_object(reply.get("base_resp")).get("status_code") else None


def raise_error(chunk: JSONObject, name: str | None) -> None:
    """Raise `ReplyIsError` if an event of a stream, or the chunk in it, is an error."""
    if chunk.get("error") or name == "error" or chunk.get("object") == "error":
        raise ReplyIsError(retryable(error_event(chunk)))
    if "x_groq" in chunk and (groq := as_object(chunk["x_groq"])).get("error"):
        raise ReplyIsError(retryable(error_event(groq)))


def says_nothing(chunk: JSONObject, name: str | None) -> bool:
    """Whether an event is neither a piece of an answer nor its usage: a heartbeat, of whatever name.

    Raises:
        ReplyIsError: if it is an error without a mark that says so.
    """
    if chunk.get("choices") or chunk.get("usage"):
        return False
    if is_heartbeat(name) or is_heartbeat(chunk.get("type")):
        return True
    if (failure := failure_in(chunk)) is not None:
        raise ReplyIsError(failure)
    return "choices" not in chunk and "x_groq" not in chunk


def an_answer_object(document: Any) -> JSONObject:
    """The object that a reply is, alone in a list or not.

    Raises:
        ReplyIsError: if it is something else.
    """
    found = document[0] if isinstance(document, list) and len(document) == 1 else document
    if type(found) is not dict:
        raise ReplyIsError(no_answer(document))
    reply: JSONObject = found
    return reply


def failure_of(choice: JSONObject, *, says_something: bool) -> ErrorDetail | None:
    """Why a settled choice is no answer: its finish reason says so, or an error, or an unknown word stands alone."""
    reason = choice.get("finish_reason")
    error = choice.get("error")
    if error and (reason not in KNOWN_FINISH or not says_something):
        return retryable(error_event(error))
    if calls_nothing(reason, says_something=says_something):
        return no_answer(choice)
    if reason is None or reason in KNOWN_FINISH:
        return None
    return broken_off(reason) if names_failure(reason) else None if says_something else no_answer(choice)


def settle_place(choice: JSONObject, name: str) -> None:
    """Put a message that stands in another place of its choice where it belongs: `message`, or `delta` in a stream."""
    held = choice.get(name)
    if isinstance(held, str) and held:
        choice[name] = {"content": held}
    if as_object(choice.get(name)):
        return
    for other in _OTHER_PLACES:
        value = choice.get(other)
        if other != name and value and isinstance(value, dict | str):
            choice[name] = value if isinstance(value, dict) else {"content": value}
            del choice[other]
            return


def is_settled(choice: JSONObject) -> bool:
    """Whether a choice is as OpenAI itself answers with text, so that nothing has to be settled: nearly always."""
    message = choice.get("message")
    return (
        choice.get("finish_reason") == "stop"
        and choice.get("index") is not None
        and choice.get("logprobs") is None
        and "error" not in choice
        and type(message) is dict
        and type(message.get("content")) is str
        and message["content"] != ""
        and not message.get("annotations")
        and _OTHER_IN_MESSAGES.isdisjoint(message)
    )


def is_settled_fragment(choice: JSONObject) -> bool:
    """Whether a choice of a stream is a piece of text as OpenAI itself sends it: nearly always."""
    delta = choice.get("delta")
    return (
        type(delta) is dict
        and choice.get("finish_reason") is None
        and choice.get("logprobs") is None
        and _OF_FRAGMENTS.issuperset(choice)
        and type(delta.get("content")) is str
        and (len(delta) == 1 or _OF_TEXT_DELTAS.issuperset(delta))
    )


def settle_message(message: JSONObject) -> None:
    """Content as text, thinking in `reasoning_content`; for whole messages and for deltas."""
    content = message.get("content")
    if content is None and type(message.get("text")) is str:
        message["content"] = message.pop("text")
    elif content is not None and type(content) is not str:
        _settle_content(message, content)
    if "reasoning" in message:
        _settle_reasoning(message)
    if message.get("annotations"):
        _settle_annotations(as_objects(message["annotations"]))


def _settle_annotations(annotations: list[JSONObject]) -> None:
    for annotation in annotations:
        if "url" in annotation and "url_citation" not in annotation:
            names = ("url", "title", "start_index", "end_index")
            annotation["url_citation"] = {name: annotation.pop(name) for name in names if name in annotation}


def _settle_content(message: JSONObject, content: Any) -> None:
    if isinstance(content, dict) and (alone := _part_text(content)) is not None:
        message["content"] = alone
        return
    if not isinstance(content, list):
        message["content"] = json_text(content)  # Workers AI parses structured output before it sends it
        return
    texts = [text for part in content if (text := _part_text(part)) is not None]
    parts = as_objects(content)
    thoughts = [_thinking(part) for part in parts if part.get("type") in _THOUGHT_TYPES]
    others = [part for part in parts if part.get("type") not in _THOUGHT_TYPES and _part_text(part) is None]
    message["content"] = "".join(texts) if texts else None
    if thoughts:
        message["reasoning_content"] = "".join(thoughts)
    if others:
        message["provider_specific_fields"] = {"content_parts": others}


def _part_text(part: Any) -> str | None:
    """The text of a content part, None if it is of another kind. Vendors leave the type out, or name it otherwise."""
    if isinstance(part, str):
        return part
    if type(part) is not dict or (part.get("type") or "text") not in _TEXT_TYPES:
        return None
    text = part.get("text", part.get("content"))
    if isinstance(text, dict):
        return _text(text, "value")
    return text if isinstance(text, str) else "" if part.get("type") else None


def _thinking(part: JSONObject) -> str:
    """A thinking part's text: Mistral writes it as a list of text parts, and Databricks as a summary."""
    inner = part.get("thinking", part.get("reasoning", part.get("summary")))
    if isinstance(inner, str):
        return inner
    return "".join(_text(piece, "text") for piece in as_objects(inner)) or _text(part, "text")


def _text(holder: JSONObject, name: str) -> str:
    value = holder.get(name)
    return value if isinstance(value, str) else ""


def _settle_reasoning(message: JSONObject) -> None:
    if type(message["reasoning"]) is dict:
        message["reasoning"] = _part_text(message["reasoning"]) or message["reasoning"]
    held = message.get("reasoning_content")
    if not held and isinstance(message["reasoning"], str):
        message["reasoning_content"] = message.pop("reasoning")
    elif held == message["reasoning"]:  # some vendors say it twice
        del message["reasoning"]


def settle_call(call: JSONObject) -> None:
    """Arguments as text, and the type that fits; for whole calls and for fragments."""
    function, custom = as_object(call.get("function")), call.get("custom")
    if custom is not None and not function.get("name"):
        call["type"] = "custom"
    elif custom is not None:
        del call["custom"]  # an empty one beside a function
    if not call.get("type"):
        call.pop("type", None)
    if isinstance(function.get("arguments"), dict | list):
        function["arguments"] = json_text(function["arguments"])


def settle_choice(choice: JSONObject, *, has_calls: bool) -> None:
    """The finish reason as one of OpenAI's four words; a vendor's own word stays as `native_finish_reason`.

    A word that is not known here is handed on as it is: what it means is not for us to make up.
    """
    reason = choice.get("finish_reason")
    if not reason:
        reason = as_object(choice.get("finish_details")).get("type") or choice.get("stop_reason")
    if reason == "stop" and not has_calls:  # as nearly always
        choice["finish_reason"] = reason
    elif reason and isinstance(reason, str) and reason != "null":
        known = _FINISH_REASONS.get(reason.lower(), reason)
        choice["finish_reason"] = "tool_calls" if known == "stop" and has_calls else known
        if known != reason:
            choice.setdefault("native_finish_reason", reason)
    else:
        choice["finish_reason"] = None  # an empty word, or null as one, says nothing
    logprobs = choice.get("logprobs")
    if logprobs is not None and not isinstance(logprobs, dict):
        choice["provider_logprobs"] = choice.pop("logprobs")


def settle_usage(usage: JSONObject) -> None:
    """Token counts under OpenAI's names and in OpenAI's meaning: cached and reasoning tokens inside the totals."""
    prompt, completion = usage.get("prompt_tokens_details"), usage.get("completion_tokens_details")
    if not (_OTHER_COUNTS.isdisjoint(usage) and (type(prompt) is not dict or _OTHER_DETAILS.isdisjoint(prompt))):
        _settle_names(usage)  # else all have OpenAI's names, as nearly always: two questions in place of thirty
        completion = usage.get("completion_tokens_details")
    thinks = type(completion) is dict and completion.get("reasoning_tokens")
    if thinks or usage.get("total_tokens") is None:
        _settle_total(usage)


def _settle_names(usage: JSONObject) -> None:
    for vendors, name in _USAGE_NAMES:
        if vendors in usage and usage.get(name) is None:
            usage[name] = usage.pop(vendors)
    _settle_detail(usage, "prompt_tokens_details", "cached_tokens", _CACHED)
    _settle_detail(usage, "prompt_tokens_details", "cache_creation_tokens", _CACHE_CREATION)
    _settle_detail(usage, "completion_tokens_details", "reasoning_tokens", _REASONING)


def place_usage(choice: JSONObject, chunk: JSONObject) -> None:
    """Put token counts that stand in the choice, as Moonshot's do, into the chunk."""
    if not chunk.get("usage") and type(choice.get("usage")) is dict:
        chunk["usage"] = choice.pop("usage")


def settle_chunk_usage(chunk: JSONObject) -> None:
    """Token counts of a chunk, from wherever they are, in OpenAI's place and meaning."""
    usage = chunk.get("usage")
    if not usage and "x_groq" in chunk:
        usage = as_object(chunk["x_groq"]).get("usage")
    if isinstance(usage, dict):
        chunk["usage"] = dict(as_object(usage))
        settle_usage(chunk["usage"])


def _settle_detail(usage: JSONObject, group: str, name: str, vendors: tuple[str, ...]) -> None:
    details = as_object(usage.get(group))
    if details.get(name):
        return
    for holder in (usage, details):
        found = next((holder[other] for other in vendors if holder.get(other)), None)
        if found is not None:
            usage[group] = {**details, name: found}
            return


def _settle_total(usage: JSONObject) -> None:
    prompt, completion = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    reasoning = _count(as_object(usage.get("completion_tokens_details")), "reasoning_tokens")
    total = usage.get("total_tokens")
    if total is None:
        usage["total_tokens"] = prompt + completion
    elif reasoning and total == prompt + completion + reasoning:  # xAI counts thinking beside the answer
        usage["completion_tokens"] = completion + reasoning


def _count(holder: JSONObject, name: str) -> int:
    value = holder.get(name)
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return int(value) if isinstance(value, int | float) and value == value // 1 else 0
