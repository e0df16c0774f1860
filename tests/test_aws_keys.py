"""Keys of AWS by botocore, from servers on loopback that pretend to be AWS's, and the time of signatures."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from math import inf
from pathlib import Path
from typing import Any

import attrs
import pytest
from test_credentials import HELLO, Provided, client_of, well
from virtual import in_virtual_time

from trio_llm import AuthenticationError, PermissionDeniedError, Provider, RetryPolicy
from trio_llm._credentials import clouds
from trio_llm._credentials.aws import BotocoreSource
from trio_llm._runtime import trio
from trio_llm.providers import AwsCredentials, SigV4

pytest.importorskip("botocore")
TESTS = Path(__file__).parent
CLOUD = Provider(
    name="cloud",
    base_url="https://models.aws.example/v1",
    documentation="https://cloud.example",
    key_variables=("CLOUD_TOKEN",),
    sources=(AwsCredentials(SigV4("bedrock")),),
)
REGION = {"AWS_REGION": "eu-west-3"}
pytestmark = pytest.mark.anyio


@attrs.define
class Aws:
    """A server that gives keys as AWS's do, and what it was asked."""

    port: int
    lasts: float = 3_600
    asked: list[str] = attrs.field(factory=list)
    refuses: bool = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def end(self) -> str:
        return (datetime.now(UTC) + timedelta(seconds=self.lasts)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _answer(aws: Aws, path: str, body: str) -> str:
    key = f"AKIA{len(aws.asked)}"
    if "Action=AssumeRole" in body:
        return f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
            <AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>of-a-role</SessionToken>
            <Expiration>{aws.end}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"""
    if path.startswith("/federation/credentials"):
        keys = {"accessKeyId": key, "secretAccessKey": "s", "sessionToken": "of-sso"}
        return json.dumps({"roleCredentials": {**keys, "expiration": int((time.time() + aws.lasts) * 1_000)}})
    if path == "/latest/api/token":
        return "metadata-token"
    if path == "/latest/meta-data/iam/security-credentials/":
        return "harbour-role"
    keys = {"AccessKeyId": key, "SecretAccessKey": "s", "Token": "of-a-machine", "Expiration": aws.end}
    return json.dumps({"Code": "Success", **keys})


@contextmanager
def aws_server() -> Iterator[Aws]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            found.asked.append(self.path)
            data = _answer(found, self.path, body).encode()
            self.send_response(403 if found.refuses else 200)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = answer

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    found = Aws(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A machine on which nothing says who it is."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    return monkeypatch


def proofs(provider: Provided) -> list[tuple[str, str | None]]:
    """The access key and the session's token of every request."""
    found = []
    for _, _, request in provider.sent:
        headers = dict(request.headers)
        credential = re.search(r"Credential=([^/]+)/", headers["authorization"])
        assert credential is not None
        found.append((credential[1], headers.get("x-amz-security-token")))
    return found


async def test_an_instances_keys_are_asked_for_once_and_again_shortly_before_they_end(
    machine: pytest.MonkeyPatch,
) -> None:
    with aws_server() as aws:
        machine.setenv("AWS_EC2_METADATA_DISABLED", "false")
        machine.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"{aws.url}/")
        provider = Provided()
        async with client_of(provider, providers=[CLOUD], variables=REGION) as client:
            await client.completion("cloud/m", HELLO)
            await client.completion("cloud/m", HELLO)
            asked = len(aws.asked)

    assert proofs(provider) == [("AKIA3", "of-a-machine")] * 2
    assert asked == 3


