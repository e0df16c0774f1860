"""The habits of every response class, written once: a dictionary's, and those of pydantic's models.

Pydantic itself is not needed. Where it is there, it takes these classes as fields, and FastAPI as return types.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, Unpack

import attrs

from .dumping import Dumper, DumpOptions, JSONObject, core_schema_of, json_schema_of
from .receipt import Receipt

ANSWER: Final[Mapping[str, bool]] = MappingProxyType({"answer": True})
"""Marks a field that carries the answer: only there is a value of the wrong type fatal to a reply."""


@attrs.define
class Record:
    """An attrs class that can also be read like the JSON object it came from.

    `record.name`, `record["name"]`, `record.get("name")` and `"name" in record` all work; documented fields
    that the provider left out are None, fields that it added are found in `model_extra` and by name.
    """

    field_names: ClassVar[tuple[str, ...]] = ()
    nested_names: ClassVar[tuple[str, ...]] = ()
    """The fields that hold records."""
    goes_back: ClassVar[bool] = False
    """Whether it is sent back to its provider as it came, so that nothing is filled in."""

    model_extra: JSONObject | None = attrs.field(default=None, kw_only=True, repr=False)
    """Fields of the reply that the class does not document."""
    receipt: Receipt | None = attrs.field(init=False, repr=False, eq=False)
    """Of a whole response: what is known of its reply. Without a value until the engine gives it one: that costs the
    records inside nothing."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()  # a generic record's is `Generic`'s
        annotations = [
            (name, kind) for base in cls.__mro__ for name, kind in vars(base).get("__annotations__", {}).items()
        ]
        cls.nested_names = tuple(
            dict.fromkeys(name for name, kind in annotations if name not in _OF_ALL and _holds_records(str(kind)))
        )
        # Only where there is something to build: attrs calls it if it is there when the class is made.
        setattr(cls, "__attrs_post_init__", cls.build_nested if cls.nested_names else None)  # noqa: B010

    @classmethod
    def __attrs_init_subclass__(cls) -> None:
        named = (field for field in attrs.fields(cls) if field.init)
        fields = (field.alias if field.name.startswith("_") else field.name for field in named)
        cls.field_names = tuple(name for name in fields if name != "model_extra")
        setattr(cls, "__repr__", _short_repr)  # noqa: B010 - in place of the one that attrs writes

    if not TYPE_CHECKING:  # pragma: no branch - for type checkers a misspelt attribute stays an error

        def __getattr__(self, name: str) -> Any:
            if name == "receipt":
                return None
            extra = None if name == "model_extra" else self.model_extra
            if extra is not None and name in extra:
                return extra[name]
            raise AttributeError(_no_attribute(self, name), name=name, obj=self)

    def __getitem__(self, key: str) -> Any:
        if key in self.field_names:
            return getattr(self, key)
        if self.model_extra is not None and key in self.model_extra:
            return self.model_extra[key]
        raise KeyError(key)

    def __setitem__(self, key: str, value: Any) -> None:
        if key in self.field_names or key == "model_extra":
            setattr(self, key, value)
        else:
            self.model_extra = {**(self.model_extra or {}), key: value}

    def __contains__(self, key: object) -> bool:
        return any(key == name for name in self.keys())

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def keys(self) -> list[str]:
        """Names of the fields that have a value."""
        named = [name for name in self.field_names if getattr(self, name) is not None]
        return named + list(self.model_extra or ())

    def items(self) -> list[tuple[str, Any]]:
        """Names and values of the fields that have one."""
        named = ((name, getattr(self, name)) for name in self.field_names)
        told = [(name, value) for name, value in named if value is not None]
        return told + [(name, self[name]) for name in self.model_extra or ()]

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a field, `default` where it is absent or None."""
        value = self[key] if key in self.field_names or key in (self.model_extra or ()) else None
        return default if value is None else value

    def shown_field(self, name: str) -> Any:
        """What a repr shows of a field."""
        return getattr(self, name)

    def fields_to_dump(self) -> list[tuple[str, Any]]:
        """Names and values, those of `model_extra` among them, as `model_dump` writes them.

        A documented field whose value had the wrong type has it in `model_extra`. That is written as long as the field
        itself has none.
        """
        named = [(name, getattr(self, name)) for name in self.field_names]
        if not self.model_extra:
            return named
        told = {name for name, value in named if value is not None}
        return named + [(name, value) for name, value in self.model_extra.items() if name not in told]

    def model_dump(self, **options: Unpack[DumpOptions]) -> JSONObject:
        """The record and all within it as plain dictionaries and lists, under pydantic's options.

            response.model_dump(exclude_none=True, include={"choices": {0: {"message"}}})

        Raises:
            TypeError: for an option that pydantic does not have.
        """
        dumper = Dumper.of(Record, options)
        return dumper.dump(self, options.get("include"), options.get("exclude"))

    def model_dump_json(self, *, indent: int | None = None, **options: Unpack[DumpOptions]) -> str:
        """The record as JSON text; in one line without spaces, unless `indent` says how far to indent."""
        separators = (",", ":") if indent is None else None
        options["mode"] = "json"
        plain = self.model_dump(**options)
        return json.dumps(plain, indent=indent, separators=separators, ensure_ascii=False)

    @classmethod
    def model_validate(cls, obj: Any, **_: Any) -> Self:
        """The record of a dictionary, as `model_dump` gives it. A record of this class is given back as it is.

        Numbers that are written as text are read. A field of another type than it should have stands in `model_extra`.
        Further arguments of pydantic's are taken and change nothing.

        Raises:
            ValueError: if it is no object, or what carries the answer is of another type; it ends with the path.
        """
        if isinstance(obj, cls):
            return obj
        dump = getattr(obj, "model_dump", None)  # another library's model
        return cls.read_plain(dump() if dump is not None else obj)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **_: Any) -> Self:
        """The record of JSON text, as `model_dump_json` gives it.

        Raises:
            ValueError: if it is no JSON, or does not fit; see `model_validate`.
        """
        return cls.model_validate(json.loads(json_data))

    @classmethod
    def read_plain(cls, value: Any) -> Self:
        """The record of plain values.

        Raises:
            ValueError: if they do not fit.
        """
        from .._convert.converter import read_record

        return read_record(value, cls)

    @classmethod
    def read_nested(cls, name: str, value: Any) -> Any:
        """What a field that holds records makes of plain values.

        Raises:
            ValueError: if they do not fit.
        """
        from .._convert.converter import read_field

        return read_field(cls, name, value)

    def build_nested(self) -> None:
        """Dictionaries that were given for nested records become those. Replies are read by the converter, not by this.

        Raises:
            ValueError: if one does not fit; see `model_validate`.
        """
        for name in self.nested_names:
            value = getattr(self, name)
            if value is None:  # as most are
                continue
            if type(value) is dict or (type(value) is list and dict in map(type, value)):
                setattr(self, name, self.read_nested(name, value))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy, with other values for some fields; `deep` copies what is within as well."""
        made = copy.deepcopy(self) if deep else copy.copy(self)
        for name, value in (update or {}).items():
            made[name] = value
        return made

    def dict(self, **options: Unpack[DumpOptions]) -> JSONObject:
        """The same as `model_dump`: the name of pydantic's first version."""
        return self.model_dump(**options)

    def to_dict(self, **options: Unpack[DumpOptions]) -> JSONObject:
        """The same as `model_dump`: OpenAI's and LiteLLM's name for it."""
        return self.model_dump(**options)

    def copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """The same as `model_copy`: the name of pydantic's first version."""
        return self.model_copy(update=update, deep=deep)

    def json(self) -> JSONObject:
        """The same as `model_dump()`: LiteLLM's name for it."""
        return self.model_dump()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> Any:
        return core_schema_of(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: object, handler: object) -> JSONObject:
        return json_schema_of(cls)


