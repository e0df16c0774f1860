"""How responses and tables show themselves in notebooks and in terminals with `rich`.

A model may write anything, also what a page would run. So its text is shown as text, never as HTML: a notebook that
trusts its outputs would run what it finds there. As Markdown it is text in which no tag can begin.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

_CELL: Final = "text-align:left;white-space:pre-wrap"


def escape(text: str) -> str:
    """Text in which no HTML is left. The library's `html` takes longer to import than all of this module."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


class Shown:
    """What shows its text, and in one line what is known of it."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        text = escape(text_of(self))
        return f'<div style="white-space:pre-wrap">{text}</div><div><small>{escape(facts_of(self))}</small></div>'

    def _repr_markdown_(self) -> str:
        text = text_of(self).replace("&", "&amp;").replace("<", "&lt;")
        return f"{text}\n\n<sub>{escape(facts_of(self))}</sub>"

    def __rich__(self) -> Any:
        from rich.console import Group
        from rich.markdown import Markdown
        from rich.text import Text

        return Group(Markdown(text_of(self)), Text(facts_of(self), "dim"))


def text_of(response: Any) -> str:
    """What a response says: its answers, and the calls of tools in them."""
    answers = [_said(choice) for choice in getattr(response, "choices", None) or ()]
    if not answers:
        said = getattr(response, "output_text", None) or getattr(response, "text", None)
        answers = [said if isinstance(said, str) and said else repr(response)]
    return "\n\n---\n\n".join(answers)


def _said(choice: Any) -> str:
    message = getattr(choice, "message", None)
    if message is None:
        return str(getattr(choice, "text", "") or "")
    parts = [message.content or message.refusal or ""]
    for call in message.tool_calls or ():
        function = call.function
        if function is not None:
            parts.append(f"{function.name}({function.arguments})")
    return "\n\n".join(filter(None, parts))


def facts_of(response: Any) -> str:
    """Model, finish reasons and tokens, as far as they are known."""
    reasons = [getattr(choice, "finish_reason", None) for choice in getattr(response, "choices", None) or ()]
    known = [getattr(response, "model", None), *(reasons or [getattr(response, "stop_reason", None)])]
    usage = getattr(response, "usage", None)
    asked = getattr(usage, "prompt_tokens", getattr(usage, "input_tokens", None))
    answered = getattr(usage, "completion_tokens", getattr(usage, "output_tokens", None))
    if asked is not None:
        known.append(f"{asked} + {answered} tokens")
    seconds = getattr(response, "response_seconds", None)
    if seconds is not None:
        known.append(f"{seconds:.3g} s")
    return ", ".join(str(fact) for fact in known if fact)


def html_table(rows: Iterable[Sequence[str]]) -> str:
    """A table, whose first row is its head."""
    head, *others = ([escape(cell) for cell in row] for row in rows)
    titles = "".join(f'<th style="{_CELL}">{cell}</th>' for cell in head)
    lines = ("".join(f'<td style="{_CELL}">{cell}</td>' for cell in row) for row in others)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>"


def markdown_table(rows: Iterable[Sequence[str]]) -> str:
    """The same in Markdown."""
    head, *others = ([_in_cell(cell) for cell in row] for row in rows)
    lines = [head, ["---"] * len(head), *others]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _in_cell(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
    return " ".join(escaped.split())


def rich_table(rows: Iterable[Sequence[str]]) -> Any:
    """The same for `rich`."""
    from rich.table import Table
    from rich.text import Text

    head, *others = rows
    table = Table(*head)
    for row in others:
        table.add_row(*map(Text, row))
    return table
