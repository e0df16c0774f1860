"""The reply of `generateContent` as it is on the wire. Fields that these classes do not name stay in `model_extra`.

Source: Gemini API reference, "GenerateContentResponse" and "Content", v1beta, 2026-11; Vertex AI's v1 is the same.
"""

from __future__ import annotations

from typing import Any

import attrs

from ..._types.mapping import ANSWER, Record


@attrs.frozen
class FunctionCallPart:
    """A call of one of the caller's functions. `args` is an object, `id` comes from newer models only."""

    name: str | None = None
    args: dict[str, Any] | None = None
    id: str | None = None
    partial_args: list[dict[str, Any]] | None = attrs.field(default=None, alias="partialArgs")
    will_continue: bool | None = attrs.field(default=None, alias="willContinue")


@attrs.frozen
class Blob:
    """Media in place; `data` is base64 text."""

    data: str = ""
    mime_type: str = attrs.field(default="", alias="mimeType")


@attrs.define
class Part(Record):
    """One piece of content; at most one of its kinds is set. Kinds without a field here are in `model_extra`."""

    text: str | None = attrs.field(default=None, metadata=ANSWER)
    thought: bool | None = None
    thought_signature: str | None = attrs.field(default=None, alias="thoughtSignature")
    function_call: FunctionCallPart | None = attrs.field(default=None, alias="functionCall", metadata=ANSWER)
    inline_data: Blob | None = attrs.field(default=None, alias="inlineData", metadata=ANSWER)


@attrs.define  # a frozen one takes more than twice the time, as does that of the counts
class Content:
    """The parts of one turn, or of a fragment of it."""

    parts: list[Part] = attrs.Factory(list[Part])


@attrs.define
class LogprobsCandidate(Record):
    """A token and its log probability."""

    token: str = ""
    log_probability: float = attrs.field(default=0.0, alias="logProbability")


@attrs.frozen
class TopCandidates:
    """The likeliest tokens of one step, best first."""

    candidates: list[LogprobsCandidate] = attrs.Factory(list[LogprobsCandidate])


@attrs.frozen
class LogprobsResult:
    """Chosen and likeliest tokens, one entry a step."""

    chosen_candidates: list[LogprobsCandidate] = attrs.field(factory=list[LogprobsCandidate], alias="chosenCandidates")
    top_candidates: list[TopCandidates] = attrs.field(factory=list[TopCandidates], alias="topCandidates")


@attrs.define
class Candidate(Record):
    """One answer, or a fragment of it."""

    content: Content | None = attrs.field(default=None, metadata=ANSWER)
    index: int = attrs.field(default=0, metadata=ANSWER)
    finish_reason: str | None = attrs.field(default=None, alias="finishReason")
    grounding_metadata: dict[str, Any] | None = attrs.field(default=None, alias="groundingMetadata")
    citation_metadata: dict[str, Any] | None = attrs.field(default=None, alias="citationMetadata")
    logprobs_result: LogprobsResult | None = attrs.field(default=None, alias="logprobsResult")


@attrs.define
class PromptFeedback(Record):
    """Whether the prompt was blocked, and why."""

    block_reason: str | None = attrs.field(default=None, alias="blockReason")
    block_reason_message: str | None = attrs.field(default=None, alias="blockReasonMessage")


@attrs.define
class ModalityTokenCount:
    """Tokens of one kind of content."""

    modality: str = ""
    token_count: int = attrs.field(default=0, alias="tokenCount")


_Counts = list[ModalityTokenCount]


@attrs.define
class UsageMetadata(Record):
    """Token counts. Thoughts and what server-side tools read are counted beside prompt and candidates."""

    prompt: int = attrs.field(default=0, alias="promptTokenCount")
    candidates: int = attrs.field(default=0, alias="candidatesTokenCount")
    total: int | None = attrs.field(default=None, alias="totalTokenCount")
    thoughts: int = attrs.field(default=0, alias="thoughtsTokenCount")
    tool_use_prompt: int = attrs.field(default=0, alias="toolUsePromptTokenCount")
    cached: int | None = attrs.field(default=None, alias="cachedContentTokenCount")
    prompt_details: _Counts = attrs.field(factory=_Counts, alias="promptTokensDetails")
    candidates_details: _Counts = attrs.field(factory=_Counts, alias="candidatesTokensDetails")
    service_tier: str | None = attrs.field(default=None, alias="serviceTier")


@attrs.define
class GeminiReply(Record):
    """A whole reply, or one event of a stream: both have the same shape."""

    candidates: list[Candidate] = attrs.field(factory=list[Candidate], metadata=ANSWER)
    prompt_feedback: PromptFeedback | None = attrs.field(default=None, alias="promptFeedback")
    usage_metadata: UsageMetadata | None = attrs.field(default=None, alias="usageMetadata")
    model_version: str | None = attrs.field(default=None, alias="modelVersion")
    response_id: str | None = attrs.field(default=None, alias="responseId")
    create_time: str | None = attrs.field(default=None, alias="createTime")
