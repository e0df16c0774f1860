"""Large language models under structured concurrency: LiteLLM's calls, Trio's guarantees."""

from __future__ import annotations

from . import exceptions
from ._api import acompletion, aembedding, aimage_generation, fan_out
from ._client import ChatStream, Client, ClientStatistics, PumpedChatStream
from ._fanout import Outcome, Timings
from ._limits import AccountStatistics, Limits
from ._provider import Provider
from ._retry import RetryPolicy
from ._stream import PumpedStream, Stream
from ._sync import SyncStream, completion, embedding, image_generation
from ._timeouts import Timeouts
from ._transport import Transport, TransportStatistics
from ._types.chat import (
    ChoiceLogprobs,
    Choices,
    Delta,
    FunctionCall,
    Message,
    ModelResponse,
    ModelResponseStream,
    StreamingChoices,
    ToolCall,
)
from ._types.chat_request import ChatRequest
from ._types.embedding import Embedding, EmbeddingResponse
from ._types.image import ImageObject, ImageResponse
from ._types.other_requests import EmbeddingRequest, ImageRequest
from ._types.usage import CompletionTokensDetails, PromptTokensDetails, Usage
from ._version import __version__
from .exceptions import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    AuthenticationError,
    BadRequestError,
    BudgetExceededError,
    ContentPolicyViolationError,
    ContextWindowExceededError,
    InternalServerError,
    LLMError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServiceUnavailableError,
    Timeout,
    UnprocessableEntityError,
    UnsupportedParamsError,
)

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "AccountStatistics",
    "AuthenticationError",
    "BadRequestError",
    "BudgetExceededError",
    "ChatRequest",
    "ChatStream",
    "ChoiceLogprobs",
    "Choices",
    "Client",
    "ClientStatistics",
    "CompletionTokensDetails",
    "ContentPolicyViolationError",
    "ContextWindowExceededError",
    "Delta",
    "Embedding",
    "EmbeddingRequest",
    "EmbeddingResponse",
    "FunctionCall",
    "ImageObject",
    "ImageRequest",
    "ImageResponse",
    "InternalServerError",
    "LLMError",
    "Limits",
    "Message",
    "ModelResponse",
    "ModelResponseStream",
    "NotFoundError",
    "Outcome",
    "PermissionDeniedError",
    "PromptTokensDetails",
    "Provider",
    "PumpedChatStream",
    "PumpedStream",
    "RateLimitError",
    "RetryPolicy",
    "ServiceUnavailableError",
    "Stream",
    "StreamingChoices",
    "SyncStream",
    "Timeout",
    "Timeouts",
    "Timings",
    "ToolCall",
    "Transport",
    "TransportStatistics",
    "UnprocessableEntityError",
    "UnsupportedParamsError",
    "Usage",
    "__version__",
    "acompletion",
    "aembedding",
    "aimage_generation",
    "completion",
    "embedding",
    "exceptions",
    "fan_out",
    "image_generation",
]

for _name in __all__:
    if isinstance(globals()[_name], type) or callable(globals()[_name]):
        globals()[_name].__module__ = __name__
