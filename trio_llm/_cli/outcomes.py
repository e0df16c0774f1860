"""Outcomes as JSON lines, each written the moment it is known."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, BinaryIO

import attrs

from .._convert import json as _json
from .._types.errors import APIError
from .calls import PromptCall
from .errors import CommandError
from .files import open_new


@attrs.frozen
class OutcomeWriter:
    """A listener that writes one line a call."""

    file: BinaryIO

    def ended(self, call: PromptCall) -> None:
        """Write the call's line, and flush it: what is written is not lost if the process is killed."""
        self.file.write(_json.dumps(outcome_record(call)) + b"\n")
        self.file.flush()


@contextmanager
def open_outcomes(path: str, prompts: str, *, overwrite: bool) -> Generator[OutcomeWriter, None, None]:
    """A writer to a new file, or to stdout for `-`. `prompts` is the file that they are read from, or `-`.

    Raises:
        CommandError: if the file is the prompts' own, is there already and may not be replaced, or cannot be written.
    """
    if path == "-":
        yield OutcomeWriter(sys.stdout.buffer)
        return
    if prompts != "-" and os.path.exists(path) and os.path.samefile(path, prompts):
        raise CommandError(f"cannot write {path}: the prompts are read from it")
    with open_new(path, overwrite=overwrite) as file:
        yield OutcomeWriter(file)


def outcome_record(call: PromptCall) -> dict[str, Any]:
    """Everything that is known of a call, as JSON has it. `text` is a whole answer, `partial` what came of one."""
    whole = call.status == "ok"
    answer = call.answer
    return {
        "index": call.index,
        "id": call.prompt.id,
        "model": call.prompt.request.model,
        "status": call.status,
        "finish_reason": call.finish_reason,
        "prompt": call.prompt.text,
        "messages": call.prompt.messages,
        "text": call.text if whole else None,
        "partial": None if whole or answer is None else call.text,
        "usage": call.usage.model_dump(exclude_none=True) if call.usage else None,
        "error": _error_record(call.error) if call.error else None,
        "timings": {"started": call.started, "first_content": call.first_content, "ended": call.ended},
        "response": answer.model_dump(exclude_none=True) if answer else None,
    }


def _error_record(error: Exception) -> dict[str, Any]:
    record: dict[str, Any] = {"type": type(error).__name__, "message": str(error)}
    if isinstance(error, APIError):
        names = ("status_code", "code", "request_id", "retry_after", "attempts")
        record.update({name: getattr(error, name) for name in names})
    return record
