"""Chat: the request and its parameters, the response and its chunks, in OpenAI's shape.

Few programs ask for types, so responses that were read into one are in `parsed`, not here.
"""

from __future__ import annotations

from .request import (
    CHAT_PARAMETERS as CHAT_PARAMETERS,
    BareModelParams as BareModelParams,
    ChatCallParams as ChatCallParams,
    ChatModelParams as ChatModelParams,
    ChatParams as ChatParams,
    ChatRequest as ChatRequest,
    MessageLike as MessageLike,
    OnBreak as OnBreak,
    ParsedParams as ParsedParams,
)
from .response import (
    Annotation as Annotation,
    ChatAudio as ChatAudio,
    ChoiceLogprobs as ChoiceLogprobs,
    Choices as Choices,
    CustomCall as CustomCall,
    Delta as Delta,
    FunctionCall as FunctionCall,
    Message as Message,
    ModelResponse as ModelResponse,
    ModelResponseStream as ModelResponseStream,
    Seam as Seam,
    StreamingChoices as StreamingChoices,
    TokenLogprob as TokenLogprob,
    ToolCall as ToolCall,
    URLCitation as URLCitation,
)
