"""Thinking that is sent back, as far as a model takes it.

Models of OpenAI other than gpt-oss hand out their thinking hidden, and refuse it in words: "This model doesn't support
the reasoningContent.reasoningText.text field for assistant messages". Claude from 5 on takes a turn that is nothing
but thinking for the beginning of its answer, wherever it stands: "This model does not support assistant message
prefill".

Source: UKGovernmentBEIS/inspect_ai#5217; NousResearch/hermes-agent#105780; anomalyco/opencode#48195; 2026-09.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ..._convert.narrow import as_mapping
from ..anthropic.models import version
from .claude import is_claude
from .media import Block

_GPT: Final = re.compile(r"(^|[./])openai\.gpt-(?!oss)")
_SAYS_NOTHING: Final = frozenset({"reasoningContent", "cachePoint"})


def is_gpt(model: str) -> bool:
    """Whether a model is OpenAI's and closed, as far as its name tells."""
    return _GPT.search(model) is not None


def gpt_effort(effort: object) -> dict[str, Any]:
    """The fields that say how much such a model thinks. The least that all of them know is "low"."""
    return {"reasoning": {"effort": "low" if effort == "minimal" else effort}}


def taken_back(model: str, turns: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The turns without the thinking that the model refuses; turns of one speaker that follow each other are one."""
    if is_gpt(model):
        return _joined({**turn, "content": _untold(turn["content"])} for turn in turns)
    if is_claude(model) and (version(model) or (0, 0)) >= (5, 0):
        return _joined(turn for turn in turns if not _only_thinks(turn))
    return [dict(turn) for turn in turns]


def _untold(blocks: Iterable[Block]) -> list[Block]:
    return [block for block in blocks if "reasoningText" not in as_mapping(block.get("reasoningContent"))]


def _only_thinks(turn: Mapping[str, Any]) -> bool:
    return turn["role"] == "assistant" and all(not _SAYS_NOTHING.isdisjoint(block) for block in turn["content"])


def _joined(turns: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    joined: list[dict[str, Any]] = []
    for turn in turns:
        if joined and joined[-1]["role"] == turn["role"]:
            joined[-1] = {**turn, "content": [*joined[-1]["content"], *turn["content"]]}
        elif turn["content"]:
            joined.append(dict(turn))
    return joined
