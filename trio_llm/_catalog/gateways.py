"""Vendors who route calls to other vendors."""

from __future__ import annotations

from typing import Final

import attrs

from .addresses import Paths
from .auth import AuthScheme
from .common import DETAILS_BACK, MARKED, NEWER_GPT, OLDER_NAMES, RESPONSES, SYSTEM_ROLE
from .provider import Override, Provider, Wire

_OPENROUTER: Final = attrs.evolve(DETAILS_BACK, reply_fields=DETAILS_BACK.reply_fields | {"reasoning_content"})
"""DeepSeek's V4 behind it wants its thinking as text beside the record (UKGovernmentBEIS/inspect_ai#4079)."""
GATEWAYS: Final = (
    Provider(
        name="302ai",
        base_url="https://api.302.ai/v1",
        documentation="https://doc.302.ai",
        key_variables=("AI302_API_KEY", "302AI_API_KEY"),
    ),
    Provider(
        name="aihubmix",
        base_url="https://aihubmix.com/v1",
        documentation="https://docs.aihubmix.com",
    ),
    Provider(
        name="aiml",
        base_url="https://api.aimlapi.com/v1",
        documentation="https://docs.aimlapi.com/",
        key_variables=("AIML_API_KEY", "AIMLAPI_KEY"),
    ),
    Provider(
        name="apertis",
        base_url="https://api.stima.tech/v1",
        documentation="https://docs.stima.tech/",
        key_variables=("STIMA_API_KEY", "APERTIS_API_KEY"),
        quirks=OLDER_NAMES,
    ),
    Provider(
        name="assemblyai",
        base_url="https://llm-gateway.assemblyai.com/v1",
        documentation="https://www.assemblyai.com/docs/llm-gateway/overview",
        quirks=SYSTEM_ROLE,
    ),
    Provider(
        name="clf_ai_gateway",
        base_url="https://api.clfaigateway.dev/v1",
        documentation="https://clfaigateway.dev",
    ),
    Provider(
        name="cometapi",
        base_url="https://api.cometapi.com/v1",
        documentation="https://api.cometapi.com/doc",
        key_variables=("COMETAPI_KEY", "COMETAPI_API_KEY"),
    ),
    Provider(
        name="cortecs",
        base_url="https://api.cortecs.ai/v1",
        documentation="https://docs.cortecs.ai/",
    ),
    Provider(
        name="datarobot",
        base_url="https://app.datarobot.com/api/v2/genai/llmgw",
        documentation="https://docs.datarobot.com/",
        key_variables=("DATAROBOT_API_TOKEN",),
        base_url_variables=("DATAROBOT_BASE_URL", "DATAROBOT_API_BASE"),
        alternative_hosts=("*.datarobot.com",),
        quirks=SYSTEM_ROLE,
        paths=Paths("{path}/"),
    ),
    Provider(
        name="edenai",
        base_url="https://api.edenai.run/v3",
        documentation="https://docs.edenai.co/",
    ),
    Provider(
        name="github_copilot",
        base_url="https://api.githubcopilot.com",
        documentation="https://docs.github.com/en/copilot",
        aliases=("copilot",),
        key_variables=("GITHUB_COPILOT_TOKEN", "GITHUB_COPILOT_API_KEY"),
        alternative_hosts=("*.githubcopilot.com",),
        quirks=SYSTEM_ROLE,
        families=NEWER_GPT,
    ),
    Provider(
        name="helicone",
        base_url="https://ai-gateway.helicone.ai/v1",
        documentation="https://docs.helicone.ai/gateway/overview",
    ),
    Provider(
        name="hostinger_router",
        base_url="https://router.hostinger.com/v1",
        documentation="https://www.hostinger.com/support/",
    ),
    Provider(
        name="huggingface",
        base_url="https://router.huggingface.co/v1",
        documentation="https://huggingface.co/docs/inference-providers",
        aliases=("hf",),
        key_variables=("HF_TOKEN", "HUGGINGFACE_API_KEY", "HUGGINGFACEHUB_API_TOKEN"),
        base_url_variables=("HUGGINGFACE_BASE_URL", "HUGGINGFACE_API_BASE", "HF_API_BASE"),
        alternative_hosts=("*.endpoints.huggingface.cloud",),
        quirks=OLDER_NAMES,
        dialects={**RESPONSES, "embeddings": Wire.TGI},
        base_urls={"embeddings": "https://router.huggingface.co/hf-inference/models"},
    ),
    Provider(
        name="kilo",
        base_url="https://api.kilo.ai/api/gateway",
        documentation="https://kilo.ai/docs",
        quirks=MARKED,
    ),
    Provider(
        name="kyma",
        base_url="https://kymaapi.com/v1",
        documentation="https://kymaapi.com",
    ),
    Provider(
        name="llmgateway",
        base_url="https://api.llmgateway.io/v1",
        documentation="https://llmgateway.io/docs",
    ),
    Provider(
        name="nadir",
        base_url="https://api.getnadir.com/v1",
        documentation="https://getnadir.com",
    ),
    Provider(
        name="nano-gpt",
        base_url="https://nano-gpt.com/api/v1",
        documentation="https://docs.nano-gpt.com",
        key_variables=("NANO_GPT_API_KEY", "NANOGPT_API_KEY"),
        quirks=OLDER_NAMES,
    ),
    Provider(
        name="opencode_go",
        base_url="https://opencode.ai/zen/go/v1",
        documentation="https://opencode.ai/docs/zen",
        key_variables=("OPENCODE_API_KEY", "OPENCODE_GO_API_KEY"),
        quirks=OLDER_NAMES,
    ),
    Provider(
        name="opencode_zen",
        base_url="https://opencode.ai/zen/v1",
        documentation="https://opencode.ai/docs/zen",
        key_variables=("OPENCODE_API_KEY", "OPENCODE_ZEN_API_KEY"),
    ),
    Provider(
        name="openrouter",
        base_url="https://openrouter.ai/api/v1",
        documentation="https://openrouter.ai/docs/api-reference/overview",
        key_variables=("OPENROUTER_API_KEY", "OR_API_KEY"),
        quirks=_OPENROUTER,
        families=(
            (
                r"~?(deepseek/deepseek-(v[4-9]|r)|moonshotai/kimi-k(2\.[5-9]|2-thinking|[3-9]))",
                Override(quirks=attrs.evolve(_OPENROUTER, thought_before_calls=" ")),
            ),
        ),
        dialects=RESPONSES,
    ),
    Provider(
        name="poe",
        base_url="https://api.poe.com/v1",
        documentation="https://creator.poe.com/docs/external-applications/openai-compatible-api",
        quirks=OLDER_NAMES,
    ),
    Provider(
        name="pollinations",
        base_url="https://gen.pollinations.ai/v1",
        documentation="https://enter.pollinations.ai/api/docs",
        key_variables=("POLLINATIONS_API_KEY", "POLLINATIONS_TOKEN"),
        alternative_hosts=("text.pollinations.ai",),
    ),
    Provider(
        name="portkey",
        base_url="https://api.portkey.ai/v1",
        documentation="https://portkey.ai/docs/api-reference",
        auth=AuthScheme.PORTKEY,
        quirks=attrs.evolve(MARKED, thinking=True),
    ),
    Provider(
        name="requesty",
        base_url="https://router.requesty.ai/v1",
        documentation="https://docs.requesty.ai/",
        quirks=MARKED,
    ),
    Provider(
        name="veniceai",
        base_url="https://api.venice.ai/api/v1",
        documentation="https://docs.venice.ai",
        aliases=("venice",),
        key_variables=("VENICE_API_KEY", "VENICE_AI_API_KEY"),
        quirks=SYSTEM_ROLE,
    ),
    Provider(
        name="vercel_ai_gateway",
        base_url="https://ai-gateway.vercel.sh/v1",
        documentation="https://vercel.com/docs/ai-gateway/openai-compat",
        aliases=("vercel",),
        key_variables=("AI_GATEWAY_API_KEY", "VERCEL_AI_GATEWAY_API_KEY", "VERCEL_OIDC_TOKEN"),
        quirks=DETAILS_BACK,
        dialects=RESPONSES,
    ),
    Provider(
        name="zenmux",
        base_url="https://zenmux.ai/api/v1",
        documentation="https://docs.zenmux.ai",
    ),
)
