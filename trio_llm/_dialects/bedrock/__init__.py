"""Amazon Bedrock's Converse API: chats with the models of every maker, whole and as an AWS event stream.

What Converse has not (vectors, images, rankings), and chats in their makers' own formats, stand in `invoking`.

Paths are relative to `https://bedrock-runtime.{region}.amazonaws.com`.

Source: Amazon Bedrock API reference, "Converse" and "ConverseStream",
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html, 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..contract import Dialect, Endpoint, StreamEndpoint, later
from .errors import decode_error
from .reply import decode_chat, open_chat_decoder
from .request import encode_chat, encode_chat_stream, enforced_by

if TYPE_CHECKING:
    from ..._types.token_counts import CountTokensRequest, TokenCountResponse


@later
def _count_tokens() -> Endpoint[CountTokensRequest, TokenCountResponse]:
    from .counting import decode_count, encode_count

    return Endpoint(encode_count, decode_count)


CONVERSE: Final = Dialect(
    name="converse",
    decode_error=decode_error,
    chat=Endpoint(encode_chat, decode_chat, enforced_by=enforced_by),
    chat_stream=StreamEndpoint(encode_chat_stream, open_chat_decoder, enforced_by=enforced_by),
    count_tokens=_count_tokens,
)
