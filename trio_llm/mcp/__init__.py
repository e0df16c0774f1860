"""Tools, resources and prompts of servers that speak the Model Context Protocol. Needs `trio-llm[mcp]`.

async with trio_llm.mcp.connect(trio_llm.mcp.Command("node", ["server.js"])) as server:
    run = await client.run_tools(model, messages, tools=server.tools)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._connection import (
        Restart as Restart,
    )
    from ._errors import (
        ServerError as ServerError,
        ServerLostError as ServerLostError,
    )
    from ._inputs import (
        Elicitation as Elicitation,
        Sampling as Sampling,
    )
    from ._log import (
        LogLevel as LogLevel,
        ServerLog as ServerLog,
    )
    from ._server import (
        Server as Server,
        ServerParams as ServerParams,
        ServerProgress as ServerProgress,
        Servers as Servers,
        connect as connect,
        connect_all as connect_all,
        merged_tools as merged_tools,
    )
    from ._targets import (
        HTTP as HTTP,
        Command as Command,
        Target as Target,
    )
else:
    from .._lazy import public_names

    __getattr__, __dir__, __all__ = public_names(
        __name__,
        {
            "_connection": "Restart",
            "_errors": "ServerError ServerLostError",
            "_inputs": "Elicitation Sampling",
            "_log": "LogLevel ServerLog",
            "_server": "Server ServerParams ServerProgress Servers connect connect_all merged_tools",
            "_targets": "Command HTTP Target",
        },
    )
