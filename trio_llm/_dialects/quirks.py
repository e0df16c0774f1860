"""What providers that share a wire format do differently, as data.

A row of the catalogue has `Quirks`, for all of its models or for a family of them. A dialect reads them, and knows no
provider's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import attrs


class MaxTokensName(Enum):
    """The field in which a provider takes the limit of the answer's length.

    Example:
        quirks = Quirks(max_tokens_name=MaxTokensName.MAX_TOKENS)
    """

    AS_GIVEN = "as given"
    MAX_TOKENS = "max_tokens"
    MAX_COMPLETION_TOKENS = "max_completion_tokens"


class CallIdRule(Enum):
    """The ids of tool calls that a provider takes; others are rewritten, the same way in calls and results."""

    ANY = "any"
    AT_MOST_40 = "at most 40 characters"
    NINE = "nine letters or digits"


class CacheMarks(Enum):
    """How a provider is told that its cache reaches to the end of a content part."""

    NONE = "not at all"
    CACHE_CONTROL = "cache_control"
    BREAKPOINT = "prompt_cache_breakpoint"


class Metadata(Enum):
    """Whether a provider takes the caller's `metadata`. It belongs to the call's events in any case."""

    NEVER = "never"
    STORED = "with store"
    ALWAYS = "always"


class Answers(Enum):
    """How a provider is held to the shape of an answer. What it answers is checked in any case.

    Example:
        quirks = Quirks(answers=Answers.JSON)
    """

    SCHEMA = "it is given the schema, or a tool with it, as its wire format has it"
    JSON = "it gives JSON, and is told the schema in words"
    WORDS = "it is told in words"


@attrs.frozen
class MessageSchema:
    """What chat messages may consist of, for a provider that refuses all that its schema does not have.

    Example:
        quirks = Quirks(message_schema=MessageSchema(fields={"user": frozenset()}, part_types=frozenset({"text"})))
    """

    fields: Mapping[str, frozenset[str]]
    """Fields beside `role` and `content`, by role. Roles that are not named here are left alone."""
    part_types: frozenset[str]
    """Types of content parts."""


@attrs.frozen
class Quirks:
    """How a provider departs from its dialect. A closed set: a new kind of departure is a new field here.

    Example:
        row = Provider(name="mine", base_url=url, documentation=page, quirks=Quirks(system_role="system"))
    """

    renamed: Mapping[str, str] = attrs.field(factory=dict)
    """Parameters, and `reply_fields`, that have another name on the wire."""
    unsupported: frozenset[str] = frozenset()
    """Parameters that the provider refuses."""
    thinking: bool = False
    """Whether an OpenAI-compatible provider has the parameter `thinking`, of which OpenAI's reference knows nothing."""
    thinking_is_a_switch: bool = False
    """Whether thinking is switched off by `thinking`: the provider does not know `reasoning_effort="none"`."""
    thinking_flag: str = ""
    """The field that, false, has a model not think that thinks unless told so; empty where there is none."""
    thinks_in_streams_only: bool = False
    """Whether thinking is refused in whole replies, though it is usual: `thinking_flag` is lowered there unasked."""
    usual_effort: str = "none"
    """The effort of the model where a request says nothing of it, as far as that matters to what it refuses."""
    effort_excludes: frozenset[str] = frozenset()
    """Parameters that are refused beside any effort but none."""
    tools_by_responses: bool = False
    """Whether the model thinks beside tools in the Responses API only, so that such chats are asked there."""
    json_object: bool = True
    """Whether `response_format` may be any JSON object. Where not, the schema of any object says the same."""
    closed_schema: bool = False
    """Whether fields that OpenAI's reference lacks are refused: those of answers leave messages, others are errors."""
    max_tokens_name: MaxTokensName = MaxTokensName.AS_GIVEN
    system_role: str | None = None
    """The role that `developer` messages get; None leaves them as they are."""
    stream_usage: bool = True
    """Whether `stream_options.include_usage` may be sent. Where not, usage comes unasked or not at all."""
    required_tool_choice: str = "required"
    """The word for "call some tool"."""
    reply_fields: frozenset[str] = frozenset()
    """Fields beyond the dialect's request schema that the provider wants back when its message is sent again."""
    also_named: Mapping[str, str] = attrs.field(factory=dict)
    """Fields of an answer that are sent back under a second name as well, as other versions of the server read it."""
    thought_before_calls: str = ""
    """What stands for the thinking of an answer with calls that has none, where the provider refuses it without."""
    text_only_roles: frozenset[str] = frozenset()
    """Roles whose messages have to be one text; text parts are joined."""
    attachments_as_text: bool = False
    """Whether sound and files are plain strings: base64 as `input_audio`, a data URL as `document_url` (Mistral)."""
    message_schema: MessageSchema | None = None
    """All that messages may consist of; None leaves it to the provider to judge."""
    accepted_values: Mapping[str, frozenset[str | float]] = attrs.field(factory=dict[str, "frozenset[str | float]"])
    """The only values that the provider takes, of parameters of which it does not take all."""
    call_ids: CallIdRule = CallIdRule.ANY
    cache_marks: CacheMarks = CacheMarks.NONE
    metadata: Metadata = Metadata.NEVER
    answers: Answers = Answers.SCHEMA
    """How the provider is held to a `response_format`."""
    tool_search: frozenset[str] = frozenset()
    """Operations (`responses`, `messages`) in which the provider itself looks through tools that are deferred."""
    strict_schemas: bool = False
    """Whether a schema that is said to be strict has to keep within what OpenAI's strict mode knows."""
    typed_schemas: bool = False
    """Whether functions need parameters, with a type for every part of them that stands in one place."""
    reads_calls: bool = False
    """Whether the arguments of earlier calls have to be JSON objects. Others are put into one."""
    media_in_results: bool = False
    """Whether a tool's result may have more than text; elsewhere what else it has is shown in a user's message."""
    vectors_as_base64: bool = False
    """Whether to ask for vectors as base64 where the caller does not say."""
    most_inputs: int | None = None
    """Inputs that one embedding request may have; more are sent in several."""
    prefill: bool = False
    """Whether the model goes on with an assistant message that comes last, in place of answering it."""
    base64_typecode: str = "f"
    """Numbers inside base64 vectors, as a typecode of the `array` module: "f" for 32-bit floats, "b" for bytes."""
    busy_statuses: frozenset[int] = frozenset()
    """Statuses of the provider's own that mean what 503 does elsewhere: it has too much to do at the moment."""


NO_QUIRKS = Quirks()
