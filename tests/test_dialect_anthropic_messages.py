"""OpenAI's messages as Anthropic's system prompt, turns and content blocks."""

from __future__ import annotations

import base64
import copy
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from trio_llm._dialects.anthropic import ANTHROPIC
from trio_llm._dialects.contract import WireCall
from trio_llm._types.chat import ChatRequest
from trio_llm._types.errors import BadRequestError, UnsupportedParamsError

FIXTURES = Path(__file__).parent / "fixtures" / "anthropic"
MODEL = "claude-sonnet-4-5"
PIXEL = base64.b64encode(b"\x89PNG").decode()
MARKER = {"type": "ephemeral"}


def encoded(*messages: Any) -> dict[str, Any]:
    assert ANTHROPIC.chat is not None
    request = ANTHROPIC.chat.encode(WireCall(ChatRequest(f"anthropic/{MODEL}", messages), MODEL))
    assert isinstance(request.body, bytes)
    body: dict[str, Any] = json.loads(request.body)
    return body


def turns(*messages: Any) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = encoded(*messages)["messages"]
    return made


def blocks(*parts: Any) -> list[dict[str, Any]]:
    (turn,) = turns({"role": "user", "content": list(parts)})
    made: list[dict[str, Any]] = turn["content"]
    return made


def user(content: Any, **fields: Any) -> dict[str, Any]:
    return {"role": "user", "content": content, **fields}


def text(words: str, **fields: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **fields}


def calling(arguments: Any = '{"zone": "UTC"}', **fields: Any) -> dict[str, Any]:
    call = {"id": "call_1", "type": "function", "function": {"name": "now", "arguments": arguments}, **fields}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def test_system_messages_that_begin_become_the_system_prompt_and_later_ones_stay_in_their_place() -> None:
    body = encoded(
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [text("Be kind.", cache_control=MARKER)]},
        user("Hi"),
        {"role": "system", "content": "It is noon."},
        user("There?"),
    )
    assert body["system"] == [text("Be brief."), text("Be kind.", cache_control=MARKER)]
    assert body["messages"] == [user([text("Hi"), text("It is noon."), text("There?")])]


@pytest.mark.parametrize(
    ("model", "roles"),
    [
        ("claude-opus-4-8", ["user", "system", "assistant", "user", "system"]),
        ("claude-sonnet-5", ["user", "system", "assistant", "user", "system"]),
        ("claude-opus-4-7", ["user", "assistant", "user"]),
    ],
)
def test_a_model_that_takes_system_turns_gets_them_behind_the_users(model: str, roles: list[str]) -> None:
    told = [user("Hi"), SYSTEM, {"role": "assistant", "content": "Yes?"}, SYSTEM, user("Go"), SYSTEM, SYSTEM]
    assert ANTHROPIC.chat is not None
    encoded = ANTHROPIC.chat.encode(WireCall(ChatRequest(f"anthropic/{model}", told), model)).body
    assert isinstance(encoded, bytes)
    body = json.loads(encoded)
    assert [turn["role"] for turn in body["messages"]] == roles
    assert [block["text"] for turn in body["messages"] for block in turn["content"]] == [
        "Hi", "Be quick.", "Yes?", "Be quick.", "Go", "Be quick.", "Be quick."
    ]  # fmt: skip


SYSTEM = {"role": "system", "content": "Be quick."}


def test_results_come_first_behind_their_calls_whatever_was_said_meanwhile() -> None:
    calls = [{"id": n, "type": "function", "function": {"name": "f", "arguments": "{}"}} for n in "ab"]
    first, second = ({"role": "tool", "tool_call_id": n, "content": "ok"} for n in "ab")
    for tail in ([user("quick"), first, second], [first, user("quick"), second], [SYSTEM, second, first]):
        made = turns(user("Go"), {"role": "assistant", "content": None, "tool_calls": calls}, *tail)
        assert [block["type"] for block in made[2]["content"]] == ["tool_result", "tool_result", "text"]


def test_white_space_at_the_end_of_an_answer_to_go_on_with_is_left_out() -> None:
    assert turns(user("Go"), {"role": "assistant", "content": "Once \n"})[1]["content"] == [text("Once")]
    assert turns(user("Go"), {"role": "assistant", "content": "Once "}, user("on"))[1]["content"] == [text("Once ")]


@pytest.mark.parametrize("arguments", ['{"a": "b', "[1]", "nothing"])
def test_arguments_that_are_no_object_are_handed_back_as_what_they_are(arguments: str) -> None:
    assert turns(user("Go"), calling(arguments))[1]["content"][0]["input"] == {"INVALID_JSON": arguments}


