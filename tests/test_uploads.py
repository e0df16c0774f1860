"""Files that callers give: read from where they stand, for every attempt anew, and named when they cannot be read."""

from __future__ import annotations

import gzip
import io
import os
import socket
import sys
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import IO, Any

import anyio
import pytest
import trio
from hypothesis import given, strategies as st
from scripted_server import Peer, reply, serving
from starlette.datastructures import Headers, UploadFile

from trio_llm import BadRequestError, Client, RetryPolicy
from trio_llm._types.upload import BLOCK_SIZE, FileContent, Upload, as_upload
from trio_llm.testing import Simulator

KEYS = {"OPENAI_API_KEY": "k"}
LONG = b"".join(bytes([number]) * BLOCK_SIZE for number in range(3)) + b"end"
only_where_there_are_pipes = pytest.mark.skipif(sys.platform == "win32", reason="named pipes are Unix's")


def upload(content: FileContent) -> Upload:
    return as_upload(content, "file", "audio.wav")


@pytest.fixture(params=["buffer", "plain", "unbuffered", "spooled", "named"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[IO[bytes]]:
    """An open file of each kind that holds `LONG`, at its end as writing leaves it."""
    with ExitStack() as stack:
        kinds: dict[str, Callable[[], Any]] = {
            "buffer": io.BytesIO,
            "plain": lambda: (tmp_path / "x.wav").open("w+b"),
            "unbuffered": lambda: (tmp_path / "x.wav").open("w+b", buffering=0),
            "spooled": partial(tempfile.SpooledTemporaryFile, max_size=10),
            "named": partial(tempfile.NamedTemporaryFile, suffix=".wav"),
        }
        made = stack.enter_context(kinds[request.param]())
        made.write(LONG)
        yield made


def test_a_file_that_was_just_written_is_sent_whole(file: IO[bytes]) -> None:
    assert upload(file).read() == LONG
    assert file.tell() == len(LONG)


def test_a_file_is_read_from_where_it_stands_and_left_there(file: IO[bytes]) -> None:
    file.seek(5)
    sent = upload(file)

    assert (sent.size, sent.read(), sent.read()) == (len(LONG) - 5, LONG[5:], LONG[5:])
    assert file.tell() == 5


def test_attempts_that_read_one_file_at_the_same_time_do_not_disturb_each_other(file: IO[bytes]) -> None:
    first, second = upload(file), upload(file)
    assert not any(isinstance(one.content, bytes) for one in (first, second))
    pieces = list(zip_longest(first.content.blocks(), second.content.blocks()))  # type: ignore[union-attr]

    assert [b"".join(column) for column in zip(*pieces, strict=True)] == [LONG, LONG]


@given(content=st.binary(max_size=20), place=st.integers(0, 25))
def test_no_place_of_a_file_that_is_not_empty_gives_an_empty_upload(content: bytes, place: int) -> None:
    file = io.BytesIO(content)
    file.seek(place)

    assert upload(file).read() == (content[place:] or content)


def test_what_is_written_to_a_buffer_afterwards_is_not_sent() -> None:
    buffer = io.BytesIO(b"before")
    sent = upload(buffer)
    buffer.write(b"AFTERWARDS")
    buffer.close()

    assert sent.read() == b"before"


@pytest.mark.parametrize("as_object", [False, True])
def test_of_a_growing_file_as_much_is_sent_as_was_measured(tmp_path: Path, as_object: bool) -> None:
    path = tmp_path / "log.wav"
    path.write_bytes(LONG)
    with path.open("rb") as file:
        sent = upload(file if as_object else path)
        with path.open("ab") as writer:
            writer.write(b"more")

        assert (sent.size, sent.read()) == (len(LONG), LONG)


@pytest.mark.parametrize("as_object", [False, True])
def test_a_file_that_has_shrunk_is_named(tmp_path: Path, as_object: bool) -> None:
    path = tmp_path / "log.wav"
    path.write_bytes(LONG)
    with path.open("rb") as file:
        sent = upload(file if as_object else path)
        path.write_bytes(LONG[:7])
        with pytest.raises(BadRequestError, match=r"file.* cannot be read: it has become shorter: 7 bytes in place of"):
            sent.read()


@only_where_there_are_pipes
def test_a_pipe_is_read_once_and_can_be_sent_twice(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    for content in (path, None):
        writer = threading.Thread(target=lambda: path.write_bytes(LONG))
        writer.start()
        with ExitStack() as stack:
            sent = upload(stack.enter_context(path.open("rb")) if content is None else content)
        writer.join()

        assert (sent.read(), sent.read()) == (LONG, LONG)


class ForeignFile:
    """A file object of a library that only has async methods."""

    async def read(self, size: int = -1) -> bytes:
        return b""


class Deferred:
    """One that does not show that it is one."""

    def read(self, size: int = -1) -> Any:
        return ForeignFile().read()


def closed() -> IO[bytes]:
    with tempfile.TemporaryFile() as file:
        return file


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (lambda: io.StringIO("text"), "file must be opened in binary mode"),
        (partial(tempfile.TemporaryFile, "w+"), "file must be opened in binary mode"),
        (partial(tempfile.NamedTemporaryFile, "w+"), "file must be opened in binary mode"),
        (closed, "file cannot be read: I/O operation on closed file"),
        (lambda: Path("/dev/zero"), "file cannot be read: /dev/zero is a device"),
        (lambda: Path("/"), "file cannot be read: / is a directory"),
        (lambda: Path("/no-such"), "file cannot be read: [Errno 2] No such file or directory: '/no-such'"),
        (lambda: 3, "file must be a path, bytes or a binary file object, not int"),
        (ForeignFile, "file is a ForeignFile, which only async code can read: pass `await file.read()`"),
        (Deferred, "file gives coroutine in place of bytes when it is read"),
    ],
)
def test_what_cannot_be_read_is_refused_at_once_and_by_name(content: Any, problem: str) -> None:
    made = content()
    with pytest.raises(BadRequestError) as caught:
        upload(made)
    getattr(made, "close", bool)()

    assert str(caught.value).startswith(problem)


@pytest.mark.anyio
async def test_files_for_async_code_are_read(tmp_path: Path) -> None:
    path = tmp_path / "talk.mp3"
    path.write_bytes(LONG)
    kind = Headers({"content-type": "audio/x-own"})
    simulator = Simulator()
    async with Client(transport=simulator, variables=KEYS) as client, await anyio.open_file(path, "rb") as opened:
        await client.transcription("whisper-1", opened)
        await client.transcription("whisper-1", UploadFile(io.BytesIO(LONG), filename="sent.wav", headers=kind))

    files = [record.prompt.body["file"] for record in simulator.requests]
    assert [one["size"] for one in files] == [len(LONG)] * 2
    assert [one["filename"] for one in files] == ["talk.mp3", "sent.wav"]
    assert as_upload(UploadFile(io.BytesIO(LONG), headers=kind), "file", "x").media_type == "audio/x-own"


@pytest.mark.parametrize("anyio_backend", ["trio"], indirect=True)
@pytest.mark.anyio
async def test_trios_own_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "talk.mp3"
    path.write_bytes(LONG)
    async with await trio.open_file(path, "rb") as opened:
        assert upload(opened).read() == LONG


@pytest.mark.anyio
async def test_a_file_that_is_gone_at_the_second_attempt_is_an_error_at_once(tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    path.write_bytes(LONG)

    def busy(peer: Peer) -> None:
        peer.read_request()
        path.unlink()
        peer.send(reply(b"busy", status=b"503 Busy"))
        peer.connection.shutdown(socket.SHUT_WR)

    def unread(peer: Peer) -> None:
        peer.wait_until_gone()

    with serving(busy, unread) as server:
        async with Client(retry=RetryPolicy(first_pause=0)) as client:
            with pytest.raises(BadRequestError, match=r"file cannot be read: .*No such file") as caught:
                await client.transcription("custom_openai/m", path, api_base=f"{server.origin}/v1", api_key="k")
            assert client.statistics().connections.active == 0

    assert caught.value.llm_provider == "custom_openai"


@pytest.mark.parametrize("name", ["a\udcff.mp3", "\ud83d.mp3"])
def test_a_name_that_is_no_text_can_be_sent(name: str) -> None:
    made = as_upload((name, b"abc"), "file", "audio.wav")

    assert made.name.encode() == b"a?.mp3"[name[0] != "a" :]
    assert made.media_type == "audio/mpeg"


def test_where_a_file_lies_is_nobodys_business(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "song.gz", "wb") as packed:
        packed.write(b"abc")
    with gzip.open(tmp_path / "song.gz", "rb") as unpacked:
        made = upload(unpacked)  # type: ignore[arg-type]

    assert str(tmp_path) not in made.name


def test_a_file_that_is_open_for_writing_alone_is_told_so(tmp_path: Path) -> None:
    with (tmp_path / "a.mp3").open("wb") as file, pytest.raises(BadRequestError, match="not opened for reading"):
        upload(file)


class Unpacking(io.RawIOBase):
    """A file that something unpacks or decrypts, and cannot behind the first block."""

    def __init__(self, error: Exception) -> None:
        self._error = error
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._place = 3 * BLOCK_SIZE if whence == os.SEEK_END else offset
        return self._place

    def readinto(self, buffer: Any, /) -> int:
        if self._place >= BLOCK_SIZE:
            raise self._error
        count = min(len(buffer), BLOCK_SIZE - self._place)
        buffer[:count] = bytes(count)
        self._place += count
        return count


@pytest.mark.parametrize(
    "error", [EOFError("cut"), zlib.error("bad"), RuntimeError("encrypted"), KeyError("x")], ids=repr
)
@pytest.mark.anyio
async def test_whatever_a_file_object_raises_is_told_of_the_file_and_asked_once(error: Exception) -> None:
    async with Client(transport=Simulator(), variables=KEYS) as client:
        with pytest.raises(BadRequestError, match="cannot be read: ") as caught:
            await client.transcription("whisper-1", io.BufferedReader(Unpacking(error)))

    assert str(error) in str(caught.value)


def test_a_packed_file_that_is_cut_is_named(tmp_path: Path) -> None:
    path = tmp_path / "talk.wav.gz"
    path.write_bytes(gzip.compress(os.urandom(100_000))[:50_000])

    with (
        gzip.open(path, "rb") as file,
        pytest.raises(BadRequestError, match="file cannot be read: Compressed file ended"),
    ):
        as_upload(file, "file", "x")  # type: ignore[arg-type]
