"""Keys that are asked for: when, how often, by whom, and that accounts are told by their source."""

from __future__ import annotations

import base64
import gc
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import pytest
from golden_requests import Refusal
from hypothesis import given, strategies as st
from virtual import in_virtual_time

from trio_llm import (
    AccessToken,
    APIError,
    AuthenticationError,
    BadRequestError,
    Client,
    Limits,
    PermissionDeniedError,
    Provider,
    RateLimitError,
    RetryPolicy,
    TokenSource,
)
from trio_llm._catalog import CATALOG
from trio_llm._credentials.destinations import destination
from trio_llm._runtime import run_clock, trio
from trio_llm._types.http import HTTPRequest, Origin, ReplyHead
from trio_llm._types.request import NO_OPTIONS, CallOptions, split_arguments
from trio_llm.providers import HeaderKey, QueryKey, TokenExchange
from trio_llm.testing import Simulator
from trio_llm.types import TransportStatistics

HELLO = [{"role": "user", "content": "Hello"}]
ANSWER = json.dumps(
    {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
    }
).encode()
Answering = Callable[[HTTPRequest], tuple[int, Mapping[str, str], bytes]]


def well(_: HTTPRequest) -> tuple[int, Mapping[str, str], bytes]:
    return 200, {"content-type": "application/json"}, ANSWER


@attrs.define
class Provided:
    """A provider that answers as it is told, and remembers what was sent, to whom and when."""

    answer: Answering = well
    sent: list[tuple[float, Origin, HTTPRequest]] = attrs.field(factory=list)

    async def send(self, origin: Origin, request: HTTPRequest) -> Refusal:
        self.sent.append((run_clock()(), origin, request))
        await trio.lowlevel.checkpoint()
        status, headers, body = self.answer(request)
        return Refusal(ReplyHead(status, headers), body)

    async def aclose(self) -> None:
        pass

    def statistics(self) -> TransportStatistics:
        return TransportStatistics(0, 0)

    @property
    def keys(self) -> list[str]:
        return [dict(request.headers).get("authorization", "") for _, _, request in self.sent]


def numbered() -> tuple[Callable[[], str], list[str]]:
    """A callable whose every answer is another token, and what it answered."""
    given: list[str] = []

    def token() -> str:
        given.append(f"token-{len(given)}")
        return given[-1]

    return token, given


def client_of(provider: Provided, **options: Any) -> Client:
    return Client(**{"transport": provider, "variables": {}, "retry": RetryPolicy(attempts=1), **options})


@in_virtual_time
async def test_a_callable_is_asked_for_every_attempt() -> None:
    provider, (token, _) = Provided(), numbered()
    async with client_of(provider) as client:
        for _ in range(3):
            await client.completion("openai/m", HELLO, api_key=token)

    assert provider.keys == ["Bearer token-0", "Bearer token-1", "Bearer token-2"]


@in_virtual_time
async def test_an_async_callable_is_awaited_inside_the_call() -> None:
    async def token() -> str:
        await trio.sleep(3)
        return "slow"

    provider = Provided()
    async with client_of(provider) as client:
        began = run_clock()()
        await client.completion("openai/m", HELLO, api_key=token)
        assert run_clock()() - began == pytest.approx(3)
        with pytest.raises(APIError, match="no reply within 1 s"):
            await client.completion("openai/m", HELLO, api_key=token, timeout=1)

    assert provider.keys == ["Bearer slow"]


@in_virtual_time
async def test_a_source_is_asked_after_the_waits_of_its_attempt() -> None:
    asked: list[float] = []

    def token() -> str:
        asked.append(run_clock()())
        return "k"

    def limited_first(request: HTTPRequest) -> tuple[int, Mapping[str, str], bytes]:
        return (503, {}, b"{}") if len(asked) == 1 else well(request)

    provider = Provided(limited_first)
    retry = RetryPolicy(attempts=2, first_pause=1_200, longest_pause=1_200, jitter=0)
    async with client_of(provider, retry=retry) as client:
        await client.completion("openai/m", HELLO, api_key=token, timeout=3_600)

    assert asked == [at for at, _, _ in provider.sent]
    assert asked[1] - asked[0] >= 1_200


