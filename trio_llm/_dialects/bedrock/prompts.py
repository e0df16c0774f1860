"""Models that go on with a text, by InvokeModel: Titan, Llama, the first of Mistral's, Cohere's and Anthropic's.

Each maker has names of its own for the text, its limits, and what comes back; a `PromptForm` is one maker's. A chat is
written as the text that the maker says its models were trained on. Tools and pictures need `Converse`.

Source: Amazon Bedrock user guide, "Inference request parameters and response fields for foundation models"; Meta,
"Llama 3 model cards and prompt formats"; Mistral AI docs, "Chat templates", 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import attrs

from ..._convert.narrow import as_count, as_object, as_objects
from ..._types.errors import BadRequestError

_SYSTEM: Final = ("system", "developer")


@attrs.frozen
class PromptTurn:
    """One message as text."""

    role: str
    """`system`, `user` or `assistant`."""
    text: str


@attrs.frozen
class AnswerPiece:
    """A part of one of the answers, or the reason of its end."""

    text: str = ""
    reason: str | None = None
    index: int = 0


@attrs.frozen
class PromptForm:
    """How one maker's models take a text, and say how it goes on."""

    write: Callable[[Sequence[PromptTurn]], Mapping[str, Any]]
    """The fields of the body that hold the conversation."""
    names: Mapping[str, str]
    """The maker's name of each parameter that it takes."""
    read: Callable[[Mapping[str, Any]], Iterable[AnswerPiece]]
    """What a whole reply, or one event of a stream, says."""
    holder: str = ""
    """The object of the body that holds the parameters; empty for the body itself."""
    usual: Mapping[str, Any] = MappingProxyType({})
    """Parameters that the maker demands, by its own names, for calls that say nothing of them."""


def turns_of(messages: Iterable[Mapping[str, Any]]) -> list[PromptTurn]:
    """Messages as texts.

    Raises:
        BadRequestError: for what is more than text.
    """
    found = [PromptTurn(_role(message, place), _text(message, place)) for place, message in enumerate(messages)]
    if not found:
        raise BadRequestError("messages: there is nothing to answer")
    return found


def _role(message: Mapping[str, Any], place: int) -> str:
    role = message.get("role")
    if role in _SYSTEM:
        return "system"
    if role not in ("user", "assistant") or message.get("tool_calls"):
        raise BadRequestError(f"messages[{place}]: this model knows no tools; bedrock/ without invoke/ may")
    return str(role)


def _text(message: Mapping[str, Any], place: int) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = as_objects(content)
    if any(part.get("type") != "text" for part in parts):
        raise BadRequestError(f"messages[{place}]: this model reads text only; bedrock/ without invoke/ may read more")
    return "".join(str(part.get("text", "")) for part in parts)


def _labelled(user: str, assistant: str, field: str) -> Callable[[Sequence[PromptTurn]], Mapping[str, Any]]:
    """A conversation with a word before each turn, which ends in the assistant's."""
    words = {"system": "", "user": user, "assistant": assistant}

    def write(turns: Sequence[PromptTurn]) -> Mapping[str, Any]:
        said = "".join(f"{words[turn.role]}{turn.text}" for turn in turns)
        return {field: said + ("" if turns[-1].role == "assistant" else assistant.rstrip(" "))}

    return write


def _llama(turns: Sequence[PromptTurn]) -> Mapping[str, Any]:
    def head(role: str) -> str:
        return f"<|start_header_id|>{role}<|end_header_id|>\n\n"

    said = [f"{head(turn.role)}{turn.text}<|eot_id|>" for turn in turns]
    return {"prompt": f"<|begin_of_text|>{''.join(said)}{head('assistant')}"}


def _mistral(turns: Sequence[PromptTurn]) -> Mapping[str, Any]:
    said, before = "<s>", ""
    for turn in turns:
        if turn.role == "system":  # there is no place for it but in front of the user's words
            before += f"{turn.text}\n\n"
        elif turn.role == "user":
            said, before = f"{said}[INST] {before}{turn.text} [/INST]", ""
        else:
            said += f" {turn.text}</s>"
    return {"prompt": said + (f"[INST] {before.strip()} [/INST]" if before else "")}


