"""A batch job: a summary of each document, a few at a time, in the time that there is."""

from collections.abc import Iterable

import attrs

from trio_llm import ChatRequest, Client, Outcome

MODEL = "openai/gpt-4o"


@attrs.frozen
class Summary:
    """What became of a document."""

    document: str
    text: str | None = None
    problem: str | None = None


async def summarise(client: Client, documents: Iterable[str], *, deadline: float = 3_600) -> list[Summary]:
    """A summary of each document, in their order, or what stood in its way.

    At the deadline, in seconds, it returns what it has.
    """
    asked = [*documents]
    requests = [
        ChatRequest(MODEL, [{"role": "user", "content": f"Summarise: {text}"}], max_tokens=200) for text in asked
    ]
    outcomes = await client.fan_out(requests, limit=8, deadline=deadline)
    return [_summary(text, outcome) for text, outcome in zip(asked, outcomes, strict=True)]


def _summary(document: str, outcome: Outcome) -> Summary:
    if outcome.response is None:
        return Summary(document, problem=str(outcome.error or outcome.status))
    choice = outcome.response.choices[0]
    if not choice.message.content or choice.finish_reason != "stop":
        return Summary(document, problem=f"the answer is no summary: {choice.finish_reason}")
    return Summary(document, choice.message.content)
