"""Every small change that `mutants` may make to a module: found in its syntax tree, and told by a text.

A change is one of: a comparison that goes the other way or loses its border, `and` for `or`, a condition negated,
a number one larger, True for False, plus for minus, min for max, the first two arguments of a call swapped, a statement
left out. Annotations, decorators, docstrings, imports and what only type checkers read stay as they are.

The text that tells a change names the function, the statement and the change, but no line: it stays the same when
something else in the file is edited. `draw` orders changes by a hash of that text, so the draw stays the same too.
"""

from __future__ import annotations

import ast
import copy
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import attrs

_COMPARISONS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
}  # fmt: skip
_FUNCTIONS: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}
_UNREAD: Final = frozenset({"annotation", "returns", "decorator_list", "bases", "type_params"})
"""Fields of the tree with nothing in them that decides anything at run time."""


@attrs.frozen
class Mutant:
    """One change to one module."""

    path: str
    """Below the package, with slashes."""
    text: str
    """Tells it from all others, as long as its statement stays as it is."""
    source: str = attrs.field(repr=False)
    """The module as it was found. An edit while the mutants are tried changes none of them."""
    lines: tuple[int, ...]
    """Where the change is. Tests that reach one of these lines may see it."""
    number: int
    """Its place among the changes to the module."""


@attrs.frozen
class _Place:
    """Where a node stands: its parent's field, the statement around it, and the names of what surrounds that."""

    parent: ast.AST
    field: str
    index: int | None
    statement: ast.stmt
    names: tuple[str, ...]

    def put(self, node: ast.AST) -> None:
        """Replace what stands here."""
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def mutants_of(package: Path, path: str) -> list[Mutant]:
    """Every mutant of a module."""
    source = (package / path).read_text(encoding="utf-8")
    tree = ast.parse(source)
    seen: Counter[str] = Counter()
    found = []
    for number, (node, place, changed) in enumerate(_changes(tree)):
        statement = _short(place.statement)
        what = f"left out: {statement}" if isinstance(changed, ast.Pass) else _contrast(node, changed, statement)
        text = f"{path} {'.'.join(place.names) or 'module'}: {what}"
        seen[text] += 1
        if seen[text] > 1:
            text = f"{text} (no. {seen[text]})"
        found.append(Mutant(path, text, source, _lines(node, place.statement), number))
    return found


def draw(mutants: Iterable[Mutant], count: int, seed: str) -> list[Mutant]:
    """So many of them, the same ones each time."""
    return sorted(mutants, key=lambda mutant: hashlib.sha256((seed + mutant.text).encode()).digest())[:count]


def mutated(mutant: Mutant) -> ast.Module:
    """The module's tree with the change made."""
    tree = ast.parse(mutant.source)
    node, place, changed = next(change for number, change in enumerate(_changes(tree)) if number == mutant.number)
    place.put(ast.copy_location(changed, node))
    return ast.fix_missing_locations(tree)


def _changes(tree: ast.Module) -> Iterator[tuple[ast.AST, _Place, ast.AST]]:
    for node, place in _nodes(tree, tree.body[0], ()):
        for changed in _changed(node, place):
            yield node, place, changed


def _nodes(parent: ast.AST, statement: ast.stmt, names: tuple[str, ...]) -> Iterator[tuple[ast.AST, _Place]]:
    for field, value in ast.iter_fields(parent):
        if field in _UNREAD:
            continue
        for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(node, ast.AST) or _for_type_checkers(node):
                continue
            around = node if isinstance(node, ast.stmt) else statement
            yield node, _Place(parent, field, index, around, names)
            inner = (
                (*names, node.name)
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
                else names
            )
            yield from _nodes(node, around, inner)


def _for_type_checkers(node: ast.AST) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.If(test=ast.Name("TYPE_CHECKING")) | ast.JoinedStr():
            return True
        case ast.AnnAssign(annotation=ast.Name("TypeAlias")):
            return True
        case ast.Call(func=ast.Name("TypeVar" | "ParamSpec" | "cast")):
            return True
    return False


def _changed(node: ast.AST, place: _Place) -> Iterator[ast.AST]:
    """What may stand in the place of a node."""
    yield from _changed_statement(node, in_function=bool(place.names))
    yield from _changed_call(node) if isinstance(node, ast.Call) else _changed_operator(node)
    if place.field == "test" and isinstance(node, ast.expr) and not isinstance(node, ast.Compare | ast.UnaryOp):
        yield ast.UnaryOp(ast.Not(), node)


def _changed_operator(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in _COMPARISONS:
            yield _with(node, ops=[_COMPARISONS[type(op)]()])
        case ast.BoolOp(op=op):
            yield _with(node, op=ast.And() if isinstance(op, ast.Or) else ast.Or())
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.BinOp(op=op, left=left, right=right) if type(op) in _ARITHMETIC and not _texts(left, right):
            yield _with(node, op=_ARITHMETIC[type(op)]())
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int() | float() as value):
            yield ast.Constant(value + 1)


def _changed_call(call: ast.Call) -> Iterator[ast.AST]:
    match call:
        case ast.Call(func=ast.Name(name)) if name in _FUNCTIONS:
            yield _with(call, func=ast.copy_location(ast.Name(_FUNCTIONS[name], ast.Load()), call))
        case ast.Call(args=[ast.Starred(), *_] | [_, ast.Starred(), *_]):
            return
        case ast.Call(args=[first, second, *rest]) if not _is_check(call) and ast.dump(first) != ast.dump(second):
            yield _with(call, args=[second, first, *rest])


def _changed_statement(node: ast.AST, *, in_function: bool) -> Iterator[ast.AST]:
    match node:
        case ast.AugAssign(op=op) if type(op) in _ARITHMETIC:
            yield _with(node, op=_ARITHMETIC[type(op)]())
            yield ast.Pass()
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.Raise() | ast.Break() | ast.Continue():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]) if in_function:
            yield ast.Pass()


def _is_check(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id in ("isinstance", "issubclass", "getattr", "setattr")


def _texts(*nodes: ast.AST) -> bool:
    return any(isinstance(node, ast.JoinedStr) or isinstance(getattr(node, "value", None), str) for node in nodes)


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _contrast(node: ast.AST, changed: ast.AST, statement: str) -> str:
    before, after = _short(node), _short(changed)
    return f"{before} -> {after}" if before == statement else f"{before} -> {after}, in: {statement}"


def _short(node: ast.AST) -> str:
    text = ast.unparse(node).split("\n", 1)[0]
    return text if len(text) <= 100 else f"{text[:100]}..."


def _lines(node: ast.AST, statement: ast.stmt) -> tuple[int, ...]:
    first = getattr(node, "lineno", statement.lineno)
    last = first if isinstance(node, ast.If | ast.While | ast.For) else getattr(node, "end_lineno", first)
    # A call that spans lines may be seen at the first line of its statement only.
    return tuple({statement.lineno, *range(first, last + 1)})
