"""Prefixes of LiteLLM's that have no row: for each, why not, and what to write instead.

A row of the same name goes before the entry here. Source: LiteLLM's list of providers, 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_NOT_YET: Final = "its wire format is not built yet"
_AGENT: Final = "it runs agents, not models: use its own client, or custom_openai/ where it speaks OpenAI's API"
_VECTORS: Final = "it stores vectors and answers no chats: use its own client"
_SEARCH: Final = "it searches the web and answers no chats: use its own client, as a tool of a model"
_PROMPTS: Final = "it manages prompts: fetch the prompt with its own client, and send it to a model"
_DECISIONS: Final = "it answers decisions alone, in a format of its own: write openai/ and call decisions"
_ROUTING: Final = "it is a router inside of LiteLLM: use fallbacks, or a client of your own"
_PICTURES: Final = "it makes images or videos in a format of its own, which is not built yet"

_GROUPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "a2a a2a_agent cursor langflow langgraph manus microsoft_365_copilot": _AGENT,
        "milvus mongodb opensearch pg_vector s3_vectors valkey": _VECTORS,
        "apiserpent bing_grounding brave dataforseo duckduckgo exa_ai fastcrw firecrawl google_pse linkup nimble "
        "parallel_ai searchapi searxng serper tavily tinyfish you_com": _SEARCH,
        "dotprompt humanloop langfuse": _PROMPTS,
        "bespoke eu_jev laya nace strands_decider typesafe": _DECISIONS,
        "auto_router litellm_agent": _ROUTING,
        "fal_ai runwayml stability topaz": _PICTURES,
        "aws_textract reducto": "it reads documents (OCR), for which there is no function here",
        "gdc nlp_cloud sap scaledown soniox triton": _NOT_YET,
        "aws_polly azure_speech transcribe": "speech and transcription of this cloud are not built yet",
    }
)
ABSENT: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{name: reason for names, reason in _GROUPS.items() for name in names.split()},
        "anthropic_text": "Anthropic's text completions are retired: write anthropic/ and send messages",
        "azure_text": "write azure/ for the deployment, and use text_completion for models that only complete texts",
        "chatgpt": "it signs in as a subscriber of ChatGPT, in a browser: write openai/ with an API key",
        "custom": "LiteLLM's bare POST has no format that anybody documents: write custom_openai/ with api_base",
        "databricks_agent": "write databricks/ and the name of the agent's serving endpoint",
        "gigachat": "its host has a certificate of its own and exchanges keys in a way of its own: call it as "
        "custom_openai/ with api_base, a token as api_key and an http_client that trusts its certificate",
        "nvidia_riva": "it speaks gRPC: write nvidia_nim/, or use NVIDIA's client",
        "petals": "its public swarm is gone: write custom_openai/ with the api_base of a server of your own",
    }
)
"""Why there is no row, by prefix."""