def test_openais_cache_mark_is_one_here_too() -> None:
    marked = {"type": "text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}}
    assert blocks(marked)[0]["cache_control"] == {"type": "ephemeral"}


def test_a_tool_may_answer_with_a_reference_to_a_tool() -> None:
    reference = {"type": "tool_reference", "tool_name": "f"}
    made = turns(user("Go"), calling(id="a"), {"role": "tool", "tool_call_id": "a", "content": [reference]})
    assert made[2]["content"][0]["content"] == [reference]


def test_a_system_prompt_alone_becomes_a_user_turn() -> None:
    body = encoded({"role": "system", "content": "Say hello."})
    assert body["messages"] == [user([text("Say hello.")])]
    assert "system" not in body


def test_turns_of_the_same_role_in_a_row_are_merged() -> None:
    assert turns(
        user("one"), {"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}, user("two")
    ) == [user([text("one")]), {"role": "assistant", "content": [text("a"), text("b")]}, user([text("two")])]


def test_an_assistant_may_speak_first_and_last() -> None:
    roles = [turn["role"] for turn in turns({"role": "assistant", "content": "Welcome."}, user("Hi"))]
    assert roles == ["assistant", "user"]
    assert turns(user("Hi"), {"role": "assistant", "content": "{"})[-1] == {"role": "assistant", "content": [text("{")]}


def test_texts_without_a_visible_character_are_left_out() -> None:
    assert turns(
        user("Hi"), {"role": "assistant", "content": " "}, {"role": "assistant", "content": None}, user([text("\n")])
    ) == [user([text("Hi")])]


def test_nothing_but_empty_texts_is_refused() -> None:
    with pytest.raises(BadRequestError, match="messages has no content"):
        encoded(user(""), {"role": "system", "content": ""})


def test_images_are_sent_by_address_or_as_data() -> None:
    assert blocks(
        {"type": "image_url", "image_url": {"url": "https://pictures.example/cat.png", "detail": "low"}},
        {"type": "image_url", "image_url": f"data:image/jpg;base64,{PIXEL}"},
        {"type": "image_url", "image_url": {"url": "data:image/gif,GIF%38"}},
    ) == [
        {"type": "image", "source": {"type": "url", "url": "https://pictures.example/cat.png"}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": PIXEL}},
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/gif", "data": base64.b64encode(b"GIF8").decode()},
        },
    ]


def file(**fields: Any) -> dict[str, Any]:
    return {"type": "file", "file": fields}


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (
            file(file_data=f"data:application/pdf;base64,{PIXEL}", filename="a.pdf"),
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": PIXEL},
                "title": "a.pdf",
            },
        ),
        (
            file(file_data=PIXEL),
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PIXEL}},
        ),
        (
            file(file_data=base64.b64encode("½".encode()).decode(), filename="notes.txt"),
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "½"},
                "title": "notes.txt",
            },
        ),
        (
            file(file_data="data:,plain%20words"),
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "plain words"}},
        ),
        (
            file(file_data="https://papers.example/a.pdf"),
            {"type": "document", "source": {"type": "url", "url": "https://papers.example/a.pdf"}},
        ),
        (
            file(file_id="https://papers.example/b.pdf"),
            {"type": "document", "source": {"type": "url", "url": "https://papers.example/b.pdf"}},
        ),
        (
            file(file_data=f"data:image/png;base64,{PIXEL}", filename="cat.png"),
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
        ),
    ],
)
def test_files_become_documents_or_images(part: dict[str, Any], block: dict[str, Any]) -> None:
    assert blocks(part) == [block]


def test_a_stored_file_brings_the_header_of_its_beta() -> None:
    assert ANTHROPIC.chat is not None
    request = ANTHROPIC.chat.encode(
        WireCall(ChatRequest(MODEL, [user([file(file_id="file_011"), text("Sum up.")])]), MODEL)
    )
    assert isinstance(request.body, bytes)
    document = json.loads(request.body)["messages"][0]["content"][0]
    assert document == {"type": "document", "source": {"type": "file", "file_id": "file_011"}}
    assert ("anthropic-beta", "files-api-2025-04-14") in request.headers


def test_anthropic_s_own_blocks_are_sent_as_they_are() -> None:
    result = {"type": "search_result", "source": "https://a.example", "title": "A", "content": [text("b")]}
    quoted = text("So it says.", citations=[{"type": "search_result_location", "cited_text": "b"}])
    assert blocks(result, quoted, "plain") == [result, quoted, text("plain")]


def test_the_text_of_a_refusal_is_text() -> None:
    said = [
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
        {"role": "assistant", "content": None, "refusal": "Still no."},
    ]
    assert turns(user("Please"), *said)[1]["content"] == [text("No."), text("Still no.")]


