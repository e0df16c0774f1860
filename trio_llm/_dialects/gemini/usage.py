"""Token counts of Gemini's replies in OpenAI's meaning.

Source: Gemini API reference, "UsageMetadata", 2026-11.
"""

from __future__ import annotations

from ..._convert.making import maker
from ..._types.usage import CompletionTokensDetails, PromptTokensDetails, Usage
from ._wire import ModalityTokenCount, UsageMetadata


def usage_of(counts: UsageMetadata) -> Usage:
    """The usage that a reply reports.

    Thoughts are billed as output and what server-side tools read as input, so they are counted there; the wire
    has them beside the two. Cached tokens are part of the prompt in both. Counts without a place of their own,
    such as `trafficType`, stay in `model_extra`.
    """
    prompt = counts.prompt + counts.tool_use_prompt
    completion = counts.candidates + counts.thoughts
    total = prompt + completion if counts.total is None else counts.total
    spoken = _by_modality(counts.candidates_details)
    return maker(Usage)(
        prompt,
        completion,
        total,
        _prompt_details(counts),
        maker(CompletionTokensDetails)(
            counts.thoughts or None, spoken.get("AUDIO"), spoken.get("TEXT"), spoken.get("IMAGE")
        ),
        model_extra=_beside(counts),
    )


def _prompt_details(counts: UsageMetadata) -> PromptTokensDetails:
    read = _by_modality(counts.prompt_details)
    return maker(PromptTokensDetails)(
        counts.cached, audio_tokens=read.get("AUDIO"), text_tokens=read.get("TEXT"), image_tokens=read.get("IMAGE")
    )


def _by_modality(details: list[ModalityTokenCount]) -> dict[str, int]:
    return {detail.modality: detail.token_count for detail in details}


def _beside(counts: UsageMetadata) -> dict[str, object] | None:
    tools = {"toolUsePromptTokenCount": counts.tool_use_prompt} if counts.tool_use_prompt else {}
    return {**(counts.model_extra or {}), **tools} or None
