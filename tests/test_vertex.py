"""Vertex AI: whose model goes where, with which credential, in which body."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from golden_requests import Recorder

from trio_llm import APIError, AuthenticationError, BadRequestError, Client, RetryPolicy, UnsupportedParamsError
from trio_llm._catalog import CATALOG
from trio_llm._credentials.destinations import Destination, destination
from trio_llm._types.request import split_arguments
from trio_llm.testing import Reply, Simulator, ToolUse

HELLO = [{"role": "user", "content": "Hello"}]
PROJECT = {"VERTEXAI_PROJECT": "harbour", "VERTEXAI_LOCATION": "europe-west4", "CLOUDSDK_AUTH_ACCESS_TOKEN": "token"}
GLOBAL = {"GOOGLE_CLOUD_PROJECT": "harbour", "CLOUDSDK_AUTH_ACCESS_TOKEN": "token"}
PLACE = "/v1/projects/harbour/locations"
pytestmark = pytest.mark.anyio
on_trio = pytest.mark.parametrize("anyio_backend", ["trio"], indirect=True)


async def sent(
    variables: dict[str, str], method: str = "completion", **options: Any
) -> tuple[str, dict[str, str], Any]:
    """Address, headers and body of the one request that a call makes."""
    recorder = Recorder()
    async with Client(transport=recorder, variables=variables, retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(APIError):
            await getattr(client, method)(**options)
    ((origin, request),) = recorder.sent
    assert isinstance(request.body, bytes)
    return f"{origin}{request.path}", dict(request.headers), json.loads(request.body)


@pytest.mark.parametrize(
    ("model", "stream", "path"),
    [
        ("gemini-9-flash", False, "/publishers/google/models/gemini-9-flash:generateContent"),
        ("gemini-9-flash", True, "/publishers/google/models/gemini-9-flash:streamGenerateContent?alt=sse"),
        ("endpoints/123", False, "/endpoints/123:generateContent"),
        ("claude-opus-9@20260101", False, "/publishers/anthropic/models/claude-opus-9@20260101:rawPredict"),
        ("anthropic/claude-opus-9", True, "/publishers/anthropic/models/claude-opus-9:streamRawPredict"),
        ("mistral-harbour@1", False, "/publishers/mistralai/models/mistral-harbour@1:rawPredict"),
        ("mistralai/codestral-2", True, "/publishers/mistralai/models/codestral-2:streamRawPredict"),
        ("meta/llama-9-maas", False, "/endpoints/openapi/chat/completions"),
        ("deepseek-ai/deepseek-v9-maas", True, "/endpoints/openapi/chat/completions"),
    ],
)
@on_trio
async def test_each_makers_model_is_asked_at_its_makers_address(model: str, stream: bool, path: str) -> None:
    url, headers, _ = await sent(PROJECT, model=f"vertex_ai/{model}", messages=HELLO, stream=stream)

    assert url == f"https://europe-west4-aiplatform.googleapis.com{PLACE}/europe-west4{path}"
    assert headers["authorization"] == "Bearer token"


@pytest.mark.parametrize(
    ("location", "host"),
    [
        (None, "aiplatform.googleapis.com"),
        ("us", "aiplatform.us.rep.googleapis.com"),
        ("asia-east1", "asia-east1-aiplatform.googleapis.com"),
    ],
)
@on_trio
async def test_the_location_is_in_the_host_unless_it_is_the_whole_world(location: str | None, host: str) -> None:
    given = {} if location is None else {"vertex_location": location}
    url, _, _ = await sent(GLOBAL, model="vertex_ai/gemini-9", messages=HELLO, **given)

    assert url.startswith(f"https://{host}{PLACE}/{location or 'global'}/publishers/google/")


@on_trio
async def test_arguments_of_the_call_stand_before_the_environment() -> None:
    url, _, _ = await sent(
        PROJECT, model="vertex_ai/gemini-9", messages=HELLO, vertex_project="quay", vertex_location="us-east5"
    )

    assert url.startswith("https://us-east5-aiplatform.googleapis.com/v1/projects/quay/locations/us-east5/")


@on_trio
async def test_a_key_needs_no_project() -> None:
    url, headers, _ = await sent({}, model="vertex_ai/gemini-9", messages=HELLO, api_key="key")

    assert url == "https://aiplatform.googleapis.com/v1/publishers/google/models/gemini-9:generateContent"
    assert headers["x-goog-api-key"] == "key"
    assert "authorization" not in headers

    url, headers, _ = await sent({"VERTEXAI_API_KEY": "held"}, model="vertex_ai/gemini-9", messages=HELLO)
    assert headers["x-goog-api-key"] == "held"

    url, headers, _ = await sent(PROJECT, model="vertex_ai/gemini-9", messages=HELLO, api_key=lambda: "fresh")
    assert headers["authorization"] == "Bearer fresh"


@pytest.mark.parametrize(
    ("model", "options"),
    [("gemini-9", {}), ("gemini-9", {"api_key": lambda: "fresh"}), ("claude-opus-9", {"api_key": "key"})],
)
@on_trio
async def test_without_a_project_only_a_key_for_googles_own_models_goes_anywhere(
    model: str, options: dict[str, Any]
) -> None:
    recorder = Recorder()
    async with Client(transport=recorder, variables={"CLOUDSDK_AUTH_ACCESS_TOKEN": "token"}) as client:
        with pytest.raises(BadRequestError, match="VERTEXAI_PROJECT"):
            await client.completion(f"vertex_ai/{model}", HELLO, **options)

    assert recorder.sent == []


ACCOUNT = {"type": "service_account", "project_id": "quay", "private_key": "secret"}


@pytest.mark.parametrize("form", ["mapping", "text", "path", "variable", "variable of Google's"])
@pytest.mark.parametrize("model", ["gemini-9", "claude-opus-9"])
@on_trio
async def test_the_project_is_the_service_accounts_where_nobody_names_one(
    form: str, model: str, tmp_path: Path
) -> None:
    path, text = tmp_path / "account.json", json.dumps(ACCOUNT)
    path.write_text(text)
    variables = {"variable": {"VERTEXAI_CREDENTIALS": text}}.get(form, {})
    if form.startswith("variable of"):
        variables = {"GOOGLE_APPLICATION_CREDENTIALS": str(path)}
    argument = {"mapping": ACCOUNT, "text": text, "path": str(path)}.get(form)

    def to(**named: str) -> Destination:
        settings = {"vertex_credentials": argument} if argument else {}
        _, options = split_arguments({**settings, **named}, frozenset())
        service = CATALOG["vertex_ai"].service("chat", model)
        return destination(service, options, {"GOOGLE_CLOUD_LOCATION": "us-east5", **variables})

    assert to().base_path.startswith("/v1/projects/quay/locations/us-east5")
    assert to(vertex_project="harbour").base_path.startswith("/v1/projects/harbour/locations/us-east5")
    variables = {**variables, "VERTEX_PROJECT": "pier"}
    assert to().base_path.startswith("/v1/projects/pier/locations/us-east5")


@pytest.mark.parametrize(
    "credentials", ['{"type": "service_account"}', '{"project_id": 7}', "{", "[]", "/nowhere", '{"project_id": ""}']
)
@on_trio
async def test_credentials_without_a_project_send_nothing(credentials: str) -> None:
    recorder = Recorder()
    async with Client(transport=recorder, variables={}) as client:
        with pytest.raises(BadRequestError, match="VERTEXAI_PROJECT"):
            await client.completion("vertex_ai/gemini-9", HELLO, vertex_credentials=credentials)

    assert recorder.sent == []


@on_trio
async def test_a_key_goes_where_keys_go_whatever_the_environments_credentials_say() -> None:
    variables = {"VERTEXAI_CREDENTIALS": json.dumps(ACCOUNT)}
    url, _, _ = await sent(variables, model="vertex_ai/gemini-9", messages=HELLO, api_key="key")

    assert url.startswith("https://aiplatform.googleapis.com/v1/publishers/google/")


@on_trio
async def test_claudes_body_has_the_version_and_no_model() -> None:
    _, headers, body = await sent(
        PROJECT,
        model="vertex_ai/claude-opus-9",
        messages=[
            {
                "role": "user",
                "content": [{"type": "file", "file": {"file_id": "file_1"}}, {"type": "text", "text": "?"}],
            }
        ],
        stream=True,
    )

    assert body["anthropic_version"] == "vertex-2023-10-16"
    assert body["stream"] is True
    assert "model" not in body
    assert "anthropic-version" not in headers
    assert headers["anthropic-beta"] == "files-api-2025-04-14"


@on_trio
async def test_a_mistral_models_body_is_mistrals() -> None:
    _, _, body = await sent(
        PROJECT, model="vertex_ai/mistral-harbour", messages=HELLO, seed=7, tool_choice="required", stream=True
    )

    assert (body["model"], body["random_seed"], body["tool_choice"]) == ("mistral-harbour", 7, "any")


@on_trio
async def test_embeddings_and_pictures_are_predicted() -> None:
    url, _, body = await sent(PROJECT, "embedding", model="vertex_ai/text-embedding-9", input=["a", "b"], dimensions=4)
    assert url.endswith("/publishers/google/models/text-embedding-9:predict")
    assert body == {"instances": [{"content": "a"}, {"content": "b"}], "parameters": {"outputDimensionality": 4}}

    url, _, body = await sent(GLOBAL, "image_generation", model="vertex_ai/imagen-9", prompt="A quay")
    assert url.endswith("/locations/us-central1/publishers/google/models/imagen-9:predict")
    assert body == {"instances": [{"prompt": "A quay"}], "parameters": {"sampleCount": 1}}


@on_trio
async def test_what_vertex_has_no_word_for_is_refused() -> None:
    async with Client(transport=Recorder(), variables=PROJECT) as client:
        with pytest.raises(UnsupportedParamsError, match="service_tier"):
            await client.completion("vertex_ai/gemini-9", HELLO, service_tier="flex")


@pytest.mark.parametrize("model", ["gemini-9", "claude-opus-9", "mistral-harbour", "meta/llama-9"])
@pytest.mark.parametrize("stream", [False, True])
async def test_every_makers_answer_is_read(model: str, stream: bool) -> None:
    simulator = Simulator(Reply("Hello there", reasoning="Hm", tool_calls=[ToolUse("tide", {"port": "Oban"})]))
    async with Client(transport=simulator, variables=PROJECT) as client:
        if stream:
            async with client.stream(f"vertex_ai/{model}", HELLO) as chunks:
                async for _ in chunks:
                    pass
            response = chunks.response
        else:
            response = await client.completion(f"vertex_ai/{model}", HELLO)
    message = response.choices[0].message

    assert (message.content, message.reasoning_content) == ("Hello there", "Hm")
    assert message.tool_calls
    assert message.tool_calls[0].function
    assert message.tool_calls[0].function.name == "tide"


@pytest.mark.parametrize(("model", "tokens"), [("gemini-9", 0), ("claude-opus-9", 1)])
async def test_tokens_are_counted_for_both(model: str, tokens: int) -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables=PROJECT) as client:
        counted = await client.count_tokens(f"vertex_ai/{model}", HELLO)

    assert counted.total_tokens >= tokens
    assert simulator.requests[0].path.split("?")[0].endswith(("gemini-9:countTokens", "count-tokens:rawPredict"))


async def test_a_single_text_a_request_where_the_model_takes_no_more() -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables=PROJECT) as client:
        answer = await client.embedding("vertex_ai/gemini-embedding-001", ["a", "b", "c"])
        other = await client.embedding("vertex_ai/text-embedding-9", ["a", "b", "c"])

    assert len(answer.data) == len(other.data) == 3
    assert len(simulator.requests) == 4


@on_trio
async def test_the_environments_token_goes_to_no_other_host() -> None:
    async with Client(transport=Recorder(), variables=PROJECT) as client:
        with pytest.raises(AuthenticationError, match="elsewhere.example"):
            await client.completion("vertex_ai/gemini-9", HELLO, api_base="https://elsewhere.example/v1")