def test_tool_calls_and_their_results_become_blocks() -> None:
    made = turns(
        user("When?"),
        calling(),
        {"role": "tool", "tool_call_id": "call_1", "content": "noon"},
        user("So?"),
    )
    assert made[1]["content"] == [{"type": "tool_use", "id": "call_1", "name": "now", "input": {"zone": "UTC"}}]
    assert made[2] == user([{"type": "tool_result", "tool_use_id": "call_1", "content": [text("noon")]}, text("So?")])


def test_a_tool_result_may_be_an_image_an_error_or_empty() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://pictures.example/plot.png"}}
    made = turns(
        user("Plot"),
        calling(),
        {"role": "tool", "tool_call_id": "call_1", "content": [text("See"), image], "is_error": False},
        {"role": "tool", "tool_call_id": "call_1", "content": "no such file", "is_error": True},
        {"role": "tool", "tool_call_id": "call_1", "content": ""},
    )
    first, second, third = made[2]["content"]
    assert [block["type"] for block in first["content"]] == ["text", "image"]
    assert "is_error" not in first
    assert second["is_error"] is True
    assert third == {"type": "tool_result", "tool_use_id": "call_1"}


@pytest.mark.parametrize(("arguments", "given"), [("", {}), (None, {}), ("{}", {}), ({"a": 1}, {"a": 1})])
def test_arguments_are_sent_as_an_object(arguments: Any, given: dict[str, Any]) -> None:
    assert turns(user("Go"), calling(arguments))[1]["content"][0]["input"] == given


def test_a_custom_call_is_sent_as_its_tool_takes_it() -> None:
    call = {"id": "c", "type": "custom", "custom": {"name": "python", "input": "1 + 1"}}
    block = turns(user("Go"), {"role": "assistant", "tool_calls": [call]})[1]["content"][0]
    assert block == {"type": "tool_use", "id": "c", "name": "python", "input": {"input": "1 + 1"}}


def test_ids_of_other_providers_fit_and_still_belong_together() -> None:
    made = turns(user("Go"), calling(id="functions.now:0"), {"role": "tool", "tool_call_id": "functions.now:0"})
    assert made[1]["content"][0]["id"] == made[2]["content"][0]["tool_use_id"] == "functions_now_0_46735f35"


def test_calls_of_before_tools_had_ids_are_understood() -> None:
    made = turns(
        user("Go"),
        {"role": "assistant", "content": None, "function_call": {"name": "now", "arguments": "{}"}},
        {"role": "function", "name": "now", "content": "noon"},
    )
    assert made[1]["content"][0]["id"] == made[2]["content"][0]["tool_use_id"]


def test_cache_markers_stay_on_parts_and_calls_and_go_to_the_last_block_of_a_message() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://a.example/i.png"}, "cache_control": MARKER}
    assert blocks(image)[0]["cache_control"] == MARKER
    assert turns(user([text("a"), text("b")], cache_control=MARKER))[0]["content"] == [
        text("a"),
        text("b", cache_control=MARKER),
    ]
    result = {"role": "tool", "tool_call_id": "call_1", "content": "x", "cache_control": MARKER}
    made = turns(user("Go"), calling(cache_control=MARKER), result)
    assert made[1]["content"][0]["cache_control"] == MARKER
    assert made[2]["content"][0]["cache_control"] == MARKER


def test_thinking_carries_no_cache_marker() -> None:
    thinking = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    message = {"role": "assistant", "content": None, "thinking_blocks": [thinking], "cache_control": MARKER}
    assert turns(user("Go"), message)[1]["content"] == [thinking]


def test_signed_thinking_comes_back_first_and_unsigned_thinking_stays_behind() -> None:
    signed = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    hidden = {"type": "redacted_thinking", "data": "aGk="}
    message = {
        **calling(),
        "content": "Looking.",
        "reasoning_content": "Hm.",
        "thinking_blocks": [signed, {"type": "thinking", "thinking": "of another model"}, hidden],
    }
    kinds = [block["type"] for block in turns(user("Go"), message)[1]["content"]]
    assert kinds == ["thinking", "redacted_thinking", "text", "tool_use"]


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


REPLIES = ["text", "thinking_and_tools", "web_search", "documents", "interleaved_thinking", "mcp_and_pause"]


@pytest.mark.parametrize("name", REPLIES)
def test_a_reply_can_be_sent_back_as_it_is(name: str) -> None:
    assert ANTHROPIC.chat is not None
    reply = (FIXTURES / f"{name}.json").read_bytes()
    response = ANTHROPIC.chat.decode(WireCall(ChatRequest(MODEL, [user("Go")]), MODEL), reply)
    sent = turns(user("Go"), response.choices[0].message, user("On"))[1]["content"]
    came = json.loads(reply)["content"]
    assert without_nulls(sent) == without_nulls([{key: v for key, v in block.items()} for block in came])


