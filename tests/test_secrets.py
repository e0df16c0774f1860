"""No secret stays in a text, whatever form it is written in; everything else stays."""

from __future__ import annotations

import base64
import html
import json
import pickle
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import assume, given, strategies as st

from trio_llm._convert.converter import ConversionError
from trio_llm._dialects.contract import ErrorDetail, ReplyIsError
from trio_llm._types.errors import APIError
from trio_llm._types.http import HTTPRequest
from trio_llm._types.secrets import MASK, masked, secrets_of, without_secrets

PRINTABLE = st.characters(min_codepoint=33, max_codepoint=126)
SECRET = st.text(PRINTABLE, min_size=12, max_size=60)
AROUND = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def as_entities(text: str) -> str:
    return "".join(f"&#{ord(c)};" if c.isalnum() else f"&#x{ord(c):x};" for c in text)


def as_escapes(text: str) -> str:
    return "".join(f"\\u{ord(c):04x}" for c in text)


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON, escaped throughout": as_escapes,
    "JSON, escaped slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text))[1:-1],
    "JSON in JSON in JSON": lambda text: json.dumps(json.dumps(json.dumps(text)))[1:-1],
    "URL": lambda text: quote(text, safe=""),
    "URL, in small letters": lambda text: (
        quote(text, safe="").lower() if text.lower() == text else quote(text, safe="")
    ),
    "URL, throughout": lambda text: "".join(f"%{ord(c):02x}" for c in text),
    "URL in URL": lambda text: quote(quote(text, safe=""), safe=""),
    "URL in JSON": lambda text: json.dumps(quote(text, safe="~"))[1:-1],
    "HTML": html.escape,
    "entities": as_entities,
    "repr": lambda text: repr(text)[1:-1],
    "repr of bytes": lambda text: repr(text.encode())[2:-1],
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "basic, as the user": lambda text: base64.b64encode(f"{text}:".encode()).decode(),
    "basic, as the password": lambda text: base64.b64encode(f"api:{text}".encode()).decode(),
    "basic, one place further": lambda text: base64.b64encode(f"me:{text}".encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(f":{text}".encode()).decode().rstrip("="),
}


@pytest.mark.parametrize("form", FORMS)
@given(secret=SECRET, before=AROUND, after=AROUND)
def test_a_secret_in_any_form_is_masked_and_what_is_around_it_stays(
    form: str, secret: str, before: str, after: str
) -> None:
    written = FORMS[form](secret)
    clean = masked(f"{before} {written} {after}", [secret])

    assert written not in clean
    assert secret not in clean
    assert MASK in clean
    assert clean.startswith(masked(before, [secret])[:1])
    assert masked(clean, [secret]) == clean
    for at in range(len(secret) - 11):
        assert secret[at : at + 12] not in clean


@given(secret=SECRET, text=AROUND)
def test_a_text_without_the_secret_is_left_as_it_is(secret: str, text: str) -> None:
    assume(not any(secret[at : at + 12] in text for at in range(len(secret) - 11)))

    assert masked(f"{text} \\u0041 %41 &amp; !", [secret]) == f"{text} \\u0041 %41 &amp; !"


@given(secret=st.text(PRINTABLE, min_size=16), cut=st.integers(12, 15))
def test_a_secret_that_was_cut_is_masked_as_well(secret: str, cut: int) -> None:
    assert masked(f"got {secret[:cut]!s}", [secret]) == f"got {MASK}"
    assert secret[-cut:] not in masked(f"...{secret[-cut:]} is wrong", [secret])


@pytest.mark.parametrize("word", ["EMPTY", "ollama", "any", "sk-none", "", "eleven-long"])
def test_words_that_local_servers_are_given_are_no_secrets(word: str) -> None:
    assert masked(f"model {word} is any model", [word]) == f"model {word} is any model"
    assert secrets_of([("authorization", f"Bearer {word}")]) == ()


KEY = "sk-test/0123+456789=abc"
BASIC = base64.b64encode(f"user:{KEY}".encode()).decode()


@pytest.mark.parametrize(
    ("header", "value", "secrets"),
    [
        ("authorization", f"Bearer {KEY}", {KEY}),
        ("authorization", f"Token {KEY}", {KEY}),
        ("authorization", f"Basic {BASIC}", {KEY, BASIC, f"user:{KEY}"}),
        ("x-api-key", KEY, {KEY}),
        ("x-goog-api-key", KEY, {KEY}),
        ("ocp-apim-subscription-key", KEY, {KEY}),
        ("x-amz-security-token", KEY, {KEY}),
        ("cookie", KEY, {KEY}),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIA0000/us/aws4, SignedHeaders=host;x-date, Signature=0123456789ab",
            {"AKIA0000/us/aws4", "0123456789ab"},
        ),
        ("content-type", "application/json; charset=utf-8", set()),
        ("user-agent", "trio-llm/1.0 something long", set()),
    ],
)
def test_the_secrets_of_a_request_are_found(header: str, value: str, secrets: set[str]) -> None:
    assert set(secrets_of([(header, value), ("accept", "application/json")])) == secrets


def test_the_secrets_of_a_query_are_found() -> None:
    assert secrets_of((), "/v1/models/gemini:generate?alt=sse-and-more-text&key=sk-test%2F0123456") == (
        "sk-test/0123456",
    )


def test_the_whole_chain_of_an_error_is_cleaned() -> None:
    inner = json.JSONDecodeError("Expecting value", f"<html>{KEY}</html>", 6)
    middle = ReplyIsError(ErrorDetail(f"bad key {KEY}", code=KEY, partial={"answer": 1}))
    middle.__context__ = inner
    outer = APIError(f"bad key {quote(KEY, safe='')}", code=KEY, request_id=KEY)
    outer.__cause__ = middle
    beside = ConversionError(f"expected an object, got {KEY!r}", f".{KEY}")
    inner.__context__ = beside
    beside.__context__ = outer  # a circle ends

    assert without_secrets(outer, [KEY]) is outer
    for error in (outer, middle, inner, beside):
        assert KEY not in f"{error} {error!r} {error.args} {vars(error)} {pickle.dumps(error.args)!r}"
    assert middle.detail == ErrorDetail(f"bad key {MASK}", code=MASK, partial={"answer": 1})
    assert str(beside) == f"expected an object, got '{MASK}' @ $.{MASK}"


def test_a_request_shows_no_secret() -> None:
    headers = (("authorization", f"Bearer {KEY}"), ("x-goog-api-key", KEY), ("content-type", "application/json"))
    shown = repr(HTTPRequest("POST", f"/v1/generate?key={quote(KEY, safe='')}&alt=sse", headers, b"{}"))

    assert KEY not in shown
    assert quote(KEY, safe="") not in shown
    for part in ("POST", "/v1/generate?key=***&alt=sse", "authorization", "application/json"):
        assert part in shown
