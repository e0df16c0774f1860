"""Keys exchanged for tokens that end soon, as clouds want it before they answer.

Source: IBM Cloud, "Generating an IAM token by using an API key"; Google, "Using OAuth 2.0 for Server to Server
Applications"; Microsoft, "OAuth 2.0 client credentials flow", 2026-11.
"""

from __future__ import annotations

import re
from typing import Any, Final

from .._actions import Failure
from .._prompt import Prompt
from ._limit_headers import no_headers
from ._model import Answer, Family, Memory, ReplyBody, SimulatedOperation, data_event, whole

_LIFE: Final = 3_600
_FAR: Final = 4_102_444_800
"""The year 2100, for tokens that tell when they end; the simulator has no calendar."""


def _error(failure: Failure) -> dict[str, Any]:
    return {"error": failure.code or "invalid_grant", "error_description": failure.message}


TOKENS: Final = Family("tokens", _error, lambda failure: data_event(_error(failure)).data, b"", no_headers)


def _write(_prompt: Prompt, _answer: Answer) -> ReplyBody:
    told = {"access_token": "simulated-token", "token_type": "Bearer"}
    return whole({**told, "expires_in": _LIFE, "expiration": _FAR})


ENDPOINTS: Final = (
    SimulatedOperation(
        "tokens.exchange",
        re.compile(r"/(identity|oauth2|v2\.0|oauth)?/?token$"),
        TOKENS,
        lambda _path, _body: Prompt(),
        _write,
        "POST",
        memory=Memory.LOOKS,
    ),
)
