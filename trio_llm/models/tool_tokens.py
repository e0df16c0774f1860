"""Tokens of a request's tools, in the forms in which models are shown them.

OpenAI renders tools as TypeScript. What the rendering looks like was found out by others from the usage of many calls
(hmarr/openai-chat-tokens, 2023), is published for its open models (openai/harmony, 2026), and was completed here by the
usage of recorded requests: titles, limits, defaults and descriptions are comments.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from .frames import Frame
from .tokenizers import Counting

Schema = Mapping[str, Any]
_UNDESCRIBED: Final = -1
"""A tool none of whose parameters is described takes one token less than its rendering."""
_LONGEST: Final = 20_000
"""Characters of what one reference refers to: where each refers twice to the next, a short schema is without end."""


def tool_tokens(
    counting: Counting, frame: Frame, tools: Sequence[Schema], tool_choice: Any, *, with_system: bool
) -> float:
    """Tokens of the tools of a request, and of demanding a call of one.

    Args:
        counting: how the model's texts are counted; here without its factor.
        frame: of the model.
        tools: in OpenAI's shape, or bare functions.
        tool_choice: of the request.
        with_system: whether the system has a message.
    """
    shown, choice = frame.tools, 0.0
    kind = tool_choice.get("type") if isinstance(tool_choice, Mapping) else tool_choice
    if kind in ("any", "required"):
        choice = shown.required
    elif isinstance(tool_choice, Mapping) and kind not in ("auto", "none"):
        name = str((tool_choice.get("function") or {}).get("name", "")) if shown.named_choice else ""
        choice = shown.forced + counting.count(name)
    if not tools or (tool_choice == "none" and shown.dropped_by_none):
        return choice
    texts, less = SHOWN[shown.shown_as](tools)
    counted = sum(len(counting.tokenizer.encode(text)) for text in texts) + less
    return choice + shown.base + shown.factor * counted + (shown.with_system if with_system else 0)


def _functions(tools: Sequence[Schema]) -> list[Schema]:
    return [tool.get("function", tool) for tool in tools]


def _json(tools: Sequence[Schema]) -> tuple[list[str], int]:
    return [json.dumps(tool, ensure_ascii=False) for tool in tools], 0


def _indented_json(tools: Sequence[Schema]) -> tuple[list[str], int]:
    return [json.dumps(tool, ensure_ascii=False, indent=4) for tool in tools], 0


def _compact_functions(tools: Sequence[Schema]) -> tuple[list[str], int]:
    return [json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in _functions(tools)], 0


def _words(tools: Sequence[Schema]) -> tuple[list[str], int]:
    """Names and descriptions alone, as Google counts them."""
    texts: list[str] = []
    for function in _functions(tools):
        texts += [str(function.get("name") or ""), str(function.get("description") or "")]
        texts += _words_of(function.get("parameters"))
    return texts, 0


def _words_of(schema: Any) -> Iterator[str]:
    if not isinstance(schema, Mapping):
        return
    for key in ("title", "description"):
        if isinstance(schema.get(key), str):
            yield schema[key]
    yield from map(str, (*_list(schema, "enum"), *_list(schema, "required")))
    for name, one in _map(schema, "properties").items():
        yield name
        yield from _words_of(one)
    for one in (schema.get("items"), *_list(schema, "anyOf")):
        yield from _words_of(one)


def _typescript(tools: Sequence[Schema]) -> tuple[list[str], int]:
    return _rendered(tools, limits=())


def _typescript_with_limits(tools: Sequence[Schema]) -> tuple[list[str], int]:
    return _rendered(tools, limits=("minimum", "maximum"))


SHOWN: Final[Mapping[str, Callable[[Sequence[Schema]], tuple[list[str], int]]]] = {
    "typescript": _typescript,
    "typescript with limits": _typescript_with_limits,
    "json": _json,
    "indented json": _indented_json,
    "functions": _compact_functions,
    "words": _words,
}
"""By name: the texts of tools, and how many tokens more these have together."""


def _list(schema: Schema, key: str) -> Sequence[Any]:
    value = schema.get(key)
    return value if isinstance(value, list | tuple) else ()


def _map(schema: Schema, key: str) -> Schema:
    value = schema.get(key)
    return value if isinstance(value, Mapping) else {}


def _rendered(tools: Sequence[Schema], limits: Sequence[str]) -> tuple[list[str], int]:
    lines, less = ["namespace functions {", ""], 0
    for function in _functions(tools):
        parameters = _map(function, "parameters")
        if description := function.get("description"):
            lines.append(f"// {description}")
        if properties := _map(parameters, "properties"):
            above = "".join(f"// {parameters[key]}\n" for key in ("title", "description") if parameters.get(key))
            lines.append(f"type {function.get('name')} = (_: {above}{{")
            lines += _TypeScript(parameters, limits).properties(parameters)
            lines.append("}) => any;")
            less += _UNDESCRIBED if "description" not in json.dumps(properties) else 0
        else:
            lines.append(f"type {function.get('name')} = () => any;")
        lines.append("")
    return ["\n".join([*lines, "} // namespace functions"])], less


class _TypeScript:
    """The types of one function's parameters."""

    def __init__(self, parameters: Schema, limits: Sequence[str]) -> None:
        self._named = {**_map(parameters, "definitions"), **_map(parameters, "$defs")}
        self._limits = limits
        self._shown: dict[str, str] = {}
        """By reference, what it refers to; `any` as long as it is being written, for a schema can refer to itself."""

    def properties(self, schema: Schema, depth: int = 0) -> Iterator[str]:
        """The lines between an object's braces."""
        required, margin = _list(schema, "required"), " " * depth
        for name, value in _map(schema, "properties").items():
            if not isinstance(value, Mapping):
                continue
            yield from (margin + line for line in self._comments(value))
            default = f" // default: {_default(value)}" if "default" in value else ""
            yield f"{margin}{name}{'' if name in required else '?'}: {self._type(value, depth)},{default}"

    def _comments(self, schema: Schema) -> Iterator[str]:
        if title := schema.get("title"):
            yield f"// {title}"
            yield "//"
        if description := schema.get("description"):
            yield f"// {description}"
        yield from (f"// {limit}: {schema[limit]}" for limit in self._limits if limit in schema)

    def _type(self, schema: Schema, depth: int) -> str:
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return self._referred(reference, depth)
        if choices := _list(schema, "enum"):
            return " | ".join(json.dumps(choice, ensure_ascii=False) for choice in choices)
        if alternatives := _list(schema, "anyOf") or _list(schema, "oneOf"):
            return " | ".join(self._type(one, depth) for one in alternatives if isinstance(one, Mapping))
        return self._kind(schema, schema.get("type"), depth)

    def _referred(self, reference: str, depth: int) -> str:
        if reference not in self._shown:
            self._shown[reference] = "any"
            shown = self._type(_map(self._named, reference.rpartition("/")[2]), depth)
            self._shown[reference] = shown if len(shown) < _LONGEST else "any"
        return self._shown[reference]

    def _kind(self, schema: Schema, kind: Any, depth: int) -> str:
        if isinstance(kind, list):
            return " | ".join(self._kind(schema, one, depth) for one in kind)
        if kind == "object":
            return "\n".join(["{", *self.properties(schema, depth + 1), "}"])
        if kind == "array":
            items = _map(schema, "items")
            return f"{self._type(items, depth)}[]" if items else "any[]"
        return {"integer": "number"}.get(kind, kind) if isinstance(kind, str) else "any"


def _default(schema: Schema) -> str:
    value = schema["default"]
    return value if isinstance(value, str) and schema.get("enum") else json.dumps(value, ensure_ascii=False)
