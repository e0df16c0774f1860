"""Errors of every shape are read alike by every dialect: the provider's own words, its code, the class, the wait."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from trio_llm._catalog import CATALOG
from trio_llm._dialects.contract import Dialect
from trio_llm._dialects.error_bodies import ErrorReading
from trio_llm._types.errors import (
    APIError,
    AuthenticationError,
    ContentPolicyViolationError,
    ContextWindowExceededError,
    RateLimitError,
)
from trio_llm._types.http import ReplyHead

DIALECTS = list({(one := row.service().dialect).name: one for row in CATALOG.values()}.values())
every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
PLAIN = ErrorReading()


def said(body: Any, status: int = 400, **headers: str) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return PLAIN.of_reply(ReplyHead(status, headers), raw)


SHAPES = {
    "openai": ({"error": {"message": "Bad key", "type": "t", "code": "bad_key"}}, "Bad key", "bad_key"),
    "type alone": ({"error": {"message": "Bad", "type": "bad", "code": None}}, "Bad", "bad"),
    "beside": ({"object": "error", "message": "Bad", "type": "bad_model", "code": "1500"}, "Bad", "1500"),
    "words": ({"error": "plain words"}, "plain words", None),
    "words and code": ({"code": "invalid", "error": "No such model"}, "No such model", "invalid"),
    "nested twice": ({"error": {"error": {"message": "Deep", "code": "deep"}}}, "Deep", "deep"),
    "a list": ([{"error": {"code": 404, "message": "Gone", "status": "NOT_FOUND"}}], "Gone", "NOT_FOUND"),
    "a string": ("just text", "just text", None),
    "fastapi": (
        {"detail": [{"loc": ["body", "n"], "msg": "no integer", "type": "int"}, {"msg": "nor even"}]},
        "no integer; nor even",
        None,
    ),
    "fastapi, in words": ({"detail": "Not authenticated"}, "Not authenticated", None),
    "detail with a code": ({"detail": {"status": "wrong_voice", "message": "No voice"}}, "No voice", "wrong_voice"),
    "errors": ({"success": False, "errors": [{"code": 7003, "message": "No route"}]}, "No route", "7003"),
    "aws": ({"Message": "Signature", "__type": "com.amazon#SignatureException"}, "Signature", "SignatureException"),
    "minimax": ({"choices": None, "base_resp": {"status_code": 1008, "status_msg": "no money"}}, "no money", "1008"),
    "msg": ({"code": 1302, "msg": "too many", "success": False}, "too many", "1302"),
    "error_msg": ({"error_code": 18, "error_msg": "limit reached"}, "limit reached", "18"),
    "deepgram": ({"err_code": "INVALID_AUTH", "err_msg": "Bad credentials"}, "Bad credentials", "INVALID_AUTH"),
    "oauth": ({"error": "invalid_grant", "error_description": "Run out"}, "Run out", "invalid_grant"),
    "problem": (
        {"type": "about:blank", "title": "Bad Request", "status": 400, "detail": "n is odd"},
        "n is odd",
        None,
    ),
    "google": (
        {
            "error": {
                "code": 400,
                "message": "No",
                "status": "INVALID_ARGUMENT",
                "details": [{"reason": "KEY_BAD"}, "odd"],
            }
        },
        "No",
        "KEY_BAD",
    ),
    "an empty message": ({"error": {"message": "", "detail": "deep"}}, "deep", None),
    "no words": ({"error": {"code": True, "odd": 1}}, '{"error": {"code": true, "odd": 1}}', None),
    "an empty list": ([], "[]", None),
    "few words, and more behind": (
        {"error": {"message": "Provider returned error", "metadata": {"raw": '{"error": {"message": "Too hot"}}'}}},
        "Provider returned error: Too hot",
        None,
    ),
    "few words, and details": (
        {"error": {"message": "invalid input", "details": [{"msg": "a string is wanted"}]}},
        "invalid input: a string is wanted",
        None,
    ),
    "s3": (
        b'<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Reduce &amp; wait</Message></Error>',
        "Reduce & wait",
        "SlowDown",
    ),
    "sts": (
        b'<ErrorResponse xmlns="x"><Error><Type>Sender</Type><Code>Expired</Code><Message>Old</Message></Error>'
        b"</ErrorResponse>",
        "Old",
        "Expired",
    ),
    "nginx": (
        b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><center><h1>502 Bad Gateway</h1></center>"
        b"<hr><center>nginx</center></body></html>",
        "502 Bad Gateway",
        None,
    ),
    "a page": (
        b"<!DOCTYPE html><html><head><style>p {}</style><title>x.com | 521</title></head><body>"
        b"<h1 class='a'>Web server\n is <b>down</b></h1>" + b"<p>More</p>" * 5_000 + b"</body></html>",
        "x.com | 521: Web server is down",
        None,
    ),
    "a page of one line": (b"<html><body><p>Service &lt;down&gt;</p></body></html>", "Service <down>", None),
    "apigee": ({"fault": {"faultstring": "Over quota", "detail": {"errorcode": "policies.Q"}}}, "Over quota", None),
    "an event": (b'event: error\ndata: {"error": {"message": "Bad", "code": "bad"}}\n\n', "Bad", "bad"),
    "an event of words": (b"event: error\ndata: too bad\n\n", "event: error\ndata: too bad", None),
    "text": (b"upstream connect error\n", "upstream connect error", None),
    "no text": (b"\xff", "\ufffd", None),
    "nothing": (b"", "status 400 without a body", None),
    "white space": (b" \n", "status 400 without a body", None),
}


@pytest.mark.parametrize("shape", SHAPES)
@every_dialect
def test_the_providers_words_and_code_are_found_in_every_shape_by_every_dialect(dialect: Dialect, shape: str) -> None:
    body, message, code = SHAPES[shape]
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    detail = dialect.decode_error(ReplyHead(400, {}), raw)

    assert (detail.message, detail.code) == (message, code)


@pytest.mark.parametrize("code", [429, "429", "Too Many Requests", "too_many_requests", "None", "", None, True])
def test_a_code_that_only_repeats_the_status_is_none(code: object) -> None:
    assert said({"error": {"message": "m", "code": code, "type": None}}, 429).code is None
    assert said({"error": {"message": "m", "code": code, "type": "slow"}}, 429).code == "slow"


def test_the_number_of_another_status_is_a_code_where_there_is_no_word() -> None:
    assert said({"error": {"message": "m", "code": 402}}).code == "402"


def test_the_error_type_of_amazons_header_is_a_code() -> None:
    headers = {"x-amzn-errortype": "ThrottlingException:http://internal.amazon.com/coral/"}

    assert said({"message": "m"}, 429, **headers).code == "ThrottlingException"


def test_a_redirect_says_where_to() -> None:
    assert "https://new.example/v1" in said(b"<html>Moved</html>", 308, location="https://new.example/v1").message


# The sentences are their vendors' own, with other numbers.
TOO_LONG = [
    {"error": {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens > 8 maximum"}},
    {"error": {"message": "input length and `max_tokens` exceed context limit: 9 + 8 > 16, decrease"}},
    {"error": {"message": "The input token count (9) exceeds the maximum number of tokens allowed (8)."}},
    {"error": {"message": "This model's maximum context length is 8 tokens. However, you requested 9 tokens"}},
    {"error": {"message": "This endpoint's maximum context length is 8 tokens. However, you requested about 9"}},
    {"error": "This model's maximum prompt length is 8 but the request contains 9 tokens."},
    {"message": "Prompt contains 9 tokens and 0 draft tokens, too large for model with 8 maximum context length"},
    {"message": "The model returned the following errors: Input is too long for requested model."},
    {"message": "The model returned the following errors: prompt is too long: 210000 tokens > 200000 maximum"},
    {
        "message": "'max_tokens' or 'max_completion_tokens' is too large: 5000. This model's maximum context length "
        "is 4096 tokens and your request has 3000 input tokens (5000 > 4096 - 3000)."
    },
    {"message": "too many tokens: size limit exceeded by 9 tokens."},
    {"error": {"message": "prompt too long; exceeded max context length by 9 tokens"}},
    {
        "error": {
            "message": "You passed 9 input tokens and requested 0 output tokens. However, the model's context length "
            "is only 8 tokens, resulting in a maximum input length of 8 tokens.",
        }
    },
    {"error": {"message": "You passed 900 input characters. However, the model's context length is only 8 tokens"}},
    {"message": "The input (9 tokens) is longer than the model's context length (8 tokens)."},
    {"error": "Requested token count exceeds the model's maximum context length of 8 tokens. You requested a total"},
    {"error": {"message": "Input length 9 exceeds the maximum allowed input length of 8 tokens."}},
    {"error": {"message": "Input length (9) exceeds model's maximum context length (8)."}},
    {"error": {"message": "Your input exceeds the model's context window. Please adjust"}},
    {"error": {"code": 500, "message": "Context size has been exceeded.", "type": "server_error"}},
    {"error": {"message": "request (9 tokens) exceeds the available context size (8 tokens), try increasing it"}},
    {"error": {"message": "invalid params, context window exceeds limit (2013)", "type": "bad_request_error"}},
    {"error": "The number of tokens to keep from the initial prompt is greater than the context length (n_keep: 9)"},
    {"error": {"message": "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 8]"}},
    {"error": {"message": "prompt token count of 9 exceeds", "code": "model_max_prompt_tokens_exceeded"}},
    {"error": {"message": "Request body too large for gpt-4o model.", "code": "tokens_limit_reached"}},
    {"error": "the input length exceeds the context length"},
    {"error": {"message": "Wordless", "code": "context_length_exceeded"}},
    {"error": {"code": 400, "message": "Too long", "type": "exceed_context_size_error", "n_ctx": 512}},
    {"error": {"message": "Too long", "type": "too_many_prompt_tokens", "code": 400}},
    {"error_type": "TOO_MANY_TOKENS", "message": "Too long"},
    {"error": {"message": "litellm.ContextWindowExceededError: litellm.BadRequestError: no", "code": "400"}},
    {"error": {"message": "Provider returned error", "metadata": {"raw": "prompt is too long: 9 tokens > 8 maximum"}}},
]
REFUSED = [
    {"error": {"message": "No", "code": "content_filter", "innererror": {"code": "ResponsibleAIPolicyViolation"}}},
    {"error": {"message": "No", "code": "odd", "innererror": {"code": "ResponsibleAIPolicyViolation"}}},
    {"error": {"message": "Output blocked by content filtering policy", "type": "invalid_request_error"}},
    {"code": "denied", "error": "Content violates usage guidelines. Team: t"},
    {"error": {"message": "Content Exists Risk", "type": "invalid_request_error"}},
    {"error": {"message": 'a/model requires moderation on Someone. Your input was flagged for "x".', "code": 403}},
    {"base_resp": {"status_code": 1026, "status_msg": "input new_sensitive"}},
    {
        "error": {
            "code": "1301",
            "message": "System detected potentially unsafe or sensitive content in input or generation. Please avoid",
        }
    },
    {"error": {"code": "1301", "message": "系统检测到输入或生成内容可能包含不安全或敏感内容"}},
    {"code": "DataInspectionFailed", "message": "Input data may contain inappropriate content."},
    {"error": {"message": "litellm.ContentPolicyViolationError: no", "type": "None", "code": "400"}},
]
KINDS = [(body, ContextWindowExceededError) for body in TOO_LONG] + [(b, ContentPolicyViolationError) for b in REFUSED]


@pytest.mark.parametrize(
    ("body", "kind"), KINDS, ids=lambda value: json.dumps(value)[:60] if type(value) is dict else ""
)
@every_dialect
def test_a_prompt_that_is_too_long_and_content_that_is_refused_are_told_on_every_wire(
    dialect: Dialect, body: dict[str, Any], kind: type[APIError]
) -> None:
    raw = json.dumps(body).encode()

    assert dialect.decode_error(ReplyHead(400, {}), raw).kind is kind
    assert PLAIN.of_value(body).kind is kind


def test_a_prompt_that_is_too_long_is_not_asked_again_whatever_the_status_says() -> None:
    told = {"error": {"code": 500, "message": "Context size has been exceeded.", "type": "server_error"}}

    assert said(told, 500).final
    assert PLAIN.of_value(told).final
    assert not said(told, 400).final  # which says so itself
    assert not said({"error": {"message": "The model has crashed"}}, 500).final


DAY = {"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "50"}]}
LASTING = [
    {"error": {"type": "usage_limit_reached", "message": "The usage limit has been reached"}},
    {"error": {"message": "No credits", "code": "credit_balance_exhausted"}},
    {"error": {"message": "You've reached kimi monthly usage limit for this billing cycle.", "type": "rate_limit"}},
    {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Exceeded", "details": [DAY]}},
    {"error": {"message": json.dumps({"error": {"message": "Exceeded", "details": [DAY]}}), "code": 429}},
    {"error": {"message": "You exceeded your current quota.\n* Quota exceeded for metric: m, limit: 0, model: g"}},
    {"error": {"message": "Request too large for gpt in o on tokens per min (TPM): Limit 30000, Requested 60000."}},
    {"type": "error", "error": {"message": "Extra usage is required for long context requests.", "type": "rate_limit"}},
    {
        "code": "exhausted",
        "error": "Your team x has either used all available credits or reached its monthly spending limit.",
    },
    {"error": {"message": "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock more", "code": 429}},
    {"message": "Too many tokens per day, please wait before trying again."},
    {"message": "Tokens per day limit exceeded - too many tokens processed.", "code": "token_quota_exceeded"},
]


@pytest.mark.parametrize("body", LASTING, ids=lambda body: json.dumps(body)[:50])
@every_dialect
def test_what_no_waiting_cures_is_not_tried_again(dialect: Dialect, body: dict[str, Any]) -> None:
    assert dialect.decode_error(ReplyHead(429, {}), json.dumps(body).encode()).final


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "Rate limit reached for requests", "code": "rate_limit_exceeded"}},
        {"error": {"message": "Exceeded", "details": [{"violations": [{"quotaId": "RequestsPerMinutePerProject"}]}]}},
        {"message": "Tokens per minute limit exceeded - too many tokens processed.", "code": "token_quota_exceeded"},
        {"error": {"message": "You exceeded your current quota.\n* Quota exceeded for metric: m, limit: 20, model: g"}},
    ],
)
def test_what_waiting_cures_is_tried_again(body: dict[str, Any]) -> None:
    assert not said(body, 429).final


@pytest.mark.parametrize(
    "message",
    [
        "the user said: prompt is too long: 9 tokens > 8 maximum",
        "prompt is too long",
        "messages[0]: 'This model's maximum context length is 8 tokens' is no object",
        "Content Exists Risk is not a field",
        "no such model: litellm.RateLimitError: x",
    ],
)
def test_a_sentence_that_a_users_text_could_hold_means_nothing(message: str) -> None:
    assert said({"error": {"message": message}}).kind is None


def test_a_gateway_of_litellms_hands_on_the_class_and_the_wait() -> None:
    message = "litellm.RateLimitError: No deployments available for selected model, Try again in 7.5 seconds. Passed"
    detail = said({"error": {"message": message, "type": "None", "code": "429"}}, 500)

    assert (detail.kind, detail.retry_after, detail.code) == (RateLimitError, 7.5, "429")


def test_a_wrong_key_of_xais_is_told_from_other_wrong_arguments() -> None:
    message = "Incorrect API key provided. You can obtain an API key from https://console.x.ai."

    assert said({"code": "invalid-argument", "error": message}).kind is AuthenticationError


@pytest.mark.parametrize(
    ("hint", "wait"),
    [
        ("42s", 42.0),
        ("1.5s", 1.5),
        (30, 30.0),
        (0, 0.0),
        *((odd, None) for odd in ("nan", "nans", "-5s", "inf", "1e9s", "soon", "\u0663s", "", -1, True, 10**400)),
    ],
)
@every_dialect
def test_a_wait_that_makes_no_sense_is_not_believed(dialect: Dialect, hint: object, wait: float | None) -> None:
    google = {"error": {"message": "m", "details": ["odd", {"@type": "RetryInfo", "retryDelay": hint}]}}
    others = {"error": {"message": "m", "retry_after": hint}}

    assert dialect.decode_error(ReplyHead(429, {}), json.dumps(google).encode()).retry_after == wait
    assert dialect.decode_error(ReplyHead(429, {}), json.dumps([others]).encode()).retry_after == wait


def test_an_error_without_a_status_takes_the_one_it_names() -> None:
    assert PLAIN.of_value({"error": {"message": "m", "code": 503, "type": "busy"}}).status == 503
    assert PLAIN.of_value({"error": {"message": "m", "code": "503"}}).code is None
    assert PLAIN.of_value({"error": {"message": "m", "code": 1503}}).status is None


NAMES = ["error", "errors", "message", "detail", "details", "code", "type", "status", "metadata", "raw", "retryDelay"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=10,
)
BODIES = JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=30) | st.text().map(str.encode)


@given(BODIES, st.sampled_from([200, 302, 400, 429, 503, 599]), st.sampled_from(DIALECTS))
def test_no_body_makes_a_dialect_raise_and_there_are_always_words(body: bytes, status: int, dialect: Dialect) -> None:
    detail = dialect.decode_error(ReplyHead(status, {}), body)

    assert detail.message.strip() or body.strip()
    assert detail.code != str(status)


@pytest.mark.parametrize("opening", [b"[", b'{"error":', b'{"message":[', b"<p>", b"<html>"])
@every_dialect
def test_nesting_without_end_is_quoted(dialect: Dialect, opening: bytes) -> None:
    for depth in (50, 500, 5_000, 100_000):
        detail = dialect.decode_error(ReplyHead(400, {}), opening * depth)
        assert detail.message
        closed = {b"[": b"]" * depth, b'{"error":': b"1" + b"}" * depth}.get(opening)
        if closed is not None:
            assert dialect.decode_error(ReplyHead(400, {}), opening * depth + closed).message
