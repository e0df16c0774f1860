"""Rows of the catalogue as the simulator is asked for them: names of models, and an environment that has everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trio_llm._catalog import CATALOG
from trio_llm._catalog.provider import OPERATIONS, Provider, ServerKind, needed_variables

ROWS = [row for row in CATALOG.values() if row.server is not ServerKind.EMBEDDED]
# Names of models whose families have wires of their own. Without an entry `some-model` is asked.
MODELS: Mapping[str, tuple[str, ...]] = {
    "azure": ("gpt-5-pro",),
    "azure_ai": ("claude-sonnet-4-5",),
    "bedrock_mantle": ("anthropic.claude-opus-4-7",),
    "bedrock": (
        *(f"invoke/{name}" for name in ("anthropic.claude-v2", "anthropic.claude-sonnet-4", "amazon.nova-pro-v1:0")),
        *(f"invoke/{name}" for name in ("amazon.titan-text-lite-v1", "cohere.command-text-v14", "cohere.command-r-v1")),
        *(f"invoke/{name}" for name in ("meta.llama3-8b-instruct-v1:0", "mistral.mistral-7b-instruct-v0:2")),
        *(f"invoke/{name}" for name in ("mistral.mistral-large-3", "ai21.j2-ultra-v1", "ai21.jamba-1-5-large-v1:0")),
        *("amazon.titan-embed-text-v2:0", "amazon.nova-2-multimodal-embeddings-v1:0", "cohere.embed-v4:0"),
        *("cohere.rerank-v3-5:0", "amazon.titan-image-generator-v2:0", "amazon.nova-canvas-v1:0"),
        "stability.sd3-5-large-v1:0",
    ),
    "black_forest_labs": ("flux-2-pro",),
    "cloudflare": ("run/@cf/meta/llama-3.2-1b-instruct", "run/@cf/baai/bge-base-en-v1.5"),
    "openai": ("gpt-5-pro", "o1-pro"),
    "replicate": ("meta/meta-llama-3-70b-instruct", "black-forest-labs/flux-2-pro"),
    "vertex_ai": (
        "claude-sonnet-4-5",
        "mistral-large",
        "meta/llama-4-maas",
        "multimodalembedding@001",
        "gemini-embedding-2",
    ),
    "voyage": ("voyage-multimodal-3.5",),
}

ONLY = ("black_forest_labs",)
"""Rows whose paths are names of models, so that only a name that they could have leads anywhere."""


class Everything(Mapping[str, str]):
    """An environment in which every variable is set that a row could want, but for those that the test leaves out."""

    def __init__(self, row: Provider) -> None:
        services = [
            row.service(operation, model) for operation in OPERATIONS for model in ("m", *MODELS.get(row.name, ()))
        ]
        names = {name for service in services for name in service.address_variables}
        exchanged = [name for source in row.sources for name in getattr(source, "key_variables", ())]
        keys = (*needed_variables(row), *exchanged)
        self._values = dict.fromkeys({*names, *keys} - {*row.base_url_variables}, "simulated")
        if not row.base_url:
            self._values[row.base_url_variables[0]] = "http://simulated.example/v1"

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