_OF_ALL: Final = ("model_extra", "receipt")
"""The fields of every record, in which no record is built."""
_PLAIN: Final = frozenset(
    {"str", "int", "float", "bool", "bytes", "object", "None", "Any", "list", "dict", "tuple", "frozenset"}
)


def _no_attribute(record: Record, name: str) -> str:
    # Asked for often, by `hasattr` and by other libraries, so only what may be LiteLLM's is looked up.
    if name.startswith("_") and not name.startswith("__"):
        from .litellm_names import missing_attribute

        if substitute := missing_attribute(name):
            return substitute
    return f"{type(record).__name__!r} object has no attribute {name!r}"


def _holds_records(annotation: str) -> bool:
    return not annotation.startswith("ClassVar") and not _PLAIN.issuperset(re.findall(r"\w+", annotation))


MOST_SHOWN: Final = 60
"""Characters of a text, and MOST_ITEMS items of a list, that a repr shows."""
MOST_ITEMS: Final = 3


def _short_repr(record: Record) -> str:
    default = {field.alias: field.default for field in attrs.fields(type(record))}
    shown = (
        f"{name}={_shown(value)}"
        for name in record.field_names
        if (value := record.shown_field(name)) is not None and value != default[name]
    )
    return f"{type(record).__name__}({', '.join(shown)})"


def _shown(value: Any) -> str:
    if isinstance(value, str | bytes) and len(value) > MOST_SHOWN:
        return f"{value[:MOST_SHOWN]!r}… ({len(value)})"
    if isinstance(value, list) and value:
        more = f", … ({len(value)})" if len(value) > MOST_ITEMS else ""
        return f"[{', '.join(map(_shown, value[:MOST_ITEMS]))}{more}]"
    text = repr(value)
    return text if isinstance(value, Record) or len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"