@pytest.mark.parametrize("change", [{"content": "Other words."}, {"tool_calls": None}])
def test_a_reply_that_the_caller_has_changed_is_sent_as_changed(change: dict[str, Any]) -> None:
    message = {
        **calling(),
        "content": "Looking.",
        "provider_specific_fields": {
            "content_blocks": [
                {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
                text("Looking."),
                {"type": "tool_use", "id": "call_1", "name": "now", "input": {}},
            ]
        },
    }
    assert turns(user("Go"), message)[1]["content"][0]["type"] == "server_tool_use"
    kinds = {block["type"] for block in turns(user("Go"), message | change)[1]["content"]}
    assert "server_tool_use" not in kinds


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}, "input_audio"),
        ({"type": "video_url", "video_url": {"url": "https://a.example/v.mp4"}}, "video_url"),
        ({"type": "image_url", "image_url": {"url": "gs://bucket/cat.png"}}, "gs://bucket"),
        ({"type": "image_url", "image_url": {"url": f"data:image/bmp;base64,{PIXEL}"}}, "image/bmp"),
        (file(file_id="file-abc"), "file of OpenAI"),
    ],
)
def test_content_that_the_wire_cannot_express_is_refused_by_its_place(part: dict[str, Any], words: str) -> None:
    with pytest.raises(UnsupportedParamsError, match=r"messages\[1\]\.content\[1\].*" + words):
        turns(user("Hi"), user([text("a"), part]))


@pytest.mark.parametrize(
    "part",
    [
        3,
        {"type": "sparkle"},
        {"type": ["text"]},
        {"type": "text"},
        {"type": "text", "text": 3},
        {"type": "image_url"},
        {"type": "image_url", "image_url": {}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,%%%"}},
        {"type": "file"},
        {"type": "file", "file": {}},
        {"type": "file", "file": {"file_data": "no base64!"}},
    ],
)
def test_a_malformed_part_is_refused_by_its_place(part: Any) -> None:
    with pytest.raises(BadRequestError, match=r"messages\[0\]\.content\[0\]"):
        turns(user([part]))


@pytest.mark.parametrize(
    ("message", "place"),
    [
        (user(3), r"messages\[1\]\.content"),
        (user({"type": "text", "text": "a"}), r"messages\[1\]\.content"),
        ({"role": "narrator", "content": "So"}, r"messages\[1\].*narrator"),
        ({"role": "tool", "content": "x"}, r"messages\[1\].*tool_call_id"),
        ({"role": "system", "content": [{"type": "image_url", "image_url": "https://a.example"}]}, "only hold text"),
        (calling(id=None), r"messages\[1\]\.tool_calls\[0\].*id"),
        (calling(function=None), r"messages\[1\]\.tool_calls\[0\].*function"),
        (calling(function={"arguments": "{}"}), r"messages\[1\]\.tool_calls\[0\].*name"),
    ],
)  # fmt: skip
def test_a_malformed_message_is_refused_by_its_place(message: dict[str, Any], place: str) -> None:
    with pytest.raises(BadRequestError, match=place):
        turns(user("Hi"), message)


parts = st.sampled_from(
    [
        text("a"),
        text(" "),
        text("b", cache_control=MARKER),
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}, "cache_control": MARKER},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}},
        file(file_data=f"data:application/pdf;base64,{PIXEL}", filename="a.pdf"),
    ]
)
messages = st.lists(
    st.one_of(
        st.builds(user, st.lists(parts, max_size=3) | st.text(max_size=3), cache_control=st.none() | st.just(MARKER)),
        st.builds(calling),
        st.builds(lambda words: {"role": "assistant", "content": words}, st.text(max_size=3)),
        st.builds(lambda words: {"role": "system", "content": words}, st.text(max_size=3)),
        st.just({"role": "tool", "tool_call_id": "call_1", "content": "noon", "cache_control": MARKER}),
    ),
    min_size=1,
    max_size=6,
)


@given(conversation=messages)
def test_turns_alternate_have_content_and_leave_the_caller_s_messages_alone(conversation: list[dict[str, Any]]) -> None:
    before = copy.deepcopy(conversation)
    try:
        made = turns(*conversation)
    except BadRequestError:
        made = []
    assert conversation == before
    assert all(turn["content"] for turn in made)
    assert all(one["role"] != other["role"] for one, other in pairwise(made))
    assert not any(block["type"] == "text" and not block["text"].strip() for turn in made for block in turn["content"])
