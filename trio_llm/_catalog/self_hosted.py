"""Servers that the user runs, at the addresses that their documentation gives; and the embedded model."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import attrs

from .._dialects.quirks import Quirks
from .addresses import Paths
from .common import (
    LITELLM,
    LLAMA_CPP,
    LOCAL,
    OLDER_NAMES,
    OLDER_PREFILLED,
    OLLAMA_PATHS,
    RESPONSES,
    STORED_RESPONSES,
    THINKING_BACK,
    THINKING_PREFILLED,
)
from .provider import Override, Provider, ServerKind, Wire

SELF_HOSTED: Final = (
    Provider(
        name="custom_openai",
        base_url="",
        documentation="https://platform.openai.com/docs/api-reference/chat",
        aliases=("aiohttp_openai", "openai_like"),
        key_variables=("CUSTOM_OPENAI_API_KEY", "OPENAI_LIKE_API_KEY"),
        base_url_variables=("CUSTOM_OPENAI_BASE_URL", "CUSTOM_OPENAI_API_BASE", "OPENAI_LIKE_API_BASE"),
        whole_addresses=True,
        server=ServerKind.SELF_HOSTED,
        # Nobody knows what a server that no row knows refuses.
        quirks=Quirks(thinking=True),
    ),
    Provider(
        name="docker_model_runner",
        base_url="http://localhost:12434/engines/v1",
        documentation="https://docs.docker.com/ai/model-runner/api-reference/",
        server=ServerKind.SELF_HOSTED,
        quirks=OLDER_NAMES,
    ),
    Provider(
        name="gpustack",
        base_url="http://localhost/v1",
        documentation="https://docs.gpustack.ai/latest/user-guide/openai-compatible-apis/",
        server=ServerKind.SELF_HOSTED,
        quirks=THINKING_BACK,
    ),
    Provider(
        name="infinity",
        base_url="http://localhost:7997",
        documentation="https://github.com/michaelfeil/infinity",
        server=ServerKind.SELF_HOSTED,
    ),
    Provider(
        name="jan",
        base_url="http://127.0.0.1:1337/v1",
        documentation="https://jan.ai/docs/desktop/api-server",
        server=ServerKind.SELF_HOSTED,
        quirks=OLDER_NAMES,
    ),
    Provider(
        name="koboldcpp",
        base_url="http://localhost:5001/v1",
        documentation="https://github.com/LostRuins/koboldcpp/wiki",
        server=ServerKind.SELF_HOSTED,
        quirks=OLDER_NAMES,
    ),
    Provider(
        name="lemonade",
        base_url="http://localhost:8000/api/v1",
        documentation="https://lemonade-server.ai/docs/server/server_spec/",
        server=ServerKind.SELF_HOSTED,
        quirks=OLDER_NAMES,
    ),
    Provider(
        name="litellm_proxy",
        base_url="http://localhost:4000",
        documentation="https://docs.litellm.ai/docs/proxy/user_keys",
        quirks=LITELLM,
        server=ServerKind.SELF_HOSTED,
        dialects=STORED_RESPONSES,
    ),
    Provider(
        name="llamacpp",
        base_url="http://127.0.0.1:8080/v1",
        documentation="https://github.com/ggml-org/llama.cpp/tree/master/tools/server",
        aliases=("llama_cpp",),
        key_variables=("LLAMACPP_API_KEY", "LLAMA_ARG_API_KEY"),
        server=ServerKind.SELF_HOSTED,
        quirks=attrs.evolve(THINKING_PREFILLED, reads_calls=True),
        dialects=LLAMA_CPP,
    ),
    Provider(
        name="llamafile",
        base_url="http://127.0.0.1:8080/v1",
        documentation="https://github.com/mozilla-ai/llamafile",
        server=ServerKind.SELF_HOSTED,
        quirks=OLDER_PREFILLED,
    ),
    Provider(
        name="lm_studio",
        base_url="http://127.0.0.1:1234/v1",
        documentation="https://lmstudio.ai/docs/developer/openai-compat",
        aliases=("lmstudio",),
        key_variables=("LM_STUDIO_API_KEY", "LMSTUDIO_API_KEY"),
        server=ServerKind.SELF_HOSTED,
        # "'response_format.type' must be 'json_schema' or 'text'": lmstudio-ai/lmstudio-bug-tracker#189.
        quirks=attrs.evolve(OLDER_NAMES, json_object=False),
        dialects=RESPONSES,
    ),
    Provider(
        name="local",
        base_url="http://127.0.0.1",
        documentation="https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct",
        key_variables=(),
        base_url_variables=(),
        server=ServerKind.EMBEDDED,
        quirks=LOCAL,
        models=("smollm2",),
        dialects=LLAMA_CPP,
    ),
    Provider(
        name="localai",
        base_url="http://localhost:8080/v1",
        documentation="https://localai.io/features/openai-functions/",
        server=ServerKind.SELF_HOSTED,
        quirks=OLDER_NAMES,
    ),
    Provider(
        name="mistralrs",
        base_url="http://localhost:1234/v1",
        documentation="https://github.com/EricLBuehler/mistral.rs",
        server=ServerKind.SELF_HOSTED,
        quirks=OLDER_NAMES,
        dialects=RESPONSES,
    ),
    Provider(
        name="ollama",
        base_url="http://localhost:11434",
        documentation="https://github.com/ollama/ollama/blob/main/docs/api.md",
        wire=Wire.OLLAMA,
        aliases=("ollama_chat",),
        server=ServerKind.SELF_HOSTED,
        paths=OLLAMA_PATHS,
        # Its other API is OpenAI's: https://docs.ollama.com/openai
        dialects={"responses": Wire.RESPONSES},
        base_urls={"responses": "http://localhost:11434/v1"},
    ),
    Provider(
        name="oobabooga",
        base_url="http://127.0.0.1:5000/v1",
        documentation="https://github.com/oobabooga/text-generation-webui/wiki/12-%E2%80%90-OpenAI-API",
        server=ServerKind.SELF_HOSTED,
        quirks=OLDER_NAMES,
    ),
    Provider(
        name="ragflow",
        base_url="http://localhost:9380",
        documentation="https://ragflow.io/docs/http_api_reference",
        server=ServerKind.SELF_HOSTED,
        # ragflow/chat/<id>/<model> and ragflow/agent/<id>/<model>, as LiteLLM writes them.
        families=(
            (
                r"chat/(?P<ragflow_chat>[^/]+)/(?P<model>.+)",
                Override(base_url="http://localhost:9380/api/v1/chats_openai/{ragflow_chat}"),
            ),
            (
                r"agent/(?P<ragflow_agent>[^/]+)/(?P<model>.+)",
                Override(base_url="http://localhost:9380/api/v1/agents_openai/{ragflow_agent}"),
            ),
        ),
        quirks=OLDER_NAMES,
    ),
    Provider(
        name="sglang",
        base_url="http://localhost:30000/v1",
        documentation="https://docs.sglang.ai/basic_usage/openai_api_completions.html",
        server=ServerKind.SELF_HOSTED,
        quirks=attrs.evolve(THINKING_BACK, reads_calls=True),
    ),
    Provider(
        name="tgi",
        base_url="http://localhost:8080/v1",
        documentation="https://huggingface.co/docs/text-generation-inference/messages_api",
        server=ServerKind.SELF_HOSTED,
        quirks=OLDER_NAMES,
        dialects={"text_completion": Wire.TGI},
        paths=Paths("/v1{path}", MappingProxyType({"/generate": "{path}", "/generate_stream": "{path}"}), "/v1"),
    ),
    Provider(
        name="vllm",
        base_url="http://localhost:8000/v1",
        documentation="https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html",
        aliases=("hosted_vllm",),
        key_variables=("VLLM_API_KEY", "HOSTED_VLLM_API_KEY"),
        base_url_variables=("VLLM_BASE_URL", "VLLM_API_BASE", "HOSTED_VLLM_API_BASE"),
        server=ServerKind.SELF_HOSTED,
        # It reads `reasoning`, and read `reasoning_content` before 0.16 (vllm-project/vllm#38488).
        quirks=attrs.evolve(THINKING_BACK, also_named={"reasoning_content": "reasoning"}, reads_calls=True),
        dialects={name: STORED_RESPONSES[name] for name in ("responses", "get_response", "cancel_response")},
    ),
    Provider(
        name="xinference",
        base_url="http://127.0.0.1:9997/v1",
        documentation="https://inference.readthedocs.io/en/latest/",
        server=ServerKind.SELF_HOSTED,
        quirks=OLDER_NAMES,
    ),
)
