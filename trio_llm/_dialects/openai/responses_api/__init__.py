"""The Responses API: OpenAI's, and that of those who follow it.

Rows name this wire for the operations of the API, and for the chats of models that have nothing else.

Source: OpenAI API reference, "Responses", 2026-11.
"""

from __future__ import annotations

from typing import Final

from ...contract import Dialect, Endpoint, StreamEndpoint
from ..errors import decode_error
from .chat import encode_chat, encode_chat_stream
from .chat_reply import decode_chat, open_chat_decoder
from .counting import decode_count, encode_count
from .reply import decode_cancelled, decode_deleted, decode_input_items
from .request import (
    encode_cancel,
    encode_compact,
    encode_delete,
    encode_get,
    encode_get_stream,
    encode_input_items,
    encode_responses,
    encode_responses_stream,
)
from .stream import open_event_decoder
from .whole import decode_response, decode_stored

RESPONSES: Final = Dialect(
    name="responses",
    decode_error=decode_error,
    chat=Endpoint(encode_chat, decode_chat),
    chat_stream=StreamEndpoint(encode_chat_stream, open_chat_decoder),
    responses=Endpoint(encode_responses, decode_response),
    responses_stream=StreamEndpoint(encode_responses_stream, open_event_decoder),
    get_response=Endpoint(encode_get, decode_stored),
    get_response_stream=StreamEndpoint(encode_get_stream, open_event_decoder),
    delete_response=Endpoint(encode_delete, decode_deleted),
    cancel_response=Endpoint(encode_cancel, decode_cancelled),
    compact_response=Endpoint(encode_compact, decode_response),
    count_tokens=Endpoint(encode_count, decode_count),
    list_input_items=Endpoint(encode_input_items, decode_input_items),
)
