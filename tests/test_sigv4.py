"""AWS's signature, against the vectors that AWS publishes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trio_llm._credentials.sigv4 import ToSign, signature_headers
from trio_llm._credentials.sources import AwsKeys

PUBLISHED = json.loads((Path(__file__).parent / "fixtures" / "sigv4" / "vectors.json").read_bytes())
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"  # the example of AWS's own documents
AT = 1440938160.0  # 2015-08-30, 12:36:00


def signed(vector: dict[str, Any], at: float = AT) -> dict[str, str]:
    headers = tuple((name, value) for name, value in vector["headers"])
    body = vector["body"].encode()
    request = ToSign(vector["method"], vector["target"], headers, body, "us-east-1", "service", at)
    return dict(signature_headers(request, AwsKeys("AKIDEXAMPLE", SECRET, vector["token"])))


@pytest.mark.parametrize("vector", PUBLISHED["vectors"], ids=lambda vector: vector["name"])
def test_a_request_is_signed_as_aws_signs_it(vector: dict[str, Any]) -> None:
    assert signed(vector)["authorization"] == vector["authorization"]


def test_a_session_sends_its_token() -> None:
    vector = next(vector for vector in PUBLISHED["vectors"] if vector["token"])

    assert signed(vector)["x-amz-security-token"] == vector["token"]


def test_a_signature_is_of_its_time_and_of_every_byte() -> None:
    vector = PUBLISHED["vectors"][0]
    changed = [signed(vector, AT + 1), signed({**vector, "body": "x"}), signed({**vector, "target": "/x"})]

    assert len({one["authorization"].rpartition("=")[2] for one in (signed(vector), *changed)}) == 4