@in_virtual_time
async def test_tokens_that_rotate_keep_their_account() -> None:
    provider, (token, _) = Provided(), numbered()
    async with client_of(provider, limits=Limits(requests_per_minute=2)) as client:
        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(lambda: client.completion("openai/m", HELLO, api_key=token, timeout=600))
        accounts = client.statistics().accounts

    assert len(accounts) == 1
    assert len(set(provider.keys)) == 5
    assert len([at for at, _, _ in provider.sent if at < provider.sent[0][0] + 1]) == 2


@in_virtual_time
async def test_callables_that_name_one_account_share_it_and_others_do_not() -> None:
    provider = Provided()
    async with client_of(provider) as client:
        for account in ("a", "b", "a"):
            source = TokenSource(lambda: "k", account=account)
            await client.completion("openai/m", HELLO, api_key=source)
        assert len(client.statistics().accounts) == 2


@in_virtual_time
async def test_a_key_of_the_environment_that_rotates_keeps_its_account() -> None:
    provider, variables = Provided(), {"OPENAI_API_KEY": "first"}
    async with client_of(provider, variables=variables) as client:
        await client.completion("openai/m", HELLO)
        variables["OPENAI_API_KEY"] = "second"
        await client.completion("openai/m", HELLO)
        assert len(client.statistics().accounts) == 1

    assert provider.keys == ["Bearer first", "Bearer second"]


@in_virtual_time
async def test_a_token_with_an_end_is_kept_until_shortly_before_it() -> None:
    provider = Provided()
    asked: list[float] = []

    def token() -> AccessToken:
        asked.append(run_clock()())
        return AccessToken(f"token-{len(asked)}", time.time() + 3_600)

    async with client_of(provider) as client:
        for pause in (0, 3_000, 400, 100):
            await trio.sleep(pause)
            await client.completion("openai/m", HELLO, api_key=token)

    assert provider.keys == ["Bearer token-1"] * 3 + ["Bearer token-2"]


@in_virtual_time
async def test_attempts_that_leave_at_once_ask_once_and_a_cancelled_one_leaves_the_asking_to_the_next() -> None:
    provider = Provided()
    asked: list[float] = []

    async def token() -> AccessToken:
        asked.append(run_clock()())
        await trio.sleep(5)
        return AccessToken("t", time.time() + 3_600)

    async with client_of(provider) as client:
        source = TokenSource(token)
        async with trio.open_nursery() as nursery:
            with trio.move_on_after(1):
                await client.completion("openai/m", HELLO, api_key=source)
            for _ in range(20):
                nursery.start_soon(lambda: client.completion("openai/m", HELLO, api_key=source))

    assert len(asked) == 2
    assert provider.keys == ["Bearer t"] * 20


@in_virtual_time
async def test_a_refused_token_is_asked_for_anew_once() -> None:
    for good_from, expected in ((2, "ok"), (3, "error")):
        asked: list[str] = []

        def token(asked: list[str] = asked) -> AccessToken:
            asked.append("x")
            return AccessToken(f"token-{len(asked)}", time.time() + 3_600)

        def check(request: HTTPRequest, good_from: int = good_from) -> tuple[int, Mapping[str, str], bytes]:
            number = int(dict(request.headers)["authorization"].rpartition("-")[2])
            return well(request) if number >= good_from else (401, {}, b'{"error": {"message": "stale"}}')

        provider = Provided(check)
        async with client_of(provider) as client:
            try:
                await client.completion("openai/m", HELLO, api_key=token, num_retries=0)
                outcome = "ok"
            except AuthenticationError as error:
                outcome = "error"
                assert error.attempts == 2

        assert (outcome, len(asked)) == (expected, 2)


@in_virtual_time
async def test_a_source_without_ends_is_asked_by_every_attempt_for_itself_and_at_the_same_time() -> None:
    provider, asked = Provided(), list[str]()

    async def token() -> str:
        asked.append(f"token-{len(asked)}")
        mine = asked[-1]
        await trio.sleep(5)
        return mine

    async with client_of(provider) as client:
        source = TokenSource(token)
        await client.completion("openai/m", HELLO, api_key=source)
        began = run_clock()()
        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(lambda: client.completion("openai/m", HELLO, api_key=source))
        assert run_clock()() - began == pytest.approx(5)

    assert len(set(provider.keys)) == 21


