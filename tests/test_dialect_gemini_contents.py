"""Messages as Gemini's turns."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trio_llm._dialects.contract import WireCall
from trio_llm._dialects.gemini import GEMINI
from trio_llm._types.chat import ChatRequest
from trio_llm._types.errors import BadRequestError

Message = dict[str, Any]
CALLED: Message = {
    "role": "assistant",
    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "tide", "arguments": '{"port": "Visby"}'}}],
}


def body_of(*messages: Any, model: str = "gemini-2.5-flash") -> dict[str, Any]:
    assert GEMINI.chat is not None
    encoded = GEMINI.chat.encode(WireCall(ChatRequest(model, messages), model)).body
    assert isinstance(encoded, bytes)
    body: dict[str, Any] = json.loads(encoded)
    if messages[0]["role"] == "assistant" and body["contents"][0]["role"] == "user":
        del body["contents"][0]  # the user has to begin, and these tests are about what follows
    return body


def parts_of(*content: Any, model: str = "gemini-2.5-flash") -> list[dict[str, Any]]:
    (turn,) = body_of({"role": "user", "content": list(content)}, model=model)["contents"]
    parts: list[dict[str, Any]] = turn["parts"]
    return parts


def test_system_messages_that_begin_are_instructions_and_later_ones_stay_in_their_place() -> None:
    body = body_of(
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "And kind."}, {"type": "text", "text": ""}]},
        {"role": "user", "content": "Hi"},
        {"role": "system", "content": "It is noon."},
    )

    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}, {"text": "And kind."}]}
    assert body["contents"] == [{"role": "user", "parts": [{"text": "Hi"}, {"text": "It is noon."}]}]


def test_instructions_alone_are_the_users() -> None:
    assert body_of({"role": "system", "content": "Say hi."}) == {
        "contents": [{"role": "user", "parts": [{"text": "Say hi."}]}]
    }


def test_a_conversation_of_nothing_is_refused() -> None:
    with pytest.raises(BadRequestError, match="nothing to answer"):
        body_of({"role": "assistant", "content": ""})


def test_a_call_and_its_result_carry_name_and_id() -> None:
    contents = body_of(
        {"role": "user", "content": "When?"},
        CALLED,
        {"role": "tool", "tool_call_id": "c1", "content": "at noon"},
        {"role": "user", "content": [{"type": "text", "text": "Thanks."}]},
    )["contents"]

    assert contents[1:] == [
        {"role": "model", "parts": [{"functionCall": {"name": "tide", "args": {"port": "Visby"}, "id": "c1"}}]},
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"name": "tide", "response": {"output": "at noon"}, "id": "c1"}},
                {"text": "Thanks."},
            ],
        },
    ]


@pytest.mark.parametrize(
    ("content", "response"),
    [
        ('{"high": "noon"}', {"high": "noon"}),
        ("[1, 2]", {"output": "[1, 2]"}),
        ("", {"output": ""}),
        (None, {"output": ""}),
        ([{"type": "text", "text": '{"a"'}, {"type": "text", "text": ": 1}"}], {"a": 1}),
    ],
)
def test_a_result_is_an_object(content: Any, response: dict[str, Any]) -> None:
    turn = body_of(CALLED, {"role": "tool", "tool_call_id": "c1", "content": content})["contents"][1]

    assert turn["parts"][0]["functionResponse"]["response"] == response


CHART = [{"type": "text", "text": "chart"}, {"type": "image_url", "image_url": {"url": "data:image/jpg;base64,AA=="}}]
DATA = {"inlineData": {"mimeType": "image/jpeg", "data": "AA=="}}
BOTH: Message = {
    "role": "assistant",
    "tool_calls": [{"id": n, "function": {"name": f"f{n}", "arguments": "{}"}} for n in ("1", "2")],
}
RESULTS: list[Message] = [
    {"role": "tool", "tool_call_id": "1", "content": CHART},
    {"role": "tool", "tool_call_id": "2", "content": "ok"},
]


def test_an_image_in_a_result_is_inside_of_it_where_the_model_takes_that() -> None:
    contents = body_of(BOTH, *RESULTS, {"role": "user", "content": "So?"}, model="gemini-3-pro-preview")["contents"]

    first, second, asked = contents[1]["parts"]
    assert first["functionResponse"]["response"] == {"output": "chart"}
    assert first["functionResponse"]["parts"] == [DATA]
    assert "parts" not in second["functionResponse"]
    assert asked == {"text": "So?"}


def test_an_image_in_a_result_is_shown_behind_all_results_elsewhere() -> None:
    contents = body_of(BOTH, *RESULTS, {"role": "user", "content": "So?"})["contents"]

    assert [[next(iter(part)) for part in turn["parts"]] for turn in contents] == [
        ["functionCall", "functionCall"],
        ["functionResponse", "functionResponse"],
        ["inlineData", "text"],
    ]
    assert contents[2]["parts"][0] == DATA


def test_results_follow_their_calls_whatever_was_said_meanwhile() -> None:
    aside = {"role": "user", "content": "quick"}
    system = {"role": "system", "content": "It is noon."}
    for told in ([aside, *RESULTS], [RESULTS[1], aside, RESULTS[0]], [system, *RESULTS]):
        parts = body_of(BOTH, *told, model="gemini-3-pro-preview")["contents"][1]["parts"]
        assert [next(iter(part)) for part in parts] == ["functionResponse", "functionResponse", "text"]


@pytest.mark.parametrize("arguments", ['{"a": "b', "[1]", "nothing"])
def test_arguments_that_are_no_object_are_handed_back_as_what_they_are(arguments: str) -> None:
    called = {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": arguments}}]}

    assert body_of(called)["contents"][0]["parts"][0]["functionCall"]["args"] == {"INVALID_JSON": arguments}


def test_the_older_function_call_has_no_id() -> None:
    contents = body_of(
        {"role": "assistant", "content": None, "function_call": {"name": "tide", "arguments": ""}},
        {"role": "function", "name": "tide", "content": "noon"},
    )["contents"]

    assert contents[0]["parts"] == [{"functionCall": {"name": "tide", "args": {}}}]
    assert contents[1]["parts"] == [{"functionResponse": {"name": "tide", "response": {"output": "noon"}}}]


def test_a_tool_message_may_name_its_function_itself() -> None:
    body = body_of({"role": "tool", "tool_call_id": "c9", "name": "wind", "content": "calm"})

    assert body["contents"][0]["parts"][0]["functionResponse"]["name"] == "wind"


@pytest.mark.parametrize("arguments", ["null", {"a": 1}, ""])
def test_arguments_may_be_an_object_already_or_nothing(arguments: Any) -> None:
    message = {"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": arguments}}]}
    args = body_of(message)["contents"][0]["parts"][0]["functionCall"]["args"]

    assert args == (arguments if isinstance(arguments, dict) else {})


def test_a_reply_is_sent_back_with_its_signatures_and_what_the_provider_ran() -> None:
    assert GEMINI.chat is not None
    code = {"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": "Yw=="}
    image = {"inlineData": {"mimeType": "image/png", "data": "AA=="}, "thoughtSignature": "ZA=="}
    call = {"functionCall": {"name": "f", "args": {"a": 1}, "id": "x"}, "thoughtSignature": "ZQ=="}
    parts = [code, {"text": "A"}, {"text": "B", "thoughtSignature": "Zg=="}, image, call]
    wire = json.dumps({"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}).encode()
    question = {"role": "user", "content": "?"}
    message = GEMINI.chat.decode(WireCall(ChatRequest("m", [question]), "m"), wire).choices[0].message

    assert body_of(question, message)["contents"][1] == {
        "role": "model",
        "parts": [code, {"text": "AB", "thoughtSignature": "Zg=="}, image, call],
    }


def test_an_image_may_be_unsigned() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    (turn,) = body_of({"role": "assistant", "content": "", "images": [image]})["contents"]

    assert turn["parts"] == [{"inlineData": {"mimeType": "image/png", "data": "AA=="}}]


def test_earlier_signatures_keep_their_place_before_the_text() -> None:
    fields = {"thought_signatures": ["YQ==", "Yg=="]}
    message = {"role": "assistant", "content": "Ja.", "provider_specific_fields": fields}

    assert body_of(message)["contents"][0]["parts"] == [
        {"text": "", "thoughtSignature": "YQ=="},
        {"text": "Ja.", "thoughtSignature": "Yg=="},
    ]


@pytest.mark.parametrize("content", [None, [{"type": "refusal", "refusal": "No."}]])
def test_a_refusal_is_what_the_model_said(content: Any) -> None:
    message = {"role": "assistant", "content": content, "refusal": "No."}

    assert body_of(message)["contents"] == [{"role": "model", "parts": [{"text": "No."}]}]


def test_calls_that_another_model_made_get_the_documented_signature_where_one_is_needed() -> None:
    twice = {**CALLED, "tool_calls": CALLED["tool_calls"] * 2}
    parts = body_of(twice, model="gemini-3-flash")["contents"][0]["parts"]

    assert ["thoughtSignature" in part for part in parts] == [True, False]
    assert "thoughtSignature" not in body_of(CALLED)["contents"][0]["parts"][0]


def test_an_own_signature_is_not_replaced() -> None:
    signed = {**CALLED["tool_calls"][0], "provider_specific_fields": {"thought_signature": "YQ=="}}
    parts = body_of({"role": "assistant", "tool_calls": [signed]}, model="gemini-3-flash")["contents"][0]["parts"]

    assert parts[0]["thoughtSignature"] == "YQ=="


@pytest.mark.parametrize(
    ("part", "wire"),
    [
        ("text", {"text": "text"}),
        (
            {"type": "image_url", "image_url": "https://example.org/a.JPG?size=1"},
            {"fileData": {"fileUri": "https://example.org/a.JPG?size=1", "mimeType": "image/jpeg"}},
        ),
        (
            {"type": "image_url", "image_url": {"url": "https://example.org/a", "format": "image/webp"}},
            {"fileData": {"fileUri": "https://example.org/a", "mimeType": "image/webp"}},
        ),
        (
            {"type": "image_url", "image_url": {"url": "data:image/svg+xml;charset=utf-8,%3Csvg%2F%3E"}},
            {"inlineData": {"mimeType": "image/svg+xml", "data": "PHN2Zy8+"}},
        ),
        (
            {"type": "video_url", "video_url": {"url": "https://youtu.be/abc"}},
            {"fileData": {"fileUri": "https://youtu.be/abc"}},
        ),
        (
            {"type": "audio_url", "audio_url": {"url": "gs://bucket/a.flac"}},
            {"fileData": {"fileUri": "gs://bucket/a.flac", "mimeType": "audio/flac"}},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
            {"inlineData": {"mimeType": "audio/wav", "data": "AA=="}},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AA==", "format": "g711"}},
            {"inlineData": {"mimeType": "audio/g711", "data": "AA=="}},
        ),
        (
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,AA=="}},
            {"inlineData": {"mimeType": "application/pdf", "data": "AA=="}},
        ),
        (
            {"type": "file", "file": {"file_data": "AA==", "filename": "notes.csv"}},
            {"inlineData": {"mimeType": "text/csv", "data": "AA=="}},
        ),
        (
            {"type": "file", "file": {"file_id": "files/abc", "format": "application/pdf"}},
            {
                "fileData": {
                    "fileUri": "https://generativelanguage.googleapis.com/v1beta/files/abc",
                    "mimeType": "application/pdf",
                }
            },
        ),
    ],
)
def test_media_travel_in_place_or_by_address(part: Any, wire: dict[str, Any]) -> None:
    assert parts_of(part) == [wire]


def test_the_detail_of_an_image_is_its_resolution_where_images_may_differ() -> None:
    part = {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}}
    automatic = {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "auto"}}
    low, auto = parts_of(part, automatic, model="gemini-3-flash")

    assert low["mediaResolution"] == {"level": "MEDIA_RESOLUTION_LOW"}
    assert "mediaResolution" not in auto
    assert "mediaResolution" not in parts_of(part)[0]


def test_a_text_part_has_no_resolution() -> None:
    audio = {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}

    assert parts_of(audio, model="gemini-3-flash") == parts_of(audio)


USER_PART = r"messages\[0\]\.content\[0\]"


@pytest.mark.parametrize(
    ("message", "place"),
    [
        ({"role": "narrator", "content": "x"}, r"messages\[0\].*narrator"),
        ({"role": "user", "content": [{"type": "hologram"}]}, USER_PART),
        ({"role": "user", "content": [7]}, USER_PART),
        ({"role": "user", "content": 7}, r"messages\[0\]\.content"),
        ({"role": "user", "content": [{"type": "image_url"}]}, USER_PART),
        ({"role": "user", "content": [{"type": "image_url", "image_url": {}}]}, USER_PART),
        ({"role": "user", "content": [{"type": "image_url", "image_url": "ftp://a/b.png"}]}, USER_PART),
        ({"role": "user", "content": [{"type": "image_url", "image_url": "https://a/b"}]}, f"{USER_PART}.*format"),
        ({"role": "user", "content": [{"type": "image_url", "image_url": "data:,x"}]}, USER_PART),
        ({"role": "user", "content": [{"type": "image_url", "image_url": "data:image/png"}]}, USER_PART),
        ({"role": "user", "content": [{"type": "file", "file": {"file_data": "AA=="}}]}, USER_PART),
        ({"role": "user", "content": [{"type": "file", "file": {"file_id": "file-1"}}]}, USER_PART),
        ({"role": "system", "content": [{"type": "image_url", "image_url": "data:image/png;base64,"}]}, USER_PART),
        ({"role": "tool", "content": "x"}, r"messages\[0\]\.tool_call_id"),
        ({"role": "tool", "tool_call_id": "c0", "content": "x"}, r"messages\[0\].*c0"),
        ({"role": "assistant", "tool_calls": [{"type": "custom"}]}, r"messages\[0\]\.tool_calls\[0\]"),
        ({"role": "assistant", "tool_calls": [{"function": {}}]}, r"messages\[0\]\.tool_calls\[0\]"),
    ],
)
def test_a_message_that_cannot_be_read_is_named(message: Message, place: str) -> None:
    with pytest.raises(BadRequestError, match=place):
        body_of(message)