async def test_keys_say_how_long_they_last(machine: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text("[harbour]\naws_access_key_id = AKIAP\naws_secret_access_key = s\n")
    with aws_server() as aws:
        machine.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{aws.url}/keys")
        of_a_container = await BotocoreSource(None).ask(nobody)
    of_a_user = await BotocoreSource("harbour").ask(nobody)

    assert of_a_container.lasts is not None
    assert 3_500 < of_a_container.lasts <= 3_600
    assert of_a_user.lasts == inf


async def test_a_profile_of_the_call_stands_before_the_environments_key(
    machine: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "credentials").write_text("[harbour]\naws_access_key_id = AKIAP\naws_secret_access_key = s\n")
    provider = Provided()
    variables = {**REGION, "CLOUD_TOKEN": "bearer", "AWS_ACCESS_KEY_ID": "AKIAE", "AWS_SECRET_ACCESS_KEY": "s"}
    async with client_of(provider, providers=[CLOUD], variables=variables) as client:
        await client.completion("cloud/m", HELLO, aws_profile_name="harbour")

    assert proofs(provider) == [("AKIAP", None)]


async def test_a_role_of_a_profile_is_assumed(machine: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(
        "[profile base]\naws_access_key_id = AKIAB\naws_secret_access_key = s\n"
        "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/harbour\nsource_profile = base\n"
    )
    with aws_server() as aws:
        machine.setenv("AWS_ENDPOINT_URL_STS", aws.url)
        provider = Provided()
        async with client_of(provider, providers=[CLOUD], variables={**REGION, "AWS_PROFILE": "role"}) as client:
            await client.completion("cloud/m", HELLO)
            await client.completion("cloud/m", HELLO)

    assert proofs(provider) == [("AKIA1", "of-a-role")] * 2
    assert aws.asked == ["/"]


@pytest.mark.parametrize("given", [True, False])
async def test_a_role_of_the_call_is_assumed_with_the_keys_that_there_are(
    machine: pytest.MonkeyPatch, given: bool
) -> None:
    keys: dict[str, Any] = (
        {"aws_access_key_id": "AKIAG", "aws_secret_access_key": "s", "aws_session_token": "t"} if given else {}
    )
    with aws_server() as aws:
        machine.setenv("AWS_ENDPOINT_URL_STS", aws.url)
        machine.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{aws.url}/keys")
        provider = Provided()
        async with client_of(provider, providers=[CLOUD], variables=REGION) as client:
            for _ in range(2):
                await client.completion("cloud/m", HELLO, aws_role_name="arn:aws:iam::1234:role/harbour", **keys)

    assert proofs(provider) == [("AKIA1" if given else "AKIA2", "of-a-role")] * 2
    assert aws.asked == (["/"] if given else ["/keys", "/"])


# In a process of its own, as botocore reads where home is when it is imported.
SIGNED_ON = """
import trio
from test_aws_keys import CLOUD, REGION, proofs
from test_credentials import HELLO, Provided, client_of

async def main():
    provider = Provided()
    async with client_of(provider, providers=[CLOUD], variables=REGION) as client:
        await client.completion("cloud/m", HELLO, aws_profile_name="harbour")
    print(proofs(provider))

trio.run(main)
"""


def test_who_has_signed_on_once_is_known(tmp_path: Path) -> None:
    start = "https://harbour.awsapps.example/start"
    cache = tmp_path / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    token = {"startUrl": start, "region": "eu-west-3", "accessToken": "t", "expiresAt": "2099-01-01T00:00:00Z"}
    (cache / f"{hashlib.sha1(start.encode()).hexdigest()}.json").write_text(json.dumps(token))
    (tmp_path / ".aws" / "config").write_text(
        f"[profile harbour]\nsso_start_url = {start}\nsso_region = eu-west-3\n"
        "sso_account_id = 123456789012\nsso_role_name = reader\n"
    )
    with aws_server() as aws:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment |= {"HOME": str(tmp_path), "AWS_ENDPOINT_URL_SSO": aws.url, "AWS_EC2_METADATA_DISABLED": "true"}
        environment["PYTHONPATH"] = os.pathsep.join([str(TESTS), str(TESTS.parent)])
        command = [sys.executable, "-c", SIGNED_ON]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert done.stdout == "[('AKIA1', 'of-sso')]\n", done.stderr


async def test_where_nobody_is_known_the_error_says_so(machine: pytest.MonkeyPatch) -> None:
    provider = Provided()
    async with client_of(provider, providers=[CLOUD], variables=REGION) as client:
        with pytest.raises(AuthenticationError, match="no keys of AWS: botocore found none"):
            await client.completion("cloud/m", HELLO)
        with pytest.raises(AuthenticationError, match="no keys of AWS: The config profile"):
            await client.completion("cloud/m", HELLO, aws_profile_name="quay")

    assert provider.sent == []


@pytest.mark.parametrize(
    ("code", "status", "times"),
    [("ExpiredTokenException", 403, 2), ("UnrecognizedClientException", 403, 2), ("AccessDeniedException", 403, 1)],
)
async def test_keys_that_aws_refuses_are_asked_for_anew_once(
    machine: pytest.MonkeyPatch, code: str, status: int, times: int
) -> None:
    with aws_server() as aws:
        machine.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{aws.url}/keys")
        provider = Provided(lambda _: (status, {"x-amzn-errortype": code}, b'{"message": "No."}'))
        async with client_of(provider, variables=REGION) as client:
            with pytest.raises(PermissionDeniedError, match="No[.]"):
                await client.completion("bedrock/m", HELLO)

    assert proofs(provider) == [(f"AKIA{number}", "of-a-machine") for number in range(1, times + 1)]


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("half", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
def test_half_a_key_is_not_made_up_for_by_the_machine(half: str) -> None:
    assert clouds.first_source(CLOUD.sources, {half: "x"}) is None
    assert clouds.first_source(CLOUD.sources, {}) is not None


def test_without_botocore_there_is_no_looking_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clouds, "find_spec", lambda _: None)

    assert clouds.first_source(CLOUD.sources, {}) is None
    assert "trio-llm[aws]" in clouds.source_hints(CLOUD.sources)[0]


async def nobody(url: str, fields: Mapping[str, str]) -> Any:
    raise AssertionError("nothing is posted")


START = 1_800_000_000.0


@in_virtual_time
async def test_a_signature_is_made_when_its_attempt_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = trio.current_time()
    monkeypatch.setattr(time, "time", lambda: START + trio.current_time() - begun)
    provider = Provided(lambda request: well(request) if len(provider.sent) > 1 else (503, {}, b"{}"))
    retry = RetryPolicy(attempts=2, first_pause=1_200, longest_pause=1_200, jitter=0)
    variables = {**REGION, "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s"}
    async with client_of(provider, providers=[CLOUD], variables=variables, retry=retry) as client:
        await client.completion("cloud/m", HELLO, timeout=3_600)
    first, second = (dict(request.headers)["x-amz-date"] for _, _, request in provider.sent)

    assert first == datetime.fromtimestamp(START, UTC).strftime("%Y%m%dT%H%M%SZ")
    assert second == datetime.fromtimestamp(START + 1_200, UTC).strftime("%Y%m%dT%H%M%SZ")