@in_virtual_time
async def test_a_refused_text_is_not_sent_again() -> None:
    provider = Provided(lambda _: (401, {}, b"{}"))
    async with client_of(provider) as client:
        with pytest.raises(AuthenticationError):
            await client.completion("openai/m", HELLO, api_key="k")
        row = Provider(name="v", base_url="https://v.example", documentation="https://v.example", auth=QueryKey("key"))
    async with client_of(provider, providers=[row]) as client:
        with pytest.raises(AuthenticationError):
            await client.completion("v/m", HELLO, api_key="k")

    assert len(provider.sent) == 2


@in_virtual_time
async def test_a_token_without_the_right_is_not_asked_for_anew() -> None:
    token, given_tokens = numbered()
    provider = Provided(lambda _: (403, {}, b'{"error": {"message": "not yours"}}'))
    async with client_of(provider) as client:
        with pytest.raises(PermissionDeniedError, match="not yours"):
            await client.completion("openai/m", HELLO, api_key=token)

    assert len(provider.sent) == len(given_tokens) == 1


@in_virtual_time
async def test_streams_ask_and_renew_as_whole_replies_do() -> None:
    token, given_tokens = numbered()

    def check(request: HTTPRequest) -> tuple[int, Mapping[str, str], bytes]:
        if dict(request.headers)["authorization"] == "Bearer token-0":
            return 401, {}, b"{}"
        event = b'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
        return 200, {"content-type": "text/event-stream"}, event

    async with client_of(Provided(check)) as client:
        stream = await client.completion("openai/m", HELLO, api_key=token, stream=True)
        texts = [chunk.choices[0].delta.content async for chunk in stream]

    assert "".join(text or "" for text in texts) == "hi"
    assert len(given_tokens) == 2


@pytest.mark.parametrize("answer", ["", None, 7, AccessToken("")])
def test_a_callable_that_returns_no_key_is_an_error_before_a_byte_leaves(answer: Any) -> None:
    check_nothing_left(lambda: answer, "returned no key")


def test_a_callable_that_fails_is_an_error_that_does_not_tell_its_words() -> None:
    def fails() -> str:
        raise ValueError("sk-secret-of-mine is bad")

    error = check_nothing_left(fails, "the callable raised ValueError")
    assert "sk-secret" not in str(error)
    assert isinstance(error.__cause__, ValueError)


def test_a_token_that_no_header_can_carry_is_not_shown() -> None:
    error = check_nothing_left(lambda: "sk\nsecret", "no header can carry")
    assert "secret" not in str(error)


def check_nothing_left(key: Any, words: str) -> AuthenticationError:
    from trio_llm.testing import run_in_virtual_time

    provider = Provided()
    caught: list[AuthenticationError] = []

    async def ask() -> None:
        async with client_of(provider) as client:
            with pytest.raises(AuthenticationError, match=words) as error:
                await client.completion("openai/m", HELLO, api_key=key)
            caught.append(error.value)

    run_in_virtual_time(ask, backend="trio")
    assert provider.sent == []
    assert caught[0].llm_provider == "openai"
    return caught[0]


def test_a_key_that_is_neither_text_nor_callable_is_refused_without_being_shown() -> None:
    with pytest.raises(BadRequestError, match="must be text, or a callable") as caught:
        split_arguments({"api_key": b"sk-secret"}, frozenset())

    assert "secret" not in str(caught.value)


@pytest.mark.anyio
@pytest.mark.parametrize("model", ["openai/gpt-4o", "gemini/gemini-2.5-flash"])
async def test_the_name_of_a_variable_is_not_sent_as_a_key(model: str) -> None:
    simulator = Simulator()
    async with Client(transport=simulator, variables={}) as client:
        with pytest.raises(AuthenticationError, match=r"give os\.environ\[\.\.\.\]"):
            await client.completion(model, [{"role": "user", "content": "Hi"}], api_key="os.environ/MY_KEY")

    assert simulator.requests == []


