"""From a file to records: the fields of each prompt, and where it stands.

Text has one prompt a line. JSON lines, JSON arrays, tables with commas or tabs, and the lines of OpenAI's batches are
told apart by the file's name and its first character, or by `--format`. What is none of them is refused, with a hint.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from typing import Any, Final, TypeAlias, cast

import attrs

from .._convert import json as _json
from .errors import CommandError
from .files import read_stdin

_SUFFIXES: Final = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".csv": "csv", ".tsv": "tsv"}
_PLAIN: Final = frozenset({"id", "prompt", "model"})
"""Columns of a table that are text whatever they look like; every other cell is JSON where it can be."""
_BATCH_URL: Final = "/v1/chat/completions"


@attrs.frozen
class PromptFile:
    """A file that has been read."""

    name: str
    """As error messages call it."""
    text: str


@attrs.frozen
class PromptRecord:
    """One prompt as the file has it."""

    place: str
    """The file and the number of the line, for error messages."""
    fields: dict[str, Any]


Records: TypeAlias = Iterator[PromptRecord]


def read_records(path: str, form: str | None) -> list[PromptRecord]:
    """The records of a file, or of stdin for `-`. `form` is one of `arguments.FORMATS`, or None to find it out.

    Raises:
        CommandError: if it cannot be read, holds no prompt, or has a record that is none.
    """
    source = PromptFile("stdin" if path == "-" else path, _read(path))
    records = list(_READERS[form or _form(path, source)](source))
    if not records:
        raise CommandError(f"{source.name} has no prompts")
    return records


def _read(path: str) -> str:
    name = "stdin" if path == "-" else path
    try:
        if path == "-":
            return read_stdin()
        with open(path, encoding="utf-8-sig") as file:
            return file.read()
    except OSError as error:
        raise CommandError(f"cannot read {name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"cannot read {name}: it is not UTF-8 text (byte {error.start})") from error


def _form(path: str, source: PromptFile) -> str:
    lines = [line for _, line in _lines(source)]
    first = lines[0] if lines else ""
    named = _SUFFIXES.get(PurePath(path).suffix.lower())
    if named == "json" and first.startswith("{") and (len(lines) == 1 or _is_json(first)):
        return "jsonl"  # lines of JSON under the wrong name
    if named is not None:
        return named
    if first.startswith("{"):
        return "jsonl"
    if first.startswith("[") and _is_json(source.text):
        return "json"
    for form, comma in (("csv", ","), ("tsv", "\t")):
        cells = [cell.strip().strip('"').lower() for cell in first.split(comma)]
        if len(cells) > 1 and "prompt" in cells:
            raise CommandError(f"{source.name} looks like a table; say so with --format {form}, or with --format text")
    return "text"


def _is_json(text: str) -> bool:
    try:
        _json.loads(text)
    except ValueError:
        return False
    return True


def _lines(source: PromptFile) -> Iterator[tuple[str, str]]:
    """Lines with something on them, each with its place. Only line feeds end one: JSON may hold other separators."""
    for number, line in enumerate(source.text.split("\n"), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield f"{source.name}, line {number}", line.strip()


def _text(source: PromptFile) -> Records:
    for place, line in _lines(source):
        yield PromptRecord(place, {"prompt": line})


def _json_lines(source: PromptFile) -> Records:
    for place, line in _lines(source):
        try:
            value = _json.loads(line)
        except ValueError as error:
            hint = ""
            if _is_json(source.text):
                hint = ". The whole file is one JSON value: put each object on a line of its own, or all into an array"
            raise CommandError(f"{place} is not JSON: {error}{hint}") from error
        yield _record(place, value)


def _json_array(source: PromptFile) -> Records:
    try:
        value = _json.loads(source.text)
    except ValueError as error:
        raise CommandError(f"{source.name} is not JSON: {error}") from error
    items: Any = value if isinstance(value, list) else [value]
    for number, item in enumerate(items, 1):
        place = f"{source.name}, item {number}"
        yield PromptRecord(place, {"prompt": item}) if isinstance(item, str) else _record(place, item)


def _record(place: str, value: Any) -> PromptRecord:
    if not isinstance(value, dict):
        raise CommandError(f"{place} is not a JSON object")
    fields = cast("dict[str, Any]", value)
    if "custom_id" in fields and "body" in fields:
        fields = _of_batch(place, fields)
    fields = {name: held for name, held in fields.items() if held is not None}  # as None counts in a call
    if ("prompt" in fields) == ("messages" in fields):
        found = ", ".join(map(repr, fields)) or "nothing"
        raise CommandError(f'{place} needs either "prompt" or "messages", and has {found}')
    return PromptRecord(place, fields)


def _of_batch(place: str, line: Mapping[str, Any]) -> dict[str, Any]:
    """A line of OpenAI's batches. Source: OpenAI API reference, "Batch", "The request input object", 2026-11."""
    url, body = line.get("url", _BATCH_URL), line["body"]
    if url != _BATCH_URL or not isinstance(body, dict):
        raise CommandError(f"{place}: of a batch, requests for {_BATCH_URL} are read, each with an object as its body")
    return {"id": line["custom_id"], **cast("dict[str, Any]", body)}


def _table(comma: str) -> Callable[[PromptFile], Records]:
    def read(source: PromptFile) -> Records:
        # Not strict, a quote that nothing closes would take in all the rows behind it.
        rows = csv.reader(io.StringIO(source.text, newline=""), delimiter=comma, strict=True)
        columns: list[str] | None = None
        while (row := _next_row(source, rows)) is not None:
            if columns is None and any(row):
                columns = _columns(source, row)
            elif columns is not None and any(row):
                yield _of_row(f"{source.name}, line {rows.line_num}", columns, row)

    return read


def _next_row(source: PromptFile, rows: Any) -> list[str] | None:
    limit = csv.field_size_limit(len(source.text))  # 131,072 characters a cell else, and documents are longer
    try:
        return cast("list[str] | None", next(rows, None))
    except csv.Error as error:
        raise CommandError(f"{source.name}, line {rows.line_num}: {error}") from error
    finally:
        csv.field_size_limit(limit)  # it is the whole process's


def _columns(source: PromptFile, row: list[str]) -> list[str]:
    columns = [cell.strip() for cell in row]
    if ("prompt" in columns) == ("messages" in columns):
        raise CommandError(
            f'{source.name}: its first line names the columns, of which one must be "prompt" or "messages"; '
            f"it has {', '.join(map(repr, columns))}"
        )
    repeated = next((name for place, name in enumerate(columns) if name in columns[:place]), None)
    if repeated is not None:
        raise CommandError(f"{source.name} has two columns named {repeated!r}")
    return columns


def _of_row(place: str, columns: list[str], row: list[str]) -> PromptRecord:
    if len(row) > len(columns):
        raise CommandError(
            f"{place} has {len(row)} cells for {len(columns)} columns; a cell with a separator in it needs quotes"
        )
    fields = {name: cell if name in _PLAIN else _value(cell) for name, cell in zip(columns, row, strict=False) if cell}
    return _record(place, fields)


def _value(cell: str) -> Any:
    try:
        return _json.loads(cell)
    except ValueError:
        return cell


_READERS: Final[Mapping[str, Callable[[PromptFile], Records]]] = {
    "text": _text,
    "jsonl": _json_lines,
    "json": _json_array,
    "csv": _table(","),
    "tsv": _table("\t"),
}
