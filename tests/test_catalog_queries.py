"""LiteLLM's questions, and their answers from the catalogue and the environment."""

from __future__ import annotations

import pytest

import trio_llm
from trio_llm import BadRequestError


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"model": "gpt-4"}, ("gpt-4", "openai", None, "https://api.openai.com/v1")),
        ({"model": "m", "custom_llm_provider": "groq"}, ("m", "groq", None, "https://api.groq.com/openai/v1")),
        ({"model": "groq/m", "api_key": "x"}, ("m", "groq", "x", "https://api.groq.com/openai/v1")),
        ({"model": "groq/m", "api_base": "https://x.example"}, ("m", "groq", None, "https://x.example")),
        ({"model": "azure/d"}, ("d", "azure", None, None)),
        ({"model": "vllm/m"}, ("m", "vllm", None, "http://gpu:8000/v1")),
    ],
)
def test_get_llm_provider_says_where_a_model_string_leads(
    monkeypatch: pytest.MonkeyPatch, arguments: dict[str, str], expected: tuple[str | None, ...]
) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "gsk")
    monkeypatch.setenv("VLLM_API_BASE", "http://gpu:8000/v1")

    assert trio_llm.get_llm_provider(**arguments) == expected


def test_get_llm_provider_refuses_what_leads_nowhere() -> None:
    with pytest.raises(BadRequestError, match="unknown provider"):
        trio_llm.get_llm_provider("unheard-of")


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        ({"model": "groq/m"}, []),
        ({"model": "gpt-4"}, ["OPENAI_API_KEY"]),
        ({"model": "gpt-4", "api_key": "k"}, []),
        ({"model": "cloudflare/m"}, ["CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID"]),
        ({"model": "cloudflare/m", "api_key": "k", "api_base": "https://x.example"}, []),
        ({"model": "azure/m"}, ["AZURE_OPENAI_API_KEY"]),
        ({"model": "custom_openai/m"}, ["CUSTOM_OPENAI_BASE_URL"]),
        ({"model": "vllm/m"}, []),
        ({"model": "local/smollm2"}, []),
        ({"model": "watsonx/m", "api_base": "https://x.example"}, []),
        ({"model": "sagemaker/m", "api_base": "https://x.example"}, ["AWS_SECRET_ACCESS_KEY"]),
    ],
)
def test_validate_environment_names_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, arguments: dict[str, str], missing: list[str]
) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "gsk")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://r.openai.azure.com")
    monkeypatch.setenv("WATSONX_APIKEY", "to be exchanged")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "half of a key")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    report = trio_llm.validate_environment(**arguments)

    assert report == {"keys_in_environment": not missing, "missing_keys": missing}


def test_validate_environment_knows_nothing_of_an_unknown_model() -> None:
    assert trio_llm.validate_environment() == {"keys_in_environment": False, "missing_keys": []}


def test_get_valid_models_lists_the_providers_that_are_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    assert trio_llm.get_valid_models() == ["local/*"]
    monkeypatch.setenv("GROQ_API_KEY", "gsk")
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "without an account")
    monkeypatch.setenv("VLLM_API_BASE", "http://gpu:8000/v1")

    assert trio_llm.get_valid_models() == ["groq/*", "local/*", "vllm/*"]
    assert trio_llm.get_valid_models(custom_llm_provider="groq") == ["groq/*"]
    assert trio_llm.get_valid_models(custom_llm_provider="openai") == []
    with pytest.raises(BadRequestError, match="did you mean 'groq'"):
        trio_llm.get_valid_models(custom_llm_provider="gorq")


@pytest.mark.parametrize(
    ("model", "has", "lacks"),
    [
        ("gpt-4", {"logit_bias", "tools", "tool_choice", "stream", "response_format"}, set()),
        ("groq/m", {"tools", "seed"}, {"logit_bias", "logprobs", "top_logprobs"}),
        ("mistral/m", {"seed", "reasoning_effort", "tool_choice"}, {"logit_bias", "user", "verbosity"}),
        ("claude-sonnet-4-5", {"tools", "thinking"}, {"logit_bias", "seed"}),
        ("recraft/m", {"tools"}, set()),
    ],
)
def test_get_supported_openai_params_lists_what_can_be_sent(model: str, has: set[str], lacks: set[str]) -> None:
    found = trio_llm.get_supported_openai_params(model)

    assert found is not None
    assert found == sorted(found)
    assert has <= set(found)
    assert lacks.isdisjoint(found)


def test_get_supported_openai_params_knows_embeddings_and_says_none_for_an_unknown_provider() -> None:
    asked = trio_llm.get_supported_openai_params

    assert asked("m", custom_llm_provider="voyage", request_type="embeddings") == [
        "dimensions",
        "encoding_format",
    ]
    assert asked("claude-sonnet-4-5", request_type="embeddings") == []
    assert asked("unheard-of") is None
