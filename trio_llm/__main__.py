"""`python -m trio_llm`, installed as `trio-llm` as well."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from importlib import import_module

from ._cli.arguments import parse
from ._cli.errors import CommandError

_FAILED = 1
_BAD_INPUT = 2
_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    0 is success, 1 a call that failed, 2 bad input, of which nothing was sent, and 130 an end by Ctrl-C.
    """
    arguments = parse(argv)
    try:
        return _run(arguments)
    except CommandError as error:
        print(f"trio-llm {arguments.command}: {error}", file=sys.stderr)
        return _BAD_INPUT
    except KeyboardInterrupt:
        return _INTERRUPTED


def _run(arguments: Namespace) -> int:
    status = _FAILED
    try:
        status = import_module(f"._cli.{arguments.command}", __package__).run(arguments)
    except* BrokenPipeError:
        _forget_stdout()
    except* KeyboardInterrupt:
        status = _INTERRUPTED
    return status


def _forget_stdout() -> None:
    """The reader of our output has gone; the interpreter would complain of it once more when it ends.

    Source: Python's documentation, "Note on SIGPIPE" in the module signal, 2026-11.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
