"""Tools that a model may call: functions, and what happens while `client.run_tools` and `client.stream_tools` run.

@trio_llm.tools.tool(commits=True, timeout=10)
async def book(seat: str, nights: int = 1) -> str:
    "Book a seat."

run = await client.run_tools(model, messages, tools=[book, look_up])
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._asking import (
        Approval as Approval,
        MessagesToolParams as MessagesToolParams,
        ResponsesToolParams as ResponsesToolParams,
        Round as Round,
        ToolParams as ToolParams,
    )
    from ._errors import (
        ToolRunError as ToolRunError,
        ToolRunTimeout as ToolRunTimeout,
    )
    from ._events import (
        AnswerBroke as AnswerBroke,
        Finished as Finished,
        ProviderItem as ProviderItem,
        ReasoningDelta as ReasoningDelta,
        RoundEnded as RoundEnded,
        Step as Step,
        TextDelta as TextDelta,
        ToolBegan as ToolBegan,
        ToolEnded as ToolEnded,
        ToolEvent as ToolEvent,
        ToolProgress as ToolProgress,
        ToolResult as ToolResult,
        ToolRun as ToolRun,
    )
    from ._results import (
        ToolOutput as ToolOutput,
    )
    from ._streams import (
        ToolStream as ToolStream,
    )
    from ._tool import (
        Tool as Tool,
        ToolContext as ToolContext,
        ToolLike as ToolLike,
        tool as tool,
    )
else:
    from .._lazy import public_names

    __getattr__, __dir__, __all__ = public_names(
        __name__,
        {
            "_asking": "Approval MessagesToolParams ResponsesToolParams Round ToolParams",
            "_errors": "ToolRunError ToolRunTimeout",
            "_events": (
                "AnswerBroke Finished ProviderItem ReasoningDelta RoundEnded Step TextDelta "
                "ToolBegan ToolEnded ToolEvent ToolProgress ToolResult ToolRun"
            ),
            "_results": "ToolOutput",
            "_streams": "ToolStream",
            "_tool": "Tool ToolContext ToolLike tool",
        },
    )
