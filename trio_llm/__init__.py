"""Large language models under structured concurrency: LiteLLM's calls, Trio's guarantees.

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from . import exceptions as exceptions
    from ._catalog import (
        catalog_with as catalog_with,
    )
    from ._catalog.addresses import (
        Paths as Paths,
        Versioning as Versioning,
    )
    from ._catalog.auth import (
        AuthScheme as AuthScheme,
    )
    from ._catalog.provider import (
        Provider as Provider,
        Server as Server,
        Wire as Wire,
    )
    from ._catalog.resolving import (
        Catalog as Catalog,
    )
    from ._client import functions as _functions
    from ._client.batch_twins import (
        batch_completion as batch_completion,
        batch_completion_models as batch_completion_models,
        batch_completion_models_all_responses as batch_completion_models_all_responses,
        register_provider as register_provider,
    )
    from ._client.client import (
        Client as Client,
        ClientStatistics as ClientStatistics,
    )
    from ._client.combined import (
        as_completed as as_completed,
        cascade as cascade,
        fan_out as fan_out,
        hedge as hedge,
        merge as merge,
        race as race,
    )
    from ._client.completion_batches import (
        abatch_completion as abatch_completion,
        abatch_completion_fastest_response as abatch_completion_fastest_response,
        abatch_completion_models as abatch_completion_models,
        abatch_completion_models_all_responses as abatch_completion_models_all_responses,
    )
    from ._client.queries import (
        EnvironmentReport as EnvironmentReport,
        get_llm_provider as get_llm_provider,
        get_supported_openai_params as get_supported_openai_params,
        get_valid_models as get_valid_models,
        validate_environment as validate_environment,
    )
    from ._client.streams import (
        ChatStream as ChatStream,
        ImageStream as ImageStream,
        MessageStream as MessageStream,
        PumpedChatStream as PumpedChatStream,
        PumpedMessageStream as PumpedMessageStream,
        PumpedResponseStream as PumpedResponseStream,
        ResponseStream as ResponseStream,
        SpeechStream as SpeechStream,
        TextStream as TextStream,
        TranscriptionStream as TranscriptionStream,
    )
    from ._combinators.completed import (
        Outcomes as Outcomes,
    )
    from ._combinators.jobs import (
        Job as Job,
        Outcome as Outcome,
        Timings as Timings,
    )
    from ._combinators.merging import (
        MergedStream as MergedStream,
    )
    from ._combinators.stopping import (
        StoppedStream as StoppedStream,
        stop_when as stop_when,
    )
    from ._combinators.teeing import (
        TeeReader as TeeReader,
        tee as tee,
    )
    from ._dialects.contract import (
        MaxTokensName as MaxTokensName,
        MessageSchema as MessageSchema,
        Quirks as Quirks,
    )
    from ._engine import operations as _operations
    from ._engine.call import (
        CutCall as CutCall,
        DrainReport as DrainReport,
    )
    from ._engine.latencies import (
        Quantile as Quantile,
    )
    from ._engine.retry import (
        RetryPolicy as RetryPolicy,
    )
    from ._engine.stream import (
        PumpedStream as PumpedStream,
        Stream as Stream,
    )
    from ._engine.sync_stream import SyncStream as SyncStream
    from ._engine.timeouts import (
        Timeouts as Timeouts,
    )
    from ._limits.settings import (
        AccountStatistics as AccountStatistics,
        Limits as Limits,
    )
    from ._transport import (
        Transport as Transport,
        TransportStatistics as TransportStatistics,
    )
    from ._types.access_token import (
        AccessToken as AccessToken,
    )
    from ._types.chat import (
        ChatRequest as ChatRequest,
        ChoiceLogprobs as ChoiceLogprobs,
        Choices as Choices,
        Delta as Delta,
        FunctionCall as FunctionCall,
        Message as Message,
        ModelResponse as ModelResponse,
        ModelResponseStream as ModelResponseStream,
        Seam as Seam,
        StreamingChoices as StreamingChoices,
        ToolCall as ToolCall,
    )
    from ._types.embeddings import (
        Embedding as Embedding,
        EmbeddingRequest as EmbeddingRequest,
        EmbeddingResponse as EmbeddingResponse,
    )
    from ._types.image_edits import ImageEditRequest as ImageEditRequest
    from ._types.image_variations import ImageVariationRequest as ImageVariationRequest
    from ._types.images import (
        ImageChunk as ImageChunk,
        ImageObject as ImageObject,
        ImageRequest as ImageRequest,
        ImageResponse as ImageResponse,
    )
    from ._types.messages_api.reply import (
        AnthropicMessagesResponse as AnthropicMessagesResponse,
        MessageEvent as MessageEvent,
    )
    from ._types.messages_api.request import MessagesRequest as MessagesRequest
    from ._types.moderations import (
        Moderation as Moderation,
        ModerationRequest as ModerationRequest,
        ModerationResponse as ModerationResponse,
    )
    from ._types.reranking import (
        RerankRequest as RerankRequest,
        RerankResponse as RerankResponse,
        RerankResult as RerankResult,
    )
    from ._types.responses_api.events import (
        ResponseEvent as ResponseEvent,
    )
    from ._types.responses_api.items import (
        OutputItem as OutputItem,
    )
    from ._types.responses_api.request import (
        CancelResponseRequest as CancelResponseRequest,
        CompactResponseRequest as CompactResponseRequest,
        DeleteResponseRequest as DeleteResponseRequest,
        GetResponseRequest as GetResponseRequest,
        InputItemsRequest as InputItemsRequest,
        ResponsesRequest as ResponsesRequest,
    )
    from ._types.responses_api.response import (
        DeleteResponseResult as DeleteResponseResult,
        InputItemList as InputItemList,
        ResponseAPIUsage as ResponseAPIUsage,
        ResponsesAPIResponse as ResponsesAPIResponse,
    )
    from ._types.spoken import SpeechRequest as SpeechRequest, SpeechResponse as SpeechResponse
    from ._types.text_completions import (
        TextChoices as TextChoices,
        TextCompletionRequest as TextCompletionRequest,
        TextCompletionResponse as TextCompletionResponse,
    )
    from ._types.token_counts import CountTokensRequest as CountTokensRequest, TokenCountResponse as TokenCountResponse
    from ._types.tokens import (
        TokenSource as TokenSource,
    )
    from ._types.transcriptions import (
        TranscriptionChunk as TranscriptionChunk,
        TranscriptionRequest as TranscriptionRequest,
        TranscriptionResponse as TranscriptionResponse,
        TranscriptionSegment as TranscriptionSegment,
        TranscriptionWord as TranscriptionWord,
    )
    from ._types.usage import (
        CompletionTokensDetails as CompletionTokensDetails,
        PromptTokensDetails as PromptTokensDetails,
        Usage as Usage,
    )
    from ._version import (
        __version__ as __version__,
    )
    from .exceptions import (
        AllFailedError as AllFailedError,
        APIConnectionError as APIConnectionError,
        APIError as APIError,
        APIResponseValidationError as APIResponseValidationError,
        AuthenticationError as AuthenticationError,
        BadRequestError as BadRequestError,
        BudgetExceededError as BudgetExceededError,
        ClientClosedError as ClientClosedError,
        ContentPolicyViolationError as ContentPolicyViolationError,
        ContextWindowExceededError as ContextWindowExceededError,
        InternalServerError as InternalServerError,
        LLMError as LLMError,
        NotFoundError as NotFoundError,
        PermissionDeniedError as PermissionDeniedError,
        RateLimitError as RateLimitError,
        ServiceUnavailableError as ServiceUnavailableError,
        SlowReaderError as SlowReaderError,
        Timeout as Timeout,
        UnprocessableEntityError as UnprocessableEntityError,
        UnsupportedParamsError as UnsupportedParamsError,
    )

    acompletion: Final = _functions.function(_operations.ask_completion)
    completion: Final = _functions.twin(_operations.ask_completion)
    aanthropic_messages: Final = _functions.function(_operations.ask_anthropic_messages)
    anthropic_messages: Final = _functions.twin(_operations.ask_anthropic_messages)
    acount_tokens: Final = _functions.function(_operations.ask_count_tokens)
    count_tokens: Final = _functions.twin(_operations.ask_count_tokens)
    aembedding: Final = _functions.function(_operations.ask_embedding)
    embedding: Final = _functions.twin(_operations.ask_embedding)
    aimage_edit: Final = _functions.function(_operations.ask_image_edit)
    image_edit: Final = _functions.twin(_operations.ask_image_edit)
    aimage_generation: Final = _functions.function(_operations.ask_image_generation)
    image_generation: Final = _functions.twin(_operations.ask_image_generation)
    aimage_variation: Final = _functions.function(_operations.ask_image_variation)
    image_variation: Final = _functions.twin(_operations.ask_image_variation)
    amoderation: Final = _functions.function(_operations.ask_moderation)
    moderation: Final = _functions.twin(_operations.ask_moderation)
    arerank: Final = _functions.function(_operations.ask_rerank)
    rerank: Final = _functions.twin(_operations.ask_rerank)
    acancel_responses: Final = _functions.function(_operations.ask_cancel_responses)
    cancel_responses: Final = _functions.twin(_operations.ask_cancel_responses)
    acompact_responses: Final = _functions.function(_operations.ask_compact_responses)
    compact_responses: Final = _functions.twin(_operations.ask_compact_responses)
    adelete_responses: Final = _functions.function(_operations.ask_delete_responses)
    delete_responses: Final = _functions.twin(_operations.ask_delete_responses)
    aget_responses: Final = _functions.function(_operations.ask_get_responses)
    get_responses: Final = _functions.twin(_operations.ask_get_responses)
    alist_input_items: Final = _functions.function(_operations.ask_list_input_items)
    list_input_items: Final = _functions.twin(_operations.ask_list_input_items)
    aresponses: Final = _functions.function(_operations.ask_responses)
    responses: Final = _functions.twin(_operations.ask_responses)
    aspeech: Final = _functions.function(_operations.ask_speech)
    speech: Final = _functions.twin(_operations.ask_speech)
    atext_completion: Final = _functions.function(_operations.ask_text_completion)
    text_completion: Final = _functions.twin(_operations.ask_text_completion)
    atranscription: Final = _functions.function(_operations.ask_transcription)
    transcription: Final = _functions.twin(_operations.ask_transcription)
else:
    from ._lazy import public_names

    __getattr__, __dir__, __all__ = public_names(
        __name__,
        {
            "": "exceptions providers",
            "_client.combined": "as_completed cascade fan_out hedge merge race",
            "_client.completion_batches": "abatch_completion abatch_completion_fastest_response abatch_completion_models abatch_completion_models_all_responses",
            "_catalog": "catalog_with",
            "_client.queries": "EnvironmentReport get_llm_provider get_supported_openai_params get_valid_models validate_environment",
            "_client.client": "Client ClientStatistics",
            "_combinators.completed": "Outcomes",
            "_dialects.contract": "MaxTokensName MessageSchema Quirks",
            "_engine.call": "CutCall DrainReport",
            "_client.functions": "aanthropic_messages acancel_responses acompact_responses acompletion acount_tokens adelete_responses aembedding aget_responses aimage_edit aimage_generation aimage_variation alist_input_items amoderation anthropic_messages arerank aresponses aspeech atext_completion atranscription cancel_responses compact_responses completion count_tokens delete_responses embedding get_responses image_edit image_generation image_variation list_input_items moderation rerank responses speech text_completion transcription",
            "_client.streams": "ChatStream ImageStream MessageStream PumpedChatStream PumpedMessageStream PumpedResponseStream ResponseStream SpeechStream TextStream TranscriptionStream",
            "_engine.sync_stream": "SyncStream",
            "_combinators.jobs": "Job Outcome Timings",
            "_engine.latencies": "Quantile",
            "_limits.settings": "AccountStatistics Limits",
            "_combinators.merging": "MergedStream",
            "_catalog.addresses": "Paths Versioning",
            "_catalog.auth": "AuthScheme",
            "_catalog.provider": "Provider Server Wire",
            "_catalog.resolving": "Catalog",
            "_engine.retry": "RetryPolicy",
            "_engine.stream": "PumpedStream Stream",
            "_client.batch_twins": "batch_completion batch_completion_models batch_completion_models_all_responses register_provider",
            "_combinators.teeing": "TeeReader tee",
            "_engine.timeouts": "Timeouts",
            "_transport": "Transport TransportStatistics",
            "_types.chat": "ChatRequest ChoiceLogprobs Choices Delta FunctionCall Message ModelResponse ModelResponseStream Seam StreamingChoices ToolCall",
            "_types.embeddings": "Embedding EmbeddingRequest EmbeddingResponse",
            "_types.image_edits": "ImageEditRequest",
            "_types.image_variations": "ImageVariationRequest",
            "_types.images": "ImageChunk ImageObject ImageRequest ImageResponse",
            "_types.messages_api.reply": "AnthropicMessagesResponse MessageEvent",
            "_types.messages_api.request": "MessagesRequest",
            "_types.moderations": "Moderation ModerationRequest ModerationResponse",
            "_types.reranking": "RerankRequest RerankResponse RerankResult",
            "_types.responses_api.request": "CancelResponseRequest CompactResponseRequest DeleteResponseRequest GetResponseRequest InputItemsRequest ResponsesRequest",
            "_types.responses_api.response": "DeleteResponseResult InputItemList ResponseAPIUsage ResponsesAPIResponse",
            "_types.responses_api.events": "ResponseEvent",
            "_types.responses_api.items": "OutputItem",
            "_types.spoken": "SpeechRequest SpeechResponse",
            "_types.text_completions": "TextChoices TextCompletionRequest TextCompletionResponse",
            "_types.token_counts": "CountTokensRequest TokenCountResponse",
            "_types.transcriptions": "TranscriptionChunk TranscriptionRequest TranscriptionResponse TranscriptionSegment TranscriptionWord",
            "_types.access_token": "AccessToken",
            "_types.tokens": "TokenSource",
            "_types.usage": "CompletionTokensDetails PromptTokensDetails Usage",
            "_combinators.stopping": "StoppedStream stop_when",
            "_version": "__version__",
            "exceptions": "APIConnectionError APIError APIResponseValidationError AllFailedError AuthenticationError BadRequestError BudgetExceededError ClientClosedError ContentPolicyViolationError ContextWindowExceededError InternalServerError LLMError NotFoundError PermissionDeniedError RateLimitError ServiceUnavailableError SlowReaderError Timeout UnprocessableEntityError UnsupportedParamsError",
        },
    )
