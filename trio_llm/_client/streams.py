"""Names for the types of streams that the client's methods give."""

from __future__ import annotations

from typing import TypeAlias

from .._engine.pumping import PumpedStream
from .._engine.stream import Stream
from .._types.chat import ModelResponse, ModelResponseStream
from .._types.images import ImageChunk, ImageResponse
from .._types.messages_api.reply import AnthropicMessagesResponse, MessageEvent
from .._types.responses_api.events import ResponseEvent
from .._types.responses_api.response import ResponsesAPIResponse
from .._types.text_completions import TextCompletionResponse
from .._types.transcriptions import TranscriptionChunk, TranscriptionResponse

ChatStream: TypeAlias = Stream[ModelResponseStream, ModelResponse]
"""What `completion(stream=True)` returns."""
PumpedChatStream: TypeAlias = PumpedStream[ModelResponseStream, ModelResponse]
"""What `async with client.stream(...)` gives."""
TextStream: TypeAlias = Stream[TextCompletionResponse, TextCompletionResponse]
"""What `text_completion(stream=True)` returns."""
ImageStream: TypeAlias = Stream[ImageChunk, ImageResponse]
"""What `image_generation(stream=True)` and `image_edit(stream=True)` return."""
TranscriptionStream: TypeAlias = Stream[TranscriptionChunk, TranscriptionResponse]
"""What `transcription(stream=True)` returns."""
ResponseStream: TypeAlias = Stream[ResponseEvent, ResponsesAPIResponse]
"""What `responses(stream=True)` and `get_response(stream=True)` return."""
PumpedResponseStream: TypeAlias = PumpedStream[ResponseEvent, ResponsesAPIResponse]
"""What `async with client.stream_responses(...)` gives."""
MessageStream: TypeAlias = Stream[MessageEvent, AnthropicMessagesResponse]
"""What `anthropic_messages(stream=True)` returns."""
PumpedMessageStream: TypeAlias = PumpedStream[MessageEvent, AnthropicMessagesResponse]
"""What `async with client.stream_anthropic_messages(...)` gives."""
SpeechStream: TypeAlias = PumpedStream[bytes, None]
"""What `async with client.stream_speech(...)` gives."""
