"""Classes that a program meets in replies and seldom has to name: for annotations, and to tell kinds apart.

The rest of the public names are in `trio_llm` itself.
"""

from __future__ import annotations

from ._limits.settings import LaneStatistics
from ._types.messages_api.reply import (
    AnthropicUsage,
    BlockDelta,
    ContentBlock,
    ContentBlockDeltaEvent,
    ContentBlockStartEvent,
    ContentBlockStopEvent,
    MessageDeltaEvent,
    MessageStartEvent,
)
from ._types.responses_api.events import (
    AnnotationAddedEvent,
    ContentPartEvent,
    DeltaEvent,
    DoneEvent,
    ItemPlaceEvent,
    OutputItemEvent,
    ResponseStatusEvent,
)
from ._types.responses_api.items import (
    CompactionItem,
    ContentPart,
    CustomToolCallItem,
    FunctionCallItem,
    OutputMessage,
    OutputRefusal,
    OutputText,
    ReasoningItem,
)
from ._types.responses_api.response import (
    InputTokensDetails,
    OutputTokensDetails,
)

__all__ = [
    "AnnotationAddedEvent",
    "AnthropicUsage",
    "BlockDelta",
    "CompactionItem",
    "ContentBlock",
    "ContentBlockDeltaEvent",
    "ContentBlockStartEvent",
    "ContentBlockStopEvent",
    "ContentPart",
    "ContentPartEvent",
    "CustomToolCallItem",
    "DeltaEvent",
    "DoneEvent",
    "FunctionCallItem",
    "InputTokensDetails",
    "ItemPlaceEvent",
    "LaneStatistics",
    "MessageDeltaEvent",
    "MessageStartEvent",
    "OutputItemEvent",
    "OutputMessage",
    "OutputRefusal",
    "OutputText",
    "OutputTokensDetails",
    "ReasoningItem",
    "ResponseStatusEvent",
]

for _name in __all__:
    globals()[_name].__module__ = __name__
