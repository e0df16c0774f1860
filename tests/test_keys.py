"""A key belongs to one vendor: it goes to no other row, to no host of somebody else, and along no redirect."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
import trio
from golden_requests import Recorder, Refusal, address_parts, key_of, send
from hypothesis import given, settings, strategies as st

from trio_llm import APIError, AuthenticationError, BadRequestError, Provider
from trio_llm._catalog import CATALOG
from trio_llm._catalog.provider import needed_variables
from trio_llm._credentials.destinations import destination
from trio_llm._types.http import HTTPRequest, Origin, ReplyHead, split_url
from trio_llm._types.request import CallOptions
from trio_llm.providers import TokenExchange
from trio_llm.types import ServerKind

ROWS = list(CATALOG.values())
REMOTE = [row for row in ROWS if row.server is ServerKind.REMOTE]
NAMES = sorted({name for row in ROWS for name in row.key_variables + row.token_variables + needed_variables(row)})
EVERY_KEY = {name: f"secret-of-{name}" for name in NAMES}
EVERY_ADDRESS = {name: value for row in ROWS for name, value in address_parts(row).items()}


class Exchange(Recorder):
    """A recorder that gives a token where keys are exchanged."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._origin = split_url(url)[0]

    async def send(self, origin: Origin, request: HTTPRequest) -> Refusal:
        refusal = await super().send(origin, request)
        if origin == self._origin:
            return Refusal(ReplyHead(200, {}), b'{"access_token": "token-of-mine", "expires_in": 60}')
        return refusal


every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
every_remote_row = pytest.mark.parametrize("row", REMOTE, ids=lambda row: row.name)
on_trio = pytest.mark.parametrize("anyio_backend", ["trio"], indirect=True)
pytestmark = pytest.mark.anyio


def own_host(row: Provider, variables: Mapping[str, str]) -> str:
    if row.server is ServerKind.EMBEDDED:
        return "127.0.0.1"
    plain = destination(row.service(), CallOptions(api_key=""), variables)
    return plain.origin.host


@every_row
@on_trio
async def test_a_row_sends_its_own_key_to_its_own_host_and_no_other_key(row: Provider) -> None:
    recorder = Recorder()
    await send(row, {**EVERY_KEY, **EVERY_ADDRESS}, recorder)
    ((origin, request),) = recorder.sent
    sent = [key for _, value in request.headers for key in re.findall(r"secret-of-\w+", value)]

    assert origin.host == own_host(row, EVERY_ADDRESS)
    # Of the two of AWS's keys, the secret one signs and is not sent.
    assert sent == [EVERY_KEY[name] for name in needed_variables(row)[:1]]
    assert "secret-of-" not in request.path


@pytest.fixture
def nobodys_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No identity of a cloud's on this machine, and no looking for one over the network."""
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "AWS_PROFILE", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")


