"""What vendors say when a prompt is too long or its content is refused: codes, and where there is none, sentences.

These are known on every wire: servers speak several, and gateways hand on what the vendor behind them said. A sentence
is matched from the beginning of what the provider says, and in the form that only it writes, never by a word that a
user's own text could contain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from .._types.errors import (
    APIConnectionError,
    APIError,
    AuthenticationError,
    BadRequestError,
    ContentPolicyViolationError,
    ContextWindowExceededError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServiceUnavailableError,
    Timeout,
    UnprocessableEntityError,
)

# Codes that say more than the status. Lower-case. Each from its vendor's page on errors, 2026-11.
_TOO_LONG: Final = (
    "context_length_exceeded",  # OpenAI, Azure, Groq, Cerebras, OpenRouter
    "exceed_context_size_error",  # llama.cpp, and what is built on it
    "string_above_max_length",  # OpenAI: one text past what any model takes
    "too_many_prompt_tokens",  # Perplexity
    "too_many_tokens",  # Cohere
    "input_too_long",  # SambaNova
    "context_window_exceeded",  # Vercel's gateway
    "context_length_error",  # LM Studio
    "model_max_prompt_tokens_exceeded",  # GitHub Copilot
    "tokens_limit_reached",  # GitHub Models
)
_REFUSED: Final = (
    "content_filter",  # Azure, Moonshot
    "content_policy_violation",  # OpenAI, Azure
    "contentpolicyviolationerror",
    "cyber_policy",  # OpenAI
    "data_inspection_failed",  # Alibaba's compatible mode
    "datainspectionfailed",  # Alibaba's own
    "moderation_blocked",  # OpenAI's images
    "content_moderation",  # Stability
    "responsibleaipolicyviolation",  # Azure's inner error
    "sensitivecontentdetected",  # Volcengine
    "inputtextsensitivecontentdetected",
    "outputtextsensitivecontentdetected",
    "flagged_input",  # OpenRouter, "Errors and debugging": metadata of moderation errors
    "base_resp.1026",  # MiniMax, "Error codes": what was asked, and what was answered
    "base_resp.1027",
)
KINDS: Final[Mapping[str, type[APIError]]] = {
    **dict.fromkeys(_TOO_LONG, ContextWindowExceededError),
    **dict.fromkeys(_REFUSED, ContentPolicyViolationError),
}

# Where a vendor has no code for it. "Recorded" means that a reply of the service was seen with these words.
_SENTENCES: Final = (
    (
        ContextWindowExceededError,
        (
            r"prompt is too long: \d+ tokens > \d+ maximum",  # Anthropic, recorded 2026
            # Anthropic's "Errors" page and "Context windows", 2026-11.
            r"input length and `max_tokens` exceed context limit: \d+ \+ \d+ > \d+",
            # Gemini, google-gemini/gemini-cli#4118.
            r"The input token count \(\d+\) exceeds the maximum number of tokens allowed",
            r"Unable to submit request because the input token count is \d+ but",  # Vertex AI, "Error messages"
            # OpenAI of old, vLLM, DeepSeek and OpenRouter; the last two recorded 2026.
            r"This (?:model|endpoint)'s maximum context length is \d+ tokens",
            r"This model's maximum prompt length is \d+ but the request contains \d+ tokens",  # xAI, cline/cline#3120
            r"Prompt contains \d+ tokens .*too large for model with \d+ maximum context length",  # Mistral
            # vLLM, vllm/entrypoints/utils.py, 2026-11.
            r"'max_tokens' or 'max_completion_tokens' is too large: \d+\. This model's maximum context length is \d+",
            # The same since 0.14, vllm/renderers/params.py.
            r"You passed \d+ input (?:tokens|characters)(?: and requested \d+ output tokens)?\. However, the model's",
            # SGLang, and Together with it; the second also with a completion that would be too long.
            r"The input \(\d+ tokens\) is longer than the model's context length \(\d+ tokens\)",
            r"Requested token count exceeds the model's maximum context length",
            # Poolside and others behind OpenRouter, earendil-works/pi#4943.
            r"Input length \(?\d+\)? exceeds (?:the )?(?:model's maximum context|maximum allowed input) length",
            r"Your input exceeds (?:the|this model's|the model's) context window",  # OpenAI
            # llama.cpp, ggml-org/llama.cpp#19774: the first with status 500, the second where gateways drop its code.
            r"Context size has been exceeded\.",
            r"(?:the )?request (?:\(\d+ tokens\) )?exceeds the available context size",
            r"(?:invalid params, )?context window exceeds limit \(2013\)",  # MiniMax, MiniMax-AI/MiniMax-M2#119
            r"Input Tokens Exceeded: ",  # Bedrock, recorded 2026
            r"Input is too long for requested model",  # Bedrock
            r"too many tokens: ",  # Cohere of before `error_type`, recorded 2026
            r"prompt too long; exceeded max context length by \d+ tokens",  # Ollama, recorded 2026
            r"(?:the )?input length exceeds the context length$",  # Ollama's embeddings, server/routes.go
            r"The prompt is too long: \d+, model maximum context length: \d+",  # Fireworks
            r"(?:Invalid request: )?Your request exceeded model token limit: \d+",  # Moonshot
            # Hugging Face's text-generation-inference.
            r"Input validation error: `inputs` (?:tokens \+ `max_new_tokens` )?must (?:be <=|have less than) \d+",
            r"Trying to keep the first \d+ tokens when context the overflows",  # LM Studio, cline/cline#3664
            r"The number of tokens to keep from the initial prompt is greater than the context length",  # LM Studio
            # Alibaba, "Error messages"; its compatible mode puts its own status and code before them.
            r"(?:<\d+> )?(?:InternalError\.Algo\.InvalidParameter: )?Range of input length should be \[\d+, \d+\]",
            r"Prompt exceeds max length",  # Z.AI, error code 1261
        ),
    ),
    (
        ContentPolicyViolationError,
        (
            r"Output blocked by content filtering policy",  # Anthropic, anthropics/claude-code#62817
            r"Content violates usage guidelines\.",  # xAI, recorded 2026
            r"Content Exists Risk$",  # DeepSeek, deepseek-ai/DeepSeek-V2#30
            r"\S+ requires moderation on ",  # OpenRouter, "Errors and debugging", moderation errors
            r"System detected potentially unsafe or sensitive content in input or generation",  # Z.AI, error code 1301
            r"系统检测到输入或生成内容可能包含不安全或敏感内容",  # the same at its Chinese address
            r"(?:in|out)put new_sensitive",  # MiniMax, error codes 1026 and 1027
            r"Your request was rejected as a result of our safety system",  # OpenAI's images
            r"Invalid prompt: your prompt was flagged as potentially violating our usage policy",  # OpenAI, reasoning
            r"The response was filtered due to the prompt triggering Azure OpenAI's content management policy",
        ),
    ),
    # xAI answers 400 to a wrong key, with a code that any wrong argument has; recorded 2026.
    (AuthenticationError, (r"Incorrect API key provided\. You can obtain an API key from ",)),
)
_LASTING_CODES: Final = frozenset(
    {
        "usage_limit_reached",  # ChatGPT's plans, code-yeongyu/senpi#1969
        "credit_balance_exhausted",  # promptfoo/promptfoo#10866, with the next two
        "account_deactivated",
        "access_terminated",
    }
)
_LASTING: Final = re.compile(
    "|".join(
        (
            # One request past what a minute allows: no minute will.
            r"Request too large for .* tokens per min(?:ute)? \(TPM\): Limit \d+, Requested \d+",  # OpenAI, Groq
            r"You exceeded your current quota.*, limit: 0\b",  # Gemini, to whom a model is not free
            r"Extra usage is required for long context requests",  # Anthropic's plans
            r"You have reached your specified API usage limits",  # Anthropic's workspaces
            r"You've reached (?:your |kimi )?monthly usage limit",  # Moonshot, NousResearch/hermes-agent#36276
            r"Your team .*used all available credits or reached its monthly spending limit",  # xAI
            r"Rate limit exceeded: free-models-per-day",  # OpenRouter
            r"Too many tokens per day",  # Bedrock
            r"(?:Tokens|Requests) per day limit exceeded",  # Cerebras
        )
    ),
    re.DOTALL,
)
# google.rpc.QuotaFailure, also where a gateway quotes it: anomalyco/opencode#47685. The wait beside it is of seconds.
_OF_A_DAY: Final = re.compile(r'quotaId\\*"\s*:\s*\\*"\w*PerDay')
_BEDROCKS_BEGINNING: Final = "The model returned the following errors: "
"""Before the words of the maker of the model."""
_PATTERNS: Final = tuple((kind, re.compile("|".join(patterns), re.DOTALL)) for kind, patterns in _SENTENCES)

# LiteLLM's proxy begins with the name of its own exception: litellm/exceptions.py, 2026-11.
_GATEWAYS_NAME: Final = re.compile(r"litellm\.(\w+): ")
_GATEWAYS_CLASSES: Final[Mapping[str, type[APIError]]] = {
    kind.__name__: kind
    for kind in (
        APIConnectionError,
        AuthenticationError,
        BadRequestError,
        ContentPolicyViolationError,
        ContextWindowExceededError,
        InternalServerError,
        NotFoundError,
        PermissionDeniedError,
        RateLimitError,
        ServiceUnavailableError,
        Timeout,
        UnprocessableEntityError,
    )
}
# Its router's text when every deployment rests: BerriAI/litellm#5177.
_GATEWAYS_WAIT: Final = re.compile(
    r"(?:litellm\.\w+: )*No deployments available for selected model, Try again in (\d+(?:\.\d+)?) seconds", re.ASCII
)


def kind_of_words(texts: Iterable[str]) -> type[APIError] | None:
    """The class that a sentence means, if it is one of those that are known."""
    for text in texts:
        named = _GATEWAYS_NAME.match(text)
        if named and named[1] in _GATEWAYS_CLASSES:
            return _GATEWAYS_CLASSES[named[1]]
        said = text.removeprefix(_BEDROCKS_BEGINNING)
        for kind, pattern in _PATTERNS:
            if pattern.match(said):
                return kind
    return None


def lasts(codes: Iterable[str], texts: Iterable[str], body: str) -> bool:
    """Whether a refusal ends when somebody pays, on another day, or never: no call waits for that."""
    if _OF_A_DAY.search(body):
        return True
    return any(code.lower() in _LASTING_CODES for code in codes) or any(_LASTING.match(text) for text in texts)


def wait_of_words(text: str) -> float | None:
    """The seconds that a gateway asks to wait in its sentence."""
    found = _GATEWAYS_WAIT.match(text)
    return float(found[1]) if found else None
