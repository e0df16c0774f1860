"""Tokens of clouds, by their vendors' libraries, from servers on loopback that pretend to be theirs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import attrs
import pytest
from test_credentials import HELLO, Provided, client_of

from trio_llm import AuthenticationError, Provider
from trio_llm._credentials import clouds
from trio_llm._credentials.clouds import first_source
from trio_llm.providers import EntraCredentials, GoogleCredentials

TESTS = Path(__file__).parent
pytestmark = pytest.mark.anyio


@attrs.define
class TokenServer:
    """A server whose every answer is a token, or an error; and what it was asked."""

    port: int
    asked: list[tuple[str, str]] = attrs.field(factory=list)
    status: int = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def token_server() -> Iterator[TokenServer]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            found.asked.append((self.path, body))
            content: dict[str, Any] = {"access_token": "cloud-token", "expires_in": 3_600, "token_type": "Bearer"}
            if "/service-accounts/default/?" in self.path:
                content = {"email": "me@project.example", "scopes": [], "aliases": ["default"]}
            if self.path.startswith("/msi"):
                content["expires_on"] = str(int(time.time()) + 3_600)
            if found.status >= 400:
                content = {"error": "invalid_grant", "error_description": "account not found"}
            data = json.dumps(content).encode()
            self.send_response(found.status)
            self.send_header("content-type", "application/json")
            self.send_header("metadata-flavor", "Google")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = answer

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    found = TokenServer(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def service_account(token_uri: str) -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    private = key.private_bytes(encoding, form, serialization.NoEncryption()).decode()
    return json.dumps(
        {
            "type": "service_account",
            "client_email": "me@project.example",
            "private_key_id": "1",
            "private_key": private,
            "token_uri": token_uri,
        }
    )


GOOGLE = Provider(
    name="cloud",
    base_url="https://models.googleapis.com/v1",
    documentation="https://cloud.example",
    key_variables=("CLOUD_TOKEN",),
    sources=(GoogleCredentials(),),
)


async def test_a_service_accounts_token_is_asked_for_once_and_kept(tmp_path: Any) -> None:
    with token_server() as server:
        text = service_account(f"{server.url}/token")
        path = tmp_path / "account.json"
        path.write_text(text)
        provider = Provided()
        variables = {"GOOGLE_APPLICATION_CREDENTIALS": str(path)}
        async with client_of(provider, providers=[GOOGLE], variables=variables) as client:
            await client.completion("cloud/m", HELLO)
            await client.completion("cloud/m", HELLO)
            await client.completion("cloud/m", HELLO, vertex_credentials=json.loads(text))
            assert len(client.statistics().accounts) == 2

    assert provider.keys == ["Bearer cloud-token"] * 3
    assert [path for path, _ in server.asked] == ["/token", "/token"]
    assert "assertion=" in server.asked[0][1]


# In a process of its own, as google-auth reads the address of the metadata server when it is imported.
ON_A_MACHINE_OF_GOOGLES = """
import trio
from test_cloud_tokens import GOOGLE
from test_credentials import HELLO, Provided, client_of

async def main():
    provider = Provided()
    async with client_of(provider, providers=[GOOGLE]) as client:
        await client.completion("cloud/m", HELLO)
    print(provider.keys)

trio.run(main)
"""


def test_the_metadata_server_is_asked_where_nothing_else_is_known() -> None:
    with token_server() as server:
        host = server.url.removeprefix("http://")
        environment = {**os.environ, "GCE_METADATA_HOST": host, "GCE_METADATA_IP": host, "CLOUDSDK_CONFIG": "/nowhere"}
        environment["PYTHONPATH"] = os.pathsep.join([str(TESTS), str(TESTS.parent)])
        command = [sys.executable, "-c", ON_A_MACHINE_OF_GOOGLES]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert done.stdout == "['Bearer cloud-token']\n", done.stderr


async def test_an_account_that_google_does_not_know_is_an_error_with_its_words() -> None:
    with token_server() as server:
        server.status = 400
        provider = Provided()
        async with client_of(provider, providers=[GOOGLE]) as client:
            with pytest.raises(AuthenticationError, match="account not found") as caught:
                credentials = service_account(f"{server.url}/token")
                await client.completion("cloud/m", HELLO, vertex_credentials=credentials)

    assert provider.sent == []
    assert "PRIVATE KEY" not in str(caught.value)


async def test_credentials_that_are_no_json_and_no_file_are_an_error() -> None:
    provider = Provided()
    async with client_of(provider, providers=[GOOGLE]) as client:
        for text in ("/nowhere/account.json", '{"type": "service_account"', '{"type": "surprise"}'):
            with pytest.raises(AuthenticationError, match="no token of Google Cloud"):
                await client.completion("cloud/m", HELLO, vertex_credentials=text)


AZURE = Provider(
    name="cloud",
    base_url="https://models.azure.example/v1",
    documentation="https://cloud.example",
    sources=(EntraCredentials(),),
)


async def test_a_managed_identitys_token_goes_as_a_bearer(monkeypatch: pytest.MonkeyPatch) -> None:
    with token_server() as server:
        variables = {"IDENTITY_ENDPOINT": f"{server.url}/msi", "IDENTITY_HEADER": "h"}
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        provider = Provided()
        async with client_of(provider, providers=[AZURE], variables=variables) as client:
            await client.completion("cloud/m", HELLO)

    assert provider.keys == ["Bearer cloud-token"]
    assert "resource=https" in server.asked[0][0]


async def test_entra_without_credentials_is_an_error_with_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    provider = Provided()
    variables = {"AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential"}
    async with client_of(provider, providers=[AZURE], variables=variables) as client:
        with pytest.raises(AuthenticationError, match="no token of Microsoft Entra"):
            await client.completion("cloud/m", HELLO)

    assert provider.sent == []


def test_without_the_extras_nothing_is_found_and_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clouds, "find_spec", lambda _: None)

    assert first_source(GOOGLE.sources, {}) is None
    assert first_source(AZURE.sources, {"AZURE_CLIENT_ID": "x"}) is None
    hints = clouds.source_hints((*GOOGLE.sources, *AZURE.sources))
    assert ["trio-llm[google]" in hints[0], "trio-llm[azure]" in hints[1]] == [True, True]


def test_entra_is_not_asked_where_nothing_says_that_it_knows_somebody() -> None:
    assert first_source(AZURE.sources, {}) is None
    assert first_source(AZURE.sources, {"AZURE_TENANT_ID": "t"}) is not None
