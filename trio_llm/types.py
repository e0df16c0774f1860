"""Classes that a program meets in replies and seldom has to name: for annotations, and to tell kinds apart.

The rest of the public names are in `trio_llm` itself. Those that stand here are found there too, but are not listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._catalog.addresses import (
        Paths as Paths,
        Versioning as Versioning,
    )
    from ._catalog.auth import (
        AuthScheme as AuthScheme,
    )
    from ._catalog.provider import (
        ServerKind as ServerKind,
        Wire as Wire,
    )
    from ._catalog.resolving import (
        Catalog as Catalog,
    )
    from ._client.queries import (
        EnvironmentReport as EnvironmentReport,
    )
    from ._client.server_sent_events import (
        ServerSentEvents as ServerSentEvents,
    )
    from ._client.statistics import (
        ClientStatistics as ClientStatistics,
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
        Timings as Timings,
    )
    from ._combinators.merging import (
        MergedStream as MergedStream,
    )
    from ._combinators.stopping import (
        StoppedStream as StoppedStream,
    )
    from ._combinators.teeing import (
        TeeReader as TeeReader,
    )
    from ._dialects.quirks import Answers as Answers, MaxTokensName as MaxTokensName, MessageSchema as MessageSchema
    from ._engine.call import (
        CutCall as CutCall,
        DrainReport as DrainReport,
    )
    from ._engine.pumping import (
        PumpedStream as PumpedStream,
    )
    from ._engine.stream import (
        Stream as Stream,
    )
    from ._engine.sync_stream import (
        SyncStream as SyncStream,
    )
    from ._limits.statistics import (
        AccountStatistics as AccountStatistics,
        LaneStatistics as LaneStatistics,
    )
    from ._transport import (
        Transport as Transport,
        TransportStatistics as TransportStatistics,
    )
    from ._types.chat import (
        ChoiceLogprobs as ChoiceLogprobs,
        Choices as Choices,
        Delta as Delta,
        FunctionCall as FunctionCall,
        StreamingChoices as StreamingChoices,
        ToolCall as ToolCall,
    )
    from ._types.chat.parsed import (
        ParsedChoices as ParsedChoices,
        ParsedMessage as ParsedMessage,
        ParsedResponse as ParsedResponse,
    )
    from ._types.decided import (
        DecisionAnswer as DecisionAnswer,
        DecisionProbability as DecisionProbability,
        DecisionRequest as DecisionRequest,
        DecisionResponse as DecisionResponse,
    )
    from ._types.embeddings import (
        Embedding as Embedding,
    )
    from ._types.images import (
        ImageChunk as ImageChunk,
        ImageObject as ImageObject,
    )
    from ._types.messages_api.reply import (
        AnthropicUsage as AnthropicUsage,
        BlockDelta as BlockDelta,
        ContentBlock as ContentBlock,
        ContentBlockDeltaEvent as ContentBlockDeltaEvent,
        ContentBlockStartEvent as ContentBlockStartEvent,
        ContentBlockStopEvent as ContentBlockStopEvent,
        MessageDeltaEvent as MessageDeltaEvent,
        MessageEvent as MessageEvent,
        MessageStartEvent as MessageStartEvent,
    )
    from ._types.moderations import (
        Moderation as Moderation,
    )
    from ._types.receipt import (
        EnforcedBy as EnforcedBy,
        Receipt as Receipt,
    )
    from ._types.reranking import (
        RerankResult as RerankResult,
    )
    from ._types.responses_api.events import (
        AnnotationAddedEvent as AnnotationAddedEvent,
        ContentPartEvent as ContentPartEvent,
        DeltaEvent as DeltaEvent,
        DoneEvent as DoneEvent,
        ItemPlaceEvent as ItemPlaceEvent,
        OutputItemEvent as OutputItemEvent,
        ResponseEvent as ResponseEvent,
        ResponseStatusEvent as ResponseStatusEvent,
    )
    from ._types.responses_api.items import (
        CompactionItem as CompactionItem,
        ContentPart as ContentPart,
        CustomToolCallItem as CustomToolCallItem,
        FunctionCallItem as FunctionCallItem,
        OutputItem as OutputItem,
        OutputMessage as OutputMessage,
        OutputRefusal as OutputRefusal,
        OutputText as OutputText,
        ReasoningItem as ReasoningItem,
    )
    from ._types.responses_api.request import (
        CancelResponseRequest as CancelResponseRequest,
        CompactResponseRequest as CompactResponseRequest,
        DeleteResponseRequest as DeleteResponseRequest,
        GetResponseRequest as GetResponseRequest,
        InputItemsRequest as InputItemsRequest,
    )
    from ._types.responses_api.response import (
        DeleteResponseResult as DeleteResponseResult,
        InputItemList as InputItemList,
        InputTokensDetails as InputTokensDetails,
        OutputTokensDetails as OutputTokensDetails,
        ResponseAPIUsage as ResponseAPIUsage,
    )
    from ._types.text_completions import (
        TextChoices as TextChoices,
    )
    from ._types.token_counts import (
        CountTokensRequest as CountTokensRequest,
        TokenCountResponse as TokenCountResponse,
    )
    from ._types.transcriptions import (
        TranscriptionChunk as TranscriptionChunk,
        TranscriptionSegment as TranscriptionSegment,
        TranscriptionWord as TranscriptionWord,
    )
    from ._types.usage import (
        CompletionTokensDetails as CompletionTokensDetails,
        PromptTokensDetails as PromptTokensDetails,
    )
else:
    from ._lazy import public_names

    __getattr__, __dir__, __all__ = public_names(
        __name__,
        {
            "_catalog.addresses": "Paths Versioning",
            "_catalog.auth": "AuthScheme",
            "_catalog.provider": "ServerKind Wire",
            "_catalog.resolving": "Catalog",
            "_client.queries": "EnvironmentReport",
            "_client.server_sent_events": "ServerSentEvents",
            "_client.statistics": "ClientStatistics",
            "_client.streams": "ChatStream ImageStream MessageStream PumpedChatStream PumpedMessageStream PumpedResponseStream ResponseStream SpeechStream TextStream TranscriptionStream",
            "_combinators.completed": "Outcomes",
            "_combinators.jobs": "Job Timings",
            "_combinators.merging": "MergedStream",
            "_combinators.stopping": "StoppedStream",
            "_combinators.teeing": "TeeReader",
            "_dialects.quirks": "Answers MaxTokensName MessageSchema",
            "_engine.call": "CutCall DrainReport",
            "_engine.pumping": "PumpedStream",
            "_engine.stream": "Stream",
            "_engine.sync_stream": "SyncStream",
            "_limits.statistics": "AccountStatistics LaneStatistics",
            "_transport": "Transport TransportStatistics",
            "_types.chat": "ChoiceLogprobs Choices Delta FunctionCall StreamingChoices ToolCall",
            "_types.chat.parsed": "ParsedChoices ParsedMessage ParsedResponse",
            "_types.decided": "DecisionAnswer DecisionProbability DecisionRequest DecisionResponse",
            "_types.embeddings": "Embedding",
            "_types.images": "ImageChunk ImageObject",
            "_types.messages_api.reply": "AnthropicUsage BlockDelta ContentBlock ContentBlockDeltaEvent ContentBlockStartEvent ContentBlockStopEvent MessageDeltaEvent MessageEvent MessageStartEvent",
            "_types.moderations": "Moderation",
            "_types.receipt": "EnforcedBy Receipt",
            "_types.reranking": "RerankResult",
            "_types.responses_api.events": "AnnotationAddedEvent ContentPartEvent DeltaEvent DoneEvent ItemPlaceEvent OutputItemEvent ResponseEvent ResponseStatusEvent",
            "_types.responses_api.items": "CompactionItem ContentPart CustomToolCallItem FunctionCallItem OutputItem OutputMessage OutputRefusal OutputText ReasoningItem",
            "_types.responses_api.request": "CancelResponseRequest CompactResponseRequest DeleteResponseRequest GetResponseRequest InputItemsRequest",
            "_types.responses_api.response": "DeleteResponseResult InputItemList InputTokensDetails OutputTokensDetails ResponseAPIUsage",
            "_types.text_completions": "TextChoices",
            "_types.token_counts": "CountTokensRequest TokenCountResponse",
            "_types.transcriptions": "TranscriptionChunk TranscriptionSegment TranscriptionWord",
            "_types.usage": "CompletionTokensDetails PromptTokensDetails",
        },
    )