def _command_r(turns: Sequence[PromptTurn]) -> Mapping[str, Any]:
    roles = {"system": "SYSTEM", "user": "USER", "assistant": "CHATBOT"}
    history = [{"role": roles[turn.role], "message": turn.text} for turn in turns[:-1]]
    return {"message": turns[-1].text, **({"chat_history": history} if history else {})}


def _titan_pieces(told: Mapping[str, Any]) -> Iterator[AnswerPiece]:
    for index, result in enumerate(as_objects(told.get("results"))):
        yield AnswerPiece(_said(result, "outputText"), _reason(result, "completionReason"), index)
    if "results" not in told:
        yield AnswerPiece(_said(told, "outputText"), _reason(told, "completionReason"), _index(told))


def _llama_pieces(told: Mapping[str, Any]) -> Iterator[AnswerPiece]:
    yield AnswerPiece(_said(told, "generation"), _reason(told, "stop_reason"))


def _mistral_pieces(told: Mapping[str, Any]) -> Iterator[AnswerPiece]:
    for index, output in enumerate(as_objects(told.get("outputs"))):
        yield AnswerPiece(_said(output, "text"), _reason(output, "stop_reason"), index)


def _claude_pieces(told: Mapping[str, Any]) -> Iterator[AnswerPiece]:
    yield AnswerPiece(_said(told, "completion"), _reason(told, "stop_reason"))


def _cohere_pieces(told: Mapping[str, Any]) -> Iterator[AnswerPiece]:
    for index, answer in enumerate(as_objects(told.get("generations"))):
        yield AnswerPiece(_said(answer, "text"), _reason(answer, "finish_reason"), index)
    if "generations" not in told:
        yield AnswerPiece(_said(told, "text"), _reason(told, "finish_reason"), _index(told))


def _jurassic_pieces(told: Mapping[str, Any]) -> Iterator[AnswerPiece]:
    for index, answer in enumerate(as_objects(told.get("completions"))):
        reason = _reason(as_object(answer.get("finishReason")), "reason")
        yield AnswerPiece(_said(as_object(answer.get("data")), "text"), reason, index)


def _said(told: Mapping[str, Any], name: str) -> str:
    text = told.get(name)
    return text if isinstance(text, str) else ""


def _reason(told: Mapping[str, Any], name: str) -> str | None:
    reason = told.get(name)
    return reason if isinstance(reason, str) else None


def _index(told: Mapping[str, Any]) -> int:
    return as_count(told.get("index")) or 0


def _named(limit: str, stop: str | None = None, top_p: str = "top_p", **others: str) -> Mapping[str, str]:
    names = {"max_tokens": limit, "max_completion_tokens": limit, "temperature": "temperature", "top_p": top_p}
    return MappingProxyType({**names, **({"stop": stop} if stop else {}), **others})


_DIALOGUE: Final = _labelled("\n\nHuman: ", "\n\nAssistant: ", "prompt")

TITAN: Final = PromptForm(
    _labelled("\nUser: ", "\nBot: ", "inputText"),
    _named("maxTokenCount", "stopSequences", "topP"),
    _titan_pieces,
    "textGenerationConfig",
)
LLAMA: Final = PromptForm(_llama, _named("max_gen_len"), _llama_pieces)
MISTRAL: Final = PromptForm(_mistral, _named("max_tokens", "stop"), _mistral_pieces)
# A limit is required, and AWS recommends 4,000.
# Source: Bedrock user guide, "Anthropic Claude Text Completions API", read 2026-11-29.
CLAUDE_2: Final = PromptForm(
    _DIALOGUE,
    _named("max_tokens_to_sample", "stop_sequences"),
    _claude_pieces,
    usual=MappingProxyType({"max_tokens_to_sample": 4_000}),
)
COMMAND: Final = PromptForm(_DIALOGUE, _named("max_tokens", "stop_sequences", "p", n="num_generations"), _cohere_pieces)
COMMAND_R: Final = PromptForm(
    _command_r,
    _named(
        "max_tokens",
        "stop_sequences",
        "p",
        seed="seed",
        frequency_penalty="frequency_penalty",
        presence_penalty="presence_penalty",
    ),
    _cohere_pieces,
)
JURASSIC: Final = PromptForm(
    _labelled("", "\n", "prompt"), _named("maxTokens", "stopSequences", "topP", n="numResults"), _jurassic_pieces
)
