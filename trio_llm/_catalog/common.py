"""Departures that many rows share."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import attrs

from .._dialects.quirks import CacheMarks, CallIdRule, MaxTokensName, MessageSchema, Metadata, Quirks
from .addresses import Paths
from .provider import Override, Wire

SYSTEM_ROLE: Final = Quirks(system_role="system")
"""Takes both names of the answer's limit, and has no `developer` role."""
OLDER_NAMES: Final = Quirks(max_tokens_name=MaxTokensName.MAX_TOKENS, system_role="system")
"""Follows OpenAI's reference as it was before `max_completion_tokens` and `developer`."""
THINKING_BACK: Final = Quirks(
    max_tokens_name=MaxTokensName.MAX_TOKENS, system_role="system", reply_fields=frozenset({"reasoning_content"})
)
"""As `OLDER_NAMES`; and a message with tool calls is refused, or understood less well, without its thinking."""
OLDER_PREFILLED: Final = attrs.evolve(OLDER_NAMES, prefill=True)
"""As `OLDER_NAMES`, on llama.cpp, which goes on with an assistant message that comes last (`--prefill-assistant`)."""
LOCAL: Final = attrs.evolve(
    OLDER_PREFILLED,
    unsupported=frozenset(
        {
            *("tools", "tool_choice", "parallel_tool_calls", "functions", "function_call", "web_search_options"),
            *("audio", "modalities", "reasoning_effort", "verbosity", "service_tier", "store", "prediction"),
        }
    ),
)
"""A small model that knows no tools, does not think and does not speak; llama.cpp would pass over the wish."""
THINKING_PREFILLED: Final = attrs.evolve(THINKING_BACK, prefill=True)
"""As `THINKING_BACK`, on llama.cpp."""
THINKING_BOTH: Final = attrs.evolve(THINKING_BACK, thinking=True)
"""As `THINKING_BACK`, with a parameter `thinking` that switches it, as Anthropic's does."""
THINKING_SWITCHED: Final = attrs.evolve(THINKING_BOTH, thinking_is_a_switch=True)
"""As `THINKING_BOTH`, and nothing else switches it off."""
THOUGHT_BEFORE_CALLS: Final = attrs.evolve(THINKING_SWITCHED, thought_before_calls=" ")
"""As `THINKING_SWITCHED`; an answer with calls is refused without its thinking, such as one of another provider's
model: "reasoning_content is missing in assistant tool call message". A space is taken, where the empty text is not
(earendil-works/pi#4178, BerriAI/litellm#27439)."""
MARKED: Final = Quirks(cache_marks=CacheMarks.CACHE_CONTROL)
"""Hands `cache_control` on to the models that know it."""
DETAILS_BACK: Final = Quirks(
    reply_fields=frozenset({"reasoning_details"}), cache_marks=CacheMarks.CACHE_CONTROL, media_in_results=True
)
"""A gateway that takes all of OpenAI's names, and its own record of the thinking when a message is sent again."""
OLLAMA_PATHS: Final = Paths(instead_of="/v1")
"""Ollama's own API stands beside OpenAI's: a base URL that was written for that one serves for both."""
LITELLM: Final = Quirks(
    reply_fields=frozenset({"provider_specific_fields", "reasoning_content", "thinking_blocks"}),
    cache_marks=CacheMarks.CACHE_CONTROL,
    metadata=Metadata.ALWAYS,
    media_in_results=True,
    thinking=True,
)
"""LiteLLM's own gateway, which takes its answers back with all that it put into them."""
OPENAI: Final = Quirks(
    closed_schema=True,
    vectors_as_base64=True,
    most_inputs=2048,
    call_ids=CallIdRule.AT_MOST_40,
    metadata=Metadata.STORED,
    strict_schemas=True,
)
"""OpenAI's own servers, wherever they stand."""
RESPONSES: Final = MappingProxyType({"responses": Wire.RESPONSES})
"""Has OpenAI's Responses API, but keeps no responses."""
LLAMA_CPP: Final = MappingProxyType({**RESPONSES, "count_tokens": Wire.RESPONSES, "messages": Wire.ANTHROPIC})
"""Has it, keeps no responses, counts tokens, and has Anthropic's Messages API."""
STORED_RESPONSES: Final = MappingProxyType(
    dict.fromkeys(
        (
            "responses",
            "get_response",
            "delete_response",
            "cancel_response",
            "compact_response",
            "list_input_items",
            "count_tokens",
        ),
        Wire.RESPONSES,
    )
)
"""Has all of it."""
BY_RESPONSES: Final = Override(dialects=MappingProxyType({"chat": Wire.RESPONSES}))
"""Models whose chats go by the Responses API."""
RESPONSES_MODELS: Final = (
    (r"responses/(?P<model>.+)", BY_RESPONSES),
    # These have nothing else: OpenAI, "Models", 2026-11, column "Endpoints" of each model's page.
    (
        r"(o1-pro|o3-pro|gpt-5([.]\d)?-pro|gpt-5([.]\d)?-codex|codex-mini|o[34](-mini)?-deep-research|computer-use)",
        BY_RESPONSES,
    ),
)
"""OpenAI's models that are asked by the Responses API: those that have no other, and whatever is written so."""
_SAMPLING: Final = frozenset({"temperature", "top_p"})
"""What GPT-5.1 and later take beside `reasoning_effort="none"` only: guide "Using GPT-5.4", 2026-11."""
_THINKING: Final = attrs.evolve(OPENAI, max_tokens_name=MaxTokensName.MAX_COMPLETION_TOKENS)
TOOL_SEARCH_MODELS: Final = (
    # "Only gpt-5.4 and later models": guide "Tool search", developers.openai.com; Azure's page says the same; 2026-11.
    (r"gpt-(5\.([4-9]|\d\d)|[6-9])", Override(tool_search=frozenset({"responses"}))),
)
CLAUDE_TOOL_SEARCH: Final = r"claude-(?!2|3|instant|v\d|(opus|sonnet)-4(-[01])?([-@]2025\d{4}.*|-latest|-v\d.*|$))"
"""Claude 4.5 and later, on Anthropic's servers, Foundry, Vertex AI, and Bedrock by InvokeModel: "Tool search tool",
platform.claude.com, 2026-11."""
_THINKING_UNASKED: Final = attrs.evolve(
    _THINKING,
    cache_marks=CacheMarks.BREAKPOINT,
    usual_effort="medium",
    effort_excludes=_SAMPLING,
    tools_by_responses=True,
)
REASONING_MODELS: Final = (
    (r"gpt-(5\.([6-9]|\d\d)|[6-9])", Override(quirks=_THINKING_UNASKED)),
    (r"gpt-5\.[45]", Override(quirks=attrs.evolve(_THINKING, effort_excludes=_SAMPLING, tools_by_responses=True))),
    (r"gpt-5\.[1-3]", Override(quirks=attrs.evolve(_THINKING, effort_excludes=_SAMPLING))),
    (r"(o[134](-|$)|gpt-5)", Override(quirks=_THINKING)),
    (
        r"(o[134]|gpt-5)(-mini|-nano|-pro|-codex)*(-\d{4}|$)",
        Override(
            unsupported=frozenset({"logit_bias", "logprobs", "top_logprobs"}),
            accepted_values={
                "frequency_penalty": frozenset({0}),
                "presence_penalty": frozenset({0}),
                "temperature": frozenset({1}),
                "top_p": frozenset({1}),
            },
        ),
    ),
    (r"(gpt-[34]|chatgpt-)", Override(unsupported=frozenset({"reasoning_effort"}))),
)
"""OpenAI's models by what they take: those that think refuse `max_tokens`, the first of them sampling as well, and the
others an effort. From GPT-5.4 on chats with tools that think go by the Responses API; from GPT-5.6 on they think unless
told not to, and the end of what is to be cached can be marked."""
_FLAGGED: Final = attrs.evolve(OLDER_NAMES, thinking_flag="enable_thinking")
QWEN: Final = (
    # "parameter.enable_thinking must be set to false for non-streaming calls": the open models of 2025-04.
    (
        r"(Qwen/)?(?i:qwen3)-(\d+(\.\d)?[bB](-[aA]\d+[bB])?)$",
        Override(quirks=attrs.evolve(_FLAGGED, thinks_in_streams_only=True)),
    ),
    (r"(?i:qwen-?(3\.[5-9]|3-max|plus|flash|turbo))", Override(quirks=_FLAGGED)),
)
"""Alibaba's models that think or not: "Deep thinking", www.alibabacloud.com/help/en/model-studio, 2026-11."""
NEWER_GPT: Final = (
    # "Unsupported parameter: 'max_tokens' is not supported with this model": diegosouzapw/OmniRoute#1540; temperature:
    # can1357/oh-my-pi#5606, decolua/9router#536.
    (
        r"(openai/)?(o[134](-|$)|gpt-[5-9])",
        Override(quirks=attrs.evolve(SYSTEM_ROLE, max_tokens_name=MaxTokensName.MAX_COMPLETION_TOKENS)),
    ),
    (
        r"(openai/)?(o[134](-|$)|gpt-(5(-(?!chat)|$)|5\.[4-9]|[6-9]))",
        Override(accepted_values={"temperature": frozenset({1}), "top_p": frozenset({1})}),
    ),
)
"""OpenAI's models that think, on GitHub's servers, which hand on what they refuse."""
MISTRAL: Final = Quirks(
    renamed={"seed": "random_seed"},
    unsupported=frozenset(
        {
            "audio",
            "function_call",
            "functions",
            "logit_bias",
            "logprobs",
            "modalities",
            "moderation",
            "prompt_cache_options",
            "prompt_cache_retention",
            "safety_identifier",
            "store",
            "top_logprobs",
            "user",
            "verbosity",
            "web_search_options",
        }
    ),
    max_tokens_name=MaxTokensName.MAX_TOKENS,
    system_role="system",
    stream_usage=False,
    required_tool_choice="any",
    attachments_as_text=True,
    call_ids=CallIdRule.NINE,
    metadata=Metadata.ALWAYS,
    media_in_results=True,
    message_schema=MessageSchema(
        fields={
            "system": frozenset(),
            "user": frozenset(),
            "assistant": frozenset({"prefix", "tool_calls"}),
            "tool": frozenset({"name", "tool_call_id"}),
        },
        part_types=frozenset(
            {"document_url", "file", "image_url", "input_audio", "reference", "text", "thinking"},
        ),
    ),
    accepted_values={
        "reasoning_effort": frozenset({"high", "none"}),
        "service_tier": frozenset({"auto", "standard_only"}),
    },
)
"""Mistral's API refuses every field that its reference does not have."""
_STRICT_PARTS: Final = frozenset({"file", "image_url", "input_audio", "text", "video_url"})
CEREBRAS: Final = Quirks(
    renamed={"reasoning_content": "reasoning"},
    unsupported=frozenset({"frequency_penalty", "logit_bias", "presence_penalty"}),
    closed_schema=True,
    system_role="system",
    reply_fields=frozenset({"reasoning", "reasoning_content"}),
    message_schema=MessageSchema(
        fields={
            "system": frozenset({"name"}),
            "user": frozenset({"name"}),
            "assistant": frozenset({"name", "reasoning", "tool_calls"}),
            "tool": frozenset({"name", "tool_call_id"}),
        },
        part_types=_STRICT_PARTS,
    ),
)
"""Cerebras refuses every field of a message that its reference does not have: "property ... is unsupported"."""
FIREWORKS: Final = attrs.evolve(
    THINKING_BOTH,
    closed_schema=True,
    message_schema=MessageSchema(
        fields={
            "system": frozenset({"name"}),
            "user": frozenset({"name"}),
            "assistant": frozenset({"function_call", "name", "reasoning_content", "tool_calls"}),
            "tool": frozenset({"name", "tool_call_id"}),
        },
        part_types=_STRICT_PARTS,
    ),
)
"""Fireworks does, too: "Extra inputs are not permitted, field: 'messages[2].reasoning_details'"."""
GROQ: Final = Quirks(
    # "Flex Processing", 2026-11: there is no capacity for service_tier="flex" at the moment.
    busy_statuses=frozenset({498}),
    unsupported=frozenset(
        {
            "audio",
            "logit_bias",
            "logprobs",
            "modalities",
            "moderation",
            "prediction",
            "prompt_cache_key",
            "prompt_cache_options",
            "prompt_cache_retention",
            "safety_identifier",
            "store",
            "top_logprobs",
            "verbosity",
            "web_search_options",
        }
    ),
    system_role="system",
    text_only_roles=frozenset({"tool"}),
    message_schema=MessageSchema(
        fields={
            "system": frozenset({"name"}),
            "user": frozenset({"name"}),
            "assistant": frozenset({"function_call", "name", "reasoning", "tool_calls"}),
            "tool": frozenset({"tool_call_id"}),
        },
        part_types=frozenset({"document", "image_url", "text"}),
    ),
    accepted_values={
        "n": frozenset({1}),
        "service_tier": frozenset({"auto", "flex", "on_demand", "performance"}),
    },
)
"""Groq's API refuses every field that its reference does not have."""
