"""A chat model for LangChain whose calls are `trio_llm`'s: any provider's model under one class.

model = ChatTrioLLM(model="anthropic/claude-opus-4-6")
model.bind_tools([look_up]).invoke("Where is the key?")
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
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
        return {"model": self.model, "temperature": self.temperature}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> Any:
        provider, _, name = kwargs.get("model", self.model).rpartition("/")
        found: Any = {"ls_provider": provider, "ls_model_name": name, "ls_model_type": "chat"}
        named = {"ls_temperature": self.temperature, "ls_max_tokens": self.max_tokens, "ls_stop": stop or self.stop}
        return found | {key: value for key, value in named.items() if value is not None}

    def _request(self, messages: list[BaseMessage], stop: list[str] | None, given: dict[str, Any]) -> dict[str, Any]:
        given.pop("ls_structured_output_format", None)
        own = {
            "model": self.model,
            "messages": [*map(_without_calls, convert_to_openai_messages(messages))],
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "timeout": self.timeout,
            "num_retries": self.max_retries,
            "stop": stop or self.stop or None,
        }
        return {key: value for key, value in {**own, **self.model_kwargs, **given}.items() if value is not None}

    def bind_tools(self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any) -> Runnable[Any, AIMessage]:
        """Let the model call tools: `tool_choice` is "any", "auto", "none" or the name of one."""
        described = [convert_to_openai_tool(tool) for tool in tools]
        choice: Any = {"any": "required", True: "required"}.get(tool_choice, tool_choice or None)
        if choice not in (None, "required", "auto", "none") and isinstance(choice, str):
            choice = {"type": "function", "function": {"name": choice}}
        return self.bind(tools=described, **({"tool_choice": choice} if choice else {}), **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return _result(trio_llm.completion(**self._request(messages, stop, kwargs)))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return _result(await trio_llm.acompletion(**self._request(messages, stop, kwargs)))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        with trio_llm.completion(**self._request(messages, stop, kwargs), stream=True) as stream:
            for chunk in stream:
                yield from _pieces(chunk)
            yield from _total(stream.response)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        stream = await trio_llm.acompletion(**self._request(messages, stop, kwargs), stream=True)
        async for chunk in stream:
            for piece in _pieces(chunk):
                yield piece
        for piece in _total(stream.response):
            yield piece


def _without_calls(message: dict[str, Any]) -> dict[str, Any]:
    """A message whose calls stand beside its content alone; LangChain's blocks have them there too."""
    content = message["content"]
    if isinstance(content, list):
        content = [part for part in content if not (isinstance(part, dict) and part.get("type") == "tool_call")]
    return {**message, "content": content or ""}


def _result(response: trio_llm.ModelResponse) -> ChatResult:
    choice = response.choices[0]
    calls = [
        {"name": call.function.name, "args": call.function.arguments, "id": call.id, "index": number}
        for number, call in enumerate(choice.message.tool_calls or ())
        if call.function is not None
    ]
    # A chunk reads the arguments from their JSON, and says which of them are none.
    read: Any = AIMessageChunk(content=choice.message.content or "", tool_call_chunks=calls)
    message = AIMessage(
        content=read.content,
        tool_calls=read.tool_calls,
        invalid_tool_calls=read.invalid_tool_calls,
        usage_metadata=_usage(response.usage),
        response_metadata={"model_name": response.model, "finish_reason": choice.finish_reason},
        id=response.id,
    )
    return ChatResult(generations=[ChatGeneration(message=message)])


def _pieces(chunk: trio_llm.ModelResponseStream) -> Iterator[ChatGenerationChunk]:
    for choice in chunk.choices[:1]:
        calls = [
            {"name": call.function.name, "args": call.function.arguments, "id": call.id, "index": call.index}
            for call in choice.delta.tool_calls or ()
            if call.function is not None
        ]
        ended = {"finish_reason": choice.finish_reason, "model_name": chunk.model} if choice.finish_reason else {}
        message: Any = AIMessageChunk(
            content=choice.delta.content or "", tool_call_chunks=calls, response_metadata=ended, id=chunk.id
        )
        yield ChatGenerationChunk(message=message)


def _total(response: trio_llm.ModelResponse) -> Iterator[ChatGenerationChunk]:
    """The tokens of the whole stream, once: some providers tell them with every chunk."""
    usage = _usage(response.usage)
    yield ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=usage, id=response.id))


def _usage(usage: trio_llm.Usage | None) -> UsageMetadata | None:
    if usage is None:
        return None
    return UsageMetadata(
        input_tokens=usage.prompt_tokens, output_tokens=usage.completion_tokens, total_tokens=usage.total_tokens
    )
