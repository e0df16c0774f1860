"""The JSON form of a request has nothing secret in it, and its fingerprint nothing that does not matter."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from exchanges import Blocks
from hypothesis import given, strategies as st

from trio_llm._runtime import trio
from trio_llm.transport import HTTPRequest, ReplyError, ReplyHead, WholeReply

POST = HTTPRequest(
    "POST", "/v1/chat", (("content-type", "application/json"), ("anthropic-version", "1")), b'{"a": 1, "b": [2]}'
)
names = st.sampled_from(["content-type", "x-name", "accept", "anthropic-beta"])
requests = st.builds(
    HTTPRequest,
    st.sampled_from(["GET", "POST"]),
    st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="?&"), max_size=9).map("/{}".format),
    st.lists(st.tuples(names, st.text(max_size=9))).map(tuple),
    st.binary(max_size=40) | st.text(max_size=20).map(str.encode),
)


@given(request=requests)
def test_a_request_comes_back_from_json_as_it_was(request: HTTPRequest) -> None:
    back = HTTPRequest.from_dict(json.loads(json.dumps(request.to_dict())))

    assert back == request
    assert back.fingerprint() == request.fingerprint()


@pytest.mark.parametrize(
    "secret",
    [
        {"headers": (*POST.headers, ("authorization", "Bearer SECRET"))},
        {"headers": (*POST.headers, ("x-api-key", "SECRET"))},
        {"headers": (*POST.headers, ("x-amz-security-token", "SECRET"))},
        {"path": "/v1/chat?key=SECRET"},
        {"path": "/v1/chat?%6bey=SECRET&"},
    ],
)
def test_no_secret_is_in_the_form_nor_counts(secret: dict[str, Any]) -> None:
    request = attrs.evolve(POST, **secret)

    assert "SECRET" not in json.dumps(request.to_dict())
    assert HTTPRequest.from_dict(request.to_dict()) == POST
    assert request.fingerprint() == POST.fingerprint()


def form(boundary: str) -> HTTPRequest:
    """An upload."""
    body = f'--{boundary}\r\ncontent-disposition: form-data; name="a"\r\n\r\nb\r\n--{boundary}--\r\n'
    return HTTPRequest("POST", "/v1/x", (("content-type", f"multipart/form-data; boundary={boundary}"),), body.encode())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (POST, attrs.evolve(POST, body=b'{"b":[2],"a":1}')),
        (POST, attrs.evolve(POST, headers=POST.headers[::-1])),
        (POST, attrs.evolve(POST, headers=(*POST.headers, ("user-agent", "x"), ("x-request-id", "7")))),
        (form("one"), form("another")),
    ],
    ids=["order of keys", "order of headers", "headers of the way", "boundary"],
)
def test_what_does_not_matter_does_not_count(one: HTTPRequest, other: HTTPRequest) -> None:
    assert one.fingerprint() == other.fingerprint()


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"path": "/v1/other"},
        {"path": "/v1/chat?after=1"},
        {"headers": (POST.headers[0], ("anthropic-version", "2"))},
        {"body": b'{"a": 2, "b": [2]}'},
        {"body": b"not JSON"},
    ],
)
def test_what_matters_counts(change: dict[str, Any]) -> None:
    assert attrs.evolve(POST, **change).fingerprint() != POST.fingerprint()


def test_a_body_that_is_produced_when_it_is_sent_is_written_whole() -> None:
    request = attrs.evolve(POST, body=Blocks(2))

    back = HTTPRequest.from_dict(request.to_dict())

    assert back.body == b"x" * 131_072
    assert back.fingerprint() == request.fingerprint()


def test_the_fingerprint_of_a_request_is_the_same_in_every_version() -> None:
    """Caches on disk are of no use after it has changed."""
    assert POST.fingerprint() == "2afd6be5130673aab7a45ee39ae4ba7b0e4728f98905929feba1f058fa6ac329"


FORM = POST.to_dict()


@pytest.mark.parametrize(
    "form",
    [
        {},
        {**FORM, "headers": 1},
        {**FORM, "headers": [["a"]]},
        {**FORM, "headers": [["a", 1]]},
        {**FORM, "path": None},
        {**FORM, "body": 5},
        {**FORM, "body_base64": "?"},
    ],
)
def test_what_is_no_form_of_a_request_is_refused(form: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="."):
        HTTPRequest.from_dict(form)


@pytest.mark.anyio
async def test_a_whole_reply_is_read_once_at_once_or_in_a_piece() -> None:
    head = ReplyHead(200, {})
    assert WholeReply(head, b"all").finish_nowait() == b"all"
    read = WholeReply(head, b"all")
    assert [await read.read() for _ in range(2)] == [b"all", b""]
    await read.aclose()
    with pytest.raises(ReplyError, match="closed"):
        await read.read()
    await trio.lowlevel.checkpoint()
