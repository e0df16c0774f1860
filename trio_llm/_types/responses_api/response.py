"""The response object, and the small objects about stored ones.

Source: OpenAI API reference, "The response object", "Delete a model response", "List input items", 2026-11.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

import attrs

from ..as_read import AsRead, Nested, read_count, read_each, read_object
from ..costed import Costed
from ..receipt import Received
from ..shown import Shown
from ..usage import CompletionTokensDetails, PromptTokensDetails, Usage
from .items import OutputItem, OutputMessage, OutputText, read_item

OTHER_KINDS: Final = ("audio_tokens", "image_tokens")
"""Tokens that OpenAI does not count apart, and chats of other providers do."""


@attrs.define
class InputTokensDetails(AsRead):
    """What the input tokens consist of.

    Example:
        print(response.usage.input_tokens_details.cached_tokens)
    """

    cached_tokens: int | None = None
    """Read from a prompt cache; part of `input_tokens`."""
    cache_write_tokens: int | None = None
    """Written to a prompt cache; part of `input_tokens`."""


@attrs.define
class OutputTokensDetails(AsRead):
    """What the output tokens consist of.

    Example:
        print(response.usage.output_tokens_details.reasoning_tokens)
    """

    reasoning_tokens: int | None = None
    """Spent on thinking; part of `output_tokens`."""


@attrs.define
class ResponseAPIUsage(AsRead):
    """Tokens of one response. Cached and reasoning tokens are counted inside.

    Example:
        print(response.usage.input_tokens, response.usage.output_tokens)
    """

    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    input_tokens_details: InputTokensDetails | None = None
    output_tokens_details: OutputTokensDetails | None = None

    nested: ClassVar[Nested] = {
        **dict.fromkeys(("input_tokens", "output_tokens", "total_tokens"), read_count),
        "input_tokens_details": read_object(InputTokensDetails),
        "output_tokens_details": read_object(OutputTokensDetails),
    }

    @property
    def chat_usage(self) -> Usage:
        """The same under the names of chat."""
        prompt, answer = self.input_tokens_details, self.output_tokens_details
        of_prompt, of_answer = None, None
        if prompt is not None:
            of_prompt = PromptTokensDetails(prompt.cached_tokens, prompt.cache_write_tokens)
            of_prompt.audio_tokens, of_prompt.image_tokens = _other_kinds(prompt)
        if answer is not None:
            of_answer = CompletionTokensDetails(answer.reasoning_tokens)
            of_answer.audio_tokens, of_answer.image_tokens = _other_kinds(answer)
        counts = (self.input_tokens, self.output_tokens, self.total_tokens)
        return Usage(*counts, of_prompt, of_answer, model_extra=self.model_extra)


def _other_kinds(details: AsRead) -> tuple[int | None, ...]:
    counts = [(details.model_extra or {}).get(kind) for kind in OTHER_KINDS]
    return tuple(count if isinstance(count, int) else None for count in counts)


@attrs.define
class ResponsesAPIResponse(Costed, Shown, Received, AsRead):
    """The reply to a Responses call. Fields that have no place here are found by their names.

    Example:
        response = await trio_llm.aresponses("Say hello.", "openai/gpt-4o")
        print(response.output_text, response.usage.output_tokens)
    """

    id: str | None = None
    object: str = "response"
    created_at: float | None = None
    """Seconds since 1970."""
    completed_at: float | None = None
    status: str | None = None
    """`completed`, `incomplete`, `in_progress`, `queued`, `cancelled` or `failed`."""
    background: bool | None = None
    error: dict[str, Any] | None = None
    incomplete_details: dict[str, Any] | None = None
    """Why a response with `status` `incomplete` stops where it does: `{"reason": "max_output_tokens"}`, for one."""
    instructions: Any = None
    model: str | None = None
    output: list[OutputItem] = attrs.Factory(list)
    """The items in their order; each may be sent back in `input`."""
    usage: ResponseAPIUsage | None = None
    previous_response_id: str | None = None
    conversation: dict[str, Any] | None = None
    max_output_tokens: int | None = None
    max_tool_calls: int | None = None
    metadata: dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    prompt: dict[str, Any] | None = None
    prompt_cache_key: str | None = None
    reasoning: dict[str, Any] | None = None
    safety_identifier: str | None = None
    service_tier: str | None = None
    store: bool | None = None
    temperature: float | None = None
    text: dict[str, Any] | None = None
    tool_choice: Any = None
    tools: list[dict[str, Any]] | None = None
    top_logprobs: int | None = None
    top_p: float | None = None
    truncation: str | None = None
    user: str | None = None

    nested: ClassVar[Nested] = {"output": read_each(read_item), "usage": read_object(ResponseAPIUsage)}

    @property
    def output_text(self) -> str:
        """The text of all messages in `output`, put together; empty where there is none."""
        parts = [part for item in self.output if isinstance(item, OutputMessage) for part in item.content]
        return "".join(part.text for part in parts if isinstance(part, OutputText) and part.text)


@attrs.define
class DeleteResponseResult(Received, AsRead):
    """That a stored response is gone.

    Example:
        result = await trio_llm.adelete_responses("resp_123")
        print(result.deleted)
    """

    id: str | None = None
    object: str = "response"
    deleted: bool = False


@attrs.define
class InputItemList(Received, AsRead):
    """A page of the items that a stored response was made from.

    Example:
        page = await trio_llm.alist_input_items("resp_123")
        print(page.data, page.has_more)
    """

    object: str = "list"
    data: list[OutputItem] = attrs.Factory(list)
    first_id: str | None = None
    last_id: str | None = None
    """What `after` of the next page's request has to be."""
    has_more: bool = False

    nested: ClassVar[Nested] = {"data": read_each(read_item)}
