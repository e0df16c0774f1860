"""Whatever is sent to the simulator is answered or refused: no request ends it."""

from __future__ import annotations

import copy
import json
from itertools import cycle
from typing import Any

import pytest
import trio
from simulated_rows import Everything
from test_simulator_catalog import ask_one, asked

from trio_llm import Client, RetryPolicy
from trio_llm._catalog import CATALOG
from trio_llm._types.http import HTTPRequest
from trio_llm.testing import Conditions, RecordedRequest, Reply, Simulator, Strictness

ROWS = [
    *("openai", "anthropic", "gemini", "vertex_ai", "bedrock", "cohere", "ollama", "watsonx_text", "replicate", "tgi"),
    *("black_forest_labs", "sagemaker", "cloudflare", "voyage", "jina_ai", "deepgram", "elevenlabs", "aleph_alpha"),
    "huggingface",
]
JUNK: list[Any] = [None, True, -1, 10**9, "x", [None], ["x", [1]], [{}], {"type": 3, "text": 5}]


async def ask_everything(row: str) -> list[RecordedRequest]:
    simulator = Simulator(lambda _: Reply())
    provider = CATALOG[row]
    async with Client(transport=simulator, variables=Everything(provider), retry=RetryPolicy(attempts=1)) as client:
        for pair, model in asked(provider):
            await ask_one(client, pair, model)
    return list(simulator.requests)


@pytest.fixture(scope="module")
def sent() -> list[RecordedRequest]:
    """One request for each endpoint."""
    found: dict[str, RecordedRequest] = {}
    for row in ROWS:
        clock = trio.testing.MockClock(autojump_threshold=0)
        for request in trio.run(ask_everything, row, clock=clock):
            found.setdefault(request.endpoint, request)
    return list(found.values())


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where a body can be changed."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, one in inner for place in places(one, (*path, key)))]


def changed(value: Any, path: tuple[Any, ...], put: Any) -> Any:
    if not path:
        return put
    held = copy.deepcopy(value)
    inside = held
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = put
    return held


def test_no_request_ends_the_simulator(sent: list[RecordedRequest]) -> None:
    strictly = cycle(Simulator(keep_requests=1, conditions=Conditions(strict=one)) for one in (None, Strictness()))
    for request in sent:
        body: Any = dict(request.json) if request.body[:1] == b"{" else {}
        for path in places(body):
            for put in JUNK:
                data = json.dumps(changed(body, path, put)).encode()
                reply = next(strictly).respond(HTTPRequest(request.method, request.path, (), data))
                assert reply.head is not None
                assert reply.head.status < 500


@pytest.mark.parametrize("path", ["/v1/images/edits", "/v1/audio/transcriptions", "/v1/speech-to-text"])
@pytest.mark.parametrize(
    "part",
    [
        b'name="n"\r\n\r\n\xff\xfe',
        b'name="\xff"\r\n\r\nx',
        b'name="image"; filename="\xff.png"\r\n\r\n\x89PNG',
        b'name="image"\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name="image[]"\r\n\r\ny',
        b"nothing",
        b"",
    ],
)
def test_no_form_ends_the_simulator(path: str, part: bytes) -> None:
    body = b"--b\r\nContent-Disposition: form-data; " + part + b"\r\n--b--\r\n"
    headers = (("content-type", "multipart/form-data; boundary=b"),)
    reply = Simulator().respond(HTTPRequest("POST", path, headers, body))

    assert reply.head is not None
    assert reply.head.status == 200


def test_every_endpoint_is_among_those_requests(sent: list[RecordedRequest]) -> None:
    assert len({request.endpoint for request in sent}) > 50
