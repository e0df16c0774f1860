"""Forms: what is written is what another parser reads, in blocks, as long as announced, again for every attempt."""

from __future__ import annotations

import io
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from trio_llm._dialects.forms import form_request
from trio_llm._framing.multipart import FormField, MultipartBody, text_part
from trio_llm._types.errors import BadRequestError
from trio_llm._types.upload import BLOCK_SIZE, Upload, as_upload
from trio_llm.testing._wires._forms import form_fields

names = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=10)
contents = st.binary(max_size=200).filter(lambda content: b"--edge" not in content)


def written(body: MultipartBody) -> bytes:
    return b"".join(body.blocks())


def parsed(body: MultipartBody) -> list[EmailMessage]:
    """The parts as the standard library reads them."""
    head = f"Content-Type: {body.content_type}\r\n\r\n".encode()
    message = message_from_bytes(head + written(body), policy=policy.HTTP)
    assert isinstance(message, EmailMessage)
    return [part for part in message.iter_parts() if isinstance(part, EmailMessage)]


@attrs.frozen
class Blocks:
    """Content that arrives in pieces."""

    pieces: list[bytes]

    @property
    def size(self) -> int:
        return sum(map(len, self.pieces))

    def blocks(self) -> Iterator[bytes]:
        yield from self.pieces


@given(fields=st.lists(st.tuples(names, contents), min_size=1, max_size=4))
def test_every_field_is_read_back_as_it_was(fields: list[tuple[str, bytes]]) -> None:
    body = MultipartBody(
        [FormField(name, content, media_type="application/octet-stream") for name, content in fields], "edge"
    )
    read = [
        (part.get_param("name", header="content-disposition"), part.get_payload(decode=True)) for part in parsed(body)
    ]

    assert read == fields


@given(pieces=st.lists(contents, max_size=5))
def test_a_file_in_pieces_is_read_back_whole_and_as_long_as_announced(pieces: list[bytes]) -> None:
    file = FormField("file", Blocks(pieces), "a.wav", "audio/wav")
    body = MultipartBody([text_part("model", "m"), file], "edge")

    assert len(written(body)) == body.size
    if b"--edge" not in b"".join(pieces):
        assert parsed(body)[1].get_payload(decode=True) == b"".join(pieces)
        assert parsed(body)[1].get_filename() == "a.wav"
    assert written(body) == written(body)


def test_names_cannot_break_out_of_their_header() -> None:
    body = MultipartBody([FormField('a"\r\nX: 1', b"", 'b"\r\n.wav', "audio/wav")], "edge")

    assert written(body).split(b"\r\n\r\n")[0] == (
        b'--edge\r\nContent-Disposition: form-data; name="a%22%0D%0AX: 1"; filename="b%22%0D%0A.wav"\r\n'
        b"Content-Type: audio/wav"
    )


@pytest.mark.parametrize("boundary", ["", "a" * 71, "a b", "a\r\n", 'a"'])
def test_what_is_no_boundary_is_refused(boundary: str) -> None:
    with pytest.raises(ValueError, match="not a boundary"):
        MultipartBody([], boundary)


def test_what_is_no_media_type_is_refused() -> None:
    with pytest.raises(ValueError, match="not a media type"):
        MultipartBody([FormField("file", b"", "a", "audio/wav\r\nX: 1")], "edge")


def test_values_are_written_as_forms_have_them() -> None:
    fields = {"text": "a", "yes": True, "number": 0.5, "list": ["x", 2], "object": {"a": [1]}}
    request = form_request("/p", fields, [("file", Upload("a.wav", b"RIFF", "audio/wav"))], "edge")
    assert isinstance(request.body, MultipartBody)

    assert [(part.name, part.content) for part in request.body.parts] == [
        ("text", b"a"),
        ("yes", b"true"),
        ("number", b"0.5"),
        ("list[]", b"x"),
        ("list[]", b"2"),
        ("object", b'{"a":[1]}'),
        ("file", b"RIFF"),
    ]
    assert request.headers == (("content-type", 'multipart/form-data; boundary="edge"'),)


@pytest.mark.parametrize("value", [object(), b"bytes"], ids=["object", "bytes"])
def test_a_value_without_a_form_is_refused_by_name(value: object) -> None:
    with pytest.raises(BadRequestError, match="cannot be written as a form"):
        form_request("/p", {"field": object()}, [], "edge")


class Pipe(io.RawIOBase):
    """A file object that cannot be rewound."""

    def __init__(self) -> None:
        self._rest = b"sound"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        taken, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


def test_every_kind_of_file_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "talk.mp3"
    path.write_bytes(b"sound")
    opened = io.BytesIO(b"--sound")
    opened.seek(2)
    with path.open("rb") as file:
        given: list[Any] = [str(path), path, b"sound", bytearray(b"sound"), file, opened, Pipe()]
        uploads = [as_upload(one, "file", "audio.wav") for one in given]
        assert [upload.read() for upload in uploads] == [b"sound"] * 7
        assert [upload.read() for upload in uploads] == [b"sound"] * 7
    assert [upload.size for upload in uploads] == [5] * 7
    assert [upload.name for upload in uploads] == ["talk.mp3"] * 2 + ["audio.wav"] * 2 + ["talk.mp3"] + [
        "audio.wav"
    ] * 2
    assert uploads[0].media_type == "audio/mpeg"


def test_a_name_and_a_type_may_come_with_the_content() -> None:
    assert as_upload(("a.flac", b"s"), "file", "x") == Upload("a.flac", b"s", "audio/flac")
    assert as_upload(("a", b"s"), "file", "x") == Upload("a", b"s", "application/octet-stream")
    assert as_upload(("a", b"s", "audio/wav"), "file", "x") == Upload("a", b"s", "audio/wav")
    upload = Upload("a", b"", "b/c")
    assert as_upload(upload, "file", "x") is upload  # type: ignore[arg-type]  # what a request made already


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("/no/such/file.wav", "file cannot be read: .*No such file"),
        (("a", "/tmp"), "is a directory"),
        (3, "file must be a path, bytes or a binary file object, not int"),
        (io.StringIO("a"), "binary mode"),
        ((), r"file must be \(name, content\)"),
        ((1, b""), r"file must be \(name, content\)"),
        ("a\0b", "file cannot be read"),
    ],
)
def test_what_is_no_file_is_refused_by_name(file: Any, words: str) -> None:
    with pytest.raises(BadRequestError, match=words):
        as_upload(file, "file", "x")


def test_a_file_is_read_in_blocks(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    path.write_bytes(bytes(BLOCK_SIZE * 2 + 1))
    content = as_upload(path, "file", "x").content
    assert not isinstance(content, bytes)

    assert [len(block) for block in content.blocks()] == [BLOCK_SIZE, BLOCK_SIZE, 1]


def test_the_simulator_passes_over_what_has_no_name() -> None:
    body = b'--edge\r\nX: 1\r\n\r\nlost\r\n--edge\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--edge--\r\n'

    assert form_fields('multipart/form-data; boundary="edge"', body) == {"a": "b"}
    assert form_fields("multipart/form-data", body) is None
    assert form_fields("application/json", body) is None
