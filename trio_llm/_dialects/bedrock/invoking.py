"""InvokeModel and its stream: each maker's models by the maker's own wire format, at Bedrock's address.

Paths are relative to `https://bedrock-runtime.{region}.amazonaws.com`.

Source: Amazon Bedrock API reference, "InvokeModel" and "InvokeModelWithResponseStream"; user guide, "Inference request
parameters and response fields for foundation models"; Anthropic docs, "Claude on Amazon Bedrock", 2026-11.
"""

from __future__ import annotations

from typing import Any, Final

import attrs

from ..._types.http import HTTPRequest
from ..anthropic import ANTHROPIC
from ..cohere import COHERE
from ..contract import Dialect, Endpoint, StreamEndpoint, WireCall, json_request
from ..counting import body_of, chat_call
from ..hosting import Placing, hosted, hosted_stream
from ..openai import OPENAI
from .completing import INVOKE, INVOKE_STREAM, prompted
from .counting import count_of_invoked, decode_count
from .embeddings import decode_embeddings, encode_nova, encode_titan
from .errors import decode_error
from .images import decode_images, encode_canvas, encode_stability
from .nova import encode_nova_chat, encode_nova_stream, open_nova_decoder
from .prompts import CLAUDE_2, COMMAND, COMMAND_R, JURASSIC, LLAMA, MISTRAL, TITAN
from .reply import decode_chat
from .request import model_path
from .unwrapping import unwrapping

CLAUDE_VERSION: Final = "bedrock-2023-05-31"
RERANK_VERSION: Final = 2
"""Of Cohere's API: the one that tells relevance by itself."""


def _claude(verb: str) -> Placing:
    def place(call: WireCall[Any], request: HTTPRequest) -> HTTPRequest:
        body = {"anthropic_version": CLAUDE_VERSION, **body_of(request)}
        betas = [name for field, value in request.headers if field == "anthropic-beta" for name in value.split(",")]
        if betas:
            body.setdefault("anthropic_beta", betas)
        fields = {name: value for name, value in body.items() if name not in ("model", "stream")}
        return json_request(model_path(call.model, verb), fields)

    return place


def _at(verb: str) -> Placing:
    """The body as it is, but for what the path says."""

    def place(call: WireCall[Any], request: HTTPRequest) -> HTTPRequest:
        fields = {name: value for name, value in body_of(request).items() if name not in ("model", "stream")}
        fields.pop("stream_options", None)
        return json_request(model_path(call.model, verb), fields)

    return place


def _count(call: WireCall[Any]) -> HTTPRequest:
    assert INVOKE_CLAUDE.chat is not None
    return count_of_invoked(call, INVOKE_CLAUDE.chat.encode(chat_call(call)))


def _ranking(call: WireCall[Any], request: HTTPRequest) -> HTTPRequest:
    fields = {name: value for name, value in body_of(request).items() if name != "model"}
    if "cohere." in call.model:
        fields["api_version"] = RERANK_VERSION
    return json_request(model_path(call.model, INVOKE), fields)


def _unwrapped_stream(
    endpoint: StreamEndpoint[Any, Any] | None, place: Placing, *, counted: bool = False
) -> StreamEndpoint[Any, Any]:
    placed = hosted_stream(endpoint, place)
    return attrs.evolve(placed, open_decoder=unwrapping(placed.open_decoder, counted=counted))


INVOKE_CLAUDE: Final = Dialect(
    name="invoke_claude",
    decode_error=decode_error,
    chat=hosted(ANTHROPIC.chat, _claude(INVOKE)),
    chat_stream=_unwrapped_stream(ANTHROPIC.chat_stream, _claude(INVOKE_STREAM)),
    messages=hosted(ANTHROPIC.messages, _claude(INVOKE)),
    messages_stream=_unwrapped_stream(ANTHROPIC.messages_stream, _claude(INVOKE_STREAM)),
    count_tokens=Endpoint(_count, decode_count),
)
INVOKE_CHATS: Final = Dialect(
    name="invoke_chats",
    decode_error=decode_error,
    chat=hosted(OPENAI.chat, _at(INVOKE)),
    chat_stream=_unwrapped_stream(OPENAI.chat_stream, _at(INVOKE_STREAM), counted=True),
)
"""Makers who have taken OpenAI's shape over: AI21's Jamba, OpenAI's open models, the later ones of Mistral's."""
INVOKE_NOVA: Final = Dialect(
    name="invoke_nova",
    decode_error=decode_error,
    chat=Endpoint(encode_nova_chat, decode_chat),
    chat_stream=StreamEndpoint(encode_nova_stream, open_nova_decoder),
    embeddings=Endpoint(encode_nova, decode_embeddings),
    images=Endpoint(encode_canvas, decode_images),
)
INVOKE_TITAN: Final = attrs.evolve(
    prompted("invoke_titan", TITAN),
    embeddings=Endpoint(encode_titan, decode_embeddings),
    images=Endpoint(encode_canvas, decode_images),
)
INVOKE_COHERE: Final = attrs.evolve(
    prompted("invoke_cohere", COMMAND_R),
    embeddings=hosted(COHERE.embeddings, _at(INVOKE)),
    rerank=hosted(OPENAI.rerank, _ranking),
)
INVOKE_COMMAND: Final = prompted("invoke_command", COMMAND)
INVOKE_LLAMA: Final = prompted("invoke_llama", LLAMA)
INVOKE_MISTRAL: Final = prompted("invoke_mistral", MISTRAL)
INVOKE_CLAUDE_2: Final = prompted("invoke_claude_2", CLAUDE_2)
INVOKE_JURASSIC: Final = prompted("invoke_jurassic", JURASSIC)
INVOKE_STABILITY: Final = Dialect(
    name="invoke_stability", decode_error=decode_error, images=Endpoint(encode_stability, decode_images)
)
