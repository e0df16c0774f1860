"""What a row says of one operation of one model, and the accounts that routes lead to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import attrs
import httpx
import pytest
from golden_requests import Recorder
from hypothesis import given, strategies as st
from virtual import in_virtual_time

from trio_llm import APIError, BadRequestError, Client, Limits, Provider, Quirks, RetryPolicy, UnsupportedParamsError
from trio_llm._catalog import CATALOG, catalog_with
from trio_llm._catalog.absent import ABSENT
from trio_llm._catalog.addresses import joined
from trio_llm._catalog.provider import OPERATIONS, Service
from trio_llm._catalog.resolving import resolve
from trio_llm._credentials.destinations import destination
from trio_llm._dialects.openai import OPENAI
from trio_llm._engine.operations import OPERATIONS as ENGINE_OPERATIONS
from trio_llm._engine.routes import Routes
from trio_llm._types.request import CallOptions
from trio_llm.providers import LaneKind, Override
from trio_llm.testing import Simulator
from trio_llm.types import ServerKind, Wire

PAGE = "https://vendor.example/docs"
HELLO = [{"role": "user", "content": "Hello"}]


def row_with(**fields: Any) -> Provider:
    return Provider(**{"name": "vendor", "base_url": "https://api.vendor.example/v1", "documentation": PAGE, **fields})


CLOUD = row_with(
    base_url="https://{vertex_location|REGION|=us-central1}-models.example/v1/projects/{vertex_project|PROJECT}",
    dialects={"embeddings": Wire.COHERE},
    base_urls={"rerank": "https://ranking.example/v1"},
    renamed_hosts={"global-models.example": "models.example"},
    wire=Wire.GEMINI,
    quirks=Quirks(most_inputs=5),
    families=(
        (r"(?P<vertex_location>[a-z]+-[a-z]+\d)/(?P<model>.+)", Override()),
        (r"claude-opus", Override(lane="opus", unsupported=frozenset({"temperature"}))),
        (
            r"claude-",
            Override(
                dialects={"chat": Wire.ANTHROPIC},
                base_url="https://{vertex_location|REGION|=us-central1}-models.example/v1/claude",
                quirks=Quirks(prefill=True),
                unsupported=frozenset({"top_p"}),
            ),
        ),
        (r"llama", Override(dialects={"chat": Wire.OPENAI}, accepted_values={"reasoning_effort": frozenset({"low"})})),
    ),
)


def address(service: Service, variables: Mapping[str, str], **options: Any) -> str:
    to = destination(service, CallOptions(api_key="k", **options), variables)
    return f"{to.origin}{to.base_path}"


def test_one_row_has_a_dialect_for_each_family_and_operation() -> None:
    dialects = {
        (operation, model): CLOUD.service(operation, model).dialect.name
        for operation in ("chat", "embeddings")
        for model in ("gemini-3", "claude-opus-5", "llama-4")
    }

    assert dialects == {
        ("chat", "gemini-3"): "gemini",
        ("chat", "claude-opus-5"): "anthropic",
        ("chat", "llama-4"): "openai",
        ("embeddings", "gemini-3"): "cohere",
        ("embeddings", "claude-opus-5"): "cohere",
        ("embeddings", "llama-4"): "cohere",
    }


def test_one_row_has_an_address_for_each_family_operation_and_region() -> None:
    variables = {"PROJECT": "p"}

    assert address(CLOUD.service("chat", "gemini-3"), variables) == "https://us-central1-models.example/v1/projects/p"
    assert address(CLOUD.service("chat", "claude-x"), {}) == "https://us-central1-models.example/v1/claude"
    assert address(CLOUD.service("rerank", "m"), {}) == "https://ranking.example/v1"
    assert address(CLOUD.service("chat", "claude-x"), {"REGION": "global"}) == "https://models.example/v1/claude"


def test_arguments_of_a_call_stand_before_the_environment_and_the_models_name_between_them() -> None:
    variables = {"PROJECT": "p", "REGION": "eu-west9"}
    named = CLOUD.service("chat", "us-east5/claude-opus-5")

    assert (named.model, named.dialect.name, named.lane) == ("claude-opus-5", "anthropic", "opus")
    assert address(named, variables) == "https://us-east5-models.example/v1/claude"
    assert address(named, variables, settings=(("vertex_location", "asia"),)) == "https://asia-models.example/v1/claude"
    assert address(CLOUD.service("chat", "claude-x"), variables) == "https://eu-west9-models.example/v1/claude"


def test_the_first_family_that_says_something_counts_and_facts_of_all_add_up() -> None:
    opus, haiku = CLOUD.service("chat", "claude-opus-5").quirks, CLOUD.service("chat", "claude-haiku").quirks

    assert (opus.prefill, opus.most_inputs) == (True, None)
    assert opus.unsupported == {"temperature", "top_p"}
    assert haiku.unsupported == {"top_p"}
    assert CLOUD.service("chat", "llama-4").quirks == attrs.evolve(
        CLOUD.quirks, accepted_values={"reasoning_effort": frozenset({"low"})}
    )


def test_a_lane_is_the_model_the_family_or_the_account() -> None:
    assert CLOUD.service("chat", "gemini-3").lane == "gemini-3"
    assert attrs.evolve(CLOUD, lane=LaneKind.ACCOUNT).service("chat", "gemini-3").lane == ""
    assert attrs.evolve(CLOUD, lane=LaneKind.ACCOUNT).service("chat", "claude-opus-5").lane == "opus"


def test_every_operation_of_the_engine_is_one_that_rows_can_name() -> None:
    assert {operation.field for operation in ENGINE_OPERATIONS.values()} <= OPERATIONS
    assert {operation for operation in OPERATIONS if operation.endswith("_stream")} == set()


@pytest.mark.parametrize(
    ("fields", "error", "words"),
    [
        ({"name": ""}, ValueError, "name must not be empty"),
        ({"name": "a/b"}, ValueError, "before the slash"),
        ({"name": 7}, TypeError, "name must be text"),
        ({"base_url": "vendor.example"}, ValueError, "must begin with https://"),
        ({"base_url": "https://vendor.example/"}, ValueError, "slash at its end"),
        ({"base_url": None}, TypeError, "base_url must be text"),
        ({"documentation": ""}, ValueError, "documentation must not be empty"),
        ({"key_variables": "KEY"}, TypeError, r"such as \('KEY',\)"),
        ({"aliases": ["a"]}, TypeError, "must be a tuple of texts"),
        ({"wire": "openai"}, TypeError, "wire must be Wire or Dialect"),
        ({"dialects": {"chats": Wire.OPENAI}}, ValueError, "no operation 'chats'; there are .*chat, "),
        ({"dialects": {"chat": "openai"}}, TypeError, r"dialects\['chat'\] must be Wire or Dialect"),
        ({"dialects": Wire.OPENAI}, TypeError, "must be a mapping of operations"),
        ({"families": ((r"a-", Quirks()), "b")}, TypeError, r"tuple of \(pattern, Override\)"),
        ({"auth": "bearer"}, TypeError, "auth must be AuthScheme or HeaderKey"),
        ({"sources": ("env",)}, TypeError, "must be a tuple of GoogleCredentials"),
        ({"server": "remote"}, TypeError, "server must be ServerKind"),
        ({"quirks": {}}, TypeError, "quirks must be Quirks"),
        ({"whole_addresses": "yes"}, TypeError, "must be bool"),
    ],
)
def test_a_row_with_a_wrong_field_says_which_and_what_to_write(
    fields: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        row_with(**fields)


def test_a_pattern_that_is_none_is_an_error_that_names_row_and_pattern() -> None:
    with pytest.raises(BadRequestError, match=r"'\(' of the row 'vendor' is no pattern"):
        row_with(families=(("(", Override()),)).service("chat", "m")


def test_what_is_no_row_cannot_stand_in_a_catalogue() -> None:
    with pytest.raises(TypeError, match="Provider rows"):
        catalog_with("vendor")  # type: ignore[arg-type]


@pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet-4-5", "groq/llama", "llama"])
def test_a_mapping_that_lacks_a_row_is_a_clear_error(model: str) -> None:
    rows = {"vendor": row_with()}

    with pytest.raises(BadRequestError, match="the rows given are vendor"):
        resolve(model, rows)
    with pytest.raises(BadRequestError, match="the rows given are vendor"):
        resolve("llama", rows, api_base="https://elsewhere.example/v1")


def test_bare_names_belong_to_the_row_that_says_so() -> None:
    row = row_with(bare_names=r"vend-\d")

    assert resolve("vend-7", {"vendor": row}) == (row, "vend-7")
    assert resolve("vend-7", catalog_with(row))[0] is row


@pytest.mark.parametrize(
    ("model", "written"),
    [("mistral-large-latest", "mistral/mistral-large-latest"), ("deepseek-chat", "deepseek/deepseek-chat")],
)
def test_a_model_named_after_its_maker_is_explained(model: str, written: str) -> None:
    with pytest.raises(BadRequestError, match=f"write '{written}'"):
        resolve(model, CATALOG)


@pytest.mark.parametrize(
    "model",
    ["amazon.nova-pro-v1:0", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us-gov.meta.llama3-70b", "zai.glm-4.6"],
)
def test_names_of_bedrocks_need_no_prefix(model: str) -> None:
    assert resolve(model, CATALOG) == (CATALOG["bedrock"], model)


def test_a_prefix_that_is_unknown_is_told_whatever_stands_behind_it() -> None:
    with pytest.raises(BadRequestError, match="unknown provider 'nobody'"):
        resolve("nobody/amazon.nova-pro-v1:0", CATALOG)


@pytest.mark.parametrize("model", ["grok-4", "sonar", "j2-ultra"])
def test_a_model_is_not_taken_for_a_provider_that_is_hardly_like_it(model: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        resolve(model, CATALOG)
    assert "did you mean" not in str(caught.value)


def test_a_request_without_a_model_needs_its_provider_named() -> None:
    assert resolve("", CATALOG, provider="fireworks_ai") == (CATALOG["fireworks_ai"], "")
    with pytest.raises(BadRequestError, match="names no model"):
        resolve("", CATALOG)


@pytest.mark.parametrize("name", sorted(ABSENT))
def test_a_prefix_without_a_row_says_why(name: str) -> None:
    if name in CATALOG:
        pytest.skip("it has a row by now")
    with pytest.raises(BadRequestError) as caught:
        resolve(f"{name}/m", CATALOG)

    assert ABSENT[name] in str(caught.value)


@pytest.mark.parametrize(
    ("base", "path", "whole"),
    [
        ("/v1", "/chat/completions", "/v1/chat/completions"),
        ("/v1", "/v1/messages", "/v1/messages"),
        ("/v1/messages", "/v1/messages", "/v1/messages"),
        ("/a/v1", "/v1/messages?beta=true", "/a/v1/messages?beta=true"),
        ("", "/api/chat", "/api/chat"),
        ("/v11", "/v1/messages", "/v11/v1/messages"),
        ("/chat", "/chats", "/chat/chats"),
    ],
)
def test_what_a_base_url_ends_with_is_not_repeated(base: str, path: str, whole: str) -> None:
    assert joined(base, path) == whole


SEGMENTS = st.lists(st.text("ab1", min_size=1, max_size=2), max_size=4)


@given(base=SEGMENTS, path=SEGMENTS.filter(bool))
def test_a_joined_path_begins_with_the_base_and_ends_with_the_path(base: list[str], path: list[str]) -> None:
    whole = joined("".join(f"/{part}" for part in base), "".join(f"/{part}" for part in path)).split("/")[1:]

    assert whole[: len(base)] == base
    assert whole[-len(path) :] == path
    assert len(whole) <= len(base) + len(path)


@pytest.mark.parametrize(
    ("name", "given", "whole"),
    [
        ("vllm", "http://gpu:8000", "http://gpu:8000/v1/chat/completions"),
        ("mistral", "https://gateway.example", "https://gateway.example/v1/chat/completions"),
        ("mistral", "https://gateway.example/mistral", "https://gateway.example/mistral/chat/completions"),
        ("openai", "http://localhost:8080", "http://localhost:8080/chat/completions"),
        ("custom_openai", "http://localhost:8080", "http://localhost:8080/chat/completions"),
        (
            "databricks",
            "https://x.cloud.databricks.com",
            "https://x.cloud.databricks.com/serving-endpoints/chat/completions",
        ),
    ],
)
def test_an_address_without_a_path_gets_its_vendors_usual_one(name: str, given: str, whole: str) -> None:
    row = CATALOG[name]
    by_caller = destination(row.service(), CallOptions(api_key="k", api_base=given), {})
    by_environment = destination(row.service(), CallOptions(api_key="k"), {row.base_url_variables[0]: given})

    for to in (by_caller, by_environment):
        assert f"{to.origin}{to.target('/chat/completions', 'm')}" == whole


@pytest.mark.parametrize("given", ["https://g.example", "https://g.example/v1", "https://g.example/v1/messages"])
def test_anthropics_address_may_end_anywhere(given: str) -> None:
    to = destination(CATALOG["anthropic"].service(), CallOptions(api_key="k", api_base=given), {})

    assert to.target("/v1/messages", "m") == "/v1/messages"


def test_parts_that_only_the_path_needs_are_asked_for() -> None:
    with pytest.raises(BadRequestError, match="PROJECT"):
        address(CLOUD.service("chat", "gemini-3"), {}, api_base="https://gateway.example")
    assert (
        address(CLOUD.service("chat", "gemini-3"), {"PROJECT": "p"}, api_base="https://gateway.example")
        == "https://gateway.example/v1/projects/p"
    )


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("bedrock", "give aws_region_name, or api_base, or set AWS_REGION_NAME, or "),
        ("azure", "give api_base, or set AZURE_RESOURCE_NAME, or "),
    ],
)
def test_an_address_that_lacks_a_part_says_by_which_argument_and_which_variable_it_is_given(
    name: str, told: str
) -> None:
    service = CATALOG[name].service("chat", "any")
    with pytest.raises(BadRequestError, match=told):
        destination(service, CallOptions(api_key="k"), {})


def test_families_and_operations_of_a_row_share_its_account() -> None:
    variables = {"PROJECT": "p"}
    services = (CLOUD.service("chat", "gemini-3"), CLOUD.service("chat", "claude-x"), CLOUD.service("rerank", "m"))
    accounts = {destination(service, CallOptions(api_key="k"), variables).account for service in services}

    assert len(accounts) == 1


def test_ragflows_chats_and_agents_have_addresses_of_their_own() -> None:
    chat, agent = (CATALOG["ragflow"].service("chat", f"{kind}/id7/gpt") for kind in ("chat", "agent"))

    assert (chat.model, agent.model) == ("gpt", "gpt")
    assert address(chat, {}) == "http://localhost:9380/api/v1/chats_openai/id7"
    assert address(agent, {"RAGFLOW_API_BASE": "https://r.example"}) == "https://r.example/api/v1/agents_openai/id7"


on_trio = pytest.mark.parametrize("anyio_backend", ["trio"], indirect=True)


@pytest.mark.anyio
@on_trio
async def test_a_dialect_of_ones_own_stands_in_a_row() -> None:
    own = attrs.evolve(OPENAI, name="own", embeddings=None)
    row = row_with(dialects={"chat": own}, families=(("special", Override(dialects={"embeddings": own})),))
    recorder = Recorder()
    async with Client(transport=recorder, providers=[row], retry=RetryPolicy(attempts=1)) as client:
        for model in ("special", "usual"):
            with pytest.raises(APIError) as caught:
                await client.embedding(f"vendor/{model}", "x", api_key="k")
            offered = "no embedding calls" not in str(caught.value)
            assert offered == (model == "usual")

    assert len(recorder.sent) == 1


@pytest.mark.anyio
@on_trio
async def test_facts_of_a_family_are_errors_or_dropped() -> None:
    row = row_with(families=(("thinker", Override(unsupported=frozenset({"temperature"}))),))
    recorder = Recorder()
    async with Client(transport=recorder, providers=[row], retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(UnsupportedParamsError, match="temperature"):
            await client.completion("vendor/thinker", HELLO, temperature=0.5, api_key="k")
        for model in ("thinker", "usual"):
            with pytest.raises(APIError):
                await client.completion(f"vendor/{model}", HELLO, temperature=0.5, api_key="k", drop_params=True)

    assert [b"temperature" in bytes(request.body) for _, request in recorder.sent] == [False, True]  # type: ignore[arg-type]


def test_a_server_of_ones_own_needs_no_key() -> None:
    row = row_with(server=ServerKind.SELF_HOSTED)

    assert destination(row.service(), CallOptions(), {}).headers == ()


@pytest.mark.anyio
@on_trio
async def test_regions_in_the_names_of_models_have_routes_of_their_own() -> None:
    recorder = Recorder()
    async with Client(transport=recorder, providers=[CLOUD], retry=RetryPolicy(attempts=1)) as client:
        for region in ("us-east5", "eu-west9", "us-east5"):
            with pytest.raises(APIError):
                await client.completion(f"vendor/{region}/claude-x", HELLO, api_key="k")

    assert [origin.host.partition("-models")[0] for origin, _ in recorder.sent] == ["us-east5", "eu-west9", "us-east5"]


@pytest.mark.parametrize("model", ["local/gpt-4o", "local/smollm2:360m", "local/"])
def test_a_row_that_has_few_models_knows_no_other(model: str) -> None:
    with pytest.raises(BadRequestError, match="write 'local/smollm2'"):
        resolve(model, CATALOG)
    assert resolve("local/smollm2", CATALOG)[1] == "smollm2"


@pytest.mark.anyio
@pytest.mark.parametrize(("api_base", "sent"), [(None, False), ("https://llm.example.com/v1", True)])
async def test_fields_that_only_openai_refuses_go_to_other_hosts(api_base: str | None, sent: bool) -> None:
    message = {"role": "assistant", "content": "Lund.", "reasoning_content": "Hm."}
    conversation = [{"role": "user", "content": "Hi"}, message, {"role": "user", "content": "Sure?"}]
    bodies: list[dict[str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Yes."}}
        return httpx.Response(200, json={"choices": [choice]})

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http_client,
        Client(http_client=http_client) as client,
    ):
        await client.completion("openai/gpt-4o", conversation, api_base=api_base, api_key="k" * 20)

    assert ("reasoning_content" in bodies[0]["messages"][1]) is sent


@pytest.mark.anyio
@pytest.mark.parametrize(("api_base", "kept"), [(None, False), ("https://gateway.example/v1", True)])
async def test_servers_of_others_are_sent_marks_and_fields_that_openai_refuses(
    api_base: str | None, kept: bool
) -> None:
    simulator = Simulator()
    part = {"type": "text", "text": "long", "cache_control": {"type": "ephemeral"}}
    answer = {"role": "assistant", "content": "Yes.", "reasoning_content": "Hm."}
    async with Client(transport=simulator, variables={}) as client:
        messages: list[Any] = [{"role": "user", "content": [part]}, answer]
        await client.completion("openai/gpt-4o", messages, api_base=api_base, api_key="k")
    user, assistant = simulator.requests[0].json["messages"]

    assert ("cache_control" in user["content"][0]) is kept
    assert ("reasoning_content" in assistant) is kept


@in_virtual_time
async def test_a_route_is_worked_out_once_and_the_environment_is_read_every_time() -> None:
    async def post_form(*_: Any) -> Any:
        raise AssertionError

    variables = {"OPENAI_API_KEY": "k"}
    routes = Routes(CATALOG, variables, Limits(), post_form)
    chat, options = ENGINE_OPERATIONS["completion"], CallOptions()
    first = routes.find(chat, "openai/m", options)
    assert first is not None
    assert routes.row("openai/m", options) is routes.row("openai/m", options)
    assert routes.find(chat, "openai/m", options) is first

    others = [
        routes.find(chat, "openai/n", options),
        routes.find(ENGINE_OPERATIONS["embedding"], "openai/m", options),
        routes.find(chat, "openai/m", CallOptions(api_key="other")),
        routes.find(chat, "openai/m", CallOptions(api_key="k", api_base="https://other.example/v1")),
    ]
    variables["OPENAI_API_KEY"] = "changed"
    others.append(routes.find(chat, "openai/m", options))
    found = [route for route in (first, *others) if route is not None]
    assert len({id(route) for route in found}) == 6
    assert [route.account is first.account for route in found] == [True, True, True, False, False, True]
    variables["OPENAI_API_KEY"] = "k"
    assert routes.find(chat, "openai/m", options) is first

    fixed = CallOptions(api_key="k", api_base="https://proxy.example/v1")
    assert routes.find(chat, "openai/m", fixed) is routes.find(chat, "openai/m", fixed)
    assert len(routes.statistics()) == 4
