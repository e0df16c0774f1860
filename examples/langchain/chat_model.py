"""A chat model for LangChain whose calls are `trio_llm`'s: any provider's model under one class.

model = ChatTrioLLM(model="anthropic/claude-opus-4-6")
model.bind_tools([look_up]).invoke("Where is the key?")
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, message_chunk_to_message
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.messages.utils import convert_to_openai_messages
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

import trio_llm


class ChatTrioLLM(BaseChatModel):
    """Calls on asyncio are asynchronous, others go through the synchronous twins."""

    model: str
    temperature: float | None = None
    max_tokens: int | None = None
    timeout: float | None = None
    stop: list[str] | None = None
    max_retries: int | None = None
    model_kwargs: dict[str, Any] = Field(default_factory=dict)
    """Any further parameter of `trio_llm.completion`: `api_base`, `api_key`, `reasoning_effort` and so on."""

    @property
    def _llm_type(self) -> str:
        return "trio-llm"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        own = self.model_dump(include={"model", "temperature", "max_tokens", "timeout", "stop"})
        return {**own, "num_retries": self.max_retries, **self.model_kwargs}

    def _request(self, messages: list[BaseMessage], stop: list[str] | None, given: dict[str, Any]) -> dict[str, Any]:
        given.pop("ls_structured_output_format", None)
        asked = {**self._identifying_params, **({"stop": stop} if stop else {}), **given}
        written = [*map(_without_calls, convert_to_openai_messages(messages))]
        return {"messages": written, **{name: value for name, value in asked.items() if value is not None}}

    def bind_tools(self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any) -> Runnable[Any, AIMessage]:
        """Let the model call tools: `tool_choice` is "any", "auto", "none" or the name of one."""
        described = [convert_to_openai_tool(tool) for tool in tools]
        choice: Any = {"any": "required", True: "required"}.get(tool_choice, tool_choice or None)
        if choice not in (None, "required", "auto", "none") and isinstance(choice, str):
            choice = {"type": "function", "function": {"name": choice}}
        return self.bind(tools=described, **({"tool_choice": choice} if choice else {}), **kwargs)

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        return _result(trio_llm.completion(**self._request(messages, stop, kwargs)))

    async def _agenerate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        return _result(await trio_llm.acompletion(**self._request(messages, stop, kwargs)))

    def _stream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        with trio_llm.completion(**self._request(messages, stop, kwargs), stream=True) as stream:
            for chunk in stream:
                yield from (ChatGenerationChunk(message=_said(chunk, choice)) for choice in chunk.choices[:1])
            yield ChatGenerationChunk(message=_tokens(stream.response))

    async def _astream(
        self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        stream = await trio_llm.acompletion(**self._request(messages, stop, kwargs), stream=True)
        async for chunk in stream:
            for choice in chunk.choices[:1]:
                yield ChatGenerationChunk(message=_said(chunk, choice))
        yield ChatGenerationChunk(message=_tokens(stream.response))


def _without_calls(message: dict[str, Any]) -> dict[str, Any]:
    """A message whose calls stand beside its content alone; LangChain's blocks have them there too."""
    content = message["content"]
    if isinstance(content, list):
        content = [part for part in content if not (isinstance(part, dict) and part.get("type") == "tool_call")]
    return {**message, "content": content or ""}


def _result(response: trio_llm.ModelResponse) -> ChatResult:
    # A chunk reads the arguments of calls from their JSON, and says which of them are none.
    whole = _said(response, response.choices[0]) + _tokens(response)
    return ChatResult(generations=[ChatGeneration(message=message_chunk_to_message(whole))])


def _said(reply: Any, choice: Any) -> AIMessageChunk:
    """What a reply, whole or a chunk of one, says in a choice."""
    said = choice.message if isinstance(reply, trio_llm.ModelResponse) else choice.delta
    calls = [
        tool_call_chunk(
            name=call.function.name,
            args=call.function.arguments,
            id=call.id,
            index=place if call.get("index") is None else call["index"],  # a whole call has none
        )
        for place, call in enumerate(said.tool_calls or ())
        if call.function
    ]
    ended = {"finish_reason": choice.finish_reason, "model_name": reply.model} if choice.finish_reason else {}
    return AIMessageChunk(content=said.content or "", tool_call_chunks=calls, response_metadata=ended, id=reply.id)


def _tokens(response: trio_llm.ModelResponse) -> AIMessageChunk:
    """The tokens of a whole answer. Some providers tell them with every chunk of a stream."""
    usage = response.usage
    told = usage and UsageMetadata(
        input_tokens=usage.prompt_tokens, output_tokens=usage.completion_tokens, total_tokens=usage.total_tokens
    )
    return AIMessageChunk(content="", usage_metadata=told, id=response.id)
