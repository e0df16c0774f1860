"""`python -m trio_llm`, installed as `trio-llm` as well."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from importlib import import_module

from ._cli.arguments import parse
from ._cli.errors import CommandError, OutputError, tell

_FAILED = 1
_BAD_INPUT = 2
_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    0 is success, 1 a call that failed or an output that cannot be written, 2 bad input, of which nothing was sent, and
    130 an end by Ctrl-C.
    """
    _open_closed_streams()
    arguments = parse(argv)
    try:
        return _run(arguments)
    except CommandError as error:
        tell(f"trio-llm {arguments.command}: {error}")
        return _BAD_INPUT
    except KeyboardInterrupt:
        return _INTERRUPTED


def _run(arguments: Namespace) -> int:
    status = _FAILED
    try:
        status = import_module(f"._cli.{arguments.command}", __package__).run(arguments)
    except* BrokenPipeError:
        _forget_stdout()
    except* OutputError as errors:
        tell(f"trio-llm {arguments.command}: {_first(errors)}")
        _forget_unwritable_stdout()
    except* KeyboardInterrupt:
        status = _INTERRUPTED
    return status


def _first(group: BaseExceptionGroup[OutputError]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _open_closed_streams() -> None:
    """A shell closes one by `>&-`, and services have none: whoever reads finds nothing, and whoever writes no fault."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - for as long as the process lives


def _forget_unwritable_stdout() -> None:
    try:
        sys.stdout.flush()
    except OSError:
        _forget_stdout()


def _forget_stdout() -> None:
    """Nobody reads our output, or it has no room; the interpreter would complain of it once more when it ends.

    Source: Python's documentation, "Note on SIGPIPE" in the module signal, 2026-11.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
