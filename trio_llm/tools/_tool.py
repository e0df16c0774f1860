"""Functions as tools: the schema from signature and docstring, and arguments read by it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import (
    Annotated,
    Any,
    Final,
    Generic,
    ParamSpec,
    TypeAlias,
    TypeVar,
    cast,
    get_args,
    get_type_hints,
    overload,
)

import attrs

from .._convert.answers import checked, fields_hook, read_json
from .._dialects.schema import parameters_schema
from .._dialects.strict_schema import strict_schema
from .._runtime import trio

P = ParamSpec("P")
R = TypeVar("R")
_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_SECTION: Final = re.compile(r"^(Args|Arguments|Parameters|Returns|Raises|Yields|Example|Examples|Note|Notes):\s*$")
_ARGUMENT: Final = re.compile(r"^\s+\*{0,2}(\w+)(?:\s*\([^)]*\))?:\s*(.+)$|^\s*:param (?:[^:]* )?(\w+):\s*(.+)$")
_PLAIN_KINDS: Final = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@attrs.frozen
class ToolContext:
    """What a tool is told of its call, in a parameter that is annotated with this class. Models do not see it.

    Example:
        @trio_llm.tools.tool
        async def copy(path: str, context: trio_llm.tools.ToolContext) -> str:
            await context.report("half of it")
            return "copied"
    """

    call_id: str
    """The model's id of the call."""
    round: int
    """The number of the round, from 1."""
    _report: Callable[[Any], Awaitable[None]]

    async def report(self, value: Any) -> None:
        """Tell whoever reads the run's events how far the tool is."""
        await self._report(value)


@attrs.frozen(eq=False)
class Tool(Generic[P, R]):
    """A function that a model may call; made by `tool`. It can be called as before.

    Example:
        look_up = trio_llm.tools.tool(find_in_table)
        print(look_up.name)
    """

    function: Callable[P, R]
    name: str
    description: str
    parameters: Mapping[str, Any]
    """The schema of its arguments."""
    strict: bool
    """Whether providers that enforce schemas hold the model to it."""
    commits: bool = False
    """Whether it does what cannot be undone: it begins only when the model's turn is complete."""
    timeout: float | None = None
    """Seconds that one call may take."""
    _read: Callable[[Any], dict[str, Any]] = attrs.field(repr=False, kw_only=True)
    _context: str | None = attrs.field(default=None, repr=False, kw_only=True)

    def __call__(self, *arguments: P.args, **keywords: P.kwargs) -> R:
        return self.function(*arguments, **keywords)

    @property
    def definition(self) -> dict[str, Any]:
        """The tool as chat calls take it, in OpenAI's shape."""
        described = {"name": self.name, "description": self.description, "parameters": self.parameters}
        return {"type": "function", "function": described | ({"strict": True} if self.strict else {})}

    def read(self, arguments: str) -> dict[str, Any]:
        """Arguments as the model wrote them, by the types of the function.

        Raises:
            ValueError: if they do not fit; it says what is wrong.
        """
        return checked(lambda: self._read(read_json(arguments or "{}")))

    async def run(self, arguments: Mapping[str, Any], context: ToolContext, threads: trio.CapacityLimiter) -> Any:
        """Call the function: an async one here, a synchronous one in a worker thread."""
        given = {**arguments, self._context: context} if self._context else dict(arguments)
        function = cast("Callable[..., Any]", self.function)
        if inspect.iscoroutinefunction(function):
            return await function(**given)
        result = await trio.to_thread.run_sync(lambda: function(**given), limiter=threads)
        return await result if inspect.isawaitable(result) else result


ToolLike: TypeAlias = Tool[..., Any] | Callable[..., Any] | Mapping[str, Any]
"""A tool, a function that becomes one, or what the provider itself runs, in its own words."""


