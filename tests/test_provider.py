"""How a model string finds its row, and how an address comes out of a row."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from trio_llm import BadRequestError, Provider
from trio_llm._catalog import CATALOG, catalog_with
from trio_llm._catalog.resolving import resolve
from trio_llm._credentials.destinations import destination
from trio_llm._types.request import CallOptions
from trio_llm.types import Paths

CHAT = "/chat/completions"
AZURE = "https://r.openai.azure.com"


def target(name: str, model: str = "m", path: str = CHAT, **options: str | None) -> str:
    """The whole address of a call, with a key given and nothing in the environment."""
    to = destination(CATALOG[name].service(), CallOptions(api_key="k", **options), {})  # type: ignore[arg-type]
    return f"{to.origin}{to.target(path, model)}"


@pytest.mark.parametrize(
    ("model", "provider", "name"),
    [
        ("gpt-4", "openai", "gpt-4"),
        ("o3-mini", "openai", "o3-mini"),
        ("ft:gpt-4o:x", "openai", "ft:gpt-4o:x"),
        ("text-embedding-3-small", "openai", "text-embedding-3-small"),
        ("claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5"),
        ("gemini-2.5-flash", "gemini", "gemini-2.5-flash"),
        ("groq/openai/gpt-oss-20b", "groq", "openai/gpt-oss-20b"),
        ("openrouter/anthropic/claude-3", "openrouter", "anthropic/claude-3"),
        ("venice/llama", "veniceai", "llama"),
        ("hosted_vllm/m", "vllm", "m"),
        ("fireworks_ai/kimi", "fireworks_ai", "accounts/fireworks/models/kimi"),
        ("fireworks/accounts/me/models/kimi", "fireworks_ai", "accounts/me/models/kimi"),
    ],
)
def test_a_model_string_leads_to_its_provider(model: str, provider: str, name: str) -> None:
    row, found = resolve(model, CATALOG)

    assert (row.name, found) == (provider, name)


@pytest.mark.parametrize("model", ["unheard-of", "gorq/llama", "meta-llama/Llama-3"])
def test_an_unknown_provider_is_an_error_that_says_how_to_write_the_model(model: str) -> None:
    with pytest.raises(BadRequestError, match="provider/name"):
        resolve(model, CATALOG)


def test_an_error_names_the_nearest_provider() -> None:
    with pytest.raises(BadRequestError, match="did you mean 'groq'"):
        resolve("gorq/llama", CATALOG)
    with pytest.raises(BadRequestError, match="did you mean 'groq'"):
        resolve("llama", CATALOG, provider="gorq")


@pytest.mark.parametrize(
    ("model", "provider", "name"),
    [("llama", "groq", "llama"), ("groq/llama", "groq", "llama"), ("openai/gpt-oss", "groq", "openai/gpt-oss")],
)
def test_a_provider_that_is_named_apart_need_not_be_in_the_string(model: str, provider: str, name: str) -> None:
    row, found = resolve(model, CATALOG, provider=provider)

    assert (row.name, found) == (provider, name)


def test_an_alias_named_apart_is_taken_off_the_string_under_either_name() -> None:
    assert resolve("vllm/m", CATALOG, provider="hosted_vllm")[1] == "m"
    assert resolve("hosted_vllm/m", CATALOG, provider="hosted_vllm")[1] == "m"


@pytest.mark.parametrize(
    ("api_base", "provider"),
    [("https://api.groq.com/openai/v1", "groq"), ("https://gpu.example/v1", "custom_openai")],
)
def test_a_model_without_a_provider_belongs_to_the_host_that_is_given(api_base: str, provider: str) -> None:
    row, name = resolve("meta-llama/Llama-3", CATALOG, api_base=api_base)

    assert (row.name, name) == (provider, "meta-llama/Llama-3")


def test_a_base_url_that_is_none_is_an_error() -> None:
    with pytest.raises(BadRequestError, match="not an absolute"):
        resolve("unheard-of", CATALOG, api_base="gpu.example")


@given(name=st.sampled_from(sorted(name for name, row in CATALOG.items() if not row.models)), rest=st.text(min_size=1))
def test_what_follows_the_prefix_is_the_model_as_it_is(name: str, rest: str) -> None:
    row, found = resolve(f"{name}/{rest}", CATALOG)

    assert row is CATALOG[name]
    assert found.removeprefix(row.model_home) == rest.removeprefix(row.model_home)


@pytest.mark.parametrize(
    ("api_base", "api_version", "path", "expected"),
    [
        (AZURE, None, CHAT, "/openai/v1/chat/completions"),
        (AZURE, "v1", CHAT, "/openai/v1/chat/completions?api-version=v1"),
        (AZURE, "preview", CHAT, "/openai/v1/chat/completions?api-version=preview"),
        (AZURE, "2024-10-21", CHAT, "/openai/deployments/m/chat/completions?api-version=2024-10-21"),
        (AZURE, "2025-04-01-preview", "/responses", "/openai/responses?api-version=2025-04-01-preview"),
        (f"{AZURE}/openai/v1/", None, CHAT, "/openai/v1/chat/completions"),
        (f"{AZURE}/openai/deployments/d", "2024-10-21", "/x", "/openai/deployments/d/x?api-version=2024-10-21"),
    ],
)
def test_an_azure_version_decides_on_the_path(api_base: str, api_version: str | None, path: str, expected: str) -> None:
    assert target("azure", path=path, api_base=api_base, api_version=api_version) == AZURE + expected


def test_the_version_may_come_from_the_environment_or_the_row() -> None:
    variables = {"AZURE_API_VERSION": "2024-10-21", "AZURE_RESOURCE_NAME": "r"}
    to = destination(CATALOG["azure"].service(), CallOptions(api_key="k"), variables)
    inference = target("azure_ai", api_base="https://r.services.ai.azure.com")

    assert to.target(CHAT, "gpt 4") == "/openai/deployments/gpt%204/chat/completions?api-version=2024-10-21"
    assert inference == "https://r.services.ai.azure.com/models/chat/completions?api-version=2024-05-01-preview"


def test_a_version_is_added_to_a_query_that_is_there() -> None:
    to = destination(CATALOG["azure"].service(), CallOptions(api_key="k", api_base=AZURE, api_version="preview"), {})

    assert to.target("/files?limit=1", "m") == "/openai/v1/files?limit=1&api-version=preview"


def test_a_token_goes_as_bearer_where_no_key_is_set() -> None:
    to = destination(CATALOG["azure"].service(), CallOptions(), {"AZURE_RESOURCE_NAME": "r", "AZURE_AD_TOKEN": "t"})
    both = destination(
        CATALOG["azure"].service(),
        CallOptions(),
        {"AZURE_RESOURCE_NAME": "r", "AZURE_AD_TOKEN": "t", "AZURE_API_KEY": "k"},
    )

    assert to.headers == (("authorization", "Bearer t"),)
    assert both.headers == (("api-key", "k"),)


@pytest.mark.parametrize(
    ("name", "variables", "expected"),
    [
        ("databricks", {"DATABRICKS_HOST": "https://adb-1.net/"}, "https://adb-1.net/serving-endpoints"),
        ("databricks", {"DATABRICKS_HOST": "adb-1.net"}, "https://adb-1.net/serving-endpoints"),
        ("snowflake", {"SNOWFLAKE_ACCOUNT_ID": "o-a"}, "https://o-a.snowflakecomputing.com/api/v2/cortex/v1"),
        ("watsonx", {"WX_URL": "https://us-south.ml.cloud.ibm.com"}, "https://us-south.ml.cloud.ibm.com/ml/gateway/v1"),
        ("cloudflare", {"CLOUDFLARE_BASE_URL": "https://c.example/v1"}, "https://c.example/v1"),
    ],
)
def test_an_address_is_made_of_the_environments_variables(name: str, variables: dict[str, str], expected: str) -> None:
    to = destination(CATALOG[name].service(), CallOptions(api_key="k"), variables)

    assert f"{to.origin}{to.base_path}" == expected


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("cloudflare", "CLOUDFLARE_ACCOUNT_ID"),
        ("vertex_openai", "GOOGLE_CLOUD_LOCATION and GOOGLE_CLOUD_PROJECT"),
        ("custom_openai", "CUSTOM_OPENAI_BASE_URL"),
    ],
)
def test_a_part_that_is_missing_from_an_address_is_named(name: str, named: str) -> None:
    with pytest.raises(BadRequestError, match=named):
        destination(CATALOG[name].service(), CallOptions(api_key="k"), {})


@pytest.mark.parametrize(
    ("name", "path", "expected"),
    [
        ("perplexity", CHAT, "https://api.perplexity.ai/chat/completions"),
        ("perplexity", "/embeddings", "https://api.perplexity.ai/v1/embeddings"),
        ("writer", CHAT, "https://api.writer.com/v1/chat"),
        ("datarobot", CHAT, "https://app.datarobot.com/api/v2/genai/llmgw/chat/completions/"),
    ],
)
def test_a_vendors_own_paths_take_the_place_of_the_dialects(name: str, path: str, expected: str) -> None:
    assert target(name, path=path) == expected


def test_limits_count_an_account_and_not_its_models_or_paths() -> None:
    options = CallOptions(api_key="k", api_base=AZURE, api_version="2024-10-21")
    first = destination(CATALOG["azure"].service(), options, {})
    second = destination(CATALOG["azure"].service(), options, {})

    assert first.account == second.account
    assert Paths("/{model}{path}").place("/x", "a/b") == "/a%2Fb/x"


def test_a_row_knows_its_vendors_hosts() -> None:
    row = Provider(
        name="a",
        base_url="https://a.example/v1",
        documentation="https://a.example",
        alternative_hosts=("b.example", "*.c.example"),
    )

    assert all(row.owns(host) for host in ("a.example", "b.example", "x.c.example"))
    assert not any(row.owns(host) for host in ("x.a.example", "c.example", "xc.example", "a.example.evil"))
    assert not CATALOG["cloudflare"].owns("c.example")
    assert catalog_with(row)["a"] is row