def test_sources_are_told_by_their_account_or_their_callable() -> None:
    class Unhashable:
        __hash__ = None  # type: ignore[assignment]

        def __call__(self) -> str:
            return "k"

    one, other = Unhashable(), Unhashable()

    assert TokenSource(one) == TokenSource(one) != TokenSource(other)
    assert TokenSource(one, account="a") == TokenSource(other, account="a") != "a"
    assert len({TokenSource(one), TokenSource(one)}) == 1
    assert "k" not in repr(AccessToken("k", 1.0)).partition("(")[2].replace("token", "")
    assert repr(TokenSource(time.ctime)) == "TokenSource(ctime)"


def test_arguments_of_clouds_are_settings_and_a_token_provider_is_a_key() -> None:
    def provider() -> str:
        return "t"

    _, options = split_arguments({"aws_region_name": "eu-1", "vertex_credentials": {"type": "x"}}, frozenset())
    _, azure = split_arguments({"azure_ad_token_provider": provider}, frozenset())

    assert options.settings == (("aws_region_name", "eu-1"), ("vertex_credentials", '{"type": "x"}'))
    assert azure.api_key == TokenSource(provider)
    assert NO_OPTIONS.settings is None
    with pytest.raises(BadRequestError, match="azure_ad_token_provider must be a callable"):
        split_arguments({"azure_ad_token_provider": "text"}, frozenset())


def test_azure_sends_tokens_as_bearers_whoever_gives_them() -> None:
    service = CATALOG["azure"].service()
    variables = {"AZURE_RESOURCE_NAME": "r", "AZURE_API_KEY": "k"}
    given_token = destination(service, CallOptions(settings=(("azure_ad_token", "t"),)), variables)
    elsewhere = CallOptions(settings=(("azure_ad_token", "t"),), api_base="https://gateway.example")

    assert given_token.headers == (("authorization", "Bearer t"),)
    assert destination(service, elsewhere, variables).headers == (("authorization", "Bearer t"),)


@in_virtual_time
async def test_a_callable_on_azure_gives_a_bearer() -> None:
    provider = Provided()
    async with client_of(provider) as client:
        base = "https://r.openai.azure.com"
        await client.completion("azure/d", HELLO, api_base=base, azure_ad_token_provider=lambda: "t")
        await client.completion("azure/d", HELLO, api_base=base, api_key=lambda: "t")

    assert provider.keys == ["Bearer t", "Bearer t"]


@in_virtual_time
async def test_a_key_may_go_into_the_query_or_any_header() -> None:
    provider = Provided()
    rows = [
        Provider(name=name, base_url="https://v.example/v1", documentation="https://v.example", auth=auth)
        for name, auth in (("query", QueryKey("key")), ("header", HeaderKey("x-key", "Key ")))
    ]
    variables = {"QUERY_API_KEY": "a&b", "HEADER_API_KEY": "k"}
    async with client_of(provider, providers=rows, variables=variables) as client:
        await client.completion("query/m", HELLO)
        await client.completion("query/m", HELLO, api_key=lambda: "c")
        await client.completion("header/m", HELLO)

    paths = [request.path for _, _, request in provider.sent]
    assert paths == ["/v1/chat/completions?key=a%26b", "/v1/chat/completions?key=c", "/v1/chat/completions"]
    assert dict(provider.sent[2][2].headers)["x-key"] == "Key k"


def exchanging(request: HTTPRequest) -> tuple[int, Mapping[str, str], bytes]:
    if request.path != "/identity/token":
        return well(request)
    assert isinstance(request.body, bytes)
    key = request.body.rpartition(b"=")[2].decode()
    if key.startswith("bad"):
        return 400, {}, json.dumps({"errorMessage": f"key {key} could not be found"}).encode()
    return 200, {}, json.dumps({"access_token": f"token-of-{key}", "expires_in": 3_600}).encode()


