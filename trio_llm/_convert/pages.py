"""What a body says that is no JSON: the sentence of a page of HTML, or the text itself."""

from __future__ import annotations

import re
from typing import Final

_MARKUP: Final = re.compile(r"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|h1|center|title)\b", re.I | re.S)
_HEADINGS: Final = tuple(re.compile(rf"<{tag}\b[^>]*>(.*?)</{tag}\s*>", re.I | re.S) for tag in ("title", "h1"))
_PARAGRAPH: Final = re.compile(r"<p\b[^>]*>(.*?)</p\s*>", re.I | re.S)
_TAG: Final = re.compile(r"<(?:style|script)\b.*?</(?:style|script)\s*>|<[^>]*>", re.I | re.S)
_PAGE: Final = 65_536
"""Characters of a page in which its sentence is looked for."""
_MOST: Final = 500
"""Characters of a sentence."""


def sentence_of_page(text: str) -> str:
    """The title of a page and its first heading, else its first paragraph, else its text; empty if it is no page."""
    page = text[:_PAGE]
    if not _MARKUP.match(page):
        return ""
    found = [plain_text(match[1]) for pattern in _HEADINGS if (match := pattern.search(page))]
    said = [text for number, text in enumerate(found) if text and all(text not in other for other in found[:number])]
    if not said and (match := _PARAGRAPH.search(page)):
        said = [plain_text(match[1])]
    return ": ".join(said)[:_MOST] or plain_text(page)[:_MOST]


def plain_text(markup: str) -> str:
    """The text between the tags."""
    from html import unescape  # which takes long to import, and few replies are pages

    return " ".join(unescape(_TAG.sub(" ", markup)).split())


def words_of(body: bytes | str, most: int) -> str:
    """What a body says, as text in one piece of at most so many characters: a page's sentence, or its beginning."""
    text = body[: 4 * _PAGE].decode("utf-8", "replace") if isinstance(body, bytes) else body
    said = sentence_of_page(text) or text.strip()
    return said[:most]
