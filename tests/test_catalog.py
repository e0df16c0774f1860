"""The rows: complete, in order, each vendor's own, and each sending what the golden file says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from golden_requests import golden_requests

from trio_llm import Client, Provider, catalog_with
from trio_llm._catalog import CATALOG
from trio_llm._catalog.accounts import ACCOUNTS
from trio_llm._catalog.gateways import GATEWAYS
from trio_llm._catalog.hosts import HOSTS
from trio_llm._catalog.makers import MAKERS
from trio_llm._catalog.page import markdown
from trio_llm._catalog.self_hosted import SELF_HOSTED
from trio_llm._catalog.sound import SOUND
from trio_llm._types.chat import CHAT_PARAMETERS
from trio_llm._types.reranking import RERANK_PARAMETERS
from trio_llm.types import Catalog, MaxTokensName, ServerKind

TESTS = Path(__file__).parent
GOLDEN = TESTS / "fixtures" / "catalog_golden.json"
TABLES = {
    "accounts": ACCOUNTS,
    "gateways": GATEWAYS,
    "hosts": HOSTS,
    "makers": MAKERS,
    "self_hosted": SELF_HOSTED,
    "sound": SOUND,
}
every_row = pytest.mark.parametrize("row", CATALOG.values(), ids=lambda row: row.name)
# Several rows of one vendor, whose keys open all of them.
ONE_VENDOR = [
    {"api.z.ai"},
    {"azure.com"},
    {"aliyuncs.com"},
    {"opencode.ai"},
    {"ollama.com", "localhost"},
    {"bedrock-mantle.x.api.aws", "bedrock-runtime.x.amazonaws.com"},
]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_the_rows_of_a_table_are_in_order(table: tuple[Provider, ...]) -> None:
    names = [row.name for row in table]

    assert names == sorted(set(names))


def test_no_name_or_alias_means_two_rows() -> None:
    names = [name for row in CATALOG.values() for name in (row.name, *row.aliases)]

    assert len(CATALOG) == sum(map(len, TABLES.values()))
    assert len(names) == len(set(names))


@every_row
def test_a_row_has_a_secure_address_or_is_the_users_own(row: Provider) -> None:
    secure = row.base_url.startswith("https://")
    loopback = urlsplit(row.base_url).hostname in ("localhost", "127.0.0.1", None)

    assert secure if row.server is ServerKind.REMOTE else loopback
    assert not row.base_url.endswith("/")


@every_row
def test_a_row_names_the_page_that_proves_it_and_well_formed_variables(row: Provider) -> None:
    assert urlsplit(row.documentation).scheme == "https"
    assert all(
        re.fullmatch(r"[A-Z0-9_]+|[a-z0-9_]+", name) for name in row.key_variables + row.service().address_variables
    )
    assert row.key_variables or row.sources or row.server is ServerKind.EMBEDDED


@every_row
def test_the_quirks_of_a_row_name_parameters_that_exist(row: Provider) -> None:
    for quirks in (row.quirks, *(row.service("chat", model).quirks for model in ("gpt-5", "claude-2"))):
        known = CHAT_PARAMETERS | RERANK_PARAMETERS | {"dimensions", "encoding_format"} | quirks.reply_fields
        assert {*quirks.unsupported, *quirks.renamed, *quirks.accepted_values} <= known


def test_some_models_depart_from_the_rest_of_their_provider() -> None:
    reasoning, plain = CATALOG["openai"].service("chat", "gpt-5-mini").quirks, CATALOG["openai"].service().quirks

    assert reasoning.max_tokens_name is MaxTokensName.MAX_COMPLETION_TOKENS
    assert plain is CATALOG["openai"].quirks


def test_no_key_variable_belongs_to_two_vendors() -> None:
    hosts = defaultdict(set)
    for row in CATALOG.values():
        for name in row.key_variables + row.token_variables:
            host = urlsplit(re.sub(r"\{[^}]*\}", "x", row.base_url)).hostname or ""
            hosts[name].add(next((end for ends in ONE_VENDOR for end in ends if host.endswith(end)), host))
    shared = [ends for ends in hosts.values() if len(ends) > 1 and ends not in ONE_VENDOR]

    assert not shared


@pytest.mark.parametrize("anyio_backend", ["trio"], indirect=True)
@pytest.mark.anyio
async def test_every_row_sends_what_the_golden_file_says() -> None:
    assert await golden_requests() == json.loads(GOLDEN.read_text())


def test_the_page_of_providers_is_what_its_command_writes() -> None:
    command = [sys.executable, "-m", "trio_llm._catalog.page"]
    written = subprocess.run(command, cwd=TESTS.parent, capture_output=True, text=True, check=True).stdout

    assert (TESTS.parent / "docs" / "providers.md").read_text() == written == markdown(CATALOG.values())


def test_a_row_of_ones_own_goes_before_the_built_in_one() -> None:
    own = Provider(name="groq", base_url="https://groq.example/v1", documentation="https://groq.example")
    catalog = catalog_with(own)

    assert catalog["groq"] is own
    assert len(catalog) == len(CATALOG)
    assert CATALOG["groq"] is not own


def test_aliases_are_found_but_not_listed() -> None:
    row = Provider(name="b", base_url="https://b.example", documentation="https://b.example", aliases=("a",))
    catalog = Catalog([row])

    assert catalog["a"] is catalog["b"] is row
    assert "a" in catalog
    assert list(catalog) == ["b"]
    assert catalog.by_every_name() == {"a": row, "b": row}


def test_a_mapping_of_rows_takes_the_place_of_the_catalogue() -> None:
    only = {"groq": CATALOG["groq"]}

    assert Client(providers=only)._settings.providers is only
    assert len(Client(providers=[CATALOG["groq"]])._settings.providers) == len(CATALOG)


def test_variables_are_named_after_the_row_unless_it_says_otherwise() -> None:
    row = Provider(name="my-host", base_url="https://h.example", documentation="https://h.example")

    assert row.key_variables == ("MY_HOST_API_KEY",)
    assert row.base_url_variables == ("MY_HOST_BASE_URL", "MY_HOST_API_BASE")


@pytest.mark.parametrize(
    ("model", "lane"),
    [
        ("claude-opus-4-1-20250805", "claude-opus-4"),
        ("claude-opus-4-6", "claude-opus-4"),
        ("claude-sonnet-4-5", "claude-sonnet-4"),
        ("claude-haiku-4-5", "claude-haiku-4-5"),
    ],
)
def test_what_anthropic_counts_as_one_is_one_lane(model: str, lane: str) -> None:
    assert CATALOG["anthropic"].service("chat", model).lane == lane