@in_virtual_time
async def test_a_key_is_exchanged_for_a_token_over_the_clients_own_transport() -> None:
    provider = Provided(exchanging)
    variables = {"WATSONX_APIKEY": "mine", "WATSONX_URL": "https://us-south.ml.cloud.ibm.com"}
    async with client_of(provider, variables=variables) as client:
        for key in (None, None, "yours"):
            await client.completion("watsonx/m", HELLO, api_key=key)
        assert len(client.statistics().accounts) == 2

    hosts = [origin.host for _, origin, _ in provider.sent]
    iam, watsonx = "iam.cloud.ibm.com", "us-south.ml.cloud.ibm.com"
    assert hosts == [iam, watsonx, watsonx, iam, watsonx]
    assert [key for key in provider.keys if key] == [
        "Bearer token-of-mine",
        "Bearer token-of-mine",
        "Bearer token-of-yours",
    ]
    assert provider.sent[0][2].body == b"grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey=mine"


@in_virtual_time
async def test_a_key_that_cannot_be_exchanged_is_an_error_with_the_words_but_not_the_key() -> None:
    provider = Provided(exchanging)
    variables = {"WATSONX_URL": "https://us-south.ml.cloud.ibm.com"}
    async with client_of(provider, variables=variables) as client:
        with pytest.raises(BadRequestError, match="could not be found") as caught:
            await client.completion("watsonx/m", HELLO, api_key="bad-key-of-forty-characters")

    assert "bad-key" not in str(caught.value)
    assert len(provider.sent) == 1


@in_virtual_time
async def test_a_token_is_in_no_error_that_quotes_it() -> None:
    secret = "token-" + "q" * 30
    provider = Provided(lambda _: (400, {}, json.dumps({"error": {"message": f"bad {secret}"}}).encode()))
    async with client_of(provider) as client:
        with pytest.raises(BadRequestError) as caught:
            await client.completion("openai/m", HELLO, api_key=lambda: secret)

    assert "qqqq" not in str(caught.value)


def test_what_a_machine_has_goes_to_no_address_of_others() -> None:
    row = Provider(
        name="v",
        base_url="https://v.example/v1",
        documentation="https://v.example",
        sources=(TokenExchange("https://v.example/token", ("V_SECRET",), "key"),),
    )
    variables = {"V_SECRET": "s"}

    assert destination(row.service(), CallOptions(), variables).chosen.source is not None
    with pytest.raises(AuthenticationError, match=r"elsewhere\.example"):
        destination(row.service(), CallOptions(api_base="https://elsewhere.example/v1"), variables)
    with pytest.raises(AuthenticationError, match="V_API_KEY; set V_SECRET"):
        destination(row.service(), CallOptions(), {})


@given(key=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1), account=st.text())
def test_an_account_never_depends_on_what_a_source_gives(key: str, account: str) -> None:
    service = CATALOG["groq"].service()
    first, second = (
        destination(service, CallOptions(api_key=TokenSource(lambda text=text: text, account=account)), {})  # type: ignore[misc]
        for text in (key, key[::-1] + "x")
    )
    environments = [destination(service, CallOptions(), {"GROQ_API_KEY": text}).account for text in (key, f"{key}x")]

    assert first.account == second.account
    assert environments[0] == environments[1]
    assert base64.b64encode(key.encode()).decode() not in repr(first)


@in_virtual_time
async def test_a_limit_that_a_source_meets_is_the_callers_error() -> None:
    def limited() -> str:
        raise RateLimitError("the vault is busy")

    async with client_of(Provided()) as client:
        with pytest.raises(RateLimitError, match="vault"):
            await client.completion("openai/m", HELLO, api_key=limited)


@in_virtual_time
async def test_idle_accounts_at_rest_are_dropped() -> None:
    async with client_of(Provided(), limits=Limits(max_in_flight=4)) as client:
        for number in range(4_500):
            await client.completion("openai/m", HELLO, api_key=f"key-{number}")
        gc.collect()
        accounts = client.statistics().accounts

    assert len(accounts) <= 1_000
    assert "openai https://api.openai.com/v1 #2" in accounts


@in_virtual_time
async def test_an_account_that_is_not_at_rest_outlives_its_routes() -> None:
    async with client_of(Provided(), limits=Limits(requests_per_minute=1)) as client:
        for number in range(1_100):
            await client.completion("openai/m", HELLO, api_key=f"key-{number}")
        gc.collect()
        began = run_clock()()
        assert len(client.statistics().accounts) == 1_100
        await client.completion("openai/m", HELLO, api_key="key-0")

        assert run_clock()() - began > 30
