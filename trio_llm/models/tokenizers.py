"""Texts to tokens and back: which tokenizer a model has, and whether it is known at all.

OpenAI's encodings and Voyage's are public, and in the package `bpe-openai`. Texts of other vendors are counted by the
newest of these, times a factor that was measured on real usage (`frames`). A tokenizer of one's own comes from a file.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final, Protocol

import attrs

from .frames import frame_of

INSTALL: Final = 'pip install "trio-llm[tokens]"'
_ENCODINGS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (
        re.compile(r"(chatgpt-)?gpt-4o|gpt-4\.[15]|gpt-[5-9]|o\d\b|gpt-oss|gpt-(audio|realtime|image)|codex"),
        "o200k_base",
    ),
    (re.compile(r"gpt-4|gpt-3\.5|gpt-35|text-embedding-"), "cl100k_base"),
    (re.compile(r"voyage-|rerank-2"), "voyage3_base"),
)
"""By the beginning of a model's name. Source: openai/tiktoken, `model.py`, 2026-11; the package's own registry."""
_MOST_AT_ONCE: Final = 40_000
"""Characters. The package refuses more than 200,000 tokens, and the rarest characters take four."""
_SPACE: Final = re.compile(r"\s(?=\S)")
_DIGITS: Final = re.compile(r"\d+")


class Tokenizer(Protocol):
    """What texts are cut into. Any object with these two will do.

    Example:
        >>> trio_llm.token_counter("mine/some-model", text="Hello", custom_tokenizer=tokenizer)
        1
    """

    def encode(self, text: str) -> list[int]:
        """The tokens of a text. What looks like a special token is text."""
        ...

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens."""
        ...


@attrs.frozen
class Counting:
    """How the texts of a model are counted."""

    tokenizer: Tokenizer
    factor: float = 1.0
    is_known: bool = True
    """Whether it is the model's own tokenizer."""
    digits_apart: bool = False
    """Whether each digit counts, where the tokenizer takes three together."""

    def count(self, text: str | None) -> float:
        """Tokens of a text."""
        if not text:
            return 0.0
        apart = sum(len(digits) - -(-len(digits) // 3) for digits in _DIGITS.findall(text)) if self.digits_apart else 0
        return self.factor * len(self.tokenizer.encode(text)) + apart


def counting_of(model: str, tokenizer: Tokenizer | None = None) -> Counting:
    """How the texts of a model are counted; by a tokenizer of one's own where one is given.

    Raises:
        ModuleNotFoundError: if the package is not installed; the message says how to.
    """
    if tokenizer is not None:
        return Counting(tokenizer)
    name = bare_name(model)
    for pattern, encoding in _ENCODINGS:
        if pattern.match(name):
            return Counting(_public_encoding(encoding))
    frame = frame_of(model)
    return Counting(_public_encoding("o200k_base"), frame.factor, is_known=not name, digits_apart=frame.digits_apart)


def bare_name(model: str) -> str:
    """A model's name without provider and maker: `gpt-4o` of `openrouter/openai/gpt-4o`."""
    return model.rpartition("/")[2].lower()


@cache
def _public_encoding(name: str) -> Tokenizer:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the package's way of opening its own files
        try:
            from bpe_openai import get_encoding  # type: ignore[import-untyped]
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(f"tokens need the package bpe-openai: {INSTALL}", name=error.name) from None
        return _Public(get_encoding(name))


@attrs.frozen
class _Public:
    """An encoding of `bpe-openai`."""

    _encoding: Any

    def encode(self, text: str) -> list[int]:
        tokens: list[int] = []
        for piece in _pieces(text):
            tokens += self._encoding.encode_ordinary(piece)
        return tokens

    def decode(self, tokens: Sequence[int]) -> str:
        if any(token < 0 for token in tokens):
            raise ValueError("tokens are not negative")
        try:
            text: str = self._encoding.decode(list(tokens))
        except KeyError as error:
            raise ValueError(str(error.args[0])) from None
        return text


def _pieces(text: str) -> Iterator[str]:
    """A long text in pieces, cut before white space, where tokens begin too."""
    start = 0
    while len(text) - start > _MOST_AT_ONCE:
        found = _SPACE.search(text, start + _MOST_AT_ONCE - 1_000, start + _MOST_AT_ONCE)
        end = found.start() if found is not None else start + _MOST_AT_ONCE
        yield text[start:end]
        start = end
    yield text[start:]


@attrs.frozen
class _FromFile:
    """A tokenizer of `kitoken`."""

    _encoder: Any

    def encode(self, text: str) -> list[int]:
        tokens: list[int] = self._encoder.encode(text, False)  # noqa: FBT003 - the package's own
        return tokens

    def decode(self, tokens: Sequence[int]) -> str:
        text: bytes = self._encoder.decode(list(tokens))
        return text.decode(errors="replace")


def tokenizer_from_file(path: str | os.PathLike[str]) -> Tokenizer:
    """The tokenizer that a file describes: `tokenizer.json` of Hugging Face, SentencePiece's, tiktoken's, Tekken's.

    Raises:
        ValueError: if it is none of these.
        ModuleNotFoundError: without the package `kitoken`, which the extra `tokens` installs.

    Example:
        >>> qwen = trio_llm.models.tokenizer_from_file("tokenizer.json")
        >>> trio_llm.token_counter("ollama/qwen3", custom_tokenizer=qwen, text="Hello")
        1
    """
    try:
        from kitoken import Kitoken
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"tokenizers from files need the package kitoken: {INSTALL}", name=error.name
        ) from None
    try:
        return _FromFile(Kitoken.from_file(os.fspath(path)))
    except (ValueError, OSError) as error:
        raise ValueError(f"{os.fspath(path)} is no tokenizer that can be read: {error}") from error
