"""Base URLs: what of them is taken, and what of a malformed one is shown."""

from __future__ import annotations

import pytest

from trio_llm._types.http import Origin, split_url


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("https://API.example.com", Origin("https", "api.example.com", 443), ""),
        ("http://localhost:8000/v1/", Origin("http", "localhost", 8000), "/v1"),
        ("http://[::1]/a@b", Origin("http", "::1", 80), "/a@b"),
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
