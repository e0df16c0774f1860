"""Large language models under structured concurrency: LiteLLM's calls, Trio's guarantees.

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from . import (
        exceptions as exceptions,
        mcp as mcp,
        models as models,
        observe as observe,
        otel as otel,
        providers as providers,
        purse as purse,
        structured as structured,
        tools as tools,
        types as types,
    )
    from ._catalog import (
        catalog_with as catalog_with,
    )
    from ._catalog.provider import (
        Provider as Provider,
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
        get_llm_provider as get_llm_provider,
        get_supported_openai_params as get_supported_openai_params,
        get_valid_models as get_valid_models,
        validate_environment as validate_environment,
    )
    from ._client.server_sent_events import (
        sse as sse,
    )
    from ._combinators.jobs import (
        Outcome as Outcome,
    )
    from ._combinators.stopping import (
        stop_when as stop_when,
    )
    from ._combinators.teeing import (
        tee as tee,
    )
    from ._dialects.quirks import Quirks as Quirks
    from ._engine import operations as _operations
    from ._engine.latencies import (
        Quantile as Quantile,
    )
    from ._engine.retry import (
        RetryPolicy as RetryPolicy,
    )
    from ._engine.timeouts import (
        Timeouts as Timeouts,
    )
    from ._limits.settings import (
        Limits as Limits,
    )
    from ._types.access_token import (
        AccessToken as AccessToken,
    )
    from ._types.chat import (
        ChatRequest as ChatRequest,
        Message as Message,
        ModelResponse as ModelResponse,
        ModelResponseStream as ModelResponseStream,
        Seam as Seam,
    )
    from ._types.embeddings import (
        EmbeddingRequest as EmbeddingRequest,
        EmbeddingResponse as EmbeddingResponse,
    )
    from ._types.image_edits import (
        ImageEditRequest as ImageEditRequest,
    )
    from ._types.image_variations import (
        ImageVariationRequest as ImageVariationRequest,
    )
    from ._types.images import (
        ImageRequest as ImageRequest,
        ImageResponse as ImageResponse,
    )
    from ._types.messages_api.reply import (
        AnthropicMessagesResponse as AnthropicMessagesResponse,
    )
    from ._types.messages_api.request import (
        MessagesRequest as MessagesRequest,
    )
    from ._types.moderations import (
        ModerationRequest as ModerationRequest,
        ModerationResponse as ModerationResponse,
    )
    from ._types.reranking import (
        RerankRequest as RerankRequest,
        RerankResponse as RerankResponse,
    )
    from ._types.responses_api.request import (
        ResponsesRequest as ResponsesRequest,
    )
    from ._types.responses_api.response import (
        ResponsesAPIResponse as ResponsesAPIResponse,
    )
    from ._types.spoken import (
        SpeechRequest as SpeechRequest,
        SpeechResponse as SpeechResponse,
    )
    from ._types.text_completions import (
        TextCompletionRequest as TextCompletionRequest,
        TextCompletionResponse as TextCompletionResponse,
    )
    from ._types.tokens import (
        TokenSource as TokenSource,
    )
    from ._types.transcriptions import (
        TranscriptionRequest as TranscriptionRequest,
        TranscriptionResponse as TranscriptionResponse,
    )
    from ._types.usage import (
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
    from .models.costs import (
        completion_cost as completion_cost,
        cost_per_token as cost_per_token,
    )
    from .models.facts import (
        get_max_tokens as get_max_tokens,
        get_model_info as get_model_info,
        register_model as register_model,
        supports as supports,
    )
    from .models.tokens import (
        decode as decode,
        encode as encode,
        token_counter as token_counter,
        trim_messages as trim_messages,
    )
    from .purse import (
        spending as spending,
    )

    acompletion: Final = _functions.function(_operations.ask_completion)
    completion: Final = _functions.twin(_operations.ask_completion)
    aanthropic_messages: Final = _functions.function(_operations.ask_anthropic_messages)
    anthropic_messages: Final = _functions.twin(_operations.ask_anthropic_messages)
    acount_tokens: Final = _functions.function(_operations.ask_count_tokens)
    count_tokens: Final = _functions.twin(_operations.ask_count_tokens)
    adecisions: Final = _functions.function(_operations.ask_decisions)
    decisions: Final = _functions.twin(_operations.ask_decisions)
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
            "": "exceptions mcp models observe otel providers purse structured tools types",
            "_catalog": "catalog_with",
            "_catalog.provider": "Provider",
            "_client.batch_twins": "batch_completion batch_completion_models batch_completion_models_all_responses register_provider",
            "_client.client": "Client",
            "_client.combined": "as_completed cascade fan_out hedge merge race",
            "_client.completion_batches": "abatch_completion abatch_completion_fastest_response abatch_completion_models abatch_completion_models_all_responses",
            "_client.functions": "aanthropic_messages acancel_responses acompact_responses acompletion acount_tokens adecisions adelete_responses aembedding aget_responses aimage_edit aimage_generation aimage_variation alist_input_items amoderation anthropic_messages arerank aresponses aspeech atext_completion atranscription cancel_responses compact_responses completion count_tokens decisions delete_responses embedding get_responses image_edit image_generation image_variation list_input_items moderation rerank responses speech text_completion transcription",
            "_client.queries": "get_llm_provider get_supported_openai_params get_valid_models validate_environment",
            "_client.server_sent_events": "sse",
            "_combinators.jobs": "Outcome",
            "_combinators.stopping": "stop_when",
            "_combinators.teeing": "tee",
            "_dialects.quirks": "Quirks",
            "_engine.latencies": "Quantile",
            "_engine.retry": "RetryPolicy",
            "_engine.timeouts": "Timeouts",
            "_limits.settings": "Limits",
            "_types.access_token": "AccessToken",
            "_types.chat": "ChatRequest Message ModelResponse ModelResponseStream Seam",
            "_types.embeddings": "EmbeddingRequest EmbeddingResponse",
            "_types.image_edits": "ImageEditRequest",
            "_types.image_variations": "ImageVariationRequest",
            "_types.images": "ImageRequest ImageResponse",
            "_types.messages_api.reply": "AnthropicMessagesResponse",
            "_types.messages_api.request": "MessagesRequest",
            "_types.moderations": "ModerationRequest ModerationResponse",
            "_types.reranking": "RerankRequest RerankResponse",
            "_types.responses_api.request": "ResponsesRequest",
            "_types.responses_api.response": "ResponsesAPIResponse",
            "_types.spoken": "SpeechRequest SpeechResponse",
            "_types.text_completions": "TextCompletionRequest TextCompletionResponse",
            "_types.tokens": "TokenSource",
            "_types.transcriptions": "TranscriptionRequest TranscriptionResponse",
            "_types.usage": "Usage",
            "_version": "__version__",
            "exceptions": "APIConnectionError APIError APIResponseValidationError AllFailedError AuthenticationError BadRequestError BudgetExceededError ClientClosedError ContentPolicyViolationError ContextWindowExceededError InternalServerError LLMError NotFoundError PermissionDeniedError RateLimitError ServiceUnavailableError SlowReaderError Timeout UnprocessableEntityError UnsupportedParamsError",
            "models.costs": "completion_cost cost_per_token",
            "purse": "spending",
            "models.tokens": "decode encode token_counter trim_messages",
            "models.facts": "get_max_tokens get_model_info register_model supports",
        },
        elsewhere="types",
    )
