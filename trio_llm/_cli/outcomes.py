"""Outcomes as JSON lines, each written the moment it is known."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

import attrs

from .._convert import json as _json
from .._types.errors import APIError
from .calls import PromptCall
from .errors import CommandError, OutputError
from .files import open_new


@attrs.define
class OutcomeWriter:
    """A listener that writes one line a call.

    A line that cannot be written, as on a disk that is full, waits: it is tried again with the next, and at the end.
    """

    file: BinaryIO
    waiting: list[bytes] = attrs.field(factory=list[bytes])
    failure: OSError | None = attrs.field(default=None, init=False)
    """Why lines wait, in the file's buffer or here."""
    _written: int = attrs.field(default=0, init=False)
    """Bytes of the first of them that are in the file."""

    def ended(self, call: PromptCall) -> None:
        """Write the call's line at once: what is written is not lost if the process is killed."""
        self.waiting.append(_json.dumps(outcome_record(call)) + b"\n")
        self.write_waiting()

    def write_waiting(self) -> None:
        """Write what waits, as far as it can be written."""
        try:
            while self.waiting:
                self._written += self.file.write(memoryview(self.waiting[0])[self._written :])
                if self._written == len(self.waiting[0]):
                    del self.waiting[0]
                    self._written = 0
            self.file.flush()
            self.failure = None
        except BrokenPipeError:  # whoever read them has gone
            raise
        except OSError as error:
            self.failure = error

    def take_back_half_a_line(self) -> None:
        """Cut off what is in the file of a line that it has no room for: no program could read it."""
        if self._written and self.file.seekable():
            self.file.truncate(self.file.tell() - self._written)
            self._written = 0


@contextmanager
def open_outcomes(path: str, prompts: str, *, overwrite: bool) -> Generator[OutcomeWriter, None, None]:
    """A writer to a new file, or to stdout for `-`. `prompts` is the file that they are read from, or `-`.

    Raises:
        CommandError: if the file is the prompts' own, is there already and may not be replaced, or cannot be written.
        OutputError: in the end, if something could not be written; of a file, that is on stdout then.
    """
    if path == "-":
        if sys.__stdout__ is None:
            raise CommandError("cannot write to stdout: it is closed")
        writer = OutcomeWriter(sys.stdout.buffer)
        yield writer
        writer.write_waiting()
        if writer.failure is not None:
            raise OutputError(f"cannot write to stdout: {writer.failure.strerror}; outcomes are lost")
        return
    check_apart(path, prompts, "the prompts are read from it")
    with open_new(path, overwrite=overwrite, buffering=0) as file:
        writer = OutcomeWriter(file)
        yield writer
        writer.write_waiting()
        writer.take_back_half_a_line()
    if writer.waiting and writer.failure is not None:
        what = f"the {len(writer.waiting)} outcomes that are not in it"
        where = "are on stdout" if _is_written(writer.waiting) else "are lost, as stdout cannot be written either"
        raise OutputError(f"cannot write {path}: {writer.failure.strerror}; {what} {where}")


def _is_written(lines: list[bytes]) -> bool:
    """Write lines to stdout, if it can be written."""
    writer = OutcomeWriter(sys.stdout.buffer, lines[:])
    with suppress(BrokenPipeError):
        writer.write_waiting()
    return not writer.waiting and writer.failure is None


def check_apart(path: str, other: str | None, why: str) -> None:
    """Raise `CommandError` if two paths are those of one file."""
    if other in (None, "-") or path == "-":
        return
    if os.path.abspath(path) == os.path.abspath(other) or (
        os.path.exists(path) and os.path.exists(other) and os.path.samefile(path, other)
    ):
        raise CommandError(f"cannot write {path}: {why}")


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
