"""The vendors, as rows. Each names the page that proves it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from ._dialect import MaxTokensName, Quirks
from ._provider import AuthScheme, Provider, Server, Wire

_REASONING_MODELS: Final = r"(o[134](-|$)|gpt-5)"

_ROWS: Final = (
    Provider(
        name="anthropic",
        base_url="https://api.anthropic.com",
        documentation="https://docs.claude.com/en/api/messages",
        wire=Wire.ANTHROPIC,
        key_variables=("ANTHROPIC_API_KEY",),
        base_url_variables=("ANTHROPIC_BASE_URL", "ANTHROPIC_API_BASE"),
        auth=AuthScheme.X_API_KEY,
    ),
    Provider(
        name="deepseek",
        base_url="https://api.deepseek.com",
        documentation="https://api-docs.deepseek.com/",
        key_variables=("DEEPSEEK_API_KEY",),
        base_url_variables=("DEEPSEEK_BASE_URL", "DEEPSEEK_API_BASE"),
        quirks=Quirks(max_tokens_name=MaxTokensName.MAX_TOKENS, system_role="system"),
    ),
    Provider(
        name="gemini",
        base_url="https://generativelanguage.googleapis.com/v1beta",
        documentation="https://ai.google.dev/api/generate-content",
        wire=Wire.GEMINI,
        key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        base_url_variables=("GEMINI_BASE_URL", "GEMINI_API_BASE"),
        auth=AuthScheme.GOOGLE,
    ),
    Provider(
        name="groq",
        base_url="https://api.groq.com/openai/v1",
        documentation="https://console.groq.com/docs/openai",
        key_variables=("GROQ_API_KEY",),
        base_url_variables=("GROQ_BASE_URL", "GROQ_API_BASE"),
        quirks=Quirks(system_role="system"),
    ),
    Provider(
        name="local",
        base_url="http://127.0.0.1",
        documentation="https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct",
        server=Server.EMBEDDED,
        quirks=Quirks(max_tokens_name=MaxTokensName.MAX_TOKENS, system_role="system"),
    ),
    Provider(
        name="mistral",
        base_url="https://api.mistral.ai/v1",
        documentation="https://docs.mistral.ai/api/",
        key_variables=("MISTRAL_API_KEY",),
        base_url_variables=("MISTRAL_BASE_URL", "MISTRAL_API_BASE"),
        quirks=Quirks(
            renamed={"seed": "random_seed"},
            max_tokens_name=MaxTokensName.MAX_TOKENS,
            system_role="system",
            stream_usage=False,
            required_tool_choice="any",
        ),
    ),
    Provider(
        name="ollama",
        base_url="http://localhost:11434/v1",
        documentation="https://docs.ollama.com/openai",
        key_variables=("OLLAMA_API_KEY",),
        base_url_variables=("OLLAMA_BASE_URL", "OLLAMA_API_BASE"),
        server=Server.SELF_HOSTED,
        quirks=Quirks(max_tokens_name=MaxTokensName.MAX_TOKENS, system_role="system"),
    ),
    Provider(
        name="openai",
        base_url="https://api.openai.com/v1",
        documentation="https://platform.openai.com/docs/api-reference",
        key_variables=("OPENAI_API_KEY",),
        base_url_variables=("OPENAI_BASE_URL", "OPENAI_API_BASE"),
        model_quirks=((_REASONING_MODELS, Quirks(max_tokens_name=MaxTokensName.MAX_COMPLETION_TOKENS)),),
    ),
    Provider(
        name="openrouter",
        base_url="https://openrouter.ai/api/v1",
        documentation="https://openrouter.ai/docs/api-reference/overview",
        key_variables=("OPENROUTER_API_KEY",),
        base_url_variables=("OPENROUTER_BASE_URL", "OPENROUTER_API_BASE"),
    ),
    Provider(
        name="together_ai",
        base_url="https://api.together.xyz/v1",
        documentation="https://docs.together.ai/docs/openai-api-compatibility",
        key_variables=("TOGETHER_API_KEY", "TOGETHER_AI_API_KEY", "TOGETHERAI_API_KEY"),
        base_url_variables=("TOGETHER_BASE_URL", "TOGETHER_AI_API_BASE"),
        alternative_hosts=("api.together.ai",),
        quirks=Quirks(system_role="system"),
    ),
    Provider(
        name="xai",
        base_url="https://api.x.ai/v1",
        documentation="https://docs.x.ai/docs/api-reference",
        key_variables=("XAI_API_KEY",),
        base_url_variables=("XAI_BASE_URL", "XAI_API_BASE"),
    ),
)

CATALOG: Final = MappingProxyType({row.name: row for row in _ROWS})
"""Every row by its name."""