@overload
def tool(function: Callable[P, R], /) -> Tool[P, R]: ...
@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    commits: bool = False,
    timeout: float | None = None,
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...
def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    commits: bool = False,
    timeout: float | None = None,
) -> Any:
    """Make a tool of a function, sync or async.

    Its schema comes from the signature: attrs classes, dataclasses, typed dictionaries, pydantic models, `Literal`,
    `Enum`, lists and unions. Descriptions come from the docstring and its `Args:`, and from `Annotated[type, "text"]`.

    Example:
        @trio_llm.tools.tool(commits=True, timeout=10)
        async def book(seat: str, nights: int = 1) -> str:
            return "booked"

    Args:
        function: the function.
        name: its name for the model; by default the function's.
        description: what the model is told; by default the docstring up to its first section.
        commits: whether it does what cannot be undone. It then begins only when the model's turn is complete.
        timeout: seconds that one call may take; after them the model is told.

    Raises:
        TypeError: for a function that cannot be described.
    """

    def make(made_of: Callable[..., Any]) -> Tool[..., Any]:
        made = _made(made_of, name)
        described = made.description if description is None else description
        return attrs.evolve(made, description=described, commits=commits, timeout=timeout)

    return make if function is None else make(function)


def as_tool(given: ToolLike) -> Tool[..., Any] | Mapping[str, Any]:
    """What was given as a tool; what the provider runs stays as it is."""
    return given if isinstance(given, Tool | Mapping) else _made(given)


def _made(function: Callable[..., Any], name: str | None = None) -> Tool[..., Any]:
    if not callable(function):  # nothing checks the types of a program that runs
        raise TypeError(f"a tool is a function, a Tool, or a definition of the provider's, not {function!r:.60}")
    named = name or str(getattr(function, "__name__", ""))
    if not _NAME.fullmatch(named):
        raise TypeError(f"a tool's name has 1 to 64 letters, digits, _ and -, not {named!r}: give it a name=")
    if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
        raise TypeError(f"the tool {named} is a generator: return one result, and tell progress by ToolContext.report")
    text, told = _described(inspect.getdoc(function) or "")
    hints, required, context = _arguments(function, named, told)
    schema, strict = _schema(hints, required)
    optional = {key for key in hints if key not in required and type(None) not in get_args(hints[key])}
    read = fields_hook({key: hint | None if key in optional else hint for key, hint in hints.items()}, required)
    return Tool(
        function,
        named,
        text,
        schema,
        strict,
        # A model that is held to a schema writes null where it leaves the default.
        read=lambda value: {k: v for k, v in read(value).items() if v is not None or k not in optional},
        context=context,
    )


def _arguments(
    function: Callable[..., Any], name: str, told: Mapping[str, str]
) -> tuple[dict[str, Any], list[str], str | None]:
    """The types of the arguments that the model gives, those without a default, and the one for the context."""
    types = get_type_hints(function, include_extras=True)
    hints: dict[str, Any] = {}
    required: list[str] = []
    context: str | None = None
    for parameter in inspect.signature(function).parameters.values():
        hint = types.get(parameter.name, Any)
        if hint is ToolContext:
            context = parameter.name
            continue
        if parameter.kind not in _PLAIN_KINDS:
            raise TypeError(f"the tool {name} has the parameter {parameter}: a model gives each argument by its name")
        text = told.get(parameter.name)
        hints[parameter.name] = Annotated[hint, text] if text else hint
        if parameter.default is inspect.Parameter.empty:
            required.append(parameter.name)
    return hints, required, context


def _schema(hints: Mapping[str, Any], required: list[str]) -> tuple[dict[str, Any], bool]:
    """The schema of arguments, and whether it is strict. There an argument with a default is one that may be null."""
    loosened = {name: hint if name in required else hint | None for name, hint in hints.items()}
    strict = strict_schema(parameters_schema(loosened, [*hints]), closing=True)
    return (parameters_schema(hints, required), False) if strict is None else (strict, True)


def _described(text: str) -> tuple[str, dict[str, str]]:
    """A docstring up to its first section, and what it says of each argument."""
    lines = text.splitlines()
    found = (number for number, line in enumerate(lines) if _SECTION.match(line) or line.startswith(":param"))
    first = next(found, len(lines))
    told: dict[str, str] = {}
    last = ""
    for line in lines[first:]:
        argument = _ARGUMENT.match(line)
        if _SECTION.match(line) and not line.startswith(("Arg", "Param")):
            break
        if argument:
            last = argument[1] or argument[3]
            told[last] = (argument[2] or argument[4]).strip()
        elif last and line.strip():
            told[last] += f" {line.strip()}"
    return "\n".join(lines[:first]).strip(), told
