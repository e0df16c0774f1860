"""Base URLs: what of them is taken, and what of a malformed one is shown."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from trio_llm import Client
from trio_llm._transport.h1 import encode_head
from trio_llm._types.http import Origin, split_url
from trio_llm.exceptions import BadRequestError


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("https://API.example.com", Origin("https", "api.example.com", 443), ""),
        ("http://localhost:8000/v1/", Origin("http", "localhost", 8000), "/v1"),
        ("http://[::1]/a@b", Origin("http", "::1", 80), "/a@b"),
        ("https://b\xfccher.example/v1", Origin("https", "xn--bcher-kva.example", 443), "/v1"),
        ("https://\u4f8b\u3048.example:8000", Origin("https", "xn--r8jz45g.example", 8000), ""),
        ("https://under_score.example.", Origin("https", "under_score.example.", 443), ""),
    ],
)
def test_a_base_url_is_an_origin_and_a_path(url: str, origin: Origin, path: str) -> None:
    assert split_url(url) == (origin, path)


@pytest.mark.parametrize(
    "url",
    [
        "https://user:SECRET@example.com",
        "user:SECRET@example.com",
        "htp://user:SECRET@example.com/v1",
        "https://user:SECRET/x@example.com",
        "https://user:SEC[RET@example.com",
        "https:///user:SECRET@example.com",
        "example.com/v1?key=SECRET",
        "https://example.com/v1?key=SECRET",
        "https://example.com/v1#SECRET",
    ],
)
def test_a_password_or_key_in_a_url_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ValueError, match=r"URL") as caught:
        split_url(url)
    assert not any(part in str(caught.value) for part in ("SECRET", "SEC", "RET"))


@pytest.mark.parametrize("url", ["", "example.com/v1", "ftp://example.com", "http://", "http://h:99999", "http://[::1"])
def test_what_is_no_url_is_shown(url: str) -> None:
    with pytest.raises(ValueError, match="not an absolute http or https URL") as caught:
        split_url(url)
    assert repr(url) in str(caught.value)


REFUSED = {
    "a space": "https://example.com/a b",
    "a space before": " https://example.com",
    "a line end behind": "https://example.com/v1\n",
    "a line end within": "https://exam\r\nple.com/v1",
    "a tab": "https://exam\tple.com",
    "a zero-width space": "https://exam\u200bple.com",
    "a surrogate": "https://exam\udc80ple.com",
    "a surrogate in the path": "https://example.com/\udc80",
    "full-width letters": "https://\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45.com",
    "a full-width slash": "https://example.com\uff0fv1",
    "letters of Chinese in the path": "https://example.com/\u4e2d\u6587",
    "port 0": "https://example.com:0/v1",
    "an empty label": "https://example..com",
    "a label of 64 letters": f"https://{'x' * 64}.com",
    "an emoji": "https://\U0001f600.example",
}


@pytest.mark.parametrize("url", REFUSED.values(), ids=REFUSED)
@pytest.mark.anyio
async def test_an_address_that_cannot_be_called_is_a_bad_request(url: str) -> None:
    with pytest.raises(ValueError, match="."):
        split_url(url)
    async with Client(variables={}) as client:
        with pytest.raises(BadRequestError) as caught:
            await client.completion("openai/m", [{"role": "user", "content": "x"}], api_base=url, api_key="k")
    assert caught.value.attempts == 0
    str(caught.value).encode()


@given(url=st.text() | st.text().map(lambda text: f"https://{text}") | st.text().map(lambda text: f"http://a.b/{text}"))
def test_no_text_is_taken_that_a_request_line_could_not_carry(url: str) -> None:
    try:
        origin, path = split_url(url)
    except ValueError:
        return
    encode_head(origin, "GET", f"{path}/x", ())
    origin.host.encode("idna")
