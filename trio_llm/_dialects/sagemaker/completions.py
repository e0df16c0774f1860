"""Text completions and vectors of containers that have Hugging Face's shapes."""

from __future__ import annotations

from ..._types.embeddings import EmbeddingRequest
from ..._types.http import HTTPRequest
from ..._types.text_completions import TextCompletionRequest, TextCompletionResponse
from ..continuations import PieceReader
from ..contract import WireCall
from ..embedding_inputs import texts_of
from ..parameters import supported_parameters
from ..streaming import SSEStreamDecoder
from ..tgi.generation import generation_body, read_piece
from .containers import ContainerEvents, invocation


def encode_generation(call: WireCall[TextCompletionRequest]) -> HTTPRequest:
    """The request for a whole reply. Raises as TGI's does."""
    return invocation(call, generation_body(call))


def encode_generation_stream(call: WireCall[TextCompletionRequest]) -> HTTPRequest:
    """The request for a streamed reply. Raises as TGI's does."""
    return invocation(call, {**generation_body(call), "stream": True}, streamed=True)


def open_generation_decoder(call: WireCall[TextCompletionRequest]) -> SSEStreamDecoder[TextCompletionResponse]:
    """The decoder of one streamed reply."""
    return SSEStreamDecoder(PieceReader(call, read_piece), ContainerEvents())


def encode_embeddings(call: WireCall[EmbeddingRequest]) -> HTTPRequest:
    """The request for vectors, which come as numbers.

    Raises:
        BadRequestError: for an input that is not text.
        UnsupportedParamsError: for parameters, of which there are none.
    """
    supported_parameters(call.request.parameters, call, frozenset(), drop=call.request.options.drop_params)
    return invocation(call, {"inputs": texts_of(call, "SageMaker")})
