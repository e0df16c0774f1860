"""A real browser, driven by its own protocol over a pipe: Chromium without a window.

Source: Chrome DevTools Protocol, 2026-11, with `--remote-debugging-pipe`: messages of JSON, each ended by a zero byte.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def executable() -> str | None:
    """The browser of this machine, if it has one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@attrs.define
class Page:
    """One page, and what can be done to it."""

    sent: int
    """File descriptors."""
    received: int
    session: str = ""
    number: int = 0
    rest: bytes = b""
    errors: list[str] = attrs.Factory(list[str])
    """What the page's program raised or complained of, and what it tried to load."""

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and wait for its result."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.sent, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def _note(self, event: dict[str, Any]) -> None:
        is_warning = event.get("params", {}).get("entry", {}).get("level") == "warning"
        if event.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded") and not is_warning:
            self.errors.append(json.dumps(event["params"]))
        if event.get("method") == "Network.requestWillBeSent" and event["params"]["request"]["url"][:5] != "file:":
            self.errors.append(f"it asked for {event['params']['request']['url']}")

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self.rest:
            data = os.read(self.received, 1 << 20)
            if not data:
                raise RuntimeError("the browser has gone")
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message

    def open(self, path: Path) -> None:
        """Load a file, and wait until it has been drawn."""
        self.ask("Page.navigate", url=path.as_uri())
        while self.value("document.readyState") != "complete":
            pass
        self.settle()

    def settle(self) -> None:
        """Wait until what was asked for has been drawn."""
        self.value("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def value(self, expression: str) -> Any:
        """The value of an expression in the page."""
        params = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        result = self.ask("Runtime.evaluate", **params)
        if "exceptionDetails" in result:
            raise RuntimeError(str(result["exceptionDetails"]))
        return result["result"].get("value")

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        """Move the mouse, or press, release or turn something on it."""
        self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)
        self.settle()

    def write(self, text: str) -> None:
        """Type into what has the focus."""
        self.ask("Input.insertText", text=text)
        self.settle()

    def is_dark(self, dark: bool) -> None:
        """Prefer dark colours, or light ones."""
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.ask("Emulation.setEmulatedMedia", features=features)
        self.settle()

    def picture(self) -> bytes:
        """What it looks like, as PNG."""
        return base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"])


@contextmanager
def browsing(folder: Path, size: tuple[int, int] = (1200, 700)) -> Iterator[Page]:
    """A browser with one empty page, without a network. `folder` is where it may write."""
    program = executable()
    assert program is not None
    child_reads, sent = os.pipe()
    received, child_writes = os.pipe()
    # The browser wants to read from descriptor 3 and write to 4.
    command = f'exec "{program}" --headless --no-sandbox --disable-gpu --remote-debugging-pipe'
    command += f' --user-data-dir="{folder}" --window-size={size[0]},{size[1]} --hide-scrollbars about:blank'
    command += f" 3<&{child_reads} 4>&{child_writes}"
    descriptors = (child_reads, child_writes)
    with subprocess.Popen(["bash", "-c", command], pass_fds=descriptors, stderr=subprocess.DEVNULL) as process:
        for descriptor in descriptors:
            os.close(descriptor)
        try:
            page = Page(sent, received)
            target = page.ask("Target.createTarget", url="about:blank")["targetId"]
            page.session = page.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                page.ask(f"{domain}.enable")
            page.ask(
                "Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1, mobile=False
            )
            page.ask(
                "Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0
            )
            yield page
        finally:
            os.close(sent)
            os.close(received)
            process.terminate()
