"""One request to every row of the catalogue, as it would leave: a chat, where the row has chats.

`python tests/golden_requests.py > tests/fixtures/catalog_golden.json` writes the golden file anew; read its diff.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

import attrs
import trio

from trio_llm import APIError, Client, Provider, RetryPolicy
from trio_llm._catalog import CATALOG
from trio_llm._catalog.addresses import template_variables
from trio_llm._types.http import HTTPRequest, Origin, ReplyHead
from trio_llm.types import ServerKind, TransportStatistics

WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
CONVERSATION = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Weather?"}]
PARAMETERS: dict[str, Any] = {
    "max_completion_tokens": 10,
    "seed": 7,
    "tools": [WEATHER],
    "tool_choice": "required",
    "drop_params": True,
}


@attrs.define
class Refusal:
    """A reply with one status and nothing else that matters."""

    head: ReplyHead
    body: bytes = b'{"error": {"message": "refused"}}'

    def finish_nowait(self) -> bytes | None:
        return None

    async def read(self) -> bytes:
        body, self.body = self.body, b""
        return body

    async def aclose(self) -> None:
        pass


@attrs.define
class Recorder:
    """A transport that remembers what it was to send, and answers every request with one status."""

    status: int = 404
    headers: Mapping[str, str] = attrs.field(factory=dict)
    sent: list[tuple[Origin, HTTPRequest]] = attrs.field(factory=list)

    async def send(self, origin: Origin, request: HTTPRequest) -> Refusal:
        await trio.lowlevel.checkpoint()
        self.sent.append((origin, request))
        return Refusal(ReplyHead(self.status, self.headers))

    async def aclose(self) -> None:
        pass

    def statistics(self) -> TransportStatistics:
        return TransportStatistics(0, 0)


def address_parts(row: Provider) -> dict[str, str]:
    """A value for every variable without which the row has no address."""
    if not row.base_url:
        return {row.base_url_variables[0]: "https://own.example/v1"}
    return {names[0]: names[0].lower().replace("_", "-") for names in template_variables(row.base_url)}


def key_of(row: Provider) -> dict[str, str]:
    """The row's first key variable, set."""
    return dict.fromkeys(row.key_variables[:1], f"key-of-{row.name}")


async def send(row: Provider, variables: Mapping[str, str], recorder: Recorder, **options: Any) -> APIError | None:
    """Make one call and return its error."""
    if row.server is ServerKind.EMBEDDED:  # its own address is that of a server that would be started
        options = {"api_base": "http://127.0.0.1:9/v1", **options}
    retry = RetryPolicy(attempts=1)
    async with Client(transport=recorder, variables=variables, retry=retry, providers={row.name: row}) as client:
        try:
            await _call(client, row, options)
        except APIError as error:
            return error
    return None


async def _call(client: Client, row: Provider, options: Any) -> None:
    """A chat, or where the row has none that knows tools, embeddings, an image or speech."""
    model, dialect = f"{row.name}/{row.models[0] if row.models else 'm'}", row.service().dialect
    if dialect.chat_stream is not None and dialect.chat_stream.opened_by is None:
        await client.completion(model, CONVERSATION, stream=True, **PARAMETERS, **options)
    elif row.service("embeddings").dialect.embeddings is not None:
        await client.embedding(model, "Weather?", **options)
    elif dialect.images is not None:
        await client.image_generation("Weather?", model, **options)
    else:
        await client.speech(model, "Weather?", "voice", **options)


def described(origin: Origin, request: HTTPRequest) -> list[str]:
    """Address, credentials, and what is in the body beside what was given."""
    assert isinstance(request.body, bytes)
    body = json.loads(request.body)
    fields = " ".join(sorted(body))
    if "messages" in body:
        fields += f" role={body['messages'][0]['role']} tool_choice={json.dumps(body.get('tool_choice'))}"
    keys = [f"{name}: {value}" for name, value in request.headers if "key-of-" in value]
    return [f"{request.method} {origin}{request.path}", "".join(keys), fields]


async def golden_requests() -> dict[str, list[str]]:
    """What is sent to each row, with a key and an address of its own."""
    found = {}
    for row in CATALOG.values():
        recorder = Recorder()
        # What signs has no key in the environment, and no two signatures are the same.
        given = {} if row.key_variables or row.server is ServerKind.EMBEDDED else {"api_key": f"key-of-{row.name}"}
        await send(row, {**address_parts(row), **key_of(row)}, recorder, **given)
        found[row.name] = described(*recorder.sent[0])
    return found


if __name__ == "__main__":
    rows = trio.run(golden_requests)
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items())
    sys.stdout.write(f"{{\n{lines}\n}}\n")
