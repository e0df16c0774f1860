"""Vendors who serve models of their own making."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import attrs

from .._dialects.quirks import Answers, MaxTokensName, Quirks
from .addresses import Paths
from .auth import AuthScheme, HeaderKey
from .common import (
    CLAUDE_TOOL_SEARCH,
    MISTRAL,
    OLDER_NAMES,
    OPENAI,
    QWEN,
    REASONING_MODELS,
    RESPONSES,
    RESPONSES_MODELS,
    STORED_RESPONSES,
    SYSTEM_ROLE,
    THINKING_BACK,
    THINKING_BOTH,
    THINKING_SWITCHED,
    THOUGHT_BEFORE_CALLS,
    TOOL_SEARCH_MODELS,
)
from .provider import Override, Provider, Wire

_ZAI_KEYS: Final = ("ZAI_API_KEY", "Z_AI_API_KEY", "ZHIPU_API_KEY")
_DASHSCOPE: Final = "https://www.alibabacloud.com/help/en/model-studio/compatibility-of-openai-with-dashscope"

_FILL_IN: Final = Paths(special=MappingProxyType({"/completions": "/fim/completions"}))
"""Text completions fill in what is missing before a suffix, and are answered with messages, as chats are.

Source: Mistral API reference, "Fim Completion"; Inception, "Autocomplete"; 2026-11.
"""

_GLM: Final = (
    # "Thinking Mode", docs.z.ai, 2026-11: these always think. "Please use low, high, or max".
    (
        r"glm-(5\.([3-9]|\d\d)|[6-9])",
        Override(quirks=THINKING_BOTH, accepted_values={"reasoning_effort": frozenset({"low", "high", "max"})}),
    ),
)
_KIMI: Final = (
    (
        r"kimi-(k2\.[5-9]|k2-thinking|k[3-9]|thinking|for-coding)",
        Override(quirks=attrs.evolve(THOUGHT_BEFORE_CALLS, typed_schemas=True)),
    ),
    # "Kimi K2.6", platform.kimi.ai, 2026-11: thinking, the temperature is 1, else 0.6. "Any other value will result in
    # an error", as it will for the others.
    (
        r"kimi-(k2\.[5-9]|k[3-9]|for-coding)",
        Override(
            accepted_values={
                "frequency_penalty": frozenset({0}),
                "n": frozenset({1}),
                "presence_penalty": frozenset({0}),
                "temperature": frozenset({0.6, 1}),
                "top_p": frozenset({0.95}),
            }
        ),
    ),
)
_GROK: Final = (
    # "Reasoning", docs.x.ai, 2026-11: models that think refuse penalties and `stop`; Grok 4 has no effort, its
    # successors have these, but 4.20 has them for its agents only (NousResearch/hermes-agent#23435). That those refuse
    # penalties which do not think: miaoxworld/NativeTavern#83.
    (r"grok-([4-9]|3-mini|code)", Override(unsupported=frozenset({"frequency_penalty", "presence_penalty"}))),
    (r"grok-([4-9]|3-mini|code)(?!.*non-reasoning)", Override(unsupported=frozenset({"stop"}))),
    (
        r"grok-(2|3(?!-mini)|4(-|$)|4\.20(?!-multi-agent)|build|code|composer)",
        Override(unsupported=frozenset({"reasoning_effort"})),
    ),
    (
        r"grok-4\.20-multi-agent",
        Override(accepted_values={"reasoning_effort": frozenset({"low", "medium", "high", "xhigh"})}),
    ),
    (r"grok-4\.3", Override(accepted_values={"reasoning_effort": frozenset({"none", "low", "medium", "high"})})),
    (r"grok-4\.5", Override(accepted_values={"reasoning_effort": frozenset({"low", "medium", "high"})})),
    (r"grok-4\.6", Override(accepted_values={"reasoning_effort": frozenset({"low", "medium", "high", "xhigh"})})),
)

MAKERS: Final = (
    Provider(
        name="ai21",
        base_url="https://api.ai21.com/studio/v1",
        documentation="https://docs.ai21.com/",
        aliases=("ai21_chat",),
        quirks=OLDER_NAMES,
    ),
    Provider(
        name="aleph_alpha",
        base_url="https://api.aleph-alpha.com",
        documentation="https://docs.aleph-alpha.com/phariaai-dev-guide/latest/pharia-openapi/pharia-inference/index.html",
        key_variables=("ALEPHALPHA_API_KEY", "ALEPH_ALPHA_API_KEY"),
        base_url_variables=("ALEPHALPHA_BASE_URL", "ALEPHALPHA_API_BASE", "ALEPH_ALPHA_API_BASE"),
        quirks=OLDER_NAMES,
        dialects={"text_completion": Wire.ALEPH_ALPHA},
    ),
    Provider(
        name="amazon_nova",
        base_url="https://api.nova.amazon.com/v1",
        documentation="https://nova.amazon.com/dev/documentation",
        key_variables=("AMAZON_NOVA_API_KEY", "NOVA_API_KEY"),
        quirks=OLDER_NAMES,
    ),
    Provider(
        name="anthropic",
        base_url="https://api.anthropic.com",
        documentation="https://docs.claude.com/en/api/messages",
        bare_names=r"claude-",
        wire=Wire.ANTHROPIC,
        token_variables=("ANTHROPIC_AUTH_TOKEN",),
        auth=AuthScheme.X_API_KEY,
        # No model since 4.6 goes on with an answer ("What's new in Claude 4.6", platform.claude.com, 2026-11).
        families=(
            (
                r"claude-(2|3|instant|(opus|sonnet|haiku)-4(-[0-5])?(-2025\d{4})?(@|-latest|$))",
                Override(quirks=Quirks(prefill=True)),
            ),
            (CLAUDE_TOOL_SEARCH, Override(tool_search=frozenset({"messages"}))),
            # All Opus 4.x count as one, and all Sonnet 4.x ("Rate limits", platform.claude.com, 2026-11).
            (r"claude-opus-4", Override(lane="claude-opus-4")),
            (r"claude-sonnet-4", Override(lane="claude-sonnet-4")),
        ),
    ),
    Provider(
        name="bigmodel",
        base_url="https://open.bigmodel.cn/api/paas/v4",
        documentation="https://docs.bigmodel.cn/",
        aliases=("zhipuai",),
        key_variables=("BIGMODEL_API_KEY", "ZHIPUAI_API_KEY"),
        quirks=THINKING_SWITCHED,
        families=_GLM,
    ),
    Provider(
        name="black_forest_labs",
        base_url="https://api.bfl.ai/v1",
        documentation="https://docs.bfl.ai/quick_start/generating_images",
        aliases=("bfl",),
        wire=Wire.BFL,
        key_variables=("BFL_API_KEY", "BLACK_FOREST_LABS_API_KEY"),
        base_url_variables=("BFL_BASE_URL", "BFL_API_BASE"),
        auth=HeaderKey("x-key"),
        alternative_hosts=("*.bfl.ai",),
    ),
    Provider(
        name="codestral",
        base_url="https://codestral.mistral.ai/v1",
        documentation="https://docs.mistral.ai/capabilities/code_generation/",
        aliases=("text-completion-codestral",),
        paths=_FILL_IN,
        quirks=MISTRAL,
    ),
    Provider(
        name="cognition",
        base_url="https://api.cognition.ai/v1",
        documentation="https://docs.cognition.ai/",
        quirks=SYSTEM_ROLE,
    ),
    Provider(
        name="cohere",
        base_url="https://api.cohere.com/v2",
        documentation="https://docs.cohere.com/reference",
        aliases=("cohere_chat",),
        wire=Wire.COHERE,
        key_variables=("COHERE_API_KEY", "CO_API_KEY"),
        alternative_hosts=("api.cohere.ai",),
        quirks=Quirks(most_inputs=96),
    ),
    Provider(
        name="dashscope",
        base_url="https://dashscope.aliyuncs.com/compatible-mode/v1",
        documentation=_DASHSCOPE,
        aliases=("alibaba_cn", "qwen_ai_platform"),
        key_variables=("DASHSCOPE_API_KEY", "QWEN_AI_PLATFORM_API_KEY"),
        alternative_hosts=("dashscope-intl.aliyuncs.com", "dashscope-us.aliyuncs.com", "*.maas.aliyuncs.com"),
        quirks=OLDER_NAMES,
        families=QWEN,
    ),
    Provider(
        name="deepseek",
        base_url="https://api.deepseek.com",
        documentation="https://api-docs.deepseek.com/",
        quirks=attrs.evolve(THINKING_SWITCHED, answers=Answers.JSON),
        # "Thinking Mode", api-docs.deepseek.com, 2026-11: thinking that led to calls has to be passed back.
        families=(
            (
                r"deepseek-(v[4-9]|reasoner)",
                Override(quirks=attrs.evolve(THOUGHT_BEFORE_CALLS, answers=Answers.JSON)),
            ),
        ),
        dialects=RESPONSES,
    ),
    Provider(
        name="gemini",
        base_url="https://generativelanguage.googleapis.com/v1beta",
        documentation="https://ai.google.dev/api/generate-content",
        bare_names=r"(gemini-|imagen-|learnlm-)",
        wire=Wire.GEMINI,
        key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        auth=AuthScheme.GOOGLE,
        quirks=Quirks(most_inputs=100),
    ),
    Provider(
        name="inception",
        base_url="https://api.inceptionlabs.ai/v1",
        documentation="https://platform.inceptionlabs.ai/docs",
        aliases=("text-completion-inception",),
        paths=_FILL_IN,
        quirks=OLDER_NAMES,
    ),
    Provider(
        name="jina_ai",
        base_url="https://api.jina.ai/v1",
        documentation="https://jina.ai/embeddings/",
        key_variables=("JINA_API_KEY", "JINA_AI_API_KEY", "JINA_AI_TOKEN"),
        wire=Wire.JINA,
        quirks=Quirks(unsupported=frozenset({"max_tokens_per_doc"}), most_inputs=2048),
    ),
    Provider(
        name="longcat",
        base_url="https://api.longcat.chat/openai/v1",
        documentation="https://longcat.chat/platform/docs/api-docs",
        quirks=THINKING_BACK,
    ),
    Provider(
        name="maritalk",
        base_url="https://chat.maritaca.ai/api",
        documentation="https://docs.maritaca.ai/",
        aliases=("maritaca",),
        key_variables=("MARITALK_API_KEY", "MARITACA_API_KEY"),
        quirks=OLDER_NAMES,
    ),
    Provider(
        name="meta",
        base_url="https://api.meta.ai/v1",
        documentation="https://dev.meta.ai/docs",
        quirks=SYSTEM_ROLE,
    ),
    Provider(
        name="meta_llama",
        base_url="https://api.llama.com/compat/v1",
        documentation="https://llama.developer.meta.com/docs/",
        key_variables=("LLAMA_API_KEY",),
        base_url_variables=("LLAMA_BASE_URL", "LLAMA_API_BASE"),
        quirks=SYSTEM_ROLE,
    ),
    Provider(
        name="minimax",
        base_url="https://api.minimax.io/v1",
        documentation="https://platform.minimax.io/docs/guides/quickstart",
        alternative_hosts=("api.minimaxi.com",),
        # "OpenAI API Compatible", platform.minimax.io, 2026-11: an effort changes nothing, `thinking` switches M3.
        quirks=Quirks(
            system_role="system",
            reply_fields=frozenset({"reasoning_details"}),
            thinking=True,
            thinking_is_a_switch=True,
            typed_schemas=True,
            reads_calls=True,
        ),
    ),
    Provider(
        name="mistral",
        base_url="https://api.mistral.ai/v1",
        documentation="https://docs.mistral.ai/api/",
        paths=_FILL_IN,
        quirks=MISTRAL,
    ),
    Provider(
        name="moonshot",
        base_url="https://api.moonshot.ai/v1",
        documentation="https://platform.moonshot.ai/docs/api/chat",
        aliases=("kimi",),
        alternative_hosts=("api.moonshot.cn",),
        quirks=attrs.evolve(THINKING_SWITCHED, typed_schemas=True),
        families=_KIMI,
    ),
    Provider(
        name="morph",
        base_url="https://api.morphllm.com/v1",
        documentation="https://docs.morphllm.com/api-reference/introduction",
        quirks=OLDER_NAMES,
    ),
    Provider(
        name="openai",
        base_url="https://api.openai.com/v1",
        documentation="https://platform.openai.com/docs/api-reference",
        aliases=("text-completion-openai",),
        bare_names=(
            r"(gpt-|chatgpt-|o[1345](-|$)|ft:|text-embedding-|dall-e|gpt-image|whisper-|tts-|davinci|babbage"
            r"|omni-moderation|text-moderation)"
        ),
        # Many servers of others are called as `openai/...`, and some have no `/v1`.
        whole_addresses=True,
        alternative_hosts=("eu.api.openai.com", "us.api.openai.com"),
        quirks=OPENAI,
        families=RESPONSES_MODELS + TOOL_SEARCH_MODELS + REASONING_MODELS,
        dialects=STORED_RESPONSES,
    ),
    Provider(
        name="perplexity",
        base_url="https://api.perplexity.ai",
        documentation="https://docs.perplexity.ai/api-reference/chat-completions-post",
        key_variables=("PERPLEXITY_API_KEY", "PERPLEXITYAI_API_KEY"),
        quirks=Quirks(max_tokens_name=MaxTokensName.MAX_TOKENS, system_role="system", base64_typecode="b"),
        paths=Paths(special=MappingProxyType({"/embeddings": "/v1/embeddings", "/responses": "/v1/responses"})),
        dialects=RESPONSES,
    ),
    Provider(
        name="qwencloud",
        base_url="https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        documentation=_DASHSCOPE,
        aliases=("alibaba", "dashscope_intl"),
        key_variables=("QWENCLOUD_API_KEY", "DASHSCOPE_API_KEY"),
        alternative_hosts=("dashscope.aliyuncs.com", "dashscope-us.aliyuncs.com", "*.maas.aliyuncs.com"),
        quirks=OLDER_NAMES,
        families=QWEN,
    ),
    Provider(
        name="recraft",
        base_url="https://external.api.recraft.ai/v1",
        documentation="https://www.recraft.ai/docs",
        key_variables=("RECRAFT_API_KEY", "RECRAFT_API_TOKEN"),
    ),
    Provider(
        name="reka",
        base_url="https://api.reka.ai/v1",
        documentation="https://docs.reka.ai/",
        quirks=OLDER_NAMES,
    ),
    Provider(
        name="sarvam",
        base_url="https://api.sarvam.ai/v1",
        documentation="https://docs.sarvam.ai/api-reference-docs/getting-started/models",
        quirks=OLDER_NAMES,
    ),
    Provider(
        name="stepfun",
        base_url="https://api.stepfun.com/v1",
        documentation="https://platform.stepfun.com/docs/zh/overview/concept",
        alternative_hosts=("api.stepfun.ai",),
        quirks=OLDER_NAMES,
    ),
    Provider(
        name="tencent",
        base_url="https://tokenhub-intl.tencentcloudmaas.com/v1",
        documentation="https://cloud.tencent.com/document/product/1823/130050",
        key_variables=("TENCENT_API_KEY", "TENCENT_TOKENHUB_API_KEY"),
        alternative_hosts=("tokenhub.tencentmaas.com",),
        quirks=SYSTEM_ROLE,
    ),
    Provider(
        name="upstage",
        base_url="https://api.upstage.ai/v1",
        documentation="https://developers.upstage.ai/docs/apis/chat",
        quirks=OLDER_NAMES,
    ),
    Provider(
        name="v0",
        base_url="https://api.v0.dev/v1",
        documentation="https://v0.dev/docs",
        quirks=SYSTEM_ROLE,
    ),
    Provider(
        name="volcengine",
        base_url="https://ark.cn-beijing.volces.com/api/v3",
        documentation="https://www.volcengine.com/docs/82379",
        key_variables=("ARK_API_KEY", "VOLCENGINE_API_KEY"),
        base_url_variables=("ARK_BASE_URL", "ARK_API_BASE", "VOLCENGINE_BASE_URL", "VOLCENGINE_API_BASE"),
        quirks=attrs.evolve(OLDER_NAMES, thinking=True, thinking_is_a_switch=True),
    ),
    Provider(
        name="voyage",
        base_url="https://api.voyageai.com/v1",
        documentation="https://docs.voyageai.com/reference/embeddings-api",
        key_variables=("VOYAGE_API_KEY", "VOYAGE_AI_API_KEY", "VOYAGE_AI_TOKEN"),
        wire=Wire.VOYAGE,
        quirks=Quirks(renamed={"top_n": "top_k"}, unsupported=frozenset({"max_tokens_per_doc"}), most_inputs=1000),
    ),
    Provider(
        name="writer",
        base_url="https://api.writer.com/v1",
        documentation="https://dev.writer.com/home/chat-completion",
        quirks=OLDER_NAMES,
        paths=Paths(special=MappingProxyType({"/chat/completions": "/chat"})),
    ),
    Provider(
        name="xai",
        base_url="https://api.x.ai/v1",
        documentation="https://docs.x.ai/docs/api-reference",
        alternative_hosts=("us-east-1.api.x.ai", "eu-west-1.api.x.ai"),
        # "tool parameter root must be an object type", bastani-inc/atomic#3031; "not a valid JSON string",
        # spiceai/spiceai#4734.
        quirks=Quirks(typed_schemas=True, reads_calls=True),
        dialects={name: STORED_RESPONSES[name] for name in ("responses", "get_response", "delete_response")},
        families=_GROK,
    ),
    Provider(
        name="xiaomi_mimo",
        base_url="https://api.xiaomimimo.com/v1",
        documentation="https://platform.xiaomimimo.com/docs/en-US/quick-start/first-api-call",
        aliases=("xiaomi",),
        key_variables=("MIMO_API_KEY", "XIAOMI_API_KEY", "XIAOMI_MIMO_API_KEY"),
        alternative_hosts=("*.xiaomimimo.com",),
        quirks=Quirks(
            system_role="system",
            reply_fields=frozenset({"reasoning_content"}),
            thinking=True,
            thinking_is_a_switch=True,
        ),
    ),
    Provider(
        name="zai",
        base_url="https://api.z.ai/api/paas/v4",
        documentation="https://docs.z.ai/api-reference/llm/chat-completion",
        key_variables=_ZAI_KEYS,
        quirks=THINKING_SWITCHED,
        families=_GLM,
    ),
    Provider(
        name="zai_coding",
        base_url="https://api.z.ai/api/coding/paas/v4",
        documentation="https://docs.z.ai/devpack/overview",
        key_variables=_ZAI_KEYS,
        quirks=THINKING_SWITCHED,
        families=_GLM,
    ),
)
