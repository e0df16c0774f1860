"""What commands read from stdin, and the files that they write."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from typing import BinaryIO, cast

from .errors import CommandError


def read_stdin(*, errors: str = "strict") -> str:
    """All of stdin, as UTF-8 like every file, whatever the locale says; without a mark at its beginning.

    Args:
        errors: what becomes of bytes that are no text, as for `bytes.decode`.

    Raises:
        UnicodeDecodeError: for such bytes, unless `errors` says otherwise.
    """
    cast("TextIOWrapper", sys.stdin).reconfigure(encoding="utf-8-sig", errors=errors)
    return sys.stdin.read()


def open_new(path: str, *, overwrite: bool, buffering: int = -1) -> BinaryIO:
    """A file to write, which the caller closes. What is there already is replaced only if that was asked for.

    `buffering` is that of `open`.

    Raises:
        CommandError: if the file is there already and may not be replaced, or cannot be written.
    """
    try:
        # What is no regular file, such as a pipe or /dev/null, has nothing that could be lost.
        replaced = overwrite or (os.path.exists(path) and not os.path.isfile(path))
        return open(path, "wb" if replaced else "xb", buffering)
    except FileExistsError as error:
        raise CommandError(f"{path} is there already; name another file, or replace it with --overwrite") from error
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror}") from error
