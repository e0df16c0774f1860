"""Hypothesis strategies for conversations, tools, requests, replies, faults, schedules and the bytes of every wire.

    @given(messages=strategies.conversations(), reply=strategies.replies(), faults=strategies.fault_plans())
    def test_my_agent_survives(messages, reply, faults): ...

`ProviderMachine` and `ClientMachine` are state machines to build on. `from_type` draws the package's public classes.
Needs the extra `testing`. Examples shrink to readable ones: short texts, one message, no fault.
"""

from __future__ import annotations

from ._client_machine import ClientMachine
from ._conversations import Message, conversations, requests, schema_requests
from ._fitting import JSONSchema, fits
from ._functions import DrawnError, DrawnObserver, async_functions, judges, observers
from ._machines import ProviderMachine
from ._moods import CallTools, Mood, moods
from ._replies import deliveries, fault_plans, faults, replies, tool_uses
from ._schedules import arrivals, budgets, limits, rate_limits
from ._schemas import Tool, object_schemas, schemas, tools, uses_of, values
from ._texts import arguments, said, texts
from ._types import from_type, register_types
from ._wires import WIRES, splits, wire_replies

__all__ = [
    "WIRES",
    "CallTools",
    "ClientMachine",
    "DrawnError",
    "DrawnObserver",
    "JSONSchema",
    "Message",
    "Mood",
    "ProviderMachine",
    "Tool",
    "arguments",
    "arrivals",
    "async_functions",
    "budgets",
    "conversations",
    "deliveries",
    "fault_plans",
    "faults",
    "fits",
    "from_type",
    "judges",
    "limits",
    "moods",
    "object_schemas",
    "observers",
    "rate_limits",
    "register_types",
    "replies",
    "requests",
    "said",
    "schema_requests",
    "schemas",
    "splits",
    "texts",
    "tool_uses",
    "tools",
    "uses_of",
    "values",
    "wire_replies",
]
