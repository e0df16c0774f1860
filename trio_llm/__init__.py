"""Large language models under structured concurrency: LiteLLM's calls, Trio's guarantees.

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import exceptions as exceptions
    from ._catalog import (
        catalog_with as catalog_with,
    )
    from ._catalog.provider import (
        AuthScheme as AuthScheme,
        Catalog as Catalog,
        Paths as Paths,
        Provider as Provider,
        Server as Server,
        Versioning as Versioning,
        Wire as Wire,
    )
    from ._client.chat_functions import (
        acompletion as acompletion,
        as_completed as as_completed,
        cascade as cascade,
        fan_out as fan_out,
        hedge as hedge,
        merge as merge,
        race as race,
    )
    from ._client.chat_twins import (
        SyncStream as SyncStream,
        batch_completion as batch_completion,
        batch_completion_models as batch_completion_models,
        batch_completion_models_all_responses as batch_completion_models_all_responses,
        completion as completion,
        register_provider as register_provider,
    )
    from ._client.client import (
        ChatStream as ChatStream,
        Client as Client,
        ClientStatistics as ClientStatistics,
        PumpedChatStream as PumpedChatStream,
    )
    from ._client.completion_batches import (
        abatch_completion as abatch_completion,
        abatch_completion_fastest_response as abatch_completion_fastest_response,
        abatch_completion_models as abatch_completion_models,
        abatch_completion_models_all_responses as abatch_completion_models_all_responses,
    )
    from ._client.functions import (
        aembedding as aembedding,
        aimage_edit as aimage_edit,
        aimage_generation as aimage_generation,
        aimage_variation as aimage_variation,
        amoderation as amoderation,
        arerank as arerank,
        aspeech as aspeech,
        atext_completion as atext_completion,
        atranscription as atranscription,
    )
    from ._client.operations import (
        ImageStream as ImageStream,
        SpeechStream as SpeechStream,
        TextStream as TextStream,
        TranscriptionStream as TranscriptionStream,
    )
    from ._client.queries import (
        EnvironmentReport as EnvironmentReport,
        get_llm_provider as get_llm_provider,
        get_supported_openai_params as get_supported_openai_params,
        get_valid_models as get_valid_models,
        validate_environment as validate_environment,
    )
    from ._client.twins import (
        embedding as embedding,
        image_edit as image_edit,
        image_generation as image_generation,
        image_variation as image_variation,
        moderation as moderation,
        rerank as rerank,
        speech as speech,
        text_completion as text_completion,
        transcription as transcription,
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
    from ._types.audio import (
        SpeechResponse as SpeechResponse,
        TranscriptionChunk as TranscriptionChunk,
        TranscriptionResponse as TranscriptionResponse,
        TranscriptionSegment as TranscriptionSegment,
        TranscriptionWord as TranscriptionWord,
    )
    from ._types.chat import (
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
    from ._types.chat_request import (
        ChatRequest as ChatRequest,
    )
    from ._types.embedding import (
        Embedding as Embedding,
        EmbeddingResponse as EmbeddingResponse,
    )
    from ._types.image import (
        ImageChunk as ImageChunk,
        ImageObject as ImageObject,
        ImageResponse as ImageResponse,
    )
    from ._types.media_requests import (
        ImageEditRequest as ImageEditRequest,
        ImageVariationRequest as ImageVariationRequest,
        SpeechRequest as SpeechRequest,
        TranscriptionRequest as TranscriptionRequest,
    )
    from ._types.moderation import (
        Moderation as Moderation,
        ModerationResponse as ModerationResponse,
    )
    from ._types.other_requests import (
        EmbeddingRequest as EmbeddingRequest,
        ImageRequest as ImageRequest,
        ModerationRequest as ModerationRequest,
        RerankRequest as RerankRequest,
        TextCompletionRequest as TextCompletionRequest,
    )
    from ._types.rerank import (
        RerankResponse as RerankResponse,
        RerankResult as RerankResult,
    )
    from ._types.text import (
        TextChoices as TextChoices,
        TextCompletionResponse as TextCompletionResponse,
    )
    from ._types.usage import (
        CompletionTokensDetails as CompletionTokensDetails,
        PromptTokensDetails as PromptTokensDetails,
        Usage as Usage,
    )
    from ._types.vector import (
        Vector as Vector,
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
else:
    from ._lazy import public_names

    __getattr__, __dir__, __all__ = public_names(
        __name__,
        {
            "": "exceptions",
            "_client.chat_functions": "acompletion as_completed cascade fan_out hedge merge race",
            "_client.completion_batches": "abatch_completion abatch_completion_fastest_response abatch_completion_models abatch_completion_models_all_responses",
            "_catalog": "catalog_with",
            "_client.queries": "EnvironmentReport get_llm_provider get_supported_openai_params get_valid_models validate_environment",
            "_client.client": "ChatStream Client ClientStatistics PumpedChatStream",
            "_combinators.completed": "Outcomes",
            "_dialects.contract": "MaxTokensName MessageSchema Quirks",
            "_engine.call": "CutCall DrainReport",
            "_client.functions": "aembedding aimage_edit aimage_generation aimage_variation amoderation arerank aspeech atext_completion atranscription",
            "_client.operations": "ImageStream SpeechStream TextStream TranscriptionStream",
            "_client.twins": "embedding image_edit image_generation image_variation moderation rerank speech text_completion transcription",
            "_combinators.jobs": "Job Outcome Timings",
            "_engine.latencies": "Quantile",
            "_limits.settings": "AccountStatistics Limits",
            "_combinators.merging": "MergedStream",
            "_catalog.provider": "AuthScheme Catalog Paths Provider Server Versioning Wire",
            "_engine.retry": "RetryPolicy",
            "_engine.stream": "PumpedStream Stream",
            "_client.chat_twins": "SyncStream batch_completion batch_completion_models batch_completion_models_all_responses completion register_provider",
            "_combinators.teeing": "TeeReader tee",
            "_engine.timeouts": "Timeouts",
            "_transport": "Transport TransportStatistics",
            "_types.audio": "SpeechResponse TranscriptionChunk TranscriptionResponse TranscriptionSegment TranscriptionWord",
            "_types.chat": "ChoiceLogprobs Choices Delta FunctionCall Message ModelResponse ModelResponseStream Seam StreamingChoices ToolCall",
            "_types.chat_request": "ChatRequest",
            "_types.embedding": "Embedding EmbeddingResponse",
            "_types.image": "ImageChunk ImageObject ImageResponse",
            "_types.media_requests": "ImageEditRequest ImageVariationRequest SpeechRequest TranscriptionRequest",
            "_types.moderation": "Moderation ModerationResponse",
            "_types.other_requests": "EmbeddingRequest ImageRequest ModerationRequest RerankRequest TextCompletionRequest",
            "_types.rerank": "RerankResponse RerankResult",
            "_types.text": "TextChoices TextCompletionResponse",
            "_types.usage": "CompletionTokensDetails PromptTokensDetails Usage",
            "_types.vector": "Vector",
            "_combinators.stopping": "StoppedStream stop_when",
            "_version": "__version__",
            "exceptions": "APIConnectionError APIError APIResponseValidationError AllFailedError AuthenticationError BadRequestError BudgetExceededError ClientClosedError ContentPolicyViolationError ContextWindowExceededError InternalServerError LLMError NotFoundError PermissionDeniedError RateLimitError ServiceUnavailableError SlowReaderError Timeout UnprocessableEntityError UnsupportedParamsError",
        },
    )
