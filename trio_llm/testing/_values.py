"""Values that fit a JSON schema, drawn by chance.

References within the schema are followed, also where they come back to themselves: behind `_DEEPEST` levels only what
is required is drawn, and of alternatives the one that ends soonest. Where a schema contradicts itself, or says what is
not understood here (`not`, `if`, `contains`, references to other documents), what is drawn fits all the rest.

Source: JSON Schema 2020-12, core and validation; OpenAPI 3.0's `nullable` and upper-case types, as Gemini takes them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import Any, Final, cast

from ._patterns import draw_match

Schema = Mapping[str, Any]
AnySchema = Schema | bool
"""True allows everything; false, which allows nothing, is taken for it."""

_DEEPEST: Final = 4
"""Levels below which a value is made as small as its schema allows."""
_MOST_ITEMS: Final = 3
_MOST_LETTERS: Final = 12
_RANGE: Final = 1_000
"""How far a number without bounds is from zero at most."""
_WORDS: Final = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett")
_ENDLESS: Final = 50
"""What it costs to end where a schema never does."""
_SHAPES: Final[Mapping[str, tuple[str, ...]]] = {
    "object": ("properties", "required", "additionalProperties", "patternProperties", "minProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems"),
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
"""What tells the type of a schema that does not say it."""
_MERGED_LISTS: Final = ("required",)
_MERGED_TABLES: Final = ("properties", "$defs", "definitions", "patternProperties")


def draw_value(schema: AnySchema, random: Random) -> Any:
    """A value that fits the schema. The same generator in the same state gives the same one.

    Raises:
        UnknownPatternError: for a `pattern` that is not understood.
    """
    return _Drawing(schema if isinstance(schema, Mapping) else {}, random).value(schema, 0)


class _Drawing:
    """One value being drawn: the whole schema, where references lead, and chance."""

    def __init__(self, root: Schema, random: Random) -> None:
        self._root = root
        self._random = random

    def value(self, schema: AnySchema, depth: int) -> Any:
        plain = self._plain(schema, depth)
        if "const" in plain:
            return plain["const"]
        if isinstance(choices := plain.get("enum"), list) and choices:
            return self._random.choice(choices)
        return _DRAWN[self._type(plain, depth)](self, plain, depth)

    def _plain(self, schema: AnySchema, depth: int) -> Schema:
        """The schema with references followed, `allOf` taken together, and one alternative chosen."""
        plain: Schema = schema if isinstance(schema, Mapping) else {}
        seen: list[str] = []
        while any(name in plain for name in ("$ref", "allOf", "anyOf", "oneOf")):
            rest = {name: value for name, value in plain.items() if name not in ("$ref", "allOf", "anyOf", "oneOf")}
            if isinstance(reference := plain.get("$ref"), str):
                if reference in seen:
                    break  # it says nothing but itself
                seen.append(reference)
                rest = _merged(rest, self._referred(reference))
            for part in plain.get("allOf") or ():
                rest = _merged(rest, part)
            for name in ("anyOf", "oneOf"):
                if alternatives := plain.get(name):
                    rest = _merged(rest, self._alternative(alternatives, depth))
            plain = rest
        return plain

    def _alternative(self, alternatives: Sequence[Schema], depth: int) -> Schema:
        if depth < _DEEPEST:
            return self._random.choice(alternatives)
        return min(alternatives, key=lambda one: self._cost(one, ()))

    def _referred(self, reference: str) -> Schema:
        found: Any = self._root
        for part in reference.removeprefix("#").split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            found = found[int(name)] if isinstance(found, list) else cast("Any", found).get(name, {})
        return found if isinstance(found, Mapping) else {}

    def _cost(self, schema: AnySchema, path: tuple[str, ...]) -> int:
        """How many values the smallest value of a schema has inside, as far as can be told."""
        if not isinstance(schema, Mapping):
            return 0
        if isinstance(reference := schema.get("$ref"), str):
            return _ENDLESS if reference in path else self._cost(self._referred(reference), (*path, reference))
        if len(path) > _ENDLESS:
            return _ENDLESS
        step = (*path, "")
        cost = sum(self._cost(one, step) for one in schema.get("allOf") or ())
        for name in ("anyOf", "oneOf"):
            cost += min((self._cost(one, step) for one in schema.get(name) or ()), default=0)
        if "null" in _types(schema) or "enum" in schema or "const" in schema:
            return 0
        named = schema.get("properties") or {}
        cost += sum(1 + self._cost(named.get(name, {}), step) for name in schema.get("required") or ())
        least = schema.get("minItems") or 0
        return min(_ENDLESS, cost + (least * (1 + self._cost(schema.get("items", {}), step)) if least else 0))

    def _type(self, schema: Schema, depth: int) -> str:
        types = _types(schema)
        if not types:
            found = [kind for kind, names in _SHAPES.items() if any(name in schema for name in names)]
            types = found or ["string"]
        if depth >= _DEEPEST and "null" in types:
            return "null"
        return self._random.choice(types)

    def null(self, _schema: Schema, _depth: int) -> None:
        return None

    def boolean(self, _schema: Schema, _depth: int) -> bool:
        return self._random.random() < 0.5

    def integer(self, schema: Schema, _depth: int) -> int:
        low, high = _bounds(schema, 1)
        step = max(1, math.ceil(schema.get("multipleOf") or 1))
        first, last = math.ceil(low / step), math.floor(high / step)
        return self._random.randint(first, max(first, last)) * step

    def number(self, schema: Schema, _depth: int) -> float:
        if step := schema.get("multipleOf"):
            low, high = _bounds(schema, step)
            first, last = math.ceil(low / step), math.floor(high / step)
            return float(round(self._random.randint(first, max(first, last)) * step, 12))
        low, high = _bounds(schema, 1e-6)
        # Few digits, as long as the bounds leave room for them.
        drawn = round(self._random.uniform(low, high), 3)
        return drawn if low <= drawn <= high else low + (high - low) / 2

    def string(self, schema: Schema, _depth: int) -> str:
        least, most = schema.get("minLength") or 0, schema.get("maxLength")
        if isinstance(pattern := schema.get("pattern"), str):
            return draw_match(pattern, self._random)
        if (form := schema.get("format")) in _FORMATS:
            return _FORMATS[form](self._random)
        text = self._random.choice(_WORDS)
        while len(text) < least:
            text += f" {self._random.choice(_WORDS)}"
        limit = max(least, _MOST_LETTERS if most is None else most)
        return text[: most if most is not None else limit]

    def array(self, schema: Schema, depth: int) -> list[Any]:
        first = [self.value(one, depth + 1) for one in schema.get("prefixItems") or ()]
        least = schema.get("minItems") or 0
        most = schema.get("maxItems")
        usual = least if depth >= _DEEPEST else max(least, _MOST_ITEMS)
        count = self._random.randint(least, usual if most is None else max(least, min(most, usual)))
        items = schema.get("items", {})
        if items is False:
            return first
        drawn = first[: most if most is not None else None]
        tries = 0
        while len(drawn) < count and tries < 20 * (count + 1):
            tries += 1
            value = self.value(items, depth + 1)
            if not schema.get("uniqueItems") or value not in drawn:
                drawn.append(value)
        return drawn

    def object(self, schema: Schema, depth: int) -> dict[str, Any]:
        named: Schema = schema.get("properties") or {}
        required = [str(name) for name in schema.get("required") or ()]
        optional = [name for name in named if name not in required]
        if depth >= _DEEPEST:
            optional = []
        kept = {*required, *(name for name in optional if self._random.random() < 0.7)}
        drawn = {name: self.value(one, depth + 1) for name, one in named.items() if name in kept}
        others = schema.get("additionalProperties", {})
        drawn |= {name: self.value(others, depth + 1) for name in required if name not in named}
        self._fill(drawn, schema, depth)
        return drawn

    def _fill(self, drawn: dict[str, Any], schema: Schema, depth: int) -> None:
        """Further properties, where so many have to be there or the schema is of a table."""
        others = schema.get("additionalProperties")
        by_pattern: Schema = schema.get("patternProperties") or {}
        least, most = schema.get("minProperties") or 0, schema.get("maxProperties") or math.inf
        table = not schema.get("properties") and (isinstance(others, Mapping) or bool(by_pattern))
        wanted = self._random.randint(1, _MOST_ITEMS) if table and depth < _DEEPEST else 0
        for name in schema.get("properties") or ():
            if len(drawn) < least and name not in drawn:
                drawn[name] = self.value(schema["properties"][name], depth + 1)
        tries = 0
        while len(drawn) < min(max(least, wanted), most) and (others is not False or by_pattern) and tries < 100:
            tries += 1
            pattern = next(iter(by_pattern), None)
            name = draw_match(pattern, self._random) if pattern else f"{self._random.choice(_WORDS)}_{tries}"
            held: Any = by_pattern[pattern] if pattern else others
            drawn.setdefault(name, self.value(held if isinstance(held, Mapping) else {}, depth + 1))


_DRAWN: Final[Mapping[str, Callable[[_Drawing, Schema, int], Any]]] = {
    "null": _Drawing.null,
    "boolean": _Drawing.boolean,
    "integer": _Drawing.integer,
    "number": _Drawing.number,
    "string": _Drawing.string,
    "array": _Drawing.array,
    "object": _Drawing.object,
}


def _types(schema: Schema) -> list[str]:
    given = schema.get("type")
    named = [given] if isinstance(given, str) else list(given or ())
    types = [str(one).lower() for one in named if str(one).lower() in _DRAWN]
    return [*types, "null"] if types and schema.get("nullable") is True else types


def _merged(first: Schema, second: AnySchema) -> dict[str, Any]:
    """Two schemas that both have to fit."""
    merged = dict(first)
    for name, value in (second if isinstance(second, Mapping) else {}).items():
        merged[name] = _both(name, merged[name], value) if name in merged else value
    return merged


def _both(name: str, first: Any, second: Any) -> Any:
    if name in _MERGED_LISTS:
        return [*first, *(one for one in second if one not in first)]
    if name in _MERGED_TABLES:
        return {**first, **{key: _merged(first[key], one) if key in first else one for key, one in second.items()}}
    if name == "enum":
        return [one for one in first if one in second] or first
    if name in ("minimum", "minLength", "minItems", "minProperties", "exclusiveMinimum"):
        return max(first, second)
    if name in ("maximum", "maxLength", "maxItems", "maxProperties", "exclusiveMaximum"):
        return min(first, second)
    if name == "type":
        shared = [one for one in _types({"type": first}) if one in _types({"type": second})]
        narrowed = ["integer"] if "integer" in (*_types({"type": first}), *_types({"type": second})) else []
        return shared or narrowed or first
    if name in ("allOf", "anyOf", "oneOf"):
        return [*first, *second] if name == "allOf" else first
    return second


def _bounds(schema: Schema, step: float) -> tuple[float, float]:
    """The least and the greatest number that fit. Older drafts have the exclusive ones as flags."""
    lows = list(_limits(schema, "minimum", "exclusiveMinimum", step))
    highs = list(_limits(schema, "maximum", "exclusiveMaximum", -step))
    low = max(lows) if lows else min([*highs, 0]) - (_RANGE if highs else 0)
    high = min(highs) if highs else max(low, 0) + _RANGE
    return low, max(low, high)


def _limits(schema: Schema, name: str, exclusive: str, step: float) -> Iterator[float]:
    bound, strictly = schema.get(name), schema.get(exclusive)
    if bound is not None:
        yield bound + (step if strictly is True else 0)
    if strictly is not None and not isinstance(strictly, bool):
        yield strictly + step


def _date(random: Random) -> str:
    return f"20{random.randint(10, 29)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"


def _time(random: Random) -> str:
    return f"{random.randint(0, 23):02}:{random.randint(0, 59):02}:{random.randint(0, 59):02}Z"


def _uuid(random: Random) -> str:
    text = f"{random.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def _host(random: Random) -> str:
    return f"{random.choice(_WORDS)}.example"


_FORMATS: Final[Mapping[Any, Callable[[Random], str]]] = {
    "date": _date,
    "date-time": lambda random: f"{_date(random)}T{_time(random)}",
    "time": _time,
    "duration": lambda random: f"PT{random.randint(1, 59)}M",
    "email": lambda random: f"{random.choice(_WORDS)}@{_host(random)}",
    "hostname": _host,
    "ipv4": lambda random: ".".join(str(random.randint(1, 254)) for _ in range(4)),
    "ipv6": lambda random: ":".join(f"{random.getrandbits(16):x}" for _ in range(8)),
    "uri": lambda random: f"https://{_host(random)}/{random.choice(_WORDS)}",
    "uuid": _uuid,
}