@every_remote_row
@on_trio
@pytest.mark.usefixtures("nobodys_machine")
async def test_a_missing_key_is_an_error_before_anything_is_sent(row: Provider) -> None:
    own = {*row.key_variables, *row.token_variables, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    others = {name: key for name, key in EVERY_KEY.items() if name not in own}
    recorder = Recorder()
    error = await send(row, {**others, **EVERY_ADDRESS}, recorder)

    assert isinstance(error, AuthenticationError)
    # Where the machine itself may have an identity, its library says what it missed.
    assert needed_variables(row)[0] in str(error) or re.search("no token of Google Cloud|no keys of AWS", str(error))
    assert recorder.sent == []


@every_remote_row
@on_trio
async def test_a_key_of_the_environment_stays_away_from_a_host_that_is_not_its_vendors(row: Provider) -> None:
    recorder = Recorder()
    error = await send(row, {**EVERY_KEY, **EVERY_ADDRESS}, recorder, api_base="https://elsewhere.example/v1")

    assert isinstance(error, AuthenticationError)
    assert "elsewhere.example" in str(error)
    assert "secret-of-" not in str(error)
    assert recorder.sent == []


@given(row=st.sampled_from(ROWS), other=st.sampled_from(REMOTE), scheme=st.sampled_from(["https", "http"]))
def test_no_row_sends_its_environments_key_to_the_host_of_another_vendor(
    row: Provider, other: Provider, scheme: str
) -> None:
    variables = {**EVERY_KEY, **EVERY_ADDRESS}
    host = own_host(other, variables)
    try:
        to = destination(row.service(), CallOptions(api_base=f"{scheme}://{host}/v1"), variables)
    except AuthenticationError:
        return
    named = [split_url(value)[0].host for name, value in EVERY_ADDRESS.items() if name in row.base_url_variables]

    allowed = scheme == "https" and (row.owns(host) or host == own_host(row, variables) or host in named)
    assert allowed or not to.headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@on_trio
async def test_a_redirect_is_an_error_and_takes_no_key_along(status: int) -> None:
    recorder = Recorder(status, {"location": "https://elsewhere.example/"})
    error = await send(CATALOG["groq"], key_of(CATALOG["groq"]), recorder)

    assert isinstance(error, APIError)
    assert error.status_code == status
    assert len(recorder.sent) == 1


@settings(max_examples=60)
@given(
    row=st.sampled_from([row for row in ROWS if row.server is not ServerKind.EMBEDDED]),
    other=st.sampled_from(REMOTE),
    status=st.sampled_from([301, 302, 303, 307, 308]),
    asked_for=st.booleans(),
)
def test_a_key_goes_to_its_own_host_alone_wherever_a_redirect_points(
    row: Provider, other: Provider, status: int, asked_for: bool
) -> None:
    variables = {**EVERY_KEY, **EVERY_ADDRESS}
    elsewhere = own_host(other, variables)
    recorder = Recorder(status, {"location": f"https://{elsewhere}/v1/chat/completions"})
    options: dict[str, Any] = {"api_key": lambda: "secret-of-mine"} if asked_for else {}
    trio.run(partial(send, row, variables, recorder, **options))
    own = "secret-of-mine" if asked_for else f"secret-of-{needed_variables(row)[0]}"

    assert {origin.host for origin, _ in recorder.sent} == {own_host(row, variables)}
    for _, request in recorder.sent:
        text = f"{request.headers}{request.path}{request.body!r}"
        assert set(re.findall(r"secret-of-[\w-]+", text)) == {own}


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if any(isinstance(value, TokenExchange) for value in row.sources)],
    ids=lambda row: row.name,
)
@on_trio
async def test_a_key_that_is_exchanged_goes_to_the_exchange_and_its_token_to_the_vendor(row: Provider) -> None:
    (value,) = (value for value in row.sources if isinstance(value, TokenExchange))
    recorder = Exchange(value.url)
    await send(row, {**address_parts(row), value.key_variables[0]: "secret-of-mine"}, recorder)
    (exchange, form), (vendor, request) = recorder.sent

    assert (str(exchange), vendor.host) == (str(split_url(value.url)[0]), own_host(row, address_parts(row)))
    assert b"secret-of-mine" in bytes(form.body)  # type: ignore[arg-type]
    assert "secret-of-mine" not in f"{request.headers}{request.path}{request.body!r}"
    assert ("authorization", "Bearer token-of-mine") in request.headers


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("together_ai", "https://api.together.ai/v1"),
        ("azure", "https://another.openai.azure.com"),
        ("databricks", "https://adb-1.0.azuredatabricks.net/serving-endpoints"),
        ("groq", "http://localhost:4000"),
    ],
)
def test_a_key_goes_to_every_host_of_its_vendor_and_to_this_machine(name: str, host: str) -> None:
    row = CATALOG[name]

    assert destination(row.service(), CallOptions(api_base=host), key_of(row)).headers


@pytest.mark.parametrize(
    "host", ["https://openai.azure.com.evil.example", "http://x.openai.azure.com", "https://evil-azure.com"]
)
def test_a_host_that_only_looks_like_the_vendors_gets_no_key(host: str) -> None:
    row = CATALOG["azure"]

    with pytest.raises(AuthenticationError, match="AZURE_OPENAI_API_KEY was not issued"):
        destination(row.service(), CallOptions(api_base=host), key_of(row))


def test_a_key_goes_to_the_address_that_the_environment_names() -> None:
    variables = {"GROQ_API_KEY": "k", "GROQ_BASE_URL": "https://proxy.example/groq"}
    row = CATALOG["groq"]

    assert destination(row.service(), CallOptions(), variables).headers == (("authorization", "Bearer k"),)
    assert destination(row.service(), CallOptions(api_base="https://proxy.example/v2"), variables).headers
    with pytest.raises(AuthenticationError):
        destination(
            row.service(), CallOptions(api_base="https://x.example"), {**variables, "GROQ_BASE_URL": "no address"}
        )
    with pytest.raises(BadRequestError, match="has a space"):
        destination(row.service(), CallOptions(), {**variables, "GROQ_BASE_URL": "no address"})


def test_a_server_of_the_users_own_gets_a_key_only_if_there_is_one() -> None:
    row = CATALOG["vllm"]

    assert destination(row.service(), CallOptions(), {}).headers == ()
    assert destination(row.service(), CallOptions(), {"VLLM_API_KEY": "k"}).headers
    assert (
        destination(row.service(), CallOptions(api_base="https://gpu.example/v1"), {"VLLM_API_KEY": "k"}).headers == ()
    )


@pytest.mark.parametrize("key", ["a\nb", "ü", " kq", "\x7f"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(AuthenticationError) as caught:
        destination(CATALOG["groq"].service(), CallOptions(api_key=key), {})

    assert key not in str(caught.value)


def test_a_key_is_in_no_repr() -> None:
    to = destination(CATALOG["groq"].service(), CallOptions(api_key="sk-secret"), {})

    assert "sk-secret" not in repr(to)
