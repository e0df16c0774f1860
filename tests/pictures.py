"""The pictures of the documentation, taken in a real browser: `make pictures`."""

from __future__ import annotations

import random
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import trio
from browser import Page, browsing
from rich.console import Console

from trio_llm import ChatRequest, Client, Limits
from trio_llm.observe import Progress, Statistics, Trace
from trio_llm.testing import Failure, RecordedRequest, Reply, Simulator, ToolUse, run_in_virtual_time

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
SIZE = (1100, 620)


class Provider:
    """Answers as a busy one does: late, in pieces, and sometimes not."""

    def __init__(self) -> None:
        self.random = random.Random(7)
        self.has_planned = False

    def act(self, request: RecordedRequest) -> Any:
        drawn = self.random.random()
        if not self.has_planned:
            self.has_planned = True
            return Reply(tool_calls=[ToolUse("search", {"words": word}) for word in ("one", "two")], latency=1)
        if drawn < 0.08:
            return Failure(429, retry_after=2, latency=0.2)
        if drawn < 0.12:
            return Failure(500, latency=0.3)
        return Reply(["word "] * self.random.randint(5, 40), latency=0.3 + self.random.random(), gap=0.04)


async def search(words: str) -> str:
    """Search for words."""
    await trio.sleep(0.8)
    return words


def question(text: str, *, stream: bool = False) -> ChatRequest:
    return ChatRequest("openai/gpt-4o", [{"role": "user", "content": text}], stream=stream)


async def work(observers: list[Any]) -> None:
    keys = {"OPENAI_API_KEY": "k"}
    provider = Simulator(Provider().act)
    async with Client(
        transport=provider, variables=keys, observers=observers, limits=Limits(max_in_flight=6)
    ) as client:
        await client.run_tools("openai/gpt-4o", [{"role": "user", "content": "Plan."}], tools=[search])
        await client.hedge(question("hedged"), after=0.5, copies=2)
        await client.fan_out([question(str(number), stream=True) for number in range(40)], deadline=25)


def take(page: Page, path: Path) -> None:
    path.write_bytes(page.picture())
    print(path.relative_to(PICTURES.parent.parent))


def main() -> None:
    """Write every picture."""
    PICTURES.mkdir(exist_ok=True)
    trace, statistics = Trace(), Statistics()
    with Path("/dev/null").open("w") as nowhere:
        console = Console(record=True, width=110, file=nowhere, force_terminal=True)
        progress = Progress(total=45, console=console)
        run_in_virtual_time(lambda: work([trace, statistics, progress]))
        console.print(progress)
        console.print(statistics)
    (PICTURES / "progress.svg").write_text(console.export_svg(title="Progress and Statistics"))
    with TemporaryDirectory() as folder, browsing(Path(folder), SIZE) as page:
        (Path(folder) / "trace.html").write_text(trace.as_html())
        for dark in (False, True):
            page.is_dark(dark)
            page.open(Path(folder) / "trace.html")
            page.mouse("mouseMoved", 560, 260)
            take(page, PICTURES / ("trace-dark.png" if dark else "trace.png"))


if __name__ == "__main__":
    main()
