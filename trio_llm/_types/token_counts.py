"""How many tokens a chat would send: counted by the provider itself.

Source: Anthropic API reference, "Count tokens in a Message"; Gemini API, "Counting tokens"; OpenAI API reference, "Get
input token counts"; 2026-11. Names are LiteLLM's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Unpack

import attrs

from .chat import ChatParams, ChatRequest, MessageLike
from .mapping import Record
from .receipt import Received
from .request import AnyRequest, CallOptions


@attrs.frozen(init=False)
class CountTokensRequest(AnyRequest["TokenCountResponse"]):
    """The question how many tokens a chat would send, as a value; takes the arguments of the chat.

    Example:
        count = await client.call(CountTokensRequest("claude-sonnet-4-5", messages))
    """

    operation: ClassVar[str] = "count_tokens"

    model: str
    chat: ChatRequest
    parameters: Mapping[str, Any]
    options: CallOptions

    def __init__(self, model: str, messages: Iterable[MessageLike], **params: Unpack[ChatParams]) -> None:
        chat = ChatRequest(model, messages, **params)
        self.__attrs_init__(model, chat, chat.parameters, chat.options)

    def arguments(self) -> dict[str, Any]:
        """See `AnyRequest.arguments`."""
        return self.chat.arguments()


@attrs.define
class TokenCountResponse(Received, Record):
    """A provider's count.

    Example:
        count = await trio_llm.acount_tokens("claude-sonnet-4-5", messages)
        print(count.total_tokens)
    """

    total_tokens: int = 0
    """Tokens of the messages, the tools and what else is sent with them."""
    request_model: str | None = None
    """The model that was asked about."""
    model_used: str | None = None
    """The same by its provider's name for it."""
    tokenizer_type: str | None = None
    """Who counted: the name of the wire format."""
    original_response: dict[str, Any] | None = None
    """What the provider said."""
