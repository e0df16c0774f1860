"""OpenTelemetry's names for what is told.

Source: OpenTelemetry semantic conventions for generative AI 0.1, "Spans", "Agent spans" and "Metrics", 2026-11. What
they have no name for begins with `trio_llm.`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

OPERATION: Final = "gen_ai.operation.name"
PROVIDER: Final = "gen_ai.provider.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_STREAM: Final = "gen_ai.request.stream"
RESPONSE_MODEL: Final = "gen_ai.response.model"
RESPONSE_ID: Final = "gen_ai.response.id"
FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
CACHE_READ_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
CACHE_CREATION_TOKENS: Final = "gen_ai.usage.cache_creation.input_tokens"
REASONING_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"
OUTPUT_TYPE: Final = "gen_ai.output.type"
INPUT_MESSAGES: Final = "gen_ai.input.messages"
OUTPUT_MESSAGES: Final = "gen_ai.output.messages"
SYSTEM_INSTRUCTIONS: Final = "gen_ai.system_instructions"
TOOL_DEFINITIONS: Final = "gen_ai.tool.definitions"
TOOL_NAME: Final = "gen_ai.tool.name"
TOOL_ARGUMENTS: Final = "gen_ai.tool.call.arguments"
TOOL_CALL_ID: Final = "gen_ai.tool.call.id"
TOOL_RESULT: Final = "gen_ai.tool.call.result"
TOOL_TYPE: Final = "gen_ai.tool.type"
TOKEN_TYPE: Final = "gen_ai.token.type"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
ERROR_TYPE: Final = "error.type"

DURATION: Final = "gen_ai.client.operation.duration"
TOKEN_USAGE: Final = "gen_ai.client.token.usage"
TIME_TO_FIRST_CHUNK: Final = "gen_ai.client.operation.time_to_first_chunk"
TIME_PER_OUTPUT_CHUNK: Final = "gen_ai.client.operation.time_per_output_chunk"
SECONDS: Final = tuple(0.01 * 2**power for power in range(14))
"""Boundaries that the conventions want for times."""
TOKENS: Final = tuple(4**power for power in range(14))
"""And for tokens."""

PARAMETERS: Final[Mapping[str, str]] = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "top_k": "gen_ai.request.top_k",
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "max_output_tokens": "gen_ai.request.max_tokens",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "seed": "gen_ai.request.seed",
    "stop": "gen_ai.request.stop_sequences",
    "stop_sequences": "gen_ai.request.stop_sequences",
    "dimensions": "gen_ai.embeddings.dimension.count",
}
"""Parameters of calls, and their attributes. `n` is one too, where it is not 1."""
CHOICES: Final = "gen_ai.request.choice.count"

OPERATIONS: Final[Mapping[str, str]] = {
    "completion": "chat",
    "anthropic_messages": "chat",
    "responses": "chat",
    "text_completion": "text_completion",
    "embedding": "embeddings",
    "image_generation": "generate_content",
    "image_edit": "generate_content",
    "image_variation": "generate_content",
    "speech": "generate_content",
}
"""What has no name in the conventions keeps its own."""
OUTPUT_TYPES: Final[Mapping[str, str]] = {
    "image_generation": "image",
    "image_edit": "image",
    "image_variation": "image",
    "speech": "speech",
}

PROVIDERS: Final[Mapping[str, str]] = {
    "azure": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "bedrock": "aws.bedrock",
    "bedrock_mantle": "aws.bedrock",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "moonshot": "moonshot_ai",
    "vertex_ai": "gcp.vertex_ai",
    "vertex_openai": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "watsonx_text": "ibm.watsonx.ai",
    "xai": "x_ai",
}
"""Rows of the catalogue whose name is another one there."""

ATTEMPT: Final = "trio_llm.attempt"
"""The number of an attempt, from 1."""
ATTEMPTS: Final = "trio_llm.attempts"
"""Requests that a call sent."""
END: Final = "trio_llm.end"
"""How it ended: `ok`, `failed`, `cancelled`, `abandoned`."""
CANCELLED_BECAUSE: Final = "trio_llm.cancelled.reason"
GROUP: Final = "trio_llm.group"
"""The kind of a group of calls."""
INDEX: Final = "trio_llm.index"
"""The place of a call among the jobs of its group."""
WINNER: Final = "trio_llm.winner"
LABEL: Final = "trio_llm.label."
"""What the caller said of a call or a group, by the name that it has there."""
WAITING: Final = "trio_llm.waiting"
FELL_BACK: Final = "trio_llm.fallback"
SEAM: Final = "trio_llm.seam"
FIRST_CONTENT: Final = "trio_llm.first_content"
WAIT_REASON: Final = "trio_llm.wait.reason"
WAIT_AHEAD: Final = "trio_llm.wait.ahead"
PAUSE: Final = "trio_llm.pause"
"""Seconds until the next attempt."""
